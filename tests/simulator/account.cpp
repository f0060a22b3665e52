#include "tests/simulator/account.hpp"

#include <algorithm>
#include <cstdlib>

#include "actors/core/safety.hpp"

namespace heliograph::simulator {

bool Trail::energising() const { return energises(asked.action, asked.power_w); }

const Trail* Account::find(const std::string& command) const {
  const auto found = trails_.find(command);
  return found == trails_.end() ? nullptr : &found->second;
}

Trail* Account::trail(const CommandId& command, const char* event) {
  const auto found = trails_.find(command.text);
  if (found != trails_.end()) return &found->second;
  wrong("I3", std::string(event) + " of " + command.text + ", which nobody asked for");
  return nullptr;
}

void Account::take(const Record& record) {
  if (record.is_readings()) return take_readings(record);
  const Envelope& e = record.envelope;
  std::visit([&](const auto& event) {
    using E = std::decay_t<decltype(event)>;
    if constexpr (std::is_same_v<E, SiteConfigured>) settings_ = event;
    else if constexpr (std::is_same_v<E, PreferencesSet>) wishes_ = event;
    else if constexpr (std::is_same_v<E, DeviceRegistered>) devices_[event.device.text].about = event, devices_[event.device.text].registered = true;
    else if constexpr (std::is_same_v<E, StopEngaged>) stopped_ = stop_now_ = true;
    else if constexpr (std::is_same_v<E, StopLifted>) stopped_ = false;
    else if constexpr (std::is_same_v<E, ClockSuspected>) suspect_now_ = true;
    else if constexpr (requires { on(e, event); }) on(e, event);
  }, record.event());
}

// ---- readings ------------------------------------------------------------------------------------------------------

void Account::take_readings(const Record& record) {
  const ReadingBatch& batch = record.readings();
  for (const Suspect& s : batch.suspects) {
    DeviceAccount& device = devices_[batch.devices[batch.device_of[s.row]].text];
    Newest& newest = s.metric == Metric::soc_permille ? device.soc : device.grid_w;
    newest.suspect_at = std::max(newest.suspect_at, batch.at[s.row]);
  }
  for (std::size_t row = 0; row < batch.size(); ++row) {
    const std::string& id = batch.devices[batch.device_of[row]].text;
    DeviceAccount& device = devices_[id];
    const Micros at = batch.at[row];
    const bool live = !batch.historic && record.envelope.recorded_at - at <= device.about.freshness;
    for (const auto& [metric, newest] : {std::pair{Metric::soc_permille, &device.soc}, {Metric::grid_w, &device.grid_w},
                                         {Metric::battery_w, &device.battery_w}, {Metric::switch_on, &device.switched_on}}) {
      const std::int64_t value = batch.value(metric, row);
      if (value == missing || (newest->known() && at <= newest->at)) continue;
      newest->value = value, newest->at = at;
      device.seen_at = std::max(device.seen_at, at);
      if (metric == Metric::switch_on && live) saw_switch(id, device, value != 0, at, record.envelope.position + row);
    }
  }
}

void Account::saw_switch(const std::string&, DeviceAccount& device, bool on, Micros at, Position reading) {
  const bool changed = device.on && *device.on != on;
  if (changed) device.on_changed_at = at;
  // Nothing of ours can explain it: no command on its way, no timer of the device, and the state before was sure.
  if (changed && device.on_is_sure && device.in_flight.empty() && !device.lease && at > device.may_arrive_until) hands_.insert(reading);
  device.on = on, device.on_is_sure = true;
  if (device.lease && device.in_flight.empty() && !leaves_safe_state(device.about, on ? Action::switch_on : Action::switch_off, 0)) device.lease.reset();
}

// ---- what may be sent ---------------------------------------------------------------------------------------------------

std::string Account::against_wear(const DeviceAccount& device, const CommandRequested& c, const Principal& by, Micros at, bool again) const {
  if (c.action == Action::set_power) return {};
  const bool wanted = c.action == Action::switch_on;
  at = std::max(at, log_.stamp());  // stamps never run backwards, the wall clock may
  const auto recent = std::count_if(device.switched.begin(), device.switched.end(), [at](Micros t) { return t > at - hour_us; }) - (again ? 1 : 0);
  if (!person(by) && recent >= 12) return "I11 switched too often within an hour";
  if (person(by) && !wanted) return {};
  if (!wanted && !device.on_is_sure) return {};  // shedding does not wait for what nobody knows
  const Micros least = wanted ? device.about.min_off : device.about.min_on;
  if (device.on && *device.on != wanted && device.on_changed_at != 0 && least > 0 && at - device.on_changed_at < least)
    return std::string("I11 it has not been ") + (wanted ? "off" : "on") + " for long enough";
  return {};
}

std::string Account::against_charge(const CommandRequested& c, bool by_person, Micros at) const {
  const bool charging = c.action == Action::set_power && c.power_w < 0;
  for (const auto& [id, d] : devices_) {
    if (d.about.kind != DeviceKind::battery && !(d.about.kind == DeviceKind::node && id == c.device.text)) continue;
    if (charging) {
      if (!by_person && d.soc.known() && d.soc.value >= wishes_.target_soc_permille) return "I5 charging beyond the target";
      continue;
    }
    if (!d.soc.known()) return "I4 the charge of " + id + " was never read";
    if (at - d.soc.at > d.about.freshness) return "I4 the charge of " + id + " is stale";
    if (d.soc.suspect_at > d.soc.at) return "I4 the newest charge of " + id + " is not plausible";
    if (d.soc.value <= floor()) return "I5 " + id + " is at or below its floor";
    if (!by_person && d.soc.value <= wishes_.min_soc_permille) return "I5 " + id + " is at or below what automation leaves";
    if (!by_person && c.action == Action::switch_on && d.soc.value < wishes_.pause_below_permille) return "I5 loads pause at this charge";
    if (d.about.capacity_wh <= 0) continue;
    const DeviceAccount& target = devices_.at(c.device.text);
    const bool fresh = d.battery_w.known() && at - d.battery_w.at <= d.about.freshness;
    const std::int64_t then_w = c.action == Action::set_power ? c.power_w : (fresh ? d.battery_w.value : 0) + target.about.nominal_w;
    const Micros horizon = target.about.lease > 0 ? target.about.lease : 15 * minute_us;
    const std::int64_t drained = then_w * (horizon / second_us) / 3600 * 1000 / d.about.capacity_wh;
    if (then_w > 0 && d.soc.value - drained + 3 <= floor()) return "I5 " + id + " would reach its floor while it lasts";
  }
  return {};
}

std::string Account::against_staying(const DeviceAccount& device, Micros at) const {
  const auto& lease = *device.lease;
  if (stopped_) return "I2 the stop is on record";
  if (!energises(lease.action, lease.power_w)) return {};
  if (safe_mode_) return "I2 it runs in safe mode";
  if (device.seen_at != 0 && at - device.seen_at > device.about.freshness) return "I4 it is offline";
  CommandRequested as_it_is;
  as_it_is.device = device.about.device, as_it_is.action = lease.action, as_it_is.power_w = lease.power_w;
  return against_charge(as_it_is, person(lease.by), at);
}

std::string Account::against(const CommandRequested& c, const Principal& by, Micros at, bool again) const {
  const auto found = devices_.find(c.device.text);
  if (found == devices_.end() || !found->second.registered) return "I3 the device is not registered";
  const DeviceAccount& device = found->second;
  const bool by_person = person(by), energising = energises(c.action, c.power_w), safe = c.purpose == Purpose::safe_state;
  if (c.action == Action::set_power ? !device.about.can_set_power : !device.about.can_switch) return "I3 the device cannot do that";
  if (std::abs(c.power_w) > device.about.nominal_w) return "I3 it is beyond the device's range";
  if (!device.about.environment.empty() && device.about.environment != "production") return "I3 it belongs to another environment";
  if (safe_mode_ && !safe && (energising || !by_person)) return "I2 it runs in safe mode";
  if (stopped_ && !safe && (energising || !by_person)) return "I2 the stop is on record";
  if (!settings_.automation && !by_person && !safe) return "I3 automation is switched off";
  if (!by_person && !safe && at < device.held_until) return "I7 a person holds the device";
  if (!safe)
    if (auto why = against_wear(device, c, by, at, again); !why.empty()) return why;
  if (!energising || safe) return {};
  if (device.seen_at != 0 && at - device.seen_at > device.about.freshness) return "I4 the device is offline";
  const std::int64_t minute = at / minute_us % (24 * 60);
  if (!by_person && in_window(wishes_.rest_hours, static_cast<int>(minute))) return "I7 people rest";
  return against_charge(c, by_person, at);
}

}  // namespace heliograph::simulator
