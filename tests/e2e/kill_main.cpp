// kill_rounds ROUNDS [SEED]: half of the rounds against the shipped binary, half against the house with a witness, at random; then
// a twentieth as many at each named point.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/e2e/kill_points.hpp"
#include "tests/e2e/kill_rounds.hpp"

int main(int argc, char** argv) {
  using namespace heliograph::e2e;
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 12;
  const auto seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
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
  std::printf("together\n%s\n%s\n", sum.text().c_str(), sum.good() ? "GOOD: nothing lost, nothing twice." : "NOT GOOD");
  return sum.good() ? 0 : 1;
}
