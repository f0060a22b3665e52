// The series projection as a class: series.cpp folds, series_save.cpp saves and loads, series_hours.cpp keeps the stored hours,
// series_kept.cpp what stays of readings that were dropped, series_read.cpp answers. Readings themselves are in the log, in segments; the view knows which hold what.
// Keys of the view (ids hold neither '/' nor 0):
//   d tenant/site/device                       the device's state
//   b tenant/site/device 0 first_at position   its part of a segment that came in order of time
//   s tenant/site/device 0 first_at position   its part of a segment that began before what was closed then
//   r tenant/site/device 0 metric chunk        a week of hours of one metric
//   k tenant/site/device 0 metric chunk        of a week of hours those whose readings were dropped: they go before all others
//   p tenant/site                              from where to where its readings are gone, and the position of the last fact
//   w tenant/site 0 index                      word
#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "projections/rollup.hpp"
#include "projections/series_block.hpp"
#include "projections/series_device.hpp"
#include "projections/series_pending.hpp"

namespace heliograph {

struct SegmentPart;
using ViewChanges = std::vector<std::pair<std::string, std::optional<std::string>>>;  // nullopt: erased

class Series final : public SeriesProjection {
 public:
  Series(ViewStore& store, const EventLog& log) : view_(store, "series"), log_(log) {}

  std::string_view name() const override { return "series"; }
  Status load(const ViewStore& store) override;
  void apply(const Record& record) override;
  void apply_all(std::span<const RecordPtr> records, unsigned threads) override;
  void save(ViewBatch& batch) override;
  Position settled(Position) const override { return segment_.from - 1; }
  std::vector<SiteKey> sites() const override;
  Result<std::optional<Position>> first_kept(const SiteKey& site) const override;
  bool is_dropping(const SiteKey& site) const override;
  Result<std::vector<KeptHours>> hours_before(const SiteKey& site, Position before) const override;
  void pass(Position position) override { pass(position, 1); }
  void begin_at(Position border) override { begin_segment(border); }

  bool reads_back() const override;
  std::vector<EventLog::Range> take_closed() override { return std::exchange(closed_, {}); }

  std::vector<DeviceId> devices(const SiteKey& site) const override;
  std::vector<Metric> metrics(const SiteKey& site, const DeviceId& device) const override;
  Micros hold(const SiteKey& site, const DeviceId& device) const override;
  std::optional<Extent> extent(const SiteKey& site, const DeviceId& device) const override;
  Result<Blocks> blocks(const SiteKey& site, const DeviceId& device, Micros from, Micros to, std::span<const Metric> wanted) const override;
  Status rollups(const SiteKey& site, const DeviceId& device, Metric metric, Micros from, Micros to, Step step, const Zone& zone,
                 const RollupSink& sink) const override;
  std::string_view word(const SiteKey& site, std::int64_t index) const override;

 private:
  struct SiteSeries {
    std::map<std::string, DeviceSeries, std::less<>> devices;  // a device stays where it is: pointers to it hold
    DeviceMemo<DeviceSeries*> memo;
    std::vector<std::string> words;
    TextMap<std::int64_t> word_index;
    std::size_t saved_words = 0, closed_words = 0;  // in the view; known when the last segment was closed
    std::optional<EventLog::Drop> dropped;  // all its readings that are gone, with the last fact; their hours are kept
    Position starts_at = 1;       // folded from its beginning the log says nothing of the site before it: what was known then is loaded
  };

  /// The stretch of the log that is not closed yet.
  struct OpenSegment {
    Position from = 1;
    std::uint64_t number = 1;  // tells devices apart that were not seen in it yet
    std::size_t rows = 0;
    std::vector<DeviceSeries*> devices;
    Position end = 0;  // of the log's segment that begins there, when it has one: rows may be missing from it
  };

  struct Drop {
    SiteKey site;
    Position event;
    ReadingsDropped fact;
  };

  /// Rows of many batches, brought together device by device: what is known of a device is fetched into the cache once, not
  /// once for each of its rows.
  struct Stretch {
    std::deque<BatchColumns> batches;  // rows point into it
    std::vector<std::pair<std::uint32_t, RowOf>> rows;  // with the seat of their device in `devices`, as they came
    std::vector<DeviceSeries*> devices;
  };
  /// What one thread does to the view: devices do not depend on each other, and each belongs to one lane.
  struct Lane {
    ViewChanges entries;
  };

  // Folding.
  DeviceSeries& device_of(const SiteKey& site, SiteSeries& series, const std::string& device);
  void add(const Record& record, Stretch& stretch);
  void fold(const Stretch& stretch, unsigned threads);
  void set_hold(DeviceSeries& device, Micros hold);
  /// Whether the open segment is large enough. Depends on the log alone.
  bool is_due(Position last) const;
  bool is_passed(Position position) const { return segment_.end != 0 && position >= segment_.end; }
  void pass(Position position, unsigned threads);
  void begin_segment(Position from);
  void fold_fact(const Record& record);
  void close(Position end, unsigned threads);
  void close_device(DeviceSeries& device, Position end, Lane& lane) const;
  void settle(DeviceSeries& device, Lane& lane) const;
  void put(Lane& lane);
  static std::int64_t intern(SiteSeries& series, const std::string& word);
  static std::vector<std::int64_t> intern_words(SiteSeries& series, const ReadingBatch& batch);

