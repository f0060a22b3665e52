// Imports against real houses (summary.json), files with one family of defects each (messy/made), and what must be refused.
#include <catch2/catch.hpp>
#include <simdjson.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "api/import/history.hpp"

using namespace heliograph;
namespace fs = std::filesystem;

namespace {

struct Imported {
  std::optional<ImportReport> report;
  Error error;
  std::vector<ReadingBatch> batches;

  /// Every value of a metric of a device, by time.
  std::map<Micros, std::int64_t> values(std::string_view device, Metric metric) const {
    std::map<Micros, std::int64_t> out;
    for (const auto& b : batches)
      for (std::size_t row = 0; row < b.size(); ++row)
        if (b.devices[b.device_of[row]].text == device && b.value(metric, row) != missing) {
          CHECK(out.count(b.at[row]) == 0);  // one reading per device and time
          out[b.at[row]] = b.value(metric, row);
        }
    return out;
  }
  std::int64_t sum(std::string_view device, Metric metric) const {
    std::int64_t total = 0;
    for (const auto& [at, value] : values(device, metric)) total += value;
    return total;
  }
};

BatchSink into(Imported& out) {
  return [&out](ReadingBatch batch) -> Status {
    CHECK(batch.historic);
    CHECK(std::is_sorted(batch.at.begin(), batch.at.end()));
    out.batches.push_back(std::move(batch));
    return {};
  };
}

Imported take(Result<ImportReport> result, Imported out) {
  if (result) out.report = std::move(*result);
  else out.error = result.error();
  return out;
}

ImportMap map_of(const std::string& json) {
  auto map = parse_map(json);
  INFO((map ? "" : map.error().sentence + " " + map.error().pointer));
  REQUIRE(map);
  return *map;
}

Imported import_text(const std::string& csv, const ImportMap& map, ImportOptions options = {}) {
  std::istringstream in(csv);
  if (options.file.empty()) options.file = "test.csv";
  Imported out;
  auto result = read_history(in, map, options, into(out));
  return take(std::move(result), std::move(out));
}

Imported import_path(const fs::path& path, const std::optional<ImportMap>& map) {
  Imported out;
  auto result = import_file(path.string(), map, {}, into(out));
  return take(std::move(result), std::move(out));
}

/// The folder of real data, or nothing (with a message) where it is absent.
std::optional<fs::path> shared_data() {
  const char* const from = std::getenv("HELIOGRAPH_SHARED");
  const fs::path path = (from != nullptr ? fs::path(from) : fs::path(HELIOGRAPH_SOURCE_DIR) / ".." / "shared") / "data";
  if (fs::exists(path)) return path;
  WARN("skipped: no real data at " << path << " (set HELIOGRAPH_SHARED)");
  return std::nullopt;
}

Micros at(const char* text) { return parse_time(text).value(); }

std::uint64_t dropped(const ImportReport& r, std::string_view word) {
  std::uint64_t n = 0;
  for (const auto& d : r.dropped)
    if (d.reason.find(word) != std::string::npos) n += d.rows;
  return n;
}

/// Hourly, UTC, one column of kWh: the map of most small cases.
std::string simple_map(const std::string& time = R"("column": "t", "interval": "PT1H")", const std::string& more = "") {
  return R"({"time": {)" + time + R"(}, "columns": [{"column": "x", "device": "house", "metric": "load_w", "unit": "kWh", "as": "energy")" +
         more + "}]}";
}

}  // namespace

