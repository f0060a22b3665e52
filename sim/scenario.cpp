#include "sim/scenario.hpp"

#include <cmath>

#include "actors/core/field_reader.hpp"

namespace heliograph {
namespace {

constexpr std::size_t devices_max = 64;

BatteryStrategy read_strategy(FieldReader& fields) {
  const auto word = fields.text("strategy");
  if (!word || *word == "self_consumption") return BatteryStrategy::self_consumption;
  if (*word == "idle") return BatteryStrategy::idle;
  if (*word == "rules") return BatteryStrategy::rules;
  fields.problem("strategy", "There is no strategy " + quoted(*word) + ": use self_consumption, idle or rules.");
  return BatteryStrategy::self_consumption;
}

std::int64_t read_permille(FieldReader& fields, std::string_view key, std::int64_t otherwise) {
  return fields.scaled(key, 1, 0, 100, "%").value_or(otherwise);
}

ScenarioBattery read_battery(const Document& node, const Place& place, std::vector<DocumentProblem>& problems) {
  FieldReader fields(node, place, "The battery", problems);
  fields.require("capacity_kwh", "\"capacity_kwh\": 10");
  fields.require("power_kw", "\"power_kw\": 5");
  const auto capacity_wh = fields.scaled("capacity_kwh", 3, 0, 1'000'000, "kWh");
  const auto power_w = fields.scaled("power_kw", 3, 0, 1'000'000, "kW");
  const auto efficiency_ppm = fields.scaled("efficiency", 6, 0, 1, "(each way)").value_or(950'000);
  const auto leak_ppm = fields.scaled("self_discharge_per_h", 6, 0, 1, "(share of the charge)").value_or(0);
  const auto min = read_permille(fields, "min_soc_percent", 100);
  const auto max = read_permille(fields, "max_soc_percent", 1000);
  const auto start = read_permille(fields, "start_soc_percent", min);
  ScenarioBattery battery;
  battery.start_soc_permille = static_cast<std::int32_t>(start);
  battery.strategy = read_strategy(fields);
  fields.refuse_others();
  if (capacity_wh == 0) fields.problem("capacity_kwh", "A battery needs a capacity; leave \"battery\" out for none.");
  if (efficiency_ppm < 10'000) fields.problem("efficiency", "\"efficiency\" must be at least 0.01.");
  if (min >= max)
    fields.problem("min_soc_percent", "The lowest state of charge must lie below the highest one.");
  else if (start < min || start > max)
    fields.problem("start_soc_percent", "The battery must start between its lowest and its highest state of charge.");
  const auto capacity = static_cast<double>(capacity_wh.value_or(1)), power = static_cast<double>(power_w.value_or(0));
  const double efficiency = static_cast<double>(efficiency_ppm) / 1e6;
  battery.spec = {capacity,
                  capacity * static_cast<double>(min) / 1000,
                  capacity * static_cast<double>(max) / 1000,
                  power,
                  power,
                  efficiency,
                  efficiency,
                  static_cast<double>(leak_ppm) / 1e6};
  return battery;
}

ScenarioDevice read_device(const Document& node, const Place& place, std::vector<DocumentProblem>& problems) {
  FieldReader fields(node, place, "A device", problems);
  fields.require("id", "\"id\": \"miner-1\"");
  fields.require("nominal_w", "\"nominal_w\": 1500");
  ScenarioDevice device;
  device.id = fields.device("id").value_or(DeviceId{});
  device.nominal_w = fields.scaled("nominal_w", 0, 0, 1'000'000'000, "W").value_or(0);
  if (const auto start = fields.text("start")) {
    if (*start != "on" && *start != "off") fields.problem("start", "\"start\" must be \"on\" or \"off\".");
    device.on_at_start = *start == "on";
  }
  device.min_on = fields.duration("min_on").value_or(0);
  device.min_off = fields.duration("min_off").value_or(0);
  fields.refuse_others();
  return device;
}

std::vector<ScenarioDevice> read_devices(const Document& node, const Place& place,
                                         std::vector<DocumentProblem>& problems) {
  std::vector<ScenarioDevice> devices;
  if (node.kind != Document::Kind::array || node.items.size() > devices_max) {
    problems.push_back({place.pointer(), "\"devices\" must be a list of at most 64 devices: [{...}, {...}]."});
    return devices;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const Place here = place.at(i);
    devices.push_back(read_device(node.items[i], here, problems));
    for (std::size_t j = 0; j < i; ++j)
      if (!devices[j].id.empty() && devices[j].id == devices[i].id)
        problems.push_back({here.at("id").pointer(), quoted(devices[i].id.text) + " stands here twice: keep one."});
  }
  return devices;
}

void write_battery(JsonWriter& json, const ScenarioBattery& battery) {
  const auto& spec = battery.spec;
  const auto permille_of = [&](double wh) { return std::llround(wh / spec.capacity_wh * 1000); };
  json.key("battery").begin_object();
  json.field("capacity_kwh", spec.capacity_wh / 1000).field("power_kw", spec.charge_w_max / 1000);
  json.field("efficiency", spec.charge_efficiency).field("self_discharge_per_h", spec.self_discharge_per_h);
  json.key("min_soc_percent").decimal(permille_of(spec.stored_wh_min), 1);
  json.key("max_soc_percent").decimal(permille_of(spec.stored_wh_max), 1);
  json.key("start_soc_percent").decimal(battery.start_soc_permille, 1);
  json.field("strategy", name(battery.strategy)).end_object();
}

void write_devices(JsonWriter& json, const std::vector<ScenarioDevice>& devices) {
  json.key("devices").begin_array();
  for (const auto& device : devices) {
    json.begin_object().field("id", device.id.text).field("nominal_w", device.nominal_w);
    json.field("start", device.on_at_start ? "on" : "off");
    json.field("min_on", format_duration(device.min_on)).field("min_off", format_duration(device.min_off));
    json.end_object();
  }
  json.end_array();
}

}  // namespace

std::string_view name(BatteryStrategy strategy) {
  switch (strategy) {
    case BatteryStrategy::self_consumption: return "self_consumption";
    case BatteryStrategy::idle: return "idle";
    case BatteryStrategy::rules: return "rules";
  }
  return "";
}

ParsedScenario parse_scenario(std::string_view document) {
  ParsedDocument read = parse_document(document);
  ParsedScenario parsed{std::nullopt, std::move(read.problems)};
  if (!read.root) return parsed;
  auto& problems = parsed.problems;
  const Place root{};
  FieldReader fields(*read.root, root, "The scenario", problems);
  Scenario scenario;
  if (const auto* battery = fields.find("battery"))
    scenario.battery = read_battery(*battery, root.at("battery"), problems);
  if (const auto* devices = fields.find("devices"))
    scenario.devices = read_devices(*devices, root.at("devices"), problems);
  if (const auto* tariff = fields.find("tariff")) scenario.tariff = read_tariff(*tariff, root.at("tariff"), problems);
  scenario.prices = fields.device("prices");
  fields.refuse_others();
  if (problems.empty()) parsed.scenario = std::move(scenario);
  return parsed;
}

void write_scenario(JsonWriter& json, const Scenario& scenario) {
  json.begin_object();
  if (scenario.battery) write_battery(json, *scenario.battery);
  if (!scenario.devices.empty()) write_devices(json, scenario.devices);
  if (scenario.tariff) write_tariff(json.key("tariff"), *scenario.tariff);
  if (scenario.prices) json.field("prices", scenario.prices->text);
  json.end_object();
}

}  // namespace heliograph
