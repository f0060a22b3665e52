#include "api/import/time.hpp"

#include <string>

#include "api/decimal.hpp"

namespace heliograph {
namespace {

constexpr bool digit(char c) { return c >= '0' && c <= '9'; }

/// Walks a cell along a pattern. `ok` turns false at the first thing that does not fit.
struct Walk {
  std::string_view rest;
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;
  Micros micros = 0, offset = 0;
  int half = -1;  // 0 = AM, 1 = PM
  bool ok = true;

  int number(std::size_t least, std::size_t most) {
    int n = 0;
    std::size_t i = 0;
    for (; i < most && i < rest.size() && digit(rest[i]); ++i) n = n * 10 + (rest[i] - '0');
    if (i < least) ok = false;
    rest.remove_prefix(i);
    return n;
  }
  void fraction() {
    Micros unit = 100'000;
    std::size_t i = 0;
    for (; i < rest.size() && digit(rest[i]); ++i, unit /= 10) micros += (rest[i] - '0') * unit;
    if (i == 0 || i > 9) ok = false;
    rest.remove_prefix(i);
  }
  void am_pm() {
    if (rest.size() < 2) return void(ok = false);
    const char a = static_cast<char>(rest[0] | 0x20), m = static_cast<char>(rest[1] | 0x20);
    if ((a != 'a' && a != 'p') || m != 'm') ok = false;
    half = a == 'p' ? 1 : 0;
    rest.remove_prefix(2);
  }
  void zone() {
    if (rest.starts_with('Z') || rest.starts_with('z')) return rest.remove_prefix(1);
    const bool minus = rest.starts_with('-');
    if (!minus && !rest.starts_with('+')) return void(ok = false);
    rest.remove_prefix(1);
    const int h = number(2, 2);
    if (rest.starts_with(':')) rest.remove_prefix(1);
    const int m = number(2, 2);
    if (h > 23 || m > 59) ok = false;
    offset = (h * hour_us + m * minute_us) * (minus ? -1 : 1);
  }
  void field(char f) {
    switch (f) {
      case 'Y': year = number(4, 4); break;
      case 'y': year = number(2, 2), year += year < 69 ? 2000 : 1900; break;
      case 'm': month = number(1, 2); break;
      case 'd': day = number(1, 2); break;
      case 'H':
      case 'I': hour = number(1, 2); break;
      case 'M': minute = number(1, 2); break;
      case 'S': second = number(1, 2); break;
      case 'f': fraction(); break;
      case 'p': am_pm(); break;
      case 'z': zone(); break;
      default: ok = false;
    }
  }
  void follow(std::string_view pattern) {
    for (std::size_t i = 0; ok && i < pattern.size(); ++i) {
      if (pattern[i] == '%' && i + 1 < pattern.size() && pattern[i + 1] != '%') {
        field(pattern[++i]);
        continue;
      }
      if (pattern[i] == '%') ++i;
      if (rest.empty() || rest.front() != pattern[i]) return void(ok = false);
      rest.remove_prefix(1);
    }
  }
  /// The civil time, checked against the calendar; 24:00 is the next day's midnight.
  bool civil(Micros& out) {
    if (half >= 0) {
      if (hour < 1 || hour > 12) return false;
      hour = hour % 12 + 12 * half;
    }
    const bool midnight = hour == 24 && minute == 0 && second == 0;
    if (year < 1970 || year > 2261 || month < 1 || month > 12 || day < 1 || day > 31 || minute > 59 || second > 59) return false;
    if (hour > 23 && !midnight) return false;
    out = from_civil(year, month, day, 0, minute, second);
    const Civil back = to_civil(out);
    if (back.month != month || back.day != day) return false;
    out += hour * hour_us + micros - offset;
    return true;
  }
};

Stamp by_pattern(const TimeMap& time, std::string_view cell) {
  Walk walk{cell};
  walk.follow(time.pattern);
  Stamp stamp;
  if (!walk.ok || !walk.civil(stamp.at)) return stamp;
  if (walk.rest.empty()) return stamp.verdict = TimeVerdict::ok, stamp;
  Walk tail{trimmed(walk.rest)};
  tail.zone();
  if (tail.ok && tail.rest.empty() && !is_explicit(time)) stamp.verdict = TimeVerdict::mixed_zone;
  return stamp;
}

Stamp by_rfc3339(std::string_view cell) {
  if (auto at = parse_time(cell)) return {TimeVerdict::ok, *at};
  std::string with_offset(cell.substr(0, 40));
  with_offset += 'Z';
  return {parse_time(with_offset) ? TimeVerdict::mixed_zone : TimeVerdict::unreadable, 0};
}

Stamp by_number(std::string_view cell, int power, std::int64_t numerator, Micros origin, Micros rounding) {
  const auto number = parse_number(cell, {cell.find(',') == std::string_view::npos ? '.' : ',', {}});
  if (!number) return {};
  auto at = scaled(*number, power, numerator);
  constexpr Micros most = 9'000'000'000'000'000;  // year 2255
  if (!at || *at > most || *at < -most) return {};
  const Micros rounded = (*at + rounding / 2) / rounding * rounding;
  if (rounded + origin < 0) return {};
  return {TimeVerdict::ok, rounded + origin};
}

}  // namespace

bool is_explicit(const TimeMap& time) {
  if (time.format == TimeFormat::pattern) return time.pattern.find("%z") != std::string::npos;
  // Excel knows no zones: without a declared one its days are UTC only by the map's word, so a zone makes them local.
  if (time.format == TimeFormat::excel) return false;
  return true;
}

Stamp read_stamp(const TimeMap& time, std::string_view cell) {
  switch (time.format) {
    case TimeFormat::rfc3339: return by_rfc3339(cell);
    case TimeFormat::pattern: return by_pattern(time, cell);
    case TimeFormat::epoch_s: return by_number(cell, 6, 1, 0, 1);
    case TimeFormat::epoch_ms: return by_number(cell, 3, 1, 0, 1);
    // Serials are cut to some decimals: the nearest second is what was meant.
    case TimeFormat::excel: return by_number(cell, 6, 86'400, -25'569 * day_us, second_us);
    case TimeFormat::row: {
      const auto number = parse_number(cell, {});
      bool exact = false;
      const auto n = number ? scaled(*number, 0, 1, 1, &exact) : std::nullopt;
      if (!n || !exact || *n < -1'000'000'000 || *n > 1'000'000'000) return {};
      return {TimeVerdict::ok, time.start + (*n - time.first) * time.interval};
    }
  }
  return {};
}

}  // namespace heliograph
