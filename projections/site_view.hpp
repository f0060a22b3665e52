// "site_now": the latest reading of every metric of every device, as a stored view. Key: tenant/site/device.
#pragma once

#include <map>
#include <vector>

#include "projections/projection.hpp"
#include "projections/site_now.hpp"
#include "storage/event_log.hpp"

namespace heliograph {

class SiteNowView : public Projection {
 public:
  /// Requires: `log`, which it folds, outlives it.
  explicit SiteNowView(const EventLog& log) : log_(log) {}
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
  Status load_entry(std::string_view key, std::string_view value, bool is_saved);
  Status load_drops();
  const EventLog& log_;
  std::map<SiteKey, Entry> sites_;
};

}  // namespace heliograph
