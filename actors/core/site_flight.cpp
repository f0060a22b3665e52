// Commands on their way: answers, further tries, deadlines, what readings show, rollback, and leases. Every fact is on record
// before the device hears of it; nothing is guessed.
#include <algorithm>

#include "actors/core/planted.hpp"
#include "actors/core/site.hpp"

namespace heliograph {
namespace {

/// A tenth at most, so that devices which fell silent together are not all asked again together. The same in every run.
Micros jitter(const CommandState& command, Micros of) {
  const auto digest = sha256({"retry\n", command.command.text, "\n", std::to_string(command.retry)});
  return of * static_cast<Micros>(digest[0]) / 2560;
}

/// The view with this device as if its command had not been sent yet.
std::vector<DeviceState> without_flight(std::vector<DeviceState> devices, std::size_t index) {
  DeviceState& own = devices[index];
  if (own.in_flight && is_switch(own.in_flight->proposal.action) && !own.switched.empty()) own.switched.pop_back();
  own.in_flight.reset();
  return devices;
}

/// The command that puts back what was; nothing when that is not known.
std::optional<Proposal> before(const CommandState& flight, const DeviceRegistered& about) {
  Proposal back{about.device, flight.proposal.action, 0, flight.proposal.principal, Purpose::rollback, flight.command};
  if (is_switch(back.action)) {
    if (!flight.on_before) return std::nullopt;
    back.action = *flight.on_before ? Action::switch_on : Action::switch_off;
  } else if (back.action == Action::set_mode) {
    const DeviceMode* mode = flight.mode_before ? find_mode(about, *flight.mode_before) : nullptr;
    if (mode == nullptr) return std::nullopt;
    back.mode = mode->mode, back.power_w = mode->draw_w;
  } else {
    if (!flight.power_before) return std::nullopt;
    back.power_w = *flight.power_before;
  }
  return back;
}

std::string first_reason(const Verdict& verdict) { return verdict.refusals.front().rule + ": " + verdict.refusals.front().sentence; }

}  // namespace

// ---- before the device hears -----------------------------------------------------------------------------------------

std::optional<std::string> Site::why_not_send(const CommandDispatched& command, Micros at) const {
  const DeviceState* state = device(command.device);
  if (state == nullptr || !state->in_flight || state->in_flight->command != command.command || state->in_flight->retry != command.retry)
    return "the command has ended";
  if (at >= command.expires_at) return "it expired before it could be sent";
  if (planted(Plant::last_look_blind)) return std::nullopt;
  // Judged once more on what is known now (SAF-06, H4), as if it had not been dispatched yet.
  const auto before = without_flight(devices_, static_cast<std::size_t>(state - devices_.data()));
  static const std::vector<PendingCommand> nobody;  // who has come since waits for its end, and does not go before it
  const Verdict verdict = check(view(at, before, nobody), state->in_flight->proposal, at);
  if (verdict.allowed()) return std::nullopt;
  return first_reason(verdict);
}

std::optional<std::string> Site::why_not_renew(const LeaseRenewed& renewal, Micros at) const {
  const DeviceState* state = device(renewal.device);
  if (state == nullptr || !state->lease || state->lease->command != renewal.command || state->lease->renew_at == 0) return "the lease has ended";
  if (stopped_) return "stop: The emergency stop is engaged: every lease runs out.";
  if (planted(Plant::renewed_unjudged)) return std::nullopt;
  const Verdict verdict = check_stay(view(at), state->lease->proposal, at);
  if (verdict.allowed()) return std::nullopt;
  return first_reason(verdict);
}

// ---- answers ------------------------------------------------------------------------------------------------------------

Status Site::answered(const DeviceAnswer& answer, Micros at, Journal& journal) {
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    const auto& flight = devices_[i].in_flight;
    if (!flight || flight->command != answer.command || flight->retry != answer.retry) continue;
    const DeviceState device = devices_[i];
    const Position cause = flight->dispatched;
    const Principal said{PrincipalKind::device, device.about.device.text};
    Status done;
    if (!answer.hardware.empty() && !planted(Plant::wrong_hardware_believed) && !device.about.hardware.empty() && answer.hardware != device.about.hardware)
      done = failed(device, FailureKind::outcome_unknown, "identity-mismatch: \"" + answer.hardware + "\" answered instead of \"" + device.about.hardware + "\".", cause, at, journal);
    else if (answer.kind == DeviceAnswer::Kind::accepted)
      return flight->accepted_at ? Status{} : note(device_draft(device, said, cause, flight->correlation, at,
                                                                CommandAnswered{answer.command, answer.retry, Answered::accepted, 0, answer.detail}), journal);
    else if (answer.kind == DeviceAnswer::Kind::unreachable) done = unanswered(device, answer.detail, cause, at, journal);
    // An earlier try may have been heard: then nobody knows.
    else if (answer.retry > 0) done = failed(device, FailureKind::outcome_unknown, answer.detail, cause, at, journal);
    else done = failed(device, answer.kind == DeviceAnswer::Kind::device_error ? FailureKind::device_error : FailureKind::not_sent, answer.detail, cause, at, journal);
    return done ? release(at, journal) : done;
  }
  return {};  // a late answer to a command, or a try, that has ended changes nothing
}

