// One column: [head byte] [presence] [first value] [divisor] [first delta] [residuals]. The head byte says which of
// them are there: bits 0-1 presence, 2-3 order, 4 constant residual, 5 divisor, 6 byte planes under zstd, 7 zero.
// Arithmetic wraps modulo 2^64 throughout, so every int64 survives whatever the order.
#include "events/columns.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <numeric>
#include <optional>
#include <utility>

#include "events/metric.hpp"

namespace heliograph {
namespace {

static_assert(std::endian::native == std::endian::little, "columns are packed with little-endian loads and stores");

using Values = std::vector<std::int64_t>;
constexpr std::size_t group_size = 128;
constexpr int tight_level = 3;

enum Presence : std::uint8_t { all_present = 0, none_present = 1, bitmap = 2, runs = 3 };
constexpr std::uint8_t constant_bit = 1 << 4, divisor_bit = 1 << 5, planes_bit = 1 << 6, unused_bit = 1 << 7;

std::int64_t plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::size_t varint_size(std::uint64_t n) { return static_cast<std::size_t>(std::bit_width(n | 1) + 6) / 7; }

tl::unexpected<Error> damaged() {
  return fail(Errc::corrupt, "A column of numbers is damaged or cut off: run heliograph verify.");
}

// ---- groups of 128 -----------------------------------------------------------------------------------------

struct Range {
  std::int64_t min, max;
  unsigned width() const { return static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(minus(max, min)))); }
};

Range range_of(std::span<const std::int64_t> values) {
  Range range{values[0], values[0]};
  for (const std::int64_t value : values) {
    range.min = std::min(range.min, value);
    range.max = std::max(range.max, value);
  }
  return range;
}

std::size_t packed_bytes(std::size_t count, unsigned width) { return (count * width + 7) / 8; }

void pack(std::span<const std::int64_t> values, std::int64_t base, unsigned width, std::string& out) {
  std::array<std::uint8_t, group_size * 8 + 16> buffer{};
  std::size_t bit = 0;
  for (const std::int64_t value : values) {
    const auto offset = static_cast<std::uint64_t>(minus(value, base));
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

std::size_t groups_bytes(std::span<const std::int64_t> residuals) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < residuals.size(); i += group_size) {
    const auto part = residuals.subspan(i, std::min(group_size, residuals.size() - i));
    const Range range = range_of(part);
    bytes += 1 + varint_size(zigzag(range.min)) + packed_bytes(part.size(), range.width());
  }
  return bytes;
}

void put_groups(std::span<const std::int64_t> residuals, std::string& out) {
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

// ---- byte planes --------------------------------------------------------------------------------------------

// All lowest bytes, then all second ones, ...: what zstd's entropy stage can use, which packed bits are not.
std::string planes_of(std::span<const std::int64_t> residuals) {
  std::uint64_t used = 0;
  for (const std::int64_t residual : residuals) used |= zigzag(residual);
  const std::size_t width = std::max<std::size_t>(1, static_cast<std::size_t>(std::bit_width(used) + 7) / 8);
  std::string planes(width * residuals.size(), '\0');
  for (std::size_t plane = 0; plane < width; ++plane) {
    char* to = planes.data() + plane * residuals.size();
    for (std::size_t i = 0; i < residuals.size(); ++i)
      to[i] = static_cast<char>(zigzag(residuals[i]) >> (8 * plane));
  }
  return planes;
}

bool take_planes(std::string_view& bytes, std::span<std::int64_t> residuals) {
  const auto frame = take_text(bytes);
  if (!frame) return false;
  const auto planes = decompress(*frame, residuals.size() * 8);
  if (!planes || residuals.empty() || planes->empty() || planes->size() % residuals.size() != 0) return false;
  const std::size_t width = planes->size() / residuals.size();
  const auto* from = reinterpret_cast<const std::uint8_t*>(planes->data());
  for (std::size_t i = 0; i < residuals.size(); ++i) residuals[i] = from[i];
  for (std::size_t plane = 1; plane < width; ++plane) {
    from += residuals.size();
    for (std::size_t i = 0; i < residuals.size(); ++i)
      residuals[i] |= static_cast<std::int64_t>(static_cast<std::uint64_t>(from[i]) << (8 * plane));
  }
  for (std::int64_t& residual : residuals) residual = unzigzag(static_cast<std::uint64_t>(residual));
  return true;
}

// ---- presence -----------------------------------------------------------------------------------------------

Presence put_presence(std::span<const std::int64_t> values, std::string& out) {
  std::string lengths;  // of runs: present, missing, present, ...
  bool present = true;
  for (std::size_t i = 0; i < values.size();) {
    const std::size_t start = i;
    while (i < values.size() && (values[i] != missing) == present) ++i;
    put_varint(i - start, lengths);
    present = !present;
  }
  const std::size_t bitmap_bytes = (values.size() + 7) / 8;
  if (lengths.size() < bitmap_bytes) {
    out += lengths;
    return runs;
  }
  const std::size_t at = out.size();
  out.resize(at + bitmap_bytes);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i] != missing) out[at + i / 8] = static_cast<char>(out[at + i / 8] | (1 << (i % 8)));
  return bitmap;
}

