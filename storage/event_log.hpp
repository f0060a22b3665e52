// The log: one order of positions, two kinds of facts (decisions for ever, readings by retention). One writer.
//
// A site appends in turns. `begin` locks the log, so positions are known while the site decides; `stage` puts
// the whole turn, or nothing, into the open group; `commit` makes the group durable with one write and one sync.
// Nothing staged may be believed by anyone outside before `commit` returned. After a failed commit nobody knows
// what is on disk: every later call answers `closed` until the log is opened again.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/digest.hpp"
#include "events/record.hpp"

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
  std::string encoded_readings;            // optional: encode_readings(body), made outside the lock
};

/// What an idempotency key was used for before.
struct KeyUse {
  Position position = 0;
  Digest fingerprint{};
};

enum class Part : std::uint8_t { all, decisions, readings };

class EventLog {
 public:
  virtual ~EventLog() = default;

  /// One site's atomic step. Holds the log's lock: decide quickly, do no I/O, and let it go.
  class Turn {
   public:
    Turn(EventLog& log, SiteKey site, Micros now);  // use EventLog::begin
    Turn(Turn&&) noexcept = default;
    /// Position that the next draft's event, or its first reading, will have.
    Position next() const { return next_; }
    /// Stamp that every event of this turn gets.
    Micros recorded_at() const { return recorded_at_; }
    /// Adds one draft and answers its record (position, version and stamp final). Errors: conflict, refused for a
    /// tenant/stream that is no id.
    Result<RecordPtr> add(Draft draft);
    /// Everything added becomes part of the open group. Without it the turn leaves no trace.
    void stage();

   private:
    friend class EventLog;
    EventLog* log_;
    std::unique_lock<std::mutex> lock_;
    SiteKey site_;
    Position next_;
    Micros recorded_at_;
    struct Pending {
      RecordPtr record;
      std::string payload;
      Digest fingerprint{};
    };
    std::vector<Pending> pending_;
  };

  /// Errors: closed; full (the reserve is touched: nothing but a clean stop may follow).
  Result<Turn> begin(SiteKey site, Micros now);

  /// One synced write of everything staged, in order. Answers what became durable (empty when nothing was staged).
  /// Called by one thread at a time (the log writer).
  Result<std::vector<RecordPtr>> commit();

  /// The last position that is durable, and the last that is staged.
  Position durable() const;
  Position staged() const;

  /// Staged or durable use of an idempotency key.
  Result<std::optional<KeyUse>> find_key(const TenantId& tenant, std::string_view key);
  Version version_of(const SiteKey& site, std::string_view stream);

  /// Durable records whose positions overlap [from, to], in order, until `visit` answers false. Reads do not block appends.
  using Visit = std::function<bool(const RecordPtr&)>;
  virtual Status scan(Position from, Position to, Part part, const Visit& visit) const = 0;
  /// The durable record that holds `position`. Errors: not_found, corrupt.
  virtual Result<RecordPtr> at(Position position) const = 0;
  /// Seal (chain value) of the record that starts at `position`: decisions and readings have a chain each.
  virtual Result<Digest> seal_at(Position position) const = 0;

  // Stored bytes of one durable record, for export and verification.
  struct Stored {
    Position position = 0;
    bool readings = false;
    Digest seal{};
    std::string payload;
  };
  using VisitStored = std::function<bool(const Stored&)>;
  virtual Status scan_stored(Position from, Position to, Part part, const VisitStored& visit) const = 0;

 protected:
  /// One record ready to be written: the adapters' only duty is to make a group durable, whole or not at all.
  struct Write {
    RecordPtr record;
    std::string payload;
    Digest seal{};
    Digest fingerprint{};
  };
  struct Heads {  // where the log stands; recovered on opening
    Position next = 1;
    Micros recorded_at = 0;
    Digest decisions_seal{}, readings_seal{};
  };
  virtual Status write_group(const std::vector<Write>& group, const Heads& after) = 0;
  virtual Result<std::optional<KeyUse>> stored_key(const TenantId& tenant, std::string_view key) const = 0;
  virtual Result<Version> stored_version(const SiteKey& site, std::string_view stream) const = 0;
  virtual Status room() const { return {}; }  // error `full` when no write should start
  void recovered(Heads heads);

 private:
  friend class Turn;
  mutable std::mutex mutex_;
  Heads heads_;                    // guarded by mutex_: after everything staged
  Position durable_ = 0;           // guarded by mutex_
  std::vector<Write> open_group_;  // guarded by mutex_
  struct Streams;
  std::shared_ptr<Streams> streams_;  // guarded by mutex_: cached versions, keys in flight
  std::optional<Error> closed_;    // guarded by mutex_: why the log takes no more

 public:
  EventLog();
};

/// seal = SHA-256(previous seal of the same part || position, 8 bytes big-endian || payload).
Digest seal_of(const Digest& previous, Position position, std::string_view payload);

}  // namespace heliograph
