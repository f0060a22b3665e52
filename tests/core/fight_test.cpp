// Rules that want the opposite of one device: what cannot be right is not saved, what turns out to be wrong is paused (H14).
#include <catch2/catch.hpp>

#include "tests/support/core_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

constexpr auto sheds = R"({"id":"sheds","triggers":[{"id":"full","device":"battery","metric":"soc_percent","above":90,"rearm":85}],"actions":[{"do":"switch_off","device":"miner-1"}]})";
constexpr auto burns = R"({"id":"burns","triggers":[{"id":"sun","device":"grid","metric":"grid_w","below":-1000,"rearm":0}],"actions":[{"do":"switch_on","device":"miner-1"}]})";

struct Fight : Story {
  Fight() {
    site.woke(at);
    CHECK(save(sheds).size() == 1);
    CHECK(save(burns).size() == 1);
    read({{"battery", Metric::soc_permille, 700}});
    read({{"grid", Metric::grid_w, 100}});
    read({{"miner-1", Metric::switch_on, 0}});
    live_until(at + minute_us);
  }
  /// One of them gets its way, and the reading shows it. True when something was sent.
  bool turn(bool on, Micros later = minute_us) {
    const std::size_t before = count<CommandDispatched>();
    read({{"miner-1", Metric::switch_on, device("miner-1").on.value_or(false)}});
    read({{"battery", Metric::soc_permille, on ? 700 : 950}});
    read({{"grid", Metric::grid_w, on ? -2000 : 100}});
    live_until(at + 10 * second_us);
    read({{"miner-1", Metric::switch_on, device("miner-1").in_flight ? on : device("miner-1").on.value_or(false)}});
    live_until(at + later);
    return count<CommandDispatched>() > before;
  }
  bool enabled(const std::string& rule) const { return site.rules().find({rule})->rule.enabled; }
  bool alert() const {
    for (const OpenAlert& each : site.alerts())
      if (each.alert == "fighting/miner-1") return true;
    return false;
  }
};

Status saved(Story& story, std::string_view document) {
  const Micros stamp = story.journal.begin(story.at);
  auto done = story.site.save_rule(rule_of(document), anna, stamp, story.journal);
  return done ? Status{} : fail(done.error());
}

}  // namespace

TEST_CASE("rules that switch a device against each other more than four times within an hour are paused, and people hear of it") {
  Fight house;
  for (int i = 0; i < 5; ++i) {
    INFO(i);
    CHECK(house.turn(i % 2 == 0));
    CHECK((house.enabled("sheds") && house.enabled("burns")));
    CHECK_FALSE(house.alert());
  }
  CHECK(house.turn(false));  // the fifth time
  CHECK_FALSE((house.enabled("sheds") || house.enabled("burns")));
  CHECK(house.alert());
  const auto* paused = house.last<RuleSaved>();
  REQUIRE(paused != nullptr);
  CHECK_FALSE(paused->enabled);
  for (const RecordPtr& record : house.journal.records())
    if (!record->is_readings() && std::holds_alternative<RuleSaved>(record->event()) && !std::get<RuleSaved>(record->event()).enabled) {
      CHECK(record->envelope.principal.kind == PrincipalKind::system);
      CHECK(record->envelope.cause == house.device("miner-1").by_rules.back().dispatched);
    }
  CHECK_FALSE(house.turn(true));
  CHECK(rebuilt(house.journal.records()).snapshot() == house.site.snapshot());

  house.live_until(house.at + hour_us);
  CHECK(house.alert());  // until somebody has looked
  house.save(burns);
  house.live_until(house.at + 4 * minute_us);
  CHECK_FALSE(house.alert());
  house.read({{"grid", Metric::grid_w, 100}});
  house.pass(second_us);
  CHECK(house.turn(true));
  CHECK(house.enabled("burns"));
}

TEST_CASE("rules that differ, but slowly, go on, so does one rule that switches to and fro") {
  Fight house;
  for (int i = 0; i < 12; ++i) CHECK(house.turn(i % 2 == 0, 15 * minute_us));
  CHECK((house.enabled("sheds") && house.enabled("burns")));

  Story alone;
  alone.site.woke(alone.at);
  alone.read({{"battery", Metric::soc_permille, 700}});
  alone.read({{"miner-1", Metric::switch_on, 0}});
  alone.read({{"grid", Metric::grid_w, 100}});
  alone.live_until(alone.at + minute_us);
  alone.save(R"({"id":"both","triggers":[{"id":"high","device":"battery","metric":"soc_percent","above":80,"rearm":75},{"id":"low","device":"battery","metric":"soc_percent","below":70,"rearm":75}],)"
             R"("actions":[{"do":"switch_on","device":"miner-1","when":["high"]},{"do":"switch_off","device":"miner-1","when":["low"]}]})");
  for (int i = 0; i < 8; ++i) {
    alone.read({{"miner-1", Metric::switch_on, i % 2 != 0}});
    alone.soc(i % 2 == 0 ? 850 : 650);
    alone.live_until(alone.at + 10 * second_us);
    alone.read({{"miner-1", Metric::switch_on, i % 2 == 0}});
    alone.live_until(alone.at + minute_us);
  }
  CHECK(alone.count<CommandVerified>() == 8);
  CHECK(alone.site.rules().find({"both"})->rule.enabled);
}

TEST_CASE("rules that contradict each other at the same value are not saved together") {
  const auto rule = [](const char* id, const char* trigger, const char* action, const char* more = "") {
    return std::string(R"({"id":")") + id + R"(","triggers":[{"id":"t","device":"battery","metric":"soc_percent",)" + trigger + R"(}],"actions":[{"do":")" + action +
           R"(","device":"miner-1"}])" + more + "}";
  };
  struct Pair {
    std::string one, other;
    bool contradict;
  };
  const Pair pairs[] = {
      {rule("a", R"("below":50,"rearm":60)", "switch_off"), rule("b", R"("above":40,"rearm":30)", "switch_on"), true},
      {rule("a", R"("below":50,"rearm":80)", "switch_off"), rule("b", R"("below":50,"rearm":60)", "switch_on"), true},
      {rule("a", R"("below":50,"rearm":80)", "switch_off"), rule("b", R"("above":80,"rearm":50)", "switch_on"), false},  // the miner guard in two
      {rule("a", R"("below":50,"rearm":60)", "switch_off"), rule("b", R"("above":40,"rearm":30)", "switch_off"), false},
      {rule("a", R"("above":80,"rearm":70)", "switch_on"), rule("b", R"("above":95,"rearm":90)", "switch_off"), false},  // a ladder
      {rule("a", R"("below":50,"rearm":60)", "switch_off"), rule("b", R"("above":40,"rearm":30)", "switch_on", R"(,"conditions":[{"between":["10:00","12:00"]}])"), false},
      {rule("a", R"("below":50,"rearm":60)", "switch_off"), rule("b", R"("above":40,"rearm":30)", "switch_on", R"(,"enabled":false)"), false},
  };
  for (const auto& [one, other, contradict] : pairs) {
    INFO(one << "\n" << other);
    for (const bool swapped : {false, true}) {
      Story house;
      REQUIRE(saved(house, swapped ? other : one));
      const Status second = saved(house, swapped ? one : other);
      CHECK(second.has_value() == !contradict);
      if (!second) CHECK(second.error().code == Errc::conflict);
      CHECK(saved(house, swapped ? other : one));  // itself again is no contradiction
    }
  }
}
