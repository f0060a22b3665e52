// People's wishes for a site: what may be wished, within what the site and the host allow.
#pragma once

#include <string>
#include <vector>

#include "actors/core/safety.hpp"

namespace heliograph {

struct PreferenceProblem {
  std::string pointer, sentence;
};
/// Every reason against it; empty = fine.
std::vector<PreferenceProblem> check_preferences(const PreferencesSet& wishes, const SiteConfigured& site, const HostLimits& host);

}  // namespace heliograph
