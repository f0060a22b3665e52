// Chance, from one seed. Integers only and no distributions of the standard library: a seed means the same everywhere.
#pragma once

#include <cstdint>
#include <random>

#include "events/time.hpp"

namespace heliograph::simulator {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  std::uint64_t raw() { return random_(); }
  /// 0 .. n-1. Requires: n > 0.
  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n)); }
  std::int64_t between(std::int64_t from, std::int64_t to) { return from + below(to - from + 1); }
  bool chance(std::int64_t percent) { return percent > 0 && below(100) < percent; }
  template <class T, std::size_t n>
  const T& one_of(const T (&of)[n]) { return of[static_cast<std::size_t>(below(static_cast<std::int64_t>(n)))]; }
  /// Mostly short, now and then up to `most`: what networks do.
  Micros heavy(Micros most) {
    for (Micros limit = most / 64 + 1; limit < most; limit *= 2)
      if (chance(50)) return below(limit);
    return below(most);
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace heliograph::simulator
