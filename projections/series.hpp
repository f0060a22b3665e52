// Telemetry as series: per device, blocks of about 720 readings, read where the log keeps them, with rollups by hour (minutes
// are computed from the block; days and months, in the site's zone, from the hours). Times are source times; energy is a zero-order hold of each power sample, at most the device's
// `hold` long, so a gap stays a gap. Power W, energy mJ (W*ms) inside, split by sign.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "events/record.hpp"
#include "events/zone.hpp"
#include "projections/projection.hpp"
#include "storage/event_log.hpp"

namespace heliograph {

struct Point {
  Micros at = 0;
  std::int64_t value = missing;
  bool operator==(const Point&) const = default;
};

enum class Step : std::uint8_t { minute, hour, day, month };
/// Refuses unknown words: "minute", "hour", "day", "month".
Result<Step> parse_step(std::string_view word);

struct Rollup {
  Micros from = 0, to = 0;  // [from, to)
  std::uint64_t count = 0;  // readings in it; a bucket without readings is absent, never zero
  std::int64_t min = 0, max = 0, last = 0;
  double mean = 0;              // arithmetic, of the readings
  std::int64_t energy_in_mj = 0;   // integral of the positive part: W*ms. Into the site, by the sign convention
  std::int64_t energy_out_mj = 0;  // integral of the negative part, as a positive number
  bool operator==(const Rollup&) const = default;
};
using RollupSink = std::function<void(const Rollup&)>;

/// Columns of one device over a stretch of time, decoded on demand. Blocks of one device come in time order and do not
/// overlap (late data has been merged). `min`/`max` are known without decoding.
class SeriesBlock {
 public:
  virtual ~SeriesBlock() = default;
  virtual std::size_t size() const = 0;
  virtual Micros first_at() const = 0;
  virtual Micros last_at() const = 0;
  virtual bool has(Metric metric) const = 0;
  /// Smallest and largest non-missing value. Requires: has(metric).
  virtual std::int64_t min(Metric metric) const = 0;
  virtual std::int64_t max(Metric metric) const = 0;
  /// Decoded once, then kept. Errors: corrupt.
  virtual Result<std::span<const Micros>> at() = 0;
  virtual Result<std::span<const Position>> positions() = 0;
  virtual Result<std::span<const std::int64_t>> values(Metric metric) = 0;
  /// Gives back the memory of a decoded column that is not asked for again.
  virtual void forget(Metric metric) = 0;
};
using Blocks = std::vector<std::unique_ptr<SeriesBlock>>;

/// What a metric was at each time with from <= at < to, in order. Requires: blocks of one device that cover [from, to). At most
/// `limit`, else error `invalid` that names the limit.
Result<std::vector<Point>> points_of(const Blocks& blocks, Metric metric, Micros from, Micros to, std::size_t limit);

/// Text metrics hold indices; this gives the word. Words are interned per site for ever.
class SeriesReader {
 public:
  virtual ~SeriesReader() = default;
  virtual std::vector<DeviceId> devices(const SiteKey& site) const = 0;
  /// Metrics that the device ever had, ascending.
  virtual std::vector<Metric> metrics(const SiteKey& site, const DeviceId& device) const = 0;
  virtual Micros hold(const SiteKey& site, const DeviceId& device) const = 0;
  /// First and last source time of what is kept, and how many readings ever came; nullopt when there never was one.
  struct Extent { Micros first, last; std::uint64_t readings; };
  virtual std::optional<Extent> extent(const SiteKey& site, const DeviceId& device) const = 0;
  /// Blocks that overlap [from, to), including what is in no segment yet. Several readings may share a time; a metric has one
  /// value a time, the one recorded last. A block may reach beyond [from, to). They need to know only of `wanted`; none named: of all.
  virtual Result<Blocks> blocks(const SiteKey& site, const DeviceId& device, Micros from, Micros to, std::span<const Metric> wanted) const = 0;
  /// Tells the buckets that overlap [from, to), each whole, in order of time. Minutes and hours are those of UTC, days and months those of
  /// `zone`. Hours stay when their readings are dropped; then they no longer change, minutes have none, and where the zone's offset is no
  /// whole hour they count for the day in which they begin. After an error some may have been told.
  virtual Status rollups(const SiteKey& site, const DeviceId& device, Metric metric, Micros from, Micros to, Step step, const Zone& zone,
                         const RollupSink& sink) const = 0;
  /// Empty when there is no such word.
  virtual std::string_view word(const SiteKey& site, std::int64_t index) const = 0;
};

/// The projection "series" over a view store and the log that it folds, and the reader of what it holds. Not thread-safe: its
/// projector owns it. Invariant: where segments end depends on the log alone, whatever was saved when.
class SeriesProjection : public Projection, public SeriesReader {
 public:
  /// Segments that were closed since the last call: their readings may be condensed (EventLog::condense).
  virtual std::vector<EventLog::Range> take_closed() = 0;
  /// Whether the next save folds hours again from closed readings, because some came late: quick where those are condensed.
  virtual bool reads_back() const = 0;

  // Readings that are no longer kept (readings.dropped). What was computed from them is said by the fact from then on; it takes effect
  // when the next segment is closed.
  virtual std::vector<SiteKey> sites() const = 0;
  /// Where the first segment begins that holds a reading of the site; nothing where no closed one does. Errors: corrupt, io.
  virtual Result<std::optional<Position>> first_kept(const SiteKey& site) const = 0;
  /// Whether a fact drops readings of the site and has not taken effect yet.
  virtual bool is_dropping(const SiteKey& site) const = 0;
  /// What must stay of the readings before a position, the border of a segment: every hour to which one of them counts. Errors: corrupt, io.
  virtual Result<std::vector<KeptHours>> hours_before(const SiteKey& site, Position before) const = 0;
  /// Nothing comes before `position` any more: segments of the log that end there are closed.
  virtual void pass(Position position) = 0;
  /// Folding begins at the border of a segment. Requires: no reading was folded.
  virtual void begin_at(Position border) = 0;
};
/// What a stored view of series has let go of each site, from the first of its readings on.
Result<std::vector<EventLog::Drop>> drops_of_series(const ViewStore& store);
/// Requires: store and log outlive it.
std::unique_ptr<SeriesProjection> make_series(ViewStore& store, const EventLog& log);

/// Largest-Triangle-Three-Buckets (Steinarsson 2013): keeps the first and last point and the visually most telling
/// of each bucket. `points` in time order; answers at most `budget` (>= 3) of them.
std::vector<Point> lttb(std::span<const Point> points, std::size_t budget);

}  // namespace heliograph
