// The dry run over the real series, segments, batches and late rows: the same report as over plain vectors.
#include <catch2/catch.hpp>

#include "sim/house.hpp"
#include "storage/store.hpp"
#include "tests/sim/past_fixture.hpp"

using namespace heliograph;
using namespace heliograph::tests;

namespace {

struct RealSeries {
  std::unique_ptr<Store> store = open_memory_store();
  std::unique_ptr<SeriesProjection> series = make_series(store->views(), store->log());
  Position last = 0;
  std::size_t segments = 0;

  RealSeries() { REQUIRE(series->load(store->views())); }
  void apply(ReadingBatch batch) { append({}, std::make_shared<const ReadingBatch>(std::move(batch))); }
  void apply(const DeviceRegistered& device) { append(device, nullptr); }

 private:
  void append(const DeviceRegistered& device, ReadingsPtr batch) {
    auto turn = store->log().begin(test_site, test_start);
    REQUIRE(turn);
    Draft draft;
    draft.stream = "site-test";
    if (batch) draft.body = std::move(batch);
    else draft.body = Event(device);
    const auto record = turn->add(std::move(draft));
    REQUIRE(record);
    turn->stage();
    REQUIRE(store->log().commit());
    last = (*record)->last();
    series->apply(**record);
    for (const auto& range : series->take_closed())
      if (++segments % 2 == 0) {  // the others are read from their batches
        REQUIRE(store->log().plan({range}));
        REQUIRE(store->log().condense_next());
      }
  }
};

/// The same rows at the same positions in plain vectors.
void copy(const ReadingBatch& batch, Position base, MemorySeries& out) {
  for (std::size_t row = 0; row < batch.size(); ++row) {
    MemorySeries::Values values;
    for (const Column& column : batch.columns)
      if (column.values[row] != missing) values.push_back({column.metric, column.values[row]});
    out.row(batch.devices[batch.device_of[row]].text, batch.at[row], values, base + row);
  }
}

}  // namespace

TEST_CASE("the real series and plain vectors give the same dry run, whichever way") {
  HouseOptions options;
  options.seed = 21;
  options.start = test_start;
  House house(options);
  RealSeries real;
  MemorySeries plain;
  Facts facts;
  facts.add(test_start - day_us, SiteConfigured{});
  for (const auto& device : house.registrations()) {
    facts.add(test_start - day_us, device);
    real.apply(device);
    plain.hold(device.device.text, device.hold);
  }
  generate_history(house, test_start + 30 * day_us - 1, 500, [&](ReadingBatch batch) {
    copy(batch, real.last + 1, plain);
    real.apply(std::move(batch));
  });
  const Rule guard = *parse_rule(miner_guard_example()).rule;
  const Rule node = rule_of(
      R"({"id": "warm", "triggers": [{"id": "t", "metric": "soc_percent", "device": "battery", "below": 30, "rearm": 35}],
                                "actions": [{"do": "pause", "device": "heater"}]})");
  REQUIRE(real.segments >= 3);
  for (const bool fast : {true, false}) {
    // The miner's switch is in the record, the heater is not: one rule goes the ordinary way, the other the fast one.
    auto input = input_over(plain, facts, {fast ? node : guard}, 30 * day_us);
    input.scenario =
        *parse_scenario(
             R"({"tariff": "retail_dynamic", "devices": [{"id": "heater", "nominal_w": 900, "start": "on"}]})")
             .scenario;
    const auto expected = dry_run(input);
    input.series = real.series.get();
    const auto report = dry_run(input);
    REQUIRE(expected);
    REQUIRE(report);
    CHECK(expected->would_send > 0);
    CHECK(report->readings == expected->readings);
    CHECK((to_json(*report) == to_json(*expected)));
  }
}
