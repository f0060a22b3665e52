#include "events/column_loops.hpp"

#include <algorithm>
#include <limits>

#include "events/columns.hpp"
#include "events/metric.hpp"

// Names, not options of the compiler: one binary runs on every machine of its kind and uses what that one has. What chooses
// runs before ThreadSanitizer is ready for it.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__)
#define FOR_EVERY_VECTOR_UNIT __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_EVERY_VECTOR_UNIT
#endif

namespace heliograph::column_loops {

FOR_EVERY_VECTOR_UNIT Range range_of(Column values) {
  std::int64_t min = values[0], max = values[0];
  for (const std::int64_t value : values) {
    min = std::min(min, value);
    max = std::max(max, value);
  }
  return {min, max};
}

FOR_EVERY_VECTOR_UNIT Range range_of_present(Column values) {
  // One less than the least int64 wraps to the largest: what is missing is neither the least nor the largest.
  static_assert(missing == std::numeric_limits<std::int64_t>::min());
  std::int64_t min = std::numeric_limits<std::int64_t>::max(), max = missing;
  for (const std::int64_t value : values) {
    min = std::min(min, wrapping_difference(value, 1));
    max = std::max(max, value);
  }
  return {min + 1, max};
}

FOR_EVERY_VECTOR_UNIT std::size_t count_of(Column values, std::int64_t wanted) {
  std::size_t count = 0;
  for (const std::int64_t value : values) count += value == wanted ? 1 : 0;
  return count;
}

FOR_EVERY_VECTOR_UNIT void subtract(Column values, std::int64_t base, std::int64_t* out) {
  for (std::size_t i = 0; i < values.size(); ++i) out[i] = wrapping_difference(values[i], base);
}

FOR_EVERY_VECTOR_UNIT void difference(Column values, std::int64_t* out) {
  for (std::size_t i = 0; i + 1 < values.size(); ++i) out[i] = wrapping_difference(values[i + 1], values[i]);
}

// Numbers below 2^53 are exact as doubles, whose division is several times faster than that of 64-bit integers and gives
// the exact quotient where there is no remainder.

FOR_EVERY_VECTOR_UNIT bool all_multiples(Column values, std::int64_t divisor) {
  const auto by = static_cast<double>(divisor);
  std::int64_t rests = 0;
  for (const std::int64_t value : values)
    rests |= value - static_cast<std::int64_t>(static_cast<double>(value) / by) * divisor;
  return rests == 0;
}

FOR_EVERY_VECTOR_UNIT void divide(std::span<std::int64_t> values, std::int64_t divisor) {
  const auto by = static_cast<double>(divisor);
  for (std::int64_t& value : values) value = static_cast<std::int64_t>(static_cast<double>(value) / by);
}

}  // namespace heliograph::column_loops
