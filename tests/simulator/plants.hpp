// Bugs planted on purpose, one at a time: the test of the tests. Those of the core are switched on in a build of it that only the
// simulator has (actors/core/planted.hpp); those of the shell live in the simulator's own shell.
#pragma once

#include <string_view>
#include <vector>

#include "actors/core/planted.hpp"

namespace heliograph::simulator {

enum class ShellPlant : std::uint8_t {
  none,
  sends_before_durable,     // the device hears before the dispatch is durable
  acknowledges_too_early,   // people hear "done" before it is durable
  stop_not_looked_at_last,  // the flag in memory is not looked at before the port
  stop_forgotten_when_lifted,  // what was handed over before a stop is sent after it was lifted
  renews_after_stop,        // nor before a renewal
  hands_over_twice,         // the device's shell has forgotten which try it has made
  sends_again_after_start,  // what was on its way is sent again as it was
  last_look_missing,        // handed over without a last look
  hardware_not_asked,       // the port is not asked which device is there
  too_late_for_the_port,    // the shell of the device does not look at the expiry
  forgets_last_record,      // the last durable record is gone after a crash
  time_stands_still,        // the hub's time waits for a wall clock that was stepped back
};

struct PlantedBug {
  std::string_view name;
  Plant core = Plant::none;
  ShellPlant shell = ShellPlant::none;
};
/// Every plant. The first is "none".
const std::vector<PlantedBug>& planted_bugs();
const PlantedBug* find_plant(std::string_view name);

}  // namespace heliograph::simulator
