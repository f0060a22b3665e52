// Decimal text to scaled integers without floating point on the way: 83.4 % -> 834 permille, exactly. Rounds half
// away from zero where the scale has fewer digits than the text. Knows no units.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace heliograph {

/// mantissa * 10^exponent; the mantissa keeps the first 18 significant digits, which decide every int64 we store.
struct Decimal {
  std::int64_t mantissa = 0;
  std::int32_t exponent = 0;
};

inline constexpr std::array<std::int64_t, 19> powers_of_ten = [] {
  std::array<std::int64_t, 19> p{};
  p[0] = 1;
  for (std::size_t i = 1; i < p.size(); ++i) p[i] = p[i - 1] * 10;
  return p;
}();

/// Reads the whole text by the grammar of JSON numbers; nullopt for anything else ("+1", ".5", "NaN", "85%").
std::optional<Decimal> parse_json_number(std::string_view text);

/// How people write numbers in a file: decimal point or comma, digit grouping. 0 = no grouping.
struct NumberStyle {
  char decimal = '.';
  std::string_view thousands;  // UTF-8 text between groups of digits, e.g. "." or a no-break space; empty = none
};
/// Like parse_json_number, but takes '+', "5." and ".5" too, in the declared style.
std::optional<Decimal> parse_number(std::string_view text, const NumberStyle& style);

/// round(d * 10^power * numerator / denominator), or nullopt when it does not fit. `exact` (when given) says whether
/// nothing was rounded. Requires: 0 < numerator, denominator <= 100,000,000.
inline std::optional<std::int64_t> scaled(Decimal d, int power, std::int64_t numerator = 1, std::int64_t denominator = 1,
                                          bool* exact = nullptr);
/// The same by way of 128 bits; ask `scaled`.
std::optional<std::int64_t> scaled_wide(Decimal d, int power, std::int64_t numerator, std::int64_t denominator,
                                        bool* exact);

inline std::optional<std::int64_t> scaled(Decimal d, int power, std::int64_t numerator, std::int64_t denominator,
                                          bool* exact) {
  const int shift = d.exponent + power;
  if (numerator != 1 || denominator != 1 || shift < 0 || shift > 18)
    return scaled_wide(d, power, numerator, denominator, exact);
  if (exact != nullptr) *exact = true;  // the way of nearly every JSON number
  std::int64_t value = 0;
  if (__builtin_mul_overflow(d.mantissa, powers_of_ten[static_cast<std::size_t>(shift)], &value)) return std::nullopt;
  return value;
}

}  // namespace heliograph
