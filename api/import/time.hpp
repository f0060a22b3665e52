// The time column: text of a declared format to a moment, or to a local civil time that still needs its zone.
// Never guesses an offset: rows that carry one in a column without, or lack one in a column with, are called mixed.
#pragma once

#include <string_view>

#include "api/import/map.hpp"

namespace heliograph {

enum class TimeVerdict : std::uint8_t { ok, unreadable, mixed_zone };

struct Stamp {
  TimeVerdict verdict = TimeVerdict::unreadable;
  Micros at = 0;  // UTC when the format is explicit, else local civil time counted as if it were UTC
};

/// True when the format says UTC by itself or carries offsets; false when cells are local and need a zone.
bool is_explicit(const TimeMap& time);
Stamp read_stamp(const TimeMap& time, std::string_view cell);

}  // namespace heliograph
