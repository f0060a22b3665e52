// Turns what a dry run left behind, its journal and its scene, into the words of the report: commands with their
// reasons, how often rules fired, and what the reader must know before believing a figure.
#pragma once

#include "sim/dry_run_steps.hpp"

namespace heliograph {

void tell_decisions(const DryRunScene& scene, DryRunReport& report);
/// Requires: the books, gaps and first difference are in the report.
void tell_caveats(const DryRunScene& scene, const StepsOutcome& outcome, DryRunReport& report);

}  // namespace heliograph
