#include "sim/world.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace heliograph {
namespace {

double start_wh(const ScenarioBattery& battery) { return battery.spec.capacity_wh * battery.start_soc_permille / 1000; }

Wide wus(std::int64_t power_w, Micros span) { return static_cast<Wide>(power_w) * span; }

/// Energy that the battery really moved, in W * us; exact where it could do what was asked.
Wide step_wus(BatteryModel& battery, double request_w, Micros span) {
  const double hours = static_cast<double>(span) / static_cast<double>(hour_us);
  return static_cast<Wide>(std::round(battery.step(request_w, hours) * static_cast<double>(span)));
}

}  // namespace

std::optional<World::Role> World::role_of(Metric metric) {
  switch (metric) {
    case Metric::pv_w: return Role::pv;
    case Metric::load_w: return Role::load;
    case Metric::grid_w: return Role::grid;
    case Metric::grid_import_w: return Role::grid_import;
    case Metric::grid_export_w: return Role::grid_export;
    case Metric::battery_w: return Role::battery;
    case Metric::battery_charge_w: return Role::charge;
    case Metric::battery_discharge_w: return Role::discharge;
    case Metric::soc_permille: return Role::soc;
    case Metric::spot_price_micro: return Role::spot;
    case Metric::power_w: return Role::draw;
    default: return std::nullopt;
  }
}

World::World(Options options) : options_(std::move(options)), now_(options_.from), safe_until_(options_.from) {
  if (!options_.battery) return;
  candidate_battery_ = BatteryModel(options_.battery->spec, start_wh(*options_.battery));
  self_battery_ = candidate_battery_;
}

void World::add_source(std::uint32_t device, Metric metric, Micros hold, Micros first, Micros gone) {
  const auto role = role_of(metric);
  if (!role) return;
  if (slot_of_.size() <= device) {
    std::array<std::int16_t, metric_slots> none;
    none.fill(-1);
    slot_of_.resize(device + 1, none);
  }
  slot_of_[device][static_cast<std::size_t>(metric)] = static_cast<std::int16_t>(slots_.size());
  by_role_[static_cast<std::size_t>(*role)].push_back(slots_.size());
  slots_.push_back({*role, hold, first, gone, missing, 0});
}

std::size_t World::add_played(std::uint32_t device, std::int64_t nominal_w, bool from_record) {
  Played played{nominal_w, from_record, false, false, std::nullopt};
  if (device < slot_of_.size())
    if (const auto slot = slot_of_[device][static_cast<std::size_t>(Metric::power_w)]; slot >= 0)
      played.slot = static_cast<std::size_t>(slot);
  played_.push_back(played);
  return played_.size() - 1;
}

void World::take(std::uint32_t device, Metric metric, std::int64_t value, Micros at) {
  if (device >= slot_of_.size()) return;
  const auto index = slot_of_[device][static_cast<std::size_t>(metric)];
  if (index < 0) return;
  Slot& slot = slots_[static_cast<std::size_t>(index)];
  slot.value = value;
  slot.until = at + slot.hold;
  safe_until_ = std::min(safe_until_, slot.until);
}

std::optional<std::int64_t> World::sum(Role role) const {
  std::int64_t total = 0;
  bool any = false;
  for (const std::size_t i : slots_of(role)) {
    const Slot& slot = slots_[i];
    if (now_ < slot.first || now_ >= slot.gone) continue;  // not installed then: no part of the sum
    if (now_ >= slot.until) return std::nullopt;           // silent: nobody knows
    total += slot.value;
    any = true;
  }
  return any ? std::optional(total) : std::nullopt;
}

std::optional<std::int64_t> World::recorded_battery() const {
  if (measures(Role::battery)) return sum(Role::battery);
  if (!measures(Role::charge) && !measures(Role::discharge)) return 0;
  const auto in = sum(Role::charge), out = sum(Role::discharge);
  if (!in || !out) return std::nullopt;
  return *out - *in;
}

World::Flows World::flows() const {
  Flows f;
  f.battery_w = recorded_battery();
  if (measures(Role::grid_import) && measures(Role::grid_export)) {
    f.import_w = sum(Role::grid_import);
    f.export_w = sum(Role::grid_export);
  } else if (const auto grid = sum(Role::grid)) {
    f.import_w = std::max<std::int64_t>(*grid, 0);
    f.export_w = std::max<std::int64_t>(-*grid, 0);
  }
  if (!f.import_w || !f.export_w) f.import_w = f.export_w = std::nullopt;
  if (measures(Role::load)) {
    const auto load = sum(Role::load);
    const auto pv = measures(Role::pv) ? sum(Role::pv) : std::optional<std::int64_t>(0);
    if (load && pv) f.demand_w = *load - *pv;
  }
  if (!f.demand_w && f.import_w && f.battery_w) f.demand_w = *f.import_w - *f.export_w + *f.battery_w;
  f.extra_w = extra_w();
  return f;
}

