// A file of history into a site: makes the site and its devices when they are new, stores the readings, records what was
// imported. The same file again adds nothing.
#pragma once

#include "actors/engine.hpp"
#include "api/import/history.hpp"

namespace heliograph {

struct Imported {
  ImportReport report;
  bool repeated = false;  // the file had been imported before
};

/// `time_zone` (may be empty) is for times without an offset; a new site gets it, too. `progress`: 0 to 1. Blocks until
/// everything is durable. Errors: those of import_file, and of the log.
Result<Imported> import_into(Engine& engine, const SiteKey& site, const std::string& file, const std::optional<ImportMap>& map,
                             const std::string& time_zone, const std::function<void(double)>& progress);

}  // namespace heliograph
