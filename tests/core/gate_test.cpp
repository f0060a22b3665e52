// What a command waits for, who says yes to it, and what a stop leaves of it.
#include <catch2/catch.hpp>
#include <set>
#include <functional>

#include "actors/core/preferences.hpp"
#include "tests/support/core_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

const Principal guard{PrincipalKind::rule, "guard"};
const Principal agent{PrincipalKind::agent, "advisor"};

/// 90 % in the battery, a miner that is off, and everybody on line.
Story at_rest() {
  Story story;
  story.read({{"battery", Metric::soc_permille, 900}, {"miner-1", Metric::switch_on, 0}});
  story.pass(second_us);
  return story;
}

CommandId last_asked(const Story& story) { return story.last<CommandRequested>()->command; }

Story agent_asks() {
  Story story = at_rest();
  CHECK(story.ask("miner-1", Action::switch_on, 0, agent) == Lines{"requested miner-1 switch_on", "approval requested"});
  return story;
}

}  // namespace

// ---- approvals -----------------------------------------------------------------------------------------------------

TEST_CASE("an agent's command waits for a person, and is judged again when the yes comes (H4, H34)") {
  Story story = agent_asks();
  const CommandId command = last_asked(story);
  CHECK(story.last<ApprovalRequested>()->sentence == "Switch \"miner-1\" (miner-1) on.");
  CHECK(story.last<ApprovalRequested>()->expires_at == story.journal.records().back()->envelope.recorded_at + approval_expiry);
  story.pass(minute_us);
  SECTION("yes") {
    CHECK(story.approve(command) == Lines{"approved", "allowed", "dispatched miner-1 switch_on"});
    CHECK(story.approve(command) == Lines{"error not-found"});  // once
    const auto& records = story.journal.records();
    CHECK(records[records.size() - 2]->envelope.cause == records[records.size() - 3]->envelope.position);
    CHECK(records.back()->envelope.principal == agent);
  }
  SECTION("yes, but the battery has fallen meanwhile") {
    story.soc(190);
    CHECK(story.approve(command) == Lines{"approved", "refused soc-floor"});
  }
  SECTION("no") { CHECK(story.approve(command, false) == Lines{"denied", "cancelled denied"}); }
  SECTION("only people say yes") {
    CHECK(story.approve(command, true, true, agent) == Lines{"error refused"});
    CHECK(story.approve(command, true, true, guard) == Lines{"error refused"});
    CHECK(story.approve(command, true, true, {PrincipalKind::user, ""}) == Lines{"error refused"});
    CHECK(story.site.pending(command) != nullptr);
  }
  SECTION("five wrong codes shut the channel (H22)") {
    for (int i = 0; i < wrong_codes_max; ++i) CHECK(story.approve(command, true, false) == Lines{"wrong code", "turned down approval-code"});
    CHECK(story.approve(command, true, true) == Lines{"turned down approval-closed"});
    CHECK(story.count<CommandDispatched>() == 0);
  }
}

TEST_CASE("an approval ends after five minutes, to the microsecond (H20)") {
  for (const bool in_time : {true, false}) {
    Story story = agent_asks();
    const CommandId command = last_asked(story);
    story.at = story.last<ApprovalRequested>()->expires_at - (in_time ? 1 : 0);
    story.journal.begin(story.at - 2);  // keep the stamps where the clock is
    if (in_time) CHECK(story.approve(command).front() == "approved");
    else CHECK(story.approve(command) == Lines{"cancelled expired", "turned down approval-expired"});
  }
  Story story = agent_asks();
  CHECK(story.live_until(story.at + approval_expiry + second_us) == Lines{"cancelled expired"});
  CHECK_FALSE(story.site.next_due(story.at));
}

TEST_CASE("what people read is what is done: a device that was changed after they were asked is not told (H27)") {
  const auto changed = [](const std::function<void(DeviceRegistered&)>& change) {
    Story story = agent_asks();
    const CommandId command = last_asked(story);
    DeviceRegistered device = story.device("miner-1").about;
    change(device);
    story.add(device);
    const Lines said = story.approve(command);
    CHECK(story.approve(command).front() == "error not-found");
    return said;
  };
  const Lines refused{"cancelled replaced", "turned down approval-changed"};
  CHECK(changed([](DeviceRegistered& d) { d.name = "Sauna"; }) == refused);
  CHECK(changed([](DeviceRegistered& d) { d.hardware = "shelly-77"; }) == refused);
  CHECK(changed([](DeviceRegistered& d) { d.environment = "production"; }) == refused);
  // What the sentence does not depend on is judged as it is by then.
  CHECK(changed([](DeviceRegistered& d) { d.freshness = 10 * minute_us; }).front() == "approved");
  CHECK(changed([](DeviceRegistered& d) { d.can_switch = false; }) == Lines{"approved", "refused capability"});
  // A no needs no proof that nothing changed.
  Story story = agent_asks();
  const CommandId command = last_asked(story);
  DeviceRegistered device = story.device("miner-1").about;
  device.name = "Sauna";
  story.add(device);
  CHECK(story.approve(command, false).back() == "cancelled denied");
}

