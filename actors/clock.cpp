#include "actors/clock.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace heliograph {
namespace {

template <class C>
Micros read() {
  return std::chrono::duration_cast<std::chrono::microseconds>(C::now().time_since_epoch()).count();
}

}  // namespace

Micros SystemClock::now() const { return read<std::chrono::system_clock>(); }
Micros SystemClock::monotonic() const { return read<std::chrono::steady_clock>(); }

FastClock::FastClock(std::int64_t speed) : speed_(speed), started_(system_.now()), started_monotonic_(system_.monotonic()) {
  ensure(speed >= 1, "time runs forwards", "actors/clock.cpp");
}
Micros FastClock::now() const { return started_ + (system_.monotonic() - started_monotonic_) * speed_; }
Micros FastClock::monotonic() const { return (system_.monotonic() - started_monotonic_) * speed_; }

SteadyClock::SteadyClock(const Clock& wall, Micros not_before)
    : wall_(wall), since_(std::max(wall.now(), not_before)), since_monotonic_(wall.monotonic()) {}

Micros SteadyClock::now() const {
  const std::scoped_lock lock(mutex_);
  const Micros monotonic = wall_.monotonic(), slow = since_ + std::max<Micros>(0, monotonic - since_monotonic_) / 2, wall = wall_.now();
  if (wall < slow) return slow;
  since_ = wall, since_monotonic_ = monotonic;
  return wall;
}

Micros SteadyClock::outside(Micros span) const { return wall_.outside(now() > wall_.now() ? 2 * span : span); }

Micros ClockWatch::look() {
  const Micros apart = clock_.now() - clock_.monotonic();
  const Micros step = apart - std::exchange(apart_, apart);
  return step > clock_step_max || step < -clock_step_max ? step : 0;
}

Micros clock_doubt(Micros now, Micros newest) {
  const Micros behind = now - std::max(newest, clock_sane_from);
  return now < clock_sane_from || (newest != 0 && behind < -clock_step_max) ? behind : 0;
}

}  // namespace heliograph
