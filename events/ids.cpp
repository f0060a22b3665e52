#include "events/ids.hpp"

namespace heliograph {

bool is_id(std::string_view text) {
  if (text.empty() || text.size() > 63 || text.front() == '-') return false;
  for (char c : text)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
  return true;
}

std::string_view name(PrincipalKind kind) {
  switch (kind) {
    case PrincipalKind::system: return "system";
    case PrincipalKind::user: return "user";
    case PrincipalKind::apikey: return "apikey";
    case PrincipalKind::rule: return "rule";
    case PrincipalKind::schedule: return "schedule";
    case PrincipalKind::agent: return "agent";
    case PrincipalKind::device: return "device";
  }
  return "system";
}

std::string to_string(const Principal& principal) {
  std::string text(name(principal.kind));
  if (!principal.name.empty()) text.append(":").append(principal.name);
  return text;
}

}  // namespace heliograph
