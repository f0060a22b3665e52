// What the process counts about itself, in Prometheus text. Counts come from the log's news, so they say what was
// recorded, not what was meant. No user text in labels: only types, outcomes and refusal rules, which are ours.
#pragma once

#include <array>
#include <map>
#include <mutex>
#include <string>

#include "api/service.hpp"

namespace heliograph::api {

/// How long something took: counts by upper bound, and the sum.
struct Spread {
  static constexpr std::array<Micros, 12> bounds{1'000, 5'000, 20'000, 100'000, 500'000, second_us, 5 * second_us, 15 * second_us, 30 * second_us, 90 * second_us, 5 * minute_us, hour_us};
  std::array<std::uint64_t, bounds.size() + 1> counts{};
  std::uint64_t micros = 0;
  void add(Micros took);
};

class Metrics {
 public:
  /// Counts one piece of news (any thread).
  void count(const News& news);
  /// Our own figures by name, for the record (LOG-15).
  std::map<std::string, std::uint64_t> figures(Store& store, const WriterStats& writer) const;
  /// text/plain; version=0.0.4
  std::string text(const Service& service, const Views& views) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> events_;    // guarded by mutex_; by type
  std::map<std::string, std::uint64_t> refusals_;  // guarded by mutex_; by safety rule
  std::map<std::string, std::uint64_t> failures_;  // guarded by mutex_; by kind
  std::map<std::string, std::uint64_t> firings_;   // guarded by mutex_; by outcome
  std::uint64_t readings_ = 0, suspects_ = 0;      // guarded by mutex_
  void time(const Envelope& envelope, const Event& event);
  /// Since when a command has been waited for; forgotten when it ends, or when there are too many.
  struct Times { Micros requested = 0, invited = 0, dispatched = 0; };
  std::map<std::string, Times> under_way_;         // guarded by mutex_; by site and command
  Spread decided_, confirmed_, answered_;          // guarded by mutex_
};

}  // namespace heliograph::api
