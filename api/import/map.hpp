// What the columns of a file mean: the mapping document (docs/IMPORT.md) and the presets, which are documents too.
// A map declares; nothing is guessed. Unknown fields are refused with a pointer. Units of the file in, ours out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/import/csv.hpp"
#include "api/import/text.hpp"
#include "events/event.hpp"
#include "events/metric.hpp"
#include "events/zone.hpp"

namespace heliograph {

enum class TimeFormat : std::uint8_t {
  rfc3339,   // every cell carries its offset
  pattern,   // %Y-%m-%d ...: local unless the pattern has %z
  epoch_s,
  epoch_ms,
  excel,     // days since 1899-12-30, UTC or local
  row,       // a running number; `start` is the moment of number `first`
};

struct TimeMap {
  std::string column;        // may be empty for `row`: then the rows are counted
  TimeFormat format = TimeFormat::rfc3339;
  std::string pattern;
  std::string zone;          // IANA; empty = not declared
  Micros interval = 0;
  bool label_end = false;    // the stamp stands at the end of its interval
  std::string until;         // a column with the interval's end, checked against `interval`
  std::string running;       // a column that counts the intervals of the local day from 1; `column` holds the date
  Micros start = 0;          // for `row`
  std::int64_t first = 0;    // for `row`
  bool repeated_second = false;  // of an hour that stands in the file only once in autumn: take the second
};

enum class ReadAs : std::uint8_t { value, energy, reg };  // a value at (or mean over) the time; energy of the interval; a meter's register

struct ColumnMap {
  std::string column;
  DeviceId device;
  Metric metric{};
  std::string unit;      // as declared, for the report
  int power = 0;         // stored = file value * 10^power (energy: * 3600 s / interval, too)
  ReadAs as = ReadAs::value;
  bool negate = false;
  bool split = false;    // of grid_w or battery_w: write the two directions as well
  bool at_end = false;   // stands at the end of the interval (registers read after it)
  int digits = 0;        // of a register before its decimal point; 0 = it never rolls over
  std::optional<double> min, max;  // plausible range in the file's unit
};

struct ImportMap {
  std::string name;
  std::string currency;  // of price columns, from the unit ("EUR/MWh"); empty = not said
  Encoding encoding = Encoding::utf8;
  CsvShape shape;
  bool header = true;    // else the columns are called "1", "2", ...
  char decimal = '.';
  std::string thousands;
  std::vector<std::string> missing;  // tokens for "not measured"
  std::vector<std::string> totals;   // words that begin a totals line
  TimeMap time;
  std::vector<ColumnMap> columns;
  std::vector<DeviceRegistered> devices;  // one for every device that a column names
};

/// Reads a mapping document. Errors: invalid, with a JSON pointer to what is wrong.
Result<ImportMap> parse_map(std::string_view json);

struct Preset {
  std::string_view name;
  std::string_view about;  // one line
  std::string_view document;
};
std::span<const Preset> presets();
/// not_found, with the names that there are.
Result<ImportMap> find_preset(std::string_view name);
/// The preset all of whose columns are in `header`, to be proposed (never taken silently); empty when none fits.
std::string_view suggest_preset(std::span<const std::string> header);

}  // namespace heliograph
