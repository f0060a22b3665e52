// How the residuals of a column are written: four forms and what each costs. Used by columns.cpp alone.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace heliograph::column_forms {

enum Form : std::uint8_t { groups = 0, constant = 1, sparse = 2, planes = 3 };
using Residuals = std::span<const std::int64_t>;

inline std::size_t varint_size(std::uint64_t n) { return static_cast<std::size_t>(std::bit_width(n | 1) + 6) / 7; }

/// The cheapest of groups, constant and sparse, and its bytes. Requires: not empty.
struct Price {
  Form form = groups;
  std::size_t bytes = 0;
};
Price price(Residuals residuals);
/// What an entropy coder would need for the planes of `residuals`, about, in 1/256 bit; judged by every other value.
std::uint64_t planes_price(Residuals residuals);

void put(Residuals residuals, Form form, std::string& out);
/// Fills `residuals` from the front of `bytes` and advances it; false when they are not there.
bool take(std::string_view& bytes, Form form, std::span<std::int64_t> residuals);

}  // namespace heliograph::column_forms
