// Where in a log a time stands.
#pragma once

#include "storage/event_log.hpp"

namespace heliograph {

/// The first position that was recorded at or after `at`; one after the log's end when there is none.
Position first_after(const EventLog& log, Micros at);

}  // namespace heliograph
