// Starts the actors of the house in order and keeps them running. Each site and each device is restarted alone, from
// the log; the writer and the projector are not restarted, because without them nothing may go on.
#pragma once

#include <mutex>

#include "actors/actors.hpp"
#include "actors/site_actor.hpp"
#include "projections/projector.hpp"
#include "storage/store.hpp"

namespace heliograph {

inline constexpr int restarts_max = 3;
inline constexpr Micros restart_window = minute_us;

/// Where sites are, for any thread: the actor of today, and the stop flag that outlives its restarts.
class SiteDirectory {
 public:
  /// A stop takes effect here before the site's actor has heard of it.
  StopFlag stop_flag(const SiteKey& site);
  void place(const SiteKey& site, SiteActor actor);
  void remove(const SiteKey& site);
  /// Null when there is no such site, or while it is being restarted.
  SiteActor find(const SiteKey& site);

 private:
  std::mutex mutex_;
  std::map<SiteKey, StopFlag> flags_;    // guarded by mutex_
  std::map<SiteKey, SiteActor> actors_;  // guarded by mutex_
};

struct House {
  Store& store;
  Clock& clock;
  SiteDirectory& directory;
  LogWriterActor writer;
  ClockActor alarms;
  ProjectorActor projector;
  std::function<void(const Error&)> fatal;
};

SupervisorActor spawn_supervisor(caf::actor_system& system, House house, std::map<SiteKey, RecoveredSite> sites);

}  // namespace heliograph
