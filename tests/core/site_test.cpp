// A site from readings to commands and back, turn by turn: given, when, then lines of the log.
#include <catch2/catch.hpp>

#include "tests/support/core_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

constexpr std::string_view guard_rule = R"({"id":"miner-guard","name":"Miner guard","triggers":[
  {"id":"low","metric":"soc_percent","device":"battery","below":50,"rearm":80},
  {"id":"high","metric":"soc_percent","device":"battery","above":80,"rearm":50}],
  "actions":[{"when":["low"],"do":"pause","device":"miner-1"},{"when":["high"],"do":"resume","device":"miner-1"}]})";

const Lines paused = {"fired miner-guard/low acted", "requested miner-1 switch_off", "allowed", "dispatched miner-1 switch_off"};
const Lines resumed = {"fired miner-guard/high acted", "requested miner-1 switch_on", "allowed", "dispatched miner-1 switch_on"};

/// With the guard, a running miner and 60 %.
Story guarded() {
  Story story;
  story.save(guard_rule);
  story.read({{"battery", Metric::soc_permille, 600}, {"miner-1", Metric::switch_on, 1}});
  return story;
}

/// A minute later, at this state of charge.
Lines later(Story& story, std::int64_t soc, Micros by = minute_us) {
  story.pass(by);
  return story.soc(soc);
}

Lines with_condition(const std::string& condition, Story& story) {
  story.save(R"({"id":"c","triggers":[{"id":"t","metric":"soc_percent","device":"battery","below":50}],"conditions":[)" + condition +
             R"(],"actions":[{"do":"notify","text":"hello"}]})");
  story.pass(second_us);
  story.soc(600);
  story.pass(second_us);
  return story.soc(400);
}
const Lines met = {"fired c/t acted", "note hello"};
const Lines not_met = {"fired c/t condition_not_met"};

}  // namespace

// ---- the miner guard -----------------------------------------------------------------------------------------------

TEST_CASE("the miner guard pauses below 50 %, resumes above 80 %, and a reading confirms each") {
  Story story = guarded();
  CHECK(later(story, 501) == Lines{});
  CHECK(later(story, 500) == Lines{});
  CHECK(later(story, 499) == paused);
  const auto dispatched = *story.last<CommandDispatched>();
  CHECK(dispatched.expires_at - command_expiry == dispatched.verify_by - verify_deadline);
  story.pass(second_us);
  CHECK(story.read({{"miner-1", Metric::switch_on, 0}}) == Lines{"verified"});
  CHECK(later(story, 450) == Lines{});
  CHECK(later(story, 800) == Lines{});
  CHECK(later(story, 801) == resumed);
  story.pass(second_us);
  CHECK(story.read({{"miner-1", Metric::switch_on, 1}}) == Lines{"verified"});
}

TEST_CASE("the cause of a command is on record down to the reading and the rule's version") {
  Story story = guarded();
  later(story, 499);
  const auto& records = story.journal.records();
  const std::size_t n = records.size();
  const Envelope &reading = records[n - 5]->envelope, &fired = records[n - 4]->envelope, &requested = records[n - 3]->envelope,
                 &allowed = records[n - 2]->envelope, &dispatched = records[n - 1]->envelope;
  CHECK(fired.cause == reading.position);
  CHECK(requested.cause == fired.position);
  CHECK(allowed.cause == requested.position);
  CHECK(dispatched.cause == allowed.position);
  CHECK(dispatched.principal == Principal{PrincipalKind::rule, "miner-guard"});
  CHECK(dispatched.correlation == fired.correlation);
  CHECK(dispatched.stream == "device-miner-1");
  const auto* event = story.last<RuleFired>();
  CHECK(event->reading == reading.position);
  CHECK(event->rule_version == 1);
  CHECK(line(*records[event->rule_saved - 1]) == "saved miner-guard v1");
  CHECK(story.last<CommandRequested>()->reason == "Rule \"Miner guard\": soc_percent of battery is 49.9 %, below 50 %.");
}

