#include "actors/safe_mode.hpp"

namespace heliograph {

bool needs_safe_mode(const std::vector<RecordPtr>& starts, bool clean, Micros at) {
  if (clean) return false;
  std::size_t exits = 1;  // the one that this start found
  for (const RecordPtr& record : starts) {
    const auto& start = std::get<EngineStarted>(record->event());
    if (start.safe_mode) return true;
    if (start.clean || at - record->envelope.recorded_at > unclean_window) break;
    ++exits;
  }
  return exits >= unclean_exits_max;
}

}  // namespace heliograph
