// Integers as bytes: the codec under readings records and series blocks. A column is split into groups of
// 128; each group is stored as zigzag deltas in frame-of-reference bit-packing, or run-length where constant.
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
/// Reads exactly `count` values from the front of `bytes` and advances it; corrupt when they are not there.
Status decode_column(std::string_view& bytes, std::size_t count, std::vector<std::int64_t>& out);

/// Unsigned LEB128, at most 10 bytes.
void put_varint(std::uint64_t value, std::string& out);
Result<std::uint64_t> take_varint(std::string_view& bytes);
void put_text(std::string_view text, std::string& out);  // varint length + bytes
Result<std::string_view> take_text(std::string_view& bytes);

/// zstd of `raw` prefixed with its length; `level` 1 to 19.
std::string compress(std::string_view raw, int level);
/// Refuses (corrupt) damaged bytes and anything that says it is larger than `limit` bytes.
Result<std::string> decompress(std::string_view bytes, std::size_t limit);

}  // namespace heliograph
