// What an import did with a file: rows read, kept, dropped and why; gaps, duplicates, sums in the file's own units.
// Printed for people and as JSON; the JSON goes into the log with HistoryImported.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "events/event.hpp"

namespace heliograph {

struct DroppedRows {
  std::string reason;
  std::uint64_t rows = 0;
  std::vector<std::uint64_t> lines;  // the first few
};

struct GapInTime {
  Micros from = 0, to = 0;  // [end of the last interval before, start of the first one after)
  std::uint64_t rows = 0;   // intervals that are not there
};

struct ColumnReport {
  std::string column, device, metric, unit;
  bool summable = false;            // energy: `sum` and `stored_sum` are energies in `unit`
  std::uint64_t values = 0, missing = 0, unreadable = 0, implausible = 0;
  std::uint64_t rounded = 0;        // values that our integer unit could not hold exactly
  double sum = 0;                   // of the used values, in the file's unit
  double stored_sum = 0;            // the same from what is stored
  std::uint64_t rollovers = 0, resets = 0;
  std::vector<std::string> notes;   // the first unusable values and resets, with their lines
};

struct ImportReport {
  std::string file, sha256, preset, encoding;
  std::string separator;  // "," ";" "tab" "|"; empty for JSON lines
  bool packed = false;
  std::uint64_t rows_read = 0, rows_kept = 0, readings = 0;
  std::vector<DroppedRows> dropped;
  std::uint64_t duplicates_equal = 0, duplicates_different = 0;  // both are in `dropped`, too
  std::uint64_t out_of_order = 0;
  std::uint64_t repeated_hour_rows = 0;  // rows of an hour that autumn has twice
  std::uint64_t gaps = 0, rows_missing = 0;
  std::optional<GapInTime> longest_gap;
  std::vector<GapInTime> first_gaps;
  std::optional<Micros> first, last;     // interval starts
  std::vector<ColumnReport> columns;
  std::vector<std::string> ignored;      // columns (or JSON fields) that the map does not name
  std::vector<std::string> warnings;
  std::vector<DeviceRegistered> devices;

  std::uint64_t rows_dropped() const;
  void drop(const std::string& reason, std::uint64_t line);
};

std::string to_json(const ImportReport& report);
/// A few lines for a terminal, ending in a line end.
std::string to_text(const ImportReport& report);

}  // namespace heliograph
