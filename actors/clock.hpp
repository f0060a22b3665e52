// The only place that knows what time it is. Everything else is told.
#pragma once

#include <atomic>
#include <mutex>

#include "events/time.hpp"

namespace heliograph {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Micros now() const = 0;        // wall time, UTC
  virtual Micros monotonic() const = 0;  // never steps; only differences mean something
  /// How long a span of this clock takes in the world outside.
  virtual Micros outside(Micros span) const { return span; }
};

class SystemClock : public Clock {
 public:
  Micros now() const override;
  Micros monotonic() const override;
};

/// Runs `speed` times as fast as the system's clock, from now on: the demo's days.
class FastClock : public Clock {
 public:
  explicit FastClock(std::int64_t speed);
  Micros now() const override;
  Micros monotonic() const override;
  Micros outside(Micros span) const override { return span / speed_; }

 private:
  std::int64_t speed_;
  SystemClock system_;
  Micros started_;            // wall
  Micros started_monotonic_;
};

/// Stands still until it is moved: tests and simulation. Both times move together unless stepped.
class ManualClock : public Clock {
 public:
  explicit ManualClock(Micros at) : now_(at), monotonic_(0) {}
  Micros now() const override { return now_; }
  Micros monotonic() const override { return monotonic_; }
  void advance(Micros by) { now_ += by, monotonic_ += by; }
  void step_wall(Micros by) { now_ += by; }

 private:
  std::atomic<Micros> now_, monotonic_;
};

/// The hub's time: the wall clock, except that it never runs backwards. Behind a wall clock that was stepped back (or that stands
/// behind the log's newest stamp at a start) it goes on at half its speed until that has caught up: leases, holds and deadlines
/// last at most twice as long as they say, and none stands still (H35). Any thread. Requires: `wall` outlives it.
class SteadyClock : public Clock {
 public:
  explicit SteadyClock(const Clock& wall, Micros not_before = 0);
  Micros now() const override;
  Micros monotonic() const override { return wall_.monotonic(); }
  Micros outside(Micros span) const override;
  /// The machine's own word, which may be wrong.
  const Clock& wall() const { return wall_; }

 private:
  const Clock& wall_;
  mutable std::mutex mutex_;
  mutable Micros since_, since_monotonic_;  // the last time that the wall clock was believed
};

/// More than this between two looks, or against the log at a start, and nobody knows what time it is (H35).
inline constexpr Micros clock_step_max = minute_us;
/// No wall clock was ever right before this (2025): a machine that starts without one believes that it is 1970.
inline constexpr Micros clock_sane_from = 1'735'689'600'000'000;

/// Compares wall with monotonic time from look to look: a slow correction is none, a step is. A machine that slept steps, too.
class ClockWatch {
 public:
  explicit ClockWatch(const Clock& clock) : clock_(clock), apart_(clock.now() - clock.monotonic()) {}
  /// How far the wall clock was stepped since the last look, where that is too far; 0 otherwise.
  Micros look();

 private:
  const Clock& clock_;
  Micros apart_;
};

/// At a start: how far the clock stands behind the log's newest stamp (0 = an empty log) or behind reason; 0 = not too far.
Micros clock_doubt(Micros now, Micros newest);

}  // namespace heliograph
