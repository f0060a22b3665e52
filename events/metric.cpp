#include "events/metric.hpp"

#include <array>

namespace heliograph {
namespace {

constexpr std::int64_t w_max = 1'000'000'000;          // 1 GW: above any site of ours
constexpr std::int64_t wh_max = 1'000'000'000'000'000;  // a counter's plausible end
constexpr std::int64_t price_max = 1'000'000'000;      // 1000 per kWh

constexpr std::array<MetricInfo, 28> table{{
    {Metric::pv_w, "pv_w", "pv_w", "W", 1, 0, Kind::power, 0, w_max},
    {Metric::load_w, "load_w", "load_w", "W", 1, 0, Kind::power, 0, w_max},
    {Metric::grid_w, "grid_w", "grid_w", "W", 1, 0, Kind::power, -w_max, w_max},
    {Metric::battery_w, "battery_w", "battery_w", "W", 1, 0, Kind::power, -w_max, w_max},
    {Metric::soc_permille, "soc_permille", "soc_percent", "%", 0.1, 1, Kind::level, 0, 1000},
    {Metric::battery_mv, "battery_mv", "battery_v", "V", 0.001, 3, Kind::level, 1, 2'000'000},
    {Metric::import_price_micro, "import_price_micro", "import_price", "/kWh", 1e-6, 6, Kind::price, -price_max, price_max},
    {Metric::export_price_micro, "export_price_micro", "export_price", "/kWh", 1e-6, 6, Kind::price, -price_max, price_max},
    {Metric::grid_import_w, "grid_import_w", "grid_import_w", "W", 1, 0, Kind::power, 0, w_max},
    {Metric::grid_export_w, "grid_export_w", "grid_export_w", "W", 1, 0, Kind::power, 0, w_max},
    {Metric::battery_charge_w, "battery_charge_w", "battery_charge_w", "W", 1, 0, Kind::power, 0, w_max},
    {Metric::battery_discharge_w, "battery_discharge_w", "battery_discharge_w", "W", 1, 0, Kind::power, 0, w_max},
    {Metric::grid_import_wh, "grid_import_wh", "grid_import_kwh", "kWh", 0.001, 3, Kind::counter, 0, wh_max},
    {Metric::grid_export_wh, "grid_export_wh", "grid_export_kwh", "kWh", 0.001, 3, Kind::counter, 0, wh_max},
    {Metric::battery_charge_wh, "battery_charge_wh", "battery_charge_kwh", "kWh", 0.001, 3, Kind::counter, 0, wh_max},
    {Metric::battery_discharge_wh, "battery_discharge_wh", "battery_discharge_kwh", "kWh", 0.001, 3, Kind::counter, 0, wh_max},
    {Metric::power_w, "power_w", "power_w", "W", 1, 0, Kind::power, 0, w_max},
    {Metric::switch_on, "switch_on", "switch_on", "", 1, 0, Kind::level, 0, 1},
    {Metric::temperature_mc, "temperature_mc", "temperature_c", "°C", 0.001, 3, Kind::level, -100'000, 200'000},
    {Metric::target_soc_permille, "target_soc_permille", "target_soc_percent", "%", 0.1, 1, Kind::level, 0, 1000},
    {Metric::savings_micro, "savings_micro", "savings", "", 1e-6, 6, Kind::level, -wh_max, wh_max},
    {Metric::cost_micro, "cost_micro", "cost", "", 1e-6, 6, Kind::level, -wh_max, wh_max},
    {Metric::pv_forecast_w, "pv_forecast_w", "pv_forecast_w", "W", 1, 0, Kind::power, -w_max, w_max},
    {Metric::mode, "mode", "mode", "", 1, 0, Kind::text, 0, 1'000'000},
    {Metric::decision, "decision", "decision", "", 1, 0, Kind::text, 0, 1'000'000},
    {Metric::state, "state", "state", "", 1, 0, Kind::text, 0, 1'000'000},
    {Metric::spot_price_micro, "spot_price_micro", "spot_price", "/kWh", 1e-6, 6, Kind::price, -price_max, price_max},
    {Metric::count, "count", "count", "", 1, 0, Kind::level, 0, wh_max},
}};

constexpr bool table_is_in_order() {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (static_cast<std::size_t>(table[i].metric) != i + 1) return false;
  return table.size() + 1 == metric_slots;
}
static_assert(table_is_in_order(), "the table is indexed by the metric's number");

}  // namespace

std::span<const MetricInfo> all_metrics() { return table; }

const MetricInfo& info(Metric metric) { return table.at(static_cast<std::size_t>(metric) - 1); }

std::optional<Metric> find_metric(std::string_view name) {
  for (const auto& entry : table)
    if (entry.name == name || entry.api_name == name) return entry.metric;
  return std::nullopt;
}

}  // namespace heliograph
