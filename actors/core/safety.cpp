#include "actors/core/safety.hpp"

#include <algorithm>
#include <string>

namespace heliograph {
namespace {

/// One question to the view; collects every answer against the proposal.
class Check {
 public:
  Check(const SafetyView& view, const Proposal& proposal, Micros at) : view_(view), p_(proposal), at_(at) {}

  Verdict run() {
    const auto index = view_.now.find(p_.device.text);
    const DeviceState* device = index && *index < view_.devices.size() ? &view_.devices[*index] : nullptr;
    stop();
    if (device == nullptr || !device->registered) {
      refuse("unknown-device", "No device \"" + p_.device.text + "\" is registered at this site: register it first.");
      return std::move(verdict_);
    }
    capability(*device);
    lock(*device);
    hold(*device);
    wear(*device);
    if (energising()) {
      soc_floor();
      grid_limit(*device);
    }
    return std::move(verdict_);
  }

 private:
  bool energising() const { return energises(p_.action, p_.power_w); }
  bool person() const { return is_person(p_.principal.kind); }

  void refuse(std::string rule, std::string sentence, std::optional<std::int64_t> limit = {},
              std::optional<std::int64_t> actual = {}, std::string unit = {}, Position reading = 0) {
    verdict_.refusals.push_back({std::move(rule), std::move(sentence), limit, actual, std::move(unit), reading});
  }

  // A stop blocks all automation, and everything that energises. A person may still switch off (E1).
  void stop() {
    if (view_.stopped && (energising() || !person()))
      refuse("stop", "The emergency stop is engaged: a named person must lift it first.", {}, {}, {}, view_.stop_position);
    if (!view_.settings.automation && !person())
      refuse("automation-off", "Automation is switched off for this site: switch it on in the site's settings.");
  }

  void capability(const DeviceState& device) {
    const bool can = p_.action == Action::set_power ? device.about.can_set_power : device.about.can_switch;
    if (!can)
      refuse("capability", "\"" + p_.device.text + "\" cannot be told to " + std::string(name(p_.action)) + ": it is read-only for that.");
    const std::int64_t most = device.about.nominal_w;
    if (p_.action == Action::set_power && (p_.power_w > most || p_.power_w < -most))
      refuse("range", "The power asked is beyond what the device can do.", p_.power_w < 0 ? -most : most, p_.power_w, "W");
  }

  // One command at a time: the one in flight is never replaced (H13).
  void lock(const DeviceState& device) {
    if (device.in_flight)
      refuse("busy", "Command " + device.in_flight->command.text + " of " + to_string(device.in_flight->owner) +
                         " is still in flight on this device: wait for its end.", {}, {}, {}, device.in_flight->dispatched);
  }

  void hold(const DeviceState& device) {
    if (!person() && at_ < device.manual_until)
      refuse("manual-hold", "A person commanded this device: automation keeps off it for the rest of the hold.",
             manual_hold / second_us, (at_ - (device.manual_until - manual_hold)) / second_us, "s");
  }

  // Minimum on and off times and switches per hour protect relays and compressors. A person may always switch off.
  void wear(const DeviceState& device) {
    if (p_.action == Action::set_power || (person() && p_.action == Action::switch_off)) return;
    const bool wanted = p_.action == Action::switch_on;
    const Micros least = wanted ? device.about.min_off : device.about.min_on;
    const Micros since = at_ - device.changed_at;
    if (device.on && *device.on != wanted && device.changed_at != 0 && since < least)
      refuse(wanted ? "min-off" : "min-on", std::string("The device has not been ") + (wanted ? "off" : "on") + " long enough.",
             least / second_us, since / second_us, "s");
    const auto recent = std::count_if(device.switched.begin(), device.switched.end(), [&](Micros t) { return t > at_ - hour_us; });
    if (!person() && static_cast<std::size_t>(recent) >= switches_per_hour_max)
      refuse("switch-rate", "The device was switched too often within an hour.", static_cast<std::int64_t>(switches_per_hour_max),
             recent, "per hour");
  }

