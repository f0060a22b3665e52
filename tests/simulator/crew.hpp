// Plays many seeds on all cores: each world is alone with its seed, so the order in which they are played says nothing.
#pragma once

#include <functional>

#include "tests/simulator/run.hpp"

namespace heliograph::simulator {

struct Played {
  std::uint64_t seeds = 0, steps = 0, facts = 0;
  std::vector<std::pair<std::uint64_t, std::string>> failed;  // seed and its first violation, by seed
  Counters counters;
};
/// Seeds `first` .. `first + count - 1`.
Played play(std::uint64_t first, std::uint64_t count, const PlantedBug& plant = {});

/// The first seed from `first` on that fails, or nothing within `most`.
struct Found {
  std::string_view plant;
  std::uint64_t first = 0, failing = 0, played = 0;  // `played`: seeds until enough had failed
  std::string violation;
};
std::vector<Found> hunt(const std::vector<PlantedBug>& plants, std::uint64_t first, std::uint64_t most, std::uint64_t enough);

}  // namespace heliograph::simulator
