// Triggers and their memory: hysteresis, `for`, times of day across clock changes, edits of a rule.
#include <catch2/catch.hpp>
#include <cstdio>

#include "actors/core/rule_engine.hpp"
#include "tests/support/core_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

struct Watched {
  RuleEngine engine;
  SiteNow now;
  Position next = 100;
  Micros at = monday_noon;

  void save(std::string_view document, Version version = 1) { engine.save(rule_of(document), version, next++, at); }
  /// Firings of one reading, as "trigger@value".
  Lines see(const std::string& device, std::int64_t value, Metric metric = Metric::soc_permille) {
    std::vector<Firing> out;
    engine.observe(now, now.index_of(device), metric, value, at, next++, out);
    return words(out);
  }
  Lines advance(const Zone& zone = Zone::utc()) {
    std::vector<Firing> out;
    engine.advance(at, zone, out);
    return words(out);
  }
  Lines words(const std::vector<Firing>& firings) const {
    Lines out;
    for (const Firing& f : firings) {
      const Rule& rule = engine.rules()[f.rule].rule;
      out.push_back(rule.triggers[f.trigger].id + (f.value == missing ? "" : "@" + std::to_string(f.value)) +
                    (f.by_timer ? " timer" : "") + (f.missed ? " missed" : ""));
    }
    return out;
  }
};

constexpr const char* guard_rule = R"({"id":"g","triggers":[
  {"id":"low","metric":"soc_percent","device":"b","below":50,"rearm":80},
  {"id":"high","metric":"soc_percent","device":"b","above":80,"rearm":50}],
  "actions":[{"when":["low"],"do":"pause","device":"m"},{"when":["high"],"do":"resume","device":"m"}]})";
constexpr const char* hot_rule = R"({"id":"hot","triggers":[
  {"id":"t","metric":"temperature_c","device":"*","above":70,"rearm":60,"for":"PT2M"}],
  "actions":[{"do":"pause","device":"trigger"}]})";

std::string at_rule(std::string_view time, std::string_view days = {}) {
  return R"({"id":"clock","triggers":[{"id":"t","at":")" + std::string(time) + "\"" +
         (days.empty() ? "" : ",\"days\":" + std::string(days)) + R"(}],"actions":[{"do":"notify","text":"now"}]})";
}

}  // namespace

TEST_CASE("a threshold fires once, and again only after the value came back to rearm") {
  Watched w;
  w.save(guard_rule);
  CHECK(w.see("b", 600) == Lines{});
  CHECK(w.see("b", 500) == Lines{});  // at the threshold is not below it
  CHECK(w.see("b", 499) == Lines{"low@499"});
  CHECK(w.see("b", 400) == Lines{});
  CHECK(w.see("b", 799) == Lines{});
  CHECK(w.see("b", 499) == Lines{});  // 79.9 % did not rearm
  CHECK(w.see("b", 800) == Lines{});
  CHECK(w.see("b", 499) == Lines{"low@499"});
  CHECK(w.see("b", 801) == Lines{"high@801"});
  CHECK(w.see("b", 900) == Lines{});
  CHECK(w.see("other", 100) == Lines{});
  CHECK(w.see("b", missing) == Lines{});
}

TEST_CASE("`for` runs out by a reading or by the timer, and a value that comes back stops it") {
  Watched w;
  w.save(hot_rule);
  const auto see = [&](const std::string& device, std::int64_t celsius) { return w.see(device, celsius * 1000, Metric::temperature_mc); };
  CHECK(see("n1", 75) == Lines{});
  CHECK(w.engine.next_due(w.at, Zone::utc()) == w.at + 2 * minute_us);
  w.at += minute_us;
  CHECK(see("n1", 65) == Lines{});  // below the threshold, above rearm: the clock starts again
  CHECK_FALSE(w.engine.next_due(w.at, Zone::utc()));
  CHECK(see("n1", 75) == Lines{});
  w.at += 2 * minute_us - 1;
  CHECK(w.advance() == Lines{});
  CHECK(see("n1", 76) == Lines{});
  w.at += 1;
  SECTION("by a reading") { CHECK(see("n1", 77) == Lines{"t@77000"}); }
  SECTION("by the timer, with the last value that said so") { CHECK(w.advance() == Lines{"t@76000 timer"}); }
  CHECK(w.advance() == Lines{});
  CHECK(see("n1", 90) == Lines{});
  CHECK_FALSE(w.engine.next_due(w.at, Zone::utc()));
}

