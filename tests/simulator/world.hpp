// One seed's world: time that is played from a queue, the hub's wall clock that may lie, chance, and what has been noticed. Pure
// simulation: no CAF, no threads, no disks. Times are microseconds; `now` is the true time, devices have it, too.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "actors/clock.hpp"
#include "tests/simulator/counters.hpp"
#include "tests/simulator/dice.hpp"
#include "tests/simulator/faults.hpp"
#include "tests/simulator/plants.hpp"

namespace heliograph::simulator {

/// 2025-06-02T10:00:00Z, a Monday.
/// A seed takes some thousand steps. One that takes so many goes round in circles.
inline constexpr std::uint64_t steps_most = 60'000;
inline constexpr Micros world_begins = 1'748'858'400'000'000;

class World {
 public:
  World(std::uint64_t seed, ShellPlant plant, bool traced, Counters& counts)
      : dice(seed), faults(Faults::chosen(dice)), counters(counts), plant_(plant), traced_(traced) {}

  void after(Micros delay, std::function<void()> then);
  /// Plays until `end`, or for `steps` in all. Each step is followed by `each`.
  void play(Micros end, std::uint64_t steps);
  std::uint64_t steps() const { return steps_; }

  Micros now() const { return now_; }
  /// The wall clock of the hub's machine.
  Micros wall() const { return now_ + offset_; }
  /// What the hub takes for the time, from its start on: see SteadyClock.
  Micros hub_time() const { return hub_clock_->now(); }
  Micros hub_waits(Micros span) const { return hub_clock_->outside(span); }
  void hub_starts(Micros newest) { hub_clock_.emplace(machine_, newest); }
  void step_clock(Micros offset);
  /// The wall clock has said the truth since then; nothing when it does not now.
  Micros honest_since() const { return offset_ == 0 ? honest_since_ : now_ + 1; }

  bool planted(ShellPlant plant) const { return plant_ == plant; }
  bool traced() const { return traced_; }
  void trace(const std::string& line);
  const std::string& told() const { return trace_; }
  /// An invariant does not hold: "I2 ...".
  void violated(const std::string& what);
  const std::vector<std::string>& violations() const { return violations_; }

  Dice dice;
  Faults faults;
  Counters& counters;  // of many seeds
  bool calm = false;  // the faults have stopped: everything must settle
  /// A fault of this strength strikes now.
  bool strikes(std::int64_t percent) { return !calm && dice.chance(percent); }

 private:
  struct Due {
    Micros at;
    std::uint64_t order;
    std::function<void()> then;
  };
  struct Machine : Clock {
    explicit Machine(const World& of) : world(of) {}
    Micros now() const override { return world.wall(); }
    Micros monotonic() const override { return world.planted(ShellPlant::time_stands_still) ? 0 : world.now(); }
    const World& world;
  };
  static bool later(const Due& a, const Due& b) { return a.at != b.at ? a.at > b.at : a.order > b.order; }

  ShellPlant plant_;
  bool traced_;
  std::string trace_;
  std::vector<std::string> violations_;
  std::vector<Due> queue_;  // a heap
  Micros now_ = world_begins, offset_ = 0, honest_since_ = 0;
  std::uint64_t order_ = 0, steps_ = 0;
  Machine machine_{*this};
  std::optional<SteadyClock> hub_clock_;
};

}  // namespace heliograph::simulator
