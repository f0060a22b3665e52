// What people and rules ask of series: blocks over any stretch of time, points, words.
#include <algorithm>
#include <limits>

#include "projections/series_view.hpp"

namespace heliograph {

Result<Step> parse_step(std::string_view word) {
  if (word == "minute") return Step::minute;
  if (word == "hour") return Step::hour;
  if (word == "day") return Step::day;
  if (word == "month") return Step::month;
  return fail(Errc::invalid,
              "\"" + std::string(word.substr(0, 40)) + "\" is not a step: use minute, hour, day or month.");
}

const Series::SiteSeries* Series::find(const SiteKey& site) const {
  const auto found = sites_.find(site);
  return found == sites_.end() ? nullptr : &found->second;
}

const DeviceSeries* Series::find(const SiteKey& site, const DeviceId& device) const {
  const SiteSeries* series = find(site);
  if (!series) return nullptr;
  const auto found = series->devices.find(device.text);
  return found == series->devices.end() ? nullptr : &found->second;
}

std::vector<DeviceId> Series::devices(const SiteKey& site) const {
  std::vector<DeviceId> ids;
  if (const SiteSeries* series = find(site))
    for (const auto& [id, device] : series->devices)
      if (device.all().readings > 0) ids.push_back(DeviceId{id});
  return ids;
}

std::vector<Metric> Series::metrics(const SiteKey& site, const DeviceId& id) const {
  std::vector<Metric> metrics;
  const DeviceSeries* device = find(site, id);
  for (const MetricInfo& about : all_metrics())
    if (device && (device->all().metrics >> static_cast<unsigned>(about.metric) & 1u)) metrics.push_back(about.metric);
  return metrics;
}

Micros Series::hold(const SiteKey& site, const DeviceId& id) const {
  const DeviceSeries* device = find(site, id);
  return device ? device->hold : DeviceSeries{}.hold;
}

std::optional<SeriesReader::Extent> Series::extent(const SiteKey& site, const DeviceId& id) const {
  const DeviceSeries* device = find(site, id);
  if (!device || device->all().readings == 0) return std::nullopt;
  const DeviceSeries::Extent extent = device->all();
  if (!find(site)->dropped) return Extent{extent.first_at, extent.last_at, extent.readings};
  Micros first = extent.last_at;
  for (const char kind : {'b', 's'}) {
    const std::string prefix = series_prefix(kind, device->path);
    if (const auto part = view_.first(prefix, prefix_end(prefix)); part && *part)
      first = std::min(first, from_ordered_time(get_be64(std::string_view((*part)->first).substr(prefix.size()))));
  }
  if (device->open.readings > 0) first = std::min(first, device->open.first_at);
  return Extent{first, extent.last_at, extent.readings};
}

std::string_view Series::word(const SiteKey& site, std::int64_t index) const {
  const SiteSeries* series = find(site);
  if (!series || index < 0 || index >= static_cast<std::int64_t>(series->words.size())) return {};
  return series->words[static_cast<std::size_t>(index)];
}

// ---- blocks --------------------------------------------------------------------------------------------------

Status Series::add_closed(const DeviceSeries& device, char kind, Micros from, Micros to, Blocks& out) const {
  const std::string prefix = series_prefix(kind, device.path);
  std::string begin = block_key(kind, device.path, from, 0);
  if (kind == 's') {  // parts may be long, but none is longer than this
    begin = block_key(kind, device.path, from - *device.side_span, 0);
  } else {  // parts in order do not overlap: at most one reaches in from before
    const auto before = view_.last(prefix, begin);
    if (!before) return fail(before.error());
    if (*before) begin = (*before)->first;
  }
  const auto entries = view_.range(begin, block_key(kind, device.path, to, 0));
  if (!entries) return fail(entries.error());
  std::vector<EventLog::Range> parts;
  for (const auto& [key, value] : *entries) {
    const auto part = SegmentPart::decode(value);
    if (!part) return fail(part.error());
    if (part->last_at >= from) parts.push_back({part->from, part->end});
  }
  const auto stored = log_.device_blocks(parts, device.path);
  if (!stored) return fail(stored.error());
  const NumberOf number_of = [&device](const std::string& word) {
    const auto found = device.words->find(word);
    return found == device.words->end() ? missing : found->second;
  };
  for (const std::string& bytes : *stored) {
    auto block = open_block(bytes, number_of);
    if (!block) return fail(block.error());
    if (*block && (*block)->last_at() >= from && (*block)->first_at() < to) out.push_back(std::move(*block));
  }
  return {};
}

Result<Blocks> Series::blocks_of(const DeviceSeries& device, Micros from, Micros to, Reach reach, std::span<const Metric> wanted) const {
  Blocks found;
  const DeviceSeries::Extent extent = reach == Reach::all ? device.all() : device.closed;
  if (extent.readings == 0 || from >= to) return found;
  from = std::max(from, extent.first_at);
  to = std::min(to, extent.last_at + 1);
  if (device.sealed_until)
    if (auto status = add_closed(device, 'b', from, to, found); !status) return fail(status.error());
  const auto add_open = [&] {
    if (reach == Reach::closed || device.open.readings == 0 || device.open.first_at >= to || device.open.last_at < from) return;
    found.push_back(rows_block(Rows::in_order(device.rows)));
  };
  if (!device.has_rows_before()) add_open();
  // A late reading belongs into every block found, also where that reaches beyond [from, to).
  for (const auto& block : found) {
    from = std::min(from, block->first_at());
    to = std::max(to, block->last_at() + 1);
  }
  if (device.side_span)
    if (auto status = add_closed(device, 's', from, to, found); !status) return fail(status.error());
  if (device.has_rows_before()) add_open();
  return weave(std::move(found), wanted);
}

Result<Blocks> Series::blocks(const SiteKey& site, const DeviceId& id, Micros from, Micros to, std::span<const Metric> wanted) const {
  const DeviceSeries* device = find(site, id);
  if (!device) return Blocks();
  auto found = blocks_of(*device, from, to, Reach::all, wanted);
  if (found) std::erase_if(*found, [&](const auto& block) { return block->last_at() < from || block->first_at() >= to; });
  return found;
}

Result<std::vector<Point>> points_of(const Blocks& blocks, Metric metric, Micros from, Micros to, std::size_t limit) {
  std::vector<Point> points;
  std::size_t possible = 0;
  for (const auto& block : blocks)
    if (block->has(metric)) possible += block->size();
  points.reserve(std::min(possible, limit));
  for (const auto& block : blocks) {
    if (!block->has(metric) || block->last_at() < from || block->first_at() >= to) continue;
    const auto at = block->at();
    if (!at) return fail(at.error());
    const auto values = block->values(metric);
    if (!values) return fail(values.error());
    const auto begin = static_cast<std::size_t>(std::lower_bound(at->begin(), at->end(), from) - at->begin());
    for (std::size_t i = begin; i < at->size() && (*at)[i] < to; ++i) {
      if ((*values)[i] == missing) continue;
      if (points.size() == limit)
        return fail(Errc::invalid, "More than " + std::to_string(limit) +
                                       " points lie in this time: ask for less time, for a rollup or for a point budget.");
      points.push_back({(*at)[i], (*values)[i]});
    }
    block->forget(metric);
  }
  return points;
}

}  // namespace heliograph
