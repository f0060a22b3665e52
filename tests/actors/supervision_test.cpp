// What falls is rebuilt from the log and equal to what fell; what cannot be rebuilt ends the process.
#include <catch2/catch.hpp>

#include "tests/support/actor_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

/// The site's state as the view store holds it after everybody saved.
std::string saved_state(TestStore& store, const SiteKey& site) {
  const auto value = store.views().get(snapshot_view, site.tenant.text + "/" + site.site.text);
  REQUIRE(value);
  REQUIRE(*value);
  return (*value)->substr(8);
}

std::string state_of_log(const TestStore& store, const SiteKey& site) {
  Site fresh(site);
  for (const RecordPtr& record : store.records(site)) fresh.evolve(record);
  fresh.settle();
  return fresh.snapshot();
}

constexpr std::string_view guard_rule = R"({"id":"guard","triggers":[
  {"id":"low","metric":"soc_percent","device":"battery","below":50,"rearm":80}],"actions":[{"do":"pause","device":"miner-1"}]})";

}  // namespace

TEST_CASE("a site that dies is rebuilt from the log with the same state, and its devices with it") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  furnish(world);
  const auto port = std::make_shared<WitnessPort>(store.log());
  world.drive("miner-1", port);
  world.ask(SaveRule{rule_of(guard_rule), anna, {}, {}});
  world.ask(readings({{"battery", Metric::soc_permille, 450}, {"miner-1", Metric::switch_on, 1}}, clock.now() + 1));
  REQUIRE(world.save_all());
  const std::string before = saved_state(store, villa);
  CHECK(before == state_of_log(store, villa));

  world.kill(villa);
  world.run();
  REQUIRE(world.site());
  CHECK(world.fatal.empty());
  REQUIRE(world.save_all());
  CHECK(saved_state(store, villa) == before);
  clock.advance(second_us);
  CHECK(world.ask(ask_for("miner-1", Action::switch_off))->ok());
  CHECK(port->sends.size() == 1);
}

TEST_CASE("what a dying site had staged is part of what is rebuilt") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  furnish(world);
  const auto port = std::make_shared<WitnessPort>(store.log());
  world.drive("miner-1", port);
  const auto command = world.request(ask_for("miner-1", Action::switch_on));
  world.run_without(World::raw(world.writer));
  const auto stop = world.request(EngageStop{anna, "smoke"});
  world.run_without(World::raw(world.writer));  // decided and staged, not durable
  CHECK(store.log().durable() < store.log().staged());
  world.kill(villa);
  world.run_without(World::raw(world.writer));
  const auto waiting = world.request(ask_for("miner-1", Action::switch_on));
  world.run();
  CHECK(command->error() == Errc::closed);  // outcome unknown to whoever asked
  CHECK(stop->error() == Errc::closed);
  for (const auto& outcome : world.outcomes) CHECK(outcome->delivered == 1);
  REQUIRE(waiting->ok());
  std::set<std::string> rules;
  for (const Refusal& r : (*waiting->result)->command->refusals) rules.insert(r.rule);
  CHECK(rules == std::set<std::string>{"busy", "stop"});  // the new site knows both
  CHECK(port->sends.empty());
  REQUIRE(world.save_all());
  CHECK(saved_state(store, villa) == state_of_log(store, villa));
}

TEST_CASE("requests that arrive while a site is on its way back wait for it") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  furnish(world);
  world.kill(villa);
  world.run_without(World::raw(world.writer));
  CHECK_FALSE(world.site());
  SiteConfigured settings;
  settings.name = "Renamed";
  const auto configure = world.request(Configure{settings, anna});  // must not be taken for a new site
  const auto readings_outcome = world.request(readings({{"battery", Metric::soc_permille, 610}}, clock.now() + 1));
  world.run();
  CHECK(configure->ok());
  CHECK(readings_outcome->ok());
  REQUIRE(world.save_all());
  CHECK(saved_state(store, villa) == state_of_log(store, villa));
}

TEST_CASE("one site's death does not touch another") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  const SiteKey other{{"acme"}, {"other"}};
  furnish(world);
  furnish(world, other);
  const auto* before = World::raw(world.site(other));
  const auto waiting = world.request(readings({{"battery", Metric::soc_permille, 800}}, clock.now() + 1), other);
  world.kill(villa);
  world.run();
  CHECK(World::raw(world.site(other)) == before);
  CHECK(waiting->ok());
}

TEST_CASE("more than three restarts in a minute end the house, spread over time they do not") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  furnish(world);
  for (int i = 0; i < 12; ++i) {
    world.kill(villa);
    world.run();
    CHECK(world.fatal.empty());
    REQUIRE(world.site());
    world.pass(25 * second_us);
  }
  for (int i = 0; i < 4; ++i) {
    world.kill(villa);
    world.run();
  }
  REQUIRE(world.fatal.size() == 1);
  CHECK(world.fatal.front().sentence.find("villa") != std::string::npos);
  const auto late = world.ask(Configure{SiteConfigured{}, anna});  // no fresh site in place of the fallen one
  CHECK(late->error() == Errc::closed);
}

TEST_CASE("nothing works without the writer, the clock and the projector: their end is the end") {
  for (int part = 0; part < 3; ++part) {
    TestStore store;
    ManualClock clock(monday_noon);
    World world(store, clock);
    furnish(world);
    if (part == 0) caf::anon_send_exit(world.writer, caf::exit_reason::kill);
    if (part == 1) caf::anon_send_exit(world.alarms, caf::exit_reason::kill);
    if (part == 2) caf::anon_send_exit(world.projector, caf::exit_reason::kill);
    world.run();
    CAPTURE(part);
    CHECK(world.fatal.size() == 1);
  }
}

TEST_CASE("a restart of the process twice without input is the same state and sends nothing (I17)") {
  TestStore store;
  ManualClock clock(monday_noon);
  {
    World world(store, clock);
    furnish(world);
    const auto port = std::make_shared<WitnessPort>(store.log());
    port->way = WitnessPort::Way::silent;
    world.drive("miner-1", port);
    world.ask(ask_for("miner-1", Action::switch_on));
    REQUIRE(port->sends.size() == 1);
  }
  const std::string before = state_of_log(store, villa);
  for (int i = 0; i < 2; ++i) {
    World world(store, clock);
    const auto port = std::make_shared<WitnessPort>(store.log());
    world.drive("miner-1", port);
    REQUIRE(world.save_all());
    CHECK(port->sends.empty());
    CHECK(saved_state(store, villa) == before);
  }
  World world(store, clock);
  world.pass(verify_deadline + second_us);  // the deadline outlives the process, too
  const auto told = lines(store.records(villa));
  CHECK(std::count(told.begin(), told.end(), "failed outcome_unknown") == 1);
}

TEST_CASE("an alarm of an older generation is nobody's") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  furnish(world);
  world.ask(SaveRule{rule_of(R"({"id":"r","triggers":[{"id":"t","at":"12:00"}],"actions":[{"do":"notify","text":"x"}]})"), anna, {}, {}});
  const Position before = store.log().durable();
  clock.advance(3 * hour_us);  // the wall clock only: the alarm is due, but has not rung
  for (std::uint64_t generation = 0; generation < 3; ++generation)
    if (generation != 1) caf::anon_send(world.site(), wake_atom_v, generation + 1'000);
  world.run();
  CHECK(store.log().durable() == before);
}