TEST_CASE("a device that is already as wanted is left alone, and that is recorded") {
  Story story = guarded();
  story.read({{"miner-1", Metric::switch_on, 1}});
  story.pass(second_us);
  story.read({{"miner-1", Metric::switch_on, 0}});
  CHECK(later(story, 499) == Lines{"fired miner-guard/low already_so"});
}

TEST_CASE("while the outcome of the last command is unknown nothing is already so") {
  Story story = guarded();
  later(story, 499);
  story.pass(verify_deadline);
  CHECK(story.tick() == Lines{"failed outcome_unknown", "not rolled back"});  // what was to be shed stays off
  later(story, 800);
  CHECK(later(story, 499) == paused);
}

// ---- what may not move a rule ----------------------------------------------------------------------------------------

TEST_CASE("late and imported readings build history and trigger nothing (H44)") {
  Story story = guarded();
  story.pass(hour_us);
  SECTION("late: older than the device's freshness when recorded") {
    CHECK(story.read_at(story.at - 5 * minute_us - second_us, {{"battery", Metric::soc_permille, 300}}) == Lines{});
    CHECK(story.site.now().latest(*story.site.now().find("battery"), Metric::soc_permille).value == 300);
  }
  SECTION("history") {
    ReadingBuilder builder;
    builder.historic(true);
    builder.row("battery", story.at);
    builder.set(Metric::soc_permille, 300);
    builder.row("miner-1", story.at);
    builder.set(Metric::switch_on, 0);
    CHECK(story.take(builder.take()) == Lines{});
    CHECK(story.device("miner-1").on == true);
  }
  SECTION("a 72 h buffer in any order, twice") {
    for (int twice = 0; twice < 2; ++twice)
      for (int i = 0; i < 864; ++i)
        CHECK(story.read_at(story.at - 6 * minute_us - (i * 7919 % 864) * 5 * minute_us, {{"battery", Metric::soc_permille, i % 1000}}) == Lines{});
  }
  CHECK(story.count<RuleFired>() == 0);
}

TEST_CASE("the same source time is no new reading, an older one neither") {
  Story story = guarded();
  CHECK(later(story, 499) == paused);
  story.soc(900);  // same source time, other value
  CHECK(story.read_at(story.at - second_us, {{"battery", Metric::soc_permille, 900}}) == Lines{});
  CHECK(story.site.now().latest(*story.site.now().find("battery"), Metric::soc_permille).value == 499);
}

TEST_CASE("suspect values never move a rule (H3)") {
  Story story = guarded();
  for (const char* raw : {"NaN", "85%", "null", "1e309", "-0", ""}) {
    story.pass(second_us);
    ReadingBuilder builder;
    builder.row("battery", story.at);
    builder.suspect(Metric::soc_permille, Quality::unreadable, raw);
    CHECK(story.take(builder.take()) == Lines{});
  }
  for (const std::int64_t value : {-1, 1001, 32'767, -32'768}) {
    story.pass(second_us);
    CHECK(story.read({{"battery", Metric::soc_permille, value}}) == Lines{});
  }
  CHECK(story.site.now().latest(*story.site.now().find("battery"), Metric::soc_permille).value == 600);
}

TEST_CASE("a `for` that runs out on a stale reading does not act") {
  Story story;
  story.save(R"({"id":"r","triggers":[{"id":"t","metric":"grid_w","device":"grid","above":5000,"for":"PT10M"}],
    "actions":[{"do":"notify","text":"x"}]})");
  story.read({{"grid", Metric::grid_w, 6000}});
  CHECK(story.live_until(story.at + 11 * minute_us) == Lines{"fired r/t condition_not_met"});
  CHECK(story.last<RuleFired>()->detail == "the reading is stale");
  CHECK(story.last<RuleFired>()->by_timer);
}

// ---- conditions --------------------------------------------------------------------------------------------------------

