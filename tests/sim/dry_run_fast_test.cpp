// The fast path may be fast only: every case is run both ways and must give the same report, byte for byte.
#include "sim/dry_run_fast.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "sim/noise.hpp"
#include "tests/sim/past_fixture.hpp"

using namespace heliograph;
using namespace heliograph::tests;

namespace {

constexpr std::string_view hysteresis = R"({"id": "hysteresis",
  "triggers": [{"id": "low", "metric": "soc_percent", "device": "*", "below": 50, "rearm": 80},
               {"id": "high", "metric": "soc_percent", "device": "*", "above": 80, "rearm": 50}],
  "actions": [{"when": ["low"], "do": "pause", "device": "trigger"}, {"when": ["high"], "do": "resume", "device": "trigger"}]})";

/// A walk between 5 and 100 % with holes, other metrics beside it, and a shared source time for all devices.
MemorySeries walking_nodes(std::uint64_t seed, int nodes, int rows, std::size_t rows_a_block) {
  MemorySeries series(rows_a_block);
  const Noise noise(seed);
  for (int i = 0; i < rows; ++i)
    for (int n = 0; n < nodes; ++n) {
      const auto channel = static_cast<std::uint64_t>(n + 1);
      const Micros at = test_start + i * 2 * minute_us;
      const double wave = noise.smooth(channel, at, 9 * hour_us) * 70 + noise.smooth(channel + 50, at, hour_us) * 35;
      const auto soc = std::min<std::int64_t>(1000, 50 + static_cast<std::int64_t>(wave * 10));
      MemorySeries::Values values{{Metric::pv_w, noise.floor_slot(at, hour_us) % 24 * 100}};
      if (noise.even(channel + 100, i) > 0.03) values.push_back({Metric::soc_permille, soc});
      if (noise.even(channel + 200, i) > 0.5)
        values.push_back(
            {Metric::temperature_mc, static_cast<std::int64_t>(noise.even(channel + 300, i / 40) * 40'000)});
      series.row("node-" + std::to_string(n), at, values);
    }
  return series;
}

Facts registered_nodes(int nodes, std::int32_t floor_permille = 200) {
  Facts facts;
  SiteConfigured site;
  site.name = "test";
  site.time_zone = "Europe/Amsterdam";
  site.soc_floor_permille = floor_permille;
  facts.add(test_start - day_us, site);
  for (int n = 0; n < nodes; ++n)
    facts.add(test_start - day_us, registered("node-" + std::to_string(n), DeviceKind::node, 3'200));
  return facts;
}

DryRunReport both_ways(DryRunInput input) {
  auto scene = make_scene(input, DryRunScene::Rules::candidates);
  REQUIRE(scene);
  REQUIRE(can_run_fast(**scene));
  const auto fast = dry_run(input);
  input.path = DryRunPath::ordinary;
  const auto ordinary = dry_run(input);
  REQUIRE(fast);
  REQUIRE(ordinary);
  CHECK(fast->readings == ordinary->readings);
  CHECK(fast->would_send == ordinary->would_send);
  CHECK(fast->would_refuse == ordinary->would_refuse);
  const std::string a = to_json(*fast), b = to_json(*ordinary);
  const auto at = static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  const std::size_t begin = at < 200 ? 0 : at - 200;
  INFO("fast:     " << a.substr(begin, 400) << "\nordinary: " << b.substr(begin, 400));
  CHECK((a == b));
  return *fast;
}

}  // namespace

TEST_CASE("fast and ordinary way send the same commands for the plain hysteresis rule") {
  for (const std::size_t rows_a_block : {7u, 100u, 720u}) {
    const auto series = walking_nodes(rows_a_block, 4, 6'000, rows_a_block);
    const auto facts = registered_nodes(4);
    const auto report = both_ways(input_over(series, facts, {rule_of(hysteresis)}, 6'000 * 2 * minute_us));
    CHECK(report.would_send > 20);
    // The plain state machine, written down once more.
    std::uint64_t transitions = 0;
    for (int n = 0; n < 4; ++n) {
      int state = -1;
      const auto blocks =
          series.blocks(test_site, DeviceId{"node-" + std::to_string(n)}, 0, std::numeric_limits<Micros>::max(), {});
      for (const auto& block : *blocks) {
        const auto values = block->values(Metric::soc_permille);
        for (const std::int64_t value : *values) {
          const int wanted = value == missing ? -1 : value < 500 ? 0 : value > 800 ? 1 : -1;
          if (wanted >= 0 && wanted != state) ++transitions, state = wanted;
        }
      }
    }
    CHECK(report.would_send == transitions);
  }
}

TEST_CASE("fast and ordinary way agree within a period that cuts blocks") {
  const auto series = walking_nodes(9, 3, 4'000, 128);
  const auto facts = registered_nodes(3);
  auto input = input_over(series, facts, {rule_of(hysteresis)}, 0);
  input.from = test_start + 777 * minute_us + 13;
  input.to = test_start + 6'001 * minute_us;
  const auto report = both_ways(input);
  CHECK(report.readings == 3 * (3'000 - 388));
  CHECK(report.would_send > 5);
}

TEST_CASE("fast and ordinary way refuse the same commands and ask again at the same moments") {
  const auto series = walking_nodes(4, 3, 6'000, 100);
  const auto facts = registered_nodes(3, 600);
  // Resuming is asked for far below the floor: refused, asked again with growing pauses, at last allowed or rearmed.
  const Rule rule = rule_of(R"({"id": "bold", "triggers": [
      {"id": "low", "metric": "soc_percent", "device": "*", "below": 30, "rearm": 40},
      {"id": "some", "metric": "soc_percent", "device": "*", "above": 45, "rearm": 44}],
    "actions": [{"when": ["some"], "do": "resume", "device": "trigger"}, {"when": ["low"], "do": "pause", "device": "trigger"}]})");
  const auto report = both_ways(input_over(series, facts, {rule}, 6'000 * 2 * minute_us));
  CHECK(report.would_refuse > 20);
  CHECK(report.would_send > 3);
}

TEST_CASE("fast and ordinary way agree on conditions, windows, cooldowns and several rules") {
  const auto series = walking_nodes(5, 3, 6'000, 90);
  const auto facts = registered_nodes(3);
  const Rule conditional = rule_of(R"({"id": "warm", "cooldown": "PT40M",
    "triggers": [{"id": "high", "metric": "soc_percent", "device": "node-1", "above": 60, "rearm": 55}],
    "conditions": [{"between": ["08:00", "22:30"]},
                   {"any": [{"metric": "temperature_c", "device": "node-2", "above": 12}, {"metric": "pv_w", "device": "node-0", "above": 1500}]}],
    "actions": [{"do": "resume", "device": "pump"}, {"do": "notify", "text": "sun"}]})");
  const Rule second = rule_of(R"({"id": "cold",
    "triggers": [{"id": "low", "metric": "soc_percent", "device": "*", "below": 45, "rearm": 50},
                 {"id": "cool", "metric": "temperature_c", "device": "*", "below": 6}],
    "actions": [{"do": "pause", "device": "pump"}]})");
  auto input = input_over(series, facts, {conditional, second, rule_of(hysteresis)}, 6'000 * 2 * minute_us);
  input.scenario = *parse_scenario(R"({"devices": [{"id": "pump", "nominal_w": 700}]})").scenario;
  const auto report = both_ways(input);
  CHECK(report.would_send > 20);
  CHECK(report.notifications > 3);
  CHECK(report.firings.at("warm").size() >= 2);
  CHECK(report.firings.at("cold").size() >= 2);
}

TEST_CASE("fast and ordinary way agree for played devices, a shared battery, minimum times and the books") {
  MemorySeries series(64);
  const Noise noise(12);
  for (int i = 0; i < 8'000; ++i) {
    const Micros at = test_start + i * minute_us;
    const auto soc = static_cast<std::int64_t>(150 + 800 * noise.smooth(1, at, 3 * hour_us));
    series.row("battery", at, {{Metric::soc_permille, soc}});
    if (i % 2 == 0) series.row("house", at, {{Metric::load_w, 300 + i % 77}});
    if (i % 3 == 0) series.row("roof", at, {{Metric::pv_w, i % 1'900}});
    if (i % 60 == 0) series.row("spot", at, {{Metric::spot_price_micro, 1'000 * (i % 350) - 20'000}});
  }
  series.hold("spot", hour_us);
  Facts facts;
  facts.add(test_start - day_us, SiteConfigured{});
  facts.add(test_start - day_us, registered("battery", DeviceKind::battery));
  const Rule rule = rule_of(R"({"id": "guard", "triggers": [
      {"id": "low", "metric": "soc_percent", "device": "battery", "below": 50, "rearm": 52},
      {"id": "high", "metric": "soc_percent", "device": "battery", "above": 51, "rearm": 50}],
    "actions": [{"when": ["low"], "do": "pause", "device": "miner-1"}, {"when": ["high"], "do": "resume", "device": "miner-1"}]})");
  auto input = input_over(series, facts, {rule}, 8'000 * minute_us);
  input.scenario =
      *parse_scenario(R"({"devices": [{"id": "miner-1", "nominal_w": 1500, "min_on": "PT30M", "min_off": "PT2H"}],
                                      "tariff": "retail_dynamic"})")
           .scenario;
  const auto report = both_ways(input);
  CHECK(report.would_send > 10);
  CHECK(report.would_refuse > 3);
  REQUIRE(report.candidate);
  CHECK(report.candidate.value()->import_ukwh() > report.no_battery.value()->import_ukwh());
}

TEST_CASE("rules with timers, a simulated battery or a recorded switch take the ordinary way") {
  auto series = walking_nodes(1, 2, 100, 50);
  const auto facts = registered_nodes(2);
  const auto fast = [&](std::string_view rule, std::string_view scenario) {
    auto input = input_over(series, facts, {rule_of(rule)}, day_us);
    input.scenario = *parse_scenario(scenario).scenario;
    auto scene = make_scene(input, DryRunScene::Rules::candidates);
    REQUIRE(scene);
    return can_run_fast(**scene);
  };
  CHECK(fast(hysteresis, "{}"));
  CHECK_FALSE(fast(R"({"id": "r", "triggers": [{"id": "t", "metric": "soc_percent", "device": "node-0", "below": 50}],
                      "actions": [{"do": "pause", "device": "node-1"}]})", "{}"));
  CHECK_FALSE(fast(
      R"({"id": "r", "triggers": [{"id": "t", "metric": "soc_percent", "device": "*", "below": 50, "for": "PT10M"}],
                      "actions": [{"do": "pause", "device": "trigger"}]})",
      "{}"));
  CHECK_FALSE(
      fast(R"({"id": "r", "triggers": [{"id": "t", "at": "07:00"}], "actions": [{"do": "pause", "device": "node-1"}]})",
           "{}"));
  series.row("node-1", test_start + day_us, {{Metric::switch_on, 1}});
  CHECK_FALSE(fast(hysteresis, "{}"));
}

TEST_CASE("what safety asks of the record beyond the charge takes the ordinary way") {
  const auto fast = [](const MemorySeries& series, const PreferencesSet& wishes) {
    auto facts = registered_nodes(2);
    facts.add(test_start - hour_us, wishes);
    const auto input = input_over(series, facts, {rule_of(hysteresis)}, day_us);
    auto scene = make_scene(input, DryRunScene::Rules::candidates);
    REQUIRE(scene);
    return can_run_fast(**scene);
  };
  PreferencesSet solar, limit;
  solar.solar_hours = {9 * 60, 16 * 60};
  limit.grid_import_w_max = 5'000;
  auto series = walking_nodes(1, 2, 100, 50);
  CHECK(fast(series, {}));
  CHECK(fast(series, solar));
  CHECK_FALSE(fast(series, limit));
  series.row("meter", test_start + day_us, {{Metric::grid_w, 100}});
  CHECK(fast(series, {}));
  CHECK_FALSE(fast(series, solar));
  series.row("node-1", test_start + day_us, {{Metric::battery_w, 900}});
  CHECK_FALSE(fast(series, {}));
}

TEST_CASE("a dry run refuses at a charge that hangs while its battery works, as the house would have") {
  MemorySeries series;
  for (int i = 0; i < 400; ++i) {
    // It hangs at 85 % from the hundredth minute on; the rule asks again and again.
    const std::int64_t soc = i < 20 ? 400 : 850;
    series.row("node-0", test_start + i * minute_us, {{Metric::soc_permille, soc}, {Metric::battery_w, 2'000}});
    series.row("node-0", test_start + i * minute_us + second_us, {{Metric::temperature_mc, i % 60 == 59 ? 30'000 : 20'000}});
  }
  const auto facts = registered_nodes(1);
  const Rule rule = rule_of(R"({"id": "hot", "triggers": [{"id": "hot", "metric": "temperature_c", "device": "*", "above": 25}],
    "actions": [{"do": "resume", "device": "trigger"}]})");
  const auto report = dry_run(input_over(series, facts, {rule}, 400 * minute_us));
  REQUIRE(report);
  CHECK(report->would_refuse > 2);
  CHECK(to_json(*report).find("stuck") != std::string::npos);
}

TEST_CASE("a yes that a command waits for is supposed, both ways, and the report says so") {
  const auto series = walking_nodes(7, 3, 3'000, 100);
  Facts facts = registered_nodes(3);
  for (int n = 0; n < 3; ++n) {
    DeviceRegistered node = registered("node-" + std::to_string(n), DeviceKind::node, 3'200);
    node.needs_approval = true;
    facts.add(test_start - hour_us, node);
  }
  const auto with = both_ways(input_over(series, facts, {rule_of(hysteresis)}, 3'000 * 2 * minute_us));
  const auto without = both_ways(input_over(series, registered_nodes(3), {rule_of(hysteresis)}, 3'000 * 2 * minute_us));
  CHECK(with.would_send == without.would_send);
  CHECK(with.would_send > 10);
  CHECK(to_json(with).find("approvals-supposed") != std::string::npos);
  CHECK(to_json(without).find("approvals-supposed") == std::string::npos);
}
