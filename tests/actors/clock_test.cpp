// A wall clock that jumps: found between two looks or at the start, told to every site, and trusted again by a person only.
#include <catch2/catch.hpp>

#include "tests/support/actor_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

std::size_t count(TestStore& store, std::string_view type, const SiteKey& site = villa) {
  std::size_t n = 0;
  for (const RecordPtr& record : store.records(site)) n += !record->is_readings() && record->envelope.type == type;
  return n;
}

std::size_t fired(TestStore& store) {
  std::size_t n = 0;
  for (const RecordPtr& record : store.records(villa)) n += line(*record) == "fired r/t acted";
  return n;
}

SaveRule at_half_past_six() {
  return {rule_of(R"({"id":"r","triggers":[{"id":"t","at":"18:30"}],"actions":[{"do":"notify","text":"x"}]})"), anna, {}, {}};
}

constexpr Micros year_2038 = 2'147'483'647'000'000;

}  // namespace

TEST_CASE("a step of more than a minute is found, a slow correction is not") {
  const struct { Micros step; bool found; } cases[] = {
      {59 * second_us, false}, {-59 * second_us, false}, {60 * second_us, false}, {61 * second_us, true}, {-61 * second_us, true}, {second_us, false},
      {hour_us, true}, {-hour_us, true}, {day_us, true}, {-day_us, true}, {-monday_noon, true}, {year_2038 - monday_noon, true}};
  for (const auto& [step, found] : cases) {
    INFO(step);
    ManualClock clock(monday_noon);
    ClockWatch watch(clock);
    clock.advance(10 * second_us);
    CHECK(watch.look() == 0);
    clock.step_wall(step);
    clock.advance(10 * second_us);
    CHECK(watch.look() == (found ? step : 0));
    clock.advance(10 * second_us);
    CHECK(watch.look() == 0);  // said once
  }
  ManualClock drifting(monday_noon);
  ClockWatch watch(drifting);
  for (int i = 0; i < 1'000; ++i) {  // 1000 s in all, half a second at a look
    drifting.advance(10 * second_us);
    drifting.step_wall(second_us);
    CHECK(watch.look() == 0);
  }
}

TEST_CASE("the hub's time follows the wall clock, never runs backwards, and goes on at half speed until a wall clock behind it has caught up") {
  ManualClock wall(monday_noon);
  const SteadyClock steady(wall);
  wall.advance(10 * second_us);
  CHECK(steady.now() == monday_noon + 10 * second_us);
  wall.step_wall(hour_us);
  CHECK(steady.now() == monday_noon + hour_us + 10 * second_us);  // forward at once
  CHECK(steady.outside(second_us) == second_us);
  wall.step_wall(-hour_us);
  const Micros then = monday_noon + hour_us + 10 * second_us;
  CHECK(steady.now() == then);
  CHECK(steady.outside(second_us) == 2 * second_us);
  for (int i = 1; i <= 60; ++i) {
    for (int look = 0; look < 7; ++look) wall.advance(minute_us / 7), static_cast<void>(steady.now());  // looking costs no time
    CHECK(std::abs(steady.now() - (then + i * minute_us / 2)) < 1000);
  }
  wall.advance(2 * hour_us);
  CHECK(steady.now() == wall.now());
  CHECK(steady.outside(second_us) == second_us);
  const SteadyClock after_a_start(wall, wall.now() + minute_us);
  CHECK(after_a_start.now() == wall.now() + minute_us);
}

TEST_CASE("a wall clock that was stepped back does not keep a lease from being renewed") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  furnish(world);
  const auto port = std::make_shared<WitnessPort>(store.log());
  world.drive("miner-1", port);
  DeviceRegistered leased = plug("miner-1");
  leased.lease = minute_us, leased.safe_state = SafeState::off;
  world.ask(RegisterDevice{leased, anna});
  world.pass(second_us);
  clock.step_wall(-hour_us);
  CHECK((*world.ask(ask_for("miner-1", Action::switch_on))->result)->command->refusals.empty());
  REQUIRE(port->sends.size() == 1);
  for (int i = 1; i <= 12; ++i) {  // the device's own timer runs at the world's speed
    world.ask(readings({{"battery", Metric::soc_permille, 900}, {"miner-1", Metric::switch_on, 1}}, world.steady.now()));
    world.pass(59 * second_us);
    CHECK(count(store, "lease.renewed") >= static_cast<std::size_t>(i));
  }
  CHECK(count(store, "lease.ended") == 0);
}

