// The shell of a site: where its pure core meets threads, the log and devices, and nothing else happens. A turn is
// decided and staged at once; replies, news and dispatch wait until it is durable. If a turn fails half way the
// shell dies and is rebuilt from the log.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>

#include "actors/actors.hpp"
#include "actors/clock.hpp"
#include "actors/house_stats.hpp"
#include "actors/log_writer.hpp"
#include "actors/people_book.hpp"
#include "storage/view_store.hpp"

namespace heliograph {

/// The stop, in memory: engaged by whoever asks before anything else happens, checked last before a device hears. Lifting
/// names the stops that it knew of, so a stop asked meanwhile holds.
class StopSwitch {
 public:
  void engage() { ++asked_; }
  std::uint64_t asked() const { return asked_; }
  void lift(std::uint64_t asked) { lifted_ = asked; }
  bool engaged() const { return asked_ > lifted_; }

  /// Runs `send` and answers true, unless the stop is engaged, or was since `asked`: lifting it brings nothing back (H32).
  template <class Send>
  bool unless_engaged(std::uint64_t asked, const Send& send) {
    const std::lock_guard lock(sending_);
    if (engaged() || asked_ != asked) return false;
    send();
    return true;
  }
  /// Returns when no send is under way that did not see the stop: only then may a stop be acknowledged.
  void settle() { const std::lock_guard lock(sending_); }
  /// The same, for who cannot wait for an adapter that hangs: false when a send is still under way after `longest`.
  bool settled_within(std::chrono::milliseconds longest) {
    const std::unique_lock lock(sending_, longest);
    return lock.owns_lock();
  }

 private:
  std::timed_mutex sending_;
  std::atomic<std::uint64_t> asked_ = 0, lifted_ = 0;
};
using StopFlag = std::shared_ptr<StopSwitch>;

struct SiteContext {
  EventLog& log;
  ViewStore& views;  // for snapshots
  const Clock& clock;
  Committer& committer;
  LogWriterActor writer;
  ClockActor alarms;
  StopFlag stop;
  // Of the host and of this start: given to the core before anything is decided.
  HostLimits limits = {};
  bool safe_mode = false;
  Micros clock_step = 0;  // so far the clock is off already; 0 = nothing is known against it
  HouseStats* stats = nullptr;  // outlives the actor
  const PeopleBook* people = nullptr;  // the same; nullptr: nobody is known, and everybody may still what they might
};

SiteActor spawn_site(caf::actor_system& system, Site recovered, Position covered, const SiteContext& context);

/// The sites as the log says, from their snapshots and the log after them. `covered` = last position folded.
struct RecoveredSite {
  Site site;
  Position covered = 0;
};
Result<std::map<SiteKey, RecoveredSite>> recover_sites(const EventLog& log, const ViewStore& views);
/// The same for one site (restart of its actor).
Result<RecoveredSite> recover_site(const EventLog& log, const ViewStore& views, const SiteKey& key);

inline constexpr std::string_view snapshot_view = "sites";  // in the view store; not a projection, always disposable

}  // namespace heliograph
