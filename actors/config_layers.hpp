// The host's configuration from its three places, laid over one another: file, environment, command line; each value knows
// where it came from. Knows no file system, no environment and no command line: they come in as values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "actors/core/document.hpp"

namespace heliograph {

struct ConfigInput {
  std::string file = {}, text = {};  // its name, for sentences, and what it says; empty = there is none
  bool file_is_private = false;      // ours, and nobody else can read it: it may hold secrets
  std::map<std::string, std::string> environment = {};   // all of it: secrets may be named there
  std::map<std::string, std::string> command_line = {};  // by key: {"listen", "127.0.0.1:0"}
};

enum class ConfigSource : std::uint8_t { preset, file, environment, command_line };
std::string_view name(ConfigSource source);  // "default", "file", ...

struct ConfigOrigin {
  ConfigSource source = ConfigSource::preset;
  std::uint32_t line = 0;     // of the file; 0 = not known
  std::string variable = {};  // of the environment
};

struct ConfigLayers {
  Document root;
  std::string file;
  std::vector<DocumentProblem> problems;       // of the file's text: with any of them nothing else can be judged
  std::vector<std::string> unknown_variables;  // a sentence for each
  std::map<std::string, ConfigOrigin> origins;  // by pointer

  /// Of this place, or of what it stands in.
  ConfigOrigin origin(std::string pointer) const;
};

/// An empty variable counts as not set. What is set for a secret in one way replaces every way in the file. Variables with
/// our prefix that no key has are told apart.
ConfigLayers lay(const ConfigInput& input);

}  // namespace heliograph
