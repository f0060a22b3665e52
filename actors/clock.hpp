// The only place that knows what time it is. Everything else is told.
#pragma once

#include <atomic>

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

}  // namespace heliograph
