#include "actors/core/expected.hpp"

#include <algorithm>

namespace heliograph {

Status Expected::fits(Position now, bool shown_before) const {
  const auto changed = [now](const char* sentence) { return fail(Errc::conflict, std::string(sentence) + (now == 0 ? "." : "; it is version " + std::to_string(now) + "."), "/if-match"); };
  switch (kind) {
    case Kind::whatever: return {};
    case Kind::unsaid:
      if (now == 0) return {};
      return fail(Errc::invalid, "This replaces what is there: read it first and send its ETag as If-Match, or If-Match: * for whatever it is now.", "/if-match");
    case Kind::existing: return now == 0 ? changed("There is nothing to replace: leave If-Match out") : Status{};
    case Kind::absent: return now == 0 ? Status{} : changed("It is there already: read it, then send its ETag as If-Match");
    case Kind::versions:
      if (now == 0 && !shown_before) return changed("There is nothing to replace: leave If-Match out");
      if (std::find(versions.begin(), versions.end(), now) != versions.end()) return {};
      return changed("It was changed since you read it: read it again, then repeat what you meant");
  }
  return {};
}

}  // namespace heliograph
