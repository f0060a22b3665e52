// heliograph-sim: plays seeds of the simulator; a failing one is played again here, step by step (docs/SIMULATION.md).
#include <CLI/CLI.hpp>
#include <iostream>

#include "tests/simulator/run.hpp"

using namespace heliograph::simulator;

int main(int argc, char** argv) {
  CLI::App app("Plays seeds of the simulated house against the core, and checks what SAFETY.md promises.");
  Options options;
  std::uint64_t seeds = 1;
  std::string plant = "none";
  bool counts = false;
  std::int64_t loss = -1;
  app.add_option("--seed", options.seed, "the first seed")->required();
  app.add_option("--seeds", seeds, "how many seeds from there");
  app.add_option("--plant", plant, "a planted bug (actors/core/planted.hpp, tests/simulator/plants.hpp)");
  app.add_option("--until", options.until, "stop after so many steps");
  app.add_flag("--trace", options.traced, "print every fact and what happened round it");
  app.add_flag("--counts", counts, "print how often each thing happened");
  app.add_option("--success", loss, "healthy devices, only so many percent lost on the wire each way: how many commands come about")->check(CLI::Range(0, 60));
  CLI11_PARSE(app, argc, argv);
  if (loss >= 0) options.faults.emplace().wire_loss = loss, options.faults->late_adapters = false;
  const PlantedBug* bug = find_plant(plant);
  if (bug == nullptr) {
    std::cerr << "There is no plant \"" << plant << "\". There are:";
    for (const PlantedBug& each : planted_bugs()) std::cerr << " " << each.name;
    std::cerr << "\n";
    return 2;
  }
  options.plant = *bug;
  Counters counters;
  std::uint64_t failed = 0, steps = 0, facts = 0;
  for (const std::uint64_t last = options.seed + seeds; options.seed < last; ++options.seed) {
    const Report report = run(options, counters);
    std::cout << report.trace;
    for (const std::string& violation : report.violations) std::cout << "seed " << options.seed << " " << violation << "\n";
    failed += report.violations.empty() ? 0 : 1, steps += report.steps, facts += report.facts;
  }
  if (counts)
    for (const auto& [what, n] : counters.all()) std::cout << n << " " << what << "\n";
  if (loss >= 0) {
    const auto done = counters.of("command.verified"), other = counters.of("command.failed");
    std::cout << "success=" << 100.0 * static_cast<double>(done) / static_cast<double>(done + other) << " % of " << done + other << " commands, loss " << loss << " %\n";
  }
  std::cout << seeds << " seeds, " << steps << " steps, " << facts << " facts, " << failed << " failed\n";
  return failed == 0 ? 0 : 1;
}
