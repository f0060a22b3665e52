// Local time of a site: IANA zones over the system's tzdata (Howard Hinnant's date library).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "events/time.hpp"

namespace heliograph {

/// One IANA time zone, e.g. "Europe/Amsterdam". Cheap to copy; conversions are cached per offset period.
class Zone {
 public:
  /// Refuses unknown names with a sentence that shows how one looks.
  static Result<Zone> find(std::string_view name);
  static Zone utc();

  const std::string& name() const;
  /// Offset of local time from UTC at the moment, e.g. +2 h in a Dutch summer.
  Micros offset_at(Micros at) const;
  /// Local civil time at the moment.
  Civil local(Micros at) const { return to_civil(at + offset_at(at)); }

  /// What a local civil time means. In spring's missing hour there is no moment, in autumn's repeated hour two.
  struct Moments {
    int count = 0;            // 0, 1 or 2
    Micros first = 0, second = 0;
  };
  /// `local` counts microseconds as if the civil time were UTC (from_civil).
  Moments moments_of(Micros local) const;
  /// The first moment at which local clocks show this civil time or, when they skip it, a later one.
  Micros first_moment(Micros local) const;
  /// The moment the local day that contains `at` begins, and the next one begins (23, 24 or 25 hours apart).
  Micros day_start(Micros at) const;
  Micros next_day_start(Micros at) const;
  Micros month_start(Micros at) const;
  Micros next_month_start(Micros at) const;

 private:
  struct Rules;
  explicit Zone(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}
  std::shared_ptr<const Rules> rules_;
};

}  // namespace heliograph