/// Marks in `flags` (one a value) what is present. Answers how many are, or nothing when the bytes are damaged.
std::optional<std::size_t> take_presence(std::string_view& bytes, Presence kind, std::vector<std::uint8_t>& flags) {
  const std::size_t count = flags.size();
  std::size_t present = 0;
  if (kind == bitmap) {
    const std::size_t size = (count + 7) / 8;
    if (bytes.size() < size) return std::nullopt;
    for (std::size_t i = 0; i < count; ++i) {
      flags[i] = static_cast<std::uint8_t>(bytes[i / 8] >> (i % 8)) & 1;
      present += flags[i];
    }
    if (count % 8 != 0 && static_cast<std::uint8_t>(bytes[size - 1]) >> (count % 8) != 0) return std::nullopt;
    bytes.remove_prefix(size);
  } else {
    std::uint8_t flag = 1;
    for (std::size_t i = 0; i < count; flag ^= 1) {
      const auto length = take_varint(bytes);
      if (!length || *length > count - i || (*length == 0 && i > 0)) return std::nullopt;
      if (*length == 0 && flag == 0) return std::nullopt;
      std::fill_n(flags.begin() + static_cast<std::ptrdiff_t>(i), *length, flag);
      i += *length;
      present += flag * *length;
    }
  }
  // All or none of them have a shorter form: encode_column does not write these.
  if (present == 0 || present == count) return std::nullopt;
  return present;
}

// ---- prediction ---------------------------------------------------------------------------------------------

/// Largest number that divides every difference from the first value; 1 when there is none to gain.
std::uint64_t common_divisor(std::span<const std::int64_t> values) {
  const Range range = range_of(values);
  if (range.width() > 62) return 1;  // differences would not fit a signed number
  std::uint64_t divisor = 0, before = 0;
  for (std::size_t i = 1; i < values.size() && divisor != 1; ++i) {
    const std::int64_t step = values[i] - values[i - 1];
    const auto size = static_cast<std::uint64_t>(step < 0 ? -step : step);
    if (size == before || size == 0) continue;
    before = size;
    if (divisor == 0 || size % divisor != 0) divisor = std::gcd(divisor, size);
  }
  return std::max<std::uint64_t>(divisor, 1);
}

struct Prediction {
  unsigned order = 0;
  bool constant = false;
  std::size_t bytes = 0;
};

void difference(Values& values) {
  for (std::size_t i = 0; i + 1 < values.size(); ++i) values[i] = minus(values[i + 1], values[i]);
  values.pop_back();
}

Prediction judge(std::span<const std::int64_t> residuals, unsigned order) {
  const Range range = range_of(residuals);
  if (range.min == range.max) return {order, true, varint_size(zigzag(range.min))};
  return {order, false, groups_bytes(residuals)};
}

/// What goes before the residuals once the order is chosen, and the residuals of that order.
struct Plan {
  Prediction best;
  std::int64_t first = 0, first_delta = 0;
  std::uint64_t divisor = 1;
  std::array<Values, 3> residuals;  // by order; scratch kept between columns
};

void make_plan(std::span<const std::int64_t> values, Plan& plan) {
  plan.first = values[0];
  plan.divisor = common_divisor(values);
  plan.residuals[0].resize(values.size());
  const auto divisor = static_cast<std::int64_t>(plan.divisor);
  for (std::size_t i = 0; i < values.size(); ++i) plan.residuals[0][i] = minus(values[i], plan.first);
  if (divisor != 1)
    for (std::int64_t& value : plan.residuals[0]) value /= divisor;
  plan.best = judge(plan.residuals[0], 0);
  plan.first_delta = 0;
  for (unsigned order = 1; order < 3; ++order) {
    if (values.size() <= order) break;
    plan.residuals[order] = plan.residuals[order - 1];
    difference(plan.residuals[order]);
    if (order == 1) plan.first_delta = plan.residuals[1][0];
    const Prediction next = judge(plan.residuals[order], order);
    if (next.bytes < plan.best.bytes) plan.best = next;
  }
}

void undo(std::span<std::int64_t> values, unsigned order, std::int64_t first_delta) {
  if (order == 2) {
    std::int64_t delta = first_delta;
    std::int64_t sum = first_delta;
    for (std::int64_t& value : values) {
      delta = plus(delta, value);
      sum = plus(sum, delta);
      value = sum;
    }
  } else if (order == 1) {
    std::int64_t sum = 0;
    for (std::int64_t& value : values) value = sum = plus(sum, value);
  }
}

void put_scale(const Plan& plan, unsigned order, std::string& out) {
  put_varint(zigzag(plan.first), out);
  if (plan.divisor != 1) put_varint(plan.divisor, out);
  if (order == 2) put_varint(zigzag(plan.first_delta), out);
}

