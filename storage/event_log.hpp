// The log: one order of positions, two kinds of facts (decisions for ever, readings by retention). One writer.
//
// A site appends in turns. `begin` locks the log, so positions are known while the site decides; `stage` puts
// the whole turn, or nothing, into the open group; `commit` makes the group durable with one write and one sync.
// Nothing staged may be believed by anyone outside before `commit` returned. After a failed commit nobody knows
// what is on disk: every later call answers `closed` until the log is opened again.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "events/digest.hpp"
#include "events/record.hpp"
#include "storage/segment.hpp"

namespace heliograph {

/// What a site wants to append; the log adds position, version, recorded_at.
struct Draft {
  std::string stream;
  Micros occurred_at = 0;
  Principal principal;
  Position cause = 0;
  std::string correlation;
  std::string idempotency_key;             // at most one draft of a turn carries it
  Digest fingerprint{};                    // of the request behind the key
  std::optional<Version> expected_version;  // conflict when the stream is elsewhere
  std::variant<Event, ReadingsPtr> body;
  PackedReadings packed;                   // optional: pack_readings(body), made outside the lock
};

/// What an idempotency key was used for before.
struct KeyUse {
  Position position = 0;
  Digest fingerprint{};
};

enum class Part : std::uint8_t { all, decisions, readings };

/// Whether a turn may use the last space of the disk. Ordinary work keeps off it; STOP, shedding load and the words of
/// an ordered stop may use it, so that a full disk never keeps them from being written (H47).
enum class Reserve : std::uint8_t { keep, use };

class EventLog {
 public:
  EventLog();
  virtual ~EventLog();
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  /// One site's atomic step. Holds the log's lock: decide quickly, do no I/O, and let it go. While a thread holds a
  /// turn it may ask the log for durable(), staged(), scan and at, but not for version_of, find_key, begin or commit.
  class Turn {
   public:
    Turn(Turn&&) noexcept = default;
    /// Position that the next draft's event, or its first reading, will have.
    Position next() const { return next_; }
    /// Stamp that every event of this turn gets.
    Micros recorded_at() const { return recorded_at_; }
    /// Adds one draft and answers its record (position, version and stamp final). Errors: conflict (the stream is not
    /// at expected_version, or the idempotency key was used before); invalid (no id, an empty or uneven batch).
    /// After an error the turn is as it was before the call.
    Result<RecordPtr> add(Draft draft);
    /// Everything added becomes part of the open group, and the log's lock is let go: the turn is spent. Without it
    /// the turn leaves no trace.
    void stage();

   private:
    friend class EventLog;
    Turn(EventLog& log, SiteKey site, Micros recorded_at, std::unique_lock<std::mutex> lock);
    Status check(const Draft& draft) const;
    Status check_key(const Draft& draft) const;

    struct Pending {
      RecordPtr record;
      std::string payload, rows;
      std::string stream_key;
      Digest fingerprint{};
    };
    EventLog* log_;
    std::unique_lock<std::mutex> lock_;
    SiteKey site_;
    Position first_, next_;
    Micros recorded_at_;
    std::vector<Pending> pending_;
    std::unordered_map<std::string, Version> versions_;  // of the streams that this turn adds to
  };

  /// Errors: closed; full (the reserve is touched: only turns with Reserve::use may follow).
  Result<Turn> begin(SiteKey site, Micros now, Reserve reserve = Reserve::keep);

  /// Whether an ordinary turn could begin now; the error says why not.
  Status writable();

  /// One synced write of everything staged, in order. Answers what became durable (empty when nothing was staged).
  /// Called by one thread at a time (the log writer). After an error every later call answers `closed`.
  Result<std::vector<RecordPtr>> commit();

  /// The last position that is durable, and the last that is staged.
  Position durable() const { return durable_.load(std::memory_order_acquire); }
  Position staged() const { return staged_.load(std::memory_order_acquire); }

  /// Staged or durable use of an idempotency key.
  Result<std::optional<KeyUse>> find_key(const TenantId& tenant, std::string_view key);
  /// Version of the stream after everything staged; 0 for a stream that is empty. Errors: io, corrupt.
  Result<Version> version_of(const SiteKey& site, std::string_view stream);

