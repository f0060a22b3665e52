// A battery as energy in a store behind an inverter: limits, efficiency each way, self-discharge. Pure; knows no
// site, prices or rules. Powers are on the AC side in W, + discharge into the site / - charge; energy in Wh.
#pragma once

#include <cstdint>

namespace heliograph {

struct BatterySpec {
  double capacity_wh = 0;
  double stored_wh_min = 0;         // the reserve: discharging stops here
  double stored_wh_max = 0;         // charging stops here; at most the capacity
  double charge_w_max = 0;          // AC side
  double discharge_w_max = 0;       // AC side
  double charge_efficiency = 1;     // stored = efficiency * charged
  double discharge_efficiency = 1;  // drawn from the store = discharged / efficiency
  double self_discharge_per_h = 0;  // share of the stored energy lost each hour, taken before a step
  bool operator==(const BatterySpec&) const = default;
};

class BatteryModel {
 public:
  BatteryModel() = default;
  BatteryModel(const BatterySpec& spec, double stored_wh) : spec_(spec), stored_wh_(stored_wh) {}

  /// The part of the request that the battery can keep up for the whole step.
  double acceptable_w(double request_w, double hours) const;
  /// Self-discharge, then the acceptable part of the request for `hours`; answers that part.
  double step(double request_w, double hours);

  const BatterySpec& spec() const { return spec_; }
  double stored_wh() const { return stored_wh_; }
  std::int64_t soc_permille() const;  // rounded to the nearest

 private:
  double stored_after_rest(double hours) const { return stored_wh_ * (1 - spec_.self_discharge_per_h * hours); }
  double limited(double request_w, double hours, double stored_wh) const;

  BatterySpec spec_{};
  double stored_wh_ = 0;
};

/// What a self-consumption inverter asks of its battery: cover the house, keep the sun.
inline double self_consumption_request_w(double load_w, double pv_w) { return load_w - pv_w; }

}  // namespace heliograph
