// kill_rounds ROUNDS [SEED [POINT]]: half of the rounds against the shipped binary, half against the house with a witness, at random;
// then a twentieth as many at each named point. With a point all rounds are there.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/e2e/kill_points.hpp"
#include "tests/e2e/kill_rounds.hpp"

namespace {

int end_with(const heliograph::e2e::KillTable& table) {
  std::printf("together\n%s\n%s\n", table.text().c_str(), table.good() ? "GOOD: nothing lost, nothing twice." : "NOT GOOD");
  return table.good() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace heliograph::e2e;
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 12;
  const auto seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  if (argc > 3) return end_with(run_kill_rounds({.victim = Victim::house, .rounds = rounds, .seed = seed, .point = argv[3]}));
  const KillTable serve = run_kill_rounds({.victim = Victim::serve, .rounds = rounds / 2, .seed = seed});
  std::printf("heliograph serve, seed %llu\n%s\n", seed, serve.text().c_str());
  const KillTable house = run_kill_rounds({.victim = Victim::house, .rounds = rounds - rounds / 2, .seed = seed + 1});
  std::printf("house with a witness, seed %llu\n%s\n", seed + 1, house.text().c_str());
  KillTable sum = serve, points;
  sum.add(house);
  for (const KillPoint& point : kill_points())
    points.add(run_kill_rounds({.victim = Victim::house, .rounds = std::max(1, rounds / 20), .seed = seed + 2, .point = std::string(point.name)}));
  std::printf("the house at named points, seed %llu\n%s\n", seed + 2, points.text().c_str());
  sum.add(points);
  return end_with(sum);
}
