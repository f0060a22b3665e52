// The "what if" of a dry run: which battery, which switchable devices, which tariff. Plain data, read from JSON or
// YAML (docs/DRY_RUN.md); every problem has a pointer. W, Wh, permille; times in microseconds.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/ids.hpp"
#include "sim/battery.hpp"
#include "sim/tariff.hpp"

namespace heliograph {

enum class BatteryStrategy : std::uint8_t {
  self_consumption,  // surplus charges, deficit discharges, never from the grid
  idle,              // does nothing
  rules,             // does what rules command (set_power), otherwise nothing
};
std::string_view name(BatteryStrategy strategy);

struct ScenarioBattery {
  BatterySpec spec;
  std::int32_t start_soc_permille = 0;
  BatteryStrategy strategy = BatteryStrategy::self_consumption;
  bool operator==(const ScenarioBattery&) const = default;
};

/// A switchable device that the dry run plays: it answers at once and its draw is part of the load.
struct ScenarioDevice {
  DeviceId id;
  std::int64_t nominal_w = 0;
  bool on_at_start = false;
  Micros min_on = 0, min_off = 0;
  bool operator==(const ScenarioDevice&) const = default;
};

struct Scenario {
  std::optional<ScenarioBattery> battery;
  std::vector<ScenarioDevice> devices;
  std::optional<Tariff> tariff;
  std::optional<DeviceId> prices;  // whose spot_price_micro is the spot price; absent = the site's only one
  bool operator==(const Scenario&) const = default;
};

struct ParsedScenario {
  std::optional<Scenario> scenario;  // set when problems is empty
  std::vector<DocumentProblem> problems;
};
/// Unknown fields, repeated fields and values out of range are problems; all are listed.
ParsedScenario parse_scenario(std::string_view document);
/// Fixed order, API units: parse_scenario(write_scenario(s)) == s.
void write_scenario(JsonWriter& json, const Scenario& scenario);

}  // namespace heliograph
