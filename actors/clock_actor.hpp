// The clock's shell: wakes sites at wall times that they asked for, and tells them when the wall clock was stepped.
#pragma once

#include "actors/actors.hpp"
#include "actors/clock.hpp"
#include "actors/site_directory.hpp"

namespace heliograph {

/// Requires: clock and directory outlive the actor.
ClockActor spawn_clock(caf::actor_system& system, const SteadyClock& clock, SiteDirectory& directory);

}  // namespace heliograph
