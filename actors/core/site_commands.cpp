// The gate: every command of everybody passes here. Also stop, settings and rules, which are facts of people.
#include <algorithm>

#include "actors/core/site.hpp"

namespace heliograph {

Result<CommandAnswer> Site::gate(const Proposal& proposal, CommandId command, std::string reason, Draft request, Micros at,
                                 Journal& journal) {
  const std::string stream = request.stream, correlation = request.correlation;
  request.body = CommandRequested{command, proposal.device, proposal.action, proposal.power_w, std::move(reason)};
  auto requested = append(std::move(request), journal);
  if (!requested) return fail(requested.error());
  CommandAnswer answer{command, *requested, 0, {}};
  Verdict verdict = check(view(), proposal, at);
  answer.refusals = verdict.refusals;
  Event decision = verdict.allowed() ? Event(CommandAllowed{command, std::move(verdict.readings)})
                                     : Event(CommandRefused{command, std::move(verdict.refusals)});
  auto decided = append(draft(stream, proposal.principal, *requested, correlation, at, std::move(decision)), journal);
  if (!decided) return fail(decided.error());
  answer.decided = *decided;
  if (!answer.refusals.empty()) return answer;
  const CommandDispatched dispatched{command, proposal.device, proposal.action, proposal.power_w, at + command_expiry, at + verify_deadline};
  auto sent = append(draft(stream, proposal.principal, *decided, correlation, at, dispatched), journal);
  if (!sent) return fail(sent.error());
  return answer;
}

Result<CommandAnswer> Site::ask(const Ask& ask, Micros at, Journal& journal) {
  if (ask.proposal.principal.name.empty())
    return fail(Errc::refused, "A command needs a named principal, so that the record says who asked: name one.");
  Draft request = draft("device-" + ask.proposal.device.text, ask.proposal.principal, 0, ask.correlation, at, {});
  if (request.correlation.empty()) request.correlation = "p" + std::to_string(journal.next());
  request.idempotency_key = ask.idempotency_key;
  request.fingerprint = ask.fingerprint;
  return gate(ask.proposal, {"c-" + std::to_string(journal.next())}, ask.reason, std::move(request), at, journal);
}

Status Site::answered(const DeviceAnswer& answer, Micros at, Journal& journal) {
  if (answer.kind == DeviceAnswer::Kind::accepted) return {};  // done is what a reading shows, not what a device says
  for (const DeviceState& device : devices_) {
    if (!device.in_flight || device.in_flight->command != answer.command) continue;
    const bool sent = answer.kind == DeviceAnswer::Kind::device_error;
    const CommandFailed failed{answer.command, sent ? FailureKind::device_error : FailureKind::not_sent, answer.detail};
    const Principal principal = sent ? Principal{PrincipalKind::device, device.about.device.text} : Principal{};
    auto done = append(draft("device-" + device.about.device.text, principal, device.in_flight->dispatched, {}, at, failed), journal);
    return done ? Status{} : fail(done.error());
  }
  return {};  // a late answer to a command that has ended changes nothing
}

Status Site::tick(Micros at, Journal& journal) {
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    const DeviceState& device = devices_[i];
    if (!device.in_flight || at < device.in_flight->verify_by) continue;
    const CommandFailed failed{device.in_flight->command, FailureKind::outcome_unknown,
                               "No reading has confirmed the command in time: read the device before asking again."};
    auto done = append(draft("device-" + device.about.device.text, {}, device.in_flight->dispatched, {}, at, failed), journal);
    if (!done) return fail(done.error());
  }
  rules_.advance(at, zone_, firings_);
  return has_reactions() ? react(at, journal) : Status{};
}

std::optional<Micros> Site::next_due(Micros after) const {
  auto due = rules_.next_due(after, zone_);
  for (const DeviceState& device : devices_)
    if (device.in_flight) due = due ? std::min(*due, device.in_flight->verify_by) : device.in_flight->verify_by;
  return due;
}

