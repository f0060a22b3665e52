// The dry run against numbers that were computed by somebody else's code (shared data/reference).
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>

#include "tests/sim/reference_site.hpp"
#include "tests/support/shared_data.hpp"

using namespace heliograph;

namespace heliograph::tests {

std::optional<ReferenceYear> reference_year() {
  const auto house = shared_table("data/household/nl_enphase_hourly_2022-10_2023-09.csv.gz");
  const auto prices = shared_table("data/prices/nl_epex_hourly_2022-2023.csv.gz");
  if (!house || !prices) return std::nullopt;
  ReferenceYear year;
  const auto whole = [](const std::string& text) { return std::strtoll(text.c_str(), nullptr, 10); };
  const std::size_t ts = house->column("ts_utc"), pv = house->column("pv_wh"), load = house->column("load_wh"),
                    out = house->column("export_wh"), in = house->column("import_wh");
  for (const auto& row : house->rows)
    year.series.row("house", *parse_time(row[ts]),
                    {{Metric::pv_w, whole(row[pv])},
                     {Metric::load_w, whole(row[load])},
                     {Metric::grid_import_w, whole(row[in])},
                     {Metric::grid_export_w, whole(row[out])}});
  year.from = *parse_time(house->rows.front()[ts]);
  year.to = *parse_time(house->rows.back()[ts]) + hour_us;
  for (const auto& row : prices->rows)
    year.series.row("spot", *parse_time(row[0]),
                    {{Metric::spot_price_micro, std::llround(std::strtod(row[2].c_str(), nullptr) * 1000)}});
  year.series.hold("house", hour_us);
  year.series.hold("spot", hour_us);
  return year;
}

}  // namespace heliograph::tests

namespace {

struct Expected {
  double no_import, no_export, no_cost, self_import, self_export, self_cost, charge, discharge, stored;
};

std::optional<Expected> expected_of(std::string_view tariff) {
  const auto table = tests::shared_table("data/reference/annual_kpi.csv");
  if (!table) return std::nullopt;
  for (const auto& row : table->rows) {
    if (row[table->column("tariff")] != tariff) continue;
    const auto at = [&](std::string_view name) { return std::strtod(row[table->column(name)].c_str(), nullptr); };
    return Expected{at("no_battery_import_kwh"), at("no_battery_export_kwh"), at("no_battery_cost_eur"),
                    at("self_import_kwh"),       at("self_export_kwh"),       at("self_cost_eur"),
                    at("self_charge_kwh"),       at("self_discharge_kwh"),    at("final_stored_kwh")};
  }
  return std::nullopt;
}

Scenario reference_scenario(const std::string& tariff) {
  auto parsed =
      parse_scenario(R"({"battery": {"capacity_kwh": 10, "power_kw": 5, "efficiency": 0.95, "min_soc_percent": 10,
      "max_soc_percent": 100, "start_soc_percent": 10, "strategy": "self_consumption"}, "tariff": ")" +
                     tariff + R"("})");
  REQUIRE(parsed.scenario);
  return *parsed.scenario;
}

bool near(double value, double expected) { return std::abs(value - expected) <= std::abs(expected) * 1e-3; }
double kwh(std::int64_t ukwh) { return static_cast<double>(ukwh) / 1e6; }

DryRunInput input_of(const tests::ReferenceYear& year, Scenario scenario, std::vector<Rule> rules) {
  DryRunInput input;
  input.site = tests::reference_site;
  input.series = &year.series;
  input.log_end = year.series.last_position();
  input.rules = std::move(rules);
  input.scenario = std::move(scenario);
  input.from = year.from;
  input.to = year.to;
  return input;
}

}  // namespace

