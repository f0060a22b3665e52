// Works off what is planned to be condensed, on a thread of its own that gives way to everything else.
#pragma once

#include <stop_token>
#include <thread>

#include "storage/event_log.hpp"

namespace heliograph {

class Condenser {
 public:
  /// Requires: `log` outlives it.
  explicit Condenser(EventLog& log);
  /// Finishes the segment that is being made.
  ~Condenser() = default;

 private:
  static void work(const std::stop_token& stopped, EventLog& log);
  std::jthread thread_;
};

}  // namespace heliograph
