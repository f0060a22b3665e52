// What the series projection knows of one device besides its blocks in the log: the rows of the open segment, how far hours are
// stored, and which stored hours late readings have made wrong.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "projections/rollup.hpp"
#include "projections/series_rows.hpp"

namespace heliograph {

/// The hours of one metric: folded on from sealed blocks as they come.
struct HourTrack {
  Metric metric{};
  BucketFold fold;
  HourSet wrong;       // hours that late readings changed: to be folded again from the log
  std::string recent;  // closed hours in the horizon's chunk (put_hour): a chunk is stored once, when it is whole
};

struct DeviceSeries {
  std::string path;  // "tenant/site/device"
  const TextMap<std::int64_t>* words = nullptr;  // the site's, by their text
  Micros hold = 15 * minute_us;

  /// A stretch of its readings: how many, of which metrics, and their first and last time.
  struct Extent {
    std::uint64_t readings = 0;
    std::uint32_t metrics = 0;        // bit set
    Micros first_at = 0, last_at = 0;  // mean nothing while there are no readings
    void add(Micros first, Micros last, std::size_t count, std::uint32_t those);
  };

  // As of the end of the last closed segment: this is what the view keeps.
  Extent closed;
  std::optional<Micros> sealed_until;  // last time of the closed readings
  std::optional<Micros> side_span;     // of the longest part of a segment that began before what was closed then
  std::vector<HourTrack> tracks;       // ascending by metric
  Rows tail;                           // from the horizon on, without words: not in an hour yet
  // Of the segment that is open: folded again from the log after a start.
  Extent open;
  Rows rows;
  std::uint64_t segment = 0;  // in which it was last seen
  std::uint32_t seat = 0;     // in the stretch that is being folded, if it is there
  bool closed_since_save = false, ahead = false;  // ahead: changed otherwise since the last segment was closed

  Extent all() const;
  /// Rows of the open segment that belong before what is closed; those that change hours which are stored.
  bool has_rows_before() const { return sealed_until && open.readings > 0 && open.first_at <= *sealed_until; }
  bool has_late_rows() const { return sealed_until && open.readings > 0 && open.first_at < *horizon(); }

  HourTrack& track(Metric metric);
  const HourTrack* find_track(Metric metric) const;
  /// Hours before this are stored (or wrong, or recent); from here on they are folded from readings when asked for. An hour that
  /// is over stays open for another: batches overtake each other, and nodes hold some back.
  std::optional<Micros> horizon() const;

  std::string encode() const;
  static Result<DeviceSeries> decode(std::string_view bytes);
};

inline bool has_energy(Metric metric) { return info(metric).kind == Kind::power; }

}  // namespace heliograph
