// The clock's shell: wakes sites at wall times that they asked for.
#pragma once

#include "actors/actors.hpp"
#include "actors/clock.hpp"

namespace heliograph {

ClockActor spawn_clock(caf::actor_system& system, const Clock& clock);

}  // namespace heliograph