TEST_CASE("who needs a yes is what the preferences and the device say") {
  Story story = at_rest();
  const auto waits = [&](const Principal& who, Action action) {
    const Lines said = story.ask("miner-1", action, 0, who);
    const bool waited = said.back() == "approval requested";
    story.stop(), story.lift();  // nothing is left over
    story.pass(2 * hour_us);
    story.read({{"battery", Metric::soc_permille, 900}, {"miner-1", Metric::switch_on, 0}});
    story.pass(second_us);
    return waited;
  };
  CHECK_FALSE(waits(guard, Action::switch_on));
  PreferencesSet wishes;
  wishes.confirmation = Confirmation::always;
  story.prefer(wishes);
  CHECK(waits(guard, Action::switch_on));
  CHECK(waits(guard, Action::switch_off));
  CHECK(waits(anna, Action::switch_on));
  CHECK_FALSE(waits(anna, Action::switch_off));  // a person may always switch off
  wishes.confirmation = Confirmation::never;
  story.prefer(wishes);
  CHECK_FALSE(waits(guard, Action::switch_on));
  CHECK(waits(agent, Action::switch_off));
  wishes.auto_pause = false;
  story.prefer(wishes);
  CHECK(waits(guard, Action::switch_off));
  wishes = {};
  story.prefer(wishes);
  DeviceRegistered careful = plug("miner-1");
  careful.needs_approval = true;
  story.add(careful);
  CHECK(waits(guard, Action::switch_on));
  CHECK(waits(anna, Action::switch_on));
}

// ---- waiting for the device --------------------------------------------------------------------------------------------

TEST_CASE("a higher priority waits for the command in flight, and goes when it has ended (H13)") {
  Story story = at_rest();
  CHECK(story.ask("miner-1", Action::switch_on, 0, guard).back() == "dispatched miner-1 switch_on");
  CHECK(story.ask("miner-1", Action::switch_off, 0, {PrincipalKind::schedule, "s"}).back() == "refused busy");
  CHECK(story.ask("miner-1", Action::switch_off, 0, anna) == Lines{"requested miner-1 switch_off", "waiting device_busy"});
  CHECK(story.ask("miner-1", Action::switch_on, 0, anna).back() == "refused busy");  // the first wins
  story.pass(second_us);
  CHECK(story.read({{"miner-1", Metric::switch_on, 1}}) == Lines{"verified", "allowed", "dispatched miner-1 switch_off"});
  CHECK(story.last<CommandAllowed>()->snapshot != 0);
}

TEST_CASE("a waiting command of lower priority is replaced, and one that waits in vain is cancelled") {
  Story story = at_rest();
  PreferencesSet wishes;
  wishes.confirmation = Confirmation::never;
  story.prefer(wishes);
  story.ask("miner-1", Action::switch_on, 0, agent);
  REQUIRE(story.approve(last_asked(story)).back() == "dispatched miner-1 switch_on");
  CHECK(story.ask("miner-1", Action::switch_off, 0, guard).back() == "waiting device_busy");
  CHECK(story.ask("miner-1", Action::switch_off, 0, anna) == Lines{"requested miner-1 switch_off", "cancelled replaced", "waiting device_busy"});
  story.answer(story.device("miner-1").in_flight->command, DeviceAnswer::Kind::accepted);
  const Lines end = story.live_until(story.at + 3 * minute_us);
  CHECK(std::find(end.begin(), end.end(), "dispatched miner-1 switch_off") > std::find(end.begin(), end.end(), "failed outcome_unknown"));
  CHECK(std::count(end.begin(), end.end(), "dispatched miner-1 switch_off") >= 1);  // when the deadline had freed the device
}

