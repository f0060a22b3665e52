#include "api/decimal.hpp"

#include <cstddef>
#include <string>

namespace heliograph {
namespace {

using Wide = __int128;

constexpr bool digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

struct Scan {
  const char* at;
  const char* end;
  Decimal out;
  int kept = 0;  // significant digits in the mantissa

  bool done() const { return at == end; }
  /// Takes a run of digits; those behind the point lower the exponent. Answers how many there were.
  std::size_t digits(bool fraction) {
    const char* const from = at;
    for (; at != end && digit(*at); ++at) {
      if (kept < 18) {
        out.mantissa = out.mantissa * 10 + (*at - '0');
        if (out.mantissa != 0) ++kept;
        if (fraction) --out.exponent;
      } else if (!fraction) {
        ++out.exponent;
      }
    }
    return static_cast<std::size_t>(at - from);
  }
  bool take(char c) {
    if (at == end || *at != c) return false;
    ++at;
    return true;
  }
  bool exponent() {
    if (!take('e') && !take('E')) return true;
    const bool minus = take('-');
    if (!minus) take('+');
    if (done() || !digit(*at)) return false;
    std::int32_t e = 0;
    for (; at != end && digit(*at); ++at)
      if (e < 100'000) e = e * 10 + (*at - '0');
    // A text of a million zeros before its digits cannot lift the exponent out of the range of int32.
    out.exponent += minus ? -e : e;
    return true;
  }
};

}  // namespace

std::optional<Decimal> parse_json_number(std::string_view text) {
  Scan scan{text.data(), text.data() + text.size(), {}};
  const bool minus = scan.take('-');
  const bool zero = !scan.done() && *scan.at == '0';
  const std::size_t whole = scan.digits(false);
  if (whole == 0 || (zero && whole > 1)) return std::nullopt;
  if (scan.take('.') && scan.digits(true) == 0) return std::nullopt;
  if (!scan.exponent() || !scan.done()) return std::nullopt;
  if (minus) scan.out.mantissa = -scan.out.mantissa;
  return scan.out;
}

std::optional<Decimal> parse_number(std::string_view text, const NumberStyle& style) {
  std::string plain;  // short-string sized for every number that people write
  const std::string_view sep = style.thousands;
  for (std::size_t i = 0; i < text.size();) {
    if (!sep.empty() && text.substr(i, sep.size()) == sep) {
      // Grouping stands between digits and before the decimals only: "1.234,5", never "1,2.34".
      const bool between = i > 0 && digit(text[i - 1]) && i + sep.size() < text.size() && digit(text[i + sep.size()]);
      if (!between || plain.find('.') != std::string::npos) return std::nullopt;
      i += sep.size();
      continue;
    }
    if (text[i] == style.decimal) plain += '.';
    else if (text[i] == '.' || text[i] == ',') return std::nullopt;
    else plain += text[i];
    ++i;
  }
  Scan scan{plain.data(), plain.data() + plain.size(), {}};
  const bool minus = scan.take('-');
  if (!minus) scan.take('+');
  const std::size_t whole = scan.digits(false);
  const std::size_t behind = scan.take('.') ? scan.digits(true) : 0;
  if (whole + behind == 0 || !scan.exponent() || !scan.done()) return std::nullopt;
  if (minus) scan.out.mantissa = -scan.out.mantissa;
  return scan.out;
}

std::optional<std::int64_t> scaled_wide(Decimal d, int power, std::int64_t numerator, std::int64_t denominator,
                                        bool* exact) {
  if (exact != nullptr) *exact = true;
  if (d.mantissa == 0) return 0;
  const int shift = d.exponent + power;
  if (shift > 18) return std::nullopt;
  const bool minus = d.mantissa < 0;
  Wide n = static_cast<Wide>(minus ? -d.mantissa : d.mantissa) * numerator;
  Wide divisor = denominator;
  if (shift < -26) {  // below a hundred-millionth of one unit: nothing is left
    if (exact != nullptr) *exact = false;
    return 0;
  }
  for (int i = shift; i > 0; --i) {
    n *= 10;
    if (n > static_cast<Wide>(1) << 100) return std::nullopt;
  }
  for (int i = shift; i < 0; ++i) divisor *= 10;
  const Wide whole = n / divisor;
  const Wide rest = n % divisor;
  if (exact != nullptr) *exact = rest == 0;
  const Wide rounded = whole + (2 * rest >= divisor ? 1 : 0);
  if (rounded > INT64_MAX) return std::nullopt;
  return minus ? -static_cast<std::int64_t>(rounded) : static_cast<std::int64_t>(rounded);
}

}  // namespace heliograph