  /// Durable records whose positions overlap [from, to], in order, until `visit` answers false; readings that were dropped are passed
  /// over. Reads do not block appends.
  using Visit = std::function<bool(const RecordPtr&)>;
  virtual Status scan(Position from, Position to, Part part, const Visit& visit) const = 0;
  /// The durable record that holds `position`. Errors: not_found (also when it was dropped, which the sentence says), corrupt.
  virtual Result<RecordPtr> at(Position position) const = 0;
  /// Seal (chain value) of the record that starts at `position`: decisions and readings have a chain each.
  virtual Result<Digest> seal_at(Position position) const = 0;

  // One durable record as it is stored, for export and verification.
  struct Stored {
    Position position = 0;
    bool readings = false;
    Digest seal{};
    std::string payload;  // what the seal covers
    std::string rows;     // of a batch, beside it
    RecordPtr woven;      // a batch that lies in a segment: `rows` is empty then
    std::optional<DroppedRun> dropped;  // instead of a record: what is no longer kept; `seal` is that of its last batch
    /// Requires: not dropped.
    Result<RecordPtr> record() const;
    /// Error corrupt when `record`, made from this, is not what was sealed.
    Status check(const Record& record) const;
  };
  using VisitStored = std::function<bool(const Stored&)>;
  virtual Status scan_stored(Position from, Position to, Part part, const VisitStored& visit) const = 0;

  struct Range {
    Position from, end;  // [from, end)
    bool operator==(const Range&) const = default;
  };
  // Condensing: readings are kept as a segment from then on (storage/segment.hpp). What is read, and every seal, stay the same.
  /// Remembers, durably, that the readings which start in each range are to be condensed one day.
  /// Requires: no batch reaches over a border. Errors: full, io.
  Status plan(std::vector<Range> ranges);
  /// How many of them can be condensed now: the last batch of the log stays one, so that its end is found at once.
  std::size_t planned() const;
  /// Condenses the first range of the plan, if it can be, beside appends and reads. Batches of an older schema, and segments that are there, stay as they are.
  /// Errors: corrupt (nothing is changed), full, io.
  Status condense_next();
  /// All that is planned.
  Status condense_all();
  /// Where the segment that begins at `from` ends; nothing where there is none.
  Result<std::optional<Position>> segment_end(Position from) const;

  // Dropping: a site's readings before a position are no longer kept, as a fact on record says (readings.dropped).
  struct Drop {
    SiteKey site;
    Position from = 0, before = 0;  // borders of segments: nothing of the site ever lay in front of them
    Position event = 0;             // where the fact stands
    bool operator==(const Drop&) const = default;
  };
  /// What was carried out last of each site.
  std::vector<Drop> drops() const;
  std::optional<Drop> dropped(const SiteKey& site) const;
  /// Whether the position is that of a reading that was dropped. Quick. Errors: corrupt, io.
  virtual Result<bool> is_dropped(Position position) const = 0;
  /// What was known of the site where its dropped readings end, as it was given then: whoever folds from the beginning goes on from
  /// it. Errors: not_found, io.
  virtual Result<std::string> known_at_drop(const SiteKey& site) const = 0;
  /// From the border of a segment on, up to where readings lie in segments and were all recorded before `moment`: a border again, so
  /// many segments on at most. Errors: corrupt, io.
  Result<Position> older_than(Position from, Micros moment, std::size_t at_most = ~std::size_t{0}) const;
  /// Carries out what is on record: rows go, and what the batches were with them; positions, counts and seals stay. All or nothing; what
  /// was carried out before is passed over. Requires: every view has saved what it made of the fact; a site comes once.
  /// Errors: corrupt (the chain does not hold, or something lies in no segment: nothing is changed), full, io.
  struct DropWith {
    Drop drop;
    std::string known;  // known_at_drop from then on
  };
  Status drop(std::span<const DropWith> drops);
  /// What a device (device_path) measured in the ranges, as blocks (events/device_block.hpp), all of it. Quick where a range is a
  /// segment; else its batches are read. Errors: corrupt, io.
  Result<std::vector<std::string>> device_blocks(std::span<const Range> ranges, const std::string& device) const;