TEST_CASE("conditions: a stale or unknown value does not hold, and its negation does") {
  Story story;
  CHECK(with_condition(R"({"metric":"grid_w","device":"grid","below":3000})", story) == not_met);
  CHECK(story.last<RuleFired>()->detail == "/conditions/0");
  story.read({{"grid", Metric::grid_w, 2999}});
  CHECK(with_condition(R"({"metric":"grid_w","device":"grid","below":3000})", story) == met);
  CHECK(with_condition(R"({"metric":"grid_w","device":"grid","above":2999})", story) == not_met);
  story.pass(5 * minute_us + second_us);
  CHECK(with_condition(R"({"metric":"grid_w","device":"grid","below":3000})", story) == not_met);
  CHECK(with_condition(R"({"not":{"metric":"grid_w","device":"grid","below":3000}})", story) == met);
  CHECK(with_condition(R"({"any":[{"metric":"grid_w","device":"grid","below":3000},{"automation":"on"}]})", story) == met);
  CHECK(with_condition(R"({"all":[{"metric":"grid_w","device":"grid","below":3000},{"automation":"on"}]})", story) == not_met);
  CHECK(with_condition(R"({"automation":"on"},{"metric":"pv_w","device":"nowhere","above":1})", story) == not_met);
  CHECK(story.last<RuleFired>()->detail == "/conditions/1");
}

TEST_CASE("windows are in the site's zone, may pass midnight, and their days are the days they begin") {
  struct When { const char* utc; const char* window; bool in; };
  const When cases[] = {
      {"2025-06-02T19:59:59Z", R"({"between":["22:00","06:00"]})", false},  // 21:59:59 in Warsaw
      {"2025-06-02T20:00:00Z", R"({"between":["22:00","06:00"]})", true},
      {"2025-06-03T03:59:59Z", R"({"between":["22:00","06:00"]})", true},
      {"2025-06-03T04:00:00Z", R"({"between":["22:00","06:00"]})", false},
      {"2025-06-02T20:30:00Z", R"({"between":["22:00","06:00"],"days":["mon"]})", true},
      {"2025-06-03T03:30:00Z", R"({"between":["22:00","06:00"],"days":["mon"]})", true},  // began on Monday
      {"2025-06-03T20:30:00Z", R"({"between":["22:00","06:00"],"days":["mon"]})", false},
      {"2025-06-02T03:30:00Z", R"({"between":["22:00","06:00"],"days":["mon"]})", false},  // began on Sunday
      {"2025-06-02T03:30:00Z", R"({"between":["22:00","06:00"],"days":["sun"]})", true},
      {"2025-06-02T21:59:00Z", R"({"between":["08:00","24:00"]})", true},
      {"2025-06-02T22:00:00Z", R"({"between":["08:00","24:00"]})", false},
      {"2025-01-06T21:30:00Z", R"({"between":["22:00","23:00"]})", true},  // winter: one hour less
      {"2025-01-06T20:30:00Z", R"({"between":["22:00","23:00"]})", false},
  };
  for (const When& c : cases) {
    CAPTURE(c.utc, c.window);
    Story story("Europe/Warsaw", *parse_time(c.utc) - 2 * second_us);
    CHECK(with_condition(c.window, story) == (c.in ? met : not_met));
  }
}

// ---- cooldown, refusals, stop --------------------------------------------------------------------------------------------

TEST_CASE("within its cooldown a rule's firings are recorded and not acted on") {
  Story story;
  story.save(R"({"id":"c","triggers":[{"id":"t","metric":"soc_percent","device":"battery","below":50}],
    "actions":[{"do":"notify","text":"hello"}],"cooldown":"PT10M"})");
  const auto dip = [&] {
    story.pass(30 * second_us);
    story.soc(600);
    story.pass(30 * second_us);
    return story.soc(400);
  };
  CHECK(dip() == met);
  for (int i = 0; i < 9; ++i) CHECK(dip() == Lines{"fired c/t cooling_down"});
  CHECK(story.last<RuleFired>()->detail.starts_with("until 2025-06-02T10:11:00"));
  CHECK(dip() == met);
}

