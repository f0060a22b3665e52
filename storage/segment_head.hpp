// The head of a segment: what its batches were without their rows, column by column. A house sends one reading at a time, so an
// envelope must not cost more than the reading does.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "events/record.hpp"
#include "storage/segment.hpp"

namespace heliograph {

/// A batch without its rows.
struct BatchShell {
  Envelope envelope;
  std::size_t rows = 0;
  bool historic = false;
  std::vector<Suspect> suspects;
};

class HeadMaker {
 public:
  explicit HeadMaker(Position from);
  ~HeadMaker();
  HeadMaker(const HeadMaker&) = delete;
  HeadMaker& operator=(const HeadMaker&) = delete;
  /// Batches come in order. Requires: of readings_schema.
  void add(const Record& batch);
  /// `dropped` in order, none with a batch in it. Errors: corrupt, when the head would not say what it was made of.
  Result<std::string> finish(Position end, std::span<const DroppedRun> dropped = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct SegmentHead {
  Position from = 0, end = 0;
  std::vector<BatchShell> batches;  // in order; they do not overlap
  std::vector<DroppedRun> dropped;  // likewise, between them
  std::size_t rows() const;
  bool has_dropped(Position position) const;  // Requires: no kept batch has it
};
/// Errors: corrupt.
Result<SegmentHead> decode_head(std::string_view bytes);

}  // namespace heliograph
