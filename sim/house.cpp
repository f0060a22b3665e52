#include "sim/house.hpp"

#include <algorithm>
#include <cmath>

namespace heliograph {
namespace {

enum Channel : std::uint64_t { battery_fault = 300 };

DeviceRegistered device(std::string_view id, DeviceKind kind, std::string_view title, const HouseOptions& options) {
  DeviceRegistered about;
  about.device = DeviceId{std::string(id)};
  about.kind = kind;
  about.name = std::string(title);
  about.hold = std::max(options.sample, 15 * minute_us);
  about.freshness = std::max(5 * minute_us, options.sample + minute_us);
  return about;
}

using Answer = SimulatedAnswer::Kind;

}  // namespace

std::vector<PlugOptions> HouseOptions::default_plugs() {
  return {{DeviceId{"miner-1"}, "Miner in the garage", 1200, true, 5 * minute_us, 5 * minute_us},
          {DeviceId{"boiler"}, "Hot water boiler", 2000, false, 10 * minute_us, 10 * minute_us}};
}

House::House(HouseOptions options)
    : options_(std::move(options)),
      noise_(options_.seed),
      battery_(options_.battery, options_.stored_wh_at_start),
      next_at_(options_.start) {
  ensure(options_.sample > 0, "a simulated house needs a sample length above zero");
  for (const auto& plug : options_.plugs) plugs_.emplace_back(plug);
}

HouseSample House::take_sample() {
  HouseSample s;
  s.at = next_at_;
  const Micros local = s.at + options_.zone.offset_at(s.at);
  s.pv_w = pv_power_w(noise_, options_.where, options_.pv_peak_w, s.at);
  s.load_w = household_power_w(noise_, local);
  for (auto& plug : plugs_) {
    plug.advance(s.at);
    const std::int64_t draw_w = plug.power_w(noise_, s.at);
    s.plugs.push_back({plug.on(), draw_w});
    s.load_w += draw_w;
  }
  s.soc_permille = battery_.soc_permille();
  s.battery_mv = 48'000 + 6 * s.soc_permille;
  if (lease_ && s.at >= lease_->until) lease_.reset();
  const bool commanded = lease_ && s.at >= lease_->from;
  const double wanted_w = commanded
                              ? static_cast<double>(lease_->power_w)
                              : self_consumption_request_w(static_cast<double>(s.load_w), static_cast<double>(s.pv_w));
  const double hours = static_cast<double>(options_.sample) / static_cast<double>(hour_us);
  // Whole watts towards zero: what the meter says is exactly what the store feels, and never beyond its limits.
  s.battery_w = static_cast<std::int64_t>(battery_.acceptable_w(wanted_w, hours));
  battery_.step(static_cast<double>(s.battery_w), hours);
  s.grid_w = s.load_w - s.pv_w - s.battery_w;
  const std::int64_t hour = Noise::floor_slot(s.at, hour_us);
  if (priced_hour_ != hour) {
    priced_hour_ = hour;
    s.spot_price_micro = spot_price_micro_per_kwh(noise_, options_.where, s.at, local);
  }
  next_at_ += options_.sample;
  return s;
}

void House::step(Micros to, const std::function<void(const HouseSample&)>& visit) {
  while (next_at_ <= to) visit(take_sample());
}

std::vector<HouseSample> House::step(Micros to) {
  std::vector<HouseSample> samples;
  step(to, [&](const HouseSample& s) { samples.push_back(s); });
  return samples;
}

void House::set_sample(Micros sample) {
  ensure(sample > 0, "a simulated house needs a sample length above zero");
  options_.sample = sample;
}

SimulatedAnswer House::apply(const CommandDispatched& command, Micros at) {
  for (auto& plug : plugs_)
    if (plug.options().id == command.device) return plug.apply(command, at, options_.faults, noise_);
  if (command.device.text == "battery") return apply_to_battery(command, at);
  return {Answer::failed, "The house has no device \"" + command.device.text + "\".", at};
}

SimulatedAnswer House::apply_to_battery(const CommandDispatched& command, Micros at) {
  if (const auto* before = battery_answers_.find(command.command)) return *before;
  const auto& faults = options_.faults;
  const auto answer = [&]() -> SimulatedAnswer {
    const Micros effect_at = at + faults.delay;
    if (command.action != Action::set_power)
      return {Answer::refused, "The battery cannot be switched, only given a power.", at};
    if (noise_.even(battery_fault, slot_of(command.command)) * 1000 < faults.fail_permille)
      return {Answer::failed, "The inverter reports a fault.", effect_at};
    if (command.expires_at != 0 && effect_at > command.expires_at)
      return {Answer::refused, "The command came after its expiry.", effect_at};
    const double limit = command.power_w < 0 ? options_.battery.charge_w_max : options_.battery.discharge_w_max;
    if (std::abs(static_cast<double>(command.power_w)) > limit)
      return {Answer::refused, "The power is beyond the inverter's limit.", effect_at};
    lease_ = Lease{command.power_w, effect_at, effect_at + options_.battery_lease};
    return {Answer::done, "", effect_at};
  }();
  return battery_answers_.remember(command.command, answer);
}

std::vector<DeviceRegistered> House::registrations() const {
  std::vector<DeviceRegistered> all;
  all.push_back(device("pv", DeviceKind::inverter, "Roof", options_));
  auto battery = device("battery", DeviceKind::battery, "House battery", options_);
  battery.can_set_power = true;
  battery.nominal_w = std::llround(std::max(options_.battery.charge_w_max, options_.battery.discharge_w_max));
  all.push_back(std::move(battery));
  all.push_back(device("grid", DeviceKind::meter, "Grid meter", options_));
  all.push_back(device("house", DeviceKind::meter, "Whole house", options_));
  auto spot = device("spot", DeviceKind::price, "Spot price", options_);
  spot.hold = hour_us;
  spot.freshness = 65 * minute_us;
  all.push_back(std::move(spot));
  for (const auto& plug : options_.plugs) {
    auto about = device(plug.id.text, DeviceKind::plug, plug.name, options_);
    about.can_switch = true;
    about.nominal_w = plug.nominal_w;
    about.min_on = plug.min_on;
    about.min_off = plug.min_off;
    all.push_back(std::move(about));
  }
  return all;
}

void add_rows(ReadingBuilder& out, const House& house, const HouseSample& sample) {
  const auto one = [&](std::string_view device_id, Metric metric, std::int64_t value) {
    out.row(device_id, sample.at);
    out.set(metric, value);
  };
  one("pv", Metric::pv_w, sample.pv_w);
  out.row("battery", sample.at);
  out.set(Metric::battery_w, sample.battery_w);
  out.set(Metric::soc_permille, sample.soc_permille);
  out.set(Metric::battery_mv, sample.battery_mv);
  one("grid", Metric::grid_w, sample.grid_w);
  one("house", Metric::load_w, sample.load_w);
  if (sample.spot_price_micro) one("spot", Metric::spot_price_micro, *sample.spot_price_micro);
  for (std::size_t i = 0; i < sample.plugs.size(); ++i) {
    out.row(house.options().plugs[i].id.text, sample.at);
    out.set(Metric::power_w, sample.plugs[i].power_w);
    out.set(Metric::switch_on, sample.plugs[i].on ? 1 : 0);
  }
}

void generate_history(House& house, Micros to, std::size_t rows, const std::function<void(ReadingBatch)>& sink) {
  ReadingBuilder builder;
  const std::size_t rows_a_sample = 5 + house.plugs().size();
  const auto hand_over = [&] {
    if (builder.size() == 0) return;
    builder.historic(true);
    sink(builder.take());
  };
  house.step(to, [&](const HouseSample& sample) {
    if (builder.size() + rows_a_sample > rows) hand_over();
    add_rows(builder, house, sample);
  });
  hand_over();
}

}  // namespace heliograph
