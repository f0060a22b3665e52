// Keys of the log in RocksDB, and the batches of a segment one after the other as a scan wants them. Private to the log.
#pragma once

#include <string>
#include <vector>

#include "events/codec.hpp"
#include "storage/rocks_log.hpp"
#include "storage/view_store.hpp"

namespace heliograph {

inline std::string key_of(Position position) {
  std::string key;
  put_be64(key, position);
  return key;
}

class RocksLog::Woven {
 public:
  Status begin(const StoredSegment& stored) {
    auto records = weave(stored.segment);
    if (!records) return fail(records.error());
    records_ = std::move(*records);
    before_ = stored.before;
    after_ = stored.after;
    next_ = 0;
    sealed_ = 0;
    return {};
  }
  bool empty() const { return next_ == records_.size(); }
  Position position() const { return records_[next_]->envelope.position; }
  Position last() const { return records_[next_]->last(); }
  void next() {
    if (++next_ == records_.size()) *this = {};
  }
  Value value() const { return {position(), true, {}, {}, {}, records_[next_]}; }
  /// The same with payload and seal, which cost a digest of each batch from the first one on; they live as long as this.
  Value sealed_value() {
    for (; sealed_ <= next_; ++sealed_) {
      payload_ = encode_record(*records_[sealed_]);
      before_ = seal_of(before_, records_[sealed_]->envelope.position, payload_);
    }
    // The last seal is the stored one: who recomputes the chain sees at it whether the segment says what was sealed.
    return {position(), true, next_ + 1 == records_.size() ? after_ : before_, payload_, {}, records_[next_]};
  }

 private:
  std::vector<RecordPtr> records_;
  std::size_t next_ = 0, sealed_ = 0;
  Digest before_{}, after_{};
  std::string payload_;
};

}  // namespace heliograph
