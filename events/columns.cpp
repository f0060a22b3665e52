// One column: [head byte] [presence] [first value] [divisor] [first delta] [residuals]. The head byte says which of
// them are there: bits 0-1 presence, 2-3 order, 4-5 form of the residuals, 6 divisor, 7 zero.
// Arithmetic wraps modulo 2^64 throughout, so every int64 survives whatever the order.
#include "events/columns.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <utility>

#include "events/column_forms.hpp"
#include "events/column_loops.hpp"
#include "events/metric.hpp"

namespace heliograph {
namespace {

using namespace column_forms;
using namespace column_loops;
using Values = std::vector<std::int64_t>;

enum Presence : std::uint8_t { all_present = 0, none_present = 1, bitmap = 2, runs = 3 };
constexpr std::size_t planes_frame_bytes = 16;  // what a frame costs before its first byte of data, at least
constexpr std::uint8_t divisor_bit = 1 << 6, unused_bit = 1 << 7;

tl::unexpected<Error> damaged() {
  return fail(Errc::corrupt, "A column of numbers is damaged or cut off: run heliograph verify.");
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

constexpr unsigned double_bits = 53;
constexpr std::size_t sample = 32;  // what most columns show at once: that there is no divisor, or which

/// Largest number that divides all of `plain`; 1 when there is none to gain. Wider numbers are not looked at.
std::int64_t common_divisor(std::span<const std::int64_t> plain) {
  if (range_of(plain).width() >= double_bits) return 1;
  std::int64_t divisor = 0;
  for (std::size_t i = 0; i < plain.size() && divisor != 1; ++i) {
    if (i == sample && divisor != 0 && all_multiples(plain.subspan(i), divisor)) break;
    if (divisor == 0 || plain[i] % divisor != 0) divisor = std::gcd(divisor, plain[i]);
  }
  return std::max<std::int64_t>(divisor, 1);
}

/// What goes before the residuals of each order, and what each order costs.
struct Plan {
  std::int64_t first = 0, first_delta = 0, divisor = 1;
  unsigned orders = 1;              // tried: 0 up to this, without it
  std::array<Values, 3> residuals;  // by order; scratch kept between columns
  std::array<Price, 3> prices;
  unsigned best = 0;
};

void make_plan(std::span<const std::int64_t> values, Plan& plan) {
  plan.first = values[0];
  Values& plain = plan.residuals[0];
  plain.resize(values.size());
  subtract(values, plan.first, plain.data());
  plan.divisor = common_divisor(plain);
  if (plan.divisor != 1) divide(plain, plan.divisor);
  plan.prices[0] = price(plain);
  plan.best = 0;
  for (plan.orders = 1; plan.orders < 3 && plan.orders < values.size(); ++plan.orders) {
    const unsigned order = plan.orders;
    // A second difference only helps where the first one did.
    if (order == 2 && (plan.prices[1].form == constant || plan.prices[1].bytes >= plan.prices[0].bytes)) break;
    plan.residuals[order].resize(values.size() - order);
    difference(plan.residuals[order - 1], plan.residuals[order].data());
    if (order == 1) plan.first_delta = plan.residuals[1][0];
    plan.prices[order] = price(plan.residuals[order]);
    if (plan.prices[order].bytes < plan.prices[plan.best].bytes) plan.best = order;
  }
}

void undo(std::span<std::int64_t> values, unsigned order, std::int64_t first_delta) {
  if (order == 2) {
    std::int64_t delta = first_delta;
    std::int64_t sum = first_delta;
    for (std::int64_t& value : values) {
      delta = wrapping_sum(delta, value);
      sum = wrapping_sum(sum, delta);
      value = sum;
    }
  } else if (order == 1) {
    std::int64_t sum = 0;
    for (std::int64_t& value : values) value = sum = wrapping_sum(sum, value);
  }
}

void put_scale(const Plan& plan, unsigned order, std::string& out) {
  put_varint(zigzag(plan.first), out);
  if (plan.divisor != 1) put_varint(static_cast<std::uint64_t>(plan.divisor), out);
  if (order == 2) put_varint(zigzag(plan.first_delta), out);
}

std::size_t scale_bytes(const Plan& plan, unsigned order) {
  std::string scale;  // short: stays inside the string
  put_scale(plan, order, scale);
  return scale.size();
}

/// Head and presence; answers the values that are present, in `scratch` where some are missing.
std::span<const std::int64_t> put_head(std::span<const std::int64_t> values, std::string& out, Values& scratch) {
  const auto missing_count = count_of(values, missing);
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

/// The order whose residuals look cheapest as byte planes, if that may be cheaper than packing.
std::optional<unsigned> best_planes_order(const Plan& plan) {
  const std::size_t packed = plan.prices[plan.best].bytes;
  std::optional<unsigned> best;
  if (packed < 3 * planes_frame_bytes) return best;
  std::size_t least = packed;
  for (unsigned order = 0; order < plan.orders; ++order) {
    if (plan.prices[order].bytes > packed + packed / 2) continue;  // no entropy coder makes up for that
    const std::size_t bytes = planes_frame_bytes + planes_price(plan.residuals[order]) / (256 * 8);
    if (bytes < least) best = order;
    least = std::min(least, bytes);
  }
  return best;
}

void put_body(const Plan& plan, unsigned order, Form form, std::size_t head, std::string& out) {
  const unsigned divisor = plan.divisor != 1 ? divisor_bit : 0u;
  out[head] = static_cast<char>(static_cast<unsigned>(out[head]) | (order << 2) | (form << 4) | divisor);
  put_scale(plan, order, out);
  put(plan.residuals[order], form, out);
}

void encode(std::span<const std::int64_t> values, std::string& out, bool tight) {
  if (values.empty()) return;
  thread_local Plan plan;
  thread_local Values scratch;
  const std::size_t head = out.size();
  const auto present = put_head(values, out, scratch);
  if (present.empty()) return;
  make_plan(present, plan);
  const Form packing = plan.prices[plan.best].form;
  const auto order = tight ? best_planes_order(plan) : std::nullopt;
  if (!order) return put_body(plan, plan.best, packing, head, out);
  const std::string before = out.substr(head);
  put_body(plan, *order, planes, head, out);
  if (out.size() - head < before.size() + scale_bytes(plan, plan.best) + plan.prices[plan.best].bytes) return;
  out.replace(head, std::string::npos, before);
  put_body(plan, plan.best, packing, head, out);
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
  if (!take(bytes, static_cast<Form>((head >> 4) & 3), residuals)) return damaged();
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
  if (head & unused_bit) return damaged();
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
