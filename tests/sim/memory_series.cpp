#include "tests/sim/memory_series.hpp"

#include <algorithm>

namespace heliograph::tests {
namespace {

class Block : public SeriesBlock {
 public:
  Block(const MemorySeries::Device& device, std::size_t begin, std::size_t end)
      : device_(device), begin_(begin), end_(end) {}

  std::size_t size() const override { return end_ - begin_; }
  Micros first_at() const override { return device_.at[begin_]; }
  Micros last_at() const override { return device_.at[end_ - 1]; }
  bool has(Metric metric) const override {
    const auto found = device_.columns.find(metric);
    return found != device_.columns.end() &&
           std::any_of(found->second.begin() + offset(begin_), found->second.begin() + offset(end_),
                       [](std::int64_t v) { return v != missing; });
  }
  std::int64_t min(Metric metric) const override {
    return extreme(metric, [](std::int64_t a, std::int64_t b) { return a < b; });
  }
  std::int64_t max(Metric metric) const override {
    return extreme(metric, [](std::int64_t a, std::int64_t b) { return a > b; });
  }
  Result<std::span<const Micros>> at() override { return std::span(device_.at).subspan(begin_, size()); }
  Result<std::span<const Position>> positions() override {
    return std::span(device_.positions).subspan(begin_, size());
  }
  Result<std::span<const std::int64_t>> values(Metric metric) override {
    return std::span(device_.columns.at(metric)).subspan(begin_, size());
  }
  void forget(Metric) override {}

 private:
  static std::ptrdiff_t offset(std::size_t i) { return static_cast<std::ptrdiff_t>(i); }
  template <class Better>
  std::int64_t extreme(Metric metric, Better better) const {
    std::int64_t best = missing;
    for (std::size_t i = begin_; i < end_; ++i) {
      const std::int64_t value = device_.columns.at(metric)[i];
      if (value != missing && (best == missing || better(value, best))) best = value;
    }
    return best;
  }
  const MemorySeries::Device& device_;
  std::size_t begin_, end_;
};

}  // namespace

Position MemorySeries::row(const std::string& device, Micros at, const Values& values, Position position) {
  if (position != 0) next_ = position;
  Device& d = devices_[DeviceId{device}];
  d.at.push_back(at);
  d.positions.push_back(next_);
  for (const auto& [metric, value] : values) {
    auto& column = d.columns[metric];
    column.resize(d.at.size() - 1, missing);
    column.push_back(value);
  }
  for (auto& [metric, column] : d.columns) column.resize(d.at.size(), missing);
  return next_++;
}

std::size_t MemorySeries::rows() const {
  std::size_t total = 0;
  for (const auto& [id, device] : devices_) total += device.at.size();
  return total;
}

std::vector<DeviceId> MemorySeries::devices(const SiteKey&) const {
  std::vector<DeviceId> all;
  for (const auto& [id, device] : devices_) all.push_back(id);
  return all;
}

std::vector<Metric> MemorySeries::metrics(const SiteKey&, const DeviceId& device) const {
  std::vector<Metric> all;
  if (const auto found = devices_.find(device); found != devices_.end())
    for (const auto& [metric, column] : found->second.columns) all.push_back(metric);
  return all;
}

Micros MemorySeries::hold(const SiteKey&, const DeviceId& device) const {
  const auto found = devices_.find(device);
  return found == devices_.end() ? 15 * minute_us : found->second.hold;
}

std::optional<SeriesReader::Extent> MemorySeries::extent(const SiteKey&, const DeviceId& device) const {
  const auto found = devices_.find(device);
  if (found == devices_.end() || found->second.at.empty()) return std::nullopt;
  return Extent{found->second.at.front(), found->second.at.back(), found->second.at.size()};
}

Result<Blocks> MemorySeries::blocks(const SiteKey&, const DeviceId& device, Micros from, Micros to, std::span<const Metric>) const {
  Blocks out;
  const auto found = devices_.find(device);
  if (found == devices_.end()) return out;
  const Device& d = found->second;
  for (std::size_t begin = 0; begin < d.at.size(); begin += rows_a_block_) {
    const std::size_t end = std::min(begin + rows_a_block_, d.at.size());
    if (d.at[end - 1] >= from && d.at[begin] < to) out.push_back(std::make_unique<Block>(d, begin, end));
  }
  return out;
}

Status MemorySeries::rollups(const SiteKey&, const DeviceId&, Metric, Micros, Micros, Step, const Zone&, const RollupSink&) const {
  return fail(Errc::unsupported, "A dry run reads blocks, not rollups.");
}

}  // namespace heliograph::tests