TEST_CASE("a rule that acts on what it watches ends by its cooldown (H37)") {
  Story story;
  DeviceRegistered heater = plug("heater");
  story.add(heater);
  story.save(R"({"id":"loop","triggers":[{"id":"on","metric":"power_w","device":"heater","below":100},{"id":"off","metric":"power_w","device":"heater","above":1000}],
    "actions":[{"when":["on"],"do":"switch_on","device":"heater"},{"when":["off"],"do":"switch_off","device":"heater"}],"cooldown":"PT5M"})");
  story.soc(900);
  bool on = false;
  for (int i = 0; i < 1800; ++i) {  // an hour; the heater obeys at once
    story.pass(2 * second_us);
    story.read({{"battery", Metric::soc_permille, 900}, {"heater", Metric::switch_on, on}});
    const auto before = story.count<CommandDispatched>();
    story.read_at(story.at + 1, {{"heater", Metric::power_w, i % 15 == 0 ? 500 : on ? 2000 : 0}});
    if (story.count<CommandDispatched>() != before) on = story.last<CommandDispatched>()->action == Action::switch_on;
  }
  CHECK(story.count<CommandDispatched>() >= 10);
  CHECK(story.count<CommandDispatched>() <= 13);
}

TEST_CASE("what safety refused is asked again with growing pauses while the trigger stays true") {
  Story story = guarded();
  story.ask("miner-1", Action::switch_on);  // a person: automation keeps off for an hour
  story.pass(second_us);
  story.read({{"miner-1", Metric::switch_on, 1}});
  std::vector<int> asked_at;
  for (int minute = 1; minute <= 75; ++minute)
    if (!later(story, 450).empty()) asked_at.push_back(minute);
  CHECK(asked_at == std::vector<int>{1, 2, 4, 8, 16, 32, 64});
  CHECK(story.count<CommandRefused>() == 6);
  CHECK(story.last<CommandDispatched>()->action == Action::switch_off);
}

TEST_CASE("a refusal that falls into the cooldown is asked again when that is over") {
  Story story;
  DeviceRegistered pump = plug("pump");
  pump.min_on = 5 * minute_us;
  story.add(pump);
  story.save(R"({"id":"shed","triggers":[{"id":"t","metric":"soc_percent","device":"battery","below":50,"rearm":80}],
    "actions":[{"do":"switch_off","device":"pump"}],"cooldown":"PT20M"})");
  story.read({{"pump", Metric::switch_on, 0}, {"battery", Metric::soc_permille, 600}});
  CHECK(story.ask("pump", Action::switch_on, 0, {PrincipalKind::rule, "other"}).back() == "dispatched pump switch_on");
  story.pass(second_us);
  story.read({{"battery", Metric::soc_permille, 600}, {"pump", Metric::switch_on, 1}});
  CHECK(later(story, 450) == Lines{"fired shed/t acted", "requested pump switch_off", "refused min-on"});
  CHECK(later(story, 440) == Lines{"fired shed/t cooling_down"});
  for (int minute = 3; minute <= 20; ++minute) CHECK(later(story, 440 - minute) == Lines{});
  story.pass(second_us);
  CHECK(later(story, 400) == Lines{"fired shed/t acted", "requested pump switch_off", "allowed", "dispatched pump switch_off"});
}

TEST_CASE("a rule whose command came to nothing asks again, one whose command was confirmed does not") {
  for (const auto end : {DeviceAnswer::Kind::device_error, DeviceAnswer::Kind::not_sent, DeviceAnswer::Kind::accepted}) {
    Story story = guarded();
    CHECK(later(story, 450) == paused);
    story.answer(story.last<CommandDispatched>()->command, end);
    if (end == DeviceAnswer::Kind::accepted) CHECK(story.live_until(story.at + verify_deadline) == Lines{"failed outcome_unknown", "not rolled back"});
    CHECK(later(story, 440, 59 * second_us) == Lines{});
    CHECK(later(story, 430, 2 * second_us) == paused);
    story.pass(second_us);
    CHECK(story.read({{"miner-1", Metric::switch_on, 0}}) == Lines{"verified"});
    for (int minute = 0; minute < 90; ++minute) CHECK(later(story, 420 - minute) == Lines{});
  }
}

