// The host's configuration file: what only who runs this machine decides, and nobody can loosen through the API
// (docs/CONFIGURATION.md). Read once at the start; this file knows no file system and no command line.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "actors/core/safety.hpp"
#include "actors/notify/options.hpp"
#include "events/result.hpp"

namespace heliograph {

/// What is left out keeps its default; the command line wins over `data` and `listen`.
struct HostConfig {
  std::optional<std::string> data, listen;
  HostLimits limits;
  std::optional<notify::NotifyOptions> notify;  // none: nobody is told
};

/// JSON or YAML. Error invalid: one sentence about the first problem, with its pointer, and how many more there are.
Result<HostConfig> parse_host_config(std::string_view text);

}  // namespace heliograph
