#include "projections/rollup.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "events/columns.hpp"

namespace heliograph {
namespace {

tl::unexpected<Error> damaged() {
  return fail(Errc::corrupt, "A stored rollup is damaged: run heliograph rebuild --projection series.");
}

Micros floor_to(Micros at, Micros unit) {
  const Micros rest = at % unit;
  return at - (rest < 0 ? rest + unit : rest);
}

bool take_signed(std::string_view& bytes, std::int64_t& number) {
  const auto taken = take_varint(bytes);
  if (taken) number = unzigzag(*taken);
  return taken.has_value();
}

// Stored numbers are put together modulo 2^128, so that damaged ones overflow nothing; then they are judged.
__extension__ using UnsignedWide = unsigned __int128;
Wide plus(Wide a, Wide b) { return static_cast<Wide>(static_cast<UnsignedWide>(a) + static_cast<UnsignedWide>(b)); }
Wide minus(Wide a, Wide b) { return static_cast<Wide>(static_cast<UnsignedWide>(a) - static_cast<UnsignedWide>(b)); }
Wide times(Wide a, Wide b) { return static_cast<Wide>(static_cast<UnsignedWide>(a) * static_cast<UnsignedWide>(b)); }
Wide wide(std::int64_t low, std::int64_t high) { return plus(times(high, static_cast<Wide>(1) << 64), low); }

/// No hour of real readings comes near; sums over all hours of a log stay within 128 bits.
bool believable(const Bucket& bucket) {
  constexpr Wide most = static_cast<Wide>(1) << 110;
  const auto within = [](Wide number) { return number > -most && number < most; };
  return within(bucket.sum) && within(bucket.energy_in) && within(bucket.energy_out) && bucket.count < (1ull << 40);
}

void put_wide(Wide number, std::string& out) {
  put_varint(zigzag(static_cast<std::int64_t>(number)), out);
  put_varint(zigzag(static_cast<std::int64_t>(minus(number, static_cast<std::int64_t>(number)) >> 64)), out);
}

bool take_wide(std::string_view& bytes, Wide& number) {
  std::int64_t low = 0, high = 0;
  if (!take_signed(bytes, low) || !take_signed(bytes, high)) return false;
  number = wide(low, high);
  return true;
}

/// `into` takes in `part`, which lies later in time.
void join(Bucket& into, const Bucket& part) {
  if (part.count > 0) {
    into.min = into.count == 0 ? part.min : std::min(into.min, part.min);
    into.max = into.count == 0 ? part.max : std::max(into.max, part.max);
    into.last = part.last;
  }
  into.count += part.count;
  into.sum += part.sum;
  into.energy_in += part.energy_in;
  into.energy_out += part.energy_out;
}

}  // namespace

TimeSpan hour_of(Micros at) {
  const Micros from = floor_to(at, hour_us);
  return {from, from + hour_us};
}
TimeSpan minute_of(Micros at) {
  const Micros from = floor_to(at, minute_us);
  return {from, from + minute_us};
}
BucketOf local_days(const Zone& zone) {
  return [zone](Micros at) { return TimeSpan{zone.day_start(at), zone.next_day_start(at)}; };
}
BucketOf local_months(const Zone& zone) {
  return [zone](Micros at) { return TimeSpan{zone.month_start(at), zone.next_month_start(at)}; };
}

void BucketFold::encode(std::string& out) const {
  out.push_back(static_cast<char>((open_ ? 1 : 0) | (carrying_ ? 2 : 0)));
  if (carrying_) {
    put_varint(zigzag(carry_at_), out);
    put_varint(zigzag(carry_value_), out);
    put_varint(zigzag(settled_), out);
  }
  if (!open_) return;
  for (const std::int64_t number : {bucket_.from, bucket_.to, bucket_.min, bucket_.max, bucket_.last})
    put_varint(zigzag(number), out);
  put_varint(bucket_.count, out);
  for (const Wide number : {bucket_.sum, bucket_.energy_in, bucket_.energy_out}) put_wide(number, out);
}

Result<BucketFold> BucketFold::decode(std::string_view& bytes, bool with_energy, Micros hold) {
  BucketFold fold(with_energy, hold);
  if (bytes.empty() || static_cast<std::uint8_t>(bytes[0]) > 3) return damaged();
  fold.open_ = bytes[0] & 1;
  fold.carrying_ = bytes[0] & 2;
  bytes.remove_prefix(1);
  if (fold.carrying_ && !(take_signed(bytes, fold.carry_at_) && take_signed(bytes, fold.carry_value_) &&
                          take_signed(bytes, fold.settled_)))
    return damaged();
  if (!fold.open_) return fold;
  Bucket& bucket = fold.bucket_;
  for (std::int64_t* number : {&bucket.from, &bucket.to, &bucket.min, &bucket.max, &bucket.last})
    if (!take_signed(bytes, *number)) return damaged();
  const auto count = take_varint(bytes);
  if (!count || bucket.to <= bucket.from) return damaged();
  bucket.count = *count;
  for (Wide* number : {&bucket.sum, &bucket.energy_in, &bucket.energy_out})
    if (!take_wide(bytes, *number)) return damaged();
  if (!believable(bucket)) return damaged();
  return fold;
}

void RollupTeller::take(std::span<const Bucket> buckets) {
  for (const Bucket& bucket : buckets) {
    if (larger_ == nullptr) {
      tell(bucket);
      continue;
    }
    if (bucket.from >= open_.to) {
      finish();
      const TimeSpan span = (*larger_)(bucket.from);
      open_.from = span.from;
      open_.to = span.to;
    }
    join(open_, bucket);
  }
}

void RollupTeller::finish() { tell(std::exchange(open_, {})); }

void RollupTeller::tell(const Bucket& b) const {
  if (b.count == 0) return;
  const auto mj = [](Wide energy) {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    if (energy >= 0 && energy <= most) return static_cast<std::int64_t>(energy) / 1000;  // as all but the wildest: 128 bits are slow to divide
    return static_cast<std::int64_t>(std::min<Wide>(energy / 1000, most));
  };
  sink_({b.from, b.to, b.count, b.min, b.max, b.last, static_cast<double>(b.sum) / static_cast<double>(b.count), mj(b.energy_in), mj(b.energy_out)});
}

Micros chunk_start(Micros at) { return floor_to(at, hours_per_chunk * hour_us); }

// ---- stored hours -------------------------------------------------------------------------------------------
// Hour in the chunk, count, min, max - min, last - min, sum - min * count, and for power the net energy minus what evenly
// spread readings would give, and the energy out. The differences are small or zero, so they pack well: as columns when a
// chunk is whole, as rows of varints while it grows.

namespace {

struct PackedHour {
  std::int64_t index = 0, count = 0, min = 0, above = 0, last = 0;
  Wide sum = 0, net = 0, out = 0;
};

Wide spread_evenly(const Bucket& hour) {
  return hour.count == 0 ? 0 : times(hour.sum, hour_us / static_cast<Micros>(hour.count));
}

PackedHour pack(const Bucket& hour) {
  return {(hour.from - chunk_start(hour.from)) / hour_us,
          static_cast<std::int64_t>(hour.count),
          hour.min,
          wrapping_difference(hour.max, hour.min),
          wrapping_difference(hour.last, hour.min),
          minus(hour.sum, times(hour.min, static_cast<Wide>(hour.count))),
          minus(minus(hour.energy_in, hour.energy_out), spread_evenly(hour)),
          hour.energy_out};
}

/// Adds the hour to those of its chunk; false when it can be none of them.
bool unpack(const PackedHour& packed, Micros chunk, bool with_energy, std::vector<Bucket>& hours) {
  if (packed.index < 0 || packed.index >= hours_per_chunk || packed.count < 0) return false;
  Bucket hour;
  hour.from = chunk + packed.index * hour_us;
  hour.to = hour.from + hour_us;
  if (!hours.empty() && hour.from <= hours.back().from) return false;
  hour.count = static_cast<std::uint64_t>(packed.count);
  hour.min = packed.min;
  hour.max = wrapping_sum(packed.min, packed.above);
  hour.last = wrapping_sum(packed.min, packed.last);
  hour.sum = plus(packed.sum, times(packed.min, packed.count));
  if (with_energy) {
    hour.energy_out = packed.out;
    hour.energy_in = plus(plus(packed.net, spread_evenly(hour)), hour.energy_out);
  }
  if (!believable(hour)) return false;
  hours.push_back(hour);
  return true;
}

struct WideColumn {
  std::vector<std::int64_t> low, high;
  void push(Wide number) {
    low.push_back(static_cast<std::int64_t>(number));
    high.push_back(static_cast<std::int64_t>(minus(number, static_cast<std::int64_t>(number)) >> 64));
  }
  void encode(std::string& out) const {
    encode_column_tight(low, out);
    encode_column_tight(high, out);
  }
  bool decode(std::string_view& bytes, std::size_t count) {
    return decode_column(bytes, count, low) && decode_column(bytes, count, high);
  }
  Wide at(std::size_t i) const { return wide(low[i], high[i]); }
};

}  // namespace

std::string encode_hours(std::span<const Bucket> hours, bool with_energy) {
  std::vector<std::int64_t> index, count, min, above, last;
  WideColumn sum, net, out_energy;
  for (const Bucket& hour : hours) {
    const PackedHour packed = pack(hour);
    index.push_back(packed.index);
    count.push_back(packed.count);
    min.push_back(packed.min);
    above.push_back(packed.above);
    last.push_back(packed.last);
    sum.push(packed.sum);
    net.push(packed.net);
    out_energy.push(packed.out);
  }
  std::string out;
  put_varint(hours.size(), out);
  for (const auto* column : {&index, &count, &min, &above, &last}) encode_column_tight(*column, out);
  sum.encode(out);
  if (with_energy) {
    net.encode(out);
    out_energy.encode(out);
  }
  return out;
}

Status decode_hours(std::string_view bytes, Micros chunk, bool with_energy, std::vector<Bucket>& out) {
  const auto rows = take_varint(bytes);
  if (!rows || *rows > static_cast<std::uint64_t>(hours_per_chunk)) return damaged();
  std::vector<std::int64_t> index, count, min, above, last;
  for (auto* column : {&index, &count, &min, &above, &last})
    if (!decode_column(bytes, *rows, *column)) return damaged();
  WideColumn sum, net, out_energy;
  if (!sum.decode(bytes, *rows)) return damaged();
  if (with_energy && !(net.decode(bytes, *rows) && out_energy.decode(bytes, *rows))) return damaged();
  if (!bytes.empty()) return damaged();
  for (std::size_t i = 0; i < *rows; ++i) {
    PackedHour packed{index[i], count[i], min[i], above[i], last[i], sum.at(i), 0, 0};
    if (with_energy) packed.net = net.at(i), packed.out = out_energy.at(i);
    if (!unpack(packed, chunk, with_energy, out)) return damaged();
  }
  return {};
}

void put_hour(const Bucket& hour, bool with_energy, std::string& out) {
  const PackedHour packed = pack(hour);
  put_varint(static_cast<std::uint64_t>(packed.index), out);
  for (const std::int64_t number : {packed.count, packed.min, packed.above, packed.last}) put_varint(zigzag(number), out);
  put_wide(packed.sum, out);
  if (!with_energy) return;
  put_wide(packed.net, out);
  put_wide(packed.out, out);
}

Status take_hours(std::string_view bytes, Micros chunk, bool with_energy, std::vector<Bucket>& out) {
  while (!bytes.empty()) {
    PackedHour packed;
    const auto index = take_varint(bytes);
    if (!index) return damaged();
    packed.index = static_cast<std::int64_t>(*index);
    for (std::int64_t* number : {&packed.count, &packed.min, &packed.above, &packed.last})
      if (!take_signed(bytes, *number)) return damaged();
    if (!take_wide(bytes, packed.sum)) return damaged();
    if (with_energy && !(take_wide(bytes, packed.net) && take_wide(bytes, packed.out))) return damaged();
    if (!unpack(packed, chunk, with_energy, out)) return damaged();
  }
  return {};
}

// ---- sets of hours --------------------------------------------------------------------------------------------

void HourSet::add(Micros from, Micros to) {
  if (from >= to) return;
  from = hour_of(from).from;
  to = hour_of(to - 1).to;
  auto next = spans_.upper_bound(to);
  while (next != spans_.begin()) {
    const auto before = std::prev(next);
    if (before->second < from) break;
    if (before->first <= from && before->second >= to) return;
    from = std::min(from, before->first);
    to = std::max(to, before->second);
    next = spans_.erase(before);
  }
  spans_.emplace(from, to);
}

void HourSet::cut_before(Micros at) {
  while (!spans_.empty() && spans_.begin()->first < at) {
    const Micros end = spans_.begin()->second;
    spans_.erase(spans_.begin());
    if (end > at) spans_.emplace(at, end);
  }
}

std::vector<TimeSpan> HourSet::within(Micros from, Micros to) const {
  std::vector<TimeSpan> parts;
  auto span = spans_.upper_bound(from);
  if (span != spans_.begin()) --span;
  for (; span != spans_.end() && span->first < to; ++span) {
    const TimeSpan part{std::max(from, span->first), std::min(to, span->second)};
    if (part.from < part.to) parts.push_back(part);
  }
  return parts;
}

void HourSet::encode(std::string& out) const {
  put_varint(spans_.size(), out);
  for (const auto& [from, to] : spans_) {
    put_varint(zigzag(from / hour_us), out);
    put_varint(static_cast<std::uint64_t>((to - from) / hour_us), out);
  }
}

Result<HourSet> HourSet::decode(std::string_view& bytes) {
  HourSet set;
  const auto count = take_varint(bytes);
  if (!count || *count > bytes.size()) return damaged();
  constexpr std::int64_t most = std::numeric_limits<Micros>::max() / hour_us / 2;
  for (std::uint64_t i = 0; i < *count; ++i) {
    std::int64_t from = 0;
    if (!take_signed(bytes, from)) return damaged();
    const auto length = take_varint(bytes);
    if (!length || from > most * 2 || from < -most * 2 || *length > static_cast<std::uint64_t>(most)) return damaged();
    set.spans_.emplace(from * hour_us, from * hour_us + static_cast<std::int64_t>(*length) * hour_us);
  }
  return set;
}

}  // namespace heliograph