TEST_CASE("rows of one source time are one moment: rules see all of it before they react") {
  Story story;
  story.save(R"({"id":"c","triggers":[{"id":"t","metric":"soc_percent","device":"battery","below":50}],
    "conditions":[{"metric":"grid_w","device":"grid","below":3000}],"actions":[{"do":"notify","text":"hello"}]})");
  SECTION("together") { CHECK(story.read({{"battery", Metric::soc_permille, 400}, {"grid", Metric::grid_w, 100}}) == met); }
  SECTION("one after the other") {
    ReadingBuilder builder;
    builder.row("battery", story.at - 1);
    builder.set(Metric::soc_permille, 400);
    builder.row("grid", story.at);
    builder.set(Metric::grid_w, 100);
    CHECK(story.take(builder.take()) == not_met);
  }
}

TEST_CASE("a stop holds automation and what energises, only a named person lifts it, with a reason") {
  Story story = guarded();
  CHECK(story.stop({PrincipalKind::agent, "watcher"}) == Lines{"stop"});
  CHECK(later(story, 499) == Lines{"fired miner-guard/low automation_off"});
  CHECK(story.ask("miner-1", Action::switch_on) == Lines{"requested miner-1 switch_on", "refused stop"});
  CHECK(story.ask("miner-1", Action::switch_off).back() == "dispatched miner-1 switch_off");
  story.pass(second_us);
  story.read({{"miner-1", Metric::switch_on, 1}});

  CHECK(story.lift({PrincipalKind::rule, "miner-guard"}) == Lines{"error refused"});
  CHECK(story.lift({PrincipalKind::agent, "a"}) == Lines{"error refused"});
  CHECK(story.lift({PrincipalKind::user, ""}) == Lines{"error refused"});
  const Micros stamp = story.journal.begin(story.at);
  CHECK_FALSE(story.site.lift_stop(anna, "", stamp, story.journal).has_value());
  CHECK(story.site.stopped());
  CHECK(story.lift() == Lines{"lifted"});
  CHECK(story.lift() == Lines{"error conflict"});
  CHECK_FALSE(story.site.stopped());
}

TEST_CASE("lifting a stop sends nothing, and what is true then fires on the next reading (H32)") {
  Story story = guarded();
  story.stop();
  CHECK(later(story, 450) == Lines{"fired miner-guard/low automation_off"});
  CHECK(later(story, 440) == Lines{});
  CHECK(story.lift() == Lines{"lifted"});
  CHECK(story.live_until(story.at + second_us) == Lines{});
  CHECK(later(story, 430) == paused);
}

TEST_CASE("switching automation on again is a fresh start, too, other settings are none") {
  Story story = guarded();
  story.settings.automation = false;
  story.configure(story.settings);
  CHECK(later(story, 450) == Lines{"fired miner-guard/low automation_off"});
  story.settings.name = "Other name";
  story.configure(story.settings);
  CHECK(later(story, 440) == Lines{});
  story.settings.automation = true;
  story.configure(story.settings);
  CHECK(later(story, 430) == paused);
  story.settings.name = "Third name";
  story.configure(story.settings);
  story.pass(second_us);
  story.read({{"miner-1", Metric::switch_on, 0}});
  CHECK(later(story, 420) == Lines{});
}

// ---- commands to their end -------------------------------------------------------------------------------------------------

