// The time machine's first form: a site's past is run again against other rules, another battery, other devices
// (docs/DRY_RUN.md). It runs the site's own core with a virtual clock and keeps a list of what would have been sent.
// It can reach no device: nothing here knows a port. Deterministic: same record + same rules = same report bytes.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "actors/core/rule.hpp"
#include "actors/core/safety.hpp"
#include "events/record.hpp"
#include "projections/series.hpp"
#include "sim/report.hpp"
#include "sim/scenario.hpp"

namespace heliograph {

struct DryRunProgress {
  double share = 0;  // 0 to 1
  Micros at = 0;     // where in the past the run is
  std::uint64_t readings = 0;
};

enum class DryRunPath : std::uint8_t {
  automatic,  // the fast path where it gives the same decisions
  ordinary,   // reading by reading
};

struct DryRunInput {
  SiteKey site;
  const SeriesReader* series = nullptr;
  std::vector<RecordPtr> decisions;        // the site's, in log order; readings among them are ignored
  Position log_end = 0;                    // readings after it do not exist; simulated ones are numbered from there
  std::optional<std::vector<Rule>> rules;  // the candidates; absent = the site's own, as they stand in the log
  Scenario scenario;
  HostLimits limits = {};                                    // of the host, as the live engine has them
  Micros from = 0, to = 0;                                   // [from, to)
  std::function<bool(const DryRunProgress&)> progress = {};  // answers false to cancel
  DryRunPath path = DryRunPath::automatic;
};

/// Errors: invalid (with a pointer into the scenario where it is at fault), not_found (no readings), corrupt, full (the
/// rules decide without end), closed (cancelled).
Result<DryRunReport> dry_run(const DryRunInput& input);

}  // namespace heliograph
