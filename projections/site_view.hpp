// "site_now": the latest reading of every metric of every device, as a stored view. Key: tenant/site/device.
#pragma once

#include <map>
#include <vector>

#include "projections/projection.hpp"
#include "projections/site_now.hpp"

namespace heliograph {

class SiteNowView : public Projection {
 public:
  std::string_view name() const override { return "site_now"; }
  Status load(const ViewStore& store) override;
  void apply(const Record& record) override;
  void save(ViewBatch& batch) override;

  /// nullptr when the site never had a reading.
  const SiteNow* site(const SiteKey& key) const;

 private:
  struct Entry {
    SiteNow now;
    std::vector<bool> changed;  // by device index, since the last save
    std::size_t words_saved = 0;
  };
  std::map<SiteKey, Entry> sites_;
};

}  // namespace heliograph
