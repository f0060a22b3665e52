// The latest usable reading of every metric of every device of one site. The site's actor decides on it, a dry
// run rebuilds it, the API shows it. Only a NEW source time makes a new reading; suspects never get in.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/readings.hpp"

namespace heliograph {

/// One value and where it stands in the log. `position` 0 = no reading yet.
struct Latest {
  std::int64_t value = missing;
  Micros at = 0;
  Position position = 0;
  bool known() const { return position != 0; }
};

using DeviceIndex = std::uint32_t;

class SiteNow {
 public:
  struct Device {
    DeviceId id;
    std::array<Latest, metric_slots> latest{};
    Micros seen_at = 0;  // newest source time of any reading
  };

  /// Index of the device, added when new. Indices are dense and never change.
  DeviceIndex index_of(std::string_view device);
  /// Of a batch's dictionary. Valid until the next call.
  std::span<const DeviceIndex> indices_of(const std::vector<DeviceId>& devices) {
    return memo_.resolve(devices, [this](const std::string& name) { return index_of(name); });
  }
  std::optional<DeviceIndex> find(std::string_view device) const;
  const std::vector<Device>& devices() const { return devices_; }

  /// Folds one value. False (and no change) when its source time is not newer than what is known.
  bool fold(DeviceIndex device, Metric metric, std::int64_t value, Micros at, Position position) {
    Latest& latest = devices_[device].latest[static_cast<std::size_t>(metric)];
    if (latest.known() && at <= latest.at) return false;
    latest = {value, at, position};
    if (at > devices_[device].seen_at) devices_[device].seen_at = at;
    return true;
  }
  /// A simulated device never goes silent, however rarely it says something.
  void assume_alive(DeviceIndex device) { devices_[device].seen_at = std::numeric_limits<Micros>::max(); }
  const Latest& latest(DeviceIndex device, Metric metric) const {
    return devices_[device].latest[static_cast<std::size_t>(metric)];
  }
  /// The newest reading of a metric that only one device of the site should have (grid_w, soc_permille): of several,
  /// the lowest known value for soc (safe side), otherwise the newest. Unknown Latest when nobody has it. How fresh it
  /// must be is for the caller to say.
  Latest site_metric(Metric metric) const;

  /// Text of a text metric's value (words are interned per site).
  std::int64_t intern(std::string_view word);
  std::string_view word(std::int64_t index) const;
  std::size_t words() const { return words_.size(); }

 private:
  std::vector<Device> devices_;
  TextMap<DeviceIndex> index_;
  DeviceMemo<DeviceIndex> memo_;
  std::vector<std::string> words_;
  TextMap<std::int64_t> word_index_;
};

/// Folds a whole live batch whose first reading has position `base`.
void fold(SiteNow& now, const ReadingBatch& batch, Position base);

}  // namespace heliograph
