// A simulated house, the same for the same seed: PV, household load, battery behind a self-consumption inverter,
// grid, switchable plugs, spot price. It lives on a grid of samples; how often it is asked changes nothing.
// W, permille, micro currency per kWh; load_w == pv_w + grid_w + battery_w in every sample, in integers.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "events/readings.hpp"
#include "events/zone.hpp"
#include "sim/battery.hpp"
#include "sim/environment.hpp"
#include "sim/plug.hpp"

namespace heliograph {

struct HouseOptions {
  std::uint64_t seed = 1;
  Micros start = 0;                // the first sample
  Micros sample = 15 * minute_us;  // from one sample to the next; powers hold in between
  Zone zone = Zone::utc();         // habits follow its clock
  Whereabouts where;
  std::int64_t pv_peak_w = 7500;
  BatterySpec battery = {10'000, 1'000, 10'000, 5'000, 5'000, 0.95, 0.95, 0};
  double stored_wh_at_start = 5'000;
  Micros battery_lease = 15 * minute_us;  // a commanded power ends by itself (the inverter's own dead-man's switch)
  std::vector<PlugOptions> plugs = default_plugs();
  FaultOptions faults;

  static std::vector<PlugOptions> default_plugs();  // miner-1 (1200 W), boiler (2000 W)
};

struct HouseSample {
  Micros at = 0;
  std::int64_t pv_w = 0, load_w = 0, grid_w = 0, battery_w = 0;  // load includes the plugs
  std::int64_t soc_permille = 0, battery_mv = 0;
  std::optional<std::int64_t> spot_price_micro;  // in the first sample of each hour
  struct OfPlug {
    bool on = false;
    std::int64_t power_w = 0;
    bool operator==(const OfPlug&) const = default;
  };
  std::vector<OfPlug> plugs;  // in the order of HouseOptions::plugs
  bool operator==(const HouseSample&) const = default;
};

class House {
 public:
  explicit House(HouseOptions options);

  /// Every sample not yet taken up to and including `to`. Answers the same whether asked once or in small steps.
  std::vector<HouseSample> step(Micros to);
  /// Same, without keeping them.
  void step(Micros to, const std::function<void(const HouseSample&)>& visit);
  /// A command reaches its device; takes effect in the samples from then on. Idempotent by command id.
  SimulatedAnswer apply(const CommandDispatched& command, Micros at);
  /// From the next sample on.
  void set_sample(Micros sample);

  /// Devices: pv, battery, grid, house, spot and the plugs.
  std::vector<DeviceRegistered> registrations() const;
  const HouseOptions& options() const { return options_; }
  const std::vector<Plug>& plugs() const { return plugs_; }
  double stored_wh() const { return battery_.stored_wh(); }
  Micros next_at() const { return next_at_; }

 private:
  HouseSample take_sample();
  SimulatedAnswer apply_to_battery(const CommandDispatched& command, Micros at);

  HouseOptions options_;
  Noise noise_;
  BatteryModel battery_;
  std::vector<Plug> plugs_;
  Micros next_at_;
  std::optional<std::int64_t> priced_hour_;
  struct Lease {
    std::int64_t power_w;
    Micros from, until;
  };
  std::optional<Lease> lease_;
  AnswerMemory battery_answers_;
};

/// The sample as readings: one row a device.
void add_rows(ReadingBuilder& out, const House& house, const HouseSample& sample);
/// The house's past up to and including `to` as batches of at most `rows` rows, marked historic.
void generate_history(House& house, Micros to, std::size_t rows, const std::function<void(ReadingBatch)>& sink);

}  // namespace heliograph
