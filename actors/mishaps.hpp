// What went wrong in this process within the last 24 hours: each distinct mishap once, with how often, and since when. Bounded; kept in
// memory, so it begins anew with the process (the lines themselves are whoever's that reads standard error).
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "actors/process_log.hpp"
#include "events/time.hpp"

namespace heliograph {

struct Mishap {
  process_log::Level level = process_log::Level::warn;
  std::string component, message;
  std::string latest;  // fields of the last time: key="value" ...
  Micros first_at = 0, last_at = 0;
  std::uint64_t count = 0;
};

class Mishaps {
 public:
  static constexpr Micros kept_for = day_us;
  static constexpr std::size_t kept = 1'000;  // of these, the one that was last seen longest ago makes room

  /// Any thread, like all here.
  void add(Micros at, process_log::Level level, std::string component, std::string message, std::string fields);
  /// Of the last 24 hours, the latest first.
  std::vector<Mishap> since_yesterday(Micros now) const;
  /// How many there were since the start, by level and component.
  std::map<std::pair<process_log::Level, std::string>, std::uint64_t> totals() const;

 private:
  using Key = std::tuple<process_log::Level, std::string, std::string>;
  void forget(Micros now);

  mutable std::mutex mutex_;
  std::map<Key, Mishap> known_;                                                      // guarded by mutex_
  std::multimap<Micros, Key> by_last_;                                                // guarded by mutex_; the same, by last_at
  std::map<std::pair<process_log::Level, std::string>, std::uint64_t> totals_;        // guarded by mutex_
};

/// Of this process: what process_log::write was told at warn and above.
Mishaps& recent_mishaps();

}  // namespace heliograph
