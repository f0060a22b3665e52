// The projector's shell: folds news into the views and answers queries about them, one after the other.
#pragma once

#include "actors/actors.hpp"
#include "projections/projector.hpp"

namespace heliograph {

/// Requires: `views` is loaded and outlives the actor.
ProjectorActor spawn_projector(caf::actor_system& system, Views& views, const LogWriterActor& writer,
                               std::function<void(const Error&)> fatal);
/// Calls `told` with each piece of news, on an actor's thread: how the SSE gateway follows the log.
FollowerActor spawn_follower(caf::actor_system& system, const LogWriterActor& writer, std::function<void(const News&)> told);

}  // namespace heliograph
