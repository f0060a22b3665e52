#include "api/http/request_stats.hpp"

#include <algorithm>

#include "events/result.hpp"

namespace heliograph::http {
namespace {

// What we send (writer.cpp has their words), in order. Another one is counted as 0.
constexpr std::array codes{101, 200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 406, 408, 409, 410, 412, 413, 414, 415, 416, 417, 421, 422, 426, 428, 429, 431, 500, 501, 503, 505, 507};
static_assert(std::is_sorted(codes.begin(), codes.end()));

std::size_t place_of(int status) {
  const auto at = std::lower_bound(codes.begin(), codes.end(), status);
  return at == codes.end() || *at != status ? codes.size() : static_cast<std::size_t>(at - codes.begin());
}

}  // namespace

std::uint64_t DurationCounts::count() const {
  std::uint64_t total = 0;
  for (const std::uint64_t each : counts) total += each;
  return total;
}

std::int64_t DurationCounts::quantile(double share) const {
  const std::uint64_t total = count();
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i)
    if (below += counts[i]; total > 0 && static_cast<double>(below) >= share * static_cast<double>(total)) return bounds[i];
  return -1;
}

DurationCounts& DurationCounts::operator+=(const DurationCounts& other) {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  micros += other.micros;
  return *this;
}

void Durations::add(std::int64_t micros) {
  constexpr auto& bounds = DurationCounts::bounds;
  const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), micros) - bounds.begin();
  counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  micros_.fetch_add(static_cast<std::uint64_t>(std::max<std::int64_t>(micros, 0)), std::memory_order_relaxed);
}

DurationCounts Durations::now() const {
  DurationCounts out;
  for (std::size_t i = 0; i < out.counts.size(); ++i) out.counts[i] = counts_[i].load(std::memory_order_relaxed);
  out.micros = micros_.load(std::memory_order_relaxed);
  return out;
}

RequestStats::RequestStats() { add("_OTHER", ""); }

RequestStats::Kept::~Kept() {
  for (auto& each : by_status) delete each.load();
}

std::size_t RequestStats::add(std::string method, std::string route) {
  static_assert(codes.size() == statuses);
  rows_.push_back(std::make_unique<Kept>());
  rows_.back()->method = std::move(method), rows_.back()->route = std::move(route);
  return rows_.size() - 1;
}

void RequestStats::count(std::size_t row, int status, std::chrono::microseconds took, std::size_t body_bytes) {
  ensure(row < rows_.size(), "a request is counted under a route that there is", "api/http/request_stats.cpp");
  auto& slot = rows_[row]->by_status[place_of(status)];
  Counters* counters = slot.load(std::memory_order_acquire);
  if (counters == nullptr) {
    auto fresh = std::make_unique<Counters>();
    if (slot.compare_exchange_strong(counters, fresh.get(), std::memory_order_acq_rel)) counters = fresh.release();
  }
  counters->took.add(took.count());
  counters->body_bytes.fetch_add(body_bytes, std::memory_order_relaxed);
}

std::vector<RequestStats::Row> RequestStats::rows() const {
  std::vector<Row> out;
  for (const auto& kept : rows_) {
    Row row{kept->method, kept->route, kept->under_way.load(std::memory_order_relaxed), {}};
    for (std::size_t i = 0; i <= statuses; ++i) {
      const Counters* counters = kept->by_status[i].load(std::memory_order_acquire);
      if (counters == nullptr) continue;
      Cell& cell = row.cells.emplace_back();
      cell.status = i < codes.size() ? codes[i] : 0;
      cell.took = counters->took.now();
      cell.body_bytes = counters->body_bytes.load(std::memory_order_relaxed);
    }
    if (!row.cells.empty() || row.under_way > 0) out.push_back(std::move(row));
  }
  return out;
}

}  // namespace heliograph::http
