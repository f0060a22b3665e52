#include "actors/core/safety.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "actors/core/planted.hpp"

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
    asker();
    if (p_.purpose != Purpose::rollback) enabled();  // what was sent before the flag was turned is still put back
    if (device == nullptr || !device->registered) {
      refuse("unknown-device", "No device \"" + p_.device.text + "\" is registered at this site: register it first.");
      return std::move(verdict_);
    }
    capability(*device);
    environment(*device);
    lock(*device);
    hold(*device);
    wear(*device);
    if (energising()) {
      offline(*index, *device);
      hours(*device);
      charge(*device);
      grid_limit(*device);
    }
    return std::move(verdict_);
  }

  Verdict run_stay() {
    const auto index = view_.now.find(p_.device.text);
    stop();
    enabled();  // of rollbacks, too: where nothing is commanded every lease runs out
    if (!index || *index >= view_.devices.size()) return std::move(verdict_);
    const DeviceState& device = view_.devices[*index];
    environment(device);
    if (energising()) {
      offline(*index, device);
      charge(device);
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

  bool safe_state() const { return p_.purpose == Purpose::safe_state; }

  // A stop blocks all automation, and everything that energises. A person may still switch off (E1).
  void stop() {
    if (safe_state()) return;  // it follows the stop
    if (view_.safe_mode && (energising() || !person()))
      refuse("safe-mode", "Heliograph ended unexpectedly several times in a row and runs in safe mode: find out why, then stop and start it in order.");
    if (view_.stopped && !planted(Plant::stop_not_checked) && (energising() || !person()))
      refuse("stop", "The emergency stop is engaged: a named person must lift it first.", {}, {}, {}, view_.stop_position);
    if (!view_.settings.automation && !person())
      refuse("automation-off", "Automation is switched off for this site: switch it on in the site's settings.");
  }

  // What waited is not done for who was let go meanwhile.
  void asker() {
    if (p_.purpose == Purpose::ordinary && std::find(view_.left.begin(), view_.left.end(), p_.principal) != view_.left.end())
      refuse("asker-left", "Whoever asked may no longer command here: somebody who may must ask anew.");
  }

  // Deployed dark: seen and decided, not sent, until who runs the host says so.
  void enabled() {
    if (safe_state()) return;
    if (!view_.limits.control)
      refuse("control-off", "Nothing is commanded from this host: write control = true under [features] in its configuration file, or set "
                            "HELIOGRAPH_FEATURES_CONTROL=true, and start it again.");
    if (!view_.limits.automation && !person())
      refuse("automation-not-enabled", "Automation commands nothing on this host: write automation = true under [features] in its configuration file, or set "
                                       "HELIOGRAPH_FEATURES_AUTOMATION=true, and start it again.");
  }

  void capability(const DeviceState& device) {
    if (p_.action == Action::set_mode) return mode(device);
    const bool can = p_.action == Action::set_power ? device.about.can_set_power : device.about.can_switch;
    if (!can)
      refuse("capability", "\"" + p_.device.text + "\" cannot be told to " + std::string(name(p_.action)) + ": it is read-only for that.");
    const std::int64_t most = device.about.nominal_w;
    if (p_.action == Action::set_power && !planted(Plant::range_ignored) && (p_.power_w > most || p_.power_w < -most))
      refuse("range", "The power asked is beyond what the device can do.", p_.power_w < 0 ? -most : most, p_.power_w, "W");
  }

  void mode(const DeviceState& device) {
    const DeviceMode* known = find_mode(device.about, p_.mode);
    if (known != nullptr && known->draw_w == p_.power_w) return;
    std::string modes;
    for (const DeviceMode& each : device.about.modes) modes += (modes.empty() ? "\"" : ", \"") + each.mode + "\"";
    refuse("capability", modes.empty() ? "\"" + p_.device.text + "\" has no modes that can be set." : "\"" + p_.device.text + "\" knows the modes " + modes + ": take one of them.");
  }

  // A test installation never tells a production device anything, nor the other way round (H41).
  void environment(const DeviceState& device) {
    if (!device.about.environment.empty() && device.about.environment != view_.limits.environment)
      refuse("environment", "The device belongs to the environment \"" + device.about.environment + "\", and this is \"" +
                                view_.limits.environment + "\": it is only read here.");
  }

  // Shedding is tried all the same: it can do no harm, and the device may hear it.
  void offline(DeviceIndex index, const DeviceState& device) {
    if (is_offline(view_.now, index, device, at_) && !planted(Plant::offline_ignored))
      refuse("device-offline", "Nothing was heard from the device for too long: see whether it is connected, then ask again.",
             device.about.freshness / second_us, (at_ - view_.now.devices()[index].seen_at) / second_us, "s");
  }

  // One command at a time: the one in flight is never replaced (H13). A higher priority may wait for its end, and then comes first.
  void lock(const DeviceState& device) {
    if (safe_state()) return;
    if (device.in_flight && !may_wait_for(device, view_.pending, p_.principal))
      refuse("busy", "Command " + device.in_flight->command.text + " of " + to_string(device.in_flight->proposal.principal) +
                         " is still in flight on this device: wait for its end.", {}, {}, {}, device.in_flight->dispatched);
    if (device.in_flight || planted(Plant::priority_ignored)) return;
    for (const PendingCommand& other : view_.pending)
      if (other.proposal.device == p_.device && other.what == Waiting::device_busy && priority(other.proposal.principal.kind) > priority(p_.principal.kind))
        refuse("busy", "Command " + other.command.text + " of " + to_string(other.proposal.principal) + " waits for this device and comes first.", {}, {}, {}, other.requested);
  }

  void hold(const DeviceState& device) {
    if (!person() && !safe_state() && at_ < device.manual_until && !planted(Plant::hold_ignored))
      refuse("manual-hold", "A person commanded this device: automation keeps off it for the rest of the hold.",
             manual_hold / second_us, (at_ - (device.manual_until - manual_hold)) / second_us, "s");
  }

  // Minimum on and off times and switches per hour protect relays and compressors. A person may always switch off.
  void wear(const DeviceState& device) {
    if (!is_switch(p_.action) || safe_state() || (person() && p_.action == Action::switch_off)) return;
    const bool wanted = p_.action == Action::switch_on;
    const Micros least = wanted ? device.about.min_off : device.about.min_on;
    const Micros since = at_ - device.changed_at;
    // After an unknown outcome it may just have gone off: that counts against switching on, but keeps nobody from shedding.
    const bool opposite = device.on ? *device.on != wanted : wanted;
    if (least > 0 && !planted(Plant::min_off_ignored) && opposite && device.changed_at != 0 && since < least)
      refuse(wanted ? "min-off" : "min-on", std::string("The device has not been ") + (wanted ? "off" : "on") + " long enough.",
             least / second_us, since / second_us, "s");
    const auto recent = std::count_if(device.switched.begin(), device.switched.end(), [&](Micros t) { return t > at_ - hour_us; });
    if (!person() && static_cast<std::size_t>(recent) >= switches_per_hour_max && !planted(Plant::switch_rate_ignored))
      refuse("switch-rate", "The device was switched too often within an hour.", static_cast<std::int64_t>(switches_per_hour_max),
             recent, "per hour");
  }

  /// True when the reading may carry a decision; otherwise says why not.
  bool usable(DeviceIndex index, Metric metric, const Latest& latest) {
    const DeviceState& source = view_.devices[index];
    const std::string what = view_.now.devices()[index].id.text + "." + std::string(info(metric).api_name);
    if (!is_fresh(source, latest, at_) && !planted(Plant::stale_accepted)) {
      refuse("stale", "The reading " + what + " is too old to decide on.", source.about.freshness / second_us,
             (at_ - latest.at) / second_us, "s", latest.position);
      return false;
    }
    for (const auto& s : view_.suspects)
      if (s.device == index && s.metric == metric && s.at > latest.at && !planted(Plant::suspect_accepted)) {
        refuse("quality", "The newest value of " + what + " is not plausible, so the one before cannot be trusted either.", {}, {}, {},
               s.position);
        return false;
      }
    if (metric == Metric::soc_permille && is_stuck(view_.now, index, source, at_)) {
      refuse("stuck", what + " has not moved although its battery works: it counts as stale.", stuck_after / second_us,
             (at_ - source.soc_moved_at) / second_us, "s", latest.position);
      return false;
    }
    verdict_.readings.push_back(latest.position);
    return true;
  }

  // Wishes for the hours of the day bind automation (PRF-01, SAF-05); what people ask themselves they may.
  void hours(const DeviceState& device) {
    if (person()) return;
    if (in_window(view_.wishes.rest_hours, view_.local_minute))
      refuse("rest-hours", "Automation adds no load between " + format_clock(view_.wishes.rest_hours.from_minute) + " and " +
                               format_clock(view_.wishes.rest_hours.to_minute) + ", as the preferences say.");
    if (!in_window(view_.wishes.solar_hours, view_.local_minute)) return;
    const std::int64_t adds = added_draw(device.about, p_.action, p_.power_w);
    const Latest grid = view_.now.site_metric(Metric::grid_w);
    if (adds > 0 && grid.known() && grid.value + reserved_since(grid.at) + adds > 0)
      refuse("solar-hours", "In solar hours automation adds load from surplus only.", 0, grid.value + adds, "W", grid.position);
  }

  bool charging() const { return p_.action == Action::set_power && p_.power_w < 0; }

  // Nothing that drains or draws at or below the floor; charging is welcome there. A site without a battery has no floor.
  void charge(const DeviceState& device) {
    const auto& devices = view_.now.devices();
    for (DeviceIndex i = 0; i < devices.size(); ++i) {
      const Latest& soc = view_.now.latest(i, Metric::soc_permille);
      if (charging()) {
        if (!person() && soc.known() && concerns(i) && soc.value >= view_.wishes.target_soc_permille)
          refuse("target-soc", "The battery is charged as far as the preferences want.", view_.wishes.target_soc_permille, soc.value, "permille", soc.position);
        continue;
      }
      if (!soc.known()) {
        never_read(i);
        continue;
      }
      if (!concerns(i) || !usable(i, Metric::soc_permille, soc)) continue;
      above_floor(soc);
      forecast(i, soc, device);
    }
  }

  std::int32_t floor() const { return strictest_floor(view_.settings, view_.limits); }

  void above_floor(const Latest& soc) {
    if (planted(Plant::floor_compared_wrong) ? soc.value < floor() : soc.value <= floor())
      return refuse("soc-floor", "The battery is at or below its floor.", floor(), soc.value, "permille", soc.position);
    if (person()) return;
    if (soc.value <= view_.wishes.min_soc_permille)
      refuse("min-soc", "Automation leaves this charge in the battery, as the preferences say.", view_.wishes.min_soc_permille, soc.value, "permille", soc.position);
    else if (p_.action != Action::set_power && soc.value < view_.wishes.pause_below_permille)
      refuse("pause-below", "Automation switches no load on at this charge, as the preferences say.", view_.wishes.pause_below_permille, soc.value, "permille", soc.position);
  }

  // What the battery gives now, and this on top, for as long as the command lasts (H1).
  void forecast(DeviceIndex index, const Latest& soc, const DeviceState& device) {
    const std::int64_t capacity = view_.devices[index].about.capacity_wh;
    if (capacity <= 0 || soc.value <= floor() || planted(Plant::forecast_ignored)) return;
    const Latest& power = view_.now.latest(index, Metric::battery_w);
    const std::int64_t now_w = power.known() && is_fresh(view_.devices[index], power, at_) ? power.value : 0;
    const std::int64_t then_w = p_.action == Action::set_power ? p_.power_w : now_w + added_draw(device.about, p_.action, p_.power_w);
    if (then_w <= 0) return;
    const Micros horizon = device.about.lease > 0 ? device.about.lease : forecast_horizon;
    const auto drained_wh = static_cast<std::int64_t>(static_cast<double>(then_w) * static_cast<double>(horizon) / static_cast<double>(hour_us));
    const std::int64_t then = soc.value - drained_wh * 1000 / capacity;
    if (then <= floor())
      refuse("soc-forecast", "The battery would reach its floor while the command lasts.", floor(), then, "permille", soc.position);
  }

  // A battery without a state of charge, or a device that only ever gave values which cannot be one.
  void never_read(DeviceIndex index) {
    const std::string& id = view_.now.devices()[index].id.text;
    const DeviceState& state = view_.devices[index];
    const DeviceKind kind = state.about.kind;
    if (state.registered && !planted(Plant::unknown_accepted) && (kind == DeviceKind::battery || (kind == DeviceKind::node && concerns(index))))
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

  /// Draw of other devices that a meter reading of this time cannot show yet.
  std::int64_t reserved_since(Micros at) const {
    std::int64_t reserved = 0;
    for (const DeviceState& other : view_.devices)
      if (other.about.device != p_.device && !planted(Plant::reserve_not_counted)) reserved += draw_not_shown(other, at);
    return reserved;
  }

  /// The strictest of host, site and, for automation, preferences; 0 = none.
  std::int64_t grid_import_w_max() const {
    return strictest_limit({view_.limits.grid_import_w_max, view_.settings.grid_import_w_max, person() ? 0 : view_.wishes.grid_import_w_max});
  }

  // What the meter shows, plus what was allowed and the meter cannot show yet, plus this (H15).
  void grid_limit(const DeviceState& device) {
    const std::int64_t limit = grid_import_w_max(), adds = added_draw(device.about, p_.action, p_.power_w);
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
    const std::int64_t sum = grid.value + reserved_since(grid.at) + adds;
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
Verdict check_stay(const SafetyView& view, const Proposal& proposal, Micros at) { return Check(view, proposal, at).run_stay(); }

bool may_wait_for(const DeviceState& device, const std::vector<PendingCommand>& pending, const Principal& who) {
  const int mine = priority(who.kind);
  if (device.in_flight && priority(device.in_flight->proposal.principal.kind) >= mine) return false;
  return std::none_of(pending.begin(), pending.end(), [&](const PendingCommand& p) {
    return p.proposal.device == device.about.device && p.what == Waiting::device_busy && priority(p.proposal.principal.kind) >= mine;
  });
}

bool is_offline(const SiteNow& now, DeviceIndex device, const DeviceState& state, Micros at) {
  const Micros seen = now.devices()[device].seen_at;
  return seen != 0 && at - seen > state.about.freshness;
}

std::int32_t strictest_floor(const SiteConfigured& site, const HostLimits& host) {
  return std::max({soc_floor_least, host.soc_floor_permille, site.soc_floor_permille});
}

std::int64_t strictest_limit(std::initializer_list<std::int64_t> limits) {
  std::int64_t least = 0;
  for (const std::int64_t each : limits)
    if (each > 0 && (least == 0 || each < least)) least = each;
  return least;
}

bool in_window(const DayWindow& window, int minute) {
  if (window.from_minute == window.to_minute) return false;
  if (window.from_minute < window.to_minute) return minute >= window.from_minute && minute < window.to_minute;
  return minute >= window.from_minute || minute < window.to_minute;
}

bool is_stuck(const SiteNow& now, DeviceIndex device, const DeviceState& state, Micros at) {
  const Latest& power = now.latest(device, Metric::battery_w);
  // A full battery that is still being charged stands still, and so does one that was read only now and then.
  const bool full = now.latest(device, Metric::soc_permille).value >= 990 && power.value < 0;
  const bool works = power.known() && std::abs(power.value) >= battery_works_w && !full && state.soc_repeats >= stuck_repeats;
  return works && state.soc_moved_at != 0 && at - state.soc_moved_at >= stuck_after;
}

bool is_fresh(const DeviceState& device, const Latest& latest, Micros at) {
  return latest.known() && at - latest.at <= device.about.freshness;
}

}  // namespace heliograph
