// The log in RocksDB. A commit group is one synced write: records, stream versions, idempotency keys and heads together.
// Keys are positions, eight bytes big-endian; a value is a format byte, the seal and the payload. A segment lies in the family
// of the batches that it stands for, under its first position and more bytes (docs/LOG_FORMAT.md).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "storage/disk_room.hpp"
#include "storage/event_log.hpp"
#include "storage/rocks_db.hpp"
#include "storage/watermark.hpp"

namespace rocksdb {
class Iterator;
}

namespace heliograph {

class RocksLog : public EventLog {
 public:
  /// `room` is nullptr for a log that is only read; `sync` false only in tests that must lose something.
  RocksLog(RocksDb& rocks, DiskRoom* room, bool sync) : rocks_(rocks), room_(room), sync_(sync) {}

  /// Reads where the log stands and checks the ends of both chains. Its cost does not grow with the log.
  /// Errors: corrupt, unsupported, io.
  Status recover();
  /// Same on a log that may be damaged: takes what the ends say and adds every disagreement to `damage`.
  void recover_what_can_be(std::vector<Error>& damage);
  /// From now on every commit is told to the watermark as well. Requires: outlives the log's last commit.
  void witness(Watermark* watermark) { watermark_ = watermark; }
  Mark mark() const;
  bool has_failed() const { return failed(); }
  /// Whether the log contains what the watermark promises. Error corrupt: names the positions that are missing.
  Status contains(const Mark& promised) const;

  Status scan(Position from, Position to, Part part, const Visit& visit) const override;
  Result<RecordPtr> at(Position position) const override;
  Result<Digest> seal_at(Position position) const override;
  Status scan_stored(Position from, Position to, Part part, const VisitStored& visit) const override;
  Result<bool> is_dropped(Position position) const override;
  Result<std::string> known_at_drop(const SiteKey& site) const override;

 protected:
  Status write_group(const std::vector<Write>& group, const Heads& after) override;
  Result<std::optional<KeyUse>> stored_key(std::string_view use_key) const override;
  Result<Version> stored_version(std::string_view stream_key) const override;
  Status room(Reserve reserve) override;
  Status write_segment(const Segment* segment, const Digest& last_seal, const std::vector<Range>& plan) override;
  void reclaim(const Range& range) override;
  Result<std::optional<std::string>> segment_head(Position from) const override;
  Status write_drop(const std::vector<Hollow>& segments, const std::vector<Drop>& drops, std::span<const DropWith> fresh) override;
  Result<std::vector<Range>> segment_blocks(std::span<const Range> ranges, const std::string& device,
                                            std::vector<std::string>& out) const override;

 private:
  struct Value {  // one stored record; points into RocksDB's memory
    Position position = 0;
    bool readings = false;
    Digest seal{};
    std::string_view payload, rows;
    RecordPtr woven;
    std::optional<DroppedRun> dropped;  // instead
  };
  struct StoredSegment {
    Segment segment;
    Digest before{}, after{};  // seals of the batch before its first one, and of its last
  };
  struct End {  // the last record of a chain
    Position start = 0, last = 0;
    Micros recorded_at = 0;
    Digest seal{};
  };
  static Result<Value> parse(Position position, bool readings, std::string_view value);
  static std::string encode(const Heads& heads);
  Result<Heads> stored_heads() const;
  Result<End> end_of(bool readings) const;
  Status check_links(bool readings) const;
  static Status check_ends(const Heads& heads, const End& decisions, const End& readings);
  Status seal_matches(const char* chain, Position position, const Digest& promised) const;
  Result<std::string> get(Family family, std::string_view key) const;
  using VisitValue = std::function<Result<bool>(const Value&)>;
  enum class Seals : bool { without, with };  // whether payload and seal of what lies in segments are made
  Status each(Position from, Position to, Part part, Seals seals, const VisitValue& visit) const;
  Status seek(rocksdb::Iterator& it, Position from, bool readings) const;
  // Segments (rocks_segments.cpp).
  static bool in_segment(std::string_view key) { return key.size() > sizeof(Position); }
  Result<std::vector<Range>> stored_plan() const;
  Result<std::vector<Drop>> stored_drops() const;
  static Result<StoredSegment> take_head(std::string_view value, Position from);
  /// Reads the segment whose head `it` stands at, and leaves it behind the last block.
  static Result<StoredSegment> take_segment(rocksdb::Iterator& it);
  /// From a key of a segment to its head, or behind the segment when that ends at or before `wanted`.
  Status seek_in_segment(rocksdb::Iterator& it, Position wanted) const;
  /// The seal of the last batch at or before where `it` stands; zeros before the first.
  Result<Digest> seal_before(const rocksdb::Iterator& it) const;
  class Woven;

  RocksDb& rocks_;
  DiskRoom* room_;
  Watermark* watermark_ = nullptr;
  const bool sync_;
  Heads durable_heads_;  // used by the committing thread and by recover
};

}  // namespace heliograph
