// What the house counts of its own work, for whoever watches the process. Never decided upon. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "events/ids.hpp"
#include "events/time.hpp"

namespace heliograph {

/// How asking one source for readings goes.
struct SourceState {
  SiteKey site;
  std::string kind;       // of the source, ours: few words
  Micros interval = 0;
  Micros since = 0;       // first asked
  Micros succeeded_at = 0;  // 0 = never
  std::uint64_t succeeded = 0, failed = 0, failed_in_row = 0;
  std::string last_error;  // of the last question; empty = it was answered
};

/// What the log writer has done. Bounds in microseconds; the last bucket is everything above.
struct WriterStats {
  static constexpr std::array<Micros, 10> bounds{100, 200, 500, 1'000, 2'000, 5'000, 10'000, 50'000, 200'000, 1'000'000};
  std::array<std::atomic<std::uint64_t>, bounds.size() + 1> commits{};
  std::atomic<std::uint64_t> micros = 0, records = 0;
};

class HouseStats {
 public:
  std::atomic<std::uint64_t> turns = 0;             // of sites
  std::atomic<std::uint64_t> rule_evaluations = 0;  // a trigger held against a value

  /// `source` only says which one it is.
  void polled(const void* source, const SiteKey& site, std::string_view kind, Micros interval, Micros at, const std::string* error);
  std::vector<SourceState> sources() const;

 private:
  mutable std::mutex mutex_;
  std::map<const void*, SourceState> sources_;  // guarded by mutex_; a source lives as long as the house
};

}  // namespace heliograph
