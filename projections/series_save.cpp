// The series view as it is stored: what a save hands over, and what a start reads.
#include <algorithm>

#include "events/columns.hpp"
#include "projections/lanes.hpp"
#include "projections/series_view.hpp"

namespace heliograph {
namespace {

constexpr std::size_t devices_to_share = 4;  // some milliseconds of work: less is not worth a thread

std::string word_key(const SiteKey& site, std::uint64_t index) {
  std::string key = series_prefix('w', site.tenant.text + "/" + site.site.text);
  put_be64(key, index);
  return key;
}

}  // namespace

std::string series_prefix(char kind, const std::string& path) { return std::string(1, kind) + path + '\0'; }

std::string block_key(char kind, const std::string& path, Micros first_at, Position position) {
  std::string key = series_prefix(kind, path);
  put_be64(key, ordered_time(first_at));
  put_be64(key, position);
  return key;
}

std::string hours_key(char kind, const std::string& path, Metric metric, Micros chunk) {
  std::string key = series_prefix(kind, path);
  key.push_back(static_cast<char>(metric));
  put_be64(key, ordered_time(chunk));
  return key;
}

Micros chunk_of(std::string_view hours_key) { return from_ordered_time(get_be64(hours_key.substr(hours_key.size() - sizeof(Micros)))); }

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
  for (auto& [key, value] : lane.entries) value ? view_.put(std::move(key), std::move(*value)) : view_.erase(std::move(key));
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
  drops_.clear();
  view_.forget();
  begin_segment(*checkpoint + 1);
  Status status;
  // Before the first segment is closed the view holds nothing but what the log knows as well.
  for (const char kind : *checkpoint == 0 ? std::string_view() : std::string_view("dw")) {
    auto scanned = store.scan(name(), std::string(1, kind), std::string(1, static_cast<char>(kind + 1)), [&](std::string_view key, std::string_view value) {
      status = load_entry(key, value);
      return status.has_value();
    });
    if (!scanned || !status) return scanned ? status : scanned;
  }
  const auto drops = drops_of_series(store);
  if (!drops) return fail(drops.error());
  for (const EventLog::Drop& drop : *drops) sites_[drop.site].dropped = drop;
  has_kept_ = !drops->empty();
  return load_drops(*checkpoint);
}

/// Of the kinds d and w.
Status Series::load_entry(std::string_view key, std::string_view value) {
  const std::size_t end = std::min(key.find('\0'), key.size());
  const auto parts = key.empty() ? std::vector<std::string>() : parts_of(key.substr(1, end - 1));
  if (parts.size() != (key.starts_with('d') ? 3 : 2)) return damaged_key();
  SiteSeries& series = sites_[{TenantId{parts[0]}, SiteId{parts[1]}}];
  if (key[0] == 'd') {
    auto device = DeviceSeries::decode(value);
    if (!device) return fail(device.error());
    device->path = std::string(key.substr(1));
    device->words = &series.word_index;
    series.devices[parts[2]] = std::move(*device);
  } else {
    if (key.size() != end + 9 || get_be64(key.substr(end + 1)) != series.words.size()) return damaged_key();
    intern(series, std::string(value));
    series.saved_words = series.closed_words = series.words.size();
  }
  return {};
}

}  // namespace heliograph
