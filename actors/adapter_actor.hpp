// The shell of a reading source: paces the questions, encodes what came, hands it to the site.
#pragma once

#include "actors/actors.hpp"
#include "actors/device_port.hpp"
#include "actors/house_stats.hpp"
#include "actors/site_directory.hpp"

namespace heliograph {

/// Requires: directory, clock and stats outlive the actor. The site may be restarted meanwhile; it is looked up for each batch.
AdapterActor spawn_adapter(caf::actor_system& system, SourcePtr source, const SiteKey& site, SiteDirectory& directory, const Clock& clock,
                           HouseStats* stats = nullptr);

}  // namespace heliograph
