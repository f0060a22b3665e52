// Old schema versions to the one this build writes, on read. Pure; one function per step, never edited once released.
// tests/golden holds a log of every version that was ever written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "events/result.hpp"

namespace heliograph {

/// Rewrites `body` (protobuf bytes of `type` at `schema`) until it has the version that this build writes.
/// Errors: unsupported for an unknown type or a version from the future; corrupt for bytes that do not parse.
Status upcast(std::string_view type, std::uint32_t& schema, std::string& body);

}  // namespace heliograph
