// What callers owe of their budgets outlives the process, in a file beside the log: a start gives nobody new tries.
#pragma once

#include <chrono>
#include <string>
#include <thread>

#include "actors/clock.hpp"
#include "api/rate_limits.hpp"

namespace heliograph::api {

class SpentBudgets {
 public:
  static constexpr std::chrono::milliseconds usual_interval{10'000};  // a process that is killed forgets what was spent since
  /// Takes over what an earlier process has left in the file, and writes it again at intervals when something was spent. A file that
  /// cannot be read or written is said to the process log, and stops nobody.
  /// Requires: limits and clock outlive it.
  SpentBudgets(std::string path, RateLimits& limits, const Clock& clock, std::chrono::milliseconds interval = usual_interval);
  /// Writes once more.
  ~SpentBudgets();
  SpentBudgets(const SpentBudgets&) = delete;
  SpentBudgets& operator=(const SpentBudgets&) = delete;

 private:
  void take_over();
  void write();

  std::string path_;
  RateLimits& limits_;
  const Clock& clock_;
  std::string written_;  // of the thread, and of who ends it
  std::jthread thread_;
};

}  // namespace heliograph::api
