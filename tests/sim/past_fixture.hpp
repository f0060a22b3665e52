// Facts of a site's past for tests of the dry run: records as the log would hold them.
#pragma once

#include "sim/dry_run.hpp"
#include "tests/sim/memory_series.hpp"

namespace heliograph::tests {

inline const SiteKey test_site{{"local"}, {"test"}};
inline const Micros test_start = from_civil(2023, 6, 1);

class Facts {
 public:
  /// Positions of facts lie above those of readings, so that tests can tell them apart.
  Position add(Micros at, Event event, Principal principal = {PrincipalKind::user, "anna"});
  const std::vector<RecordPtr>& records() const { return records_; }

 private:
  Position next_ = 10'000'000;
  std::vector<RecordPtr> records_;
};

DeviceRegistered registered(const std::string& id, DeviceKind kind, std::int64_t switchable_w = 0);
Rule rule_of(std::string_view json);
DryRunInput input_over(const MemorySeries& series, const Facts& facts, std::vector<Rule> rules, Micros span);

}  // namespace heliograph::tests
