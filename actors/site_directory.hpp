// Where the sites of this process are: read by threads that are no actors, written by the supervisor.
#pragma once

#include <functional>
#include <map>
#include <mutex>

#include "actors/site_actor.hpp"

namespace heliograph {

/// Where sites are, for any thread: the actor of today, and the stop flag that outlives its restarts.
class SiteDirectory {
 public:
  /// A stop takes effect here before the site's actor has heard of it. Made with the site.
  StopFlag stop_flag(const SiteKey& site);
  /// Null when there was never such a site: there is nothing to stop, and no name from outside stays in memory.
  StopFlag known_flag(const SiteKey& site);
  /// Every site that there is, without the engine's own.
  std::vector<SiteKey> sites();
  /// Engages the flag of every one of them that is meant; answers which.
  std::vector<SiteKey> stop(const Meant& meant);
  void place(const SiteKey& site, SiteActor actor);
  void remove(const SiteKey& site);
  /// Null when there is no such site, or while it is being restarted.
  SiteActor find(const SiteKey& site);

 private:
  std::mutex mutex_;
  std::map<SiteKey, StopFlag> flags_;    // guarded by mutex_
  std::map<SiteKey, SiteActor> actors_;  // guarded by mutex_
};

/// Brings a request to its site, from any thread. A stop takes effect in memory at once, and overtakes what waits.
void bring(SiteDirectory& directory, const SupervisorActor& supervisor, const SiteKey& site, SiteCommand command, Reply reply, std::string trace = {});

}  // namespace heliograph
