// What the process counts about itself, in Prometheus text. Counts come from the log's news, so they say what was
// recorded, not what was meant. No user text in labels: only types, outcomes and refusal rules, which are ours.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "api/service.hpp"

namespace heliograph::api {

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
};

}  // namespace heliograph::api
