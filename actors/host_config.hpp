// The host's configuration: what only who runs this machine decides, and nobody can loosen through the API (docs/CONFIGURATION.md).
// Read once at the start; this file knows no file system (but for secrets), no environment and no command line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/config_layers.hpp"
#include "actors/core/safety.hpp"
#include "actors/notify/options.hpp"
#include "actors/process_log.hpp"
#include "actors/server_config.hpp"

namespace heliograph {

/// Deploy dark: what is not turned on does not happen. Not said is off, but a simulated house may take it for on.
struct Features {
  bool polling = true;
  std::optional<bool> control, automation;
};

struct HostConfig {
  std::string data = "data";
  HostLimits limits;  // with the flags as they are in effect for real devices
  Features features;
  ServerConfig server;
  process_log::Options log;
  std::optional<notify::NotifyOptions> notify;  // none: nobody is told
};

struct ConfigProblem {
  std::string sentence;
  std::string pointer;  // "" = the whole file, or no key at all
  ConfigOrigin origin;

  /// "heliograph.toml:7: ... (/limits/soc_floor_percent)"; `file` as the configuration was named.
  std::string text(const std::string& file) const;
};

struct LoadedConfig {
  HostConfig config;  // to be used only without problems
  ConfigLayers layers;
  std::vector<ConfigProblem> problems;  // those of the file in its order
};

LoadedConfig load_config(const ConfigInput& input);

/// Limits for a site whose devices are simulated: it takes commands unless the configuration says otherwise.
HostLimits limits_for_simulated(const HostConfig& config);

}  // namespace heliograph