TEST_CASE("a device that is off line: refused with a clear reason, or waited for when asked to") {
  Story story = at_rest();
  story.pass(6 * minute_us);
  story.soc(900);
  CHECK(story.ask("miner-1", Action::switch_on).back() == "refused device-offline");
  CHECK(story.last<CommandRefused>()->refusals.front().limit == 300);
  CHECK(story.ask("miner-1", Action::switch_off).back() == "dispatched miner-1 switch_off");  // shedding is tried all the same
  story.answer(story.last<CommandDispatched>()->command, DeviceAnswer::Kind::not_sent);
  const Ask patient{{{"miner-1"}, Action::switch_on, 0, anna}, "when it is back", {}, {}, {}, 10 * minute_us};
  CHECK(story.ask(patient) == Lines{"requested miner-1 switch_on", "waiting device_offline"});
  story.pass(minute_us);
  CHECK(story.read({{"miner-1", Metric::switch_on, 0}}) == Lines{"allowed", "dispatched miner-1 switch_on"});
}

TEST_CASE("when most devices come back together automation's loads come back one by one (H16)") {
  Story story = at_rest();
  story.site.woke(story.at);
  for (int i = 0; i < 5; ++i) story.add(plug("load-" + std::to_string(i), 100));
  std::set<std::string> on;  // what was told to switch on, did
  const auto hear = [&](std::int64_t soc) {
    story.read({{"battery", Metric::soc_permille, soc}});
    story.read({{"grid", Metric::grid_w, 100}});
    for (int i = 0; i < 5; ++i) story.read({{"load-" + std::to_string(i), Metric::switch_on, on.contains("load-" + std::to_string(i))}});
  };
  for (int i = 0; i < 15; ++i) hear(900 - i), story.live_until(story.at + minute_us);
  CHECK(story.ask("load-0", Action::switch_on, 0, guard).back() == "dispatched load-0 switch_on");  // the start is long over
  on.insert("load-0");
  story.pass(3 * second_us), hear(885);
  story.live_until(story.at + 15 * minute_us);  // the power is out
  CHECK(story.site.alerts().size() == 1);
  CHECK(story.site.alerts().front().alert == "connection");

  on.clear();
  hear(880);
  std::vector<Micros> sent;
  const auto obey = [&](std::size_t before) {
    if (story.count<CommandDispatched>() == before) return;
    const CommandDispatched told = *story.last<CommandDispatched>();
    on.insert(told.device.text);
    sent.push_back(story.at);
    story.answer(told.command, DeviceAnswer::Kind::accepted);
  };
  const std::size_t before = story.count<CommandDispatched>();
  for (int i = 0; i < 5; ++i) story.ask("load-" + std::to_string(i), Action::switch_on, 0, guard);
  CHECK(story.count<CommandDispatched>() == before + 1);
  obey(before);
  CHECK(story.ask("miner-1", Action::switch_on).back().starts_with("refused"));  // which is still silent
  for (int i = 0; i < 300; ++i) {
    story.pass(second_us);
    const std::size_t told = story.count<CommandDispatched>();
    if (i % 3 == 0) hear(880 - i / 30);
    story.tick();
    obey(told);
  }
  REQUIRE(sent.size() == 4);  // load-0 went off by hand, so automation keeps off it
  for (std::size_t i = 1; i < sent.size(); ++i) CHECK(sent[i] - sent[i - 1] >= gap_least - second_us);
  for (int i = 0; i < 4; ++i) hear(870 - i), story.live_until(story.at + minute_us);
  CHECK(story.site.alerts().front().alert == "device-offline/miner-1");  // it is over, but for the one that is still silent
  CHECK(rebuilt(story.journal.records()).snapshot() == story.site.snapshot());
}

TEST_CASE("after a start automation's loads come back one by one (H16)") {
  Story story = at_rest();
  for (int i = 0; i < 10; ++i) story.add(plug("load-" + std::to_string(i), 100));
  story.site.woke(story.at);
  for (int i = 0; i < 10; ++i) CHECK(story.ask("load-" + std::to_string(i), Action::switch_on, 0, guard).back() == "waiting its_turn");
  CHECK(story.ask("miner-1", Action::switch_on).back() == "dispatched miner-1 switch_on");  // people do not queue
  std::vector<Micros> sent;
  for (int i = 0; i < 360; ++i) {
    story.pass(second_us);
    if (i % 60 == 0) story.soc(900 - i);
    for (const std::string& line : story.tick()) {
      if (!line.starts_with("dispatched load")) continue;
      sent.push_back(story.at);
      story.answer(story.last<CommandDispatched>()->command, DeviceAnswer::Kind::accepted);
    }
  }
  REQUIRE(sent.size() == 10);
  for (std::size_t i = 1; i < sent.size(); ++i) CHECK(sent[i] - sent[i - 1] >= gap_least - second_us);
}