TEST_CASE("every preset reproduces the rows, sums and missing counts of its real files") {
  const auto data = shared_data();
  if (!data) return;
  struct Case { const char* preset; const char* file; const char* first; const char* last; std::uint64_t gaps; };
  const Case cases[] = {
      {"nl_enphase", "household/nl_enphase_hourly_2022-10_2023-09.csv.gz", "2022-10-11T22:00:00Z", "2023-09-30T21:00:00Z", 0},
      {"nl_p1mon_1min", "household/nl_p1mon_1min_2024-02.csv.gz", "2024-02-01T10:02:00Z", "2024-03-03T10:09:00Z", 1},
      {"nl_p1mon_hourly", "household/nl_p1mon_hourly_2021-03_2022-08.csv.gz", "2021-03-03T11:00:00Z", "2022-08-31T21:00:00Z", 0},
      {"nl_slimmemeter", "household/nl_slimmemeter_15min_2023.csv.gz", "2022-12-31T23:00:00Z", "2023-12-31T22:45:00Z", 0},
      {"us_citylearn", "household/us_citylearn_b01_hourly.csv.gz", "2016-08-01T07:00:00Z", "2017-08-01T06:00:00Z", 0},
      {"us_citylearn", "household/us_citylearn_b02_hourly.csv.gz", "2016-08-01T07:00:00Z", "2017-08-01T06:00:00Z", 0},
      {"us_citylearn", "household/us_citylearn_b03_hourly.csv.gz", "2016-08-01T07:00:00Z", "2017-08-01T06:00:00Z", 0},
      {"us_citylearn", "household/us_citylearn_b04_hourly.csv.gz", "2016-08-01T07:00:00Z", "2017-08-01T06:00:00Z", 0},
      {"us_citylearn", "household/us_citylearn_b05_hourly.csv.gz", "2016-08-01T07:00:00Z", "2017-08-01T06:00:00Z", 0},
      {"us_powerwall", "household/us_powerwall_daily_2020-05_2022-12.csv.gz", "2020-05-01T08:00:00Z", "2022-12-31T09:00:00Z", 0},
      {"fr_emhass", "household/fr_emhass_30min.csv.gz", "2024-02-28T21:00:00Z", "2025-02-27T22:30:00Z", 0},
      {"nl_epex", "prices/nl_epex_hourly_2022-2023.csv.gz", "2021-12-31T23:00:00Z", "2023-12-31T22:00:00Z", 2},
      {"de_lu", "prices/de_lu_hourly_2024.csv.gz", "2023-12-31T23:00:00Z", "2025-01-01T22:00:00Z", 0},
      {"fi_spot", "prices/fi_spot_hourly_2023-01_2024-02.csv.gz", "2023-01-01T00:00:00Z", "2024-02-28T23:00:00Z", 0},
      {"pl_tge", "prices/pl_tge_hourly_2018-2019.csv.gz", "2017-12-31T23:00:00Z", "2019-12-31T22:00:00Z", 2},
  };
  simdjson::dom::parser parser;
  const simdjson::dom::element summary = parser.load((*data / "household/summary.json").string());
  for (const Case& c : cases) {
    CAPTURE(c.preset, c.file);
    const auto map = find_preset(c.preset);
    REQUIRE(map);
    const auto done = import_path(*data / c.file, *map);
    INFO(done.error.sentence << " " << done.error.pointer);
    REQUIRE(done.report);
    const ImportReport& r = *done.report;
    const simdjson::dom::element wanted = summary[c.file];
    CHECK(r.rows_read == std::uint64_t(wanted["rows"]));
    CHECK(r.rows_kept == r.rows_read);
    CHECK(r.rows_dropped() == 0);
    CHECK(format_time(*r.first) == format_time(at(c.first)));
    CHECK(format_time(*r.last) == format_time(at(c.last)));
    if (c.gaps != 0) CHECK(r.gaps == c.gaps);
    for (const auto& column : r.columns) {
      CAPTURE(column.column);
      const double sum = wanted["sums"][column.column];
      // summary.json rounds its sums to four digits behind the point.
      CHECK(std::abs(column.sum - sum) <= std::max(1e-9 * std::abs(sum), 5.1e-5));
      std::uint64_t empty = 0;
      CHECK((wanted["missing"][column.column].get(empty) == simdjson::SUCCESS || empty == 0));
      CHECK(column.missing == empty);
      CHECK(column.unreadable + column.implausible == 0);
    }
    CHECK(r.sha256.size() == 64);
    CHECK(r.packed);
  }
}

