// The readings of all devices of a site in the order in which they were true: a merge of series, block by block. Reads
// the series and nothing else. Rows come by (source time, position).
#pragma once

#include <bitset>
#include <memory>
#include <span>
#include <vector>

#include "projections/series.hpp"

namespace heliograph {

using MetricSet = std::bitset<metric_slots>;
inline bool has(const MetricSet& set, Metric metric) { return set[static_cast<std::size_t>(metric)]; }
inline void add(MetricSet& set, Metric metric) { set.set(static_cast<std::size_t>(metric)); }

class Timeline {
 public:
  struct Cell {
    Metric metric;
    std::int64_t value;
  };
  struct Row {
    std::uint32_t device = 0;  // index into the devices that it was opened with
    Micros at = 0;
    Position position = 0;
    std::span<const Cell> cells;  // ascending by metric; valid until the next row
  };

  /// Only `metrics` are decoded; rows without any of them still come.
  static Result<Timeline> open(const SeriesReader& series, const SiteKey& site, std::span<const DeviceId> devices,
                               const MetricSet& metrics, Micros from, Micros to);
  /// False at the end, and when the series are damaged: then `status` says so.
  bool next(Row& row);
  const Status& status() const { return status_; }

 private:
  struct Column {
    Metric metric;
    std::span<const std::int64_t> values;
  };
  struct Cursor {
    std::uint32_t device = 0;
    std::vector<std::unique_ptr<SeriesBlock>> blocks;
    std::size_t block = 0, row = 0;
    std::span<const Micros> at;
    std::span<const Position> positions;
    std::vector<Column> columns;
    Micros key_at = 0;  // of the current row
    Position key_position = 0;
  };

  /// Opens the block that holds the cursor's next row; false at the end.
  Result<bool> settle(Cursor& cursor);
  Result<bool> advance(Cursor& cursor);
  static bool before(const Cursor& a, const Cursor& b) {
    return a.key_at != b.key_at ? a.key_at < b.key_at : a.key_position < b.key_position;
  }
  void sink(std::size_t at);

  MetricSet metrics_;
  Micros from_ = 0, to_ = 0;
  std::vector<Cursor> cursors_;
  std::vector<std::uint32_t> heap_;  // of cursors, the earliest on top
  bool started_ = false;
  std::vector<Cell> cells_;
  Status status_;
};

}  // namespace heliograph
