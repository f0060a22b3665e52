#include "events/column_forms.hpp"

#include <array>
#include <cstring>
#include <vector>

#include "events/column_loops.hpp"
#include "events/columns.hpp"

namespace heliograph::column_forms {
namespace {

using namespace column_loops;

static_assert(std::endian::native == std::endian::little, "columns are packed with little-endian loads and stores");

using Values = std::vector<std::int64_t>;
constexpr std::size_t group_size = 128;

// ---- groups of 128 -----------------------------------------------------------------------------------------

std::size_t packed_bytes(std::size_t count, unsigned width) { return (count * width + 7) / 8; }

void pack(Residuals values, std::int64_t base, unsigned width, std::string& out) {
  std::array<std::uint8_t, group_size * 8 + 16> buffer{};
  std::size_t bit = 0;
  for (const std::int64_t value : values) {
    const auto offset = static_cast<std::uint64_t>(wrapping_difference(value, base));
    std::uint8_t* at = buffer.data() + bit / 8;
    const unsigned shift = bit % 8;
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    word |= offset << shift;
    std::memcpy(at, &word, 8);
    if (shift + width > 64) at[8] = static_cast<std::uint8_t>(offset >> (64 - shift));
    bit += width;
  }
  out.append(reinterpret_cast<const char*>(buffer.data()), packed_bytes(values.size(), width));
}

/// Requires: 8 readable bytes after the packed ones.
void unpack(const std::uint8_t* from, std::int64_t base, unsigned width, std::span<std::int64_t> values) {
  const std::uint64_t mask = width == 64 ? ~0ull : (1ull << width) - 1;
  const auto start = static_cast<std::uint64_t>(base);
  std::size_t bit = 0;
  if (width <= 56) {  // the loop that matters: one load, shift, mask and add a value
    for (std::int64_t& value : values) {
      std::uint64_t word;
      std::memcpy(&word, from + bit / 8, 8);
      value = static_cast<std::int64_t>(start + ((word >> (bit % 8)) & mask));
      bit += width;
    }
    return;
  }
  for (std::int64_t& value : values) {
    std::uint64_t word;
    std::memcpy(&word, from + bit / 8, 8);
    const unsigned shift = bit % 8;
    word >>= shift;
    if (shift > 0) word |= static_cast<std::uint64_t>(from[bit / 8 + 8]) << (64 - shift);
    value = static_cast<std::int64_t>(start + (word & mask));
    bit += width;
  }
}

void put_groups(Residuals residuals, std::string& out) {
  for (std::size_t i = 0; i < residuals.size(); i += group_size) {
    const auto part = residuals.subspan(i, std::min(group_size, residuals.size() - i));
    const Range range = range_of(part);
    out.push_back(static_cast<char>(range.width()));
    put_varint(zigzag(range.min), out);
    if (range.width() > 0) pack(part, range.min, range.width(), out);
  }
}

bool take_groups(std::string_view& bytes, std::span<std::int64_t> residuals) {
  std::array<std::uint8_t, group_size * 8 + 8> padded;
  for (std::size_t i = 0; i < residuals.size(); i += group_size) {
    const auto part = residuals.subspan(i, std::min(group_size, residuals.size() - i));
    if (bytes.empty()) return false;
    const auto width = static_cast<unsigned>(static_cast<std::uint8_t>(bytes[0]));
    bytes.remove_prefix(1);
    const auto base = take_varint(bytes);
    if (!base || width > 64) return false;
    const std::size_t size = packed_bytes(part.size(), width);
    if (size > bytes.size()) return false;
    const auto* from = reinterpret_cast<const std::uint8_t*>(bytes.data());
    if (bytes.size() < size + 8) {  // near the end: unpack's wide loads must not leave `bytes`
      std::memcpy(padded.data(), from, size);
      std::memset(padded.data() + size, 0, 8);
      from = padded.data();
    }
    unpack(from, unzigzag(*base), width, part);
    bytes.remove_prefix(size);
  }
  return true;
}

// ---- sparse residuals ----------------------------------------------------------------------------------------

// A price that changes by the hour, a mode that changes twice a day: how many are not zero, how many zeros stand
// before each, and which numbers they are.
void put_sparse(Residuals residuals, std::string& out) {
  Values gaps, numbers;
  std::int64_t gap = 0;
  for (const std::int64_t residual : residuals) {
    if (residual == 0) {
      ++gap;
      continue;
    }
    gaps.push_back(gap);
    numbers.push_back(residual);
    gap = 0;
  }
  put_varint(numbers.size(), out);
  put_groups(gaps, out);
  put_groups(numbers, out);
}

bool take_sparse(std::string_view& bytes, std::span<std::int64_t> residuals) {
  const auto count = take_varint(bytes);
  if (!count || *count > residuals.size()) return false;
  Values gaps(*count), numbers(*count);
  if (!take_groups(bytes, gaps) || !take_groups(bytes, numbers)) return false;
  std::fill(residuals.begin(), residuals.end(), 0);
  std::size_t at = 0;
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    if (gaps[i] < 0 || static_cast<std::uint64_t>(gaps[i]) >= residuals.size() - at) return false;
    at += static_cast<std::size_t>(gaps[i]);
    residuals[at++] = numbers[i];
  }
  return true;
}

// ---- byte planes --------------------------------------------------------------------------------------------

// All lowest bytes, then all second ones, ...: what zstd's entropy stage can use, which packed bits are not.
void put_planes(Residuals residuals, std::string& out) {
  std::uint64_t used = 1;
  for (const std::int64_t residual : residuals) used |= zigzag(residual);
  const std::size_t width = static_cast<std::size_t>(std::bit_width(used) + 7) / 8;
  std::string raw(width * residuals.size(), '\0');
  for (std::size_t plane = 0; plane < width; ++plane) {
    char* to = raw.data() + plane * residuals.size();
    for (std::size_t i = 0; i < residuals.size(); ++i)
      to[i] = static_cast<char>(zigzag(residuals[i]) >> (8 * plane));
  }
  out.push_back(static_cast<char>(width));
  put_text(squeeze(raw), out);
}

bool take_planes(std::string_view& bytes, std::span<std::int64_t> residuals) {
  if (bytes.empty()) return false;
  const auto width = static_cast<std::size_t>(static_cast<std::uint8_t>(bytes[0]));
  bytes.remove_prefix(1);
  if (width < 1 || width > 8) return false;
  const auto frame = take_text(bytes);
  if (!frame) return false;
  thread_local std::vector<char> raw;
  raw.resize(width * residuals.size());
  if (!unsqueeze(*frame, raw)) return false;
  const auto* from = reinterpret_cast<const std::uint8_t*>(raw.data());
  for (std::size_t i = 0; i < residuals.size(); ++i) residuals[i] = from[i];
  for (std::size_t plane = 1; plane < width; ++plane) {
    from += residuals.size();
    for (std::size_t i = 0; i < residuals.size(); ++i)
      residuals[i] |= static_cast<std::int64_t>(static_cast<std::uint64_t>(from[i]) << (8 * plane));
  }
  for (std::int64_t& residual : residuals) residual = unzigzag(static_cast<std::uint64_t>(residual));
  return true;
}

/// log2 in 1/256, piecewise linear: integers only, so that every machine chooses the same order.
constexpr std::uint64_t log2_fixed(std::uint64_t n) {
  const auto whole = static_cast<unsigned>(std::bit_width(n)) - 1;
  return whole * 256 + (((n << 8) >> whole) & 255);
}

/// n * log2(n) for counts as they occur in blocks.
constexpr auto small_weights = [] {
  std::array<std::uint32_t, 1024> table{};
  for (std::uint32_t i = 1; i < table.size(); ++i) table[i] = static_cast<std::uint32_t>(i * log2_fixed(i));
  return table;
}();
std::uint64_t weight(std::uint64_t n) { return n < small_weights.size() ? small_weights[n] : n * log2_fixed(n); }

}  // namespace

