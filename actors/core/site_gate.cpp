// The gate: every command of everybody passes here. Asked, judged, perhaps waiting for a person, for the device or for its
// turn, judged again, and only then sent.
#include <algorithm>

#include "actors/core/planted.hpp"
#include "actors/core/site.hpp"

namespace heliograph {
namespace {

/// What people read before they say yes: everything that will be sent, and nothing else.
std::string sentence_of(const Proposal& p, const DeviceState* device) {
  const std::string what = "\"" + (device == nullptr || device->about.name.empty() ? p.device.text : device->about.name) + "\" (" + p.device.text + ")";
  if (p.action == Action::switch_on) return "Switch " + what + " on.";
  if (p.action == Action::switch_off) return "Switch " + what + " off.";
  if (p.action == Action::set_mode) return "Set " + what + " to the mode \"" + p.mode + "\", in which it draws " + (p.power_w > 0 ? "up to " + std::to_string(p.power_w) + " W." : "nothing.");
  if (p.power_w == 0) return "Set " + what + " to 0 W.";
  return std::string("Let ") + what + (p.power_w > 0 ? " discharge with " : " charge with ") + std::to_string(std::abs(p.power_w)) + " W.";
}

/// What people say yes to: the sentence, and the device that would hear it.
Digest shown(const Proposal& p, const DeviceState* device) {
  return sha256({sentence_of(p, device), "\n", device == nullptr ? "" : device->about.hardware, "\n", device == nullptr ? "" : device->about.environment});
}

/// The same command has the same gap in every run.
Micros gap_of(const CommandId& command) {
  const auto digest = sha256({"gap\n", command.text});
  return gap_least + static_cast<Micros>(digest[0]) * (gap_most - gap_least) / 255;
}

CommandAnswer turned_down(const PendingCommand& p, std::string rule, std::string sentence) {
  CommandAnswer answer{p.command, p.requested, 0, {}, p.what, p.until};
  answer.refusals.push_back({std::move(rule), std::move(sentence), {}, {}, {}, 0});
  return answer;
}

}  // namespace

// ---- asking ----------------------------------------------------------------------------------------------------

Result<CommandAnswer> Site::ask(const Ask& ask, Micros at, Journal& journal) {
  if (ask.proposal.principal.name.empty())
    return fail(Errc::refused, "A command needs a named principal, so that the record says who asked: name one.");
  const std::string correlation = ask.correlation.empty() ? journal.new_chain() : ask.correlation;
  return gate({ask.proposal, {"c-" + std::to_string(journal.next())}, ask.reason, 0, correlation, ask.idempotency_key, ask.fingerprint, ask.wait_online},
              at, journal);
}

Result<CommandAnswer> Site::gate(Request request, Micros at, Journal& journal) {
  Proposal& p = request.proposal;
  if (const DeviceState* target = device(p.device); p.action == Action::set_mode) {
    const DeviceMode* mode = target == nullptr ? nullptr : find_mode(target->about, p.mode);
    p.power_w = mode == nullptr ? 0 : mode->draw_w;
  }
  Draft facts = draft("device-" + p.device.text, p.principal, request.cause, std::move(request.correlation), at,
                      CommandRequested{request.command, p.device, p.action, p.power_w, std::move(request.reason), p.purpose, p.about, p.mode});
  facts.idempotency_key = std::move(request.idempotency_key);
  facts.fingerprint = request.fingerprint;
  auto requested = append(std::move(facts), journal);
  if (!requested) return fail(requested.error());
  return proceed(request.command, *requested, request.wait_online, at, journal);
}

/// Judges a pending command and takes it one step further: refused, waiting, or sent.
Result<CommandAnswer> Site::proceed(const CommandId& command, Position cause, Micros wait_online, Micros at, Journal& journal) {
  const PendingCommand* found = pending(command);
  ensure(found != nullptr, "what goes on is pending", "actors/core/site_gate.cpp");
  const PendingCommand p = *found;  // a copy: facts change the list
  CommandAnswer answer{p.command, p.requested, 0, {}, {}, 0};
  Verdict verdict = check(view(at), p.proposal, at);
  if (p.approved && planted(Plant::approval_not_judged_again)) verdict.refusals.clear();
  if (const auto waiting = must_wait(p, verdict, wait_online, at)) {
    if (auto done = wait(p, *waiting, cause, at, journal); !done) return fail(done.error());
    answer.waiting = waiting->what, answer.until = waiting->until;
    answer.decided = known_;
    return answer;
  }
  if (verdict.allowed()) {
    if (auto done = send(p, std::move(verdict), cause, at, journal); !done) return fail(done.error());
    answer.decided = known_;
    return answer;
  }
  answer.refusals = verdict.refusals;
  auto refused = append(draft("device-" + p.proposal.device.text, p.proposal.principal, cause, p.correlation, at,
                              CommandRefused{p.command, std::move(verdict.refusals), known_}), journal);
  if (!refused) return fail(refused.error());
  answer.decided = *refused;
  return answer;
}

Digest Site::shown_of(const Proposal& p) const { return shown(p, device(p.device)); }

bool Site::needs_approval(const Proposal& p) const {
  if (p.purpose != Purpose::ordinary) return false;  // it undoes what somebody approved, or follows a stop
  const bool person = is_person(p.principal.kind);
  if (person && !energises(p.action, p.power_w)) return false;
  if ((p.principal.kind == PrincipalKind::agent && !planted(Plant::agent_needs_no_yes)) || wishes_.confirmation == Confirmation::always) return true;
  if (!person && !wishes_.auto_pause && is_switch(p.action)) return true;
  const DeviceState* state = device(p.device);
  return wishes_.confirmation == Confirmation::sometimes && state != nullptr && state->about.needs_approval;
}

// ---- waiting -----------------------------------------------------------------------------------------------------

/// What the command has to wait for before it may be sent, or refused for good.
std::optional<CommandWaiting> Site::must_wait(const PendingCommand& p, const Verdict& verdict, Micros wait_online, Micros at) const {
  if (!verdict.allowed()) {
    const bool only_offline = verdict.refusals.size() == 1 && verdict.refusals.front().rule == "device-offline";
    if (only_offline && wait_online > 0) return CommandWaiting{p.command, Waiting::device_offline, at + wait_online, 0};
    return std::nullopt;
  }
  if (!p.approved && needs_approval(p.proposal)) return CommandWaiting{p.command, Waiting::approval, at + approval_expiry, 0};
  if (p.proposal.purpose == Purpose::safe_state) return std::nullopt;
  const DeviceState* state = device(p.proposal.device);
  if (state != nullptr && state->in_flight) return CommandWaiting{p.command, Waiting::device_busy, at + busy_wait_max, 0};
  if (!one_by_one(at) || is_person(p.proposal.principal.kind) || !energises(p.proposal.action, p.proposal.power_w) || p.what == Waiting::its_turn) return std::nullopt;
  Micros last = std::max(energised_at_, woke_at_);
  for (const PendingCommand& other : pending_)
    if (other.what == Waiting::its_turn) last = std::max(last, other.not_before);
  const Micros turn = std::max(at, last + gap_of(p.command));
  if (turn == at && reconciled()) return std::nullopt;
  return CommandWaiting{p.command, Waiting::its_turn, turn + busy_wait_max, turn};
}

Status Site::wait(const PendingCommand& p, const CommandWaiting& waiting, Position cause, Micros at, Journal& journal) {
  const std::string stream = "device-" + p.proposal.device.text;
  if (waiting.what == Waiting::approval)
    return note(draft(stream, p.proposal.principal, cause, p.correlation, at,
                      ApprovalRequested{p.command, sentence_of(p.proposal, device(p.proposal.device)), waiting.until}), journal);
  const std::vector<PendingCommand> others = waiting.what == Waiting::device_busy ? pending_ : std::vector<PendingCommand>{};
  for (const PendingCommand& other : others)
    if (other.what == Waiting::device_busy && other.proposal.device == p.proposal.device)
      if (auto done = end_waiting(other, Cancelled::replaced, "by " + p.command.text + " of " + to_string(p.proposal.principal), p.proposal.principal, cause, at, journal); !done)
        return done;
  return note(draft(stream, p.proposal.principal, cause, p.correlation, at, waiting), journal);
}

Status Site::end_waiting(const PendingCommand& p, Cancelled why, std::string detail, const Principal& by, Position cause, Micros at, Journal& journal) {
  return note(draft("device-" + p.proposal.device.text, by, cause, p.correlation, at, CommandCancelled{p.command, why, std::move(detail)}), journal);
}

/// Nothing that waits outlives a stop, or a clock that cannot be trusted (H32, H35).
Status Site::cancel_all(Cancelled why, const std::string& detail, Position cause, Micros at, Journal& journal) {
  const std::vector<PendingCommand> all = pending_;
  for (const PendingCommand& p : all)
    if (auto done = end_waiting(p, why, detail, {}, cause, at, journal); !done) return done;
  return {};
}

bool Site::can_go(const PendingCommand& p, Micros at) const {
  if (p.what == Waiting::approval || !p.what) return false;
  const auto index = now_.find(p.proposal.device.text);
  if (!index || *index >= devices_.size()) return true;  // it is judged, and refused
  if (p.what == Waiting::device_busy) return !devices_[*index].in_flight;
  if (p.what == Waiting::device_offline) return !is_offline(now_, *index, devices_[*index], at);
  return reconciled() && at >= turn_of(p);
}

/// After a start, and when most of a site's devices come back together, as after a power cut, loads come back one after the other (H16).
bool Site::one_by_one(Micros at) const {
  if (woke_at_ == 0 || planted(Plant::turn_ignored)) return false;
  const bool silent = std::any_of(alerts_.begin(), alerts_.end(), [](const OpenAlert& each) { return each.alert == connection_alert; });
  return silent || at < std::max(woke_at_, restored_at_) + calm_start;
}

/// Not before its turn, nor too soon after the load before it: that one may have waited for longer than was planned.
Micros Site::turn_of(const PendingCommand& p) const {
  return std::max(p.not_before, std::max(energised_at_, woke_at_) + gap_of(p.command));
}

/// Everything that was on its way when the process started has ended.
bool Site::reconciled() const {
  return planted(Plant::not_reconciled) || std::none_of(devices_.begin(), devices_.end(), [this](const DeviceState& d) { return d.in_flight && d.in_flight->dispatched_at < woke_at_; });
}

/// Sends, refuses or cancels what need not wait any longer. In the order of the requests.
Status Site::release(Micros at, Journal& journal) {
  const std::vector<PendingCommand> all = pending_;
  for (const PendingCommand& p : all) {
    if (pending(p.command) == nullptr) continue;  // ended by one before
    if (p.what && at >= p.until && !planted(Plant::waits_for_ever)) {
      const char* detail = p.what == Waiting::approval ? "Nobody said yes in time." : "What it waited for did not come in time.";
      if (auto done = end_waiting(p, Cancelled::expired, detail, {}, p.requested, at, journal); !done) return done;
    } else if (can_go(p, at)) {
      if (auto done = proceed(p.command, p.requested, 0, at, journal); !done) return fail(done.error());
    }
  }
  return {};
}

std::optional<Micros> Site::next_release() const {
  std::optional<Micros> due;
  const auto at = [&due](Micros moment) { due = due ? std::min(*due, moment) : moment; };
  for (const PendingCommand& p : pending_) {
    if (!p.what) continue;
    at(p.until);
    if (p.what == Waiting::its_turn && reconciled()) at(turn_of(p));
  }
  return due;
}

Status Site::cancel(const CommandId& command, const Principal& principal, Micros at, Journal& journal) {
  const PendingCommand* found = pending(command);
  if (found == nullptr) return fail(Errc::not_found, "No command \"" + command.text + "\" waits at this site: it was sent, refused or cancelled before.");
  if (!is_person(principal.kind) || principal.name.empty()) return fail(Errc::refused, "Only a named person can take a command back.");
  return end_waiting(PendingCommand(*found), Cancelled::by_person, {}, principal, found->requested, at, journal);
}

// ---- approving ----------------------------------------------------------------------------------------------------

Result<CommandAnswer> Site::approve(const ApprovalAnswer& answer, Micros at, Journal& journal, std::string idempotency_key, const Digest& fingerprint) {
  const PendingCommand* found = pending(answer.command);
  if (found == nullptr || (found->what != Waiting::approval && !(found->approved && planted(Plant::approval_twice))))
    return fail(Errc::not_found, "No command \"" + answer.command.text + "\" waits for an approval at this site.");
  if (!is_person(answer.principal.kind) || answer.principal.name.empty())
    return fail(Errc::refused, "Only a named person can approve a command.");
  const PendingCommand p = *found;
  const std::string stream = "device-" + p.proposal.device.text;
  if (at >= p.until && !planted(Plant::approval_after_expiry)) {
    if (auto done = end_waiting(p, Cancelled::expired, "The answer came too late.", answer.principal, p.requested, at, journal); !done) return fail(done.error());
    return turned_down(p, "approval-expired", "This approval has expired: ask again.");
  }
  if (p.wrong_codes[static_cast<std::size_t>(answer.channel)] >= wrong_codes_max && !planted(Plant::codes_without_limit))
    return turned_down(p, "approval-closed", "Too many wrong codes came this way: answer on the web page, or ask again.");
  if (answer.granted && p.shown != shown_of(p.proposal)) {
    if (auto done = end_waiting(p, Cancelled::replaced, "The device was changed after people were asked.", {}, p.requested, at, journal); !done) return fail(done.error());
    return turned_down(p, "approval-changed", "The device was changed after this was asked: what you read is not what would be done. Ask again.");
  }
  Draft facts = draft(stream, answer.principal, p.requested, p.correlation, at, ApprovalDecided{p.command, answer.granted, answer.channel});
  facts.idempotency_key = std::move(idempotency_key), facts.fingerprint = fingerprint;
  if (!answer.proven && !planted(Plant::unproven_approval)) {
    facts.body = Event(ApprovalAttemptFailed{p.command, answer.channel});
    if (auto done = note(std::move(facts), journal); !done) return fail(done.error());
    return turned_down(p, "approval-code", "The code is wrong: it stands in the message, apart from the link.");
  }
  auto decided = append(std::move(facts), journal);
  if (!decided) return fail(decided.error());
  if (answer.granted) return proceed(p.command, *decided, 0, at, journal);
  if (auto done = end_waiting(p, Cancelled::denied, {}, answer.principal, *decided, at, journal); !done) return fail(done.error());
  return CommandAnswer{p.command, p.requested, known_, {}, {}, 0};
}

// ---- sending --------------------------------------------------------------------------------------------------------

Status Site::send(const PendingCommand& p, Verdict verdict, Position cause, Micros at, Journal& journal) {
  const Proposal& proposal = p.proposal;
  const DeviceState* state = device(proposal.device);
  ensure(state != nullptr && !state->in_flight, "one command at a time goes to a registered device", "actors/core/site_gate.cpp");
  const bool automation = !is_person(proposal.principal.kind);
  if (automation && energises(proposal.action, proposal.power_w)) energised_at_ = at;
  const Micros lease = !planted(Plant::lease_not_given) && leaves_safe_state(state->about, proposal.action, proposal.power_w) ? state->about.lease : 0;
  const CommandDispatched dispatched{p.command, proposal.device, proposal.action, proposal.power_w, at + expiry_of(state->about),
                                     at + verify_deadline, 0, lease, proposal.purpose, state->about.hardware, proposal.mode};
  const std::string stream = "device-" + proposal.device.text;
  auto allowed = append(draft(stream, proposal.principal, cause, p.correlation, at, CommandAllowed{p.command, std::move(verdict.readings), known_}), journal);
  if (!allowed) return fail(allowed.error());
  auto sent = append(draft(stream, proposal.principal, *allowed, p.correlation, at, dispatched), journal);
  return sent ? end_fight(proposal.device, *sent, at, journal) : fail(sent.error());
}

}  // namespace heliograph