  /// Which readings: stored hours must not hang on those of the open segment.
  enum class Reach : bool { closed, all };

  // Stored hours.
  Status repair_hours(DeviceSeries& device, Lane& lane) const;
  Status repair_track(const DeviceSeries& device, HourTrack& track, Blocks& blocks, Micros horizon, Lane& lane) const;
  using HourSink = std::function<void(std::span<const Bucket>)>;  // stretches of hours, in order of time
  /// Tells what the chunks of a kind hold, week by week.
  Status hours_of_chunks(char kind, const std::string& path, Metric metric, Micros from, Micros to, const HourSink& sink) const;
  Result<std::vector<Bucket>> hours_of_chunk(char kind, const std::string& path, Metric metric, Micros chunk) const;
  Status stored_hours(const DeviceSeries& device, const HourTrack& track, Micros from, Micros to, const HourSink& sink) const;
  Status hours(const DeviceSeries& device, Metric metric, Micros from, Micros to, const HourSink& sink) const;
  static Micros reach_of(const DeviceSeries& device, Metric metric, Micros at);
  HourSet wrong_hours(const DeviceSeries& device, const HourTrack& track) const;
  Result<std::vector<Bucket>> fold_readings(const DeviceSeries& device, Metric metric, Micros from, Micros to,
                                            const BucketOf& bucket_of) const;

  // What was dropped.
  Status load_entry(std::string_view key, std::string_view value);
  Status load_drops(Position checkpoint);
  Status carry_out(const Drop& drop);
  Status keep_hours(const std::string& path, const KeptHours& fresh);
  Status forget_parts(const DeviceSeries& device, Position before);
  Status forget_kept_hours(DeviceSeries& device);
  Status each_part(const DeviceSeries& device, const std::function<bool(const std::string& key, const SegmentPart& part)>& take) const;
  Result<std::vector<Bucket>> kept_hours(const DeviceSeries& device, Metric metric, Micros from, Micros to) const;
  Status folded_hours(const DeviceSeries& device, Metric metric, Micros from, Micros to, const HourSink& sink) const;

  // Reading.
  const SiteSeries* find(const SiteKey& site) const;
  const DeviceSeries* find(const SiteKey& site, const DeviceId& device) const;
  Result<Blocks> blocks_of(const DeviceSeries& device, Micros from, Micros to, Reach reach, std::span<const Metric> wanted) const;
  Status add_closed(const DeviceSeries& device, char kind, Micros from, Micros to, Blocks& out) const;

  PendingView view_;
  const EventLog& log_;
  std::map<SiteKey, SiteSeries> sites_;
  OpenSegment segment_;
  unsigned threads_ = 1;  // that the last fold might use, and the next save may
  std::vector<EventLog::Range> closed_;
  std::vector<DeviceSeries*> changed_;  // closed since the last save
  std::vector<DeviceSeries*> ahead_;    // changed otherwise since the last segment was closed: saved with the next one
  std::vector<Drop> drops_;             // since the last segment was closed
  bool has_kept_ = false;               // hours of some site: else nobody need look for them
};

/// Adds hours that have closed since the horizon was at `before`. What makes a chunk whole goes to `entries` of the view.
void add_hours(const DeviceSeries& device, HourTrack& track, std::optional<Micros> before, std::span<const Bucket> fresh,
               ViewChanges& entries);

/// Where a part of a segment lies in the log, as an entry of the view.
struct SegmentPart {
  Position from = 0, end = 0;
  Micros last_at = 0;
  std::string encode() const;
  static Result<SegmentPart> decode(std::string_view bytes);
};

/// Keys of one device in one part of the view.
std::string series_prefix(char kind, const std::string& path);
std::string block_key(char kind, const std::string& path, Micros first_at, Position position);
std::string hours_key(char kind, const std::string& path, Metric metric, Micros chunk);
Micros chunk_of(std::string_view hours_key);

/// Hours of both; where both have one, that of `these`. Requires: both ascending.
void put_over(std::vector<Bucket>& hours, const std::vector<Bucket>& these);
/// The hours in the head. Requires: the horizon is where it was when they were put there.
std::vector<Bucket> recent_hours(const HourTrack& track, Micros horizon);
void set_recent_hours(HourTrack& track, const std::vector<Bucket>& hours);

/// Folds the values of `blocks` into buckets that overlap [from, to). Requires: blocks cover [from - hold, to); `from`
/// and `to` are borders of buckets.
Result<std::vector<Bucket>> fold_blocks(Blocks& blocks, Metric metric, Micros hold, Micros from, Micros to,
                                        const BucketOf& bucket_of);

}  // namespace heliograph
