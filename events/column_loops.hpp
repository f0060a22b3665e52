// The loops over whole columns that encoding one spends its time in, each compiled for the vector units that a machine may
// have and chosen when the program starts. The results are the same everywhere.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

namespace heliograph::column_loops {

using Column = std::span<const std::int64_t>;

struct Range {
  std::int64_t min, max;
  /// Bits that the distance of the two takes; it wraps modulo 2^64, as all arithmetic on columns does.
  unsigned width() const {
    return static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(max) - static_cast<std::uint64_t>(min)));
  }
};

Range range_of(Column values);          // Requires: not empty
/// Without what is missing. Requires: a value is there.
Range range_of_present(Column values);
std::size_t count_of(Column values, std::int64_t wanted);
/// out[i] = values[i] - base. Requires: `out` is as long.
void subtract(Column values, std::int64_t base, std::int64_t* out);
/// out[i] = values[i + 1] - values[i]. Requires: `out` is one shorter.
void difference(Column values, std::int64_t* out);
/// Whether all are multiples of `divisor`. Requires: all numbers below 2^53 in magnitude, divisor > 0.
bool all_multiples(Column values, std::int64_t divisor);
/// Divides each. Requires: as all_multiples, which said yes.
void divide(std::span<std::int64_t> values, std::int64_t divisor);

}  // namespace heliograph::column_loops
