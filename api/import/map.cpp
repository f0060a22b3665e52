#include "api/import/map.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>

namespace heliograph {
namespace {

namespace dom = simdjson::dom;

enum class Family : std::uint8_t { power, energy, share, voltage, temperature, price, money, flag };
struct UnitInfo {
  std::string_view name;
  Family family;
  int power;  // stored unit = this unit * 10^power
};
constexpr std::array<UnitInfo, 17> units{{
    {"W", Family::power, 0}, {"kW", Family::power, 3}, {"MW", Family::power, 6},
    {"Wh", Family::energy, 0}, {"kWh", Family::energy, 3}, {"MWh", Family::energy, 6},
    {"percent", Family::share, 1}, {"%", Family::share, 1}, {"permille", Family::share, 0},
    {"V", Family::voltage, 3}, {"mV", Family::voltage, 0}, {"C", Family::temperature, 3},
    {"/kWh", Family::price, 6}, {"/MWh", Family::price, 3}, {"ct/kWh", Family::price, 4},
    {"money", Family::money, 6}, {"on", Family::flag, 0},
}};

Family family_of(Metric metric) {
  switch (info(metric).kind) {
    case Kind::power: return Family::power;
    case Kind::counter: return Family::energy;
    case Kind::price: return Family::price;
    default: break;
  }
  switch (metric) {
    case Metric::battery_mv: return Family::voltage;
    case Metric::temperature_mc: return Family::temperature;
    case Metric::switch_on: return Family::flag;
    case Metric::savings_micro:
    case Metric::cost_micro: return Family::money;
    default: return Family::share;
  }
}

/// Reads typed fields of a DOM; keeps the first thing that is wrong and answers defaults from then on.
class Fields {
 public:
  bool ok() const { return !error_; }
  Error error() const { return *error_; }
  void wrong(std::string pointer, std::string sentence) {
    if (!error_) error_ = Error{Errc::invalid, std::move(sentence), std::move(pointer)};
  }

  dom::object object(dom::element e, const std::string& at) {
    dom::object o;
    if (e.get(o) != simdjson::SUCCESS) wrong(at, "This must be an object.");
    return o;
  }
  /// Refuses keys that we do not know: a misspelt option would be a silent guess.
  void only(dom::object o, const std::string& at, std::initializer_list<std::string_view> known) {
    for (const auto field : o) {
      if (std::find(known.begin(), known.end(), field.key) != known.end()) continue;
      std::string list;
      for (const auto k : known) list.append(list.empty() ? "" : ", ").append(k);
      return wrong(at + "/" + std::string(field.key), "The map has no field \"" + std::string(field.key.substr(0, 60)) +
                                                          "\" here; it knows " + list + ".");
    }
  }
  std::optional<dom::element> find(dom::object o, std::string_view key) {
    dom::element e;
    if (!ok() || o.at_key(key).get(e) != simdjson::SUCCESS) return std::nullopt;
    return e;
  }
  std::string text(dom::object o, std::string_view key, const std::string& at, std::string_view otherwise = {}) {
    const auto e = find(o, key);
    if (!e) return std::string(otherwise);
    std::string_view s;
    if (e->get(s) != simdjson::SUCCESS) wrong(at + "/" + std::string(key), "This must be a text.");
    return std::string(s);
  }
  bool flag(dom::object o, std::string_view key, const std::string& at, bool otherwise) {
    const auto e = find(o, key);
    if (e && e->get(otherwise) != simdjson::SUCCESS) wrong(at + "/" + std::string(key), "This must be true or false.");
    return otherwise;
  }
  std::int64_t whole(dom::object o, std::string_view key, const std::string& at, std::int64_t otherwise, std::int64_t low,
                     std::int64_t high) {
    const auto e = find(o, key);
    if (!e) return otherwise;
    std::int64_t n = 0;
    if (e->get(n) != simdjson::SUCCESS || n < low || n > high)
      wrong(at + "/" + std::string(key),
            "This must be a whole number from " + std::to_string(low) + " to " + std::to_string(high) + ".");
    return n;
  }
  std::optional<double> number(dom::object o, std::string_view key, const std::string& at) {
    const auto e = find(o, key);
    if (!e) return std::nullopt;
    double d = 0;
    if (e->get(d) != simdjson::SUCCESS) wrong(at + "/" + std::string(key), "This must be a number.");
    return d;
  }
  std::vector<std::string> texts(dom::object o, std::string_view key, const std::string& at,
                                 std::vector<std::string> otherwise) {
    std::vector<std::string> out;
    const auto e = find(o, key);
    if (!e) return otherwise;
    dom::array a;
    if (e->get(a) != simdjson::SUCCESS) wrong(at + "/" + std::string(key), "This must be a list of texts.");
    else
      for (const auto item : a) {
        std::string_view s;
        if (item.get(s) != simdjson::SUCCESS) wrong(at + "/" + std::string(key), "This must be a list of texts.");
        out.emplace_back(s);
      }
    return out;
  }
  Micros duration(dom::object o, std::string_view key, const std::string& at, Micros otherwise) {
    const std::string s = text(o, key, at);
    if (s.empty() || !ok()) return otherwise;
    auto span = parse_duration(s);
    if (!span || *span <= 0 || *span % second_us != 0) {
      wrong(at + "/" + std::string(key), "\"" + s.substr(0, 40) + "\" is no interval: write a positive ISO 8601 duration of "
                                             "whole seconds, like PT15M, PT1H or P1D.");
      return otherwise;
    }
    return *span;
  }

