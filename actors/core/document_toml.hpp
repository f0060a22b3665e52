// TOML as a Document, for the host's own configuration file. The line of every value is kept beside it, so that a
// problem can say where it stands.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "actors/core/document.hpp"

namespace heliograph {

struct ParsedToml {
  ParsedDocument document;
  std::map<std::string, std::uint32_t> lines;  // by pointer, from 1; "" = where a text that is no TOML goes wrong
};

/// TOML 1.0 of at most 1 MiB and depth 32; dates and infinities, which no key takes, are problems. No value stands in a sentence: it may be
/// a secret.
ParsedToml parse_toml(std::string_view text);

}  // namespace heliograph