std::optional<std::string> Site::why_not_send(const CommandDispatched& command, Micros at) const {
  const DeviceState* state = device(command.device);
  if (state == nullptr || !state->in_flight || state->in_flight->command != command.command) return "the command has ended";
  if (at >= command.expires_at) return "it expired before it could be sent";
  if (stopped_ && (energises(command.action, command.power_w) || !is_person(state->in_flight->owner.kind)))
    return "the emergency stop came first";
  // Judged once more on what is known now (SAF-06, H4), as if it had not been dispatched yet.
  std::vector<DeviceState> before = devices_;
  DeviceState& own = before[static_cast<std::size_t>(state - devices_.data())];
  const Principal owner = own.in_flight->owner;
  own.in_flight.reset();
  own.reserved_w = 0;
  if (command.action != Action::set_power && !own.switched.empty()) own.switched.pop_back();
  const Verdict verdict = check({now_, settings_, before, stopped_, stop_position_, suspects_},
                                {command.device, command.action, command.power_w, owner}, at);
  if (verdict.allowed()) return std::nullopt;
  return verdict.refusals.front().rule + ": " + verdict.refusals.front().sentence;
}

Status Site::engage_stop(const Principal& principal, const std::string& reason, Micros at, Journal& journal) {
  auto done = append(draft("site-" + key_.site.text, principal, 0, {}, at, StopEngaged{reason}), journal);
  return done ? Status{} : fail(done.error());
}

Status Site::lift_stop(const Principal& principal, const std::string& reason, Micros at, Journal& journal) {
  if (!is_person(principal.kind) || principal.name.empty())
    return fail(Errc::refused, "Only a named person can lift the emergency stop.");
  if (!stopped_) return fail(Errc::conflict, "The emergency stop is not engaged: there is nothing to lift.");
  if (reason.empty()) return fail(Errc::invalid, "Lifting the emergency stop needs a reason: say why it is safe again.", "/reason");
  auto done = append(draft("site-" + key_.site.text, principal, stop_position_, {}, at, StopLifted{reason}), journal);
  return done ? Status{} : fail(done.error());
}

Result<RecordPtr> Site::save_rule(const Rule& rule, const Principal& principal, Micros at, Journal& journal,
                                  std::string idempotency_key, const Digest& fingerprint) {
  Version version = 1;
  for (const RuleEntry& entry : rules_.rules())
    if (entry.rule.id == rule.id) version = entry.version + 1;
  Draft facts = draft("rule-" + rule.id.text, principal, 0, "p" + std::to_string(journal.next()), at,
                      RuleSaved{rule.id, version, rule.enabled, canonical_json(rule)});
  facts.idempotency_key = std::move(idempotency_key);
  facts.fingerprint = fingerprint;
  auto record = journal.append(std::move(facts));
  if (record) fold((*record)->envelope, (*record)->event());
  return record;
}

Status Site::remove_rule(const RuleId& rule, const Principal& principal, Micros at, Journal& journal) {
  const RuleEntry* entry = rules_.find(rule);
  if (entry == nullptr) return fail(Errc::not_found, "There is no rule \"" + rule.text + "\" at this site.");
  auto done = append(draft("rule-" + rule.text, principal, entry->saved_at, {}, at, RuleRemoved{rule}), journal);
  return done ? Status{} : fail(done.error());
}

Status Site::configure(const SiteConfigured& settings, const Principal& principal, Micros at, Journal& journal) {
  if (settings.soc_floor_permille < 200 || settings.soc_floor_permille > 1000)
    return fail(Errc::invalid, "The floor of the state of charge must be between 20 and 100 %.", "/soc_floor_percent");
  if (auto zone = Zone::find(settings.time_zone); !zone) return fail(zone.error());
  if (settings.grid_import_w_max < 0) return fail(Errc::invalid, "The limit of grid draw cannot be negative.", "/grid_import_w_max");
  auto done = append(draft("site-" + key_.site.text, principal, 0, {}, at, settings), journal);
  return done ? Status{} : fail(done.error());
}

Status Site::register_device(const DeviceRegistered& device, const Principal& principal, Micros at, Journal& journal) {
  if (device.hold <= 0 || device.freshness <= 0)
    return fail(Errc::invalid, "A device needs a hold and a freshness above zero.", "/hold");
  if (device.nominal_w < 0 || device.nominal_w > nominal_w_max)
    return fail(Errc::invalid, "The nominal power of a device lies between 0 W and 1 GW.", "/nominal_w");
  if (device.min_on < 0 || device.min_off < 0)
    return fail(Errc::invalid, "The shortest times on and off cannot be negative.", device.min_on < 0 ? "/min_on" : "/min_off");
  auto done = append(draft("device-" + device.device.text, principal, 0, {}, at, device), journal);
  return done ? Status{} : fail(done.error());
}

}  // namespace heliograph
