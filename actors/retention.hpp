// Lets readings go that a tenant no longer keeps (projections/retention.hpp), once an hour, on a thread that gives way to all others. The
// first hour of a process puts nothing on record: a clock that was wrong at the start has been set by then, and what goes is gone.
#pragma once

#include <chrono>
#include <stop_token>
#include <thread>

#include "events/time.hpp"

namespace heliograph {

class Engine;

class Retention {
 public:
  /// Looks at the house's clock so often whether an hour has passed. Requires: the engine outlives it and runs.
  Retention(Engine& engine, std::chrono::milliseconds between_looks);
  /// Ends what is under way.
  ~Retention() = default;

 private:
  void work(const std::stop_token& stopped);
  void let_go();
  void put_on_record(const std::stop_token& stopped);
  Engine& engine_;
  std::chrono::milliseconds between_looks_;
  std::jthread thread_;
};

}  // namespace heliograph
