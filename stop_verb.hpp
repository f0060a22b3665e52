// `heliograph stop`: asks the serving process over its own line. Prints what is stopped as soon as it is, then whether it is on record.
#pragma once

#include <string>

namespace heliograph {

/// 0: stopped and on record. 2: stopped in memory, which a restart would not know. 1: nobody could be asked.
int stop_verb(const std::string& data, const std::string& reason, bool json);

}  // namespace heliograph
