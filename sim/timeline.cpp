#include "sim/timeline.hpp"

#include <algorithm>

namespace heliograph {

Result<Timeline> Timeline::open(const SeriesReader& series, const SiteKey& site, std::span<const DeviceId> devices,
                                const MetricSet& metrics, Micros from, Micros to) {
  Timeline timeline;
  timeline.metrics_ = metrics;
  timeline.from_ = from;
  timeline.to_ = to;
  for (std::uint32_t i = 0; i < devices.size(); ++i) {
    const auto known = series.metrics(site, devices[i]);
    if (std::none_of(known.begin(), known.end(), [&](Metric m) { return has(metrics, m); })) continue;
    auto blocks = series.blocks(site, devices[i], from, to, {});
    if (!blocks) return fail(blocks.error());
    Cursor cursor;
    cursor.device = i;
    cursor.blocks = std::move(*blocks);
    auto found = timeline.settle(cursor);
    if (!found) return fail(found.error());
    if (!*found) continue;
    timeline.heap_.push_back(static_cast<std::uint32_t>(timeline.cursors_.size()));
    timeline.cursors_.push_back(std::move(cursor));
  }
  for (std::size_t i = timeline.heap_.size(); i-- > 0;) timeline.sink(i);
  return timeline;
}

Result<bool> Timeline::settle(Cursor& cursor) {
  for (; cursor.block < cursor.blocks.size(); ++cursor.block) {
    SeriesBlock& block = *cursor.blocks[cursor.block];
    if (block.last_at() < from_) continue;
    auto at = block.at();
    if (!at) return fail(at.error());
    auto positions = block.positions();
    if (!positions) return fail(positions.error());
    cursor.at = *at;
    cursor.positions = *positions;
    cursor.row = static_cast<std::size_t>(std::lower_bound(at->begin(), at->end(), from_) - at->begin());
    if (cursor.row == at->size()) continue;
    if (cursor.at[cursor.row] >= to_) return false;
    cursor.columns.clear();
    for (const auto& about : all_metrics()) {
      if (!has(metrics_, about.metric) || !block.has(about.metric)) continue;
      auto values = block.values(about.metric);
      if (!values) return fail(values.error());
      cursor.columns.push_back({about.metric, *values});
    }
    cursor.key_at = cursor.at[cursor.row];
    cursor.key_position = cursor.positions[cursor.row];
    return true;
  }
  return false;
}

Result<bool> Timeline::advance(Cursor& cursor) {
  if (++cursor.row == cursor.at.size()) {
    cursor.blocks[cursor.block].reset();  // a year of decoded blocks need not stay in memory
    ++cursor.block;
    return settle(cursor);
  }
  if (cursor.at[cursor.row] >= to_) return false;
  cursor.key_at = cursor.at[cursor.row];
  cursor.key_position = cursor.positions[cursor.row];
  return true;
}

void Timeline::sink(std::size_t at) {
  for (;;) {
    std::size_t first = at;
    for (std::size_t child = 2 * at + 1; child <= 2 * at + 2 && child < heap_.size(); ++child)
      if (before(cursors_[heap_[child]], cursors_[heap_[first]])) first = child;
    if (first == at) return;
    std::swap(heap_[at], heap_[first]);
    at = first;
  }
}

bool Timeline::next(Row& row) {
  if (started_ && !heap_.empty()) {
    auto more = advance(cursors_[heap_.front()]);
    if (!more) {
      status_ = fail(more.error());
      heap_.clear();
    } else {
      if (!*more) {
        std::swap(heap_.front(), heap_.back());
        heap_.pop_back();
      }
      if (!heap_.empty()) sink(0);
    }
  }
  started_ = true;
  if (heap_.empty()) return false;
  const Cursor& top = cursors_[heap_.front()];
  cells_.clear();
  for (const Column& column : top.columns)
    if (const std::int64_t value = column.values[top.row]; value != missing) cells_.push_back({column.metric, value});
  row = {top.device, top.key_at, top.key_position, cells_};
  return true;
}

}  // namespace heliograph