  /// True when the reading may carry a decision; otherwise says why not.
  bool usable(DeviceIndex index, Metric metric, const Latest& latest) {
    const DeviceState& source = view_.devices[index];
    const std::string what = view_.now.devices()[index].id.text + "." + std::string(info(metric).api_name);
    if (!is_fresh(source, latest, at_)) {
      refuse("stale", "The reading " + what + " is too old to decide on.", source.about.freshness / second_us,
             (at_ - latest.at) / second_us, "s", latest.position);
      return false;
    }
    for (const auto& s : view_.suspects)
      if (s.device == index && s.metric == metric && s.at > latest.at) {
        refuse("quality", "The newest value of " + what + " is not plausible, so the one before cannot be trusted either.", {}, {}, {},
               s.position);
        return false;
      }
    verdict_.readings.push_back(latest.position);
    return true;
  }

  // Nothing that drains or draws at or below the floor; charging is welcome there. A site without a battery has no floor.
  void soc_floor() {
    if (p_.action == Action::set_power && p_.power_w < 0) return;
    const auto& devices = view_.now.devices();
    for (DeviceIndex i = 0; i < devices.size(); ++i) {
      const Latest& soc = view_.now.latest(i, Metric::soc_permille);
      if (!soc.known()) {
        never_read(i);
        continue;
      }
      if (!concerns(i) || !usable(i, Metric::soc_permille, soc)) continue;
      if (soc.value <= view_.settings.soc_floor_permille)
        refuse("soc-floor", "The battery is at or below its floor.", view_.settings.soc_floor_permille, soc.value, "permille", soc.position);
    }
  }

  // A battery without a state of charge, or a device that only ever gave values which cannot be one.
  void never_read(DeviceIndex index) {
    const std::string& id = view_.now.devices()[index].id.text;
    const DeviceState& state = view_.devices[index];
    const DeviceKind kind = state.about.kind;
    if (state.registered && (kind == DeviceKind::battery || (kind == DeviceKind::node && concerns(index))))
      return refuse("unknown", "The state of charge of \"" + id + "\" was never read.");
    for (const auto& s : view_.suspects)
      if (s.device == index && s.metric == Metric::soc_permille && concerns(index))
        refuse("quality", "The state of charge of \"" + id + "\" was only ever read as something implausible.", {}, {}, {}, s.position);
  }

  // In a fleet's site each node carries its own battery: a node's command is judged on its own charge. Any other
  // device draws on the site's batteries.
  bool concerns(DeviceIndex battery) const {
    const bool own = view_.devices[battery].about.kind == DeviceKind::node;
    return !own || view_.now.devices()[battery].id == p_.device;
  }

  // What the meter shows, plus what was allowed and the meter cannot show yet, plus this (H15).
  void grid_limit(const DeviceState& device) {
    const std::int64_t limit = view_.settings.grid_import_w_max;
    // Beyond what the device can do is refused as such ("range"), and must not overflow here.
    const std::int64_t asked = std::max(p_.power_w, -device.about.nominal_w);
    const std::int64_t adds = p_.action == Action::switch_on ? device.about.nominal_w : std::max<std::int64_t>(0, -asked);
    if (limit <= 0 || adds <= 0) return;
    const auto& devices = view_.now.devices();
    DeviceIndex meter = 0;
    Latest grid;
    for (DeviceIndex i = 0; i < devices.size(); ++i)
      if (const Latest& latest = view_.now.latest(i, Metric::grid_w); latest.known() && (!grid.known() || latest.at > grid.at)) {
        grid = latest;
        meter = i;
      }
    if (!grid.known()) {
      refuse("unknown", "A limit of grid draw is set, but the grid power was never read: connect a meter.", limit, {}, "W");
      return;
    }
    if (!usable(meter, Metric::grid_w, grid)) return;
    std::int64_t reserved = 0;
    for (const DeviceState& other : view_.devices)
      if (other.reserved_w > 0 && (other.in_flight || other.reserved_since >= grid.at)) reserved += other.reserved_w;
    const std::int64_t sum = grid.value + reserved + adds;
    if (sum > limit)
      refuse("grid-limit", "Together with the commands in flight the site would draw more than its limit.", limit, sum, "W", grid.position);
  }

  const SafetyView& view_;
  const Proposal& p_;
  Micros at_;
  Verdict verdict_;
};

}  // namespace

Verdict check(const SafetyView& view, const Proposal& proposal, Micros at) { return Check(view, proposal, at).run(); }

bool is_fresh(const DeviceState& device, const Latest& latest, Micros at) {
  return latest.known() && at - latest.at <= device.about.freshness;
}

}  // namespace heliograph
