// Integers as bytes: the codec under readings records and series blocks. A column is scaled by its common divisor,
// predicted by order 0 (plain), 1 (delta) or 2 (delta of delta), and stored in groups of 128 as frame-of-reference
// bit-packing, as a list where it seldom changes, or as one number where the prediction is exact. Layout:
// docs/LOG_FORMAT.md, "A column".
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/result.hpp"

namespace heliograph {

/// Appends `values` to `out`. Any int64 values (including `missing`) survive exactly. Deterministic.
void encode_column(std::span<const std::int64_t> values, std::string& out);
/// The same column in fewer bytes and more time: byte planes under zstd where those are shorter. For what is written
/// once and kept (series blocks); decode_column reads both.
void encode_column_tight(std::span<const std::int64_t> values, std::string& out);
/// Reads exactly `count` values from the front of `bytes` and advances it; corrupt when they are not there. `out` is
/// overwritten; after an error its contents mean nothing.
Status decode_column(std::string_view& bytes, std::size_t count, std::vector<std::int64_t>& out);

/// Unsigned LEB128, at most 10 bytes.
void put_varint(std::uint64_t value, std::string& out);
Result<std::uint64_t> take_varint(std::string_view& bytes);
void put_text(std::string_view text, std::string& out);  // varint length + bytes
Result<std::string_view> take_text(std::string_view& bytes);

// Modulo 2^64: columns take any int64, and no sum or difference of two overflows.
inline std::int64_t wrapping_sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
inline std::int64_t wrapping_difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

/// Signed to unsigned with small magnitudes small, for put_varint.
inline std::uint64_t zigzag(std::int64_t n) {
  return (static_cast<std::uint64_t>(n) << 1) ^ static_cast<std::uint64_t>(n >> 63);
}
inline std::int64_t unzigzag(std::uint64_t n) { return static_cast<std::int64_t>((n >> 1) ^ (~(n & 1) + 1)); }

/// zstd of `raw`, bare: no length, no checksum. For parts whose owner knows their length and guards their bytes.
std::string squeeze(std::string_view raw);
/// Fills `raw` completely, or answers corrupt.
Status unsqueeze(std::string_view bytes, std::span<char> raw);

/// zstd of `raw` prefixed with its length; `level` 1 to 19.
std::string compress(std::string_view raw, int level);
/// Refuses (corrupt) damaged bytes and anything that says it is larger than `limit` bytes.
Result<std::string> decompress(std::string_view bytes, std::size_t limit);

}  // namespace heliograph
