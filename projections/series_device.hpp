// What the series projection knows of one device besides its sealed blocks: the heads, how far hours are stored, and
// which stored hours late readings have made wrong. Kept in the view with every save.
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
  HourSet wrong;       // hours that late readings changed: to be folded again from the blocks
  std::string recent;  // closed hours in the horizon's chunk (put_hour): a chunk is stored once, when it is whole
};

struct DeviceSeries {
  std::string path;  // "tenant/site/device"
  Micros hold = 15 * minute_us;
  std::uint32_t metrics = 0;  // bit set of all metrics ever seen
  std::uint64_t readings = 0;
  Micros first_at = 0, last_at = 0;      // of all readings; mean nothing while there are none
  std::optional<Micros> sealed_until;    // last time in the sealed blocks that came in order; later ones go to `live`
  std::optional<Micros> side_span;       // of the widest sealed block of late readings
  Rows live, late;
  std::vector<HourTrack> tracks;  // ascending by metric
  bool changed = false;           // since the last save
  std::uint32_t seat = 0;         // in the stretch that is being folded, if it is there

  HourTrack& track(Metric metric);
  const HourTrack* find_track(Metric metric) const;
  /// Hours before this are stored (or wrong, or recent); from here on they are folded from readings when asked for.
  std::optional<Micros> horizon() const;

  std::string encode();  // tidies the heads
  static Result<DeviceSeries> decode(std::string_view bytes);
};

inline bool has_energy(Metric metric) { return info(metric).kind == Kind::power; }

}  // namespace heliograph
