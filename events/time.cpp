#include "events/time.hpp"

#include <array>
#include <charconv>
#include <cstdlib>
#include <utility>

namespace heliograph {
namespace {

// Days from civil: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
constexpr std::int64_t days_from_civil(int y, unsigned m, unsigned d) {
  y -= m <= 2;
  const int era = (y >= 0 ? y : y - 399) / 400;
  const auto yoe = static_cast<unsigned>(y - era * 400);
  const unsigned doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
  const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return static_cast<std::int64_t>(era) * 146097 + static_cast<std::int64_t>(doe) - 719468;
}

constexpr bool leap(int y) { return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0; }
constexpr int days_in_month(int y, int m) {
  constexpr std::array<int, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return m == 2 && leap(y) ? 29 : days[static_cast<std::size_t>(m - 1)];
}

struct Digits {
  std::string_view text;
  std::size_t at = 0;
  bool ok = true;
  int take(std::size_t n) {
    if (at + n > text.size()) { ok = false; return 0; }
    int value = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const char c = text[at + i];
      if (c < '0' || c > '9') { ok = false; return 0; }
      value = value * 10 + (c - '0');
    }
    at += n;
    return value;
  }
  bool eat(char c) {
    if (at < text.size() && text[at] == c) { ++at; return true; }
    return false;
  }
};

tl::unexpected<Error> no_time(std::string_view text) {
  return fail(Errc::invalid, "\"" + std::string(text.substr(0, 60)) +
                                 "\" is not a time: write RFC 3339 with an offset, like 2026-03-31T14:05:00Z.");
}

}  // namespace

Micros from_civil(int year, int month, int day, int hour, int minute, int second) {
  return days_from_civil(year, static_cast<unsigned>(month), static_cast<unsigned>(day)) * day_us + hour * hour_us +
         minute * minute_us + second * second_us;
}

Civil to_civil(Micros at) {
  std::int64_t days = at / day_us;
  Micros rest = at % day_us;
  if (rest < 0) { rest += day_us; --days; }
  const std::int64_t z = days + 719468;
  const std::int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  const auto doe = static_cast<unsigned>(z - era * 146097);
  const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const unsigned mp = (5 * doy + 2) / 153;
  Civil c{};
  c.day = static_cast<int>(doy - (153 * mp + 2) / 5 + 1);
  c.month = static_cast<int>(mp < 10 ? mp + 3 : mp - 9);
  c.year = static_cast<int>(static_cast<std::int64_t>(yoe) + era * 400 + (c.month <= 2 ? 1 : 0));
  c.hour = static_cast<int>(rest / hour_us);
  c.minute = static_cast<int>(rest % hour_us / minute_us);
  c.second = static_cast<int>(rest % minute_us / second_us);
  c.micros = rest % second_us;
  c.weekday = static_cast<int>((days % 7 + 7 + 3) % 7) + 1;  // 1970-01-01 was a Thursday
  return c;
}

Result<Micros> parse_time(std::string_view text) {
  Digits d{text};
  const int year = d.take(4);
  d.ok = d.ok && d.eat('-');
  const int month = d.take(2);
  d.ok = d.ok && d.eat('-');
  const int day = d.take(2);
  d.ok = d.ok && (d.eat('T') || d.eat('t') || d.eat(' '));
  const int hour = d.take(2);
  d.ok = d.ok && d.eat(':');
  const int minute = d.take(2);
  d.ok = d.ok && d.eat(':');
  const int second = d.take(2);
  Micros micros = 0;
  if (d.ok && d.eat('.')) {
    Micros unit = 100'000;
    std::size_t digits = 0;
    while (d.at < text.size() && text[d.at] >= '0' && text[d.at] <= '9') {
      micros += (text[d.at++] - '0') * unit;
      unit /= 10;
      ++digits;
    }
    if (digits == 0 || digits > 9) return no_time(text);
  }
  Micros offset = 0;
  if (d.ok && !d.eat('Z') && !d.eat('z')) {
    const bool minus = d.eat('-');
    if (!minus && !d.eat('+')) return no_time(text);
    const int oh = d.take(2);
    d.ok = d.ok && d.eat(':');
    const int om = d.take(2);
    if (!d.ok || oh > 23 || om > 59) return no_time(text);
    offset = (oh * hour_us + om * minute_us) * (minus ? -1 : 1);
  }
  if (!d.ok || d.at != text.size() || year < 1970 || year > 2261 || month < 1 || month > 12 || day < 1 ||
      day > days_in_month(year, month) || hour > 23 || minute > 59 || second > 60)
    return no_time(text);
  return from_civil(year, month, day, hour, minute, second == 60 ? 59 : second) + micros - offset;
}

