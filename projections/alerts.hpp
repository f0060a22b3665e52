// "alerts": what people were or should be told about, open or over, newest last.
#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "projections/projection.hpp"

namespace heliograph {

struct AlertEntry {
  std::string alert;  // "device-offline/miner-1"
  Severity severity = Severity::warning;
  std::string text;
  Position raised = 0;
  Micros raised_at = 0;
  Micros acknowledged_at = 0;  // 0 = nobody has yet
  Principal acknowledged_by;
  Micros cleared_at = 0;       // 0 = it is open
};

class AlertsView : public Projection {
 public:
  std::string_view name() const override { return "alerts"; }
  Status load(const ViewStore& store) override;
  void apply(const Record& record) override;
  void save(ViewBatch& batch) override;

  /// By the position at which they were raised.
  std::vector<AlertEntry> of(const SiteKey& site) const;
  /// Over all sites.
  std::size_t open() const;

  static constexpr std::size_t kept = 1'000;  // of each site; what is open is never dropped

 private:
  using Key = std::pair<SiteKey, Position>;
  AlertEntry* open(const SiteKey& site, const std::string& alert);
  void drop_old(const SiteKey& site);

  std::map<Key, AlertEntry> entries_;
  std::set<Key> changed_;
};

}  // namespace heliograph
