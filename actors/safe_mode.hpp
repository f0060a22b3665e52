// When a program that keeps falling over stops commanding anything. Pure: counted from engine.started facts.
#pragma once

#include <vector>

#include "events/record.hpp"

namespace heliograph {

inline constexpr std::size_t unclean_exits_max = 5;
inline constexpr Micros unclean_window = 10 * minute_us;

/// `starts`: engine.started records, newest first. `clean`: the process before this start ended in order. `at`: now.
/// Counted in the log and not in a file beside it: what starts without a readable log commands nothing anyway, and a
/// count apart from the log could be lost or restored without it. Only an ordered stop ends safe mode.
bool needs_safe_mode(const std::vector<RecordPtr>& starts, bool clean, Micros at);

}  // namespace heliograph
