// A sealed block: up to about 720 readings of one device, each column a segment that can be decoded alone.
// Weaving puts sealed blocks, late blocks and heads into one sequence of blocks that do not overlap.
// Layout: docs/LOG_FORMAT.md, "A series block".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "projections/series.hpp"
#include "projections/series_rows.hpp"

namespace heliograph {

using Blocks = std::vector<std::unique_ptr<SeriesBlock>>;

/// Rows as a block's value. The first time and the first position are in its key. Requires: rows tidy and not empty.
std::string seal(const Rows& rows);
/// A block over stored bytes. Errors: corrupt.
Result<std::unique_ptr<SeriesBlock>> open_block(Micros first_at, Position first_position, std::string value);
/// A block over rows in memory. Requires: rows tidy and not empty.
std::unique_ptr<SeriesBlock> rows_block(Rows rows);

/// All of a block in memory.
Result<Rows> rows_of(SeriesBlock& block);
/// The same readings as blocks in order of time that do not overlap, corrections applied. Blocks that overlap no other
/// pass through undecoded.
Result<Blocks> weave(Blocks blocks);

}  // namespace heliograph
