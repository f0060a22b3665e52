// The stored hours of the series view: sealed blocks add to them, late readings make some wrong until the next save
// folds those again from the blocks. What is asked is right at any moment: wrong hours are folded on the way.
#include <algorithm>

#include "projections/series_view.hpp"

namespace heliograph {

Result<std::vector<Bucket>> fold_blocks(Blocks& blocks, Metric metric, Micros hold, Micros from, Micros to,
                                        const BucketOf& bucket_of) {
  BucketFold fold(has_energy(metric), hold);
  const Micros start = has_energy(metric) ? from - hold : from;  // a sample before `from` may still stand in it
  std::vector<Bucket> buckets;
  for (auto& block : blocks) {
    if (block->last_at() < start || block->first_at() >= to || !block->has(metric)) continue;
    const auto at = block->at();
    if (!at) return fail(at.error());
    const auto values = block->values(metric);
    if (!values) return fail(values.error());
    const auto begin = static_cast<std::size_t>(std::lower_bound(at->begin(), at->end(), start) - at->begin());
    for (std::size_t i = begin; i < at->size() && (*at)[i] < to; ++i)
      if ((*values)[i] != missing) fold.add((*at)[i], (*values)[i], bucket_of, buckets);
  }
  fold.advance(to, bucket_of, buckets);
  std::erase_if(buckets, [from](const Bucket& bucket) { return bucket.to <= from; });
  return buckets;
}

Result<std::vector<Bucket>> Series::fold_readings(const DeviceSeries& device, Metric metric, Micros from, Micros to,
                                                  const BucketOf& bucket_of) const {
  auto blocks = blocks_of(device, from - device.hold, to, Reach::all, {&metric, 1});
  if (!blocks) return fail(blocks.error());
  return fold_blocks(*blocks, metric, device.hold, from, to, bucket_of);
}

// ---- storing -------------------------------------------------------------------------------------------------

namespace {

/// `hours` with those in [from, to) replaced. Requires: both ascending, `fresh` within [from, to).
void replace_hours(std::vector<Bucket>& hours, Micros from, Micros to, std::span<const Bucket> fresh) {
  const auto below = [](const Bucket& hour, Micros at) { return hour.from < at; };
  const auto begin = std::lower_bound(hours.begin(), hours.end(), from, below);
  const auto end = std::lower_bound(begin, hours.end(), to, below);
  hours.insert(hours.erase(begin, end), fresh.begin(), fresh.end());
}

std::span<const Bucket> part_of(const std::vector<Bucket>& hours, Micros from, Micros to) {
  const auto below = [](const Bucket& hour, Micros at) { return hour.from < at; };
  const auto begin = std::lower_bound(hours.begin(), hours.end(), from, below);
  const auto end = std::lower_bound(begin, hours.end(), to, below);
  return {begin, end};
}

}  // namespace

std::vector<Bucket> recent_hours(const HourTrack& track, Micros horizon) {
  std::vector<Bucket> hours;
  ensure(take_hours(track.recent, chunk_start(horizon), has_energy(track.metric), hours).has_value(), "what was encoded here decodes", "series_hours.cpp");
  return hours;
}

void set_recent_hours(HourTrack& track, const std::vector<Bucket>& hours) {
  track.recent.clear();
  for (const Bucket& hour : hours) put_hour(hour, has_energy(track.metric), track.recent);
}

void add_hours(const DeviceSeries& device, HourTrack& track, std::optional<Micros> before, std::span<const Bucket> fresh,
               ViewChanges& entries) {
  const Micros open = chunk_start(*device.horizon());
  if (before && chunk_start(*before) == open) {
    for (const Bucket& hour : fresh) put_hour(hour, has_energy(track.metric), track.recent);
    return;
  }
  std::vector<Bucket> hours = before ? recent_hours(track, *before) : std::vector<Bucket>();
  hours.insert(hours.end(), fresh.begin(), fresh.end());
  auto begin = hours.begin();
  while (begin != hours.end() && begin->from < open) {
    const Micros chunk = chunk_start(begin->from);
    const auto end = std::find_if(begin, hours.end(), [chunk](const Bucket& hour) { return chunk_start(hour.from) != chunk; });
    entries.emplace_back(hours_key('r', device.path, track.metric, chunk), encode_hours({begin, end}, has_energy(track.metric)));
    begin = end;
  }
  hours.erase(hours.begin(), begin);
  set_recent_hours(track, hours);
}

/// Folds again what late readings made wrong. What cannot be read stays marked.
Status Series::repair_hours(DeviceSeries& device, Lane& lane) const {
  const auto horizon = device.horizon();
  if (!horizon) return {};
  // One set of blocks serves all metrics: their times are decoded once.
  Micros from = *horizon, to = 0;
  for (const HourTrack& track : device.tracks)
    for (const TimeSpan& span : track.wrong.within(0, *horizon)) {
      from = std::min(from, span.from);
      to = std::max(to, span.to);
    }
  if (from >= to) return {};
  auto blocks = blocks_of(device, from - device.hold, to, Reach::closed, {});
  if (!blocks) return fail(blocks.error());
  for (HourTrack& track : device.tracks)
    if (auto repaired = repair_track(device, track, *blocks, *horizon, lane); !repaired) return repaired;
  return {};
}

Status Series::repair_track(const DeviceSeries& device, HourTrack& track, Blocks& blocks, Micros horizon, Lane& lane) const {
  const Micros open = chunk_start(horizon);  // from here on the hours are in the head
  std::vector<Bucket> recent = recent_hours(track, horizon);
  std::map<Micros, std::vector<std::pair<TimeSpan, std::vector<Bucket>>>> chunks;  // what is replaced in each, by what
  for (const TimeSpan& span : track.wrong.within(0, horizon)) {
    auto repaired = fold_blocks(blocks, track.metric, device.hold, span.from, span.to, hour_of);
    if (!repaired) return fail(repaired.error());
    if (span.to > open) replace_hours(recent, std::max(span.from, open), span.to, part_of(*repaired, std::max(span.from, open), span.to));
    for (Micros chunk = chunk_start(span.from); chunk < std::min(span.to, open); chunk += hours_per_chunk * hour_us) {
      const TimeSpan part{std::max(span.from, chunk), std::min(span.to, chunk + hours_per_chunk * hour_us)};
      const auto hours = part_of(*repaired, part.from, part.to);
      chunks[chunk].push_back({part, {hours.begin(), hours.end()}});
    }
  }
  ViewChanges values;
  for (const auto& [chunk, parts] : chunks) {
    auto stored = hours_of_chunk('r', device.path, track.metric, chunk);
    if (!stored) return fail(stored.error());
    std::vector<Bucket>& hours = *stored;
    for (const auto& [span, repaired] : parts) replace_hours(hours, span.from, span.to, repaired);
    values.emplace_back(hours_key('r', device.path, track.metric, chunk), hours.empty() ? std::optional<std::string>() : encode_hours(hours, has_energy(track.metric)));
  }
  for (auto& entry : values) lane.entries.push_back(std::move(entry));
  set_recent_hours(track, recent);
  track.wrong.cut_before(horizon);
  return {};
}

// ---- asking --------------------------------------------------------------------------------------------------

/// Stored hours that are wrong, for late rows of the open segment too.
HourSet Series::wrong_hours(const DeviceSeries& device, const HourTrack& track) const {
  HourSet wrong = track.wrong;
  if (!device.has_late_rows()) return wrong;
  const Rows rows = Rows::in_order(device.rows);
  if (const Column* column = rows.column(track.metric))
    for (std::size_t row = 0; row < rows.size() && rows.at()[row] < *device.horizon(); ++row)
      if (column->values[row] != missing) wrong.add(rows.at()[row], reach_of(device, track.metric, rows.at()[row]));
  return wrong;
}

Result<std::vector<Bucket>> Series::hours_of_chunk(char kind, const std::string& path, Metric metric, Micros chunk) const {
  const auto stored = view_.get(hours_key(kind, path, metric, chunk));
  if (!stored) return fail(stored.error());
  std::vector<Bucket> hours;
  if (*stored)
    if (auto decoded = decode_hours(**stored, chunk, has_energy(metric), hours); !decoded) return fail(decoded.error());
  return hours;
}

Status Series::hours_of_chunks(char kind, const std::string& path, Metric metric, Micros from, Micros to, const HourSink& sink) const {
  const auto chunks = view_.range(hours_key(kind, path, metric, chunk_start(from)), hours_key(kind, path, metric, to));
  if (!chunks) return fail(chunks.error());
  std::vector<Bucket> hours;
  for (const auto& [key, value] : *chunks) {
    hours.clear();
    if (auto decoded = decode_hours(value, chunk_of(key), has_energy(metric), hours); !decoded) return decoded;
    sink(part_of(hours, from, to));
  }
  return {};
}

/// As they are stored, then those in the head. Requires: `to` at or before the horizon.
Status Series::stored_hours(const DeviceSeries& device, const HourTrack& track, Micros from, Micros to, const HourSink& sink) const {
  if (auto told = hours_of_chunks('r', device.path, track.metric, from, to, sink); !told) return told;
  sink(part_of(recent_hours(track, *device.horizon()), from, to));  // of a later week than what is stored
  return {};
}

Status Series::folded_hours(const DeviceSeries& device, Metric metric, Micros from, Micros to, const HourSink& sink) const {
  const HourTrack* track = device.find_track(metric);
  const Micros border = track ? std::clamp(device.horizon().value_or(from), from, to) : from;
  const auto wrong = from < border ? wrong_hours(device, *track).within(from, border) : std::vector<TimeSpan>();
  if (from < border && wrong.empty())
    if (auto done = stored_hours(device, *track, from, border, sink); !done) return done;
  if (!wrong.empty()) {
    std::vector<Bucket> all;
    auto done = stored_hours(device, *track, from, border, [&all](std::span<const Bucket> stretch) { all.insert(all.end(), stretch.begin(), stretch.end()); });
    if (!done) return done;
    for (const TimeSpan& span : wrong) {
      const auto repaired = fold_readings(device, metric, span.from, span.to, hour_of);
      if (!repaired) return fail(repaired.error());
      replace_hours(all, span.from, span.to, *repaired);
    }
    sink(all);
  }
  if (border == to) return {};
  const auto open = fold_readings(device, metric, border, to, hour_of);
  if (!open) return fail(open.error());
  sink(*open);
  return {};
}

Status Series::hours(const DeviceSeries& device, Metric metric, Micros from, Micros to, const HourSink& sink) const {
  const auto kept = kept_hours(device, metric, from, to);
  if (!kept) return fail(kept.error());
  if (kept->empty()) return folded_hours(device, metric, from, to, sink);
  std::vector<Bucket> all;
  auto done = folded_hours(device, metric, from, to, [&all](std::span<const Bucket> stretch) { all.insert(all.end(), stretch.begin(), stretch.end()); });
  if (!done) return done;
  put_over(all, *kept);
  sink(all);
  return {};
}

Status Series::rollups(const SiteKey& site, const DeviceId& id, Metric metric, Micros from, Micros to, Step step, const Zone& zone,
                       const RollupSink& sink) const {
  const DeviceSeries* device = find(site, id);
  if (!device || device->all().readings == 0) return {};
  const DeviceSeries::Extent extent = device->all();
  from = std::max<Micros>(from, 0);  // no reading is from before 1970 or after 2261
  to = std::min(to, from_civil(2262, 1, 1));
  if (from >= to) return {};
  BucketOf bucket_of = minute_of;
  if (step == Step::hour) bucket_of = hour_of;
  if (step == Step::day) bucket_of = local_days(zone);
  if (step == Step::month) bucket_of = local_months(zone);
  from = std::max(bucket_of(from).from, bucket_of(extent.first_at).from);
  to = std::min(bucket_of(to - 1).to, bucket_of(extent.last_at).to);
  if (from >= to) return {};

  bool from_hours = step != Step::minute;
  for (Micros at = from; from_hours && at < to && step != Step::hour; at = bucket_of(at).to)
    from_hours = at % hour_us == 0;  // not so where the zone's offset is no whole hour
  from_hours = from_hours && to % hour_us == 0;
  if (!from_hours && step != Step::minute) {
    const auto kept = kept_hours(*device, metric, from, to);
    if (!kept) return fail(kept.error());
    from_hours = !kept->empty();
    if (from_hours) from = hour_of(from - 1).to, to = hour_of(to - 1).to;  // those that begin in it
  }
  RollupTeller teller(sink, from_hours && step != Step::hour ? &bucket_of : nullptr);
  if (from_hours) {
    auto done = hours(*device, metric, from, to, [&teller](std::span<const Bucket> stretch) { teller.take(stretch); });
    if (!done) return done;
  } else {
    const auto buckets = fold_readings(*device, metric, from, to, bucket_of);
    if (!buckets) return fail(buckets.error());
    teller.take(*buckets);
  }
  teller.finish();
  return {};
}

}  // namespace heliograph
