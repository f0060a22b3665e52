// Nothing acknowledged is lost to kill -9 and no command has two effects; and the harness that says so finds faults
// that were planted. tests/e2e/kill.sh runs more rounds.
#include "tests/e2e/kill_rounds.hpp"

#include <catch2/catch.hpp>

#include "tests/e2e/kill_points.hpp"

using namespace heliograph::e2e;

TEST_CASE("the shipped binary loses nothing that it acknowledged to kill -9") {
  const KillTable table = run_kill_rounds({.victim = Victim::serve, .rounds = 6, .seed = 11});
  INFO(table.text());
  CHECK(table.good());
  CHECK(table.commands > 0);
  CHECK(table.rules > 0);
  CHECK(table.in_doubt > 0);
}

TEST_CASE("no command has two effects on a device across kill -9") {
  const KillTable table = run_kill_rounds({.victim = Victim::house, .rounds = 6, .seed = 12});
  INFO(table.text());
  CHECK(table.good());
  CHECK(table.effects > 0);
}

TEST_CASE("nothing is lost and nothing happens twice, whatever the moment of the kill") {
  KillTable sum;
  std::uint64_t seed = 100;
  for (const KillPoint& point : kill_points()) {
    const KillTable table = run_kill_rounds({.victim = Victim::house, .rounds = 2, .seed = ++seed, .point = std::string(point.name)});
    INFO(point.name << "\n" << table.text());
    CHECK(table.good());
    CHECK(table.points.at(std::string(point.name)) == 2);
    sum.add(table);
  }
  INFO(sum.text());
  CHECK(kill_points().size() >= 12);
  CHECK(sum.effects > 20);
  CHECK(sum.approved > 0);
}

TEST_CASE("the kill harness finds a device that acts twice") {
  const KillTable table = run_kill_rounds({.victim = Victim::house, .rounds = 1, .seed = 13, .fault = "--twice"});
  INFO(table.text());
  CHECK_FALSE(table.good());
  CHECK(table.twice > 0);
}

TEST_CASE("the kill harness finds a log that forgets") {
  const KillTable table = run_kill_rounds({.victim = Victim::house, .rounds = 1, .seed = 14, .fault = "--memory"});
  INFO(table.text());
  CHECK_FALSE(table.good());
  CHECK(table.lost + table.changed > 100);
}

TEST_CASE("the kill harness does not count a round that ended by itself") {
  const KillTable table = run_kill_rounds({.victim = Victim::house, .rounds = 1, .seed = 15, .fault = "--leave"});
  INFO(table.text());
  CHECK_FALSE(table.good());
  CHECK(table.kills == 0);
  CHECK(table.idle > 0);
}