TEST_CASE("a command ends by a newer reading, by the device, or unknown at the deadline, answers alone end nothing") {
  Story story = guarded();
  later(story, 499);
  const CommandId command = story.last<CommandDispatched>()->command;
  CHECK(story.read_at(story.at - second_us, {{"miner-1", Metric::switch_on, 1}}) == Lines{});  // older than the dispatch
  CHECK(story.answer(command, DeviceAnswer::Kind::accepted) == Lines{"answered accepted"});
  CHECK(story.answer(command, DeviceAnswer::Kind::accepted) == Lines{});  // said before
  CHECK(story.device("miner-1").in_flight);
  SECTION("a newer reading") {
    story.pass(second_us);
    CHECK(story.read({{"miner-1", Metric::switch_on, 1}}) == Lines{});  // not yet
    story.pass(second_us);
    CHECK(story.read({{"miner-1", Metric::switch_on, 0}}) == Lines{"verified"});
    CHECK(story.last<CommandVerified>()->reading == story.journal.next() - 2);
    CHECK(story.answer(command, DeviceAnswer::Kind::device_error) == Lines{});  // too late to matter
  }
  SECTION("the device's error") { CHECK(story.answer(command, DeviceAnswer::Kind::device_error) == Lines{"failed device_error"}); }
  SECTION("never sent") { CHECK(story.answer(command, DeviceAnswer::Kind::not_sent) == Lines{"failed not_sent"}); }
  SECTION("nothing") {
    const auto due = story.site.next_due(story.at);
    REQUIRE(due);
    CHECK(*due - story.last<CommandDispatched>()->verify_by == 0);
    CHECK(story.live_until(story.at + verify_deadline + second_us) == Lines{"failed outcome_unknown", "not rolled back"});
    CHECK_FALSE(story.site.next_due(story.at));
  }
  CHECK_FALSE(story.device("miner-1").in_flight);
}

TEST_CASE("the last look before a device hears: ended, expired, stopped, or no longer safe") {
  Story story = guarded();
  story.soc(900);
  story.ask("miner-1", Action::switch_on);
  const CommandDispatched command = *story.last<CommandDispatched>();
  CHECK_FALSE(story.site.why_not_send(command, story.at));
  CHECK_FALSE(story.site.why_not_send(command, command.expires_at - 1));
  CHECK(story.site.why_not_send(command, command.expires_at) == "it expired before it could be sent");
  SECTION("a stop between dispatch and send") {
    story.stop();
    CHECK(story.site.why_not_send(command, story.at) == "the command has ended");
    CHECK(story.last<CommandDispatched>()->purpose == Purpose::safe_state);
  }
  SECTION("the battery fell to its floor meanwhile (H4)") {
    CHECK(later(story, 200, second_us).size() == 3);  // the guard asks, too: busy
    CHECK(story.site.why_not_send(command, story.at) == "soc-floor: The battery is at or below its floor.");
  }
  SECTION("the reading became unusable meanwhile") {
    story.pass(second_us);
    story.read({{"battery", Metric::soc_permille, 1001}});
    CHECK(story.site.why_not_send(command, story.at)->starts_with("quality"));
  }
  SECTION("the command has ended") {
    story.answer(command.command, DeviceAnswer::Kind::not_sent);
    CHECK(story.site.why_not_send(command, story.at) == "the command has ended");
  }
}

TEST_CASE("the last look does not hold a command's own dispatch against it") {
  Story story;
  story.settings.grid_import_w_max = 2'000;
  story.configure(story.settings);
  story.read({{"battery", Metric::soc_permille, 900}, {"grid", Metric::grid_w, 0}});
  const Principal rule{PrincipalKind::rule, "r"};
  for (int i = 0; i < 12; ++i) {
    story.pass(second_us);
    REQUIRE(story.ask("miner-1", i % 2 == 0 ? Action::switch_on : Action::switch_off, 0, rule).back().starts_with("dispatched"));
    CHECK(story.site.why_not_send(*story.last<CommandDispatched>(), story.at) == std::nullopt);
    story.pass(second_us);
    story.read({{"grid", Metric::grid_w, 0}, {"miner-1", Metric::switch_on, i % 2 == 0}});
    story.pass(second_us);
    story.read({{"grid", Metric::grid_w, 0}});
  }
}

