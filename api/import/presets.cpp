// Presets: mapping documents for exports that we have seen, with the units, zones and labels of their makers.
// Each is held to real files by tests/api/import_test.cpp.
#include <array>

#include "api/import/map.hpp"

namespace heliograph {
namespace {

constexpr std::array<Preset, 11> all{{
    {"nl_enphase", "Enphase yearly report: hourly Wh of PV, house, import and export", R"({
  "name": "nl_enphase",
  "time": {"column": "ts_utc", "interval": "PT1H"},
  "columns": [
    {"column": "pv_wh", "device": "pv", "metric": "pv_w", "unit": "Wh", "as": "energy"},
    {"column": "load_wh", "device": "house", "metric": "load_w", "unit": "Wh", "as": "energy"},
    {"column": "export_wh", "device": "grid", "metric": "grid_export_w", "unit": "Wh", "as": "energy"},
    {"column": "import_wh", "device": "grid", "metric": "grid_import_w", "unit": "Wh", "as": "energy"}
  ],
  "devices": [{"id": "pv", "name": "PV inverter"}, {"id": "house", "name": "House"}, {"id": "grid", "name": "Grid meter"}]
})"},
    {"nl_p1mon_1min", "P1 Monitor minutes: Dutch smart meter, local time, registers read at the minute's end", R"({
  "name": "nl_p1mon_1min",
  "time": {"column": "ts_local", "format": "%Y-%m-%d %H:%M:%S", "zone": "Europe/Amsterdam", "interval": "PT1M"},
  "columns": [
    {"column": "import_kwh", "device": "grid", "metric": "grid_import_w", "unit": "kWh", "as": "energy"},
    {"column": "export_kwh", "device": "grid", "metric": "grid_export_w", "unit": "kWh", "as": "energy"},
    {"column": "import_t1_kwh_reg", "device": "grid", "metric": "grid_import_wh", "unit": "kWh", "as": "register", "at": "end", "digits": 6},
    {"column": "import_t2_kwh_reg", "device": "grid", "metric": "grid_import_wh", "unit": "kWh", "as": "register", "at": "end", "digits": 6},
    {"column": "export_t1_kwh_reg", "device": "grid", "metric": "grid_export_wh", "unit": "kWh", "as": "register", "at": "end", "digits": 6},
    {"column": "export_t2_kwh_reg", "device": "grid", "metric": "grid_export_wh", "unit": "kWh", "as": "register", "at": "end", "digits": 6}
  ],
  "devices": [{"id": "grid", "name": "Grid meter"}]
})"},
    {"nl_p1mon_hourly", "P1 Monitor hours: the same meter by the hour", R"({
  "name": "nl_p1mon_hourly",
  "time": {"column": "ts_local", "format": "%Y-%m-%d %H:%M:%S", "zone": "Europe/Amsterdam", "interval": "PT1H"},
  "columns": [
    {"column": "import_kwh", "device": "grid", "metric": "grid_import_w", "unit": "kWh", "as": "energy"},
    {"column": "export_kwh", "device": "grid", "metric": "grid_export_w", "unit": "kWh", "as": "energy"},
    {"column": "import_t1_kwh_reg", "device": "grid", "metric": "grid_import_wh", "unit": "kWh", "as": "register", "at": "end", "digits": 6},
    {"column": "import_t2_kwh_reg", "device": "grid", "metric": "grid_import_wh", "unit": "kWh", "as": "register", "at": "end", "digits": 6},
    {"column": "export_t1_kwh_reg", "device": "grid", "metric": "grid_export_wh", "unit": "kWh", "as": "register", "at": "end", "digits": 6},
    {"column": "export_t2_kwh_reg", "device": "grid", "metric": "grid_export_wh", "unit": "kWh", "as": "register", "at": "end", "digits": 6}
  ],
  "devices": [{"id": "grid", "name": "Grid meter"}]
})"},
    {"nl_slimmemeter", "SlimmeMeterPortal quarters: two tariffs, time at the interval's end, outdoor temperature", R"({
  "name": "nl_slimmemeter",
  "time": {"column": "ts_end_utc", "label": "end", "interval": "PT15M"},
  "columns": [
    {"column": "import_normal_kwh", "device": "grid", "metric": "grid_import_w", "unit": "kWh", "as": "energy"},
    {"column": "import_low_kwh", "device": "grid", "metric": "grid_import_w", "unit": "kWh", "as": "energy"},
    {"column": "export_normal_kwh", "device": "grid", "metric": "grid_export_w", "unit": "kWh", "as": "energy"},
    {"column": "export_low_kwh", "device": "grid", "metric": "grid_export_w", "unit": "kWh", "as": "energy"},
    {"column": "outdoor_temp_c", "device": "outdoor", "metric": "temperature_mc", "unit": "C"}
  ],
  "devices": [{"id": "grid", "name": "Grid meter"}, {"id": "outdoor", "name": "Outdoor temperature"}]
})"},
    {"us_citylearn", "CityLearn 2022 house: numbered hours from 31 July 2016, hour 24, standard time of California", R"({
  "name": "us_citylearn",
  "time": {"column": "row", "format": "row", "start": "2016-07-31T23:00:00-08:00", "interval": "PT1H"},
  "columns": [
    {"column": "load_kwh", "device": "house", "metric": "load_w", "unit": "kWh", "as": "energy"},
    {"column": "pv_kwh", "device": "pv", "metric": "pv_w", "unit": "kWh", "as": "energy"},
    {"column": "import_price_usd_kwh", "device": "tariff", "metric": "import_price_micro", "unit": "USD/kWh"},
    {"column": "temp_c", "device": "outdoor", "metric": "temperature_mc", "unit": "C"}
  ],
  "devices": [{"id": "house", "name": "House"}, {"id": "pv", "name": "PV inverter"},
              {"id": "tariff", "name": "Time-of-use tariff"}, {"id": "outdoor", "name": "Outdoor temperature"}]
})"},
    {"us_powerwall", "Daily totals of a house with PV and battery; energy into the battery is not in the file", R"({
  "name": "us_powerwall",
  "time": {"column": "ts_local", "interval": "P1D"},
  "columns": [
    {"column": "load_kwh", "device": "house", "metric": "load_w", "unit": "kWh", "as": "energy"},
    {"column": "from_battery_kwh", "device": "battery", "metric": "battery_discharge_w", "unit": "kWh", "as": "energy"},
    {"column": "pv_kwh", "device": "pv", "metric": "pv_w", "unit": "kWh", "as": "energy"},
    {"column": "import_kwh", "device": "grid", "metric": "grid_import_w", "unit": "kWh", "as": "energy"},
    {"column": "export_kwh", "device": "grid", "metric": "grid_export_w", "unit": "kWh", "as": "energy"}
  ],
  "devices": [{"id": "house", "name": "House"}, {"id": "battery", "name": "Battery"}, {"id": "pv", "name": "PV inverter"},
              {"id": "grid", "name": "Grid meter"}]
})"},
    {"fr_emhass", "EMHASS training data: half-hourly mean W of house and PV, and the PV forecast", R"({
  "name": "fr_emhass",
  "time": {"column": "ts_utc", "interval": "PT30M"},
  "columns": [
    {"column": "load_w", "device": "house", "metric": "load_w", "unit": "W"},
    {"column": "pv_w", "device": "pv", "metric": "pv_w", "unit": "W"},
    {"column": "pv_forecast_w", "device": "pv", "metric": "pv_forecast_w", "unit": "W"}
  ],
  "devices": [{"id": "house", "name": "House"}, {"id": "pv", "name": "PV inverter"}]
})"},
    {"nl_epex", "Dutch day-ahead prices, EUR/MWh by the hour", R"({
  "name": "nl_epex",
  "time": {"column": "ts_utc", "interval": "PT1H"},
  "columns": [{"column": "price_eur_mwh", "device": "spot", "metric": "spot_price_micro", "unit": "EUR/MWh"}],
  "devices": [{"id": "spot", "name": "Day-ahead price"}]
})"},
    {"de_lu", "German day-ahead prices (SMARD), ct/kWh by the hour", R"({
  "name": "de_lu",
  "time": {"column": "ts_utc", "interval": "PT1H"},
  "columns": [{"column": "price_ct_kwh", "device": "spot", "metric": "spot_price_micro", "unit": "ct/kWh"}],
  "devices": [{"id": "spot", "name": "Day-ahead price"}]
})"},
    {"fi_spot", "Finnish spot prices, ct/kWh with VAT, by the hour", R"({
  "name": "fi_spot",
  "time": {"column": "ts_utc", "interval": "PT1H"},
  "columns": [{"column": "price_c_kwh_incl_vat", "device": "spot", "metric": "spot_price_micro", "unit": "ct/kWh"}],
  "devices": [{"id": "spot", "name": "Spot price with VAT"}]
})"},
    {"pl_tge", "Polish day-ahead prices (TGE), PLN/MWh by the hour", R"({
  "name": "pl_tge",
  "time": {"column": "ts_utc", "interval": "PT1H"},
  "columns": [{"column": "price_pln_mwh", "device": "spot", "metric": "spot_price_micro", "unit": "PLN/MWh"}],
  "devices": [{"id": "spot", "name": "Day-ahead price"}]
})"},
}};

}  // namespace

std::span<const Preset> presets() { return all; }

}  // namespace heliograph
