// What can be measured: one table of names, units, scales and plausible ranges. Log values are integers
// in the unit that ends the name; kW, kWh and percent appear only in api/ and web/.
//
// Signs, stated once: positive power flows INTO the site. grid_w + import / - export, battery_w + discharge
// / - charge, pv_w >= 0, load_w >= 0, hence load_w == pv_w + grid_w + battery_w. Energy counters (_wh) are
// split by direction and never fall.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

namespace heliograph {

// Numbers are on disk: never reuse or renumber one.
enum class Metric : std::uint8_t {
  pv_w = 1,
  load_w = 2,
  grid_w = 3,
  battery_w = 4,
  soc_permille = 5,
  battery_mv = 6,
  import_price_micro = 7,  // micro currency units per kWh
  export_price_micro = 8,
  grid_import_w = 9,    // mean import of the interval, >= 0 (interval meters know both directions)
  grid_export_w = 10,   // mean export of the interval, >= 0
  battery_charge_w = 11,
  battery_discharge_w = 12,
  grid_import_wh = 13,  // counters
  grid_export_wh = 14,
  battery_charge_wh = 15,
  battery_discharge_wh = 16,
  power_w = 17,      // a plug's or node's own consumption, >= 0
  switch_on = 18,    // 0 or 1
  temperature_mc = 19,  // milli degrees Celsius
  target_soc_permille = 20,
  savings_micro = 21,  // micro currency units
  cost_micro = 22,
  pv_forecast_w = 23,
  mode = 24,      // text
  decision = 25,  // text
  state = 26,     // text
  spot_price_micro = 27,  // wholesale price, micro currency units per kWh, may be negative
  count = 28,             // how many: our own figures (api/self_readings.hpp)
};
inline constexpr std::size_t metric_slots = 29;  // Metric values are below this

/// How a value behaves between two readings, which decides its rollup.
enum class Kind : std::uint8_t {
  power,    // W; has an energy integral
  level,    // a state at a moment
  counter,  // Wh, never falls
  price,    // per kWh, holds for its interval
  text,     // an index into the batch's words
};

struct MetricInfo {
  Metric metric;
  std::string_view name;      // in the log and in rules' internals: "soc_permille"
  std::string_view api_name;  // at the door: "soc_percent"
  std::string_view unit;      // at the door: "%"
  double api_scale;           // api value = stored value * api_scale
  std::uint8_t api_decimals;  // digits after the point that carry information
  Kind kind;
  std::int64_t min, max;      // plausible range of the stored value; outside it is kept as suspect
};

std::span<const MetricInfo> all_metrics();
const MetricInfo& info(Metric metric);
/// Finds by log name or API name ("soc_permille", "soc_percent").
std::optional<Metric> find_metric(std::string_view name);

/// "No reading": distinct from zero everywhere.
inline constexpr std::int64_t missing = std::numeric_limits<std::int64_t>::min();

}  // namespace heliograph
