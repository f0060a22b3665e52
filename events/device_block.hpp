// Readings of one device as bytes: each column a part that can be decoded alone, extremes known without decoding. The log keeps
// its readings so for good (storage/segment.hpp), and charts and dry runs read them where they lie.
// Layout: docs/LOG_FORMAT.md, "A block".
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "events/readings.hpp"

namespace heliograph {

/// About how many rows a block holds: a day at 2 minutes.
inline constexpr std::size_t block_rows = 720;

/// Rows in order of time, those of one time in order of position. Nothing is left out: what a correction replaced is there, and
/// so are rows without a value.
struct DeviceRows {
  std::vector<Micros> at;
  std::vector<Position> positions;
  struct Cells {
    Metric metric{};
    std::vector<std::int64_t> values;  // one a row; of a text metric an index into `words`
    std::vector<std::string> words;    // in the order in which rows say them
  };
  std::vector<Cells> columns;  // ascending by metric, each with a value
};

/// Requires: rows, in order; columns as long as `at`.
std::string encode_block(const DeviceRows& rows);

class DeviceBlock {
 public:
  /// Reads the header. Errors: corrupt.
  static Result<DeviceBlock> open(std::string bytes);

  std::size_t size() const { return count_; }
  Micros first_at() const { return first_at_; }
  Micros last_at() const { return last_at_; }
  /// No two rows share a time, and every row has a value: what is stored is what a series says.
  bool plain() const { return plain_; }
  bool has(Metric metric) const { return part(metric).size > 0; }
  /// Of the values; of a text metric, of the indices. Requires: has(metric).
  std::int64_t min(Metric metric) const { return part(metric).min; }
  std::int64_t max(Metric metric) const { return part(metric).max; }
  std::span<const std::string> words(Metric metric) const { return part(metric).words; }

  // Decoded at every call: who needs them twice keeps them. Errors: corrupt.
  Result<std::vector<Micros>> at() const;
  Result<std::vector<Position>> positions() const;
  Result<std::vector<std::int64_t>> values(Metric metric) const;

 private:
  struct Part {
    std::size_t offset = 0, size = 0;  // 0 = the block has no such column
    std::int64_t min = 0, max = 0;
    std::vector<std::string> words;
  };
  const Part& part(Metric metric) const { return parts_[static_cast<std::size_t>(metric)]; }
  bool read_header();
  bool read_extremes(std::string_view& left, Part& part, Metric metric);
  Result<std::vector<std::int64_t>> decode(const Part& part) const;

  std::string bytes_;
  std::size_t count_ = 0;
  bool plain_ = false;
  Micros first_at_ = 0, last_at_ = 0;
  Position first_position_ = 0;
  Part times_, positions_;
  std::array<Part, metric_slots> parts_{};
};

}  // namespace heliograph
