// What is counted of requests, by route and status: how many, how long they took, how many bytes. Without a lock: each cell is a few
// atomic numbers that are made when a status first occurs, so that a request costs some additions. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/http/types.hpp"

namespace heliograph::http {

/// How long something took, as it is now.
struct DurationCounts {
  /// Upper bounds in microseconds: those of OpenTelemetry's http.server.request.duration, and three below them.
  static constexpr std::array<std::int64_t, 17> bounds{500, 1'000, 2'500, 5'000, 10'000, 25'000, 50'000, 75'000, 100'000, 250'000, 500'000, 750'000, 1'000'000, 2'500'000, 5'000'000, 7'500'000, 10'000'000};
  std::array<std::uint64_t, bounds.size() + 1> counts{};  // by bound; the last is everything above
  std::uint64_t micros = 0;
  std::uint64_t count() const;
  /// The upper bound of the bucket in which this share of them lies, in microseconds; -1 = above all bounds, or nothing was counted.
  std::int64_t quantile(double share) const;
  DurationCounts& operator+=(const DurationCounts& other);
};

/// Counts from any thread.
class Durations {
 public:
  void add(std::int64_t micros);
  DurationCounts now() const;

 private:
  std::array<std::atomic<std::uint64_t>, DurationCounts::bounds.size() + 1> counts_{};
  std::atomic<std::uint64_t> micros_ = 0;
};

class RequestStats {
 public:

  /// Rows are numbered from 1 in the order in which they are added; 0 is what has no route. Before the first request.
  RequestStats();
  std::size_t add(std::string method, std::string route);

  void began(std::size_t row) { rows_[row]->under_way.fetch_add(1, std::memory_order_relaxed); }
  void left(std::size_t row) { rows_[row]->under_way.fetch_sub(1, std::memory_order_relaxed); }
  void count(std::size_t row, int status, std::chrono::microseconds took, std::size_t body_bytes);

  struct Cell {
    int status = 0;  // 0: one that we never send
    DurationCounts took = {};
    std::uint64_t body_bytes = 0;
  };
  struct Row {
    std::string method, route;  // "_OTHER" and "" for what has no route
    std::uint64_t under_way = 0;
    std::vector<Cell> cells;  // of the statuses that occurred
  };
  /// As it is now; rows to which nobody came are left out.
  std::vector<Row> rows() const;

 private:
  struct Counters {
    Durations took;
    std::atomic<std::uint64_t> body_bytes = 0;
  };
  static constexpr std::size_t statuses = 38;
  struct Kept {
    ~Kept();
    std::string method, route;
    std::atomic<std::uint64_t> under_way = 0;
    std::array<std::atomic<Counters*>, statuses + 1> by_status{};
  };
  std::vector<std::unique_ptr<Kept>> rows_;
};

}  // namespace heliograph::http
