// The page behind the link of an approval mail: shows what would be done and asks for the code. Plain HTML without a script:
// nothing happens by looking at it.
#pragma once

#include <string>

#include "events/time.hpp"
#include "events/zone.hpp"

namespace heliograph::api {

struct ApprovalPage {
  std::string site, sentence;
  Micros expires_at = 0;
  Zone zone = Zone::utc();
  bool open = false;     // it can still be answered: the form is shown
  std::string headline;  // what came of it, or what is wrong with what was typed
};

std::string approval_page(const ApprovalPage& page);

}  // namespace heliograph::api
