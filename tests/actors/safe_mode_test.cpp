// Safe mode: counted from the log's own starts, refusing what energises for every site, ended by an ordered stop only.
#include "actors/safe_mode.hpp"

#include <catch2/catch.hpp>

#include "actors/engine.hpp"
#include "tests/support/actor_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

RecordPtr start_at(Micros at, bool clean, bool safe = false) {
  Record record;
  record.envelope.recorded_at = at;
  record.body = Event(EngineStarted{"v", "c", clean, safe});
  return std::make_shared<const Record>(std::move(record));
}

/// `exits` unclean starts, a minute apart and newest first, the last a minute before `monday_noon`.
std::vector<RecordPtr> starts(int exits, Micros apart = minute_us) {
  std::vector<RecordPtr> out;
  for (int i = 1; i <= exits; ++i) out.push_back(start_at(monday_noon - i * apart, false));
  return out;
}

}  // namespace

TEST_CASE("safe mode begins with the fifth unclean exit within ten minutes, and not with an old or a clean one") {
  CHECK_FALSE(needs_safe_mode({}, false, monday_noon));
  CHECK_FALSE(needs_safe_mode(starts(3), false, monday_noon));
  CHECK(needs_safe_mode(starts(4), false, monday_noon));
  CHECK_FALSE(needs_safe_mode(starts(9), true, monday_noon));
  CHECK(needs_safe_mode(starts(4, 2 * minute_us + 30 * second_us), false, monday_noon));  // the oldest is ten minutes old
  CHECK_FALSE(needs_safe_mode(starts(4, 2 * minute_us + 31 * second_us), false, monday_noon));
  auto between = starts(3);
  between.push_back(start_at(monday_noon - 4 * minute_us, true));
  between.push_back(start_at(monday_noon - 5 * minute_us, false));
  CHECK_FALSE(needs_safe_mode(between, false, monday_noon));
}

TEST_CASE("safe mode stays, however late the next start is, until an ordered stop") {
  const std::vector<RecordPtr> safe{start_at(monday_noon - day_us, false, true)};
  CHECK(needs_safe_mode(safe, false, monday_noon));
  CHECK_FALSE(needs_safe_mode(safe, true, monday_noon));
}

TEST_CASE("in safe mode people may shed, nobody energises, automation does nothing, and a stop works") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock, {}, true);
  furnish(world);
  const auto port = std::make_shared<WitnessPort>(store.log());
  world.drive("miner-1", port);
  const auto rule_of = [&](const OutcomePtr& outcome) -> std::string {
    REQUIRE(outcome->ok());
    const auto& refusals = (*outcome->result)->command->refusals;
    return refusals.empty() ? "" : refusals.front().rule;
  };
  CHECK(rule_of(world.ask(ask_for("miner-1", Action::switch_on))) == "safe-mode");
  CHECK(rule_of(world.ask(ask_for("miner-1", Action::switch_off, {PrincipalKind::rule, "r"}))) == "safe-mode");
  CHECK(rule_of(world.ask(ask_for("miner-1", Action::switch_off))).empty());
  CHECK(world.ask(EngageStop{anna, "smoke"})->ok());
  for (const auto& send : port->sends) CHECK(send.command.action == Action::switch_off);
  world.kill(villa);
  world.run();
  CHECK(world.ask(LiftStop{anna, "clear"})->ok());
  CHECK(rule_of(world.ask(ask_for("miner-1", Action::switch_on))) == "safe-mode");  // a restarted site, too
}
