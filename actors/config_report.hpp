// The configuration as it is in effect, and where each value came from: what `check-config` says. Secrets are said to be set.
#pragma once

#include <string>

#include "actors/host_config.hpp"

namespace heliograph {

/// Requires: no problems.
std::string to_text(const LoadedConfig& loaded);
/// {"good":true,"settings":[...],"problems":[]}; settings only without problems.
std::string to_json(const LoadedConfig& loaded);

}  // namespace heliograph
