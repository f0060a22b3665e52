#include "events/json.hpp"

#include <charconv>
#include <cmath>

namespace heliograph {

JsonWriter& JsonWriter::number(double d) {
  if (!std::isfinite(d)) return null();
  char text[32];
  const auto [end, ec] = std::to_chars(text, text + sizeof text, d);
  writer_.RawValue(text, static_cast<std::size_t>(end - text), rapidjson::kNumberType);
  return *this;
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
  writer_.RawValue(text, static_cast<std::size_t>(at - text), rapidjson::kNumberType);
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
