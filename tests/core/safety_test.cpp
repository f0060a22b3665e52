// The truth table of docs/SAFETY.md, asked of the code: what may be told to a device when, and what a refusal says.
#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/support/core_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

const Principal guard{PrincipalKind::rule, "guard"};
const Principal agent{PrincipalKind::agent, "advisor"};
const Principal schedule{PrincipalKind::schedule, "nightly"};
const Principal key{PrincipalKind::apikey, "k1"};

Verdict verdict(const Story& story, const std::string& device, Action action, std::int64_t power_w = 0, Principal who = anna) {
  return check(story.site.view(story.at), {{device}, action, power_w, std::move(who)}, story.at);
}

std::set<std::string> rules(const Verdict& verdict) {
  std::set<std::string> out;
  for (const Refusal& r : verdict.refusals) out.insert(r.rule);
  return out;
}

const Refusal& the(const Verdict& v, const std::string& rule) {
  for (const Refusal& r : v.refusals)
    if (r.rule == rule) return r;
  FAIL("not refused by " << rule);
  return v.refusals.front();
}

// ---- the sweep (H1) ----------------------------------------------------------------------------------------------

enum class Data { fresh, stale, none };
struct Asked {
  const char* device;
  Action action;
  std::int64_t power_w;
  bool drains;  // draws on the battery, or lets it discharge
  bool beyond;  // more than the device can do
};
constexpr Asked asked[] = {
    {"miner", Action::switch_on, 0, true, false},         {"miner", Action::switch_off, 0, false, false},
    {"battery", Action::set_power, 2000, true, false},    {"battery", Action::set_power, -2000, false, false},
    {"battery", Action::set_power, 0, false, false},      {"battery", Action::set_power, 9000, true, true},
};

/// Written from docs/SAFETY.md, not from the code.
std::set<std::string> written(const Asked& a, int soc_permille, Data data, bool person) {
  std::set<std::string> out;
  if (a.beyond) out.insert("range");
  if (data == Data::stale && a.device == std::string("battery") && a.power_w != 0) out.insert("device-offline");
  if (!person && a.power_w < 0 && data != Data::none && soc_permille >= 800) out.insert("target-soc");
  if (!a.drains) return out;
  if (data == Data::none) out.insert("unknown");
  if (data == Data::stale) out.insert("stale");
  if (data != Data::fresh) return out;
  if (soc_permille <= 200) out.insert("soc-floor");
  else if (!person && soc_permille <= 300) out.insert("min-soc");
  else if (!person && a.action == Action::switch_on && soc_permille < 500) out.insert("pause-below");
  return out;
}

struct Bench {
  Bench() {
    for (const DeviceRegistered& about : {plug("miner"), battery("battery")}) {
      devices.emplace_back();
      devices.back().about = about;
      devices.back().registered = true;
    }
  }
  SiteConfigured settings;
  PreferencesSet wishes;
  HostLimits limits;
  std::vector<DeviceState> devices;
  std::vector<PendingCommand> pending;
  std::vector<SafetyView::SuspectSeen> suspects;
};

}  // namespace