TEST_CASE("an Enphase year keeps its energy to the Wh and its balance in every hour") {
  const auto data = shared_data();
  if (!data) return;
  const auto done = import_path(*data / "household/nl_enphase_hourly_2022-10_2023-09.csv.gz", *find_preset("nl_enphase"));
  REQUIRE(done.report);
  CHECK(done.sum("pv", Metric::pv_w) == 5'718'752);  // hourly: mean W = Wh
  CHECK(done.sum("house", Metric::load_w) == 5'080'770);
  CHECK(done.sum("grid", Metric::grid_import_w) == 2'843'643);
  CHECK(done.sum("grid", Metric::grid_export_w) == 3'481'625);
  for (const auto& column : done.report->columns) CHECK(column.rounded == 0);
  const auto pv = done.values("pv", Metric::pv_w), load = done.values("house", Metric::load_w), grid = done.values("grid", Metric::grid_w);
  REQUIRE(grid.size() == 8'496);
  std::size_t wrong = 0;
  for (const auto& [t, w] : grid) wrong += load.at(t) != pv.at(t) + w ? 1 : 0;
  CHECK(wrong == 0);
  CHECK(done.report->readings == 3 * 8'496);
  CHECK(done.batches.size() == 4);
}

TEST_CASE("prices are stored exactly in millionths per kWh") {
  const auto data = shared_data();
  if (!data) return;
  const auto epex = import_path(*data / "prices/nl_epex_hourly_2022-2023.csv.gz", *find_preset("nl_epex"));
  REQUIRE(epex.report);
  CHECK(epex.sum("spot", Metric::spot_price_micro) == 2'958'417'200);  // EUR/MWh * 1000
  CHECK(epex.values("spot", Metric::spot_price_micro).at(at("2021-12-31T23:00:00Z")) == 124'700);
  const auto de = import_path(*data / "prices/de_lu_hourly_2024.csv.gz", *find_preset("de_lu"));
  REQUIRE(de.report);
  CHECK(de.values("spot", Metric::spot_price_micro).at(at("2023-12-31T23:00:00Z")) == 100);  // 0.01 ct
}

TEST_CASE("a Dutch smart meter's registers become counters at the end of their hour") {
  const auto data = shared_data();
  if (!data) return;
  const auto done = import_path(*data / "household/nl_p1mon_hourly_2021-03_2022-08.csv.gz", *find_preset("nl_p1mon_hourly"));
  REQUIRE(done.report);
  const auto counter = done.values("grid", Metric::grid_import_wh);
  CHECK(counter.begin()->first == at("2021-03-03T12:00:00Z"));
  CHECK(counter.begin()->second == 3'926'957 + 2'202'896);
  CHECK(std::is_sorted(counter.begin(), counter.end(), [](const auto& a, const auto& b) { return a.second < b.second; }));
  CHECK(done.report->gaps > 0);
  // One of the two rows of the repeated hour of 2021-10-31 is in the file: reported, taken as summer time.
  CHECK(done.report->repeated_hour_rows == 1);
  REQUIRE_FALSE(done.report->warnings.empty());
  CHECK(done.report->warnings[0].find("\"repeated_hour\"") != std::string::npos);
  CHECK(done.values("grid", Metric::grid_import_w).count(at("2021-10-31T00:00:00Z")) == 1);
  CHECK(done.values("grid", Metric::grid_import_w).count(at("2021-10-31T01:00:00Z")) == 0);
}

TEST_CASE("files with defects give what is in them, declared map by map") {
  const auto data = shared_data();
  if (!data) return;
  const std::string kwh = R"("unit": "kWh", "as": "energy")", wh = R"("unit": "Wh", "as": "energy")";
  const auto col = [](const char* name, const char* device, const char* metric, const std::string& unit) {
    return std::string(R"({"column": ")") + name + R"(", "device": ")" + device + R"(", "metric": ")" + metric + R"(", )" + unit + "}";
  };
  const std::string grid = "grid", both = R"("numbers": {"decimal": ","}, )";
  struct Case { const char* file; std::string map; };
  const Case cases[] = {
      {"m01_cp1250_polish_hour_number.csv",
       R"({"file": {"encoding": "windows-1250", "separator": ";", "skip_lines": 2}, )" + both +
           R"("time": {"column": "Data", "format": "%d.%m.%Y", "running": "Godzina", "zone": "Europe/Warsaw", "interval": "PT1H"}, "columns": [)" +
           col("Energia pobrana [kWh]", "grid", "grid_import_w", kwh) + "," + col("Energia oddana [kWh]", "grid", "grid_export_w", kwh) + "]}"},
      {"m03_latin1_german_thousands.csv",
       R"({"file": {"encoding": "latin1"}, "numbers": {"decimal": ",", "thousands": "."},
           "time": {"column": "Zeitstempel", "format": "%d.%m.%y %H:%M", "zone": "Europe/Berlin", "interval": "PT1H"}, "columns": [)" +
           col("Solarproduktion (W)", "pv", "pv_w", R"("unit": "W")") + "," + col("Verbrauch (W)", "house", "load_w", R"("unit": "W")") + "]}"},
      {"m04_excel_serial_dates.csv",
       "{" + both + R"("time": {"column": "Date", "format": "excel", "zone": "UTC", "interval": "PT1H"}, "columns": [)" +
           col("PV kWh", "pv", "pv_w", kwh) + "," + col("Load kWh", "house", "load_w", kwh) + "]}"},
      {"m06_dst_autumn_local.csv",
       R"({"time": {"column": "lokale tijd", "format": "%d-%m-%Y %H:%M", "zone": "Europe/Amsterdam", "interval": "PT1H"}, "columns": [)" +
           col("import_kWh", "grid", "grid_import_w", kwh) + "," + col("export_kWh", "grid", "grid_export_w", kwh) + "," +
           col("pv_kWh", "pv", "pv_w", kwh) + "]}"},
      {"m07_mixed_line_ends_quotes.csv",
       R"({"file": {"comment": "#"}, )" + both + R"("time": {"column": "time", "interval": "PT1H"}, "columns": [)" +
           col("pv; inverter 1 [kWh]", "pv", "pv_w", kwh) + "]}"},
      {"m08_utf8bom_nbsp_thousands.csv",
       "{" R"("numbers": {"thousands": "\u00a0"}, "time": {"column": "Date et heure", "format": "%d/%m/%Y %Hh%M", "zone": "Europe/Paris", "interval": "PT1H"}, "columns": [)" +
           col("Production (Wh)", "pv", "pv_w", wh) + "," + col("Consommation (Wh)", "house", "load_w", wh) + "]}"},
      {"m10_epoch_ms_pipe_signed_grid.csv",
       R"({"time": {"column": "epoch_ms", "format": "epoch_ms", "interval": "PT1H"}, "columns": [)" +
           col("grid_kw", "grid", "grid_w", R"("unit": "kW", "split": true)") + "," + col("pv_kw", "pv", "pv_w", R"("unit": "kW")") + "]}"},
      {"m11_us_ampm_quoted_thousands.csv",
       R"({"numbers": {"thousands": ","}, "time": {"column": "Start Time", "until": "End Time", "format": "%m/%d/%Y %I:%M %p", "zone": "UTC", "interval": "PT1H"}, "columns": [)" +
           col("Usage (Wh)", "house", "load_w", wh) + "]}"},
      {"m12_utf16_variant.csv",
       "{" + both + R"("time": {"column": "czas", "interval": "PT1H"}, "columns": [)" + col("pv_kWh", "pv", "pv_w", kwh) + "]}"},
      {"m15_ambiguous_day_month.csv",
       "{" + both + R"("time": {"column": "when", "format": "%d/%m/%Y %H:%M", "zone": "UTC", "interval": "PT1H"}, "columns": [)" +
           col("kwh", "house", "load_w", kwh) + "]}"},
  };
  const std::map<std::string, std::pair<const char*, Metric>> totals{{"pv_wh", {"pv", Metric::pv_w}},
                                                                     {"load_wh", {"house", Metric::load_w}},
                                                                     {"import_wh", {"grid", Metric::grid_import_w}},
                                                                     {"export_wh", {"grid", Metric::grid_export_w}}};
  simdjson::dom::parser parser;
  const simdjson::dom::element expected = parser.load((*data / "messy/made/expected.json").string());
  for (const Case& c : cases) {
    CAPTURE(c.file);
    const auto done = import_path(*data / "messy/made" / c.file, map_of(c.map));
    INFO(done.error.sentence << " " << done.error.pointer);
    REQUIRE(done.report);
    const simdjson::dom::element wanted = expected[c.file];
    CHECK(done.report->rows_kept == std::uint64_t(wanted["rows_after_cleaning"]));
    CHECK(*done.report->first == at(std::string(std::string_view(wanted["first_utc"])).c_str()));
    CHECK(*done.report->last == at(std::string(std::string_view(wanted["last_utc"])).c_str()));
    for (const auto [key, kwh_total] : simdjson::dom::object(wanted["totals_kwh"])) {
      CAPTURE(key);
      const auto [device, metric] = totals.at(std::string(key));
      CHECK(done.sum(device, metric) == std::llround(double(kwh_total) * 1000));  // hourly: mean W = Wh
    }
    CHECK(done.report->gaps == 0);
  }
}

TEST_CASE("half-hourly mean power from UTF-16 with empty cells: missing is not zero") {
  const auto data = shared_data();
  if (!data) return;
  const auto done = import_path(*data / "messy/made/m02_utf16le_bom_tab.csv", map_of(R"x({"numbers": {"decimal": ","},
      "time": {"column": "Czas (UTC)", "format": "%Y-%m-%d %H:%M", "zone": "UTC", "interval": "PT30M"}, "columns": [
      {"column": "Moc pobierana [W]", "device": "house", "metric": "load_w", "unit": "W"},
      {"column": "Moc PV [W]", "device": "pv", "metric": "pv_w", "unit": "W"}]})x"));
  REQUIRE(done.report);
  CHECK(done.report->rows_kept == 336);
  CHECK(done.report->separator == "tab");
  CHECK(done.report->encoding == "utf-16le");
  CHECK(done.report->columns[0].sum / 2000 == Approx(109.8954).epsilon(1e-6));
  CHECK(done.report->columns[1].sum / 2000 == Approx(129.0644).epsilon(1e-6));
  CHECK(done.report->columns[1].missing == 122);
  CHECK(done.values("pv", Metric::pv_w).size() == 336 - 122);
}

TEST_CASE("duplicates, unreadable rows, missing tokens and shuffled rows are counted and said") {
  const auto data = shared_data();
  if (!data) return;
  const auto done = import_path(*data / "messy/made/m05_defects.csv", map_of(R"({"time": {"column": "ts", "interval": "PT1H"}, "columns": [
      {"column": "pv_kwh", "device": "pv", "metric": "pv_w", "unit": "kWh", "as": "energy"},
      {"column": "load_kwh", "device": "house", "metric": "load_w", "unit": "kWh", "as": "energy"}]})"));
  REQUIRE(done.report);
  const ImportReport& r = *done.report;
  CHECK(r.rows_read == 172);
  CHECK(r.rows_kept == 161);
  CHECK(r.duplicates_equal == 5);
  CHECK(r.duplicates_different == 3);
  CHECK(dropped(r, "time cannot be read") == 3);
  CHECK(r.rows_dropped() == 11);
  CHECK(r.rows_missing == 7);
  CHECK(r.out_of_order > 0);
  CHECK(r.columns[0].sum == Approx(128.312).epsilon(1e-9));
  CHECK(r.columns[1].sum == Approx(86.662).epsilon(1e-9));
  CHECK(r.columns[1].missing == 10);
}

TEST_CASE("a register rolls over at its digits and a reset counts zero") {
  const auto data = shared_data();
  if (!data) return;
  const auto done = import_path(*data / "messy/made/m09_register_rollover_and_reset.csv", map_of(R"({"time": {"column": "timestamp", "interval": "PT1H"},
      "columns": [{"column": "meter_kwh", "device": "grid", "metric": "grid_import_wh", "unit": "kWh", "as": "register", "digits": 5}]})"));
  REQUIRE(done.report);
  const auto counter = done.values("grid", Metric::grid_import_wh);
  CHECK(counter.size() == 168);
  CHECK(counter.rbegin()->second - counter.begin()->second == 94'110);
  CHECK(done.report->columns[0].rollovers == 1);
  CHECK(done.report->columns[0].resets == 1);
  CHECK(done.report->columns[0].notes.at(1).find("2023-02-09T11:00:00.000Z") != std::string::npos);
}

TEST_CASE("sentinels outside the declared range are kept as suspects and left out of sums") {
  const auto data = shared_data();
  if (!data) return;
  const auto done = import_path(*data / "messy/made/m13_sentinel_spikes.csv", map_of(R"({"time": {"column": "ts", "interval": "PT1H"}, "columns": [
      {"column": "load_kwh", "device": "house", "metric": "load_w", "unit": "kWh", "as": "energy", "min": 0, "max": 50}]})"));
  REQUIRE(done.report);
  CHECK(done.report->rows_kept == 120);
  CHECK(done.report->columns[0].implausible == 4);
  CHECK(done.report->columns[0].sum == Approx(65.014).epsilon(1e-9));
  std::vector<std::string> raw;
  for (const auto& b : done.batches)
    for (const auto& s : b.suspects) raw.push_back(s.raw);
  CHECK(raw == std::vector<std::string>{"-1.000", "65535.000", "4294967.295", "999999.000"});
}

TEST_CASE("clock changes: spring's missing hour is dropped, autumn's repeated one is told apart by order") {
  const std::string local = R"("column": "t", "format": "%Y-%m-%d %H:%M", "zone": "Europe/Warsaw", "interval": "PT1H")";
  SECTION("spring") {
    const auto done = import_text("t,x\n2024-03-31 01:00,1\n2024-03-31 02:00,2\n2024-03-31 03:00,3\n", map_of(simple_map(local)));
    REQUIRE(done.report);
    CHECK(done.report->rows_kept == 2);
    CHECK(dropped(*done.report, "does not exist") == 1);
    CHECK(done.report->gaps == 0);
    CHECK(done.sum("house", Metric::load_w) == 4000);
  }
  const auto autumn = [](const Imported& done) {
    REQUIRE(done.report);
    CHECK(done.report->rows_kept == 4);
    CHECK(done.report->duplicates_equal + done.report->duplicates_different == 0);
    const auto v = done.values("house", Metric::load_w);
    CHECK(v.at(at("2024-10-27T00:00:00Z")) == 2000);
    CHECK(v.at(at("2024-10-27T01:00:00Z")) == 3000);
    CHECK(v.at(at("2024-10-27T02:00:00Z")) == 4000);
  };
  SECTION("autumn") {
    autumn(import_text("t,x\n2024-10-27 01:00,1\n2024-10-27 02:00,2\n2024-10-27 02:00,3\n2024-10-27 03:00,4\n", map_of(simple_map(local))));
  }
  SECTION("autumn, newest row first") {
    autumn(import_text("t,x\n2024-10-27 03:00,4\n2024-10-27 02:00,3\n2024-10-27 02:00,2\n2024-10-27 01:00,1\n", map_of(simple_map(local))));
  }
  SECTION("the repeated hour stands once, and the map says which it is") {
    const std::string csv = "t,x\n2024-10-27 01:00,1\n2024-10-27 02:00,2\n2024-10-27 03:00,4\n";
    const auto first = import_text(csv, map_of(simple_map(local)));
    const auto second = import_text(csv, map_of(simple_map(local + R"(, "repeated_hour": "second")")));
    CHECK(first.values("house", Metric::load_w).count(at("2024-10-27T00:00:00Z")) == 1);
    CHECK(second.values("house", Metric::load_w).count(at("2024-10-27T01:00:00Z")) == 1);
    CHECK(first.report->warnings.size() == 1);
  }
  SECTION("--timezone replaces the map's zone") {
    const auto done = import_text("t,x\n2024-07-01 00:00,1\n", map_of(simple_map(local)), {"f", "America/New_York"});
    CHECK(*done.report->first == at("2024-07-01T04:00:00Z"));
  }
  SECTION("Lord Howe's half hour") {
    const auto done = import_text("t,x\n2024-04-07 01:15,1\n2024-04-07 01:45,2\n2024-04-07 01:45,3\n2024-04-07 02:15,4\n",
                                  map_of(simple_map(R"("column": "t", "format": "%Y-%m-%d %H:%M", "zone": "Australia/Lord_Howe", "interval": "PT30M")")));
    REQUIRE(done.report);
    CHECK(done.report->rows_kept == 4);
    CHECK(done.report->gaps == 0);
  }
}

TEST_CASE("energy that whole watts cannot hold is rounded and the report says by how much") {
  const auto done = import_text("t,x\n2024-01-01T00:00:00Z,0.0005\n2024-01-01T01:00:00Z,0.0014\n2024-01-01T02:00:00Z,-0.0005\n",
                                map_of(R"({"time": {"column": "t", "interval": "PT1H"}, "columns": [{"column": "x", "device": "pv", "metric": "pv_forecast_w", "unit": "kWh", "as": "energy"}]})"));
  REQUIRE(done.report);
  const auto v = done.values("pv", Metric::pv_forecast_w);
  CHECK(v.at(at("2024-01-01T00:00:00Z")) == 1);   // half away from zero
  CHECK(v.at(at("2024-01-01T01:00:00Z")) == 1);
  CHECK(v.at(at("2024-01-01T02:00:00Z")) == -1);
  CHECK(done.report->columns[0].rounded == 3);
  CHECK(done.report->columns[0].sum == Approx(0.0014));
  CHECK(done.report->columns[0].stored_sum == Approx(0.001));
  CHECK(to_text(*done.report).find("whole W round 3 values") != std::string::npos);
}

TEST_CASE("import and export make grid_w, two tariffs add up, a missing half of a register is missing") {
  const auto done = import_text(
      "t,i1,i2,e,r1,r2\n2024-01-01T01:00:00Z,1,,0.5,10,5\n2024-01-01T02:00:00Z,,2,0,11,\n2024-01-01T03:00:00Z,,,1,12,6\n",
      map_of(R"({"time": {"column": "t", "label": "end", "interval": "PT1H"}, "columns": [
        {"column": "i1", "device": "grid", "metric": "grid_import_w", "unit": "kWh", "as": "energy"},
        {"column": "i2", "device": "grid", "metric": "grid_import_w", "unit": "kWh", "as": "energy"},
        {"column": "e", "device": "grid", "metric": "grid_export_w", "unit": "kWh", "as": "energy"},
        {"column": "r1", "device": "grid", "metric": "grid_import_wh", "unit": "kWh", "as": "register", "at": "end"},
        {"column": "r2", "device": "grid", "metric": "grid_import_wh", "unit": "kWh", "as": "register", "at": "end"}]})"));
  REQUIRE(done.report);
  using Values = std::map<Micros, std::int64_t>;
  CHECK(done.values("grid", Metric::grid_w) == Values{{at("2024-01-01T00:00:00Z"), 500}, {at("2024-01-01T01:00:00Z"), 2000}});
  CHECK(done.values("grid", Metric::grid_export_w).size() == 3);
  CHECK(done.values("grid", Metric::grid_import_wh) == Values{{at("2024-01-01T01:00:00Z"), 15'000}, {at("2024-01-01T03:00:00Z"), 18'000}});
  CHECK(done.report->devices.size() == 1);
  CHECK(done.report->devices[0].hold == hour_us);
}

TEST_CASE("batches hold at most what was asked and never part one moment's devices") {
  std::string csv = "t,x,y\n";
  for (int i = 0; i < 100; ++i) csv += std::to_string(1'700'000'000 + 60 * i) + ",1,2\n";
  const auto map = map_of(R"({"time": {"column": "t", "format": "epoch_s", "interval": "PT1M"}, "columns": [
      {"column": "x", "device": "house", "metric": "load_w", "unit": "W"}, {"column": "y", "device": "pv", "metric": "pv_w", "unit": "W"}]})");
  ImportOptions options;
  options.batch_rows = 7;
  const auto done = import_text(csv, map, options);
  REQUIRE(done.report);
  CHECK(done.report->readings == 200);
  for (const auto& b : done.batches) {
    CHECK(b.size() <= 7);
    CHECK(b.size() % 2 == 0);
  }
}

TEST_CASE("a sink that fails stops the import with its own error") {
  std::istringstream in("t,x\n2024-01-01T00:00:00Z,1\n");
  const auto result = read_history(in, map_of(simple_map()), {"f"}, [](ReadingBatch) -> Status { return fail(Errc::full, "no space"); });
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Errc::full);
}

TEST_CASE("bad files are refused with one sentence and the place") {
  struct Case { const char* what; std::string csv; std::string map; const char* sentence; const char* pointer; };
  const std::string local = R"("column": "t", "format": "%Y-%m-%d %H:%M", "zone": "Europe/Warsaw", "interval": "PT1H")";
  const Case cases[] = {
      {"empty", "", simple_map(), "is empty", "line 1"},
      {"header only", "t,x\r\n", simple_map(), "no rows", "line 1"},
      {"no time column", "pv,load\n1,2\n", simple_map(), "has no column \"t\"", "line 1, column t"},
      {"missing column", "t,y\n2024-01-01T00:00:00Z,2\n", simple_map(), "has no column \"x\"; its header says: t, y", "line 1, column x"},
      {"column twice", "t,x,x\n2024-01-01T00:00:00Z,2,3\n", simple_map(), "twice", "line 1, column x"},
      {"wrong column", "t,x\n2024-01-01T00:00:00Z,P\n2024-01-01T01:00:00Z,D\n", simple_map(), "holds no number at all (the first is \"P\")", "line 2, column x"},
      {"wrong time", "t,x\nP,1\nD,2\n", simple_map(), "No row's time could be read; the first is \"P\"", "line 2, column t"},
      {"binary", std::string("t,x\n\0\1\2", 7), simple_map(), "binary file", "line 1"},
      {"not UTF-8", "t,x\n2024-01-01T00:00:00Z,\xE9\n", simple_map(), "declare \"encoding\"", "line 1"},
      {"offset missing in one row", "t,x\n2024-01-01T00:00:00Z,1\n2024-01-01T01:00:00,2\n", simple_map(), "Time zones are mixed", "line 3, column t"},
      {"offset in a local column", "t,x\n2024-01-01 00:00,1\n2024-01-01 01:00+01:00,2\n", simple_map(local), "Time zones are mixed", "line 3, column t"},
      {"no zone for local times", "t,x\n2024-01-01 00:00,1\n", simple_map(R"("column": "t", "format": "%Y-%m-%d %H:%M", "interval": "PT1H")"), "declare their zone", "/time/zone"},
      {"negative step", "t,u,x\n2024-01-01T01:00:00Z,2024-01-01T00:00:00Z,1\n", simple_map(R"("column": "t", "until": "u", "interval": "PT1H")"), "a negative step", "line 2, column u"},
      {"open quote", "t,x\n2024-01-01T00:00:00Z,\"1\n", simple_map(), "never closed", "line 2"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const auto done = import_text(c.csv, map_of(c.map));
    CHECK_FALSE(done.report);
    CHECK(done.batches.empty());
    CHECK_THAT(done.error.sentence, Catch::Contains(c.sentence));
    CHECK(done.error.pointer == c.pointer);
  }
}

TEST_CASE("the made files that must be refused are, and an unreadable file too") {
  for (const char* path : {"/nonexistent/nothing.csv", "/"}) {
    const auto done = import_path(path, map_of(simple_map()));
    CHECK_FALSE(done.report);
    CHECK_FALSE(done.error.sentence.empty());
  }
  const auto data = shared_data();
  if (!data) return;
  const auto map = map_of(R"({"time": {"column": "ts", "interval": "PT1H"}, "columns": [{"column": "pv_kwh", "device": "pv", "metric": "pv_w", "unit": "kWh", "as": "energy"}]})");
  for (const char* file : {"m14a_empty.csv", "m14b_header_only.csv", "m14c_binary.csv", "m14d_no_time_column.csv", "m14e_truncated_utf8.csv"}) {
    CAPTURE(file);
    const auto done = import_path(*data / "messy/made" / file, map);
    CHECK_FALSE(done.report);
    CHECK(done.error.sentence.size() > 20);
    CHECK(done.error.code == Errc::invalid);
  }
}

TEST_CASE("rows that cannot be used are dropped with a reason each") {
  const auto done = import_text("t,x\n2024-01-01T00:00:00Z,1\nt,x\nSuma,99\n2024-01-01T02:00:00Z\n2024-01-01T03:00:00Z,4,extra\n2024-01-01T04:00:00Z,85%\n",
                                map_of(simple_map()));
  REQUIRE(done.report);
  CHECK(done.report->rows_read == 6);
  CHECK(done.report->rows_kept == 2);
  CHECK(dropped(*done.report, "header") == 3);
  CHECK(dropped(*done.report, "totals") == 1);
  CHECK(done.report->columns[0].unreadable == 1);
  CHECK(done.report->columns[0].notes.at(0) == "line 7: \"85%\" is unreadable");
  CHECK(done.report->gaps == 1);
  CHECK(done.report->rows_missing == 3);
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  const auto text = to_json(*done.report);
  REQUIRE(parser.parse(text).get(json) == simdjson::SUCCESS);
  CHECK(std::uint64_t(json["rows_dropped"]) == 4);
}

TEST_CASE("maps with mistakes are refused with a pointer") {
  const std::string column = R"({"column": "x", "device": "house", "metric": "load_w", "unit": "W"})";
  const std::string time = R"("time": {"column": "t", "interval": "PT1H"})";
  struct Case { std::string json; const char* pointer; };
  const Case cases[] = {
      {"{", ""},
      {"[]", ""},
      {R"({"tiem": {}})", "/tiem"},
      {R"({"columns": []})", "/time"},
      {"{" + time + R"(, "columns": []})", "/columns"},
      {R"({"time": {"column": "t"}, "columns": []})", "/time/interval"},
      {R"({"time": {"column": "t", "interval": "PT-1H"}, "columns": []})", "/time/interval"},
      {R"({"time": {"column": "t", "interval": "-PT1H"}, "columns": []})", "/time/interval"},
      {R"({"time": {"column": "t", "interval": "PT0S"}, "columns": []})", "/time/interval"},
      {R"({"time": {"column": "t", "interval": "PT1H", "zone": "Europe/Nowhere"}, "columns": []})", "/time/zone"},
      {R"({"time": {"column": "t", "interval": "PT1H", "format": "iso"}, "columns": []})", "/time/format"},
      {R"({"time": {"format": "row", "interval": "PT1H", "start": "2024-01-01"}, "columns": []})", "/time/start"},
      {"{" + time + R"(, "columns": [)" + column + R"(, {"column": "y", "device": "H", "metric": "pv_w", "unit": "W"}]})", "/columns/1/device"},
      {"{" + time + R"(, "columns": [{"column": "y", "device": "h", "metric": "watts", "unit": "W"}]})", "/columns/0/metric"},
      {"{" + time + R"(, "columns": [{"column": "y", "device": "h", "metric": "mode", "unit": "W"}]})", "/columns/0/metric"},
      {"{" + time + R"(, "columns": [{"column": "y", "device": "h", "metric": "pv_w", "unit": "V"}]})", "/columns/0/unit"},
      {"{" + time + R"(, "columns": [{"column": "y", "device": "h", "metric": "pv_w"}]})", "/columns/0/unit"},
      {"{" + time + R"(, "columns": [{"column": "y", "device": "h", "metric": "grid_import_wh", "unit": "kWh"}]})", "/columns/0/as"},
      {"{" + time + R"(, "columns": [{"column": "y", "device": "h", "metric": "pv_w", "unit": "kWh", "as": "register"}]})", "/columns/0/as"},
      {"{" + time + R"(, "columns": [{"column": "y", "device": "h", "metric": "pv_w", "unit": "W", "scale": 2}]})", "/columns/0/scale"},
      {"{" + time + R"(, "columns": [{"column": "y", "device": "h", "metric": "pv_w", "unit": "W", "split": true}]})", "/columns/0/split"},
      {"{" + time + R"(, "columns": [)" + column + R"(], "devices": [{"id": "car"}]})", "/devices/0/id"},
      {"{" + time + R"(, "columns": [)" + column + R"(], "file": {"encoding": "koi8-r"}})", "/file/encoding"},
      {"{" + time + R"(, "columns": [)" + column + R"(], "numbers": {"decimal": ",", "thousands": ","}})", "/numbers/thousands"},
      {"{" + time + R"(, "columns": [{"column": "y", "device": "h", "metric": "soc_permille", "unit": "percent"}, {"column": "z", "device": "h", "metric": "soc_permille", "unit": "percent"}]})", "/columns/1"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.json);
    const auto map = parse_map(c.json);
    REQUIRE_FALSE(map);
    CHECK(map.error().code == Errc::invalid);
    CHECK(map.error().pointer == c.pointer);
  }
}

TEST_CASE("a CSV without a map is refused, and the preset that fits is named") {
  const auto data = shared_data();
  if (!data) return;
  const auto done = import_path(*data / "household/fr_emhass_30min.csv.gz", std::nullopt);
  CHECK_FALSE(done.report);
  CHECK_THAT(done.error.sentence, Catch::Contains("--map fr_emhass"));
  CHECK_FALSE(find_preset("nl_nothing"));
  CHECK(open_map("pl_tge").has_value());
  CHECK_THAT(open_map("/nonexistent.json").error().sentence, Catch::Contains("no mapping file"));
}

TEST_CASE("JSON lines are imported with their bad lines named") {
  std::string text;
  for (int i = 0; i < 100; ++i)
    text += R"({"node_id":"node-1","timestamp":"2024-01-01T00:0)" + std::to_string(i % 10) + ":" + (i < 50 ? "1" : "2") + std::to_string(i / 10 % 5) +
            R"(Z","solar":{"power_w":)" + std::to_string(i) + "}}\n";
  text += "not json\n";
  std::istringstream in(text);
  std::size_t readings = 0;  // times of this file go back and forth: the sink sees them as they come
  const auto result = read_json_lines(in, {"lines.ndjson"}, [&](ReadingBatch batch) -> Status {
    CHECK(batch.historic);
    readings += batch.size();
    return {};
  });
  REQUIRE(result);
  CHECK(readings == 100);
  CHECK(result->rows_read == 101);
  CHECK(result->rows_kept == 100);
  CHECK(result->dropped.at(0).lines == std::vector<std::uint64_t>{101});
  CHECK(result->devices.at(0).kind == DeviceKind::node);
  CHECK(result->out_of_order > 0);
}

