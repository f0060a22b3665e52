// Keys of the log in RocksDB, and the batches of a segment one after the other as a scan wants them. Private to the log.
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
    while (slice_ < batches.size() && seals == Seals::without && batches[slice_].envelope.position + batches[slice_].rows <= from) ++slice_;
    wanted_ = slice_;
    while (wanted_ < batches.size() && batches[wanted_].envelope.position <= to) ++wanted_;
    return fill();
  }
  bool empty() const { return next_ == records_.size(); }
  Position position() const { return records_[next_]->envelope.position; }
  Position last() const { return records_[next_]->last(); }
  Status next() { return ++next_ == records_.size() ? fill() : Status{}; }
  Value value() const { return {position(), true, {}, {}, {}, records_[next_]}; }
  /// The same with payload and seal; they live as long as this. Requires: every batch is asked for, in order.
  Value sealed_value() {
    payload_ = encode_record(*records_[next_]);
    stored_.before = seal_of(stored_.before, position(), payload_);
    // The last seal is the stored one: who recomputes the chain sees at it whether the segment says what was sealed.
    const bool last = slice_ == head_.batches.size() && next_ + 1 == records_.size();
    return {position(), true, last ? stored_.after : stored_.before, payload_, {}, records_[next_]};
  }

 private:
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
  std::string payload_;
};

}  // namespace heliograph
