// A dry run against a store: takes a snapshot of the views, reads the site's decisions, runs, prints. For the API and
// the verb `replay`; safe while the engine runs.
#pragma once

#include "sim/dry_run.hpp"
#include "storage/store.hpp"

namespace heliograph {

struct DryRunRequest {
  SiteKey site;
  std::optional<Micros> from, to;
  std::optional<std::vector<Rule>> rules;  // absent = the site's own
  Scenario scenario;
  HostLimits limits = {};  // of the host; no request sets them
};

/// Reads {"from","to","rules","scenario"}; every problem with its pointer.
Result<DryRunRequest> parse_dry_run_request(const SiteKey& site, std::string_view json);
Result<DryRunReport> dry_run_on(Store& store, const DryRunRequest& request, const std::function<bool(const DryRunProgress&)>& progress);

}  // namespace heliograph
