#include "sim/battery.hpp"

#include <algorithm>
#include <cmath>

namespace heliograph {

double BatteryModel::limited(double request_w, double hours, double stored_wh) const {
  if (hours <= 0) return 0;
  if (request_w < 0) {
    // Self-discharge or a lowered maximum may leave the store outside its bounds: room is then none, never negative.
    const double room_wh = std::max(0.0, spec_.stored_wh_max - stored_wh);
    return -std::min({-request_w, spec_.charge_w_max, room_wh / (spec_.charge_efficiency * hours)});
  }
  const double usable_wh = std::max(0.0, stored_wh - spec_.stored_wh_min);
  return std::min({request_w, spec_.discharge_w_max, usable_wh * spec_.discharge_efficiency / hours});
}

double BatteryModel::acceptable_w(double request_w, double hours) const {
  return limited(request_w, hours, stored_after_rest(hours));
}

double BatteryModel::step(double request_w, double hours) {
  stored_wh_ = stored_after_rest(hours);
  const double accepted_w = limited(request_w, hours, stored_wh_);
  if (accepted_w < 0)
    stored_wh_ -= spec_.charge_efficiency * accepted_w * hours;
  else
    stored_wh_ -= accepted_w * hours / spec_.discharge_efficiency;
  return accepted_w;
}

std::int64_t BatteryModel::soc_permille() const {
  return spec_.capacity_wh > 0 ? std::llround(stored_wh_ / spec_.capacity_wh * 1000) : 0;
}

}  // namespace heliograph
