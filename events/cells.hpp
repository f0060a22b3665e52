// Cells and rows of columns: which say something, and how rows are put in order of time. A cell that says nothing is `missing`.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "events/metric.hpp"
#include "events/time.hpp"

namespace heliograph {

inline bool says_something(std::span<const std::int64_t> cells) {
  return std::any_of(cells.begin(), cells.end(), [](std::int64_t cell) { return cell != missing; });
}

/// For each row whether a column says something in it. Requires: every column has `values`, as many as there are rows.
template <class Columns>
std::vector<std::uint8_t> rows_that_say(const Columns& columns, std::size_t rows) {
  std::vector<std::uint8_t> said(rows, 0);
  for (std::size_t known = 0; const auto& column : columns) {
    for (std::size_t row = 0; row < rows; ++row) known += !said[row] && column.values[row] != missing ? said[row] = 1 : 0;
    if (known == rows) break;  // most often after the first column
  }
  return said;
}

/// Rows in order of time; those of one time keep theirs.
inline std::vector<std::uint32_t> time_order(std::span<const Micros> at) {
  std::vector<std::uint32_t> order(at.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [at](std::uint32_t a, std::uint32_t b) { return at[a] < at[b]; });
  return order;
}

/// Puts numbers[order[i]] at i. Requires: `order` is a permutation as long as `numbers`.
template <class Number>
void reorder(std::vector<Number>& numbers, std::span<const std::uint32_t> order) {
  std::vector<Number> sorted(numbers.size());
  for (std::size_t i = 0; i < order.size(); ++i) sorted[i] = numbers[order[i]];
  numbers = std::move(sorted);
}

}  // namespace heliograph
