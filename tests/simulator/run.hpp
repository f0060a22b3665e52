// One seed from its first day to its last: a story with faults, then calm, in which everything must settle.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulator/counters.hpp"
#include "tests/simulator/faults.hpp"
#include "tests/simulator/plants.hpp"

namespace heliograph::simulator {

struct Options {
  std::uint64_t seed = 0;
  PlantedBug plant = {};
  std::uint64_t until = std::numeric_limits<std::uint64_t>::max();  // steps
  bool traced = false;
  std::optional<Faults> faults = {};  // these, instead of those that the seed chooses
};

struct Report {
  std::vector<std::string> violations;
  std::string trace;
  std::uint64_t steps = 0, facts = 0;
};
Report run(const Options& options, Counters& counters);

}  // namespace heliograph::simulator