namespace {

/// As printf's %0*d: it stands on the way of every answer, and printf is ten times slower.
void put_digits(int number, std::ptrdiff_t width, std::string& out) {
  std::array<char, 12> digits{};
  if (number < 0) out.push_back('-'), --width;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), std::abs(number)).ptr;
  for (std::ptrdiff_t n = end - digits.data(); n < width; ++n) out.push_back('0');
  out.append(digits.data(), end);
}

}  // namespace

std::string format_time(Micros at) {
  const Civil c = to_civil(at);
  std::string out;
  out.reserve(32);
  put_digits(c.year, 4, out);
  const std::array<std::pair<char, int>, 5> parts{{{'-', c.month}, {'-', c.day}, {'T', c.hour}, {':', c.minute}, {':', c.second}}};
  for (const auto& [mark, number] : parts) {
    out.push_back(mark);
    put_digits(number, 2, out);
  }
  out.push_back('.');
  const bool fine = c.micros % 1000 != 0;
  put_digits(static_cast<int>(fine ? c.micros : c.micros / 1000), fine ? 6 : 3, out);
  out.push_back('Z');
  return out;
}

Result<Micros> parse_duration(std::string_view text) {
  const auto bad = [&] {
    return fail(Errc::invalid, "\"" + std::string(text.substr(0, 40)) +
                                   "\" is not a duration: write ISO 8601 like PT5M, PT1H30M or P1D, at most 400 days.");
  };
  if (text.size() < 3 || text[0] != 'P') return bad();
  bool in_time = false, any = false;
  int order = 0;  // units must come in falling size, each once
  Micros total = 0;
  for (std::size_t i = 1; i < text.size();) {
    if (text[i] == 'T') {
      if (in_time || i + 1 == text.size()) return bad();
      in_time = true;
      ++i;
      continue;
    }
    std::int64_t n = 0;
    const auto [end, ec] = std::from_chars(text.data() + i, text.data() + text.size(), n);
    if (ec != std::errc{} || n < 0 || text[i] == '-' || n > 40'000'000 || end == text.data() + text.size()) return bad();
    const char unit = *end;
    const int place = unit == 'D' && !in_time ? 1 : unit == 'H' && in_time ? 2 : unit == 'M' && in_time ? 3 : unit == 'S' && in_time ? 4 : 0;
    if (place <= order) return bad();
    order = place;
    total += n * (place == 1 ? day_us : place == 2 ? hour_us : place == 3 ? minute_us : second_us);
    any = true;
    i = static_cast<std::size_t>(end - text.data()) + 1;
  }
  if (!any || total > 400 * day_us) return bad();
  return total;
}

std::string format_duration(Micros span) {
  std::string out = "P";
  if (span >= day_us) out += std::to_string(span / day_us) + "D";
  const Micros rest = span % day_us;
  if (rest < second_us) return span < second_us ? "PT0S" : out;  // durations of the house are whole seconds
  out += "T";
  if (rest >= hour_us) out += std::to_string(rest / hour_us) + "H";
  if (rest % hour_us >= minute_us) out += std::to_string(rest % hour_us / minute_us) + "M";
  if (rest % minute_us != 0) out += std::to_string(rest % minute_us / second_us) + "S";
  return out;
}

std::string format_clock(int minute_of_day) {
  const std::string hours = std::to_string(minute_of_day / 60), minutes = std::to_string(minute_of_day % 60);
  return (hours.size() < 2 ? "0" : "") + hours + (minutes.size() < 2 ? ":0" : ":") + minutes;
}

}  // namespace heliograph
