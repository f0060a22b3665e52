// What stays of readings that are no longer kept. The fact that drops them (readings.dropped) says every hour to which one of them
// counts, and it goes before what is folded: readings that are left, or come late, change it no more. The fact takes effect when the
// next segment is closed, so that a view is as of the end of a segment, whenever it was saved. A view that is folded from the
// beginning meets none of those readings: it begins a site with what was known where they end.
#include <algorithm>
#include <iterator>

#include "events/device_block.hpp"
#include "projections/known_at_drop.hpp"
#include "projections/series_block.hpp"
#include "projections/series_view.hpp"

namespace heliograph {
namespace {

bool earlier(const Bucket& a, const Bucket& b) { return a.from < b.from; }

/// Takes out of `hours` those of `these`. Requires: both ascending.
bool take_out(std::vector<Bucket>& hours, const std::vector<Bucket>& these) {
  return std::erase_if(hours, [&these](const Bucket& hour) { return std::binary_search(these.begin(), these.end(), hour, earlier); }) > 0;
}

}  // namespace

void put_over(std::vector<Bucket>& hours, const std::vector<Bucket>& these) {
  std::vector<Bucket> all;
  all.reserve(hours.size() + these.size());
  std::set_union(these.begin(), these.end(), hours.begin(), hours.end(), std::back_inserter(all), earlier);  // of two the first
  hours = std::move(all);
}

// ---- what a fact must say ------------------------------------------------------------------------------------

std::vector<SiteKey> Series::sites() const {
  std::vector<SiteKey> sites;
  for (const auto& [site, series] : sites_) sites.push_back(site);
  return sites;
}

Result<std::optional<Position>> Series::first_kept(const SiteKey& site) const {
  std::optional<Position> first;
  const SiteSeries* series = find(site);
  if (!series) return first;
  for (const auto& [id, device] : series->devices) {
    // Parts in order lie one behind the other; the others are few.
    const auto told = each_part(device, [&first](const std::string& key, const SegmentPart& part) {
      first = std::min(first.value_or(part.from), part.from);
      return key.front() != 'b';
    });
    if (!told) return fail(told.error());
  }
  return first;
}

bool Series::is_dropping(const SiteKey& site) const {
  return std::any_of(drops_.begin(), drops_.end(), [&site](const Drop& drop) { return drop.site == site; });
}

/// Tells the parts of the device in order of time, those that came in order first, of each kind until `take` answers false.
Status Series::each_part(const DeviceSeries& device, const std::function<bool(const std::string& key, const SegmentPart& part)>& take) const {
  for (const char kind : {'b', 's'}) {
    const std::string prefix = series_prefix(kind, device.path), end = prefix_end(prefix);
    for (std::string from = prefix;;) {
      const auto entry = view_.first(from, end);
      if (!entry) return fail(entry.error());
      if (!*entry) break;
      const auto part = SegmentPart::decode((*entry)->second);
      if (!part) return fail(part.error());
      from = (*entry)->first + '\0';  // the next possible key
      if (!take((*entry)->first, *part)) break;
    }
  }
  return {};
}

Result<std::vector<KeptHours>> Series::hours_before(const SiteKey& site, Position before) const {
  std::vector<KeptHours> kept;
  const SiteSeries* series = find(site);
  if (!series) return kept;
  for (const auto& [id, device] : series->devices) {
    std::vector<EventLog::Range> parts;
    const auto found = each_part(device, [&](const std::string& key, const SegmentPart& part) {
      if (part.end <= before) parts.push_back({part.from, part.end});
      return part.end <= before || key.front() != 'b';
    });
    if (!found) return fail(found.error());
    const auto blocks = log_.device_blocks(parts, device.path);
    if (!blocks) return fail(blocks.error());
    HourSet touched;
    for (const std::string& bytes : *blocks) {
      const auto block = DeviceBlock::open(bytes);
      const auto at = block ? block->at() : fail(block.error());
      if (!at) return fail(at.error());
      TimeSpan span;  // joined here: a set is slow to add to
      for (const Micros moment : *at) {
        if (!is_series_time(moment)) continue;
        if (moment > span.to || span.to == 0) {
          if (span.to != 0) touched.add(span.from, span.to);
          span.from = moment;
        }
        span.to = moment + std::max<Micros>(device.hold, 1);
      }
      if (span.to != 0) touched.add(span.from, span.to);
    }
    const auto spans = touched.within(0, from_civil(2263, 1, 1));
    for (const MetricInfo& about : all_metrics()) {
      if (about.kind == Kind::text || !(device.all().metrics >> static_cast<unsigned>(about.metric) & 1u)) continue;
      std::map<Micros, std::vector<Bucket>> chunks;
      for (const TimeSpan& span : spans) {
        auto told = hours(device, about.metric, span.from, span.to, [&chunks](std::span<const Bucket> stretch) {
          for (const Bucket& hour : stretch) chunks[chunk_start(hour.from)].push_back(hour);
        });
        if (!told) return fail(told.error());
      }
      for (const auto& [chunk, stretch] : chunks)
        kept.push_back({{id}, about.metric, chunk, encode_hours(stretch, has_energy(about.metric))});
    }
  }
  return kept;
}

// ---- what a fact does ----------------------------------------------------------------------------------------

Status Series::carry_out(const Drop& drop) {
  SiteSeries& series = sites_[drop.site];
  has_kept_ = true;
  for (const KeptHours& hours : drop.fact.hours)
    if (auto done = keep_hours(device_path(drop.site, hours.device.text), hours); !done) return done;
  // Folded from the beginning, what the fact changed of the site's state is in what was loaded.
  if (drop.event >= series.starts_at)
    for (auto& [id, device] : series.devices) {
      if (!device.sealed_until) continue;  // it has nothing in a segment
      if (auto done = forget_parts(device, drop.fact.before); !done) return done;
      // Hours that are wrong are folded from what is left; then those that are kept are taken out: at any save the same.
      if (device.closed_since_save) {
        Lane lane;
        settle(device, lane);
        put(lane);
        device.closed_since_save = true;
      }
      if (auto done = forget_kept_hours(device); !done) return done;
      if (!std::exchange(device.closed_since_save, true)) changed_.push_back(&device);
    }
  // The log may not have carried out the facts before this one yet.
  if (!series.dropped) series.dropped = EventLog::Drop{drop.site, drop.fact.from, 0, 0};
  series.dropped->before = std::max(series.dropped->before, drop.fact.before);
  series.dropped->event = drop.event;
  std::string value;
  for (const Position position : {series.dropped->from, series.dropped->before, series.dropped->event}) put_be64(value, position);
  view_.put("p" + drop.site.tenant.text + "/" + drop.site.site.text, std::move(value));
  return {};
}

/// What was kept before stays.
Status Series::keep_hours(const std::string& path, const KeptHours& fresh) {
  std::vector<Bucket> all;
  if (auto done = decode_hours(fresh.hours, fresh.week, has_energy(fresh.metric), all); !done) return done;
  const auto known = hours_of_chunk('k', path, fresh.metric, fresh.week);
  if (!known) return fail(known.error());
  put_over(all, *known);
  view_.put(hours_key('k', path, fresh.metric, fresh.week), encode_hours(all, has_energy(fresh.metric)));
  return {};
}

/// Takes out of the folded hours those that are kept: where a device was silent, or readings come late, some are folded after they were kept.
Status Series::forget_kept_hours(DeviceSeries& device) {
  for (HourTrack& track : device.tracks) {
    const auto newest = view_.last(hours_key('k', device.path, track.metric, 0), hours_key('k', device.path, track.metric, from_civil(2262, 1, 1)));
    if (!newest) return fail(newest.error());
    if (!*newest) continue;
    // In front of it few are left; behind it none is kept.
    const auto chunks = view_.range(hours_key('r', device.path, track.metric, 0), hours_key('r', device.path, track.metric, chunk_of((*newest)->first) + 1));
    if (!chunks) return fail(chunks.error());
    for (const auto& [key, value] : *chunks) {
      const Micros chunk = chunk_of(key);
      const auto kept = hours_of_chunk('k', device.path, track.metric, chunk);
      auto hours = hours_of_chunk('r', device.path, track.metric, chunk);
      if (!kept || !hours) return fail(kept ? hours.error() : kept.error());
      if (take_out(*hours, *kept)) hours->empty() ? view_.erase(key) : view_.put(key, encode_hours(*hours, has_energy(track.metric)));
    }
    const auto kept = hours_of_chunk('k', device.path, track.metric, chunk_start(*device.horizon()));
    if (!kept) return fail(kept.error());
    auto recent = recent_hours(track, *device.horizon());
    if (take_out(recent, *kept)) set_recent_hours(track, recent);
  }
  return {};
}

Status Series::forget_parts(const DeviceSeries& device, Position before) {
  return each_part(device, [&](const std::string& key, const SegmentPart& part) {
    if (part.end <= before) view_.erase(key);
    return part.end <= before || key.front() != 'b';
  });
}

// ---- what is read --------------------------------------------------------------------------------------------

Result<std::vector<Bucket>> Series::kept_hours(const DeviceSeries& device, Metric metric, Micros from, Micros to) const {
  std::vector<Bucket> hours;
  if (!has_kept_) return hours;
  auto told = hours_of_chunks('k', device.path, metric, from, to, [&hours](std::span<const Bucket> stretch) { hours.insert(hours.end(), stretch.begin(), stretch.end()); });
  if (!told) return fail(told.error());
  return hours;
}

Result<std::vector<EventLog::Drop>> drops_of_series(const ViewStore& store) {
  std::vector<EventLog::Drop> drops;
  bool good = true;
  auto done = store.scan("series", "p", "q", [&](std::string_view key, std::string_view value) {
    const std::size_t slash = key.find('/');
    good = slash != std::string_view::npos && value.size() == 3 * sizeof(Position);
    if (good) drops.push_back({{{std::string(key.substr(1, slash - 1))}, {std::string(key.substr(slash + 1))}}, get_be64(value), get_be64(value.substr(8)), get_be64(value.substr(16))});
    return good;
  });
  if (!done) return fail(done.error());
  if (!good) return fail(Errc::corrupt, "The series view holds a key that is none: run heliograph rebuild --projection series.");
  return drops;
}

/// For what the checkpoint does not know of yet, the log says nothing of the dropped readings.
Status Series::load_drops(Position checkpoint) {
  for (const EventLog::Drop& drop : log_.drops()) {
    if (checkpoint >= drop.event) continue;
    if (checkpoint == 0) {  // later it is in what was stored
      auto done = known_at_drop(log_, drop.site, name(), [this](std::string_view key, std::string_view value) {
        view_.put(std::string(key), std::string(value));
        return load_entry(key, value);
      });
      if (!done) return done;
    }
    sites_[drop.site].starts_at = drop.before;
  }
  return {};
}

}  // namespace heliograph
