// The log writer: gathers what sites have staged into one synced write, then tells everybody.
#pragma once

#include "actors/actors.hpp"

namespace heliograph {

/// Called once when a commit failed: nobody knows what is on disk, so the process must end (fail-stop).
using Fatal = std::function<void(const Error&)>;

/// How much news a follower may have unworked before it has to read the log instead.
inline constexpr std::uint32_t follower_credit = 64;

LogWriterActor spawn_log_writer(caf::actor_system& system, EventLog& log, Fatal fatal);

}  // namespace heliograph
