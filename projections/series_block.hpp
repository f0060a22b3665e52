// Blocks of the log and rows in memory as the blocks that readers see: words numbered by the site, corrections applied.
// Weaving puts blocks that came in order, late ones and rows of the open segment into one sequence that does not overlap.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "projections/series.hpp"
#include "projections/series_rows.hpp"

namespace heliograph {

/// The site's number of a word, or `missing`.
using NumberOf = std::function<std::int64_t(const std::string&)>;
/// A block of the log (events/device_block.hpp); nothing when no row of it says anything. Errors: corrupt.
Result<std::unique_ptr<SeriesBlock>> open_block(std::string bytes, const NumberOf& number_of);
/// Times that a series holds; outside, arithmetic on them could overflow.
bool is_series_time(Micros at);
/// A block over rows in memory. Requires: rows in order and not empty.
std::unique_ptr<SeriesBlock> rows_block(Rows rows);

/// A block in memory, with the columns that are wanted; none named: all.
Result<Rows> rows_of(SeriesBlock& block, std::span<const Metric> wanted = {});
/// The same readings as blocks in order of time that do not overlap, corrections applied. Blocks that overlap no other
/// pass through undecoded, the others know of what is wanted only; none named: of all.
Result<Blocks> weave(Blocks blocks, std::span<const Metric> wanted);

}  // namespace heliograph
