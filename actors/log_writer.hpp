// Making durable what sites have staged, a group in one synced write, and telling everybody.
#pragma once

#include <optional>
#include <semaphore>

#include "actors/actors.hpp"
#include "actors/clock.hpp"
#include "actors/house_stats.hpp"

namespace heliograph {

/// Called once when a commit failed: nobody knows what is on disk, so the process must end (fail-stop).
using Fatal = std::function<void(const Error&)>;

/// How much news a follower may have unworked before it has to read the log instead.
inline constexpr std::uint32_t follower_credit = 64;
/// Credit comes back in bundles: a message to the writer for every piece would wake it as often as those who wait for it.
inline constexpr std::uint32_t credit_bundle = 16;

/// How a follower counts what it has worked off.
class CreditCount {
 public:
  /// Credit to give back now; 0 = not yet.
  std::uint32_t worked_off() { return ++count_ == credit_bundle ? std::exchange(count_, 0) : 0; }

 private:
  std::uint32_t count_ = 0;
};

/// One commit at a time, whoever makes it: the log writer, or a site that has nothing else to do and so saves waking two threads.
class Committer {
 public:
  /// Requires: log, clock and stats outlive it.
  Committer(EventLog& log, const Clock& clock, WriterStats& stats, Fatal fatal)
      : log_(log), clock_(clock), stats_(stats), fatal_(std::move(fatal)) {}

  /// Sent to the writer, which tells the followers: in the order of the log, since it is sent before the next commit starts.
  using Tell = std::function<void(NewsPtr)>;
  /// Makes everything staged so far durable; answers the last durable position. Waits for a commit under way.
  Result<Position> commit(const Tell& tell);
  /// The same, or nothing when a commit is under way.
  std::optional<Result<Position>> try_commit(const Tell& tell);

  /// Nobody commits while it lives: what is staged waits, as behind a slow disk.
  class Hold {
   public:
    explicit Hold(Committer& committer) : free_(committer.free_) { free_.acquire(); }
    ~Hold() { free_.release(); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    std::binary_semaphore& free_;
  };

 private:
  Result<Position> commit_alone(const Tell& tell);
  void count(Micros took, std::uint64_t records);

  EventLog& log_;
  const Clock& clock_;
  WriterStats& stats_;
  Fatal fatal_;
  std::binary_semaphore free_{1};
};

/// Requires: log and committer outlive the actor.
LogWriterActor spawn_log_writer(caf::actor_system& system, EventLog& log, Committer& committer);

}  // namespace heliograph
