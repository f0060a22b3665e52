// Folding readings into the open segment, and closing it. No I/O here but in load; nothing depends on when it is saved.
#include "projections/series.hpp"

#include <algorithm>
#include <future>
#include <numeric>
#include <utility>

#include "events/cells.hpp"
#include "events/columns.hpp"
#include "events/device_block.hpp"
#include "projections/series_view.hpp"

namespace heliograph {
namespace {

// A segment is closed when a device of it has as many rows as a block should have, on average; of many devices, when it holds
// as many as one may want to take apart at once.
constexpr std::size_t segment_rows_max = 1'048'576;
constexpr Micros hold_max = 31 * day_us;
// Some milliseconds of work: less is not worth a thread.
constexpr std::size_t rows_to_share = 16'384, closed_rows_to_share = 4'096, devices_to_share = 4;

std::string site_path(const SiteKey& site) { return site.tenant.text + "/" + site.site.text; }

std::string word_key(const SiteKey& site, std::uint64_t index) {
  std::string key = series_prefix('w', site_path(site));
  put_be64(key, index);
  return key;
}

}  // namespace

std::unique_ptr<SeriesProjection> make_series(ViewStore& store, const EventLog& log) { return std::make_unique<Series>(store, log); }

std::string series_prefix(char kind, const std::string& path) { return std::string(1, kind) + path + '\0'; }

std::string block_key(char kind, const std::string& path, Micros first_at, Position position) {
  std::string key = series_prefix(kind, path);
  put_be64(key, ordered_time(first_at));
  put_be64(key, position);
  return key;
}

std::string hours_key(const std::string& path, Metric metric, Micros chunk) {
  std::string key = series_prefix('r', path);
  key.push_back(static_cast<char>(metric));
  put_be64(key, ordered_time(chunk));
  return key;
}

std::string SegmentPart::encode() const {
  std::string out;
  put_varint(from, out);
  put_varint(end - from, out);
  put_varint(zigzag(last_at), out);
  return out;
}

Result<SegmentPart> SegmentPart::decode(std::string_view bytes) {
  const auto from = take_varint(bytes), span = from ? take_varint(bytes) : from, last = span ? take_varint(bytes) : span;
  if (!last || *from == 0 || *span == 0 || *from + *span < *from || !bytes.empty())
    return fail(Errc::corrupt, "The series view holds an entry that is damaged: run heliograph rebuild --projection series.");
  return SegmentPart{*from, *from + *span, unzigzag(*last)};
}

// ---- folding -----------------------------------------------------------------------------------------------

void Series::apply(const Record& record) {
  if (record.is_readings()) {
    Stretch one;
    add(record, one);
    fold(one, 1);
    if (is_due()) close(record.last() + 1, 1);
  } else if (const auto* registered = std::get_if<DeviceRegistered>(&record.event())) {
    SiteSeries& series = sites_[record.envelope.site];
    set_hold(device_of(record.envelope.site, series, registered->device.text), registered->hold);
  }
}

void Series::apply_all(std::span<const RecordPtr> records, unsigned threads) {
  threads_ = threads;
  Stretch stretch;
  for (const RecordPtr& record : records) {
    if (record->is_readings()) {
      add(*record, stretch);
      if (!is_due()) continue;
      fold(std::exchange(stretch, {}), threads);
      close(record->last() + 1, threads);
    } else if (std::holds_alternative<DeviceRegistered>(record->event())) {
      apply(*record);  // rows do not depend on it before they are closed
    }
  }
  fold(stretch, threads);
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

namespace {

/// Runs `work(i, lane)` for every i below `count`, those of a lane one after the other.
template <class Lane, class Work>
void share(std::size_t count, std::vector<Lane>& lanes, const Work& work) {
  const auto run = [&](std::size_t lane) {
    for (std::size_t i = lane; i < count; i += lanes.size()) work(i, lanes[lane]);
  };
  std::vector<std::future<void>> others;
  for (std::size_t lane = 1; lane < lanes.size(); ++lane) others.push_back(std::async(std::launch::async, run, lane));
  run(0);
  for (auto& other : others) other.get();
}

std::size_t lanes_for(std::size_t work, std::size_t worth_sharing, unsigned threads) {
  return work < worth_sharing ? 1 : std::max(threads, 1u);
}

}  // namespace

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

bool Series::is_due() const {
  return segment_.rows > 0 && segment_.rows >= std::min(segment_rows_max, block_rows * segment_.devices.size());
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
  segment_ = {end, segment_.number + 1, 0, {}};
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

// ---- saving and loading --------------------------------------------------------------------------------------

bool Series::reads_back() const {
  return std::any_of(changed_.begin(), changed_.end(), [](const DeviceSeries* device) {
    const auto horizon = device->horizon();
    return horizon && std::any_of(device->tracks.begin(), device->tracks.end(), [&](const HourTrack& track) { return !track.wrong.within(0, *horizon).empty(); });
  });
}

void Series::settle(DeviceSeries& device, Lane& lane) const {
  // Hours that cannot be read stay marked as wrong: asking for them says what is damaged.
  static_cast<void>(repair_hours(device, lane).has_value());
  lane.entries.emplace_back("d" + device.path, device.encode());
  device.closed_since_save = false;
}

void Series::put(Lane& lane) {
  for (auto& [key, value] : lane.entries) view_.put(std::move(key), std::move(value));
}

void Series::save(ViewBatch& batch) {
  std::vector<Lane> lanes(lanes_for(changed_.size(), devices_to_share, threads_));
  share(changed_.size(), lanes, [&](std::size_t i, Lane& lane) { settle(*changed_[i], lane); });
  for (Lane& lane : lanes) put(lane);
  changed_.clear();
  for (auto& [site, series] : sites_)
    for (; series.saved_words < series.closed_words; ++series.saved_words)
      view_.put(word_key(site, series.saved_words), series.words[series.saved_words]);
  view_.hand_over(batch);
}

namespace {

/// "tenant/site/device" or "tenant/site" apart.
std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts(1);
  for (const char c : path) {
    if (c == '/')
      parts.emplace_back();
    else
      parts.back().push_back(c);
  }
  return parts;
}

tl::unexpected<Error> damaged_key() {
  return fail(Errc::corrupt, "The series view holds a key that is none: run heliograph rebuild --projection series.");
}

}  // namespace

Status Series::load(const ViewStore& store) {
  const auto checkpoint = store.checkpoint(name());
  if (!checkpoint) return fail(checkpoint.error());
  sites_.clear();
  changed_.clear();
  ahead_.clear();
  closed_.clear();
  segment_ = {*checkpoint + 1, segment_.number + 1, 0, {}};
  view_.forget();
  Status status;
  const auto load_device = [&](std::string_view key, std::string_view value) -> Status {
    const auto parts = parts_of(key.substr(1));
    if (parts.size() != 3) return damaged_key();
    auto device = DeviceSeries::decode(value);
    if (!device) return fail(device.error());
    device->path = std::string(key.substr(1));
    SiteSeries& series = sites_[{TenantId{parts[0]}, SiteId{parts[1]}}];
    device->words = &series.word_index;
    series.devices[parts[2]] = std::move(*device);
    return {};
  };
  auto scanned = store.scan(name(), "d", "e", [&](std::string_view key, std::string_view value) {
    status = load_device(key, value);
    return status.has_value();
  });
  if (!scanned || !status) return scanned ? status : scanned;
  const auto load_word = [&](std::string_view key, std::string_view value) -> Status {
    const std::size_t end = key.find('\0');
    const auto parts = parts_of(key.substr(1, end - 1));
    if (end == std::string_view::npos || key.size() != end + 9 || parts.size() != 2) return damaged_key();
    SiteSeries& series = sites_[{TenantId{parts[0]}, SiteId{parts[1]}}];
    if (get_be64(key.substr(end + 1)) != series.words.size()) return damaged_key();
    intern(series, std::string(value));
    series.saved_words = series.closed_words = series.words.size();
    return {};
  };
  scanned = store.scan(name(), "w", "x", [&](std::string_view key, std::string_view value) {
    status = load_word(key, value);
    return status.has_value();
  });
  return scanned ? status : scanned;
}

}  // namespace heliograph
