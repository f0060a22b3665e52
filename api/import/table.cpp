#include "api/import/table.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "api/import/time.hpp"

namespace heliograph {
namespace {

constexpr std::size_t listed = 5;
constexpr const char* no_such_time = "the local time does not exist: clocks went forward";
constexpr const char* no_such_interval = "the local day has no interval of this number";

/// Rows in file order, or from the last to the first when the file has its newest rows on top.
bool newest_first(const std::vector<Micros>& at) {
  std::uint64_t up = 0, down = 0;
  for (std::size_t i = 1; i < at.size(); ++i) {
    if (at[i] > at[i - 1]) ++up;
    if (at[i] < at[i - 1]) ++down;
  }
  return down > up;
}

/// Local stamps of one civil time, in file order, to moments. Autumn's repeated hour: summer time comes first.
struct LocalTimes {
  ImportTable& table;
  const ImportMap& map;
  const Zone& zone;
  ImportReport& report;
  std::vector<std::uint8_t>& keep;
  std::uint64_t single = 0;
  std::uint32_t single_line = 0;

  void same_stamp(const std::uint32_t* from, const std::uint32_t* to) {
    const auto moments = zone.moments_of(table.at[*from]);
    if (moments.count == 0) {
      for (const auto* row = from; row != to; ++row) {
        keep[*row] = 0;
        report.drop(no_such_time, table.line[*row]);
      }
      return;
    }
    const auto n = static_cast<std::size_t>(to - from);
    if (moments.count == 2) {
      report.repeated_hour_rows += n;
      if (n == 1) {
        if (single++ == 0) single_line = table.line[*from];
        table.at[*from] = map.time.repeated_second ? moments.second : moments.first;
        return;
      }
    }
    for (std::size_t i = 0; i < n; ++i) table.at[from[i]] = moments.count == 2 && i > 0 ? moments.second : moments.first;
  }
};

void resolve_local(ImportTable& table, const ImportMap& map, const Zone& zone, ImportReport& report, bool reversed,
                   std::vector<std::uint8_t>& keep) {
  std::vector<std::uint32_t> rows(table.at.size());
  std::iota(rows.begin(), rows.end(), 0u);
  if (reversed) std::reverse(rows.begin(), rows.end());
  std::stable_sort(rows.begin(), rows.end(), [&](auto a, auto b) { return table.at[a] < table.at[b]; });
  LocalTimes times{table, map, zone, report, keep};
  for (std::size_t i = 0; i < rows.size();) {
    std::size_t j = i + 1;
    while (j < rows.size() && table.at[rows[j]] == table.at[rows[i]]) ++j;
    times.same_stamp(rows.data() + i, rows.data() + j);
    i = j;
  }
  if (times.single != 0)
    report.warnings.push_back(std::to_string(times.single) + " row(s) of an hour that " + zone.name() +
                              " has twice stand in the file once (first on line " + std::to_string(times.single_line) +
                              "): taken as the " + (map.time.repeated_second ? "second (winter time)" : "first (summer time)") +
                              "; \"repeated_hour\" in the map decides.");
}

void resolve_running(ImportTable& table, const ImportMap& map, const Zone& zone, ImportReport& report,
                     std::vector<std::uint8_t>& keep) {
  for (std::size_t row = 0; row < table.at.size(); ++row) {
    const Micros noon = zone.moments_of(table.at[row] + 12 * hour_us).first;
    const Micros at = zone.day_start(noon) + (table.running[row] - 1) * map.time.interval;
    if (table.running[row] < 1 || at >= zone.next_day_start(noon)) {
      keep[row] = 0;
      report.drop(no_such_interval, table.line[row]);
    }
    table.at[row] = at;
  }
}

/// Neumaier's sum: a year of minutes adds up to the last digit.
struct Sum {
  double total = 0, rest = 0;
  void add(double x) {
    const double t = total + x;
    rest += std::abs(total) >= std::abs(x) ? (total - t) + x : (x - t) + total;
    total = t;
  }
  double value() const { return total + rest; }
};

void sum_column(const ImportTable& table, const ImportMap& map, std::size_t c, ColumnReport& out) {
  const ImportColumn& column = table.columns[c];
  Sum sum;
  __int128 stored = 0;
  for (const auto row : table.order) {
    if (column.stored[row] != missing) {
      ++out.values;
      sum.add(column.original[row]);
      stored += column.stored[row];
      continue;
    }
    const auto suspect = table.suspects.find(table.cell(row, c));
    if (suspect == table.suspects.end()) {
      ++out.missing;
      continue;
    }
    ++(suspect->second.quality == Quality::unreadable ? out.unreadable : out.implausible);
    if (out.notes.size() < listed)
      out.notes.push_back("line " + std::to_string(table.line[row]) + ": \"" + suspect->second.raw + "\" is " +
                          std::string(name(suspect->second.quality)));
  }
  const ColumnMap& spec = map.columns[c];
  double unit = std::pow(10.0, spec.power);
  if (spec.as == ReadAs::energy) unit *= 3600.0 * second_us / static_cast<double>(map.time.interval);
  if (spec.negate) unit = -unit;
  out.sum = sum.value();
  out.stored_sum = static_cast<double>(stored) / unit;
  out.summable = spec.as == ReadAs::energy;
}

void find_gaps(const ImportTable& table, Micros interval, ImportReport& report) {
  for (std::size_t i = 1; i < table.order.size(); ++i) {
    const Micros from = table.at[table.order[i - 1]] + interval, to = table.at[table.order[i]];
    if (to - from < interval / 2 || to <= from) continue;  // less than half an interval is a crooked clock, no gap
    const auto rows = static_cast<std::uint64_t>((to - from + interval / 2) / interval);
    const GapInTime gap{from, to, rows};
    ++report.gaps;
    report.rows_missing += rows;
    if (report.first_gaps.size() < listed) report.first_gaps.push_back(gap);
    if (!report.longest_gap || gap.to - gap.from > report.longest_gap->to - report.longest_gap->from) report.longest_gap = gap;
  }
}

bool equal_rows(const ImportTable& table, std::uint32_t a, std::uint32_t b) {
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const auto& column = table.columns[c];
    if (column.stored[a] != column.stored[b] || column.original[a] != column.original[b]) return false;
    const auto sa = table.suspects.find(table.cell(a, c)), sb = table.suspects.find(table.cell(b, c));
    if ((sa == table.suspects.end()) != (sb == table.suspects.end())) return false;
    if (sa != table.suspects.end() && sa->second.raw != sb->second.raw) return false;
  }
  return true;
}

}  // namespace

