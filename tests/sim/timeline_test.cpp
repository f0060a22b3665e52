// Every row once, by time and position, whatever the blocks.
#include "sim/timeline.hpp"

#include <catch2/catch.hpp>

#include "sim/noise.hpp"
#include "tests/sim/past_fixture.hpp"

using namespace heliograph;
using namespace heliograph::tests;

TEST_CASE("a timeline brings every row once, by time and position, whatever the blocks") {
  const Noise noise(3);
  MemorySeries series(5);
  std::vector<std::pair<Micros, Position>> expected;
  const Micros from = test_start + 40 * second_us, to = test_start + 400 * second_us;
  for (int i = 0; i < 500; ++i)
    for (int d = 0; d < 7; ++d) {
      if (noise.even(static_cast<std::uint64_t>(d), i) < 0.4) continue;
      const Micros at = test_start + i * second_us;
      const Position position = series.row("d-" + std::to_string(d), at, {{Metric::power_w, i}});
      if (at >= from && at < to) expected.emplace_back(at, position);
    }
  std::sort(expected.begin(), expected.end());
  const auto devices = series.devices(test_site);
  MetricSet metrics;
  add(metrics, Metric::power_w);
  auto timeline = Timeline::open(series, test_site, devices, metrics, from, to);
  REQUIRE(timeline);
  Timeline::Row row;
  for (const auto& [at, position] : expected) {
    REQUIRE(timeline->next(row));
    CHECK(row.at == at);
    CHECK(row.position == position);
    REQUIRE(row.cells.size() == 1);
    CHECK(row.cells[0].value == (at - test_start) / second_us);
  }
  CHECK_FALSE(timeline->next(row));
  CHECK(timeline->status());
}

TEST_CASE("a timeline leaves out missing values and metrics nobody asked for") {
  MemorySeries series;
  series.row("a", test_start, {{Metric::pv_w, 5}, {Metric::load_w, 6}});
  series.row("a", test_start + 1, {{Metric::load_w, 7}});
  series.row("b", test_start, {{Metric::battery_mv, 1}});
  MetricSet metrics;
  add(metrics, Metric::pv_w);
  const auto devices = series.devices(test_site);
  auto timeline = Timeline::open(series, test_site, devices, metrics, test_start, test_start + day_us);
  REQUIRE(timeline);
  Timeline::Row row;
  REQUIRE(timeline->next(row));
  REQUIRE(row.cells.size() == 1);
  CHECK(row.cells[0].metric == Metric::pv_w);
  REQUIRE(timeline->next(row));
  CHECK(row.cells.empty());
  CHECK_FALSE(timeline->next(row));
}
