// Every key of the host's configuration, once: what it is, its default, its name in the environment. The layers, the report of
// `check-config`, the example in docs/ and its test are made from this table; values are judged where they are read.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace heliograph {

/// How a value is written: in the environment everything is text, and a list has commas.
enum class KeyForm : std::uint8_t { text, number, truth, list };

struct ConfigKey {
  std::string_view path;    // "limits.soc_floor_percent"; "notify.slack[].id" for each table of a list
  KeyForm form = KeyForm::text;
  std::string_view preset;  // the default as TOML; empty = none
  bool secret = false;      // never shown; "<path>_file" and "<path>_env" are keys, too, and name where it is
};

std::span<const ConfigKey> config_keys();

inline constexpr std::string_view environment_prefix = "HELIOGRAPH_";
/// HELIOGRAPH_LIMITS_SOC_FLOOR_PERCENT; nothing for what stands in a list of tables.
std::optional<std::string> environment_name(const ConfigKey& key);
/// Variables with our prefix that are no keys: the file's name, and what tests, benches and builds use for themselves.
bool is_other_variable(std::string_view name);

}  // namespace heliograph
