// The only source of chance in the simulator: a pure function of (seed, channel, slot), so weather and habits are the
// same however finely time is sampled. Only +, -, * and / on doubles: equal bits on every IEEE machine.
#pragma once

#include <cstdint>

#include "events/time.hpp"

namespace heliograph {

/// SplitMix64's finaliser (Steele, Lea, Flood 2014): one well-mixed number of another.
constexpr std::uint64_t mix_bits(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

class Noise {
 public:
  explicit Noise(std::uint64_t seed) : seed_(mix_bits(seed)) {}

  std::uint64_t bits(std::uint64_t channel, std::int64_t slot) const {
    return mix_bits(mix_bits(seed_ ^ (channel * 0xd1b54a32d192ed03ull)) + static_cast<std::uint64_t>(slot));
  }
  /// Even in [0, 1), one value a slot.
  double even(std::uint64_t channel, std::int64_t slot) const {
    return static_cast<double>(bits(channel, slot) >> 11) * 0x1p-53;
  }
  double between(std::uint64_t channel, std::int64_t slot, double low, double high) const {
    return low + (high - low) * even(channel, slot);
  }
  /// Changes smoothly in [0, 1): one value every `scale`, eased in between.
  double smooth(std::uint64_t channel, Micros at, Micros scale) const {
    const std::int64_t slot = floor_slot(at, scale);
    const double part = static_cast<double>(at - slot * scale) / static_cast<double>(scale);
    const double ease = part * part * (3 - 2 * part);
    const double a = even(channel, slot), b = even(channel, slot + 1);
    return a + (b - a) * ease;
  }
  static std::int64_t floor_slot(Micros at, Micros scale) {
    const std::int64_t slot = at / scale;
    return at % scale < 0 ? slot - 1 : slot;
  }

 private:
  std::uint64_t seed_;
};

/// sin(2 pi turns) by its Taylor series on a quarter turn; error below 1e-7. libm's may differ between processors.
double sine_of_turns(double turns);
inline double cosine_of_turns(double turns) { return sine_of_turns(turns + 0.25); }

}  // namespace heliograph
