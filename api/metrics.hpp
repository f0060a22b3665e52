// What the process counts about itself. Counts come from the log's news, so they say what was recorded, not what was meant. No user
// text in labels: only types, outcomes, refusal rules and templates of routes, which are ours.
#pragma once

#include <array>
#include <map>
#include <mutex>
#include <string>

#include "api/exposition.hpp"
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
  /// Everything, for Prometheus (metrics_page.cpp).
  std::string text(const Service& service, const Views& views, Exposition form) const;

  /// How long questions to the views wait for their turn, and how long they take.
  http::Durations view_waits, view_runs;
  /// Dry runs: what they read, and how long they took.
  std::atomic<std::uint64_t> replays = 0, replayed_readings = 0, replay_micros = 0;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> events_;    // guarded by mutex_; by type
  std::map<std::string, std::uint64_t> refusals_;  // guarded by mutex_; by safety rule
  std::map<std::string, std::uint64_t> failures_;  // guarded by mutex_; by kind
  std::map<std::string, std::uint64_t> firings_;   // guarded by mutex_; by outcome
  std::map<std::string, std::uint64_t> approvals_, commands_;  // guarded by mutex_; by result, by outcome
  void write_counts(Page& page) const;
  std::uint64_t readings_ = 0, suspects_ = 0;      // guarded by mutex_
  void time(const Envelope& envelope, const Event& event);
  /// Since when a command has been waited for; forgotten when it ends, or when there are too many.
  struct Times { Micros requested = 0, invited = 0, dispatched = 0; };
  std::map<std::string, Times> under_way_;         // guarded by mutex_; by site and command
  Spread decided_, confirmed_, answered_;          // guarded by mutex_
};

}  // namespace heliograph::api
