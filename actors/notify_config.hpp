// The section "notify" of the host's configuration (docs/NOTIFICATIONS.md): servers, contacts, hooks. Secrets are named there, and
// read from their file or environment variable here.
#pragma once

#include <vector>

#include "actors/core/field_reader.hpp"
#include "actors/notify/options.hpp"

namespace heliograph {

/// What cannot be read is a problem with its pointer; the options are to be used only without any.
notify::NotifyOptions read_notify(const Document& node, const Place& place, std::vector<DocumentProblem>& problems);

}  // namespace heliograph
