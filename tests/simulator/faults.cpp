#include "tests/simulator/faults.hpp"

namespace heliograph::simulator {

Faults Faults::chosen(Dice& dice) {
  Faults f;
  const auto maybe = [&dice](std::int64_t most) { return dice.chance(50) ? dice.between(1, most) : 0; };
  f.wire_delay = maybe(60), f.wire_loss = maybe(60), f.wire_twice = maybe(30), f.wire_reorder = maybe(100);
  f.silent = maybe(40), f.slow = maybe(50), f.lying = maybe(30), f.refusing = maybe(30), f.reboot = maybe(20);
  f.wrong_box = maybe(15), f.by_hand = maybe(40);
  f.late_readings = maybe(50), f.lost_readings = maybe(60), f.repeated_readings = maybe(50), f.stuck = maybe(60), f.suspect = maybe(15);
  f.old_readings = maybe(20);
  f.slow_disk = maybe(40), f.slow_timer = maybe(40), f.slow_mailbox = maybe(40);
  f.clock = dice.chance(30) ? dice.between(5, 60) : 0;
  f.crashes = dice.chance(50) ? static_cast<int>(dice.chance(90) ? dice.between(1, 5) : 8) : 0;
  f.gone = dice.chance(10);
  f.clicks = maybe(60), f.scanner = maybe(60), f.wrong_codes = maybe(70), f.stops = maybe(60), f.settings = maybe(60), f.rules = maybe(60);
  return f;
}

}  // namespace heliograph::simulator
