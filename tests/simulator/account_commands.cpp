// The path of a command, record by record: what must have come before, and what must follow in the same turn.
#include <algorithm>
#include <cstdlib>

#include "actors/core/rule.hpp"
#include "actors/core/safety.hpp"
#include "tests/simulator/account.hpp"

namespace heliograph::simulator {
namespace {

int rank(const Principal& p) { return Account::person(p) ? 3 : p.kind == PrincipalKind::agent ? 1 : 2; }

}  // namespace

// ---- asked, waiting, approved ------------------------------------------------------------------------------------------

void Account::on(const Envelope& e, const CommandRequested& event) {
  if (e.principal.kind == PrincipalKind::rule && event.action != Action::set_power && fights(devices_[event.device.text], e.principal.name))
    wrong("I11", "rule " + e.principal.name + " goes on fighting over " + event.device.text);
  if (trails_.contains(event.command.text)) return wrong("I3", event.command.text + " was asked for twice");
  Trail& t = trails_[event.command.text];
  t.asked = event, t.by = e.principal, t.requested = e.position, t.cause = e.cause, t.correlation = e.correlation;
  pending_.insert(event.command.text);
  if (event.purpose == Purpose::rollback) needs_follow_up_.erase(event.about.text);
  if (event.purpose == Purpose::safe_state) safe_states_.insert(event.about.text);
  if (event.purpose != Purpose::rollback) return;
  const Trail* forth = find(event.about.text);
  if (forth == nullptr || forth->end != Trail::End::failed) return wrong("I10", "a rollback of " + event.about.text + ", which has not failed");
  if (!forth->energising() && energises(event.action, event.power_w)) wrong("I10", "a rollback switches on what was to be shed: " + event.about.text);
  if (forth->hand) wrong("I7", "a rollback against a hand: " + event.about.text);
}

void Account::on(const Envelope& e, const CommandWaiting& event) {
  if (Trail* t = trail(event.command, "waiting")) t->waiting = event.what, t->until = event.until;
  if (event.until <= e.recorded_at) wrong("I19", event.command.text + " waits for something until before now");
}

void Account::on(const Envelope& e, const ApprovalRequested& event) {
  if (Trail* t = trail(event.command, "approval")) t->waiting = Waiting::approval, t->until = event.expires_at;
  if (event.expires_at > e.recorded_at + 5 * minute_us) wrong("I8", "an approval that lasts longer than five minutes: " + event.command.text);
}

void Account::on(const Envelope& e, const ApprovalDecided& event) {
  Trail* t = trail(event.command, "approval");
  if (t == nullptr) return;
  if (t->waiting != Waiting::approval || !t->open()) wrong("I8", "a yes or no to " + event.command.text + ", which waits for none");
  t->waiting.reset();
  if (!person(e.principal) || e.principal.name.empty()) wrong("I8", "somebody who is no named person decided on " + event.command.text);
  if (!click_proven_ || e.principal != click_by_) wrong("I8", "an unproven yes counted for " + event.command.text);
  if (e.recorded_at >= t->until) wrong("I8", "a yes after its expiry counted for " + event.command.text);
  if (t->wrong[static_cast<std::size_t>(event.channel)] >= 5) wrong("I8", "a yes after five wrong codes counted for " + event.command.text);
  if (event.granted && ++t->granted > 1) wrong("I8", "two yeses to " + event.command.text);
}

void Account::on(const Envelope&, const ApprovalAttemptFailed& event) {
  if (Trail* t = trail(event.command, "wrong code")) ++t->wrong[static_cast<std::size_t>(event.channel)];
}

bool Account::needs_yes(const Trail& t) const {
  if (t.asked.purpose != Purpose::ordinary) return false;
  const auto device = devices_.find(t.asked.device.text);
  if (person(t.by) && !t.energising()) return false;
  if (t.by.kind == PrincipalKind::agent || wishes_.confirmation == Confirmation::always) return true;
  if (!person(t.by) && !wishes_.auto_pause && t.asked.action != Action::set_power) return true;
  return wishes_.confirmation == Confirmation::sometimes && device != devices_.end() && device->second.about.needs_approval;
}

// ---- ended without being sent ----------------------------------------------------------------------------------------------

void Account::finish(const CommandId& command, Trail& t, Trail::End end, Micros at) {
  if (!t.open()) wrong("I10", command.text + " ended twice");
  t.end = end, t.ended_at = at;
  pending_.erase(command.text);
  if (DeviceAccount& device = devices_[t.asked.device.text]; device.in_flight == command.text) device.in_flight.clear();
}

void Account::on(const Envelope& e, const CommandRefused& event) {
  if (Trail* t = trail(event.command, "refused")) {
    if (t->tries > 0) wrong("I10", event.command.text + " was refused although it was sent");
    finish(event.command, *t, Trail::End::refused, e.recorded_at);
  }
}

void Account::on(const Envelope& e, const CommandCancelled& event) {
  if (Trail* t = trail(event.command, "cancelled")) {
    if (t->tries > 0) wrong("I10", event.command.text + " was cancelled although it was sent");
    finish(event.command, *t, Trail::End::cancelled, e.recorded_at);
  }
}

// ---- sent ------------------------------------------------------------------------------------------------------------------

void Account::on(const Envelope& e, const CommandAllowed& event) {
  Trail* t = trail(event.command, "allowed");
  if (t == nullptr) return;
  t->allowed = e.position;
  if (e.principal != t->by || e.correlation != t->correlation) wrong("I3", event.command.text + " was allowed to somebody else");
  if (needs_yes(*t) && t->granted == 0) wrong("I8", event.command.text + " was allowed without the yes that it needs");
}

/// The chain of causes ends at a person, a program with a name, or a rule that was saved (I3).
void Account::chain(const Envelope& e, const Trail& t) const {
  const std::string& id = t.asked.command.text;
  if (t.allowed == 0 || e.cause != t.allowed) wrong("I3", id + " was dispatched without a verdict");
  if (e.principal != t.by || e.correlation != t.correlation) wrong("I3", id + " was dispatched for somebody else");
  if (t.by.name.empty()) wrong("I3", id + " was asked for by nobody");
  if (t.cause == 0) {
    if (t.by.kind == PrincipalKind::rule) wrong("I3", id + " of a rule has no cause");
    return;
  }
  const Record* cause = log_.at(t.cause);
  if (cause == nullptr || cause->is_readings()) return wrong("I3", id + " has a cause that is no event");
  const auto* fired = std::get_if<RuleFired>(&cause->event());
  const bool follows = t.asked.purpose == Purpose::rollback ? std::holds_alternative<CommandFailed>(cause->event())
                       : t.asked.purpose == Purpose::safe_state ? std::holds_alternative<StopEngaged>(cause->event()) : fired != nullptr;
  if (!follows) return wrong("I3", id + " has a cause that cannot be one");
  if (fired == nullptr) return;
  const Record* saved = log_.at(fired->rule_saved);
  const auto* rule = saved == nullptr || saved->is_readings() ? nullptr : std::get_if<RuleSaved>(&saved->event());
  if (rule == nullptr || rule->rule != fired->rule || t.by.name != fired->rule.text) wrong("I3", id + " was fired by a rule that nobody saved");
}

/// After a start loads of automation come back one by one, after what was on its way (H16).
void Account::turns(const Envelope& e, const CommandDispatched& event, const Trail& t) {
  if (person(t.by) || !t.energising() || event.purpose == Purpose::safe_state) return;
  if (honest_start_ && woke_ != 0 && e.recorded_at < woke_ + 10 * minute_us) {
    if (e.recorded_at < std::max(woke_, last_energised_) + 5 * second_us) wrong("I7", event.command.text + " did not wait for its turn after the start");
    for (const auto& [id, device] : devices_) {
      const Trail* other = device.in_flight.empty() || device.in_flight == event.command.text ? nullptr : find(device.in_flight);
      if (other != nullptr && other->last_sent < woke_) wrong("I17", event.command.text + " came before " + device.in_flight + " had ended, which was on its way at the start");
    }
  }
  last_energised_ = e.recorded_at;
}

void Account::first_try(const Envelope& e, const CommandDispatched& event, Trail& t) {
  DeviceAccount& device = devices_[event.device.text];
  chain(e, t);
  if (!device.in_flight.empty()) wrong("I1", event.command.text + " was dispatched while " + device.in_flight + " is in flight on " + event.device.text);
  if (event.purpose != Purpose::safe_state)
    for (const std::string& other : pending_)
      if (const Trail& o = trails_.at(other); o.waiting == Waiting::device_busy && other != event.command.text && o.asked.device == event.device && rank(o.by) > rank(t.by))
        wrong("I7", event.command.text + " overtook " + other + ", which has the higher priority");
  turns(e, event, t);
  if (event.action != t.asked.action || event.power_w != t.asked.power_w || event.device != t.asked.device) wrong("I3", event.command.text + " is not what was asked for");
  t.first_sent = e.recorded_at;
  pending_.erase(event.command.text);
  device.in_flight = event.command.text;
  if (event.action == Action::set_power) return;
  device.switched.push_back(e.recorded_at);
  if (e.principal.kind != PrincipalKind::rule || event.purpose != Purpose::ordinary) return;
  device.by_rules.push_back({e.principal.name, event.action == Action::switch_on, e.recorded_at});
}

/// The rule has switched the device to and fro against others more than four times within an hour: it must be quiet.
bool Account::fights(const DeviceAccount& device, const std::string& rule) const {
  int times = 0;
  bool takes_part = false;
  const DeviceAccount::ByRule* before = nullptr;
  for (const auto& each : device.by_rules) {
    if (each.at <= device.by_rules.back().at - hour_us) continue;
    if (before != nullptr && before->rule != each.rule && before->on != each.on) ++times, takes_part = takes_part || before->rule == rule || each.rule == rule;
    before = &each;
  }
  return times > 4 && takes_part;
}

void Account::looked_at(const RuleId& rule) {
  for (auto& [id, device] : devices_) std::erase_if(device.by_rules, [&](const auto& each) { return each.rule == rule.text; });
}

void Account::on(const Envelope&, const RuleRemoved& event) { looked_at(event.rule); }

void Account::next_try(const Envelope& e, const CommandDispatched& event, Trail& t) {
  if (!t.in_flight()) wrong("I9", "another try of " + event.command.text + ", which is not in flight");
  if (static_cast<int>(event.retry) != t.tries || event.retry > 2) wrong("I9", event.command.text + " was tried out of order or too often");
  if (event.expires_at != t.expires_at) wrong("I9", "another try of " + event.command.text + " moved its expiry");
  if (e.recorded_at >= event.expires_at) wrong("I9", event.command.text + " was tried again after its expiry");
}

void Account::on(const Envelope& e, const CommandDispatched& event) {
  Trail* t = trail(event.command, "dispatched");
  if (t == nullptr) return;
  if (!t->open()) wrong("I10", event.command.text + " was dispatched after its end");
  if (auto why = against(t->asked, t->by, e.recorded_at, event.retry > 0); !why.empty()) violated_(why + ": " + event.command.text + " was dispatched");
  if (event.retry == 0) first_try(e, event, *t);
  else next_try(e, event, *t);
  DeviceAccount& device = devices_[event.device.text];
  const bool leaves = leaves_safe_state(device.about, event.action, event.power_w);
  if (event.lease != (leaves ? device.about.lease : 0)) wrong("I20", event.command.text + " was dispatched with the wrong lease");
  if (event.lease > 0) device.lease = {event.command.text, t->by, event.action, event.power_w, e.recorded_at, false};
  else if (device.lease && !leaves) device.lease->ended = true;
  if (event.hardware != device.about.hardware) wrong("I3", event.command.text + " is bound to another device");
  if (person(t->by)) device.held_until = std::max(device.held_until, e.recorded_at + 60 * minute_us);
  ++t->tries;
  t->waiting.reset();
  t->last_sent = e.recorded_at, t->expires_at = event.expires_at, t->last_dispatch = e.position, t->lease = event.lease;
}

void Account::on(const Envelope&, const CommandAnswered& event) {
  if (Trail* t = trail(event.command, "answered"); t != nullptr && t->tries <= static_cast<int>(event.retry)) wrong("I10", event.command.text + " was answered before it was sent");
}

// ---- ended after being sent ---------------------------------------------------------------------------------------------------

void Account::on(const Envelope& e, const CommandVerified& event) {
  Trail* t = trail(event.command, "verified");
  if (t == nullptr) return;
  if (!t->in_flight()) wrong("I10", event.command.text + " was verified without being in flight");
  const Record* record = log_.at(event.reading);
  if (record == nullptr || !record->is_readings()) return wrong("I10", event.command.text + " was verified by no reading");
  const ReadingBatch& batch = record->readings();
  const auto row = static_cast<std::size_t>(event.reading - record->envelope.position);
  const bool by_switch = t->asked.action != Action::set_power;
  const std::int64_t value = batch.value(by_switch ? Metric::switch_on : Metric::battery_w, row);
  const bool shows = by_switch ? value == (t->asked.action == Action::switch_on ? 1 : 0)
                               : value != missing && std::abs(value - t->asked.power_w) <= std::max<std::int64_t>(50, std::abs(t->asked.power_w) / 10);
  if (batch.devices[batch.device_of[row]] != t->asked.device || !shows) wrong("I10", event.command.text + " was verified by a reading that does not show it");
  if (batch.at[row] <= t->last_sent) wrong("I10", event.command.text + " was verified by a reading that is older than it");
  if (batch.at[row] <= devices_[t->asked.device.text].may_arrive_until) wrong("I10", event.command.text + " was verified while one before it may still arrive");
  if (batch.historic) wrong("I10", event.command.text + " was verified by history");
  finish(event.command, *t, Trail::End::verified, e.recorded_at);
}

void Account::on(const Envelope& e, const CommandFailed& event) {
  Trail* t = trail(event.command, "failed");
  if (t == nullptr) return;
  if (!t->in_flight()) wrong("I10", event.command.text + " failed without being in flight");
  t->failure = event.kind, t->by_stop = stop_now_;
  DeviceAccount& device = devices_[t->asked.device.text];
  const bool may_have_happened = event.kind == FailureKind::outcome_unknown || event.kind == FailureKind::contradicted;
  if (!may_have_happened && t->tries > 1) wrong("I10", event.command.text + " is said not to have happened, but an earlier try may have been heard");
  if (event.kind == FailureKind::outcome_unknown) device.on_is_sure = false, device.may_arrive_until = std::max(device.may_arrive_until, t->expires_at);
  else if (device.lease && device.lease->command == event.command.text) device.lease.reset();
  if (stop_now_ && t->energising()) ended_by_stop_.push_back(event.command.text);
  if (may_have_happened && !stopped_ && t->asked.purpose == Purpose::ordinary) needs_follow_up_.insert(event.command.text);
  finish(event.command, *t, Trail::End::failed, e.recorded_at);
}

void Account::on(const Envelope&, const RollbackSkipped& event) { needs_follow_up_.erase(event.command.text); }

// ---- leases, hands, rules --------------------------------------------------------------------------------------------------------

void Account::on(const Envelope& e, const LeaseRenewed& event) {
  DeviceAccount& device = devices_[event.device.text];
  if (!device.lease || device.lease->ended || device.lease->command != event.command.text) return wrong("I20", "a lease was renewed that " + event.command.text + " does not have");
  if (auto why = against_staying(device, e.recorded_at); !why.empty()) violated_(why + ": the lease of " + event.command.text + " was renewed");
  if (event.until > e.recorded_at + device.about.lease) wrong("I20", "a lease was renewed for too long: " + event.command.text);
  device.lease->last_word = e.recorded_at;
}

void Account::on(const Envelope&, const LeaseEnded& event) {
  if (auto& lease = devices_[event.device.text].lease) lease->ended = true;
}

void Account::on(const Envelope& e, const DeviceChanged& event) {
  DeviceAccount& device = devices_[event.device.text];
  device.held_until = std::max(device.held_until, e.recorded_at + 60 * minute_us);
  hands_.erase(event.reading);
  if (!device.in_flight.empty()) trails_.at(device.in_flight).hand = true;
}

void Account::on(const Envelope& e, const RuleSaved& event) {
  if (e.principal.kind != PrincipalKind::system) looked_at(event.rule);
  RuleBook& book = rules_[event.rule.text];
  if (book.document == event.document) return;
  book.document = event.document;
  const auto parsed = parse_rule(event.document);
  book.cooldown = parsed.rule ? parsed.rule->cooldown : 0;
}

void Account::on(const Envelope& e, const RuleFired& event) {
  RuleBook& book = rules_[event.rule.text];
  if (event.outcome == RuleOutcome::acted) {
    if (book.acted_at != 0 && e.recorded_at < book.acted_at + book.cooldown) wrong("I7", "rule " + event.rule.text + " acted within its cooldown");
    if (stopped_) wrong("I2", "rule " + event.rule.text + " acted although the stop is on record");
    book.acted_at = e.occurred_at;
  }
  const Record* record = event.reading == 0 ? nullptr : log_.at(event.reading);
  if (record == nullptr) return;
  if (!record->is_readings()) return wrong("I3", "rule " + event.rule.text + " was fired by something that is no reading");
  if (record->readings().historic) wrong("I4", "rule " + event.rule.text + " was fired by history");
}

// ---- the end of a turn --------------------------------------------------------------------------------------------------------------

void Account::turn_ended() {
  for (const std::string& command : needs_follow_up_) wrong("I10", "nothing followed the unknown outcome of " + command);
  for (const Position reading : hands_) wrong("I7", "nobody noticed the hand in reading " + std::to_string(reading));
  if (stop_now_ || suspect_now_)
    for (const std::string& command : pending_) wrong("I10", command + (stop_now_ ? " outlived the stop" : " outlived the clock's jump"));
  if (stop_now_) {
    for (const std::string& command : ended_by_stop_) {
      const Trail& t = trails_.at(command);
      const bool has_safe_state = devices_[t.asked.device.text].about.safe_state != SafeState::as_it_is;
      if (has_safe_state && t.asked.purpose != Purpose::safe_state && !safe_states_.contains(command)) wrong("I2", "no safe state followed " + command + ", which was on the wire at the stop");
    }
    for (const auto& [id, device] : devices_)
      if (const Trail* t = device.in_flight.empty() ? nullptr : find(device.in_flight); t != nullptr && t->energising() && t->asked.purpose != Purpose::safe_state)
        wrong("I2", device.in_flight + " stayed in flight through the stop");
  }
  stop_now_ = suspect_now_ = false;
  ended_by_stop_.clear(), needs_follow_up_.clear(), safe_states_.clear(), hands_.clear();
}

}  // namespace heliograph::simulator