/// Nobody knows whether the device heard. It is read back meanwhile, and told once more under the same id.
Status Site::unanswered(const DeviceState& device, std::string detail, Position cause, Micros at, Journal& journal) {
  const CommandState& flight = *device.in_flight;
  Micros next = 0;
  if (flight.retry < retries_max + (planted(Plant::tries_without_end) ? 1 : 0)) {
    const Micros pause = std::max(retry_after[flight.retry], device.about.settle);
    next = at + pause + jitter(flight, pause);
    if (next >= flight.expires_at) next = 0;
  }
  return note(device_draft(device, {}, cause, flight.correlation, at, CommandAnswered{flight.command, flight.retry, Answered::unreachable, next, std::move(detail)}), journal);
}

Status Site::try_again(const DeviceState& device, Position cause, Micros at, Journal& journal) {
  const CommandState& flight = *device.in_flight;
  const Proposal& p = flight.proposal;
  CommandDispatched again{flight.command, p.device, p.action, p.power_w, flight.expires_at, at + verify_deadline, flight.retry, 0, p.purpose, device.about.hardware, p.mode};
  if (at >= flight.expires_at)
    return note(device_draft(device, {}, cause, flight.correlation, at,
                             CommandAnswered{flight.command, flight.retry, Answered::unreachable, 0, "It expired before the next try."}), journal);
  if (const auto why = why_not_send(again, at); why && !planted(Plant::try_not_judged)) return failed(device, FailureKind::outcome_unknown, "Not sent again: " + *why, cause, at, journal);
  ++again.retry;
  if (planted(Plant::new_id_for_a_try)) again.command.text += "-again";
  if (planted(Plant::try_extends_expiry)) again.expires_at = at + expiry_of(device.about);
  again.lease = leaves_safe_state(device.about, again.action, again.power_w) ? device.about.lease : 0;
  return note(device_draft(device, p.principal, cause, flight.correlation, at, again), journal);
}

Status Site::failed(const DeviceState& device, FailureKind kind, std::string detail, Position cause, Micros at, Journal& journal) {
  const CommandState flight = *device.in_flight;
  const Principal by = kind == FailureKind::device_error || kind == FailureKind::contradicted ? Principal{PrincipalKind::device, device.about.device.text} : Principal{};
  auto done = append(device_draft(device, by, cause, flight.correlation, at, CommandFailed{flight.command, kind, std::move(detail)}), journal);
  if (!done) return fail(done.error());
  const bool may_have_happened = kind == FailureKind::outcome_unknown || kind == FailureKind::contradicted;
  return may_have_happened && !stopped_ && !planted(Plant::rollback_missing) ? roll_back(flight, device, kind, *done, at, journal) : Status{};
}

// ---- rollback -------------------------------------------------------------------------------------------------------------

