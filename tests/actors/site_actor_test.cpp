// The site's shell: replies after the disk, idempotency, the stop's own lane, alarms, and what a failed write leaves.
#include <catch2/catch.hpp>

#include "tests/support/actor_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

TEST_CASE("a reply comes when the turn is durable, not before") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  furnish(world);
  const Position before = store.log().durable();
  const auto outcome = world.request(readings({{"battery", Metric::soc_permille, 800}}, clock.now() + 1));
  world.run_without(World::raw(world.writer));
  CHECK(store.log().staged() == before + 1);
  CHECK(outcome->delivered == 0);
  world.run();
  REQUIRE(outcome->ok());
  CHECK(outcome->delivered == 1);
  CHECK((*outcome->result)->last == before + 1);
  CHECK(store.log().durable() == before + 1);
}

TEST_CASE("turns of a site that wait for the disk share one write") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  furnish(world);
  const auto writes = store.log().writes;
  for (int i = 0; i < 50; ++i) world.request(readings({{"battery", Metric::soc_permille, 500 + i}}, clock.now() + 1 + i));
  world.run_without(World::raw(world.writer));
  world.run();
  CHECK(store.log().writes == writes + 1);
  for (const auto& outcome : world.outcomes) CHECK(outcome->delivered == 1);
}

TEST_CASE("a failed write: replies say closed, nothing is sent, and the house asks to be ended") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  furnish(world);
  const auto port = std::make_shared<WitnessPort>(store.log());
  world.drive("miner-1", port);
  store.log().fails = [] { return true; };
  const auto command = world.request(ask_for("miner-1", Action::switch_on));
  const auto more = world.request(readings({{"battery", Metric::soc_permille, 700}}, clock.now() + 1));
  world.run();
  CHECK(command->error() == Errc::closed);
  CHECK(more->error() == Errc::closed);
  CHECK(port->sends.empty());
  CHECK_FALSE(world.fatal.empty());
  const auto later = world.ask(ask_for("miner-1", Action::switch_off));
  CHECK(later->error() == Errc::closed);
  CHECK(later->delivered == 1);
  world.pass(hour_us);  // no alarm may spin on a log that takes nothing
}

TEST_CASE("the same key a hundred times at once: one effect, one answer, another payload is a conflict") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  furnish(world);
  const auto port = std::make_shared<WitnessPort>(store.log());
  port->way = WitnessPort::Way::silent;
  world.drive("miner-1", port);
  std::vector<OutcomePtr> outcomes;
  for (int i = 0; i < 60; ++i) outcomes.push_back(world.request(ask_for("miner-1", Action::switch_on, anna, "key-1", 7)));
  world.run();
  for (int i = 0; i < 40; ++i) outcomes.push_back(world.ask(ask_for("miner-1", Action::switch_on, anna, "key-1", 7)));
  for (const auto& outcome : outcomes) {
    REQUIRE(outcome->ok());
    CHECK(outcome->delivered == 1);
    const SiteReply &reply = **outcome->result, &first = **outcomes.front()->result;
    CHECK(reply.repeated == (outcome != outcomes.front()));
    CHECK(reply.first == first.first);
    CHECK(reply.last == first.last);
    CHECK(reply.recorded_at == first.recorded_at);
    REQUIRE(reply.command);
    CHECK(reply.command->command == first.command->command);
    CHECK(reply.command->decided == first.command->decided);
    CHECK(reply.command->refusals.empty());
  }
  CHECK(port->sends.size() == 1);
  CHECK(world.ask(ask_for("miner-1", Action::switch_off, anna, "key-1", 8))->error() == Errc::conflict);

  SECTION("a refusal is remembered as well") {
    const auto refused = world.ask(ask_for("miner-1", Action::switch_on, anna, "key-2", 1));
    const auto again = world.ask(ask_for("miner-1", Action::switch_on, anna, "key-2", 1));
    REQUIRE(again->ok());
    CHECK((*again->result)->command->refusals == (*refused->result)->command->refusals);
    CHECK((*again->result)->command->refusals.front().rule == "busy");
  }
  SECTION("and across a restart") {
    world.kill(villa);
    world.run();
    const auto again = world.ask(ask_for("miner-1", Action::switch_on, anna, "key-1", 7));
    REQUIRE(again->ok());
    CHECK((*again->result)->repeated);
    CHECK(port->sends.size() == 1);
  }
}

TEST_CASE("readings with a key are stored once") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  furnish(world);
  const Position before = store.log().durable();
  for (int i = 0; i < 10; ++i) CHECK(world.ask(readings({{"battery", Metric::soc_permille, 700}}, clock.now() + 1, "batch-1"))->ok());
  CHECK(store.log().durable() == before + 1);
}

TEST_CASE("a stop overtakes a thousand waiting requests, and nothing among them is sent") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  furnish(world);
  const auto port = std::make_shared<WitnessPort>(store.log());
  world.drive("miner-1", port);
  for (int i = 0; i < 1'000; ++i)
    world.request(i % 10 == 0 ? SiteCommand(ask_for("miner-1", Action::switch_on))
                              : SiteCommand(readings({{"battery", Metric::soc_permille, 900}}, clock.now() + 1 + i)));
  const Position before = store.log().staged();
  const auto stop = world.request(EngageStop{anna, "smoke"});
  world.run();
  REQUIRE(stop->ok());
  CHECK((*stop->result)->first == before + 1);  // decided first
  CHECK(port->sends.empty());
  std::size_t refused = 0;
  for (const auto& outcome : world.outcomes)
    if (outcome->ok() && (*outcome->result)->command) refused += (*outcome->result)->command->refusals.front().rule == "stop";
  CHECK(refused == 100);
}

