// Starts the actors of the house in order and keeps them running. Each site and each device is restarted alone, from
// the log; the writer and the projector are not restarted, because without them nothing may go on.
#pragma once

#include "actors/actors.hpp"
#include "actors/site_actor.hpp"
#include "actors/site_directory.hpp"
#include "projections/projector.hpp"
#include "storage/store.hpp"

namespace heliograph {

inline constexpr int restarts_max = 3;
inline constexpr Micros restart_window = minute_us;

struct HouseParts {
  Store& store;
  const SteadyClock& clock;
  SiteDirectory& directory;
  Committer& committer;
  LogWriterActor writer;
  ClockActor alarms;
  ProjectorActor projector;
  PeopleActor people;
  std::function<void(const Error&)> fatal;
  HostLimits limits = {};
  std::map<SiteKey, HostLimits> limits_of = {};  // sites that have others
  bool safe_mode = false;
  Micros clock_doubt = 0;  // of this start, against the log
  HouseStats* stats = nullptr;  // outlives the actors
  const PeopleBook* book = nullptr;  // the same
};

SupervisorActor spawn_supervisor(caf::actor_system& system, HouseParts house, std::map<SiteKey, RecoveredSite> sites);

}  // namespace heliograph
