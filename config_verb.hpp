// Where the configuration comes from in this process: the file of --config, the environment, --data and --listen. And `check-config`.
#pragma once

#include <map>
#include <string>

#include "actors/host_config.hpp"

namespace heliograph {

/// Reads the file (none when the name is empty) and the environment. A file that cannot be read is a problem.
LoadedConfig load_config(const std::string& file, std::map<std::string, std::string> command_line);
/// The same for who serves: the certificate and its key must also be there, and belong together.
LoadedConfig load_config_to_serve(const std::string& file, std::map<std::string, std::string> command_line);
/// One line each on standard error.
int complain(const LoadedConfig& loaded);
/// 0: good, and said what is in effect and why. 1: every problem.
int check_config(const std::string& file, std::map<std::string, std::string> command_line, bool json);

}  // namespace heliograph