TEST_CASE("the floor holds for every state of charge, action, age of the reading and asker") {
  const Bench bench;
  std::size_t cases = 0, allowed = 0;
  for (int soc = 0; soc <= 1000; ++soc) {
    for (const Data data : {Data::fresh, Data::stale, Data::none}) {
      SiteNow now;
      now.index_of("miner");
      const DeviceIndex index = now.index_of("battery");
      const Micros read_at = data == Data::fresh ? monday_noon - 5 * minute_us : monday_noon - 5 * minute_us - 1;
      if (data != Data::none) now.fold(index, Metric::soc_permille, soc, read_at, 77);
      const SafetyView view{now, bench.settings, bench.wishes, bench.limits, bench.devices, bench.pending, 12 * 60, false, 0, false, bench.suspects};
      for (const Asked& a : asked)
        for (const Principal& who : {anna, guard, agent, schedule}) {
          const Verdict answer = check(view, {{a.device}, a.action, a.power_w, who}, monday_noon);
          const auto expected = written(a, soc, data, is_person(who.kind));
          ++cases;
          allowed += expected.empty();
          if (rules(answer) == expected && answer.refusals.size() == expected.size()) {
            for (const Refusal& r : answer.refusals) {
              if (r.rule == "soc-floor") {
                REQUIRE(r.limit == 200);
                REQUIRE(r.actual == soc);
                REQUIRE(r.reading == 77);
              }
              if (r.rule == "stale") {
                REQUIRE(r.limit == 300);
                REQUIRE(r.actual.has_value());
                REQUIRE(r.reading == 77);
              }
            }
            const bool used = a.drains && data == Data::fresh;
            REQUIRE(answer.readings == (used ? std::vector<Position>{77} : std::vector<Position>{}));
            continue;
          }
          CAPTURE(soc, a.device, name(a.action), a.power_w, to_string(who), static_cast<int>(data));
          CHECK(rules(answer) == expected);
          CHECK(answer.refusals.size() == expected.size());
        }
    }
  }
  CHECK(cases >= 24'000);
  CHECK(allowed > 10'000);
  CHECK(allowed < cases);
}

TEST_CASE("20.0 % is at the floor, 20.1 % is above it, the floor may be set higher") {
  Story story;
  story.soc(200);
  const Verdict at = verdict(story, "miner-1", Action::switch_on);
  CHECK(the(at, "soc-floor").limit == 200);
  CHECK(the(at, "soc-floor").actual == 200);
  CHECK(the(at, "soc-floor").unit == "permille");
  CHECK(the(at, "soc-floor").reading == story.journal.next() - 1);
  story.pass(second_us);
  story.soc(201);
  CHECK(verdict(story, "miner-1", Action::switch_on).allowed());
  story.settings.soc_floor_permille = 300;
  story.configure(story.settings);
  CHECK(rules(verdict(story, "miner-1", Action::switch_on)) == std::set<std::string>{"soc-floor"});
  story.settings.soc_floor_permille = 199;
  CHECK(story.configure(story.settings) == Lines{"error invalid"});
}

TEST_CASE("of two batteries the lower one counts, and a stale one is not ignored") {
  Story story;
  story.add(battery("second"));
  story.read({{"battery", Metric::soc_permille, 600}, {"second", Metric::soc_permille, 190}});
  CHECK(rules(verdict(story, "miner-1", Action::switch_on)) == std::set<std::string>{"soc-floor"});
  story.pass(5 * minute_us + second_us);
  story.read({{"battery", Metric::soc_permille, 600}});
  CHECK(rules(verdict(story, "miner-1", Action::switch_on)) == std::set<std::string>{"stale"});
}

TEST_CASE("a node is judged on its own charge, not on its neighbours'") {
  Story story;
  DeviceRegistered node = plug("node-1");
  node.kind = DeviceKind::node;
  story.add(node);
  node.device.text = "node-2";
  story.add(node);
  story.read({{"battery", Metric::soc_permille, 900}, {"node-1", Metric::soc_permille, 900}, {"node-2", Metric::soc_permille, 100}});
  CHECK(verdict(story, "node-1", Action::switch_on).allowed());
  CHECK(rules(verdict(story, "node-2", Action::switch_on)) == std::set<std::string>{"soc-floor"});
  CHECK(verdict(story, "miner-1", Action::switch_on).allowed());
  node.device.text = "node-3";
  story.add(node);  // nobody has read its charge: that is its own concern and nobody else's
  CHECK(rules(verdict(story, "node-3", Action::switch_on)) == std::set<std::string>{"unknown"});
  CHECK(verdict(story, "node-3", Action::switch_off).allowed());
  CHECK(verdict(story, "node-1", Action::switch_on).allowed());
}

TEST_CASE("a value that cannot be makes the one before it unusable") {
  Story story;
  story.soc(600);
  const auto suspect = [&](const char* raw) {
    ReadingBuilder builder;
    builder.row("battery", story.at);
    builder.suspect(Metric::soc_permille, Quality::unreadable, raw);
    story.take(builder.take());
    return story.journal.next() - 1;
  };
  story.pass(second_us);
  const Position bad = suspect("85%");
  const Verdict refused = verdict(story, "miner-1", Action::switch_on);
  CHECK(rules(refused) == std::set<std::string>{"quality"});
  CHECK(the(refused, "quality").reading == bad);
  CHECK(verdict(story, "miner-1", Action::switch_off).allowed());
  story.pass(second_us);
  story.soc(600);
  CHECK(verdict(story, "miner-1", Action::switch_on).allowed());

  SECTION("a device that never gave anything else is no battery to trust either") {
    DeviceRegistered inverter = meter("inverter");
    inverter.kind = DeviceKind::inverter;
    story.add(inverter);
    ReadingBuilder builder;
    builder.row("inverter", story.at);
    builder.set(Metric::soc_permille, 1010);
    story.take(builder.take());
    CHECK(rules(verdict(story, "miner-1", Action::switch_on)) == std::set<std::string>{"quality"});
  }
}

TEST_CASE("stop: nothing that energises, nothing by automation, a person may still switch off") {
  Story story;
  story.soc(900);
  story.stop();
  const Position at = story.journal.next() - 1;
  for (const Principal& who : {anna, key, guard, agent, schedule}) {
    const bool person = is_person(who.kind);
    for (const Asked& a : asked) {
      if (a.beyond) continue;
      const std::string device = a.action == Action::set_power ? "battery" : "miner-1";
      const Verdict answer = verdict(story, device, a.action, a.power_w, who);
      const bool energising = a.action == Action::switch_on || (a.action == Action::set_power && a.power_w != 0);
      CAPTURE(to_string(who), name(a.action), a.power_w);
      CHECK(answer.allowed() == (person && !energising));
      if (!answer.allowed()) CHECK(the(answer, "stop").reading == at);
    }
  }
  CHECK(rules(verdict(story, "nobody", Action::switch_on)) == std::set<std::string>{"stop", "unknown-device"});
}

TEST_CASE("automation that is switched off binds everybody but people") {
  Story story;
  story.soc(900);
  story.settings.automation = false;
  story.configure(story.settings);
  CHECK(verdict(story, "miner-1", Action::switch_on).allowed());
  CHECK(verdict(story, "miner-1", Action::switch_on, 0, key).allowed());
  for (const Principal& who : {guard, agent, schedule}) {
    CHECK(rules(verdict(story, "miner-1", Action::switch_on, 0, who)) == std::set<std::string>{"automation-off"});
    CHECK(rules(verdict(story, "miner-1", Action::switch_off, 0, who)) == std::set<std::string>{"automation-off"});
  }
}

TEST_CASE("a device is told only what it can do, and no more than it can do") {
  Story story;
  story.soc(900);
  CHECK(rules(verdict(story, "nobody", Action::switch_off)) == std::set<std::string>{"unknown-device"});
  CHECK(rules(verdict(story, "grid", Action::switch_off)) == std::set<std::string>{"capability"});
  CHECK(rules(verdict(story, "battery", Action::switch_off)) == std::set<std::string>{"capability"});
  CHECK(rules(verdict(story, "miner-1", Action::set_power, 0)) == std::set<std::string>{"capability"});
  CHECK(verdict(story, "battery", Action::set_power, 5000).allowed());
  CHECK(verdict(story, "battery", Action::set_power, -5000).allowed());
  const Verdict over = verdict(story, "battery", Action::set_power, 5001);
  CHECK(the(over, "range").limit == 5000);
  CHECK(the(over, "range").actual == 5001);
  for (const std::int64_t power : {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    story.settings.grid_import_w_max = 10'000;
    story.configure(story.settings);
    story.read({{"grid", Metric::grid_w, 9'000}});
    const Verdict extreme = verdict(story, "battery", Action::set_power, power);
    CHECK(the(extreme, "range").actual == power);
    CHECK(rules(extreme).contains("grid-limit") == (power < 0));
    story.pass(second_us);
  }
  CHECK(story.add(plug("odd", -1)) == Lines{"error invalid"});
  CHECK(story.add(plug("odd", nominal_w_max + 1)) == Lines{"error invalid"});
}

TEST_CASE("one command at a time: a second one is busy, whoever asks") {
  Story story;
  story.soc(900);
  CHECK(story.ask("miner-1", Action::switch_on) == Lines{"requested miner-1 switch_on", "allowed", "dispatched miner-1 switch_on"});
  const Position dispatched = story.journal.next() - 1;
  for (const Principal& who : {anna, guard}) {
    const Verdict second = verdict(story, "miner-1", Action::switch_off, 0, who);
    CHECK(rules(second).contains("busy"));
    CHECK(the(second, "busy").reading == dispatched);
  }
  CHECK(verdict(story, "battery", Action::set_power, -100).allowed());
}

TEST_CASE("after a person's command automation keeps off the device for an hour") {
  Story story;
  story.soc(900);
  story.ask("miner-1", Action::switch_off);
  const Micros start = story.at;
  story.pass(second_us);
  story.read({{"miner-1", Metric::switch_on, 0}});
  CHECK(verdict(story, "miner-1", Action::switch_on).allowed());
  story.at = start + manual_hold - minute_us;
  story.read({{"battery", Metric::soc_permille, 900}, {"miner-1", Metric::switch_on, 0}});
  const Verdict held = verdict(story, "miner-1", Action::switch_on, 0, guard);
  CHECK(rules(held) == std::set<std::string>{"manual-hold"});
  CHECK(the(held, "manual-hold").limit == 3600);
  CHECK(the(held, "manual-hold").actual == 3540 - 1);
  CHECK(rules(verdict(story, "miner-1", Action::switch_off, 0, agent)) == std::set<std::string>{"manual-hold"});
  story.at = start + manual_hold + second_us;
  story.read({{"battery", Metric::soc_permille, 899}, {"miner-1", Metric::switch_on, 0}});
  CHECK(verdict(story, "miner-1", Action::switch_on, 0, guard).allowed());
}

TEST_CASE("minimum on and off times and switches per hour protect the device") {
  Story story;
  DeviceRegistered heat_pump = plug("heat-pump");
  heat_pump.min_on = 10 * minute_us;
  heat_pump.min_off = 5 * minute_us;
  story.add(heat_pump);
  story.read({{"battery", Metric::soc_permille, 900}, {"heat-pump", Metric::switch_on, 1}});
  CHECK(verdict(story, "heat-pump", Action::switch_off, 0, guard).allowed());  // on since when is not known
  // From here on it is switched by hand, which also keeps automation off: that is another rule's test.
  const auto wear = [&](Action action) {
    auto found = rules(verdict(story, "heat-pump", action, 0, guard));
    CHECK(found.erase("manual-hold") == 1);
    return found;
  };
  using Rules = std::set<std::string>;
  story.pass(second_us);
  story.read({{"heat-pump", Metric::switch_on, 0}});
  story.pass(5 * minute_us - second_us);
  const Verdict early = verdict(story, "heat-pump", Action::switch_on, 0, guard);
  CHECK(the(early, "min-off").limit == 300);
  CHECK(the(early, "min-off").actual == 299);
  CHECK(rules(verdict(story, "heat-pump", Action::switch_on)) == std::set<std::string>{"min-off"});
  story.pass(second_us);
  story.soc(900);
  CHECK(wear(Action::switch_on) == Rules{});
  story.read({{"heat-pump", Metric::switch_on, 1}});
  story.pass(10 * minute_us - 1);
  CHECK(wear(Action::switch_off) == Rules{"min-on"});
  CHECK(verdict(story, "heat-pump", Action::switch_off).allowed());  // a person may always switch off
  story.pass(1);
  CHECK(wear(Action::switch_off) == Rules{});
  story.read({{"battery", Metric::soc_permille, 900}, {"heat-pump", Metric::switch_on, 1}});
  CHECK(wear(Action::switch_on) == Rules{});  // already on: no switching
}

TEST_CASE("automation switches a device at most twelve times an hour") {
  Story story;
  story.soc(900);
  const Micros start = story.at;
  for (int i = 0; i < 12; ++i) {
    const bool on = i % 2 == 0;
    REQUIRE(story.ask("miner-1", on ? Action::switch_on : Action::switch_off, 0, guard).back().starts_with("dispatched"));
    story.pass(minute_us);
    REQUIRE(story.read({{"battery", Metric::soc_permille, 900 - i}, {"miner-1", Metric::switch_on, on}}) == Lines{"verified"});
  }
  const Verdict worn = verdict(story, "miner-1", Action::switch_on, 0, guard);
  CHECK(rules(worn) == std::set<std::string>{"switch-rate"});
  CHECK(the(worn, "switch-rate").limit == 12);
  CHECK(the(worn, "switch-rate").actual == 12);
  CHECK(verdict(story, "miner-1", Action::switch_on).allowed());
  story.at = start + hour_us + second_us;
  story.read({{"battery", Metric::soc_permille, 850}, {"miner-1", Metric::switch_on, 0}});
  CHECK(verdict(story, "miner-1", Action::switch_on, 0, guard).allowed());
}

// ---- the grid (H15) ----------------------------------------------------------------------------------------------

namespace {

Story eight_loads(std::int64_t grid_w) {
  Story story;
  story.settings.grid_import_w_max = 10'000;
  story.configure(story.settings);
  for (int i = 0; i < 8; ++i) story.add(plug("load-" + std::to_string(i)));
  story.read({{"battery", Metric::soc_permille, 900}, {"grid", Metric::grid_w, grid_w}});
  return story;
}

std::size_t granted(Story& story) {
  std::size_t n = 0;
  for (int i = 0; i < 8; ++i) n += story.ask("load-" + std::to_string(i), Action::switch_on).back().starts_with("dispatched");
  return n;
}

}  // namespace

TEST_CASE("eight loads of 2 kW asked at once under a limit of 10 kW: five are granted, the sixth says why") {
  Story story = eight_loads(0);
  const Position reading = story.journal.next() - 1;
  CHECK(granted(story) == 5);
  const Verdict sixth = verdict(story, "load-7", Action::switch_on);
  CHECK(rules(sixth) == std::set<std::string>{"grid-limit"});
  CHECK(the(sixth, "grid-limit").limit == 10'000);
  CHECK(the(sixth, "grid-limit").actual == 12'000);
  CHECK(the(sixth, "grid-limit").reading == reading);
  CHECK(granted(story) == 0);  // asked again: five are busy, three over the limit

  SECTION("the draw stays reserved until the meter can show it, also when the command has ended") {
    story.pass(second_us);
    for (int i = 0; i < 5; ++i) story.read({{"load-" + std::to_string(i), Metric::switch_on, 1}});
    CHECK(story.count<CommandVerified>() == 5);
    CHECK(rules(verdict(story, "load-7", Action::switch_on)) == std::set<std::string>{"grid-limit"});
    story.pass(second_us);
    story.read({{"grid", Metric::grid_w, 4'000}});  // the sun helps
    CHECK(verdict(story, "load-7", Action::switch_on).allowed());
    story.pass(second_us);
    story.read({{"grid", Metric::grid_w, 10'000}});
    CHECK(the(verdict(story, "load-7", Action::switch_on), "grid-limit").actual == 12'000);
    CHECK(verdict(story, "battery", Action::set_power, 3000).allowed());  // feeding in draws nothing
    CHECK(rules(verdict(story, "battery", Action::set_power, -100)) == std::set<std::string>{"grid-limit"});
  }
  SECTION("a command that was never sent gives its share back; one of unknown outcome keeps it") {
    const CommandId first = story.last<CommandDispatched>()->command;
    story.answer(first, DeviceAnswer::Kind::not_sent);
    CHECK(verdict(story, "load-7", Action::switch_on).allowed());
    story.pass(verify_deadline + second_us);
    const Lines ended = story.tick();
    CHECK(std::count(ended.begin(), ended.end(), "failed outcome_unknown") == 4);
    CHECK(story.ask("load-7", Action::switch_on).back() == "dispatched load-7 switch_on");
    CHECK(the(verdict(story, "load-6", Action::switch_on), "grid-limit").actual == 12'000);
  }
}

TEST_CASE("what the house draws already counts, and an unknown or stale meter refuses") {
  Story busy = eight_loads(1'500);
  CHECK(granted(busy) == 4);
  Story blind = eight_loads(0);
  blind.pass(5 * minute_us + second_us);
  blind.soc(900);
  CHECK(rules(verdict(blind, "load-1", Action::switch_on)) == std::set<std::string>{"stale"});
  Story never;
  never.settings.grid_import_w_max = 10'000;
  never.configure(never.settings);
  never.soc(900);
  CHECK(rules(verdict(never, "miner-1", Action::switch_on)) == std::set<std::string>{"unknown"});
  CHECK(verdict(never, "miner-1", Action::switch_off).allowed());
}

TEST_CASE("eight actions of one rule in one turn share the limit as well") {
  Story story = eight_loads(0);
  std::string actions;
  for (int i = 0; i < 8; ++i) actions += (i == 0 ? "" : ",") + std::string(R"({"do":"switch_on","device":"load-)") + std::to_string(i) + "\"}";
  story.save(R"({"id":"all-on","triggers":[{"id":"full","metric":"soc_percent","device":"battery","above":95}],"actions":[)" + actions + "]}");
  story.pass(second_us);
  story.soc(960);
  CHECK(story.count<CommandRequested>() == 8);
  CHECK(story.count<CommandDispatched>() == 5);
  CHECK(story.count<CommandRefused>() == 3);
}

TEST_CASE("all reasons are given, not the first") {
  Story story;
  story.settings.grid_import_w_max = 1'000;
  story.settings.automation = false;
  story.configure(story.settings);
  story.read({{"battery", Metric::soc_permille, 150}, {"grid", Metric::grid_w, 900}});
  story.ask("miner-1", Action::switch_off);
  story.stop();
  CHECK(rules(verdict(story, "miner-1", Action::switch_on, 0, guard)) ==
        std::set<std::string>{"stop", "automation-off", "busy", "manual-hold", "soc-floor", "grid-limit"});
}

TEST_CASE("docs/SAFETY.md names exactly the refusals that the code knows") {
  const auto names = [](const std::string& path, const std::string& before, char after) {
    std::ifstream file(std::string(HELIOGRAPH_SOURCE_DIR) + path);
    std::stringstream text;
    text << file.rdbuf();
    std::set<std::string> out;
    const std::string all = text.str();
    for (std::size_t at = all.find(before); at != std::string::npos; at = all.find(before, at + 1)) {
      const std::size_t start = at + before.size(), end = all.find(after, start);
      const std::string name = all.substr(start, end - start);
      if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string::npos) out.insert(name);
    }
    return out;
  };
  auto code = names("/actors/core/safety.cpp", "refuse(\"", '"');
  code.insert({"min-on", "min-off"});  // one call with two names
  CHECK(code.size() == 28);
  CHECK(names("/docs/SAFETY.md", "\n| `", '`') == code);
}
