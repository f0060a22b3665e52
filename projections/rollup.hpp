// Buckets of time over one metric: count, extremes, sum and energy. One fold serves live sealing, late repair and
// queries, so they agree to the last digit. Energy inside is W*us in 128 bits, exact; mJ only at the door.
#pragma once

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "projections/series.hpp"

namespace heliograph {

__extension__ using Wide = __int128;

/// A bucket that no reading fell in may still carry energy of a sample held from before; it is never shown.
struct Bucket {
  Micros from = 0, to = 0;  // [from, to)
  std::uint64_t count = 0;
  std::int64_t min = 0, max = 0, last = 0;
  Wide sum = 0, energy_in = 0, energy_out = 0;
  bool operator==(const Bucket&) const = default;
};

struct TimeSpan {
  Micros from = 0, to = 0;
};
/// The bucket that a moment belongs to.
using BucketOf = std::function<TimeSpan(Micros)>;
TimeSpan hour_of(Micros at);
TimeSpan minute_of(Micros at);
/// The local day or month in `zone`.
BucketOf local_days(const Zone& zone);
BucketOf local_months(const Zone& zone);

/// Folds the values of one metric, in order of time, into buckets.
class BucketFold {
 public:
  /// A sample of a metric with energy stands until the next one, `hold` at most.
  BucketFold(bool with_energy, Micros hold) : with_energy_(with_energy), hold_(hold) {}
  /// Requires: `at` above every time before; the same `bucket_of` throughout.
  template <class Of>
  void add(Micros at, std::int64_t value, const Of& bucket_of, std::vector<Bucket>& closed) {
    if (carrying_) settle(at, bucket_of, closed);
    enter(at, bucket_of, closed);
    count(value);
    carrying_ = with_energy_;
    carry_at_ = settled_ = at;
    carry_value_ = value;
  }
  /// Nothing before `until` will come any more: settles energy up to it and closes what ended by then.
  template <class Of>
  void advance(Micros until, const Of& bucket_of, std::vector<Bucket>& closed) {
    if (carrying_) settle(until, bucket_of, closed);
    settled_ = std::max(settled_, until);  // a longer hold set later does not open again what is closed
    if (open_ && bucket_.to <= until) close(closed);
  }
  void set_hold(Micros hold) { hold_ = hold; }
  void encode(std::string& out) const;
  static Result<BucketFold> decode(std::string_view& bytes, bool with_energy, Micros hold);

 private:
  template <class Of>
  void enter(Micros at, const Of& bucket_of, std::vector<Bucket>& closed) {
    if (open_ && at < bucket_.to) return;
    if (open_) close(closed);
    const TimeSpan span = bucket_of(at);
    bucket_ = {};
    bucket_.from = span.from;
    bucket_.to = span.to;
    open_ = true;
  }
  template <class Of>
  void settle(Micros until, const Of& bucket_of, std::vector<Bucket>& closed) {
    const Micros end = std::min(until, end_of_hold());
    if (carry_value_ == 0) settled_ = std::max(settled_, end);
    while (settled_ < end) {
      enter(settled_, bucket_of, closed);
      const Micros stop = std::min(end, bucket_.to);
      const Wide energy = static_cast<Wide>(carry_value_) * (stop - settled_);
      (energy > 0 ? bucket_.energy_in : bucket_.energy_out) += energy > 0 ? energy : -energy;
      settled_ = stop;
    }
  }
  void count(std::int64_t value) {
    bucket_.min = bucket_.count == 0 ? value : std::min(bucket_.min, value);
    bucket_.max = bucket_.count == 0 ? value : std::max(bucket_.max, value);
    bucket_.last = value;
    bucket_.sum += value;
    ++bucket_.count;
  }
  void close(std::vector<Bucket>& closed) {
    closed.push_back(bucket_);
    open_ = false;
  }
  Micros end_of_hold() const {
    constexpr Micros never = std::numeric_limits<Micros>::max();
    return carry_at_ > never - hold_ ? never : carry_at_ + hold_;
  }

  bool with_energy_;
  Micros hold_;
  bool open_ = false;      // bucket_ has begun
  bool carrying_ = false;  // a sample still stands
  Micros carry_at_ = 0, settled_ = 0;
  std::int64_t carry_value_ = 0;
  Bucket bucket_;
};

/// Says buckets as rollups, those with readings. With `larger` they are put together into larger ones first: each must lie in one of them.
class RollupTeller {
 public:
  RollupTeller(const RollupSink& sink, const BucketOf* larger) : sink_(sink), larger_(larger) {}
  /// Requires: in order of time, also over several calls.
  void take(std::span<const Bucket> buckets);
  /// After the last.
  void finish();

 private:
  void tell(const Bucket& bucket) const;
  const RollupSink& sink_;
  const BucketOf* larger_;
  Bucket open_;  // of the larger ones
};

/// Hours are stored in chunks of 168 (a week, counted from 1970-01-01 on), one a device, metric and chunk.
inline constexpr std::int64_t hours_per_chunk = 168;
Micros chunk_start(Micros at);
/// Requires: hours ascending, all in one chunk.
std::string encode_hours(std::span<const Bucket> hours, bool with_energy);
/// Adds those that the chunk holds to `out`. Requires: those there are of earlier chunks.
Status decode_hours(std::string_view bytes, Micros chunk, bool with_energy, std::vector<Bucket>& out);
/// The same hour by hour, for a chunk that still grows: appended, and all taken at once.
void put_hour(const Bucket& hour, bool with_energy, std::string& out);
Status take_hours(std::string_view bytes, Micros chunk, bool with_energy, std::vector<Bucket>& out);

/// Stretches of hours, kept disjoint, joined and sorted: equal sets have equal bytes.
class HourSet {
 public:
  void add(Micros from, Micros to);  // widened to whole hours
  void cut_before(Micros at);        // Requires: `at` on the hour
  /// The parts within [from, to).
  std::vector<TimeSpan> within(Micros from, Micros to) const;
  bool empty() const { return spans_.empty(); }
  void encode(std::string& out) const;
  static Result<HourSet> decode(std::string_view& bytes);

 private:
  std::map<Micros, Micros> spans_;  // from -> to
};

}  // namespace heliograph
