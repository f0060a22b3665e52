#include "actors/core/command.hpp"

#include <algorithm>
#include <cstdlib>

namespace heliograph {
namespace {

std::int64_t added_draw(const DeviceState& device, Action action, std::int64_t power_w) {
  if (action == Action::switch_on) return device.about.nominal_w;
  if (action == Action::set_power) return std::max<std::int64_t>(0, -power_w);  // charging draws
  return 0;
}

}  // namespace

int priority(PrincipalKind kind) {
  if (is_person(kind)) return 3;
  if (kind == PrincipalKind::agent) return 1;
  return 2;
}

bool energises(Action action, std::int64_t power_w) {
  return action == Action::switch_on || (action == Action::set_power && power_w != 0);
}

void evolve(DeviceState& device, const Envelope& envelope, const CommandDispatched& event) {
  device.in_flight = CommandState{event.command, event.action, event.power_w, envelope.principal, envelope.position,
                                  envelope.occurred_at, event.expires_at, event.verify_by, {}};
  if (is_person(envelope.principal.kind)) device.manual_until = envelope.occurred_at + manual_hold;
  if (event.action != Action::set_power) {
    device.switched.push_back(envelope.occurred_at);
    while (device.switched.size() > switches_per_hour_max) device.switched.pop_front();
  }
  device.reserved_w = added_draw(device, event.action, event.power_w);
  device.reserved_since = envelope.occurred_at;
}

void evolve(DeviceState& device, const Envelope& envelope, const CommandVerified& event) {
  if (!device.in_flight || device.in_flight->command != event.command) return;
  // The state itself came with the reading that verified it.
  device.reserved_since = envelope.occurred_at;
  device.in_flight.reset();
}

void evolve(DeviceState& device, const Envelope&, const CommandFailed& event) {
  if (!device.in_flight || device.in_flight->command != event.command) return;
  // An unknown outcome may still have switched the device on: its draw stays reserved, its state is not known.
  if (event.kind == FailureKind::outcome_unknown) device.on.reset();
  else device.reserved_w = 0;
  device.in_flight.reset();
}

void observe_switch(DeviceState& device, bool on, Micros at) {
  // The first reading ever says nothing about when the state began; the first after an unknown outcome may be its change.
  const bool first = !device.on && device.changed_at == 0;
  if (device.on != on && !first) device.changed_at = at;
  device.on = on;
}

bool confirms(const DeviceState& device, Metric metric, std::int64_t value, Micros at) {
  const auto& command = device.in_flight;
  if (!command || command->dispatched == 0 || at <= command->dispatched_at) return false;
  if (metric == Metric::switch_on)
    return command->action != Action::set_power && (value != 0) == (command->action == Action::switch_on);
  if (metric != Metric::battery_w || command->action != Action::set_power) return false;
  const std::int64_t tolerance = std::max<std::int64_t>(50, std::abs(command->power_w) / 10);
  return std::abs(value - command->power_w) <= tolerance;
}

}  // namespace heliograph
