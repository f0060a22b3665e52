// What somebody who replaces something believes that it is: the version that they read. Two who change the same thing do not
// undo each other unseen.
#pragma once

#include <vector>

#include "events/ids.hpp"
#include "events/result.hpp"

namespace heliograph {

struct Expected {
  enum class Kind : std::uint8_t { whatever, unsaid, existing, absent, versions } kind = Kind::whatever;  // unsaid: fine for what is new
  std::vector<Position> versions = {};
  /// `now`: the version that is there, 0 = nothing is. `shown_before`: it could be read before anybody set it. Errors, all at "/if-match":
  /// conflict (another version), invalid (what is there would be replaced unseen).
  Status fits(Position now, bool shown_before = false) const;
};

}  // namespace heliograph
