// The projector's shell: folds news into the views and answers queries about them, one after the other.
#pragma once

#include "actors/actors.hpp"
#include "projections/projector.hpp"

namespace heliograph {

/// Where the projector runs: among the others (tests that order every step), or on a thread of its own that gives way to
/// those that acknowledge.
enum class ProjectorThread : std::uint8_t { shared, own };
/// Requires: `views` is loaded and outlives the actor.
ProjectorActor spawn_projector(caf::actor_system& system, Views& views, const LogWriterActor& writer,
                               std::function<void(const Error&)> fatal, ProjectorThread thread = ProjectorThread::own);
/// Calls `told` with every record after a position, in order and once, on an actor's thread: how the SSE gateway follows the log.
/// While `told` is too slow, records come from the log, in pages, with `read_the_log` set.
/// Requires: `log` outlives the actor. A log that cannot be read is fatal.
FollowerActor spawn_follower(caf::actor_system& system, const EventLog& log, const LogWriterActor& writer, Position after,
                             std::function<void(const News&)> told, std::function<void(const Error&)> fatal);

}  // namespace heliograph