TEST_CASE("a star watches each device with its own memory") {
  Watched w;
  w.save(hot_rule);
  for (const std::string device : {"n1", "n2"}) w.see(device, 75'000, Metric::temperature_mc);
  w.at += minute_us;
  w.see("n2", 50'000, Metric::temperature_mc);
  w.at += minute_us;
  CHECK(w.advance() == Lines{"t@75000 timer"});
  CHECK(w.see("n2", 75'000, Metric::temperature_mc) == Lines{});
  w.at += 2 * minute_us;
  CHECK(w.see("n1", 75'000, Metric::temperature_mc) == Lines{});
  CHECK(w.see("n2", 75'000, Metric::temperature_mc) == Lines{"t@75000"});
}

TEST_CASE("what safety refused is asked again after 1, 2, 4 ... 60 minutes while it stays true") {
  Watched w;
  w.save(guard_rule);
  REQUIRE(w.see("b", 400) == Lines{"low@400"});
  for (const int minutes : {1, 2, 4, 8, 16, 32, 60, 60}) {
    w.engine.refused({"g"}, "low", 0, w.at);
    w.engine.refused({"g"}, "low", 0, w.at);  // two actions of one firing count once
    w.at += minutes * minute_us - 1;
    CHECK(w.see("b", 400) == Lines{});
    w.at += 1;
    CHECK(w.see("b", 400) == Lines{"low@400"});
  }
  w.engine.refused({"g"}, "low", 0, w.at);
  CHECK(w.see("b", 800) == Lines{});  // rearmed: the next crossing is a new one
  CHECK(w.see("b", 400) == Lines{"low@400"});
}

TEST_CASE("an edited rule keeps the memory of triggers that did not change, wherever they stand") {
  Watched w;
  w.save(guard_rule);
  REQUIRE(w.see("b", 400) == Lines{"low@400"});
  SECTION("same triggers, other order and actions") {
    w.save(R"({"id":"g","triggers":[
      {"id":"high","metric":"soc_percent","device":"b","above":80,"rearm":50},
      {"id":"low","metric":"soc_percent","device":"b","below":50,"rearm":80}],"actions":[{"do":"notify","text":"x"}]})", 2);
    CHECK(w.see("b", 390) == Lines{});
    CHECK(w.see("b", 810) == Lines{"high@810"});
    CHECK(w.see("b", 390) == Lines{"low@390"});
  }
  SECTION("a changed threshold starts armed") {
    w.save(R"({"id":"g","triggers":[{"id":"low","metric":"soc_percent","device":"b","below":45,"rearm":80}],
      "actions":[{"do":"pause","device":"m"}]})", 2);
    CHECK(w.see("b", 390) == Lines{"low@390"});
  }
  SECTION("removed: it watches nothing") {
    w.engine.remove({"g"});
    CHECK_FALSE(w.engine.watches(Metric::soc_permille));
    CHECK(w.engine.find({"g"}) == nullptr);
    w.save(guard_rule, 3);  // and comes back armed
    CHECK(w.see("b", 390) == Lines{"low@390"});
  }
  SECTION("disabled: it watches nothing") {
    Rule off = rule_of(guard_rule);
    off.enabled = false;
    w.engine.save(off, 2, w.next++, w.at);
    CHECK(w.see("b", 810) == Lines{});
    CHECK(w.see("b", 390) == Lines{});
  }
}

TEST_CASE("a `for` that runs for a device ends when the rule is pointed at another one") {
  Watched w;
  const auto rule = [](const std::string& device) {
    return R"({"id":"p","triggers":[{"id":"t","metric":"grid_w","device":")" + device +
           R"(","above":5000,"for":"PT1M"}],"actions":[{"do":"notify","text":"x"}]})";
  };
  w.save(rule("old"));
  w.see("old", 6000, Metric::grid_w);
  w.save(rule("new"), 2);
  w.at += 5 * minute_us;
  CHECK(w.advance() == Lines{});
  CHECK_FALSE(w.engine.next_due(w.at, Zone::utc()));
}

TEST_CASE("editing a rule is no way round its cooldown") {
  Watched w;
  w.save(guard_rule);
  w.engine.acted({"g"}, w.at);
  w.save(guard_rule, 2);
  CHECK(w.engine.find({"g"})->acted_at == w.at);
  CHECK(w.engine.find({"g"})->version == 2);
}

TEST_CASE("start_fresh: every trigger that is true fires on the next reading") {
  Watched w;
  w.save(guard_rule);
  REQUIRE(w.see("b", 400) == Lines{"low@400"});
  w.engine.start_fresh();
  CHECK(w.advance() == Lines{});
  CHECK(w.see("b", 390) == Lines{"low@390"});
  CHECK(w.see("b", 380) == Lines{});
}

// ---- times of day -----------------------------------------------------------------------------------------------

TEST_CASE("a time trigger fires at its local time, on its days, once") {
  Watched w;
  const Zone warsaw = *Zone::find("Europe/Warsaw");
  w.save(at_rule("13:30", R"(["tue","sat"])"));
  std::vector<std::string> fired;
  const Micros end = w.at + 14 * day_us;
  for (auto due = w.engine.next_due(w.at, warsaw); due && *due < end; due = w.engine.next_due(w.at, warsaw)) {
    w.at = *due;
    CHECK(w.advance(warsaw) == Lines{"t timer"});
    CHECK(w.advance(warsaw) == Lines{});
    fired.push_back(format_time(w.at));
  }
  CHECK(fired == std::vector<std::string>{"2025-06-03T11:30:00.000Z", "2025-06-07T11:30:00.000Z", "2025-06-10T11:30:00.000Z",
                                          "2025-06-14T11:30:00.000Z"});
}

