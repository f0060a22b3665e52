// Series in plain vectors, for tests: the same contract as the real ones, blocks of a chosen size.
#pragma once

#include <map>

#include "projections/series.hpp"

namespace heliograph::tests {

class MemorySeries : public SeriesReader {
 public:
  explicit MemorySeries(std::size_t rows_a_block = 720) : rows_a_block_(rows_a_block) {}

  using Values = std::vector<std::pair<Metric, std::int64_t>>;
  /// Appends a row; times of one device rise. Answers its position: the next one, unless given.
  Position row(const std::string& device, Micros at, const Values& values, Position position = 0);
  void hold(const std::string& device, Micros hold) { devices_[DeviceId{device}].hold = hold; }
  Position last_position() const { return next_ - 1; }
  std::size_t rows() const;

  std::vector<DeviceId> devices(const SiteKey& site) const override;
  std::vector<Metric> metrics(const SiteKey& site, const DeviceId& device) const override;
  Micros hold(const SiteKey& site, const DeviceId& device) const override;
  std::optional<Extent> extent(const SiteKey& site, const DeviceId& device) const override;
  Result<Blocks> blocks(const SiteKey& site, const DeviceId& device, Micros from, Micros to, std::span<const Metric>) const override;
  Status rollups(const SiteKey&, const DeviceId&, Metric, Micros, Micros, Step, const Zone&, const RollupSink&) const override;
  std::string_view word(const SiteKey&, std::int64_t index) const override { return words_.at(static_cast<std::size_t>(index)); }
  /// The number of a new word, for a row of a text metric.
  std::int64_t add_word(std::string text) {
    words_.push_back(std::move(text));
    return static_cast<std::int64_t>(words_.size()) - 1;
  }

  struct Device {
    std::vector<Micros> at;
    std::vector<Position> positions;
    std::map<Metric, std::vector<std::int64_t>> columns;
    Micros hold = 15 * minute_us;
  };

 private:
  std::size_t rows_a_block_;
  Position next_ = 1;
  std::vector<std::string> words_;
  std::map<DeviceId, Device> devices_;
};

}  // namespace heliograph::tests
