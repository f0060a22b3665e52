// Readings of one device in memory: as they came, and what a merge makes of them, in order of source time. Then several rows
// may share a time, and a metric has at most one value a time, the one with the highest position (a correction).
#pragma once

#include <array>
#include <span>
#include <vector>

#include "events/readings.hpp"
#include "events/result.hpp"

namespace heliograph {

/// A batch with its columns found and its words numbered by the site.
struct BatchColumns {
  BatchColumns(const ReadingBatch& batch, Position first, std::vector<std::int64_t> numbers);
  /// `missing` where nothing was said.
  std::int64_t cell(Metric metric, std::uint32_t row) const {
    const std::int64_t* column = columns[static_cast<std::size_t>(metric)];
    const std::int64_t value = column == nullptr ? missing : column[row];
    const bool word = value != missing && (texts >> static_cast<unsigned>(metric) & 1) != 0;
    return word ? words[static_cast<std::size_t>(value)] : value;
  }

  const Micros* at;
  Position base;
  std::uint32_t metrics = 0, texts = 0;  // bit sets
  std::array<const std::int64_t*, metric_slots> columns{};
  std::vector<std::int64_t> words;
};

/// One row of a batch.
struct RowOf {
  const BatchColumns* batch;
  std::uint32_t row;
  Micros at() const { return batch->at[row]; }
  Position position() const { return batch->base + row; }
};

class Rows {
 public:
  std::size_t size() const { return at_.size(); }
  bool empty() const { return at_.empty(); }
  Micros first_at() const { return at_.front(); }  // Requires: in order
  Micros last_at() const { return at_.back(); }
  std::span<const Micros> at() const { return at_; }
  std::span<const Position> positions() const { return positions_; }
  /// Ascending by metric, each as long as `at` and with at least one value. Requires: tidy() since the last insert.
  const std::vector<Column>& columns() const { return columns_; }
  const Column* column(Metric metric) const;

  /// Puts rows at the end; each has a value, and their positions ascend. Answers the metrics that came, as a bit set.
  std::uint32_t append(std::span<const RowOf> rows);
  /// Makes columns() ready: sorted, of full length, none without a value.
  void tidy();
  /// `rows` in order of time, corrections applied, tidy.
  static Rows in_order(Rows rows);
  /// Rows [from, to) copied. Requires: in order.
  Rows slice(std::size_t from, std::size_t to) const;
  /// Numbers only; rows without any are left out. Requires: tidy.
  Rows without_words() const;

  void encode(std::string& out) const;  // Requires: in order, tidy
  static Result<Rows> decode(std::string_view& bytes);

  /// All rows of all parts in order of time, corrections applied. Requires: parts tidy.
  static Rows merge(std::span<const Rows* const> parts);
  /// The same of two that are in order and corrected; quick where one comes after the other.
  static Rows joined(Rows first, Rows second);
  /// From columns that are sorted by time already. Requires: lengths agree, columns ascending.
  static Rows from_columns(std::vector<Micros> at, std::vector<Position> positions, std::vector<Column> columns);

 private:
  std::vector<std::int64_t>& cells_of(Metric metric);
  void drop_empty_rows();  // Requires: columns of full length
  std::vector<Micros> at_;
  std::vector<Position> positions_;
  std::vector<Column> columns_;                        // may be shorter than at_ until tidy()
  std::array<std::uint8_t, metric_slots> slot_{};      // metric -> column + 1
};

}  // namespace heliograph