/// Head and presence; answers the values that are present, in `scratch` where some are missing.
std::span<const std::int64_t> put_head(std::span<const std::int64_t> values, std::string& out, Values& scratch) {
  const auto missing_count = static_cast<std::size_t>(std::count(values.begin(), values.end(), missing));
  out.push_back(static_cast<char>(missing_count == values.size() ? none_present : all_present));
  if (missing_count == 0) return values;
  if (missing_count == values.size()) return {};
  const std::size_t head = out.size() - 1;
  const Presence presence = put_presence(values, out);
  out[head] = static_cast<char>(presence);
  scratch.clear();
  for (const std::int64_t value : values)
    if (value != missing) scratch.push_back(value);
  return scratch;
}

/// The shortest frame of byte planes over the orders, and which order that is.
std::pair<std::string, unsigned> best_planes(const Plan& plan) {
  std::pair<std::string, unsigned> best;
  for (unsigned order = 0; order < 2; ++order) {
    auto frame = compress(planes_of(plan.residuals[order]), tight_level);
    if (best.first.empty() || frame.size() < best.first.size()) best = {std::move(frame), order};
  }
  return best;
}

void encode(std::span<const std::int64_t> values, std::string& out, bool tight) {
  if (values.empty()) return;
  thread_local Plan plan;
  thread_local Values scratch;
  const std::size_t head = out.size();
  const auto present = put_head(values, out, scratch);
  if (present.empty()) return;
  make_plan(present, plan);
  unsigned flags = plan.divisor != 1 ? divisor_bit : 0u;
  // Below this the frame's own header eats what the planes save.
  if (tight && !plan.best.constant && plan.best.bytes > 48) {
    const auto [frame, order] = best_planes(plan);
    if (frame.size() + varint_size(frame.size()) < plan.best.bytes) {
      out[head] = static_cast<char>(static_cast<unsigned>(out[head]) | flags | planes_bit | (order << 2));
      put_scale(plan, order, out);
      put_text(frame, out);
      return;
    }
  }
  if (plan.best.constant) flags |= constant_bit;
  out[head] = static_cast<char>(static_cast<unsigned>(out[head]) | flags | (plan.best.order << 2));
  put_scale(plan, plan.best.order, out);
  const Values& residuals = plan.residuals[plan.best.order];
  if (plan.best.constant)
    put_varint(zigzag(residuals[0]), out);
  else
    put_groups(residuals, out);
}

/// Everything after head and presence, into `values` (all present).
Status decode_present(std::string_view& bytes, std::uint8_t head, std::span<std::int64_t> values) {
  const unsigned order = (head >> 2) & 3;
  if (order > 2 || values.size() <= order) return damaged();
  const auto first = take_varint(bytes);
  if (!first) return damaged();
  std::uint64_t divisor = 1;
  if (head & divisor_bit) {
    const auto stored = take_varint(bytes);
    if (!stored || *stored < 2) return damaged();
    divisor = *stored;
  }
  std::int64_t first_delta = 0;
  if (order == 2) {
    const auto stored = take_varint(bytes);
    if (!stored) return damaged();
    first_delta = unzigzag(*stored);
  }
  const auto residuals = values.subspan(order);
  if (head & constant_bit) {
    const auto residual = take_varint(bytes);
    if (!residual) return damaged();
    std::fill(residuals.begin(), residuals.end(), unzigzag(*residual));
  } else if (!(head & planes_bit ? take_planes(bytes, residuals) : take_groups(bytes, residuals))) {
    return damaged();
  }
  undo(residuals, order, first_delta);
  if (order > 0) values[0] = 0;
  if (order == 2) values[1] = first_delta;
  const auto start = static_cast<std::uint64_t>(unzigzag(*first));
  for (std::int64_t& value : values)
    value = static_cast<std::int64_t>(start + static_cast<std::uint64_t>(value) * divisor);
  return {};
}

void spread(std::vector<std::int64_t>& values, std::size_t present, const std::vector<std::uint8_t>& flags) {
  for (std::size_t i = flags.size(), from = present; i-- > 0;) values[i] = flags[i] ? values[--from] : missing;
}

}  // namespace

void encode_column(std::span<const std::int64_t> values, std::string& out) { encode(values, out, false); }
void encode_column_tight(std::span<const std::int64_t> values, std::string& out) { encode(values, out, true); }

Status decode_column(std::string_view& bytes, std::size_t count, std::vector<std::int64_t>& out) {
  out.clear();
  if (count == 0) return {};
  if (bytes.empty()) return damaged();
  const auto head = static_cast<std::uint8_t>(bytes[0]);
  bytes.remove_prefix(1);
  if ((head & unused_bit) || ((head & constant_bit) && (head & planes_bit))) return damaged();
  const auto presence = static_cast<Presence>(head & 3);
  if (presence == none_present) {
    if (head != none_present) return damaged();
    out.assign(count, missing);
    return {};
  }
  out.resize(count);
  if (presence == all_present) return decode_present(bytes, head, out);
  thread_local std::vector<std::uint8_t> flags;
  flags.assign(count, 0);
  const auto present = take_presence(bytes, presence, flags);
  if (!present) return damaged();
  if (auto status = decode_present(bytes, head, std::span(out).first(*present)); !status) return status;
  spread(out, *present, flags);
  return {};
}

}  // namespace heliograph
