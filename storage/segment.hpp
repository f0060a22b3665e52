// A segment: a stretch of the log's readings, device by device and column by column, in place of the batches that they came in.
// Nothing is lost: weaving gives the same records back, row for row, and so the same seals (docs/LOG_FORMAT.md, "A segment").
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "events/digest.hpp"
#include "events/record.hpp"

namespace heliograph {

struct SegmentHead;  // storage/segment_head.hpp

struct Segment {
  Position from = 0, end = 0;  // holds every batch that starts in [from, end), and none reaches beyond
  std::string head;            // envelopes, suspects, and how many rows each batch had
  std::map<std::string, std::vector<std::string>> blocks;  // of each "tenant/site/device", in order of time
};

/// Batches of a segment whose readings are no longer kept, and between which none is. What they said is gone; their seals carry the
/// chain over.
struct DroppedRun {
  Position from = 0, end = 0;  // from the first one's start to the last one's end; decisions may lie between
  std::uint64_t batches = 0, rows = 0;
  Digest before{};  // seal of the batch in front of them, where that is in the same segment: what it says can be held against it
  Digest seal{};    // of the last of them
  std::vector<SiteKey> sites;  // whose they were, ascending
  bool operator==(const DroppedRun&) const = default;
};

/// "tenant/site/device".
std::string device_path(const SiteKey& site, std::string_view device);

/// Takes the batches of a stretch, in order, as often as it asks, and makes a segment of them: memory is for the rows of some
/// devices at a time. What it makes is read back and compared.
class SegmentMaker {
 public:
  SegmentMaker(Position from, Position end);
  ~SegmentMaker();
  SegmentMaker(const SegmentMaker&) = delete;
  SegmentMaker& operator=(const SegmentMaker&) = delete;
  /// How often all batches must be taken, each time followed by end_of_pass.
  std::size_t passes() const;
  void take(const Record& batch);
  /// Errors: corrupt, when a block would not say what it was made of.
  Status end_of_pass();
  Result<Segment> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The same at once. Requires: batches in order, all of readings_schema.
Result<Segment> make_segment(std::span<const RecordPtr> batches, Position from, Position end);
/// All records again. Errors: corrupt.
Result<std::vector<RecordPtr>> weave(const Segment& segment);
/// Batches [first, last) of it. Requires: `head` is the segment's.
Result<std::vector<RecordPtr>> weave(const Segment& segment, const SegmentHead& head, std::size_t first, std::size_t last);
/// Errors: corrupt, when head and blocks cannot belong together.
Result<SegmentHead> head_of(const Segment& segment);
/// Where the segment with this head ends.
Result<Position> end_of_segment(std::string_view head);

/// The rows of one device (device_path) in some batches, as blocks.
Result<std::vector<std::string>> blocks_of_device(std::span<const RecordPtr> batches, const std::string& device);

}  // namespace heliograph
