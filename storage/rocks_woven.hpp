// Keys of the log in RocksDB, and the batches of a segment one after the other as a scan wants them, with what was dropped between
// them where that is wanted too. Private to the log.
#pragma once

#include <string>
#include <vector>

#include "events/codec.hpp"
#include "storage/rocks_log.hpp"
#include "storage/segment_head.hpp"
#include "storage/view_store.hpp"

namespace heliograph {

inline std::string key_of(Position position) {
  std::string key;
  put_be64(key, position);
  return key;
}

class RocksLog::Woven {
 public:
  /// Batches that overlap [from, to] will come. With seals from the first one on: each hangs on the one before.
  Status begin(StoredSegment stored, Position from, Position to, Seals seals) {
    *this = {};
    stored_ = std::move(stored);
    auto head = head_of(stored_.segment);
    if (!head) return fail(head.error());
    head_ = std::move(*head);
    const auto& batches = head_.batches;
    ends_dropped_ = !head_.dropped.empty() && (batches.empty() || head_.dropped.back().from > batches.back().envelope.position);
    if (seals == Seals::without) head_.dropped.clear();
    while (!head_.dropped.empty() && head_.dropped.back().from > to) head_.dropped.pop_back();
    while (slice_ < batches.size() && seals == Seals::without && batches[slice_].envelope.position + batches[slice_].rows <= from) ++slice_;
    wanted_ = slice_;
    while (wanted_ < batches.size() && batches[wanted_].envelope.position <= to) ++wanted_;
    return fill();
  }
  bool empty() const { return next_ == records_.size() && dropped_ == head_.dropped.size(); }
  Position position() const { return is_dropped() ? head_.dropped[dropped_].from : records_[next_]->envelope.position; }
  Position last() const { return is_dropped() ? head_.dropped[dropped_].end - 1 : records_[next_]->last(); }
  Status next() {
    if (is_dropped()) return ++dropped_, Status{};
    return ++next_ == records_.size() ? fill() : Status{};
  }
  Value value() const { return {position(), true, {}, {}, {}, records_[next_], {}}; }
  /// The same with payload and seal; they live as long as this. Requires: every batch is asked for, in order.
  Value sealed_value() {
    if (is_dropped()) {
      const DroppedRun& run = head_.dropped[dropped_];
      stored_.before = run.seal;
      return {run.from, true, run.seal, {}, {}, {}, run};
    }
    payload_ = encode_record(*records_[next_]);
    stored_.before = seal_of(stored_.before, position(), payload_);
    // The last seal is the stored one, and so is the one before what was dropped: who recomputes the chain sees there whether the
    // segment says what was sealed.
    Digest seal = stored_.before;
    if (dropped_ < head_.dropped.size() && head_.dropped[dropped_].from < next_start()) seal = head_.dropped[dropped_].before;
    else if (slice_ == head_.batches.size() && next_ + 1 == records_.size() && !ends_dropped_) seal = stored_.after;
    return {position(), true, seal, payload_, {}, records_[next_], {}};
  }

 private:
  bool is_dropped() const {
    return dropped_ < head_.dropped.size() && (next_ == records_.size() || head_.dropped[dropped_].from < records_[next_]->envelope.position);
  }
  /// Where the batch after this one begins.
  Position next_start() const {
    if (next_ + 1 < records_.size()) return records_[next_ + 1]->envelope.position;
    return slice_ < head_.batches.size() ? head_.batches[slice_].envelope.position : stored_.segment.end;
  }

  /// Some rows at a time: a segment of a large fleet would fill the memory of a small machine.
  Status fill() {
    constexpr std::size_t rows_at_once = 262'144;
    records_.clear();
    next_ = 0;
    std::size_t end = slice_, rows = 0;
    while (end < wanted_ && (rows == 0 || rows + head_.batches[end].rows <= rows_at_once)) rows += head_.batches[end++].rows;
    if (end == slice_) return {};
    auto records = weave(stored_.segment, head_, slice_, end);
    if (!records) return fail(records.error());
    records_ = std::move(*records);
    slice_ = end;
    return {};
  }

  StoredSegment stored_;
  SegmentHead head_;
  std::size_t slice_ = 0, wanted_ = 0;  // batches of the head: the next to weave, and behind the last that is wanted
  std::vector<RecordPtr> records_;      // woven
  std::size_t next_ = 0;
  std::size_t dropped_ = 0;             // of the head's: the next
  bool ends_dropped_ = false;           // nothing that is kept comes after it
  std::string payload_;
};

}  // namespace heliograph
