// Folding readings into heads and blocks. No I/O here but in load; nothing depends on when it is saved.
#include "projections/series.hpp"

#include <algorithm>

#include "projections/series_view.hpp"

namespace heliograph {
namespace {

constexpr std::size_t block_rows = 720;  // a day at 2 minutes
// So many readings more are waited for before sealing: what is late by less finds its place in the head.
constexpr std::size_t seal_slack = 24;
// Outside, arithmetic on times could overflow; parse_time lets no such time in.
constexpr Micros time_min = 0;
const Micros time_max = from_civil(2262, 1, 1);
constexpr Micros hold_max = 31 * day_us;

/// How many rows may be sealed: about block_rows, never between two rows of the same time; 0 = not yet.
std::size_t sealable(const Rows& rows) {
  if (rows.size() < block_rows + seal_slack) return 0;
  for (std::size_t count = block_rows; count < rows.size(); ++count)
    if (rows.at()[count - 1] < rows.at()[count]) return count;
  return 0;
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
    fold_batch(record.envelope.site, record.readings(), record.envelope.position);
  } else if (const auto* registered = std::get_if<DeviceRegistered>(&record.event())) {
    SiteSeries& series = sites_[record.envelope.site];
    set_hold(device_of(record.envelope.site, series, registered->device.text), registered->hold);
  }
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

void Series::fold_batch(const SiteKey& site, const ReadingBatch& batch, Position base) {
  SiteSeries& series = sites_[site];
  std::vector<DeviceSeries*> devices;
  for (const DeviceId& device : batch.devices) devices.push_back(&device_of(site, series, device.text));
  std::vector<std::int64_t> words;
  for (const std::string& word : batch.words) words.push_back(intern(series, word));
  std::array<bool, metric_slots> text{};
  for (const Column& column : batch.columns)
    text[static_cast<std::size_t>(column.metric)] = info(column.metric).kind == Kind::text;
  std::vector<Cell> cells;
  for (std::size_t row = 0; row < batch.size(); ++row) {
    cells.clear();
    for (const Column& column : batch.columns) {
      const std::int64_t value = column.values[row];
      if (value == missing) continue;
      const bool word = text[static_cast<std::size_t>(column.metric)];
      cells.push_back({column.metric, word ? words[static_cast<std::size_t>(value)] : value});
    }
    if (cells.empty() || batch.at[row] < time_min || batch.at[row] >= time_max) continue;
    fold_row(*devices[batch.device_of[row]], batch.at[row], base + row, cells);
  }
}

void Series::fold_row(DeviceSeries& device, Micros at, Position position, std::span<const Cell> cells) {
  mark_changed(device);
  device.first_at = device.readings == 0 ? at : std::min(device.first_at, at);
  device.last_at = device.readings == 0 ? at : std::max(device.last_at, at);
  ++device.readings;
  for (const Cell& cell : cells) device.metrics |= 1u << static_cast<unsigned>(cell.metric);
  if (!device.sealed_until || at > *device.sealed_until) {
    device.live.insert(at, position, cells);
    if (const std::size_t count = sealable(device.live); count > 0) seal_live(device, count);
    return;
  }
  device.late.insert(at, position, cells);
  for (const Cell& cell : cells)
    if (info(cell.metric).kind != Kind::text)
      device.track(cell.metric).wrong.add(at, at + (has_energy(cell.metric) ? std::max<Micros>(device.hold, 1) : 1));
  if (const std::size_t count = sealable(device.late); count > 0) seal_late(device, count);
}

void Series::set_hold(DeviceSeries& device, Micros hold) {
  hold = std::clamp<Micros>(hold, 0, hold_max);
  if (hold == device.hold) return;
  mark_changed(device);
  for (HourTrack& track : device.tracks) {
    if (!has_energy(track.metric)) continue;
    track.fold.set_hold(hold);
    track.wrong.add(device.first_at, *device.sealed_until + std::max(hold, device.hold));
  }
  device.hold = hold;
}

void Series::seal_live(DeviceSeries& device, std::size_t count) {
  const Rows rows = device.live.take_front(count);
  view_.put(block_key('b', device.path, rows.first_at(), rows.positions()[0]), seal(rows));
  device.sealed_until = rows.last_at();
  for (const Column& column : rows.columns()) {
    if (info(column.metric).kind == Kind::text) continue;
    HourTrack& track = device.track(column.metric);
    for (std::size_t row = 0; row < rows.size(); ++row)
      if (column.values[row] != missing) track.fold.add(rows.at()[row], column.values[row], hour_of, track.pending);
  }
  for (HourTrack& track : device.tracks) track.fold.advance(*device.horizon(), hour_of, track.pending);
}

void Series::seal_late(DeviceSeries& device, std::size_t count) {
  const Rows rows = device.late.take_front(count);
  view_.put(block_key('s', device.path, rows.first_at(), rows.positions()[0]), seal(rows));
  device.side_span = std::max(device.side_span.value_or(0), rows.last_at() - rows.first_at());
}

// ---- saving and loading --------------------------------------------------------------------------------------

void Series::mark_changed(DeviceSeries& device) {
  if (device.changed) return;
  device.changed = true;
  changed_.push_back(&device);
}

void Series::save(ViewBatch& batch) {
  for (DeviceSeries* device : changed_) {
    // Hours that cannot be read stay marked as wrong: asking for them says what is damaged.
    static_cast<void>(store_hours(*device).has_value());
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
