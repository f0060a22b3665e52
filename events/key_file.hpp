// Keys of this installation: 32 random bytes in a file that only its owner may read, made when it is first needed.
#pragma once

#include <string>

#include "events/digest.hpp"
#include "events/result.hpp"

namespace heliograph {

/// `what` names it in sentences: "signing key". Errors: corrupt (another length), io.
Result<Digest> open_key_file(const std::string& path, const std::string& what);

}  // namespace heliograph
