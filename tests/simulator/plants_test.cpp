// The test of the test: every bug that is planted must be found within a bounded number of seeds (docs/SIMULATION.md).
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>

#include "tests/simulator/crew.hpp"

using namespace heliograph::simulator;

TEST_CASE("every planted bug is found") {
  constexpr std::uint64_t most = HELIOGRAPH_SIMULATOR_PLANT_SEEDS, enough = HELIOGRAPH_SIMULATOR_PLANT_FINDS;
  const std::vector<PlantedBug> bugs(planted_bugs().begin() + 1, planted_bugs().end());
  CHECK(bugs.size() >= 60);
  std::cout << "plant: first seed, mean seeds to find, what was seen\n";
  for (const Found& found : hunt(bugs, 1, most, enough)) {
    INFO(found.plant << " was not found in " << found.played << " seeds: an invariant or a fault is missing");
    CHECK(found.failing > 0);
    if (found.failing > 0) std::cout << found.plant << ": " << found.first << ", " << found.played / found.failing << ", " << found.violation << "\n";
  }
}

TEST_CASE("nothing is found where nothing is planted") { CHECK(play(1, 500, *find_plant("none")).failed.empty()); }