TEST_CASE("at a start a clock is in doubt when it stands before the log, or before all reason") {
  CHECK(clock_doubt(monday_noon, 0) == 0);
  CHECK(clock_doubt(monday_noon, monday_noon - day_us) == 0);
  CHECK(clock_doubt(monday_noon, monday_noon + minute_us) == 0);
  CHECK(clock_doubt(monday_noon, monday_noon + minute_us + 1) == -minute_us - 1);
  CHECK(clock_doubt(3 * day_us, 0) < 0);
  CHECK(clock_doubt(3 * day_us, 2 * day_us) < 0);
}

TEST_CASE("a jump makes what waits void and pauses schedules, stop and manual work go on, a person trusts the clock again") {
  const Micros step = GENERATE(61 * second_us, -61 * second_us, hour_us, -hour_us, day_us, -day_us);
  INFO(step);
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  furnish(world);
  const auto port = std::make_shared<WitnessPort>(store.log());
  world.drive("miner-1", port);
  world.ask(at_half_past_six());
  const auto waiting = world.ask(ask_for("miner-1", Action::switch_on, {PrincipalKind::agent, "bot"}));
  REQUIRE((*waiting->result)->command->waiting == Waiting::approval);
  clock.step_wall(step);
  world.pass(11 * second_us);
  CHECK(count(store, "clock.suspected") == 1);
  CHECK(count(store, "command.cancelled") == 1);
  CHECK(world.ask(Approve{{(*waiting->result)->command->command, true, ApprovalChannel::api, anna, true}})->error() == Errc::not_found);
  CHECK(port->sends.empty());
  world.query([](const Views& views) { CHECK(views.devices.clock_suspected(villa) != nullptr); });
  world.run();
  world.pass(2 * day_us);
  CHECK(fired(store) == 0);
  world.ask(readings({{"battery", Metric::soc_permille, 900}, {"miner-1", Metric::switch_on, 0}}, std::max(clock.now(), monday_noon + 2 * day_us)));
  CHECK((*world.ask(ask_for("miner-1", Action::switch_off))->result)->command->refusals.empty());
  CHECK(world.ask(EngageStop{anna, "smoke"})->ok());
  CHECK(world.ask(LiftStop{anna, "clear"})->ok());
  CHECK(world.ask(TrustClock{anna})->ok());
  CHECK((*world.ask(TrustClock{anna})->result)->last == 0);  // once is enough
  world.query([](const Views& views) { CHECK(views.devices.clock_suspected(villa) == nullptr); });
  world.run();
  world.pass(day_us + hour_us);
  CHECK(fired(store) >= 1);
}

TEST_CASE("a moment that a jump skipped does not ring before the sites have heard of the jump") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  furnish(world);
  world.ask(at_half_past_six());
  clock.step_wall(10 * hour_us);  // over half past six
  world.pass(11 * second_us);
  CHECK(count(store, "clock.suspected") == 1);
  CHECK(fired(store) == 0);
}

TEST_CASE("a start before the log's last word, or in 1970, leaves every site in doubt, the engine's own apart, trusted, a restart of the site keeps it") {
  const Micros back = GENERATE(61 * second_us, day_us, monday_noon - day_us);
  TestStore store;
  const SiteKey other{{"acme"}, {"other"}};
  {
    ManualClock clock(monday_noon);
    World world(store, clock);
    furnish(world);
    furnish(world, other);
  }
  ManualClock clock(monday_noon - back);
  World world(store, clock);
  CHECK(count(store, "clock.suspected") == 1);
  CHECK(count(store, "clock.suspected", other) == 1);
  CHECK(count(store, "clock.suspected", engine_site()) == 0);
  if (clock.now() < clock_sane_from) return;  // 1970 stays absurd, whoever trusts it
  CHECK(world.ask(TrustClock{anna})->ok());
  world.kill(villa);
  world.run();
  world.query([](const Views& views) { CHECK(views.devices.clock_suspected(villa) == nullptr); });
  world.run();
  CHECK(count(store, "clock.suspected") == 1);
}

TEST_CASE("a site on its way back is told of the jump when it is there") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  furnish(world);
  world.kill(villa);
  clock.step_wall(hour_us);
  world.pass(25 * second_us);
  CHECK(count(store, "clock.suspected") == 1);
}

TEST_CASE("a name that is no site leaves no flag behind, and the stop of everything does not know it") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  furnish(world);
  const SiteKey nobody{{"acme"}, {"nobody"}};
  CHECK(world.ask(EngageStop{anna, "?"}, nobody)->error() == Errc::not_found);
  CHECK(world.directory.known_flag(nobody) == nullptr);
  CHECK(world.directory.stop([](const SiteKey&) { return true; }) == std::vector<SiteKey>{villa});
}