TEST_CASE("loads that waited for what was on its way at the start do not all go when it has ended (H16)") {
  Story story = at_rest();
  for (int i = 0; i < 3; ++i) story.add(plug("load-" + std::to_string(i), 100));
  story.ask("miner-1", Action::switch_on, 0, guard);
  story.pass(second_us);
  story.site.woke(story.at);
  for (int i = 0; i < 3; ++i) CHECK(story.ask("load-" + std::to_string(i), Action::switch_on, 0, guard).back() == "waiting its_turn");
  story.pass(minute_us);  // every turn has come, but the miner is not known to be on
  CHECK(story.tick() == Lines{"answered unreachable"});
  const Lines first = story.read({{"battery", Metric::soc_permille, 900}, {"miner-1", Metric::switch_on, 1}});
  CHECK(std::count_if(first.begin(), first.end(), [](const std::string& line) { return line.starts_with("dispatched load"); }) == 1);
  CHECK(std::count(story.tick().begin(), story.tick().end(), "allowed") == 0);
}

TEST_CASE("a load that is asked for when nothing has come back for a while needs no turn") {
  Story story = at_rest();
  story.site.woke(story.at);
  story.pass(4 * minute_us);
  story.soc(900);
  CHECK(story.ask("miner-1", Action::switch_on, 0, guard).back() == "dispatched miner-1 switch_on");
}

TEST_CASE("nobody goes before a higher priority that waits for the same device (H13)") {
  Story story = at_rest();
  story.save(R"({"id":"full","triggers":[{"id":"full","metric":"soc_percent","device":"battery","above":95,"rearm":90}],
                 "actions":[{"do":"switch_off","device":"miner-1"}]})");
  CHECK(story.ask("miner-1", Action::switch_on, 0, guard).back() == "dispatched miner-1 switch_on");
  CHECK(story.ask("miner-1", Action::switch_on).back() == "waiting device_busy");
  story.pass(second_us);
  // The reading that frees the device also fires a rule: the person comes first.
  const Lines said = story.read({{"battery", Metric::soc_permille, 960}, {"miner-1", Metric::switch_on, 1}});
  CHECK(said == Lines{"verified", "fired full/full acted", "requested miner-1 switch_off", "refused busy", "allowed", "dispatched miner-1 switch_on"});
}

TEST_CASE("after an unknown outcome nobody switches on before min-off has passed, shedding waits for nothing") {
  Story story = at_rest();
  DeviceRegistered careful = plug("miner-1");
  careful.min_off = 10 * minute_us, careful.min_on = 10 * minute_us;
  story.add(careful);
  story.read({{"miner-1", Metric::switch_on, 1}});
  story.pass(second_us);
  CHECK(story.ask("miner-1", Action::switch_off).back() == "dispatched miner-1 switch_off");
  story.live_until(story.at + 2 * verify_deadline);
  REQUIRE_FALSE(story.device("miner-1").on.has_value());
  story.soc(900);
  CHECK(story.ask("miner-1", Action::switch_on).back() == "refused min-off");
  CHECK(story.ask("miner-1", Action::switch_off).back() == "dispatched miner-1 switch_off");
}

// ---- the stop -------------------------------------------------------------------------------------------------------------

TEST_CASE("a stop cancels what waits and drives what is on the wire to its safe state, nothing comes back when it is lifted (H29, H32)") {
  Story story = at_rest();
  story.add(plug("miner-2"));
  story.ask("miner-2", Action::switch_on, 0, agent);
  story.ask("miner-1", Action::switch_on, 0, guard);
  story.ask("miner-1", Action::switch_off, 0, anna);
  CHECK(story.stop() == Lines{"stop", "cancelled stopped", "cancelled stopped", "failed outcome_unknown", "requested miner-1 switch_off", "allowed",
                              "dispatched miner-1 switch_off"});
  CHECK(story.last<CommandDispatched>()->purpose == Purpose::safe_state);
  CHECK_FALSE(story.site.why_not_send(*story.last<CommandDispatched>(), story.at));
  story.pass(second_us);
  // What was on the wire may still arrive: only when it has expired is the safe state believed.
  CHECK(story.read({{"miner-1", Metric::switch_on, 0}}) == Lines{});
  story.answer(story.last<CommandDispatched>()->command, DeviceAnswer::Kind::accepted);
  story.pass(settle_least + second_us);
  CHECK(story.read({{"miner-1", Metric::switch_on, 1}}) == Lines{"dispatched miner-1 switch_off"});
  story.pass(command_expiry);
  CHECK(story.read({{"miner-1", Metric::switch_on, 0}}) == Lines{"verified"});
  CHECK(story.lift() == Lines{"lifted"});
  CHECK(story.live_until(story.at + hour_us) == Lines{});
}

