#include "events/result.hpp"

#include <cstdio>
#include <cstdlib>

namespace heliograph {

std::string_view name(Errc code) {
  switch (code) {
    case Errc::invalid: return "invalid";
    case Errc::not_found: return "not-found";
    case Errc::conflict: return "conflict";
    case Errc::busy: return "busy";
    case Errc::refused: return "refused";
    case Errc::unsupported: return "unsupported";
    case Errc::corrupt: return "corrupt";
    case Errc::io: return "io";
    case Errc::full: return "full";
    case Errc::closed: return "closed";
  }
  return "unknown";
}

void broken_invariant(const char* why, const char* where) {
  std::fprintf(stderr, "heliograph: broken invariant: %s %s\n", why, where);
  std::abort();
}

}  // namespace heliograph