TEST_CASE("a stop between dispatch and send lets a person's switching off through") {
  Story story = guarded();
  story.ask("miner-1", Action::switch_off);
  const CommandDispatched off = *story.last<CommandDispatched>();
  story.stop();
  CHECK_FALSE(story.site.why_not_send(off, story.at));
  Story by_rule = guarded();
  later(by_rule, 499);
  const CommandDispatched shed = *by_rule.last<CommandDispatched>();
  by_rule.stop();
  CHECK(by_rule.site.why_not_send(shed, by_rule.at)->starts_with("stop: "));
}

TEST_CASE("a command needs a named principal, a turn that fails half way is an error") {
  Story story = guarded();
  CHECK(story.ask("miner-1", Action::switch_off, 0, {PrincipalKind::user, ""}) == Lines{"error refused"});
  story.journal.fail_after(1);
  CHECK(story.ask("miner-1", Action::switch_off) == Lines{"error conflict"});
}

// ---- rules by the clock ------------------------------------------------------------------------------------------------------

TEST_CASE("a time trigger acts when it is due, and a missed one is recorded, not acted on") {
  Story story;
  story.read({{"miner-1", Metric::switch_on, 1}});
  story.save(R"({"id":"evening","triggers":[{"id":"t","at":"22:00"}],"actions":[{"do":"switch_off","device":"miner-1"}]})");
  const Micros due = *parse_time("2025-06-02T20:00:00Z");
  CHECK(story.site.next_due(story.at) == due);
  CHECK(story.live_until(due).front() == "fired evening/t acted");
  CHECK(story.last<RuleFired>()->reading == 0);
  CHECK(story.last<RuleFired>()->device.empty());
  story.at = due + 2 * day_us + hour_us;  // nobody ran for two days
  CHECK(story.tick() == Lines{"failed outcome_unknown", "not rolled back", "fired evening/t condition_not_met", "fired evening/t condition_not_met"});
  CHECK(story.last<RuleFired>()->detail == "its moment passed while nothing was running");
  CHECK(story.site.next_due(story.at) == due + 3 * day_us);
}

TEST_CASE("versions of a rule count up, also across its removal") {
  Story story;
  CHECK(story.save(guard_rule) == Lines{"saved miner-guard v1"});
  CHECK(story.save(guard_rule) == Lines{"saved miner-guard v2"});
  CHECK(story.remove("miner-guard") == Lines{"removed miner-guard"});
  CHECK(story.remove("miner-guard") == Lines{"error not-found"});
  story.pass(second_us);
  CHECK(story.soc(400) == Lines{});
  CHECK(story.save(guard_rule) == Lines{"saved miner-guard v3"});
  story.read({{"miner-1", Metric::switch_on, 1}});
  story.pass(second_us);
  CHECK(story.soc(399) == paused);
}

TEST_CASE("settings and devices are checked before they are facts") {
  Story story;
  const auto refuses = [&](auto change) {
    SiteConfigured wanted = story.settings;
    change(wanted);
    return story.configure(wanted) == Lines{"error invalid"};
  };
  CHECK(refuses([](SiteConfigured& s) { s.soc_floor_permille = 199; }));
  CHECK(refuses([](SiteConfigured& s) { s.soc_floor_permille = 1001; }));
  CHECK(refuses([](SiteConfigured& s) { s.time_zone = "Mars/Olympus"; }));
  CHECK(refuses([](SiteConfigured& s) { s.grid_import_w_max = -1; }));
  for (Micros DeviceRegistered::*field : {&DeviceRegistered::min_on, &DeviceRegistered::min_off}) {
    DeviceRegistered device = plug("p");
    device.*field = -1;
    CHECK(story.add(device) == Lines{"error invalid"});
  }
  for (Micros DeviceRegistered::*field : {&DeviceRegistered::hold, &DeviceRegistered::freshness}) {
    DeviceRegistered device = plug("p");
    device.*field = 0;
    CHECK(story.add(device) == Lines{"error invalid"});
  }
}