TEST_CASE("a dry run reproduces the reference year without battery and with self-consumption") {
  const auto year = tests::reference_year();
  if (!year) return;
  for (const std::string tariff : {"retail_dynamic", "spot_fixed"}) {
    INFO(tariff);
    const auto expected = expected_of(tariff);
    REQUIRE(expected);
    const auto report = dry_run(input_of(*year, reference_scenario(tariff), {}));
    REQUIRE(report);
    REQUIRE(report->no_battery);
    REQUIRE(report->self_consumption);
    REQUIRE(report->candidate);
    REQUIRE(report->what_happened);
    const Account &none = *report->no_battery.value(), &self = *report->self_consumption.value();
    CHECK(near(kwh(none.import_ukwh()), expected->no_import));
    CHECK(near(kwh(none.export_ukwh()), expected->no_export));
    CHECK(near(kwh(none.cost_micro()), expected->no_cost));
    CHECK(near(kwh(self.import_ukwh()), expected->self_import));
    CHECK(near(kwh(self.export_ukwh()), expected->self_export));
    CHECK(near(kwh(self.cost_micro()), expected->self_cost));
    CHECK(near(kwh(self.charge_ukwh()), expected->charge));
    CHECK(near(kwh(self.discharge_ukwh()), expected->discharge));
    REQUIRE(report->self_stored_wh);
    CHECK(near(*report->self_stored_wh.value() / 1000, expected->stored));
    CHECK(none.known() == 8496 * hour_us);
    CHECK(none.unpriced() == 2 * hour_us);
    CHECK(report->gaps.empty());
    // The house had no battery: what happened is the no-battery case, to the Wh, and the candidate is the rule.
    CHECK(report->what_happened.value()->import_ukwh() == 2'843'643'000);
    CHECK(report->what_happened.value()->export_ukwh() == 3'481'625'000);
    CHECK(report->candidate.value()->import_ukwh() == self.import_ukwh());
    CHECK(report->candidate.value()->cost_micro() == self.cost_micro());
    CHECK_FALSE(report->model_error);
  }
}

TEST_CASE("two dry runs of the same year and rules have the same digest") {
  const auto year = tests::reference_year();
  if (!year) return;
  const auto guard = parse_rule(miner_guard_example()).rule;
  REQUIRE(guard);
  Scenario scenario = reference_scenario("retail_dynamic");
  scenario.devices.push_back({DeviceId{"miner-1"}, 1500, false, 5 * minute_us, 5 * minute_us});
  const auto one = dry_run(input_of(*year, scenario, {*guard}));
  const auto two = dry_run(input_of(*year, scenario, {*guard}));
  REQUIRE(one);
  REQUIRE(two);
  CHECK(one->digest == two->digest);
  CHECK(to_json(*one) == to_json(*two));
  CHECK(one->digest.size() == 64);
  CHECK(one->would_send > 100);
  scenario.devices[0].nominal_w = 1501;
  const auto other = dry_run(input_of(*year, scenario, {*guard}));
  REQUIRE(other);
  CHECK(other->digest != one->digest);
}

TEST_CASE("the miner guard's year alternates pauses and resumes, each with a reason and a reading") {
  const auto year = tests::reference_year();
  if (!year) return;
  const auto guard = parse_rule(miner_guard_example()).rule;
  REQUIRE(guard);
  Scenario scenario = reference_scenario("retail_dynamic");
  scenario.devices.push_back({DeviceId{"miner-1"}, 1500, false, 5 * minute_us, 5 * minute_us});
  const auto report = dry_run(input_of(*year, scenario, {*guard}));
  REQUIRE(report);
  bool on = false;
  for (const DryRunCommand& command : report->commands) {
    CHECK_FALSE(command.reason.empty());
    CHECK_FALSE(command.readings.empty());
    CHECK((command.would_send || !command.refusals.empty()));
    if (!command.would_send) continue;
    CHECK(command.action == (on ? Action::switch_off : Action::switch_on));
    on = !on;
  }
  // The miner takes sun that was exported and grid power that was not imported before.
  CHECK(report->candidate.value()->export_ukwh() < report->self_consumption.value()->export_ukwh());
  CHECK(report->candidate.value()->import_ukwh() > report->self_consumption.value()->import_ukwh());
}
