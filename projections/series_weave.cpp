// Late readings lie in blocks of their own, so blocks may overlap. Weaving keeps as many blocks as it can untouched:
// the narrow ones are the warp; rows of the wide ones go into the warp block whose time they share, or between.
#include <algorithm>
#include <map>

#include "events/device_block.hpp"
#include "projections/series_block.hpp"

namespace heliograph {
namespace {

/// Splits off the blocks that would overlap what is already chosen; narrow blocks are chosen first.
std::pair<Blocks, Blocks> split(Blocks blocks) {
  std::sort(blocks.begin(), blocks.end(), [](const auto& a, const auto& b) {
    const auto width = [](const auto& block) {
      return static_cast<std::uint64_t>(block->last_at()) - static_cast<std::uint64_t>(block->first_at());
    };
    return width(a) != width(b) ? width(a) < width(b) : a->first_at() < b->first_at();
  });
  std::map<Micros, Micros> taken;  // first -> last time
  std::map<Micros, std::unique_ptr<SeriesBlock>> warp;
  Blocks weft;
  for (auto& block : blocks) {
    const auto after = taken.upper_bound(block->last_at());
    const bool free = after == taken.begin() || std::prev(after)->second < block->first_at();
    if (!free) {
      weft.push_back(std::move(block));
      continue;
    }
    const Micros first = block->first_at();
    taken.emplace(first, block->last_at());
    warp.emplace(first, std::move(block));
  }
  Blocks in_order;
  for (auto& [first, block] : warp) in_order.push_back(std::move(block));
  return {std::move(in_order), std::move(weft)};
}

Result<Rows> merged_rows(Blocks& blocks, std::span<const Metric> wanted) {
  std::sort(blocks.begin(), blocks.end(), [](const auto& a, const auto& b) { return a->first_at() < b->first_at(); });  // then merging is little more than appending
  std::vector<Rows> parts;
  for (auto& block : blocks) {
    auto rows = rows_of(*block, wanted);
    if (!rows) return fail(rows.error());
    parts.push_back(std::move(*rows));
  }
  std::vector<const Rows*> pointers;
  for (const Rows& part : parts) pointers.push_back(&part);
  return Rows::merge(pointers);
}

/// Rows [from, to) as blocks of about block_rows, cut only between different times.
void put_between(const Rows& rows, std::size_t from, std::size_t to, Blocks& out) {
  while (from < to) {
    std::size_t end = std::min(from + block_rows, to);
    while (end < to && rows.at()[end] == rows.at()[end - 1]) ++end;
    out.push_back(rows_block(rows.slice(from, end)));
    from = end;
  }
}

}  // namespace

Result<Blocks> weave(Blocks blocks, std::span<const Metric> wanted) {
  auto [warp, weft] = split(std::move(blocks));
  if (weft.empty()) return std::move(warp);
  const auto late = merged_rows(weft, wanted);
  if (!late) return fail(late.error());
  Blocks woven;
  std::size_t next = 0;  // first late row that has not found its place
  for (auto& block : warp) {
    const std::span<const Micros> at = late->at();
    const auto place = [&](auto found) { return static_cast<std::size_t>(found - at.begin()); };
    const std::size_t begin = place(std::lower_bound(at.begin(), at.end(), block->first_at()));
    const std::size_t end = place(std::upper_bound(at.begin(), at.end(), block->last_at()));
    put_between(*late, next, begin, woven);
    next = end;
    if (begin == end) {
      woven.push_back(std::move(block));
      continue;
    }
    const auto own = rows_of(*block, wanted);
    if (!own) return fail(own.error());
    const Rows inside = late->slice(begin, end);
    const std::array<const Rows*, 2> parts{&*own, &inside};
    if (Rows merged = Rows::merge(parts); !merged.empty()) woven.push_back(rows_block(std::move(merged)));
  }
  put_between(*late, next, late->size(), woven);
  return woven;
}

}  // namespace heliograph
