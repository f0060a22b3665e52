// A record as one line of the trace.
#pragma once

#include <string>

#include "events/record.hpp"

namespace heliograph::simulator {

std::string words(const Record& record);

}  // namespace heliograph::simulator
