// The log writer: gathers what sites have staged into one synced write, then tells everybody.
#pragma once

#include <array>
#include <atomic>

#include "actors/actors.hpp"
#include "actors/clock.hpp"

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

/// What the writer has done, readable from any thread. Bounds in microseconds; the last bucket is everything above.
struct WriterStats {
  static constexpr std::array<Micros, 10> bounds{100, 200, 500, 1'000, 2'000, 5'000, 10'000, 50'000, 200'000, 1'000'000};
  std::array<std::atomic<std::uint64_t>, bounds.size() + 1> commits{};
  std::atomic<std::uint64_t> micros = 0, records = 0;
};

/// Requires: log, clock and stats outlive the actor.
LogWriterActor spawn_log_writer(caf::actor_system& system, EventLog& log, const Clock& clock, WriterStats& stats, Fatal fatal);

}  // namespace heliograph
