#include "events/json.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

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

void JsonWriter::grow(std::size_t most) { text_.resize(std::max(text_.size() * 2, size_ + most + 256)); }

std::string JsonWriter::take() {
  text_.resize(std::exchange(size_, 0));
  if (text_.size() < text_.capacity() / 4) text_.shrink_to_fit();  // much less than was expected
  return std::exchange(text_, {});
}

/// Bytes that stand for themselves, as most do, are copied whole; RapidJSON knows how to say the others.
void JsonWriter::put_string(std::string_view s) {
  const auto plain = [](unsigned char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; };
  if (std::all_of(s.begin(), s.end(), plain)) {
    char* at = room_for_value(s.size() + 2);
    *at++ = '"';
    at = std::copy(s.begin(), s.end(), at);
    *at++ = '"';
    return written(at);
  }
  const std::string text = repaired(s);
  rapidjson::StringBuffer quoted;
  rapidjson::Writer<rapidjson::StringBuffer>(quoted).String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  raw({quoted.GetString(), quoted.GetSize()});
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  written(std::copy(json.begin(), json.end(), room_for_value(json.size())));
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view s) {
  put_string(s);
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view k) {
  put_string(k);
  return close(':');
}

JsonWriter& JsonWriter::time(Micros at) {
  if (time_.second.empty() || time_.first != at) time_ = {at, '"' + format_time(at) + '"'};
  return raw(time_.second);
}

namespace {
constexpr std::size_t number_max = 32;  // bytes of any number
}

JsonWriter& JsonWriter::integer(std::int64_t n) {
  char* at = room_for_value(number_max);
  written(std::to_chars(at, at + number_max, n).ptr);
  return *this;
}

JsonWriter& JsonWriter::unsigned_integer(std::uint64_t n) {
  char* at = room_for_value(number_max);
  written(std::to_chars(at, at + number_max, n).ptr);
  return *this;
}

JsonWriter& JsonWriter::number(double d) {
  if (!std::isfinite(d)) return null();
  // Whoever reads a number without a point takes it for an integer: there is no -0, and beyond 64 bits there are none.
  constexpr double integers = 9e18;
  if (d == 0) d = 0;
  char* at = room_for_value(number_max);
  written(std::abs(d) < integers ? std::to_chars(at, at + number_max, d).ptr : std::to_chars(at, at + number_max, d, std::chars_format::scientific).ptr);
  return *this;
}

JsonWriter& JsonWriter::rounded(double d, unsigned decimals) {
  constexpr std::array<double, 10> powers{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
  constexpr double exact = 9e15;  // doubles count one by one up to 2^53
  const double scaled = d * powers.at(decimals);
  return std::abs(scaled) < exact ? decimal(std::llround(scaled), decimals) : number(d);
}

JsonWriter& JsonWriter::decimal(std::int64_t value, unsigned decimals) {
  // Unsigned negation is defined for the smallest int64, too.
  std::uint64_t rest = value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  for (; decimals > 0 && rest % 10 == 0; --decimals) rest /= 10;
  char* at = room_for_value(number_max);
  if (value < 0) *at++ = '-';
  std::uint64_t unit = 1;
  for (unsigned i = 0; i < decimals; ++i) unit *= 10;
  at = std::to_chars(at, at + number_max, rest / unit).ptr;
  if (decimals > 0) {
    *at = '.';
    rest %= unit;
    for (unsigned i = decimals; i > 0; --i, rest /= 10) at[i] = static_cast<char>('0' + rest % 10);
    at += decimals + 1;
  }
  written(at);
  return *this;
}

namespace {

/// Powers of ten only (metric.cpp): the scale as a count of decimals keeps the text exact.
std::array<std::uint8_t, metric_slots> scales() {
  std::array<std::uint8_t, metric_slots> decimals{};
  for (const MetricInfo& about : all_metrics())
    for (double scale = about.api_scale; scale < 0.99; scale *= 10) ++decimals[static_cast<std::size_t>(about.metric)];
  return decimals;
}

}  // namespace

JsonWriter& JsonWriter::metric(Metric metric, std::int64_t value) {
  static const auto decimals = scales();
  return value == missing ? null() : decimal(value, decimals[static_cast<std::size_t>(metric)]);
}

}  // namespace heliograph
