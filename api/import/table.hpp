// The rows of one file between reading and writing: times and scaled values, column by column. Private to the import.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/import/map.hpp"
#include "api/import/report.hpp"
#include "events/readings.hpp"
#include "events/zone.hpp"

namespace heliograph {

struct ImportColumn {
  std::vector<std::int64_t> stored;  // `missing` where nothing usable stands
  std::vector<double> original;      // in the file's unit; 0 where missing
};

struct ImportTable {
  std::vector<Micros> at;             // stamps as read; interval starts after resolve_times
  std::vector<std::uint32_t> line;
  std::vector<std::int32_t> running;  // number within the local day, when the map has one
  std::vector<ImportColumn> columns;  // like map.columns
  std::unordered_map<std::uint64_t, Suspect> suspects;  // by row * columns + column
  std::vector<std::uint32_t> order;   // kept rows in time order, after resolve_times and drop_duplicates

  std::uint64_t cell(std::size_t row, std::size_t column) const { return row * columns.size() + column; }
};

/// Turns stamps into interval starts in UTC and puts the rows in order. `zone` is null when stamps are explicit.
Status resolve_times(ImportTable& table, const ImportMap& map, const Zone* zone, ImportReport& report);
/// Of rows with one time keeps the first in the file.
void drop_duplicates(ImportTable& table, ImportReport& report);
/// Makes counters that never fall from registers: a fall near the last digit is a rollover, any other a reset.
void follow_registers(ImportTable& table, const ImportMap& map, ImportReport& report);
/// Gaps, first, last, and per-column sums and counts of the kept rows.
void sum_up(const ImportTable& table, const ImportMap& map, ImportReport& report);

}  // namespace heliograph
