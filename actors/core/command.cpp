#include "actors/core/command.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "actors/core/planted.hpp"

namespace heliograph {
namespace {

bool is_wanted(const Proposal& command, Metric metric, std::int64_t value, std::string_view word) {
  if (metric == Metric::switch_on) return is_switch(command.action) && (value != 0) == (command.action == Action::switch_on);
  if (metric == Metric::mode) return command.action == Action::set_mode && word == command.mode;
  if (metric != Metric::battery_w || command.action != Action::set_power) return false;
  const std::int64_t tolerance = std::max<std::int64_t>(50, std::abs(command.power_w) / 10);
  return std::abs(value - command.power_w) <= tolerance;
}

/// A lease that runs out returns the device to its safe state: that is nobody's hand.
bool by_lease(const DeviceState& device, bool on, Micros at) {
  return device.lease && at + settle_least >= device.lease->until && on == (device.about.safe_state == SafeState::on);
}

Sight observe_switch(DeviceState& device, bool on, Micros at) {
  // The first reading ever says nothing about when the state began; the first after an unknown outcome may be its change.
  const bool first = !device.on && device.changed_at == 0;
  const bool changed = device.on != on && !first, known_before = device.on.has_value();
  if (changed) device.changed_at = at;
  device.on = on;
  const auto& command = device.in_flight;
  const Action told = command ? command->proposal.action : Action::set_power;
  const bool ours = told == Action::set_mode || (is_switch(told) && on == (told == Action::switch_on));  // a mode may switch, too
  const bool expired = by_lease(device, on, at), late = at <= device.may_arrive_until;
  if (device.lease && !leaves_safe_state(device.about, on ? Action::switch_on : Action::switch_off, 0) && !command)
    device.lease.reset();
  return changed && !planted(Plant::hand_not_noticed) && known_before && !ours && !expired && !late ? Sight::by_hand : Sight::nothing;
}

}  // namespace

int priority(PrincipalKind kind) {
  if (is_person(kind)) return 3;
  if (kind == PrincipalKind::agent) return 1;
  return 2;
}

const DeviceMode* find_mode(const DeviceRegistered& about, std::string_view mode) {
  const auto found = std::find_if(about.modes.begin(), about.modes.end(), [mode](const DeviceMode& each) { return each.mode == mode; });
  return found == about.modes.end() ? nullptr : &*found;
}

bool energises(Action action, std::int64_t power_w) {
  return action == Action::switch_on || (!is_switch(action) && power_w != 0);
}

Micros expiry_of(const DeviceRegistered& about) { return about.settle > 10 * second_us ? cloud_command_expiry : command_expiry; }

std::int64_t added_draw(const DeviceRegistered& about, Action action, std::int64_t power_w) {
  if (action == Action::switch_on) return about.nominal_w;
  if (action == Action::set_mode) return power_w;
  if (action != Action::set_power) return 0;
  return std::max<std::int64_t>(0, -std::max(power_w, -about.nominal_w));  // charging draws
}

std::int64_t draw_not_shown(const DeviceState& device, Micros reading_at) {
  const std::int64_t before = device.reserved_since >= reading_at ? device.reserved_w : 0;
  if (!device.in_flight) return before;
  const Proposal& p = device.in_flight->proposal;
  return std::max(before, added_draw(device.about, p.action, p.power_w));
}

bool leaves_safe_state(const DeviceRegistered& about, Action action, std::int64_t power_w) {
  if (about.safe_state == SafeState::as_it_is) return false;
  if (action == Action::set_power) return power_w != 0;
  const bool works = action == Action::set_mode ? power_w != 0 : action == Action::switch_on;
  return works != (about.safe_state == SafeState::on);
}

std::vector<RuleId> fighters(const DeviceState& device) {
  std::set<RuleId> rules;
  std::size_t times = 0;
  for (std::size_t i = 1; i < device.by_rules.size(); ++i) {
    const RuleSwitch &one = device.by_rules[i - 1], &next = device.by_rules[i];
    if (one.on == next.on || one.rule == next.rule) continue;
    rules.insert({one.rule, next.rule});
    ++times;
  }
  return times > opposite_switches_max ? std::vector<RuleId>(rules.begin(), rules.end()) : std::vector<RuleId>();
}

void evolve(DeviceState& device, const Envelope& envelope, const CommandDispatched& event, const PendingCommand* asked) {
  if (!device.in_flight || device.in_flight->command != event.command) {
    CommandState& fresh = device.in_flight.emplace();
    fresh.command = event.command;
    fresh.proposal = {event.device, event.action, event.power_w, envelope.principal, event.purpose, {}, event.mode};
    fresh.correlation = envelope.correlation;
    fresh.on_before = device.on, fresh.power_before = device.power_w, fresh.mode_before = device.mode;
    if (asked != nullptr) fresh.proposal.about = asked->proposal.about, fresh.firer = asked->firer;
    if (is_switch(event.action)) {
      device.switched.push_back(envelope.occurred_at);
      while (device.switched.size() > switches_per_hour_max) device.switched.pop_front();
      if (envelope.principal.kind == PrincipalKind::rule && event.purpose == Purpose::ordinary) {
        device.by_rules.push_back({{envelope.principal.name}, event.action == Action::switch_on, envelope.occurred_at, envelope.position});
        while (device.by_rules.front().at <= envelope.occurred_at - hour_us) device.by_rules.pop_front();
      }
    }
  }
  CommandState& command = *device.in_flight;
  command.dispatched = envelope.position, command.dispatched_at = envelope.occurred_at;
  command.expires_at = event.expires_at, command.verify_by = event.verify_by, command.retry = event.retry;
  command.accepted_at.reset(), command.next_try = 0;
  if (is_person(envelope.principal.kind) && !planted(Plant::person_leaves_no_hold)) device.manual_until = envelope.occurred_at + manual_hold;
  if (event.lease > 0 && !planted(Plant::lease_not_renewed))
    device.lease = Lease{event.command, command.proposal, envelope.position, envelope.occurred_at + event.lease, envelope.occurred_at + event.lease / 3};
  else if (device.lease && !leaves_safe_state(device.about, event.action, event.power_w))
    device.lease->renew_at = 0;
}

void evolve(DeviceState& device, const Envelope& envelope, const CommandAnswered& event) {
  if (!device.in_flight || device.in_flight->command != event.command || device.in_flight->retry != event.retry) return;
  if (event.answer == Answered::unreachable && planted(Plant::lock_released_on_timeout)) return device.in_flight.reset();
  if (event.answer == Answered::accepted) device.in_flight->accepted_at = envelope.occurred_at;
  // Without another try it only waits for its deadline: asking again when nothing is planned would never end.
  device.in_flight->next_try = event.next_try != 0 ? event.next_try : device.in_flight->verify_by;
}

void evolve(DeviceState& device, const Envelope& envelope, const CommandVerified& event) {
  if (!device.in_flight || device.in_flight->command != event.command) return;
  // The state itself came with the reading that verified it.
  const Proposal& done = device.in_flight->proposal;
  device.reserved_w = planted(Plant::reserve_released_too_early) ? 0 : added_draw(device.about, done.action, done.power_w), device.reserved_since = envelope.occurred_at;
  device.in_flight.reset();
}

void evolve(DeviceState& device, const Envelope& envelope, const CommandFailed& event) {
  if (!device.in_flight || device.in_flight->command != event.command) return;
  // An unknown outcome may still have switched the device on: its draw stays reserved, its state is not known, and may just
  // have changed.
  if (event.kind == FailureKind::outcome_unknown) {
    const CommandState& lost = *device.in_flight;
    device.may_arrive_until = std::max(device.may_arrive_until, lost.expires_at);
    const std::int64_t draw = added_draw(device.about, lost.proposal.action, lost.proposal.power_w);
    // It may still come about until it expires.
    if (draw > 0 && !planted(Plant::reserve_dropped_when_unknown)) device.reserved_w = std::max(device.reserved_w, draw), device.reserved_since = std::max(envelope.occurred_at, lost.expires_at);
    if (is_switch(device.in_flight->proposal.action)) device.changed_at = envelope.occurred_at;
    device.on.reset();
    device.power_w.reset();
    device.mode.reset();
  } else if (device.lease && device.lease->command == event.command) {
    device.lease.reset();
  }
  device.in_flight.reset();
}

void evolve(DeviceState& device, const Envelope& envelope, const LeaseRenewed& event) {
  if (!device.lease) return;
  const Micros length = event.until - envelope.occurred_at;
  device.lease->cause = envelope.position, device.lease->until = event.until, device.lease->renew_at = envelope.occurred_at + length / 3;
}

void evolve(DeviceState& device, const Envelope&, const LeaseEnded&) {
  if (device.lease) device.lease->renew_at = 0;
}

void evolve(DeviceState& device, const Envelope& envelope, const DeviceChanged&) {
  device.manual_until = std::max(device.manual_until, envelope.occurred_at + manual_hold);
  if (device.in_flight) device.in_flight->changed_by_hand = true;
}

Sight observe(DeviceState& device, Metric metric, std::int64_t value, Micros at, std::string_view word) {
  if (metric == Metric::battery_w) device.power_w = value;
  if (metric == Metric::mode) device.mode = word;
  const Sight by_itself = metric == Metric::switch_on ? observe_switch(device, value != 0, at) : Sight::nothing;
  const auto& command = device.in_flight;
  if (!command || (at <= command->dispatched_at && !planted(Plant::verified_by_an_old_reading))) return by_itself;
  if (is_wanted(command->proposal, metric, value, word) && at <= device.may_arrive_until) return Sight::nothing;
  if (is_wanted(command->proposal, metric, value, word) || planted(Plant::verified_by_any_value)) return Sight::confirmed;
  if (by_itself == Sight::by_hand) return by_itself;
  // An inverter ramps, and may be limited: only a switch or a mode can contradict. The first old values prove nothing.
  const bool settled = command->accepted_at && at > *command->accepted_at + std::max(settle_least, device.about.settle);
  const Action told = command->proposal.action;
  const bool shows = metric == Metric::switch_on ? is_switch(told) : metric == Metric::mode && told == Action::set_mode;
  return shows && settled ? Sight::contradicted : Sight::nothing;
}

}  // namespace heliograph
