// What threads do that work beside everything else: they wait, and they let all others go first.
#pragma once

#include <chrono>
#include <stop_token>

namespace heliograph {

/// Waits so long, or until a stop is asked for: false then.
bool wait_unless_stopped(const std::stop_token& stopped, std::chrono::milliseconds span);

/// From now on this thread runs where nobody else wants to.
void let_others_go_first();

}  // namespace heliograph
