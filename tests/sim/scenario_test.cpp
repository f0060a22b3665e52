// Scenarios are read whole, written back, and refused with a pointer for every problem.
#include "sim/scenario.hpp"

#include <catch2/catch.hpp>

using namespace heliograph;

namespace {

constexpr std::string_view full = R"({
  "battery": {"capacity_kwh": 10, "power_kw": 5, "efficiency": 0.95, "min_soc_percent": 10, "max_soc_percent": 100,
              "start_soc_percent": 10, "strategy": "self_consumption"},
  "devices": [{"id": "miner-1", "nominal_w": 1500, "start": "off", "min_on": "PT5M", "min_off": "PT5M"}],
  "tariff": "retail_dynamic",
  "prices": "spot"
})";

std::vector<std::string> pointers_of(std::string_view document) {
  const auto parsed = parse_scenario(document);
  CHECK_FALSE(parsed.scenario);
  std::vector<std::string> all;
  for (const auto& p : parsed.problems) all.push_back(p.pointer);
  return all;
}

}  // namespace

TEST_CASE("a scenario is read whole") {
  const auto parsed = parse_scenario(full);
  REQUIRE(parsed.scenario);
  const auto& battery = parsed.scenario->battery;
  REQUIRE(battery);
  CHECK(battery->spec == BatterySpec{10'000, 1'000, 10'000, 5'000, 5'000, 0.95, 0.95, 0});
  CHECK(battery->start_soc_permille == 100);
  CHECK(battery->strategy == BatteryStrategy::self_consumption);
  REQUIRE(parsed.scenario->devices.size() == 1);
  CHECK(parsed.scenario->devices[0] == ScenarioDevice{DeviceId{"miner-1"}, 1500, false, 5 * minute_us, 5 * minute_us});
  CHECK(parsed.scenario->tariff == tariff_preset("retail_dynamic"));
  CHECK(parsed.scenario->prices == DeviceId{"spot"});
}

TEST_CASE("an empty scenario changes nothing, and defaults are those of the guide") {
  REQUIRE(parse_scenario("{}").scenario);
  CHECK(*parse_scenario("{}").scenario == Scenario{});
  const auto small =
      parse_scenario(R"({"battery": {"capacity_kwh": 4.8, "power_kw": 2.4, "strategy": "idle"}})").scenario;
  REQUIRE(small);
  CHECK(small->battery->spec == BatterySpec{4'800, 480, 4'800, 2'400, 2'400, 0.95, 0.95, 0});
  CHECK(small->battery->start_soc_permille == 100);
}

TEST_CASE("a scenario survives being written and read, also as YAML") {
  const auto scenario = parse_scenario(full).scenario;
  REQUIRE(scenario);
  JsonWriter json;
  write_scenario(json, *scenario);
  CHECK(parse_scenario(json.view()).scenario == scenario);
  const auto yaml =
      parse_scenario("battery:\n  capacity_kwh: 10\n  power_kw: 5\n  strategy: rules\nprices: spot\n").scenario;
  REQUIRE(yaml);
  CHECK(yaml->battery->strategy == BatteryStrategy::rules);
}

TEST_CASE("every problem of a scenario is named with its pointer") {
  using Pointers = std::vector<std::string>;
  CHECK(pointers_of(R"({"batery": {}})") == Pointers{"/batery"});
  CHECK(pointers_of(R"({"battery": {"capacity_kwh": -1, "strategy": "hope", "colour": "blue"}})") ==
        Pointers{"/battery/power_kw", "/battery/capacity_kwh", "/battery/strategy", "/battery/colour"});
  CHECK(pointers_of(
            R"({"battery": {"capacity_kwh": 10, "power_kw": 5, "min_soc_percent": 90, "max_soc_percent": 20}})") ==
        Pointers{"/battery/min_soc_percent"});
  CHECK(pointers_of(R"({"battery": {"capacity_kwh": 10, "power_kw": 5, "start_soc_percent": 5}})") ==
        Pointers{"/battery/start_soc_percent"});
  CHECK(
      pointers_of(
          R"({"devices": [{"id": "Miner 1", "nominal_w": 1.5}, {"id": "a", "nominal_w": 1}, {"id": "a", "nominal_w": 2, "min_on": "5m", "start": "maybe"}]})") ==
      Pointers{"/devices/0/id", "/devices/0/nominal_w", "/devices/2/start", "/devices/2/min_on", "/devices/2/id"});
  CHECK(pointers_of(R"({"tariff": {"import": {"fixed": 2000}, "export": {"fixed": 0}}})") ==
        Pointers{"/tariff/import/fixed"});
  CHECK(pointers_of(R"({"devices": {}})") == Pointers{"/devices"});
  CHECK(pointers_of("{\"battery\": ").size() == 1);
  CHECK(pointers_of(R"({"prices": 7})") == Pointers{"/prices"});
}
