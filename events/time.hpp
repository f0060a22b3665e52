// Time as it stands in the log: microseconds since 1970-01-01T00:00:00Z, UTC, no leap seconds.
// Nothing here asks what time it is; the one place that does is actors/clock.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "events/result.hpp"

namespace heliograph {

using Micros = std::int64_t;  // a moment (UTC) or a span, in microseconds

inline constexpr Micros second_us = 1'000'000;
inline constexpr Micros minute_us = 60 * second_us;
inline constexpr Micros hour_us = 60 * minute_us;
inline constexpr Micros day_us = 24 * hour_us;

/// RFC 3339, e.g. "2024-03-31T02:30:00+02:00", "2024-03-31 00:30:00.125Z". Years 1970 to 2261.
/// An offset is required: a time without one is refused, because guessing would be silent.
Result<Micros> parse_time(std::string_view text);
/// RFC 3339 in UTC with milliseconds (microseconds when they are not zero): "2024-03-31T00:30:00.000Z".
std::string format_time(Micros at);
/// Civil UTC date and time to microseconds; month 1-12, day 1-31. Requires: a valid civil time.
Micros from_civil(int year, int month, int day, int hour = 0, int minute = 0, int second = 0);
struct Civil { int year, month, day, hour, minute, second; Micros micros; int weekday; };  // weekday 1 = Monday
Civil to_civil(Micros at);

/// ISO 8601 duration of days to seconds, e.g. "PT5M", "P1DT12H", "PT0S"; not negative, at most 400 days.
Result<Micros> parse_duration(std::string_view text);
std::string format_duration(Micros span);
/// A minute of the day as "HH:MM"; 1440 is "24:00".
std::string format_clock(int minute_of_day);

}  // namespace heliograph