Status resolve_times(ImportTable& table, const ImportMap& map, const Zone* zone, ImportReport& report) {
  std::vector<std::uint8_t> keep(table.at.size(), 1);
  const bool reversed = newest_first(table.at);
  if (zone != nullptr && !map.time.running.empty()) resolve_running(table, map, *zone, report, keep);
  else if (zone != nullptr) resolve_local(table, map, *zone, report, reversed, keep);
  if (map.time.label_end)
    for (auto& at : table.at) at -= map.time.interval;
  bool any = false;
  Micros before = 0;
  for (std::uint32_t row = 0; row < table.at.size(); ++row) {
    if (keep[row] == 0) continue;
    if (any && (reversed ? table.at[row] > before : table.at[row] < before)) ++report.out_of_order;
    before = table.at[row];
    any = true;
    table.order.push_back(row);
  }
  if (reversed) report.warnings.push_back("The file has its newest rows first; they were sorted.");
  if (report.out_of_order != 0)
    report.warnings.push_back(std::to_string(report.out_of_order) + " row(s) go back in time; all rows were sorted.");
  std::stable_sort(table.order.begin(), table.order.end(), [&](auto a, auto b) { return table.at[a] < table.at[b]; });
  if (!any) return fail(Errc::invalid, "No row has a time that exists: check the map's time format and zone.");
  return {};
}

void drop_duplicates(ImportTable& table, ImportReport& report) {
  std::vector<std::uint32_t> kept;
  kept.reserve(table.order.size());
  for (const auto row : table.order) {
    if (kept.empty() || table.at[kept.back()] != table.at[row]) {
      kept.push_back(row);
      continue;
    }
    const bool equal = equal_rows(table, kept.back(), row);
    ++(equal ? report.duplicates_equal : report.duplicates_different);
    report.drop(equal ? "repeats an equal row of the same time" : "an earlier row of the same time says something else: the first was kept",
                table.line[row]);
  }
  table.order = std::move(kept);
}

void follow_registers(ImportTable& table, const ImportMap& map, ImportReport& report) {
  for (std::size_t c = 0; c < map.columns.size(); ++c) {
    if (map.columns[c].as != ReadAs::reg) continue;
    auto& values = table.columns[c].stored;
    const int digits = map.columns[c].digits;
    const auto full = digits == 0 ? 0 : static_cast<std::int64_t>(std::llround(std::pow(10.0, digits + map.columns[c].power)));
    std::int64_t before = missing, offset = 0;
    for (const auto row : table.order) {
      const std::int64_t now = values[row];
      if (now == missing) continue;
      if (before != missing && now < before) {
        const std::int64_t step = full - before + now;
        const bool rollover = full > 0 && before < full && step <= full / 10;
        offset += rollover ? full : before - now;
        ColumnReport& out = report.columns[c];
        ++(rollover ? out.rollovers : out.resets);
        if (out.notes.size() < listed)
          out.notes.push_back("line " + std::to_string(table.line[row]) + " (" + format_time(table.at[row]) + "): the register " +
                              (rollover ? "rolled over; counted in full"
                                        : "fell and was taken as reset; the step counts 0 (\"digits\" in the map declares a rollover)"));
      }
      before = now;
      values[row] = now + offset;
    }
  }
}

void sum_up(const ImportTable& table, const ImportMap& map, ImportReport& report) {
  report.rows_kept = table.order.size();
  report.first = table.at[table.order.front()];
  report.last = table.at[table.order.back()];
  find_gaps(table, map.time.interval, report);
  for (std::size_t c = 0; c < map.columns.size(); ++c) sum_column(table, map, c, report.columns[c]);
}

}  // namespace heliograph
