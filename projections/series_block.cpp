#include "projections/series_block.hpp"

#include <algorithm>
#include <bit>

#include "events/column_loops.hpp"
#include "events/columns.hpp"

namespace heliograph {
namespace {

constexpr std::size_t block_rows_limit = 1u << 20;

tl::unexpected<Error> damaged() {
  return fail(Errc::corrupt, "A series block is damaged: run heliograph rebuild --projection series.");
}

using Extremes = column_loops::Range;

std::vector<std::int64_t> relative(std::span<const Position> positions) {
  std::vector<std::int64_t> out;
  out.reserve(positions.size());
  for (const Position position : positions) out.push_back(static_cast<std::int64_t>(position - positions[0]));
  return out;
}
std::vector<std::int64_t> relative(std::span<const Micros> at) {
  std::vector<std::int64_t> out;
  out.reserve(at.size());
  for (const Micros moment : at)
    out.push_back(wrapping_difference(moment, at[0]));
  return out;
}

/// Where a column lies in the block's bytes, and its extremes.
struct Segment {
  std::size_t offset = 0, size = 0;
  Extremes extremes{};
};

class SealedBlock : public SeriesBlock {
 public:
  /// Reads the header. Layout: rows, last - first time, metric set, extremes of each, sizes of the segments.
  static Result<std::unique_ptr<SeriesBlock>> open(Micros first_at, Position first_position, std::string value) {
    auto block = std::make_unique<SealedBlock>();
    block->bytes_ = std::move(value);
    block->first_at_ = first_at;
    block->first_position_ = first_position;
    if (!block->read_header()) return damaged();
    return block;
  }

  std::size_t size() const override { return count_; }
  Micros first_at() const override { return first_at_; }
  Micros last_at() const override { return last_at_; }
  bool has(Metric metric) const override { return segment(metric).size > 0; }
  std::int64_t min(Metric metric) const override { return segment(metric).extremes.min; }
  std::int64_t max(Metric metric) const override { return segment(metric).extremes.max; }

  Result<std::span<const Micros>> at() override {
    if (at_.empty()) {
      if (!decode(at_segment_, at_)) return damaged();
      for (Micros& moment : at_) moment = wrapping_sum(moment, first_at_);
      if (!std::is_sorted(at_.begin(), at_.end()) || at_.front() != first_at_ || at_.back() != last_at_) {
        at_.clear();
        return damaged();
      }
    }
    return at_;
  }

  Result<std::span<const Position>> positions() override {
    if (positions_.empty()) {
      std::vector<std::int64_t> raw;
      if (!decode(position_segment_, raw)) return damaged();
      positions_.reserve(count_);
      for (const std::int64_t position : raw) positions_.push_back(static_cast<Position>(position) + first_position_);
    }
    return positions_;
  }

  Result<std::span<const std::int64_t>> values(Metric metric) override {
    auto& values = values_[static_cast<std::size_t>(metric)];
    if (values.empty() && !decode(segment(metric), values)) return damaged();
    return values;
  }

 private:
  const Segment& segment(Metric metric) const { return segments_[static_cast<std::size_t>(metric)]; }

  bool decode(const Segment& from, std::vector<std::int64_t>& out) const {
    std::string_view bytes = std::string_view(bytes_).substr(from.offset, from.size);
    if (decode_column(bytes, count_, out) && bytes.empty()) return true;
    out.clear();
    return false;
  }

  bool read_header() {
    std::string_view left = bytes_;
    const auto take = [&left](std::uint64_t& out) {
      const auto number = take_varint(left);
      if (number) out = *number;
      return number.has_value();
    };
    std::uint64_t count = 0, span = 0, metrics = 0;
    if (!take(count) || !take(span) || !take(metrics)) return false;
    if (count == 0 || count > block_rows_limit || metrics >> metric_slots != 0 || (metrics & 1) != 0) return false;
    count_ = count;
    last_at_ = static_cast<Micros>(static_cast<std::uint64_t>(first_at_) + span);
    if (last_at_ < first_at_) return false;
    std::vector<Segment*> order{&at_segment_, &position_segment_};
    for (std::size_t metric = 1; metric < metric_slots; ++metric) {
      if ((metrics >> metric & 1) == 0) continue;
      std::uint64_t low = 0, width = 0;
      if (!take(low) || !take(width)) return false;
      const std::int64_t lowest = unzigzag(low);
      segments_[metric].extremes = {lowest, static_cast<std::int64_t>(static_cast<std::uint64_t>(lowest) + width)};
      order.push_back(&segments_[metric]);
    }
    for (Segment* segment : order) {
      std::uint64_t size = 0;
      if (!take(size) || size == 0 || size > bytes_.size()) return false;
      segment->size = size;
    }
    std::size_t offset = bytes_.size() - left.size();
    for (Segment* segment : order) {
      segment->offset = offset;
      offset += segment->size;
    }
    return offset == bytes_.size();
  }

