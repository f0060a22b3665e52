// Modes: ways of working that a device declares, set like everything else through the gate, and shown by its readings (CTL-14).
#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/support/core_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

/// A miner that can be told modes, in a house that has been awake for a while.
struct Miner : Story {
  explicit Miner(SafeState safe = SafeState::off) {
    DeviceRegistered about = plug("node", 3000);
    about.can_switch = false;
    about.safe_state = safe;
    about.modes = {{"PASSIVE", 0}, {"ECO", 900}, {"MAX", 3000}};
    CHECK(add(about).size() == 1);
    hear("PASSIVE");
  }
  Lines hear(const std::string& mode, std::int64_t soc = 900) {
    pass(5 * second_us);
    read({{"battery", Metric::soc_permille, soc}});
    read({{"grid", Metric::grid_w, 100}});
    ReadingBuilder rows;
    rows.row("node", at);
    rows.set_text(Metric::mode, mode);
    return take(rows.take());
  }
  Lines set(const std::string& mode, Principal who = anna) {
    return ask(Ask{{{"node"}, Action::set_mode, 0, std::move(who), Purpose::ordinary, {}, mode}, "a test asks", {}, {}, {}});
  }
};

bool has(const Lines& lines, const std::string& line) { return std::find(lines.begin(), lines.end(), line) != lines.end(); }

}  // namespace

TEST_CASE("a mode is set through the gate, carries what it draws, and is done when a reading says so") {
  Miner house;
  const Lines asked = house.set("ECO");
  CHECK(has(asked, "dispatched node set_mode ECO"));
  const auto* sent = house.last<CommandDispatched>();
  REQUIRE(sent != nullptr);
  CHECK(sent->mode == "ECO");
  CHECK(sent->power_w == 900);
  house.answer(sent->command, DeviceAnswer::Kind::accepted);
  CHECK_FALSE(has(house.hear("PASSIVE"), "verified"));
  CHECK(has(house.hear("ECO"), "verified"));
  CHECK(house.device("node").mode == "ECO");
  CHECK(rebuilt(house.journal.records()).snapshot() == house.site.snapshot());
}

TEST_CASE("a mode that the device does not know is refused with those that it knows") {
  Miner house;
  CHECK(has(house.set("TURBO"), "refused capability"));
  const auto* refused = house.last<CommandRefused>();
  REQUIRE(refused != nullptr);
  CHECK(refused->refusals.front().sentence == "\"node\" knows the modes \"PASSIVE\", \"ECO\", \"MAX\": take one of them.");
  CHECK(has(house.ask(Ask{{{"miner-1"}, Action::set_mode, 0, anna, Purpose::ordinary, {}, "ECO"}, "", {}, {}, {}}), "refused capability"));
}

TEST_CASE("a mode that draws is judged like a load, one that draws nothing is shedding") {
  Miner house;
  SiteConfigured settings = house.settings;
  settings.grid_import_w_max = 2'000;
  house.configure(settings);
  CHECK(has(house.set("MAX"), "refused grid-limit"));
  CHECK(has(house.set("ECO"), "dispatched node set_mode ECO"));
  house.answer(house.last<CommandDispatched>()->command, DeviceAnswer::Kind::accepted);
  house.hear("ECO", 190);
  CHECK(has(house.set("MAX"), "refused soc-floor,grid-limit"));
  CHECK(has(house.set("PASSIVE", {PrincipalKind::rule, "guard"}), "refused manual-hold"));
  CHECK(has(house.set("PASSIVE"), "dispatched node set_mode PASSIVE"));
}

TEST_CASE("a stop takes a mode back that was on its way, and a person may still shed") {
  Miner house;
  house.set("MAX");
  const Lines stopped = house.stop();
  CHECK(has(stopped, "dispatched node set_mode PASSIVE"));
  house.pass(2 * minute_us);
  house.hear("PASSIVE");
  CHECK(has(house.set("ECO"), "refused stop"));
}

TEST_CASE("a mode that nobody confirms is rolled back to the one before, one that was never read is not guessed") {
  Miner house;
  house.set("MAX");
  house.answer(house.last<CommandDispatched>()->command, DeviceAnswer::Kind::accepted);
  house.pass(verify_deadline + second_us);
  CHECK(has(house.tick(), "dispatched node set_mode PASSIVE"));
  CHECK(house.last<CommandDispatched>()->purpose == Purpose::rollback);
}

TEST_CASE("a rule sets a mode, and keeps quiet where it is set") {
  Miner house;
  house.save(R"({"id":"spare","triggers":[{"id":"low","device":"battery","metric":"soc_percent","below":60,"rearm":70}],"actions":[{"do":"set_mode","device":"node","mode":"PASSIVE"}]})");
  CHECK(has(house.hear("PASSIVE", 590), "fired spare/low already_so") == false);
  Lines all;
  for (const RecordPtr& record : house.journal.records()) all.push_back(line(*record));
  CHECK(has(all, "fired spare/low already_so"));
  house.hear("MAX", 900);
  house.hear("MAX", 590);
  CHECK(house.last<CommandDispatched>()->mode == "PASSIVE");
}

TEST_CASE("modes are declared plainly") {
  Story house;
  const auto registered = [&](std::vector<DeviceMode> modes) {
    DeviceRegistered about = plug("node", 3000);
    about.modes = std::move(modes);
    const Micros stamp = house.journal.begin(house.at);
    return house.site.register_device(about, anna, stamp, house.journal).has_value();
  };
  CHECK(registered({{"ECO", 900}}));
  CHECK_FALSE(registered({{"", 0}}));
  CHECK_FALSE(registered({{std::string(41, 'x'), 0}}));
  CHECK_FALSE(registered({{"ECO", -1}}));
  CHECK_FALSE(registered({{"ECO", 0}, {"ECO", 900}}));
  CHECK_FALSE(registered(std::vector<DeviceMode>(17, {"ECO", 0})));
}