TEST_CASE("a time trigger later than a quarter of an hour is reported as missed, each day of it") {
  Watched w;
  w.save(at_rule("13:00"));
  w.at = from_civil(2025, 6, 2, 13, 15);
  CHECK(w.advance() == Lines{"t timer"});
  w.at = from_civil(2025, 6, 5, 13, 15, 1);
  CHECK(w.advance() == Lines{"t timer missed", "t timer missed", "t timer missed"});
  w.at = from_civil(2025, 6, 6, 13);
  CHECK(w.advance() == Lines{"t timer"});
}

TEST_CASE("when the clocks go forward a missing time fires at the first moment after the gap") {
  struct Change { const char* zone; const char* time; const char* before; const char* fires; };
  const Change changes[] = {
      {"Europe/Warsaw", "02:30", "2025-03-30T00:00:00Z", "2025-03-30T01:00:00.000Z"},
      {"Europe/Warsaw", "02:00", "2025-03-30T00:00:00Z", "2025-03-30T01:00:00.000Z"},
      {"Europe/Warsaw", "03:00", "2025-03-30T00:00:00Z", "2025-03-30T01:00:00.000Z"},
      {"America/New_York", "02:59", "2025-03-09T05:30:00Z", "2025-03-09T07:00:00.000Z"},
      {"Australia/Lord_Howe", "02:15", "2025-10-04T14:00:00Z", "2025-10-04T15:30:00.000Z"},
      {"Africa/Cairo", "00:30", "2025-04-24T20:00:00Z", "2025-04-24T22:00:00.000Z"},  // the gap is at midnight
  };
  for (const Change& c : changes) {
    CAPTURE(c.zone, c.time);
    Watched w;
    w.at = *parse_time(c.before);
    w.save(at_rule(c.time));
    const auto due = w.engine.next_due(w.at, *Zone::find(c.zone));
    REQUIRE(due);
    CHECK(format_time(*due) == c.fires);
  }
}

TEST_CASE("when the clocks go back a repeated time fires the first time only") {
  struct Change { const char* zone; const char* time; const char* before; const char* fires; const char* then; };
  const Change changes[] = {
      {"Europe/Warsaw", "02:30", "2025-10-25T22:30:00Z", "2025-10-26T00:30:00.000Z", "2025-10-27T01:30:00.000Z"},
      {"America/New_York", "01:30", "2025-11-02T04:30:00Z", "2025-11-02T05:30:00.000Z", "2025-11-03T06:30:00.000Z"},
      {"Australia/Lord_Howe", "01:45", "2025-04-05T13:30:00Z", "2025-04-05T14:45:00.000Z", "2025-04-06T15:15:00.000Z"},
  };
  for (const Change& c : changes) {
    CAPTURE(c.zone, c.time);
    Watched w;
    const Zone zone = *Zone::find(c.zone);
    w.at = *parse_time(c.before);
    w.save(at_rule(c.time));
    w.at = *w.engine.next_due(w.at, zone);
    CHECK(format_time(w.at) == c.fires);
    CHECK(w.advance(zone) == Lines{"t timer"});
    CHECK(format_time(*w.engine.next_due(w.at, zone)) == c.then);
  }
}

TEST_CASE("every day fires exactly once, for ten years of clock changes") {
  std::size_t days_seen = 0;
  for (const char* name : {"Europe/Warsaw", "America/New_York", "Australia/Lord_Howe"}) {
    const Zone zone = *Zone::find(name);
    for (const int minute : {0, 105, 120, 150, 179, 180, 1439}) {
      Watched w;
      w.at = from_civil(2020, 1, 1);
      char time[16];
      std::snprintf(time, sizeof time, "%02u:%02u", static_cast<unsigned>(minute) / 60u % 24u, static_cast<unsigned>(minute) % 60u);
      w.save(at_rule(time));
      const Micros end = from_civil(2030, 1, 1);
      Micros day = zone.day_start(w.at);
      if (*w.engine.next_due(w.at, zone) >= zone.next_day_start(w.at)) day = zone.next_day_start(day);
      std::size_t wrong = 0;
      for (; day < end; day = zone.next_day_start(day), ++days_seen) {
        const Micros due = *w.engine.next_due(w.at, zone);
        w.at = due;
        wrong += due < day || due >= zone.next_day_start(day) || w.advance(zone).size() != 1;
      }
      CAPTURE(name, time);
      CHECK(wrong == 0);
    }
  }
  CHECK(days_seen > 3 * 7 * 3'640);
}
