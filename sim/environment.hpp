// The world round a simulated house: the sun on its roof, what its people use, what the market asks. Each a pure
// function of seed and time. W, W of peak, micro currency per kWh.
#pragma once

#include <cstdint>

#include "events/time.hpp"
#include "sim/noise.hpp"

namespace heliograph {

struct Whereabouts {
  double latitude_deg = 52.1, longitude_deg = 5.2;
};

/// Sine of the sun's height: Cooper's declination (1969), hour angle from mean solar time. Below 0 at night.
double sine_of_sun_height(const Whereabouts& where, Micros at);
/// Share of the peak power without clouds: Haurwitz (1945), its exp(-x) replaced by 1 / (1 + x).
double clear_sky_share(double sine_of_height);
/// 0.1 (overcast) to 1 (clear): days, hours and passing clouds.
double clearness(const Noise& noise, Micros at);
std::int64_t pv_power_w(const Noise& noise, const Whereabouts& where, std::int64_t peak_w, Micros at);

/// The house without its plugs. `local` is civil time (as if UTC): habits follow the clock on the wall.
std::int64_t household_power_w(const Noise& noise, Micros local);

/// Spot price of the hour that contains `at`; may be negative on bright weekends.
std::int64_t spot_price_micro_per_kwh(const Noise& noise, const Whereabouts& where, Micros at, Micros local);

}  // namespace heliograph
