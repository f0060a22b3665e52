#include "events/json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace heliograph {
namespace {

struct Sequence {
  std::size_t bytes = 1;  // how many belong together, at least one
  bool good = false;
};

/// The UTF-8 sequence at the front of `s` (RFC 3629): shortest forms only, no surrogates, up to U+10FFFF.
Sequence sequence_at(std::string_view s) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {1, true};
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  const std::size_t wanted = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  for (std::size_t i = 1; i < wanted; ++i) {
    unsigned char low = 0x80, high = 0xBF;
    if (i == 1 && lead == 0xE0) low = 0xA0;
    if (i == 1 && lead == 0xED) high = 0x9F;
    if (i == 1 && lead == 0xF0) low = 0x90;
    if (i == 1 && lead == 0xF4) high = 0x8F;
    if (i >= s.size() || byte(i) < low || byte(i) > high) return {i, false};
  }
  return {wanted, true};
}

std::string repaired(std::string_view s) {
  std::string out;
  while (!s.empty()) {
    const Sequence sequence = sequence_at(s);
    out += sequence.good ? s.substr(0, sequence.bytes) : std::string_view("\xEF\xBF\xBD");
    s.remove_prefix(sequence.bytes);
  }
  return out;
}

}  // namespace

JsonWriter& JsonWriter::string(std::string_view s) {
  const auto plain = [](unsigned char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; };  // stands for itself
  if (std::all_of(s.begin(), s.end(), plain)) {
    writer_.put_quoted(s);
    return *this;
  }
  const std::string text = repaired(s);
  writer_.String(text.data(), size(text));
  return *this;
}

JsonWriter& JsonWriter::time(Micros at) {
  if (time_.second.empty() || time_.first != at) time_ = {at, format_time(at)};
  writer_.put_quoted(time_.second);
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t n) {
  char text[24];
  writer_.put(rapidjson::kNumberType, {text, std::to_chars(text, text + sizeof text, n).ptr});
  return *this;
}

JsonWriter& JsonWriter::unsigned_integer(std::uint64_t n) {
  char text[24];
  writer_.put(rapidjson::kNumberType, {text, std::to_chars(text, text + sizeof text, n).ptr});
  return *this;
}

JsonWriter& JsonWriter::number(double d) {
  if (!std::isfinite(d)) return null();
  char text[32];
  writer_.put(rapidjson::kNumberType, {text, std::to_chars(text, text + sizeof text, d).ptr});
  return *this;
}

JsonWriter& JsonWriter::rounded(double d, unsigned decimals) {
  constexpr std::array<double, 10> powers{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
  constexpr double exact = 9e15;  // doubles count one by one up to 2^53
  const double scaled = d * powers.at(decimals);
  return std::abs(scaled) < exact ? decimal(std::llround(scaled), decimals) : number(d);
}

JsonWriter& JsonWriter::decimal(std::int64_t value, unsigned decimals) {
  char digits[24];
  const bool negative = value < 0;
  // Unsigned negation is defined for the smallest int64, too.
  std::uint64_t rest = negative ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  while (decimals > 0 && rest % 10 == 0) {
    rest /= 10;
    --decimals;
  }
  char text[32];
  char* at = text;
  const auto end = std::to_chars(digits, digits + sizeof digits, rest).ptr;
  const auto n = static_cast<unsigned>(end - digits);
  if (negative && rest != 0) *at++ = '-';
  if (decimals == 0) {
    at = std::copy(digits, end, at);
  } else if (n <= decimals) {
    *at++ = '0';
    *at++ = '.';
    for (unsigned i = n; i < decimals; ++i) *at++ = '0';
    at = std::copy(digits, end, at);
  } else {
    at = std::copy(digits, digits + (n - decimals), at);
    *at++ = '.';
    at = std::copy(digits + (n - decimals), digits + n, at);
  }
  writer_.put(rapidjson::kNumberType, {text, at});
  return *this;
}

JsonWriter& JsonWriter::metric(Metric metric, std::int64_t value) {
  if (value == missing) return null();
  // Powers of ten only (metric.cpp): the scale as a count of decimals keeps the text exact.
  unsigned decimals = 0;
  for (double scale = info(metric).api_scale; scale < 0.99; scale *= 10) ++decimals;
  return decimal(value, decimals);
}

}  // namespace heliograph
