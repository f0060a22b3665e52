// The emergency stop, the clock that cannot be trusted, and time passing.
#include "actors/core/planted.hpp"
#include "actors/core/site.hpp"

namespace heliograph {

/// Cancels what waits, and drives what is on the wire to its safe state. What is on and stays on was switched on by somebody.
namespace {

struct SafeCommand {
  Action action{};
  std::string mode = {};
};

/// What brings a device to its safe state that was told this; nothing where it has no such way.
std::optional<SafeCommand> safe_state_of(const DeviceRegistered& about, Action told) {
  if (told == Action::set_power) return SafeCommand{Action::set_power};
  if (is_switch(told) || about.can_switch) return SafeCommand{about.safe_state == SafeState::on ? Action::switch_on : Action::switch_off};
  for (const DeviceMode& mode : about.modes)
    if ((mode.draw_w > 0) == (about.safe_state == SafeState::on)) return SafeCommand{Action::set_mode, mode.mode};
  return std::nullopt;
}

}  // namespace

Status Site::engage_stop(const Principal& principal, const std::string& reason, Micros at, Journal& journal) {
  auto stopped = append(draft("site-" + key_.site.text, principal, 0, {}, at, StopEngaged{reason}), journal);
  if (!stopped) return fail(stopped.error());
  if (planted(Plant::waiting_survives_stop)) return {};
  if (auto done = cancel_all(Cancelled::stopped, "The emergency stop was engaged.", *stopped, at, journal); !done) return done;
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    const DeviceState device = devices_[i];
    if (!device.in_flight) continue;
    const CommandState flight = *device.in_flight;
    const Proposal& p = flight.proposal;
    if (!energises(p.action, p.power_w) || p.purpose == Purpose::safe_state) continue;
    auto ended = failed(device, FailureKind::outcome_unknown, "The emergency stop came while it was on its way.", *stopped, at, journal);
    if (!ended) return ended;
    if (device.about.safe_state == SafeState::as_it_is || planted(Plant::safe_state_skipped)) continue;
    const auto safe = safe_state_of(device.about, p.action);
    if (!safe) continue;
    auto answer = gate({{device.about.device, safe->action, 0, principal, Purpose::safe_state, flight.command, safe->mode}, {"c-" + std::to_string(journal.next())},
                        "Emergency stop: what was on its way goes to its safe state.", *stopped, flight.correlation, {}, {}, 0}, at, journal);
    if (!answer) return fail(answer.error());
  }
  return {};
}

Status Site::lift_stop(const Principal& principal, const std::string& reason, Micros at, Journal& journal) {
  if (!is_person(principal.kind) || principal.name.empty())
    return fail(Errc::refused, "Only a named person can lift the emergency stop.");
  if (!stopped_) return fail(Errc::conflict, "The emergency stop is not engaged: there is nothing to lift.");
  if (reason.empty()) return fail(Errc::invalid, "Lifting the emergency stop needs a reason: say why it is safe again.", "/reason");
  return note(draft("site-" + key_.site.text, principal, stop_position_, {}, at, StopLifted{reason}), journal);
}

Status Site::suspect_clock(Micros step, Micros at, Journal& journal) {
  if (clock_suspect_) return {};
  auto suspected = append(draft("site-" + key_.site.text, {}, 0, {}, at, ClockSuspected{step}), journal);
  if (!suspected) return fail(suspected.error());
  if (planted(Plant::waiting_survives_clock)) return {};
  return cancel_all(Cancelled::clock_suspect, "The clock jumped: nobody knows how long it has waited.", *suspected, at, journal);
}

Status Site::trust_clock(const Principal& principal, Micros at, Journal& journal) {
  if (!clock_suspect_) return {};
  return note(draft("site-" + key_.site.text, principal, 0, {}, at, ClockTrusted{}), journal);
}

Status Site::tick(Micros at, Journal& journal) {
  if (auto done = fly(at, journal); !done) return done;
  if (!clock_suspect_) rules_.advance(at, zone_, firings_);
  if (auto done = has_reactions() ? react(at, journal) : release(at, journal); !done) return done;
  return look_at_alerts(at, journal);
}

std::optional<Micros> Site::next_due(Micros after) const {
  std::optional<Micros> due = clock_suspect_ ? std::nullopt : rules_.next_due(after, zone_);
  const auto look = woke_at_ != 0 && configured_ ? std::optional(look_at_) : std::nullopt;
  for (const auto& other : {next_flight(), next_release(), look})
    if (other) due = due ? std::min(*due, *other) : *other;
  return due;
}

}  // namespace heliograph
