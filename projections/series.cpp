// Folding readings into the open segment, and closing it. Nothing depends on when it is saved.
#include "projections/series.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "events/cells.hpp"
#include "events/columns.hpp"
#include "events/device_block.hpp"
#include "projections/lanes.hpp"
#include "projections/series_view.hpp"

namespace heliograph {
namespace {

// A segment is closed when a device of it has as many rows as a block should have, on average; of many devices, when it holds
// as many as one may want to take apart at once.
constexpr std::size_t segment_rows_max = 1'048'576;
constexpr Micros hold_max = 31 * day_us;
// Some milliseconds of work: less is not worth a thread.
constexpr std::size_t rows_to_share = 16'384, closed_rows_to_share = 4'096;

}  // namespace

std::unique_ptr<SeriesProjection> make_series(ViewStore& store, const EventLog& log) { return std::make_unique<Series>(store, log); }

// ---- folding -----------------------------------------------------------------------------------------------

void Series::apply(const Record& record) {
  pass(record.envelope.position, 1);
  if (!record.is_readings()) return fold_fact(record);
  Stretch one;
  add(record, one);
  fold(one, 1);
  if (is_due(record.last())) close(record.last() + 1, 1);
}

void Series::apply_all(std::span<const RecordPtr> records, unsigned threads) {
  threads_ = threads;
  Stretch stretch;
  for (const RecordPtr& record : records) {
    if (is_passed(record->envelope.position)) {
      fold(std::exchange(stretch, {}), threads);
      pass(record->envelope.position, threads);
    }
    if (!record->is_readings()) {
      fold_fact(*record);  // rows do not depend on it before they are closed
      continue;
    }
    add(*record, stretch);
    if (!is_due(record->last())) continue;
    fold(std::exchange(stretch, {}), threads);
    close(record->last() + 1, threads);
  }
  fold(stretch, threads);
}

void Series::fold_fact(const Record& record) {
  const Position position = record.envelope.position;
  const SiteKey& site = record.envelope.site;
  if (const auto* dropped = std::get_if<ReadingsDropped>(&record.event())) {
    drops_.push_back({site, position, *dropped});
  } else if (const auto* registered = std::get_if<DeviceRegistered>(&record.event())) {
    SiteSeries& series = sites_[site];
    if (position >= series.starts_at) set_hold(device_of(site, series, registered->device.text), registered->hold);
  }
}

DeviceSeries& Series::device_of(const SiteKey& site, SiteSeries& series, const std::string& device) {
  if (const auto found = series.devices.find(device); found != series.devices.end()) return found->second;
  DeviceSeries& made = series.devices[device];
  made.path = device_path(site, device);
  made.words = &series.word_index;
  return made;
}

std::int64_t Series::intern(SiteSeries& series, const std::string& word) {
  const auto [found, added] = series.word_index.emplace(word, static_cast<std::int64_t>(series.words.size()));
  if (added) series.words.push_back(word);
  return found->second;
}

/// Numbers of the batch's words, given as its rows say them: what else its dictionary holds, and in what order, means nothing.
std::vector<std::int64_t> Series::intern_words(SiteSeries& series, const ReadingBatch& batch) {
  std::vector<std::int64_t> numbers(batch.words.size(), missing);
  for (const Column& column : batch.columns) {
    if (info(column.metric).kind != Kind::text) continue;
    for (const std::int64_t word : column.values) {
      if (word == missing) continue;
      std::int64_t& number = numbers[static_cast<std::size_t>(word)];
      if (number == missing) number = intern(series, batch.words[static_cast<std::size_t>(word)]);
    }
  }
  return numbers;
}

/// Adds the rows that say something.
void Series::add(const Record& record, Stretch& stretch) {
  const SiteKey& site = record.envelope.site;
  const ReadingBatch& batch = record.readings();
  SiteSeries& series = sites_[site];
  const BatchColumns& columns = stretch.batches.emplace_back(batch, record.envelope.position, intern_words(series, batch));

  const auto said = rows_that_say(batch.columns, batch.size());
  const auto devices = series.memo.resolve(batch.devices, [&](const std::string& name) { return &device_of(site, series, name); });
  for (std::uint32_t row = 0; row < batch.size(); ++row) {
    if (!said[row] || !is_series_time(batch.at[row])) continue;
    DeviceSeries* device = devices[batch.device_of[row]];
    if (device->seat >= stretch.devices.size() || stretch.devices[device->seat] != device) {
      device->seat = static_cast<std::uint32_t>(stretch.devices.size());
      stretch.devices.push_back(device);
    }
    if (std::exchange(device->segment, segment_.number) != segment_.number) segment_.devices.push_back(device);
    stretch.rows.push_back({device->seat, {&columns, row}});
  }
  segment_.rows += batch.size();
}

/// Every device by one thread.
void Series::fold(const Stretch& stretch, unsigned threads) {
  std::vector<std::size_t> starts(stretch.devices.size() + 1);
  for (const auto& [seat, row] : stretch.rows) ++starts[seat + 1];
  std::partial_sum(starts.begin(), starts.end(), starts.begin());
  std::vector<RowOf> rows(stretch.rows.size());
  auto next = starts;
  for (const auto& [seat, row] : stretch.rows) rows[next[seat]++] = row;

  std::vector<Lane> lanes(lanes_for(rows.size(), rows_to_share, threads));
  share(stretch.devices.size(), lanes, [&](std::size_t i, Lane&) {
    const std::span<const RowOf> fresh = std::span(rows).subspan(starts[i], starts[i + 1] - starts[i]);
    DeviceSeries& device = *stretch.devices[i];
    const auto [first, last] = std::minmax_element(fresh.begin(), fresh.end(), [](const RowOf& a, const RowOf& b) { return a.at() < b.at(); });
    device.open.add(first->at(), last->at(), fresh.size(), device.rows.append(fresh));
  });
}

void Series::set_hold(DeviceSeries& device, Micros hold) {
  hold = std::clamp<Micros>(hold, 0, hold_max);
  if (hold == device.hold) return;
  // The view is kept as of the last segment's end: what was closed is written as it was then.
  if (device.closed_since_save) {
    Lane lane;
    settle(device, lane);
    put(lane);
    std::erase(changed_, &device);
  }
  if (!std::exchange(device.ahead, true)) ahead_.push_back(&device);
  for (HourTrack& track : device.tracks) {
    if (!has_energy(track.metric)) continue;
    track.fold.set_hold(hold);
    track.wrong.add(device.closed.first_at, *device.sealed_until + std::max(hold, device.hold));
  }
  device.hold = hold;
}

// ---- closing a segment ---------------------------------------------------------------------------------------

/// Where the log has a segment, the view's ends with it: rows that would tell may have been dropped.
bool Series::is_due(Position last) const {
  if (segment_.end != 0) return last + 1 >= segment_.end;
  return segment_.rows > 0 && segment_.rows >= std::min(segment_rows_max, block_rows * segment_.devices.size());
}

void Series::begin_segment(Position from) {
  segment_ = {from, segment_.number + 1, 0, {}, 0};
  const auto end = log_.segment_end(from);
  if (end && *end) segment_.end = **end;
}

void Series::pass(Position position, unsigned threads) {
  while (is_passed(position)) close(segment_.end, threads);
}

void Series::close(Position end, unsigned threads) {
  std::vector<Lane> lanes(lanes_for(segment_.rows, closed_rows_to_share, threads));
  share(segment_.devices.size(), lanes, [&](std::size_t i, Lane& lane) { close_device(*segment_.devices[i], end, lane); });
  for (Lane& lane : lanes) put(lane);
  for (auto* devices : {&segment_.devices, &ahead_})
    for (DeviceSeries* device : *devices) {
      device->ahead = false;
      if (!std::exchange(device->closed_since_save, true)) changed_.push_back(device);
    }
  ahead_.clear();
  for (auto& [site, series] : sites_) series.closed_words = series.words.size();
  closed_.push_back({segment_.from, end});
  begin_segment(end);
  // What cannot be read now is read when the next one is closed.
  std::erase_if(drops_, [this](const Drop& drop) { return carry_out(drop).has_value(); });
}

/// Up to when a reading counts at most.
Micros Series::reach_of(const DeviceSeries& device, Metric metric, Micros at) {
  return at + (has_energy(metric) ? std::max<Micros>(device.hold, 1) : 1);
}

void Series::close_device(DeviceSeries& device, Position end, Lane& lane) const {
  Rows rows = Rows::in_order(std::exchange(device.rows, {}));
  device.closed.add(device.open.first_at, device.open.last_at, device.open.readings, device.open.metrics);
  device.open = {};
  const bool in_order = !device.sealed_until || rows.first_at() > *device.sealed_until;
  lane.entries.emplace_back(block_key(in_order ? 'b' : 's', device.path, rows.first_at(), rows.positions()[0]),
                            SegmentPart{segment_.from, end, rows.last_at()}.encode());
  if (!in_order) device.side_span = std::max(device.side_span.value_or(0), rows.last_at() - rows.first_at());

  const auto before = device.horizon();
  device.sealed_until = std::max(device.sealed_until.value_or(rows.last_at()), rows.last_at());
  const Micros after = *device.horizon();
  const auto first_from = [](const Rows& in, Micros moment) {
    return static_cast<std::size_t>(std::lower_bound(in.at().begin(), in.at().end(), moment) - in.at().begin());
  };
  const std::size_t late = before ? first_from(rows, *before) : 0;
  for (const Column& column : rows.columns()) {
    if (info(column.metric).kind == Kind::text) continue;
    HourTrack& track = device.track(column.metric);
    for (std::size_t row = 0; row < late; ++row)
      if (column.values[row] != missing) track.wrong.add(rows.at()[row], reach_of(device, column.metric, rows.at()[row]));
  }
  const Rows waiting = Rows::joined(std::move(device.tail), late == 0 ? std::move(rows) : rows.slice(late, rows.size()));
  const std::size_t closing = before && after == *before ? 0 : first_from(waiting, after);
  device.tail = waiting.slice(closing, waiting.size()).without_words();
  if (before && after == *before) return;
  std::vector<Bucket> hours;
  for (HourTrack& track : device.tracks) {
    hours.clear();
    if (const Column* column = waiting.column(track.metric))
      for (std::size_t row = 0; row < closing; ++row)
        if (column->values[row] != missing) track.fold.add(waiting.at()[row], column->values[row], hour_of, hours);
    track.fold.advance(after, hour_of, hours);
    add_hours(device, track, before, hours, lane.entries);
  }
}

}  // namespace heliograph