TEST_CASE("a clock that jumped voids what waits and pauses schedules, people and the stop go on (H35)") {
  Story story = agent_asks();
  story.save(R"({"id":"evening","triggers":[{"id":"t","at":"12:10"}],"actions":[{"do":"notify","text":"x"}]})");
  story.journal.begin(story.at);
  REQUIRE(story.site.suspect_clock(hour_us, story.at, story.journal));
  CHECK(lines(story.journal.turn()) == Lines{"clock.suspected", "cancelled clock_suspect"});
  CHECK_FALSE(story.site.next_due(story.at));
  CHECK(story.live_until(story.at + minute_us) == Lines{});
  CHECK(story.ask("miner-1", Action::switch_on).back() == "dispatched miner-1 switch_on");
  REQUIRE(story.site.trust_clock(anna, story.at, story.journal));
  CHECK(story.site.next_due(story.at));
}

// ---- preferences and the host's limits --------------------------------------------------------------------------------------

TEST_CASE("preferences stay within what the site and the host allow, and every problem has its pointer (C4)") {
  Story story;
  const auto pointers = [&](auto change) {
    PreferencesSet wishes;
    change(wishes);
    Lines out;
    for (const PreferenceProblem& problem : check_preferences(wishes, story.settings, story.site.limits())) out.push_back(problem.pointer);
    return out;
  };
  CHECK(pointers([](PreferencesSet&) {}) == Lines{});
  CHECK(pointers([](PreferencesSet& w) { w.min_soc_permille = 199; }) == Lines{"/min_soc_percent"});
  CHECK(pointers([](PreferencesSet& w) { w.target_soc_permille = 300; }) == Lines{"/target_soc_percent"});
  CHECK(pointers([](PreferencesSet& w) { w.pause_below_permille = 290, w.resume_above_permille = 280; }) == Lines{"/pause_below_percent", "/resume_above_percent"});
  CHECK(pointers([](PreferencesSet& w) { w.rest_hours = {1440, 60}; }) == Lines{"/rest_hours"});
  CHECK(pointers([](PreferencesSet& w) { w.mail = "anna@example.org\r\nBcc: x@y.z"; }) == Lines{"/mail"});
  CHECK(pointers([](PreferencesSet& w) { w.sms = "0048123456789"; }) == Lines{"/sms"});
  story.settings.grid_import_w_max = 8000;
  CHECK(pointers([](PreferencesSet& w) { w.grid_import_w_max = 8001; }) == Lines{"/grid_import_w_max"});
  PreferencesSet wrong;
  wrong.min_soc_permille = 100;
  CHECK(story.prefer(wrong) == Lines{"error invalid"});
  CHECK(story.site.wishes() == PreferencesSet{});
}

TEST_CASE("the host's floor and limit bind people, too, its environment keeps a test installation off real devices (H41)") {
  Story story = at_rest();
  story.site.set_limits({400, 3000, "test"});
  story.read({{"battery", Metric::soc_permille, 400}, {"grid", Metric::grid_w, 0}});
  CHECK(story.ask("miner-1", Action::switch_on).back() == "refused soc-floor");
  CHECK(story.last<CommandRefused>()->refusals.front().limit == 400);
  story.pass(second_us);
  story.read({{"battery", Metric::soc_permille, 900}, {"grid", Metric::grid_w, 1500}});
  CHECK(story.ask("miner-1", Action::switch_on).back() == "refused grid-limit");
  DeviceRegistered real = plug("miner-1");
  real.environment = "production";
  story.add(real);
  CHECK(story.ask("miner-1", Action::switch_off).back() == "refused environment");
  story.settings.soc_floor_permille = 300;
  CHECK(story.configure(story.settings) == Lines{"error invalid"});
}
