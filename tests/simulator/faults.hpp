// What may go wrong in one seed: a random half of the faults, each with a random strength ("swarm"). All on at once would hide
// what only one of them shows.
#pragma once

#include "tests/simulator/dice.hpp"

namespace heliograph::simulator {

/// Percent, 0 = does not happen in this seed.
struct Faults {
  std::int64_t wire_delay = 0, wire_loss = 0, wire_twice = 0, wire_reorder = 0;                    // between hub and device
  std::int64_t silent = 0, slow = 0, lying = 0, refusing = 0, reboot = 0, wrong_box = 0, by_hand = 0;  // devices
  std::int64_t late_readings = 0, lost_readings = 0, repeated_readings = 0, stuck = 0, suspect = 0, old_readings = 0;
  std::int64_t slow_disk = 0, slow_timer = 0, slow_mailbox = 0;                                    // the hub's machine
  std::int64_t clock = 0;
  int crashes = 0;
  bool late_adapters = true;  // after a start adapters come up to 1.5 s after the hub
  bool gone = false;      // the hub dies and never comes back
  std::int64_t clicks = 0, scanner = 0, wrong_codes = 0, stops = 0, settings = 0, rules = 0;       // people

  static Faults chosen(Dice& dice);
};

}  // namespace heliograph::simulator