std::int64_t World::played_w(const Played& device) const {
  if (!device.on) return 0;
  // What it really drew when it ran is a better guess than its name plate.
  if (device.from_record && device.slot && now_ < slots_[*device.slot].until &&
      slots_[*device.slot].value > device.nominal_w / 10)
    return slots_[*device.slot].value;
  return device.nominal_w;
}

std::optional<std::int64_t> World::extra_w() const {
  std::int64_t extra = 0;
  for (const Played& device : played_) {
    if (!device.active) continue;
    std::int64_t recorded = 0;
    if (device.slot) {
      const Slot& slot = slots_[*device.slot];
      if (now_ >= slot.first && now_ < slot.gone) {
        if (now_ >= slot.until) return std::nullopt;
        recorded = slot.value;
      }
    }
    extra += played_w(device) - recorded;
  }
  return extra;
}

std::int64_t World::draw_w(std::size_t played) const { return played_w(played_[played]); }

void World::play(std::size_t played, bool on) {
  played_[played].active = true;
  played_[played].on = on;
}

void World::simulate_battery() {
  if (simulated_ || !options_.battery) return;
  simulated_ = true;
  const auto soc = slots_of(Role::soc).size() == 1 ? sum(Role::soc) : std::nullopt;
  const double capacity_wh = options_.battery->spec.capacity_wh;
  if (soc)
    candidate_battery_ = BatteryModel(options_.battery->spec, capacity_wh * static_cast<double>(*soc) / 1000);
  else
    used_start_charge_ = true;
}

double World::request_w(std::int64_t demand_w) const {
  switch (options_.battery->strategy) {
    case BatteryStrategy::self_consumption: return static_cast<double>(demand_w);
    case BatteryStrategy::idle: return 0;
    case BatteryStrategy::rules: return static_cast<double>(commanded_w_);
  }
  return 0;
}

void World::advance(Micros to) {
  while (now_ < to) {
    Micros end = to;
    if (to > safe_until_) {
      Micros safe = std::numeric_limits<Micros>::max();
      for (const Slot& slot : slots_) {
        if (slot.until <= now_) continue;
        safe = std::min(safe, slot.until);
      }
      safe_until_ = safe;
      end = std::min(to, safe);
    }
    book(end - now_);
    now_ = end;
  }
}

void World::book(Micros span) {
  const Flows f = flows();
  std::optional<Prices> prices;
  if (options_.tariff) prices = prices_at(*options_.tariff, sum(Role::spot));
  if (f.import_w) books_.metered.add(span, wus(*f.import_w, span), wus(*f.export_w, span), prices);
  if (!f.demand_w) {
    book_gap(span);
    if (options_.battery) step_wus(self_battery_, 0, span);  // it rests; the clock goes on
    if (simulated_) step_wus(candidate_battery_, 0, span);
    return;
  }
  books_.no_battery.add_net(span, wus(*f.demand_w, span), prices);
  if (options_.battery) {
    const Wide moved = step_wus(self_battery_, static_cast<double>(*f.demand_w), span);
    books_.self_consumption.add_net(span, wus(*f.demand_w, span) - moved, prices);
    books_.self_consumption.add_battery(moved);
  }
  if (!f.extra_w) return;
  const std::int64_t demand_w = *f.demand_w + *f.extra_w;
  Wide moved = 0;
  if (simulated_)
    moved = step_wus(candidate_battery_, request_w(demand_w), span);
  else if (f.battery_w)
    moved = wus(*f.battery_w, span);
  else
    return;
  const Wide grid_wus = wus(demand_w, span) - moved;
  books_.candidate.add_net(span, grid_wus, prices);
  books_.candidate.add_battery(moved);
  if (!f.import_w) return;
  books_.candidate_where_both.add_net(span, grid_wus, prices);
  books_.meter_where_both.add(span, wus(*f.import_w, span), wus(*f.export_w, span), prices);
}

void World::book_gap(Micros span) {
  if (!books_.gaps.empty() && books_.gaps.back().to == now_)
    books_.gaps.back().to += span;
  else
    books_.gaps.push_back({now_, now_ + span});
}

World::Shown World::shown() const {
  Shown shown;
  const Flows f = flows();
  const bool known = f.demand_w && f.extra_w;
  if (const auto load = sum(Role::load); load && f.extra_w) shown.load_w = *load + *f.extra_w;
  if (simulated_) {
    shown.soc_permille = candidate_battery_.soc_permille();
    if (!known) return shown;
    // An inverter follows within seconds: what it can keep up for a minute is what it shows.
    const double wanted = request_w(*f.demand_w + *f.extra_w);
    shown.battery_w = static_cast<std::int64_t>(candidate_battery_.acceptable_w(wanted, 1.0 / 60));
  } else {
    shown.battery_w = f.battery_w;
  }
  if (known && shown.battery_w) shown.grid_w = *f.demand_w + *f.extra_w - *shown.battery_w;
  return shown;
}

}  // namespace heliograph