/// Puts back what was, by a command through the gate. Never against a hand, never towards more draw than was asked for.
Status Site::roll_back(const CommandState& flight, const DeviceState& device, FailureKind kind, Position cause, Micros at, Journal& journal) {
  const Proposal& forth = flight.proposal;
  if (forth.purpose != Purpose::ordinary) return {};
  const auto skip = [&](const char* why) {
    return note(device_draft(device, {}, cause, flight.correlation, at, RollbackSkipped{flight.command, why}), journal);
  };
  const auto back_to = before(flight, device.about);
  if (!back_to) return skip("What was before is not known.");
  const Proposal& back = *back_to;
  if (flight.changed_by_hand && !planted(Plant::rollback_against_a_hand)) return skip("Somebody has switched the device since.");
  if (back.action == forth.action && back.power_w == forth.power_w && back.mode == forth.mode) return skip("What was before is what was wanted.");
  if (kind == FailureKind::contradicted && (is_switch(forth.action) ? device.on == flight.on_before : device.mode == flight.mode_before)) return skip("The device is as it was before.");
  if (!planted(Plant::rollback_energises) && !energises(forth.action, forth.power_w) && energises(back.action, back.power_w)) return skip("What was to be shed is not switched on again.");
  for (const PendingCommand& p : pending_)
    if (p.proposal.device == back.device && p.what == Waiting::device_busy) return skip("A newer command waits for the device.");
  auto answer = gate({back, {"c-" + std::to_string(journal.next())}, "Rollback: " + flight.command.text + " could not be confirmed.", cause,
                      flight.correlation, {}, {}, 0}, at, journal);
  return answer ? Status{} : fail(answer.error());
}

// ---- time --------------------------------------------------------------------------------------------------------------------

Status Site::fly(Micros at, Journal& journal) {
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    const DeviceState device = devices_[i];
    Status done;
    if (device.in_flight) {
      const CommandState& flight = *device.in_flight;
      if (at >= flight.verify_by && !planted(Plant::deadline_missing))
        done = failed(device, FailureKind::outcome_unknown, "No reading has confirmed the command in time: read the device before asking again.", flight.dispatched, at, journal);
      else if (flight.next_try != 0 && at >= flight.next_try)
        done = try_again(device, flight.dispatched, at, journal);
      else if (flight.next_try == 0 && at >= flight.dispatched_at + answer_within)
        done = unanswered(device, "The device did not answer in time.", flight.dispatched, at, journal);
    }
    if (done && device.lease && device.lease->renew_at != 0 && at >= device.lease->renew_at) done = renew(devices_[i], at, journal);
    if (!done) return done;
  }
  return {};
}

std::optional<Micros> Site::next_flight() const {
  std::optional<Micros> due;
  const auto at = [&due](Micros moment) { due = due ? std::min(*due, moment) : moment; };
  for (const DeviceState& device : devices_) {
    if (device.in_flight) {
      const CommandState& flight = *device.in_flight;
      at(flight.next_try != 0 ? std::min(flight.next_try, flight.verify_by) : flight.dispatched_at + answer_within);
    }
    if (device.lease && device.lease->renew_at != 0) at(device.lease->renew_at);
  }
  return due;
}

Status Site::renew(const DeviceState& state, Micros at, Journal& journal) {
  const DeviceState device = state;
  if (!device.lease || device.lease->renew_at == 0) return {};
  const Lease& lease = *device.lease;
  const LeaseRenewed renewed{lease.command, device.about.device, at + device.about.lease};
  std::optional<std::string> why = why_not_renew(renewed, at);
  const Principal& owner = lease.proposal.principal;
  const RuleEntry* rule = owner.kind == PrincipalKind::rule ? rules_.find({owner.name}) : nullptr;
  if (at >= lease.until) why = "it ran out before it could be renewed";
  else if (owner.kind == PrincipalKind::rule && (rule == nullptr || !rule->rule.enabled)) why = "the rule that asked for it is gone";
  if (why) return note(device_draft(device, {}, lease.cause, {}, at, LeaseEnded{lease.command, device.about.device, lease.until, *why}), journal);
  return note(device_draft(device, owner, lease.cause, {}, at, renewed), journal);
}

}  // namespace heliograph