Price price(Residuals residuals) {
  Range all{residuals[0], residuals[0]};
  std::size_t bytes = 0, zeros = 0;
  for (std::size_t i = 0; i < residuals.size(); i += group_size) {
    const auto part = residuals.subspan(i, std::min(group_size, residuals.size() - i));
    const Range range = range_of(part);
    all = {std::min(all.min, range.min), std::max(all.max, range.max)};
    bytes += 1 + varint_size(zigzag(range.min)) + packed_bytes(part.size(), range.width());
    zeros += count_of(part, 0);
  }
  if (all.min == all.max) return {constant, varint_size(zigzag(all.min))};
  if (zeros < residuals.size() / 4 * 3) return {groups, bytes};
  std::string listed;
  put_sparse(residuals, listed);
  return listed.size() < bytes ? Price{sparse, listed.size()} : Price{groups, bytes};
}

std::uint64_t planes_price(Residuals residuals) {
  const std::size_t looked = (residuals.size() + 1) / 2;
  const std::uint64_t all = looked * log2_fixed(looked);
  std::uint64_t used = 1, cost = 0;
  for (const std::int64_t residual : residuals) used |= zigzag(residual);
  for (unsigned shift = 0; shift < static_cast<unsigned>(std::bit_width(used)); shift += 8) {
    std::array<std::array<std::uint32_t, 256>, 2> seen{};  // two, so that equal neighbours do not wait for each other
    for (std::size_t i = 0; i < residuals.size(); i += 2) ++seen[i >> 1 & 1][(zigzag(residuals[i]) >> shift) & 255];
    cost += all;  // the sum over all bytes of times * log2(values / times)
    for (std::size_t byte = 0; byte < 256; ++byte) cost -= weight(seen[0][byte] + seen[1][byte]);
  }
  return cost * 2;
}

void put(Residuals residuals, Form form, std::string& out) {
  switch (form) {
    case groups: return put_groups(residuals, out);
    case constant: return put_varint(zigzag(residuals[0]), out);
    case sparse: return put_sparse(residuals, out);
    case planes: return put_planes(residuals, out);
  }
}

bool take(std::string_view& bytes, Form form, std::span<std::int64_t> residuals) {
  switch (form) {
    case groups: return take_groups(bytes, residuals);
    case sparse: return take_sparse(bytes, residuals);
    case planes: return take_planes(bytes, residuals);
    case constant: break;
  }
  const auto residual = take_varint(bytes);
  if (!residual) return false;
  std::fill(residuals.begin(), residuals.end(), unzigzag(*residual));
  return true;
}

}  // namespace heliograph::column_forms
