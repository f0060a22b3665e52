// Folding readings into heads and blocks. No I/O here but in load; nothing depends on when it is saved.
#include "projections/series.hpp"

#include <algorithm>
#include <bit>
#include <future>
#include <numeric>
#include <utility>

#include "projections/series_view.hpp"

namespace heliograph {
namespace {

constexpr std::size_t block_rows = 720;  // a day at 2 minutes
// So many readings more are waited for before sealing: what is late by less finds its place in the head. Two batches that
// overtake each other are late by no more.
constexpr std::size_t seal_slack = 120;
constexpr std::size_t head_rows = block_rows + seal_slack;
// Outside, arithmetic on times could overflow; parse_time lets no such time in.
constexpr Micros time_min = 0;
const Micros time_max = from_civil(2262, 1, 1);
constexpr Micros hold_max = 31 * day_us;
constexpr std::size_t rows_worth_a_thread = 16'384;  // some milliseconds of work

/// How many rows may be sealed: about block_rows, never between two rows of the same time; 0 = not yet.
std::size_t sealable(const Rows& rows) {
  if (rows.size() < head_rows) return 0;
  for (std::size_t count = block_rows; count < rows.size(); ++count)
    if (rows.at()[count - 1] < rows.at()[count]) return count;
  return 0;
}

void mark_changed(DeviceSeries& device, std::vector<DeviceSeries*>& changed) {
  if (device.changed) return;
  device.changed = true;
  changed.push_back(&device);
}

/// What is known of a device without its rows.
void note(DeviceSeries& device, Micros first, Micros last, std::size_t rows, std::vector<DeviceSeries*>& changed) {
  mark_changed(device, changed);
  device.first_at = device.readings == 0 ? first : std::min(device.first_at, first);
  device.last_at = device.readings == 0 ? last : std::max(device.last_at, last);
  device.readings += rows;
}

std::string site_path(const SiteKey& site) { return site.tenant.text + "/" + site.site.text; }

std::string word_key(const SiteKey& site, std::uint64_t index) {
  std::string key = series_prefix('w', site_path(site));
  put_be64(key, index);
  return key;
}

}  // namespace

std::unique_ptr<SeriesProjection> make_series(ViewStore& store) { return std::make_unique<Series>(store); }

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

// ---- folding -----------------------------------------------------------------------------------------------

void Series::apply(const Record& record) {
  if (record.is_readings()) {
    Stretch one;
    add(record, one);
    fold(one, 1);
  } else if (const auto* registered = std::get_if<DeviceRegistered>(&record.event())) {
    SiteSeries& series = sites_[record.envelope.site];
    set_hold(device_of(record.envelope.site, series, registered->device.text), registered->hold);
  }
}

void Series::apply_all(std::span<const RecordPtr> records, unsigned threads) {
  Stretch stretch;
  for (const RecordPtr& record : records) {
    if (record->is_readings()) {
      add(*record, stretch);
    } else if (std::holds_alternative<DeviceRegistered>(record->event())) {
      fold(std::exchange(stretch, {}), threads);  // the device changes how the readings after it count
      apply(*record);
    }
  }
  fold(stretch, threads);
}

DeviceSeries& Series::device_of(const SiteKey& site, SiteSeries& series, const std::string& device) {
  if (const auto found = series.devices.find(device); found != series.devices.end()) return found->second;
  DeviceSeries& made = series.devices[device];
  made.path = site_path(site) + "/" + device;
  return made;
}

std::int64_t Series::intern(SiteSeries& series, const std::string& word) {
  const auto [found, added] = series.word_index.emplace(word, static_cast<std::int64_t>(series.words.size()));
  if (added) series.words.push_back(word);
  return found->second;
}

/// Adds the rows that say something.
void Series::add(const Record& record, Stretch& stretch) {
  const SiteKey& site = record.envelope.site;
  const ReadingBatch& batch = record.readings();
  SiteSeries& series = sites_[site];
  std::vector<std::int64_t> words;
  for (const std::string& word : batch.words) words.push_back(intern(series, word));
  const BatchColumns& columns = stretch.batches.emplace_back(batch, record.envelope.position, std::move(words));

  std::vector<std::uint8_t> said(batch.size(), 0);
  for (std::size_t known = 0; const Column& column : batch.columns) {
    for (std::size_t row = 0; row < said.size(); ++row) known += !said[row] && column.values[row] != missing ? said[row] = 1 : 0;
    if (known == said.size()) break;  // most often after the first column
  }
  const auto devices = series.memo.resolve(batch.devices, [&](const std::string& name) { return &device_of(site, series, name); });
  for (std::uint32_t row = 0; row < batch.size(); ++row) {
    if (!said[row] || batch.at[row] < time_min || batch.at[row] >= time_max) continue;
    DeviceSeries* device = devices[batch.device_of[row]];
    if (device->seat >= stretch.devices.size() || stretch.devices[device->seat] != device) {
      device->seat = static_cast<std::uint32_t>(stretch.devices.size());
      stretch.devices.push_back(device);
    }
    stretch.rows.push_back({device->seat, {&columns, row}});
  }
}

/// Folds every device by one thread.
void Series::fold(const Stretch& stretch, unsigned threads) {
  std::vector<std::size_t> starts(stretch.devices.size() + 1);
  for (const auto& [seat, row] : stretch.rows) ++starts[seat + 1];
  std::partial_sum(starts.begin(), starts.end(), starts.begin());
  std::vector<RowOf> rows(stretch.rows.size());
  auto next = starts;
  for (const auto& [seat, row] : stretch.rows) rows[next[seat]++] = row;

  std::vector<Lane> lanes(rows.size() < rows_worth_a_thread ? 1 : std::max(threads, 1u));
  const auto run = [&](std::size_t lane) {
    for (std::size_t i = lane; i < stretch.devices.size(); i += lanes.size())
      fold_rows(*stretch.devices[i], std::span(rows).subspan(starts[i], starts[i + 1] - starts[i]), lanes[lane]);
  };
  std::vector<std::future<void>> others;
  for (std::size_t lane = 1; lane < lanes.size(); ++lane) others.push_back(std::async(std::launch::async, run, lane));
  run(0);
  for (auto& other : others) other.get();
  for (Lane& lane : lanes) {
    for (auto& [key, value] : lane.entries) view_.put(std::move(key), std::move(value));
    changed_.insert(changed_.end(), lane.changed.begin(), lane.changed.end());
  }
}

void Series::fold_rows(DeviceSeries& device, std::span<const RowOf> rows, Lane& lane) {
  std::vector<Cell> cells;
  while (!rows.empty()) {
    // As many as come in order, and no more than fill the head: it is sealed where it would be row by row.
    const std::size_t room = device.live.size() < head_rows ? head_rows - device.live.size() : 1;
    Micros last = std::max(device.sealed_until.value_or(time_min - 1), device.live.empty() ? time_min - 1 : device.live.last_at());
    std::size_t run = 0;
    for (; run < std::min(room, rows.size()) && rows[run].at() > last; ++run) last = rows[run].at();
    if (run == 0) {
      const RowOf& row = rows[0];
      cells.clear();
      for (std::uint32_t left = row.batch->metrics; left != 0; left &= left - 1) {
        const auto metric = static_cast<Metric>(std::countr_zero(left));
        if (const std::int64_t value = row.batch->cell(metric, row.row); value != missing) cells.push_back({metric, value});
      }
      fold_row(device, row.at(), row.position(), cells, lane);
      rows = rows.subspan(1);
      continue;
    }
    note(device, rows[0].at(), last, run, lane.changed);
    device.metrics |= device.live.append(rows.first(run));
    if (const std::size_t count = sealable(device.live); count > 0) seal_live(device, count, lane);
    rows = rows.subspan(run);
  }
}

void Series::fold_row(DeviceSeries& device, Micros at, Position position, std::span<const Cell> cells, Lane& lane) {
  note(device, at, at, 1, lane.changed);
  for (const Cell& cell : cells) device.metrics |= 1u << static_cast<unsigned>(cell.metric);
  if (!device.sealed_until || at > *device.sealed_until) {
    device.live.insert(at, position, cells);
    if (const std::size_t count = sealable(device.live); count > 0) seal_live(device, count, lane);
    return;
  }
  device.late.insert(at, position, cells);
  for (const Cell& cell : cells)
    if (info(cell.metric).kind != Kind::text)
      device.track(cell.metric).wrong.add(at, at + (has_energy(cell.metric) ? std::max<Micros>(device.hold, 1) : 1));
  if (const std::size_t count = sealable(device.late); count > 0) seal_late(device, count, lane);
}

void Series::set_hold(DeviceSeries& device, Micros hold) {
  hold = std::clamp<Micros>(hold, 0, hold_max);
  if (hold == device.hold) return;
  mark_changed(device, changed_);
  for (HourTrack& track : device.tracks) {
    if (!has_energy(track.metric)) continue;
    track.fold.set_hold(hold);
    track.wrong.add(device.first_at, *device.sealed_until + std::max(hold, device.hold));
  }
  device.hold = hold;
}

void Series::seal_live(DeviceSeries& device, std::size_t count, Lane& lane) {
  const Rows rows = device.live.take_front(count);
  lane.entries.emplace_back(block_key('b', device.path, rows.first_at(), rows.positions()[0]), seal(rows));
  const auto before = device.horizon();
  device.sealed_until = rows.last_at();
  for (const Column& column : rows.columns())
    if (info(column.metric).kind != Kind::text) device.track(column.metric);
  std::vector<Bucket> closed;
  for (HourTrack& track : device.tracks) {
    closed.clear();
    if (const Column* column = rows.column(track.metric))
      for (std::size_t row = 0; row < rows.size(); ++row)
        if (column->values[row] != missing) track.fold.add(rows.at()[row], column->values[row], hour_of, closed);
    track.fold.advance(*device.horizon(), hour_of, closed);
    add_hours(device, track, before, closed, lane.entries);
  }
}

void Series::seal_late(DeviceSeries& device, std::size_t count, Lane& lane) {
  const Rows rows = device.late.take_front(count);
  lane.entries.emplace_back(block_key('s', device.path, rows.first_at(), rows.positions()[0]), seal(rows));
  device.side_span = std::max(device.side_span.value_or(0), rows.last_at() - rows.first_at());
}

// ---- saving and loading --------------------------------------------------------------------------------------

void Series::save(ViewBatch& batch) {
  for (DeviceSeries* device : changed_) {
    // Hours that cannot be read stay marked as wrong: asking for them says what is damaged.
    static_cast<void>(repair_hours(*device).has_value());
    view_.put("d" + device->path, device->encode());
    device->changed = false;
  }
  changed_.clear();
  for (auto& [site, series] : sites_)
    for (; series.saved_words < series.words.size(); ++series.saved_words)
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
  sites_.clear();
  changed_.clear();
  view_.forget();
  Status status;
  const auto load_device = [&](std::string_view key, std::string_view value) -> Status {
    const auto parts = parts_of(key.substr(1));
    if (parts.size() != 3) return damaged_key();
    auto device = DeviceSeries::decode(value);
    if (!device) return fail(device.error());
    device->path = std::string(key.substr(1));
    sites_[{TenantId{parts[0]}, SiteId{parts[1]}}].devices[parts[2]] = std::move(*device);
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
    series.saved_words = series.words.size();
    return {};
  };
  scanned = store.scan(name(), "w", "x", [&](std::string_view key, std::string_view value) {
    status = load_word(key, value);
    return status.has_value();
  });
  return scanned ? status : scanned;
}

}  // namespace heliograph
