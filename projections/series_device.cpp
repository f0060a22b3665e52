#include "projections/series_device.hpp"

#include <algorithm>

#include "events/columns.hpp"

namespace heliograph {

HourTrack& DeviceSeries::track(Metric metric) {
  const auto place = std::lower_bound(tracks.begin(), tracks.end(), metric,
                                      [](const HourTrack& track, Metric wanted) { return track.metric < wanted; });
  if (place != tracks.end() && place->metric == metric) return *place;
  return *tracks.insert(place, HourTrack{metric, BucketFold(has_energy(metric), hold), {}, {}});
}

const HourTrack* DeviceSeries::find_track(Metric metric) const {
  const auto found = std::find_if(tracks.begin(), tracks.end(), [metric](const HourTrack& t) { return t.metric == metric; });
  return found == tracks.end() ? nullptr : &*found;
}

std::optional<Micros> DeviceSeries::horizon() const {
  if (!sealed_until) return std::nullopt;
  return hour_of(*sealed_until).from - hour_us;
}

void DeviceSeries::Extent::add(Micros first, Micros last, std::size_t count, std::uint32_t those) {
  first_at = readings == 0 ? first : std::min(first_at, first);
  last_at = readings == 0 ? last : std::max(last_at, last);
  readings += count;
  metrics |= those;
}

DeviceSeries::Extent DeviceSeries::all() const {
  Extent extent = closed;
  if (open.readings > 0) extent.add(open.first_at, open.last_at, open.readings, open.metrics);
  return extent;
}

std::string DeviceSeries::encode() const {
  std::string out;
  const auto put_time = [&out](Micros at) { put_varint(zigzag(at), out); };
  put_time(hold);
  put_varint(closed.metrics, out);
  put_varint(closed.readings, out);
  put_time(closed.first_at);
  put_time(closed.last_at);
  out.push_back(static_cast<char>((sealed_until ? 1 : 0) | (side_span ? 2 : 0)));
  if (sealed_until) put_time(*sealed_until);
  if (side_span) put_time(*side_span);
  tail.encode(out);
  put_varint(tracks.size(), out);
  std::string hours;
  for (const HourTrack& track : tracks) {
    out.push_back(static_cast<char>(track.metric));
    track.fold.encode(out);
    track.wrong.encode(out);
    put_text(track.recent, hours);
  }
  return out + compress(hours, 1);
}

namespace {

constexpr std::size_t hours_bytes_limit = 1u << 20;  // a week of hours of every metric takes a tenth

tl::unexpected<Error> damaged() {
  return fail(Errc::corrupt, "The state of a series is damaged: run heliograph rebuild --projection series.");
}

bool take_tracks(std::string_view& bytes, DeviceSeries& device) {
  const auto count = take_varint(bytes);
  if (!count || *count >= metric_slots) return false;
  for (std::uint64_t i = 0; i < *count; ++i) {
    if (bytes.empty()) return false;
    const auto metric = static_cast<Metric>(bytes[0]);
    const auto number = static_cast<std::size_t>(metric);
    bytes.remove_prefix(1);
    if (number == 0 || number >= metric_slots) return false;
    if (!device.tracks.empty() && device.tracks.back().metric >= metric) return false;
    auto fold = BucketFold::decode(bytes, has_energy(metric), device.hold);
    if (!fold) return false;
    auto wrong = HourSet::decode(bytes);
    if (!wrong) return false;
    device.tracks.push_back({metric, *fold, std::move(*wrong), {}});
  }
  const auto all_hours = decompress(bytes, hours_bytes_limit);
  bytes = {};
  if (!all_hours) return false;
  std::string_view left = *all_hours;
  for (HourTrack& track : device.tracks) {
    const auto hours = take_text(left);
    if (!hours) return false;
    std::vector<Bucket> recent;
    if (!hours->empty() && (!device.sealed_until || !take_hours(*hours, chunk_start(*device.horizon()), has_energy(track.metric), recent))) return false;
    track.recent = std::string(*hours);
  }
  return left.empty();
}

}  // namespace

Result<DeviceSeries> DeviceSeries::decode(std::string_view bytes) {
  DeviceSeries device;
  const auto take_time = [&bytes](Micros& at) {
    const auto number = take_varint(bytes);
    if (number) at = unzigzag(*number);
    return number.has_value();
  };
  if (!take_time(device.hold)) return damaged();
  const auto metrics = take_varint(bytes);
  const auto readings = metrics ? take_varint(bytes) : metrics;
  if (!readings || *metrics >> metric_slots != 0) return damaged();
  device.closed.metrics = static_cast<std::uint32_t>(*metrics);
  device.closed.readings = *readings;
  if (!take_time(device.closed.first_at) || !take_time(device.closed.last_at) || bytes.empty()) return damaged();
  const auto flags = static_cast<std::uint8_t>(bytes[0]);
  bytes.remove_prefix(1);
  if (flags > 3) return damaged();
  if ((flags & 1) && !take_time(device.sealed_until.emplace())) return damaged();
  if ((flags & 2) && !take_time(device.side_span.emplace())) return damaged();
  auto tail = Rows::decode(bytes);
  if (!tail) return fail(tail.error());
  device.tail = std::move(*tail);
  if (!take_tracks(bytes, device) || !bytes.empty()) return damaged();
  return device;
}

}  // namespace heliograph
