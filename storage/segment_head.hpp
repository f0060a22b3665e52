// The head of a segment: what its batches were without their rows, column by column. A house sends one reading at a time, so an
// envelope must not cost more than the reading does.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "events/record.hpp"

namespace heliograph {

/// A batch without its rows.
struct BatchShell {
  Envelope envelope;
  std::size_t rows = 0;
  bool historic = false;
  std::vector<Suspect> suspects;
};

std::string encode_head(std::span<const RecordPtr> batches, Position from, Position end);
struct SegmentHead {
  Position from = 0, end = 0;
  std::vector<BatchShell> batches;  // in order; they do not overlap
};
/// Errors: corrupt.
Result<SegmentHead> decode_head(std::string_view bytes);

}  // namespace heliograph