 protected:
  /// One record ready to be written: the adapters' only duty is to make a group durable, whole or not at all.
  struct Write {
    RecordPtr record;
    std::string payload, rows;  // what the seal covers; the rows of a batch beside it
    std::string stream_key;
    Digest seal{};
    Digest fingerprint{};
  };
  struct Heads {  // where the log stands; recovered on opening
    Position next = 1;
    Micros recorded_at = 0;
    Position decision = 0, reading = 0;         // where the last record of each chain starts; 0 = the chain is empty
    Digest decisions_seal{}, readings_seal{};   // its seal; zeros before the first record
    bool operator==(const Heads&) const = default;
  };
  /// `group` is never empty; `after` is where the log stands when it is durable.
  virtual Status write_group(const std::vector<Write>& group, const Heads& after) = 0;
  /// Keys are made by key_of_use and key_of_stream.
  virtual Result<std::optional<KeyUse>> stored_key(std::string_view use_key) const = 0;
  virtual Result<Version> stored_version(std::string_view stream_key) const = 0;
  /// Puts the segment, if there is one, where its batches are, and keeps the plan: both or nothing. `last_seal` is that of its
  /// last batch.
  virtual Status write_segment(const Segment* segment, const Digest& last_seal, const std::vector<Range>& plan) = 0;
  /// Gives back the space of what segments have replaced in the range. Failing changes nothing.
  virtual void reclaim(const Range&) {}
  /// The head of the segment that begins there; nothing where there is none.
  virtual Result<std::optional<std::string>> segment_head(Position from) const = 0;
  /// A segment without the readings of some sites.
  struct Hollow {
    Position from;
    std::string head;
    std::vector<SiteKey> sites;
  };
  /// Puts the heads where the ones before were, takes the sites' blocks away, and keeps what was carried out: all or nothing.
  virtual Status write_drop(const std::vector<Hollow>& segments, const std::vector<Drop>& drops, std::span<const DropWith> fresh) = 0;
  /// Hands over the blocks of a device in the segments that start at ranges' begins, and answers the ranges that are none.
  virtual Result<std::vector<Range>> segment_blocks(std::span<const Range> ranges, const std::string& device,
                                                    std::vector<std::string>& out) const = 0;
  /// Error `full` when no turn of this kind should start.
  virtual Status room(Reserve) { return {}; }
  void recovered(const Heads& heads, std::vector<Range> plan = {}, std::vector<Drop> drops = {});
  /// Why there is no record at a position that the log has passed: it was dropped, or it is lost.
  Error no_record_at(Position position) const;
  /// True after a commit failed: nobody knows what is on disk, so no clean stop may be claimed.
  bool failed() const;

  static std::string key_of_use(const TenantId& tenant, std::string_view key);
  static std::string key_of_stream(const SiteKey& site, std::string_view stream);

 private:
  void reclaim_from(std::uint64_t positions);
  Result<std::optional<Segment>> condensed(const Range& range, Digest& last_seal) const;
  Result<std::optional<Hollow>> hollowed(const Range& range, std::vector<SiteKey> sites) const;
  Result<Version> version_locked(const std::string& stream_key);
  Result<std::optional<KeyUse>> use_locked(const std::string& use_key) const;
  void remember(const std::string& stream_key, Version version, Position at);
  void publish(const std::vector<Write>& group);
  Error closed_error() const;

  struct Head {
    Version version = 0;
    Position at = 0;  // record that made it; not yet durable while above durable_
  };
  mutable std::mutex mutex_;
  Heads heads_;                                          // guarded by mutex_: after everything staged
  std::vector<Write> open_group_;                        // guarded by mutex_
  std::unordered_map<std::string, Head> streams_;        // guarded by mutex_: a bounded cache; staged heads stay
  std::size_t streams_sweep_;                            // guarded by mutex_: size at which durable heads are dropped
  std::unordered_map<std::string, KeyUse> keys_staged_;  // guarded by mutex_: keys that are not durable yet
  std::optional<Error> closed_;                          // guarded by mutex_: why the log takes no more
  std::mutex condense_mutex_;  // held while a segment is made
  std::mutex drop_mutex_;      // held while readings are dropped; they lie in segments that are made
  Range replaced_{0, 0};       // guarded by condense_mutex_: condensed and not reclaimed yet
  mutable std::mutex plan_mutex_;
  std::vector<Range> plan_;  // guarded by plan_mutex_
  std::vector<Drop> drops_;  // guarded by plan_mutex_
  bool may_be_condensed(const Range& range) const;
  std::atomic<Position> last_batch_{0};  // where the last durable one starts
  std::atomic<Position> durable_{0}, staged_{0};         // written under mutex_, read without it
};

/// seal = SHA-256(previous seal of the same part || position, 8 bytes big-endian || payload).
Digest seal_of(const Digest& previous, Position position, std::string_view payload);

}  // namespace heliograph
