// The section "notify" of the host's configuration (docs/NOTIFICATIONS.md): servers, contacts, hooks. A secret stands in a file or a
// variable that is named there; in the configuration itself only where nobody else can read it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "actors/core/field_reader.hpp"
#include "actors/notify/options.hpp"

namespace heliograph {

/// Where secrets may come from.
struct SecretPlaces {
  const std::map<std::string, std::string>& environment;
  /// Why the secret at this pointer may not stand there; empty when it may.
  std::function<std::string(const std::string& pointer)> why_not_here;
};

/// What cannot be read is a problem with its pointer; the options are to be used only without any.
notify::NotifyOptions read_notify(const Document& node, const Place& place, const SecretPlaces& secrets, std::vector<DocumentProblem>& problems);

}  // namespace heliograph