TEST_CASE("a command that is durable but not yet sent when a stop is asked never leaves, its device goes to its safe state (H28, H29)") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  furnish(world);
  const auto port = std::make_shared<WitnessPort>(store.log());
  world.drive("miner-1", port);
  SECTION("stopped before the site heard that it is durable") {
    world.request(ask_for("miner-1", Action::switch_on));
    world.run_without(World::raw(world.writer));
    world.request(EngageStop{anna, "smoke"});
    world.run();
  }
  SECTION("stopped while it waited in the device's mailbox") {
    world.request(ask_for("miner-1", Action::switch_on));
    // Everybody but the device, which is found by elimination: it is the only job that stays.
    std::mt19937_64 random(1);
    while (world.outcomes.back()->delivered == 0) REQUIRE(world.step(random));
    world.request(EngageStop{anna, "smoke"});
    world.run();
  }
  REQUIRE(port->sends.size() == 1);
  CHECK(port->sends.front().command.action == Action::switch_off);
  CHECK(port->sends.front().command.purpose == Purpose::safe_state);
  const auto records = store.records(villa);
  Lines last;
  for (const RecordPtr& record : records)
    if (!record->is_readings()) last.push_back(line(*record));
  CHECK(std::count(last.begin(), last.end(), "failed outcome_unknown") == 1);
  CHECK(most_in_flight(records, "miner-1") == 1);
}

TEST_CASE("a stop holds from the moment it is asked, also when it cannot be written, and lifts only what it knew of") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  furnish(world);
  const StopFlag flag = world.directory.stop_flag(villa);
  world.request(EngageStop{anna, "smoke"});
  CHECK(flag->engaged());
  world.run();
  const auto lift = world.request(LiftStop{anna, "clear"});
  world.run_without(World::raw(world.writer));
  CHECK(flag->engaged());  // lifted when it is durable
  const auto second = world.request(EngageStop{anna, "again"});
  world.run();
  CHECK(lift->ok());
  CHECK(second->ok());
  CHECK(flag->engaged());
  CHECK(world.ask(LiftStop{anna, "clear"})->ok());
  CHECK_FALSE(flag->engaged());
  store.log().fails = [] { return true; };
  world.ask(EngageStop{anna, "disk is burning"});
  CHECK(flag->engaged());
}

TEST_CASE("a stop survives a restart of the process, and so does its end") {
  TestStore store;
  ManualClock clock(monday_noon);
  {
    World world(store, clock);
    furnish(world);
    world.ask(EngageStop{anna, "smoke"});
  }
  World again(store, clock);
  CHECK(again.directory.stop_flag(villa)->engaged());
  const auto refused = again.ask(ask_for("miner-1", Action::switch_on));
  CHECK((*refused->result)->command->refusals.front().rule == "stop");
  CHECK(again.ask(LiftStop{anna, "clear"})->ok());
  CHECK_FALSE(again.directory.stop_flag(villa)->engaged());
}

TEST_CASE("alarms: a command without an answer ends unknown at its deadline, rules' timers fire on time") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  furnish(world);
  const auto port = std::make_shared<WitnessPort>(store.log());
  world.drive("miner-1", port);
  world.ask(SaveRule{rule_of(R"({"id":"r","triggers":[{"id":"t","metric":"soc_percent","device":"battery","above":50,"for":"PT1M"}],
    "actions":[{"do":"notify","text":"x"}]})"), anna, {}, {}});
  world.ask(readings({{"battery", Metric::soc_permille, 910}}, clock.now() + 1));
  world.ask(ask_for("miner-1", Action::switch_on));
  const Micros start = clock.now();
  const auto times = [&](std::string_view what) {
    std::vector<Micros> out;
    for (const RecordPtr& record : store.records(villa))
      if (line(*record) == what) out.push_back(record->envelope.recorded_at - start);
    return out;
  };
  world.pass(minute_us - second_us);
  CHECK(times("fired r/t acted").empty());
  world.pass(2 * second_us);
  REQUIRE(times("fired r/t acted").size() == 1);
  CHECK(times("fired r/t acted").front() >= minute_us);
  CHECK(times("fired r/t acted").front() < minute_us + 10'000);
  world.pass(minute_us);
  REQUIRE(times("failed outcome_unknown").size() == 1);
  CHECK(times("failed outcome_unknown").front() >= verify_deadline);
  CHECK(times("failed outcome_unknown").front() < verify_deadline + 10'000);
  world.pass(day_us);
  CHECK(times("fired r/t acted").size() == 1);
  CHECK(times("failed outcome_unknown").size() == 2);  // and the rollback that nobody confirmed either
}

TEST_CASE("a day of a time trigger in virtual time fires once, at its local minute") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  furnish(world);
  world.ask(SaveRule{rule_of(R"({"id":"r","triggers":[{"id":"t","at":"18:30"}],"actions":[{"do":"notify","text":"x"}]})"), anna, {}, {}});
  world.pass(3 * day_us);
  std::vector<std::string> fired;
  for (const RecordPtr& record : store.records(villa))
    if (line(*record) == "fired r/t acted") fired.push_back(format_time(record->envelope.occurred_at));
  CHECK(fired == std::vector<std::string>{"2025-06-02T18:30:00.000Z", "2025-06-03T18:30:00.000Z", "2025-06-04T18:30:00.000Z"});
}

TEST_CASE("an unknown site is not found, configuring one makes it") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  const SiteKey other{{"acme"}, {"other"}};
  CHECK(world.ask(ask_for("miner-1", Action::switch_off), other)->error() == Errc::not_found);
  furnish(world, other);
  for (const auto& outcome : world.outcomes) CHECK(outcome->delivered == 1);
  CHECK(world.outcomes.back()->ok());
  CHECK(world.site(other));
  CHECK_FALSE(world.site(villa));
}