TEST_CASE("the maps in docs/IMPORT.md work on the files beside them") {
  std::ifstream in(std::string(HELIOGRAPH_SOURCE_DIR) + "/docs/IMPORT.md");
  REQUIRE(in);
  std::stringstream all;
  all << in.rdbuf();
  const std::string text = all.str();
  const auto block = [&](const std::string& language, std::size_t from) {
    const auto start = text.find("```" + language + "\n", from);
    if (start == std::string::npos) return std::pair<std::string, std::size_t>{"", start};
    const auto body = start + language.size() + 4, end = text.find("```", body);
    return std::pair{text.substr(body, end - body), end};
  };
  std::size_t seen = 0;
  for (std::size_t from = 0;;) {
    const auto [csv, csv_end] = block("csv", from);
    if (csv_end == std::string::npos) break;
    const auto [map, map_end] = block("json", csv_end);
    REQUIRE(map_end != std::string::npos);
    CAPTURE(csv, map);
    const auto done = import_text(csv, map_of(map));
    INFO(done.error.sentence << " " << done.error.pointer);
    REQUIRE(done.report);
    CHECK(done.report->rows_dropped() == 0);
    CHECK(done.report->readings > 0);
    ++seen;
    from = map_end;
  }
  CHECK(seen == 3);
}
