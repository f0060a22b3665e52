#include "projections/series_block.hpp"

#include <algorithm>
#include <array>

#include "events/column_loops.hpp"
#include "events/device_block.hpp"

namespace heliograph {
namespace {

const Micros time_end = from_civil(2262, 1, 1);

/// A block as it is stored, each column decoded once.
class StoredBlock : public SeriesBlock {
 public:
  StoredBlock(DeviceBlock block, const NumberOf& number_of) : block_(std::move(block)) {
    for (const MetricInfo& about : all_metrics()) {
      if (about.kind != Kind::text || !block_.has(about.metric)) continue;
      Words& words = words_.emplace_back(Words{about.metric, {}});
      for (const std::string& word : block_.words(about.metric)) words.numbers.push_back(number_of(word));
    }
  }

  std::size_t size() const override { return block_.size(); }
  Micros first_at() const override { return block_.first_at(); }
  Micros last_at() const override { return block_.last_at(); }
  bool has(Metric metric) const override { return block_.has(metric); }
  std::int64_t min(Metric metric) const override {
    const auto* numbers = numbers_of(metric);
    return numbers ? *std::min_element(numbers->begin(), numbers->end()) : block_.min(metric);
  }
  std::int64_t max(Metric metric) const override {
    const auto* numbers = numbers_of(metric);
    return numbers ? *std::max_element(numbers->begin(), numbers->end()) : block_.max(metric);
  }
  Result<std::span<const Micros>> at() override { return once(at_, [this] { return block_.at(); }); }
  Result<std::span<const Position>> positions() override { return once(positions_, [this] { return block_.positions(); }); }
  Result<std::span<const std::int64_t>> values(Metric metric) override {
    return once(values_[static_cast<std::size_t>(metric)], [&]() -> Result<std::vector<std::int64_t>> {
      auto values = block_.values(metric);
      if (const auto* numbers = numbers_of(metric); numbers && values)
        for (std::int64_t& value : *values)
          if (value != missing) value = (*numbers)[static_cast<std::size_t>(value)];
      return values;
    });
  }
  void forget(Metric metric) override { values_[static_cast<std::size_t>(metric)] = {}; }

 private:
  struct Words {
    Metric metric;
    std::vector<std::int64_t> numbers;
  };
  const std::vector<std::int64_t>* numbers_of(Metric metric) const {
    const auto found = std::find_if(words_.begin(), words_.end(), [metric](const Words& words) { return words.metric == metric; });
    return found == words_.end() ? nullptr : &found->numbers;
  }
  template <class T, class Decode>
  static Result<std::span<const T>> once(std::vector<T>& kept, const Decode& decode) {
    if (kept.empty()) {
      auto decoded = decode();
      if (!decoded) return fail(decoded.error());
      kept = std::move(*decoded);
    }
    return std::span<const T>(kept);
  }

  DeviceBlock block_;
  std::vector<Words> words_;  // of each text metric
  std::vector<Micros> at_;
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
  void forget(Metric) override {}
  const Rows& rows() const { return rows_; }

 private:
  Rows rows_;
};

}  // namespace

bool is_series_time(Micros at) { return at >= 0 && at < time_end; }

Result<std::unique_ptr<SeriesBlock>> open_block(std::string bytes, const NumberOf& number_of) {
  auto block = DeviceBlock::open(std::move(bytes));
  if (!block) return fail(block.error());
  const bool as_stored = block->plain() && is_series_time(block->first_at()) && is_series_time(block->last_at());
  auto stored = std::make_unique<StoredBlock>(std::move(*block), number_of);
  if (as_stored) return stored;
  const auto rows = rows_of(*stored);
  if (!rows) return fail(rows.error());
  const auto at = rows->at();
  const auto place = [&](Micros moment) { return static_cast<std::size_t>(std::lower_bound(at.begin(), at.end(), moment) - at.begin()); };
  const Rows within = rows->slice(place(0), place(time_end));
  const std::array<const Rows*, 1> alone{&within};
  Rows corrected = Rows::merge(alone);
  return corrected.empty() ? std::unique_ptr<SeriesBlock>() : rows_block(std::move(corrected));
}

std::unique_ptr<SeriesBlock> rows_block(Rows rows) { return std::make_unique<RowsBlock>(std::move(rows)); }

Result<Rows> rows_of(SeriesBlock& block, std::span<const Metric> wanted) {
  if (const auto* in_memory = dynamic_cast<const RowsBlock*>(&block)) return in_memory->rows();
  const auto at = block.at();
  if (!at) return fail(at.error());
  const auto positions = block.positions();
  if (!positions) return fail(positions.error());
  std::vector<Column> columns;
  for (const MetricInfo& about : all_metrics()) {
    const bool named = wanted.empty() || std::find(wanted.begin(), wanted.end(), about.metric) != wanted.end();
    if (!named || !block.has(about.metric)) continue;
    const auto values = block.values(about.metric);
    if (!values) return fail(values.error());
    columns.push_back({about.metric, {values->begin(), values->end()}});
  }
  return Rows::from_columns({at->begin(), at->end()}, {positions->begin(), positions->end()}, std::move(columns));
}

}  // namespace heliograph