 private:
  std::optional<Error> error_;
};

char one_char(Fields& f, const std::string& s, const std::string& at, std::string_view allowed) {
  if (s.empty()) return 0;
  if (s.size() == 1 && allowed.find(s[0]) != std::string_view::npos) return s[0];
  f.wrong(at, "This must be one of: " + std::string(allowed) + " (\\t is the tab).");
  return 0;
}

void read_file(Fields& f, dom::element e, ImportMap& map) {
  const auto o = f.object(e, "/file");
  if (!f.ok()) return;
  f.only(o, "/file", {"encoding", "separator", "comment", "skip_lines", "header", "totals"});
  if (auto encoding = parse_encoding(f.text(o, "encoding", "/file", "utf-8"))) map.encoding = *encoding;
  else f.wrong("/file/encoding", encoding.error().sentence);
  map.shape.separator = one_char(f, f.text(o, "separator", "/file"), "/file/separator", ",;\t|");
  map.shape.comment = one_char(f, f.text(o, "comment", "/file"), "/file/comment", "#%;!");
  map.shape.skip_lines = static_cast<std::size_t>(f.whole(o, "skip_lines", "/file", 0, 0, 10'000));
  map.header = f.flag(o, "header", "/file", true);
  map.totals = f.texts(o, "totals", "/file", map.totals);
}

void read_numbers(Fields& f, dom::element e, ImportMap& map) {
  const auto o = f.object(e, "/numbers");
  if (!f.ok()) return;
  f.only(o, "/numbers", {"decimal", "thousands", "missing"});
  map.decimal = one_char(f, f.text(o, "decimal", "/numbers", "."), "/numbers/decimal", ".,");
  map.thousands = f.text(o, "thousands", "/numbers");
  constexpr std::array<std::string_view, 6> groupings{"", ".", ",", " ", "'", "\xC2\xA0"};
  if (std::find(groupings.begin(), groupings.end(), map.thousands) == groupings.end() || map.thousands == std::string(1, map.decimal))
    f.wrong("/numbers/thousands", "Digits are grouped by . , ' a space or a no-break space, and not by the decimal sign.");
  map.missing = f.texts(o, "missing", "/numbers", map.missing);
}

void read_row_numbers(Fields& f, dom::object o, TimeMap& time) {
  const std::string start = f.text(o, "start", "/time");
  auto at = parse_time(start);
  if (!at) f.wrong("/time/start", "Rows that are only numbered need \"start\": the time of the first, with its offset.");
  else time.start = *at;
  time.first = f.whole(o, "first", "/time", 0, -1'000'000'000, 1'000'000'000);
}

void read_time_format(Fields& f, dom::object o, TimeMap& time) {
  const std::string format = f.text(o, "format", "/time", "rfc3339");
  if (format == "rfc3339") time.format = TimeFormat::rfc3339;
  else if (format == "epoch_s") time.format = TimeFormat::epoch_s;
  else if (format == "epoch_ms") time.format = TimeFormat::epoch_ms;
  else if (format == "excel") time.format = TimeFormat::excel;
  else if (format == "row") time.format = TimeFormat::row;
  else if (format.find('%') != std::string::npos) time.format = TimeFormat::pattern, time.pattern = format;
  else f.wrong("/time/format", "\"" + format.substr(0, 40) + "\" is no time format: use rfc3339, epoch_s, epoch_ms, excel, row "
                                   "or a pattern like %Y-%m-%d %H:%M:%S.");
  if (time.format == TimeFormat::row) return read_row_numbers(f, o, time);
  if (time.column.empty()) f.wrong("/time/column", "Name the column that holds the time.");
  if (f.find(o, "start") || f.find(o, "first")) f.wrong("/time/start", "\"start\" and \"first\" belong to the format \"row\".");
}

void read_time(Fields& f, dom::element e, ImportMap& map) {
  const auto o = f.object(e, "/time");
  if (!f.ok()) return;
  f.only(o, "/time", {"column", "format", "zone", "label", "interval", "until", "running", "start", "first", "repeated_hour"});
  TimeMap& time = map.time;
  time.column = f.text(o, "column", "/time");
  time.zone = f.text(o, "zone", "/time");
  time.until = f.text(o, "until", "/time");
  time.running = f.text(o, "running", "/time");
  time.interval = f.duration(o, "interval", "/time", 0);
  read_time_format(f, o, time);
  if (f.ok() && time.interval == 0) f.wrong("/time/interval", "Say how long one row's interval is, like PT15M, PT1H or P1D.");
  const std::string label = f.text(o, "label", "/time", "start");
  if (label != "start" && label != "end") f.wrong("/time/label", "A row's time stands at the \"start\" or the \"end\" of its interval.");
  time.label_end = label == "end";
  const std::string repeated = f.text(o, "repeated_hour", "/time", "first");
  if (repeated != "first" && repeated != "second") f.wrong("/time/repeated_hour", "This must be \"first\" or \"second\".");
  time.repeated_second = repeated == "second";
  if (!time.running.empty() && (time.format != TimeFormat::pattern || time.label_end))
    f.wrong("/time/running", "A running number needs a pattern for its date, and stands for the interval itself (label \"start\").");
  if (!time.zone.empty())
    if (auto zone = Zone::find(time.zone); !zone) f.wrong("/time/zone", zone.error().sentence);
}

/// "EUR/MWh" is "/MWh" in EUR.
std::string_view without_currency(std::string_view unit, std::string& currency) {
  const auto capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (unit.size() > 4 && unit[3] == '/' && std::all_of(unit.begin(), unit.begin() + 3, capital)) {
    currency = unit.substr(0, 3);
    return unit.substr(3);
  }
  return unit;
}

void read_unit(Fields& f, const std::string& at, std::string_view as, ColumnMap& column, std::string& currency) {
  const std::string_view unit = without_currency(column.unit, currency);
  const auto* const found = std::find_if(units.begin(), units.end(), [&](const UnitInfo& u) { return u.name == unit; });
  if (found == units.end())
    return f.wrong(at + "/unit", "Unit \"" + column.unit.substr(0, 40) + "\" is not known: use W, kW, MW, Wh, kWh, MWh, percent, "
                                 "permille, V, mV, C, /kWh, /MWh, ct/kWh (prices also with a currency: EUR/MWh), money or on.");
  column.power = found->power;
  const Family wanted = family_of(column.metric);
  const bool energy_of_power = found->family == Family::energy && wanted == Family::power;
  if (found->family != wanted && !energy_of_power)
    return f.wrong(at + "/unit", "A column in " + column.unit + " cannot be " + std::string(info(column.metric).name) + ".");
  if (wanted == Family::energy && as != "register")
    return f.wrong(at + "/as", std::string(info(column.metric).name) + " is a counter: say \"as\": \"register\".");
  if (wanted != Family::energy && as == "register")
    return f.wrong(at + "/as", "A register becomes a counter: name one of the metrics that end in _wh.");
  if (energy_of_power && as != "energy" && !as.empty()) return f.wrong(at + "/as", "A column in " + column.unit + " is \"energy\" of its interval.");
  if (!energy_of_power && as == "energy") return f.wrong(at + "/as", "Energy of an interval is in Wh, kWh or MWh.");
  column.as = as == "register" ? ReadAs::reg : energy_of_power ? ReadAs::energy : ReadAs::value;
}

void read_column(Fields& f, dom::element e, const std::string& at, ImportMap& map) {
  const auto o = f.object(e, at);
  if (!f.ok()) return;
  f.only(o, at, {"column", "device", "metric", "unit", "as", "negate", "split", "at", "digits", "min", "max"});
  ColumnMap column;
  column.column = f.text(o, "column", at);
  if (f.ok() && column.column.empty()) f.wrong(at + "/column", "Name the column as it stands in the header.");
  if (auto id = DeviceId::parse(f.text(o, "device", at))) column.device = *id;
  else f.wrong(at + "/device", id.error().sentence);
  const std::string metric = f.text(o, "metric", at);
  const auto found = find_metric(metric);
  if (!found || info(*found).kind == Kind::text) {
    std::string names;
    for (const auto& m : all_metrics())
      if (m.kind != Kind::text) names.append(names.empty() ? "" : ", ").append(m.name);
    return f.wrong(at + "/metric", "\"" + metric.substr(0, 60) + "\" is no metric that a column can hold: use one of " + names + ".");
  }
  column.metric = *found;
  column.unit = f.text(o, "unit", at);
  const std::string as = f.text(o, "as", at);
  if (!as.empty() && as != "value" && as != "energy" && as != "register")
    return f.wrong(at + "/as", "A column is read \"as\" value, energy or register.");
  read_unit(f, at, as, column, map.currency);
  column.negate = f.flag(o, "negate", at, false);
  column.split = f.flag(o, "split", at, false);
  if (column.split && column.metric != Metric::grid_w && column.metric != Metric::battery_w)
    f.wrong(at + "/split", "Only grid_w and battery_w have two directions.");
  const std::string place = f.text(o, "at", at, "start");
  if (place != "start" && place != "end") f.wrong(at + "/at", "A value stands at the \"start\" or the \"end\" of the row's interval.");
  column.at_end = place == "end";
  column.digits = static_cast<int>(f.whole(o, "digits", at, 0, 1, 12));
  if (column.digits != 0 && column.as != ReadAs::reg) f.wrong(at + "/digits", "Only a register has digits.");
  column.min = f.number(o, "min", at);
  column.max = f.number(o, "max", at);
  map.columns.push_back(std::move(column));
}

DeviceKind usual_kind(Metric metric) {
  switch (metric) {
    case Metric::pv_w:
    case Metric::pv_forecast_w: return DeviceKind::inverter;
    case Metric::soc_permille:
    case Metric::battery_mv:
    case Metric::battery_w:
    case Metric::battery_charge_w:
    case Metric::battery_discharge_w: return DeviceKind::battery;
    case Metric::import_price_micro:
    case Metric::export_price_micro:
    case Metric::spot_price_micro: return DeviceKind::price;
    case Metric::switch_on: return DeviceKind::plug;
    default: return DeviceKind::meter;
  }
}

/// A device that history names: read-only, and a sample stands for its interval. Half an interval of grace before a
/// decision calls it stale, so that the next row may be late but not absent.
DeviceRegistered device_of(const ColumnMap& column, Micros interval) {
  DeviceRegistered device;
  device.device = column.device;
  device.name = column.device.text;
  device.kind = usual_kind(column.metric);
  device.hold = interval;
  device.freshness = interval + interval / 2;
  return device;
}

void read_device(Fields& f, dom::element e, const std::string& at, ImportMap& map) {
  const auto o = f.object(e, at);
  if (!f.ok()) return;
  f.only(o, at, {"id", "kind", "name"});
  const std::string id = f.text(o, "id", at);
  const auto found = std::find_if(map.devices.begin(), map.devices.end(), [&](const auto& d) { return d.device.text == id; });
  if (found == map.devices.end()) return f.wrong(at + "/id", "No column belongs to the device \"" + id.substr(0, 63) + "\".");
  found->name = f.text(o, "name", at, found->name);
  const std::string kind = f.text(o, "kind", at);
  if (kind.empty()) return;
  for (const auto k : {DeviceKind::meter, DeviceKind::inverter, DeviceKind::battery, DeviceKind::plug, DeviceKind::node, DeviceKind::price})
    if (name(k) == kind) return void(found->kind = k);
  f.wrong(at + "/kind", "A device is a meter, inverter, battery, plug, node or price.");
}

void read_lists(Fields& f, dom::object root, ImportMap& map) {
  dom::array list;
  if (const auto columns = f.find(root, "columns"); !columns || columns->get(list) != simdjson::SUCCESS || list.size() == 0)
    return f.wrong("/columns", "The map needs \"columns\": a list that says what each column is.");
  std::size_t i = 0;
  for (const auto e : list) read_column(f, e, "/columns/" + std::to_string(i++), map);
  if (!f.ok()) return;
  for (const auto& column : map.columns)
    if (std::none_of(map.devices.begin(), map.devices.end(), [&](const auto& d) { return d.device == column.device; }))
      map.devices.push_back(device_of(column, map.time.interval));
  const auto devices = f.find(root, "devices");
  if (!devices) return;
  if (devices->get(list) != simdjson::SUCCESS) return f.wrong("/devices", "This must be a list.");
  i = 0;
  for (const auto e : list) read_device(f, e, "/devices/" + std::to_string(i++), map);
}

/// Two columns may add up to one metric (two tariffs), but only when they are of one kind.
void check_sums(Fields& f, const ImportMap& map) {
  for (std::size_t i = 0; i < map.columns.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const ColumnMap &a = map.columns[i], &b = map.columns[j];
      if (a.device != b.device || a.metric != b.metric) continue;
      const bool add = info(a.metric).kind == Kind::power || info(a.metric).kind == Kind::counter;
      if (!add || a.as != b.as || a.at_end != b.at_end || a.split != b.split)
        f.wrong("/columns/" + std::to_string(i), "Two columns give " + a.device.text + " " + std::string(info(a.metric).name) +
                                                     " and cannot be added: drop one of them.");
    }
}

}  // namespace

Result<ImportMap> parse_map(std::string_view json) {
  dom::parser parser;
  dom::element root_element;
  const auto code = parser.parse(json.data(), json.size()).get(root_element);
  if (code != simdjson::SUCCESS)
    return fail(Errc::invalid, std::string("The map is not JSON (") + simdjson::error_message(code) + "): see docs/IMPORT.md for one that works.");
  Fields f;
  ImportMap map;
  const auto root = f.object(root_element, "");
  if (f.ok()) f.only(root, "", {"name", "file", "numbers", "time", "columns", "devices"});
  map.name = f.text(root, "name", "", "map");
  map.totals = {"Suma", "Łącznie", "Razem", "Total", "Summe", "Totaal"};
  map.missing = {"", "NaN", "nan", "null", "NULL", "-", "--", "---", "#N/A", "N/A", "n/a", "NA", "b.d.", "None", "?"};
  if (const auto file = f.find(root, "file")) read_file(f, *file, map);
  if (const auto numbers = f.find(root, "numbers")) read_numbers(f, *numbers, map);
  if (const auto time = f.find(root, "time")) read_time(f, *time, map);
  else f.wrong("/time", "The map needs \"time\": which column, its format, zone and interval.");
  if (f.ok()) read_lists(f, root, map);
  if (f.ok()) check_sums(f, map);
  if (!f.ok()) return fail(f.error());
  return map;
}

Result<ImportMap> find_preset(std::string_view wanted) {
  std::string names;
  for (const auto& preset : presets()) {
    if (preset.name == wanted) return parse_map(preset.document);
    names.append(names.empty() ? "" : ", ").append(preset.name);
  }
  return fail(Errc::not_found, "There is no preset \"" + std::string(wanted.substr(0, 60)) + "\": use one of " + names +
                                   ", or a mapping file (docs/IMPORT.md).");
}

std::string_view suggest_preset(std::span<const std::string> header) {
  for (const auto& preset : presets()) {
    const auto map = parse_map(preset.document);
    ensure(map.has_value(), "presets are valid maps");
    const auto has = [&](const std::string& column) {
      return column.empty() || std::find(header.begin(), header.end(), column) != header.end();
    };
    if (has(map->time.column) && std::all_of(map->columns.begin(), map->columns.end(), [&](const auto& c) { return has(c.column); }))
      return preset.name;
  }
  return {};
}

}  // namespace heliograph