  std::string bytes_;
  Micros first_at_ = 0, last_at_ = 0;
  Position first_position_ = 0;
  std::size_t count_ = 0;
  Segment at_segment_, position_segment_;
  std::array<Segment, metric_slots> segments_{};  // size 0 = the block has no such metric
  std::vector<Micros> at_;                         // decoded on demand, as are the next two
  std::vector<Position> positions_;
  std::array<std::vector<std::int64_t>, metric_slots> values_;
};

class RowsBlock : public SeriesBlock {
 public:
  explicit RowsBlock(Rows rows) : rows_(std::move(rows)) {}
  std::size_t size() const override { return rows_.size(); }
  Micros first_at() const override { return rows_.first_at(); }
  Micros last_at() const override { return rows_.last_at(); }
  bool has(Metric metric) const override { return rows_.column(metric) != nullptr; }
  std::int64_t min(Metric metric) const override { return column_loops::range_of_present(rows_.column(metric)->values).min; }
  std::int64_t max(Metric metric) const override { return column_loops::range_of_present(rows_.column(metric)->values).max; }
  Result<std::span<const Micros>> at() override { return rows_.at(); }
  Result<std::span<const Position>> positions() override { return rows_.positions(); }
  Result<std::span<const std::int64_t>> values(Metric metric) override {
    return std::span<const std::int64_t>(rows_.column(metric)->values);
  }
  const Rows& rows() const { return rows_; }

 private:
  Rows rows_;
};

}  // namespace

std::string seal(const Rows& rows) {
  std::uint64_t metrics = 0;
  std::string sizes, segments, out;
  const auto add = [&](std::span<const std::int64_t> values) {
    const std::size_t before = segments.size();
    encode_column_tight(values, segments);
    put_varint(segments.size() - before, sizes);
  };
  add(relative(rows.at()));
  add(relative(rows.positions()));
  std::string extremes;
  for (const Column& column : rows.columns()) {
    metrics |= 1ull << static_cast<unsigned>(column.metric);
    const Extremes found = column_loops::range_of_present(column.values);
    put_varint(zigzag(found.min), extremes);
    put_varint(static_cast<std::uint64_t>(found.max) - static_cast<std::uint64_t>(found.min), extremes);
    add(column.values);
  }
  put_varint(rows.size(), out);
  put_varint(static_cast<std::uint64_t>(rows.last_at()) - static_cast<std::uint64_t>(rows.first_at()), out);
  put_varint(metrics, out);
  return out + extremes + sizes + segments;
}

Result<std::unique_ptr<SeriesBlock>> open_block(Micros first_at, Position first_position, std::string value) {
  return SealedBlock::open(first_at, first_position, std::move(value));
}

std::unique_ptr<SeriesBlock> rows_block(Rows rows) { return std::make_unique<RowsBlock>(std::move(rows)); }

Result<Rows> rows_of(SeriesBlock& block) {
  if (const auto* in_memory = dynamic_cast<const RowsBlock*>(&block)) return in_memory->rows();
  const auto at = block.at();
  if (!at) return fail(at.error());
  const auto positions = block.positions();
  if (!positions) return fail(positions.error());
  std::vector<Column> columns;
  for (const MetricInfo& about : all_metrics()) {
    if (!block.has(about.metric)) continue;
    const auto values = block.values(about.metric);
    if (!values) return fail(values.error());
    columns.push_back({about.metric, {values->begin(), values->end()}});
  }
  return Rows::from_columns({at->begin(), at->end()}, {positions->begin(), positions->end()}, std::move(columns));
}

}  // namespace heliograph
