#include "sim/environment.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace heliograph {
namespace {

// Channels of chance; a new one takes a new number, or every simulated year changes.
enum Channel : std::uint64_t {
  sky_day = 1,
  sky_hour,
  sky_minute,
  base_load,
  morning,
  evening,
  fridge,
  spot_day,
  spot_hour,
  appliance_first = 100,
};

/// A bell without exp: 1 at `centre`, a half at `centre` +- `width`.
double bell(double x, double centre, double width) {
  const double d = (x - centre) / width;
  return 1 / (1 + d * d * d * d);
}

double hour_of_day(Micros local) {
  return static_cast<double>(local - Noise::floor_slot(local, day_us) * day_us) / static_cast<double>(hour_us);
}

int day_of_year(Micros at) {
  const Civil civil = to_civil(at);
  return static_cast<int>((at - from_civil(civil.year, 1, 1)) / day_us);
}

struct Appliance {
  double chance;           // of a use on a day
  double from_h, to_h;     // start
  double least_h, most_h;  // how long
  double power_w;
};
constexpr std::array<Appliance, 8> appliances{{
    {0.95, 6.5, 8.5, 0.05, 0.10, 2000},    // kettle
    {0.80, 15.0, 17.5, 0.05, 0.10, 2000},  // kettle
    {0.75, 17.2, 19.2, 0.40, 0.90, 2100},  // oven
    {0.90, 17.5, 19.5, 0.30, 0.70, 1500},  // hob
    {0.45, 9.0, 15.0, 1.00, 1.80, 700},    // washing machine
    {0.30, 12.0, 18.0, 0.80, 1.40, 900},   // dryer
    {0.70, 19.5, 21.5, 0.80, 1.50, 800},   // dishwasher
    {0.85, 18.5, 21.0, 2.00, 3.50, 140},   // television and lights
}};

}  // namespace

double sine_of_turns(double turns) {
  double t = turns - std::floor(turns);  // [0, 1)
  double sign = 1;
  if (t >= 0.5) {
    t -= 0.5;
    sign = -1;
  }
  if (t > 0.25) t = 0.5 - t;
  const double x = 6.283185307179586 * t, y = x * x;
  return sign * x * (1 - y / 6 * (1 - y / 20 * (1 - y / 42 * (1 - y / 72 * (1 - y / 110)))));
}

double sine_of_sun_height(const Whereabouts& where, Micros at) {
  const double declination = 23.45 / 360 * sine_of_turns((284 + day_of_year(at) + 1) / 365.0);
  const double solar_hour = hour_of_day(at) + where.longitude_deg / 15;
  const double latitude = where.latitude_deg / 360;
  return sine_of_turns(latitude) * sine_of_turns(declination) +
         cosine_of_turns(latitude) * cosine_of_turns(declination) * cosine_of_turns((solar_hour - 12) / 24);
}

double clear_sky_share(double sine_of_height) {
  if (sine_of_height <= 0) return 0;
  return 1.098 * sine_of_height * sine_of_height / (sine_of_height + 0.057);
}

double clearness(const Noise& noise, Micros at) {
  const double days = noise.smooth(sky_day, at, 30 * hour_us);
  const double hours = noise.smooth(sky_hour, at, 100 * minute_us);
  const double passing = noise.smooth(sky_minute, at, 4 * minute_us);
  const double dull = days * days * 0.75 + hours * 0.35;                         // 0 clear .. 1.1 overcast
  const double patches = dull > 0.2 && dull < 0.8 ? 0.35 * (passing - 0.5) : 0;  // broken clouds flicker
  return std::clamp(1.05 - dull - patches, 0.1, 1.0);
}

std::int64_t pv_power_w(const Noise& noise, const Whereabouts& where, std::int64_t peak_w, Micros at) {
  const double share = clear_sky_share(sine_of_sun_height(where, at)) * clearness(noise, at);
  return std::llround(share * 0.9 * static_cast<double>(peak_w));  // 0.9: inverter, cables, warm cells
}

std::int64_t household_power_w(const Noise& noise, Micros local) {
  const std::int64_t day = Noise::floor_slot(local, day_us);
  const double hour = hour_of_day(local);
  double watts = 130 + 90 * noise.smooth(base_load, local, 20 * minute_us);
  watts += noise.between(morning, day, 80, 320) * bell(hour, 7.4, 1.1);
  watts += noise.between(evening, day, 200, 600) * bell(hour, 19.6, 2.3);
  const Micros cycle = 48 * minute_us;
  const bool cooling = local - Noise::floor_slot(local, cycle) * cycle < 18 * minute_us;
  if (cooling) watts += noise.between(fridge, Noise::floor_slot(local, cycle), 70, 95);
  for (std::size_t i = 0; i < appliances.size(); ++i) {
    const Appliance& a = appliances[i];
    const std::uint64_t channel = appliance_first + 4 * i;
    if (noise.even(channel, day) >= a.chance) continue;
    const double start = noise.between(channel + 1, day, a.from_h, a.to_h);
    const double length = noise.between(channel + 2, day, a.least_h, a.most_h);
    if (hour >= start && hour < start + length) watts += a.power_w;
  }
  return std::llround(watts);
}

std::int64_t spot_price_micro_per_kwh(const Noise& noise, const Whereabouts& where, Micros at, Micros local) {
  const Micros start = Noise::floor_slot(at, hour_us) * hour_us;
  const double hour = hour_of_day(Noise::floor_slot(local, hour_us) * hour_us);
  // The same sky stands over the whole country: bright days are cheap at noon.
  const double dull = noise.smooth(sky_day, start, 30 * hour_us);
  const double sun = clear_sky_share(sine_of_sun_height(where, start + hour_us / 2)) * (1 - 0.7 * dull);
  const bool weekend = to_civil(local).weekday >= 6;
  double price = 0.075 + 0.05 * noise.smooth(spot_day, start, 60 * hour_us) - (weekend ? 0.02 : 0);
  price += 0.045 * bell(hour, 8, 1.5) + 0.085 * bell(hour, 19, 2) - 0.02 * bell(hour, 3, 2.5);
  price -= 0.16 * sun;
  price += 0.02 * (noise.even(spot_hour, Noise::floor_slot(start, hour_us)) - 0.5);
  return std::llround(price * 1e4) * 100;  // markets settle at 0.1 per MWh
}

}  // namespace heliograph
