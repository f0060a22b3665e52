// What a site does when a trigger became true: record the firing and why it did or did not act, then ask the gate.
#include <algorithm>

#include "actors/core/planted.hpp"
#include "actors/core/site.hpp"
#include "events/json.hpp"

namespace heliograph {
namespace {

std::string api_value(Metric metric, std::int64_t value) {
  JsonWriter json;
  json.metric(metric, value);
  return json.str() + (info(metric).unit.empty() ? "" : " " + std::string(info(metric).unit));
}

bool fires_on(const RuleAction& action, const Trigger& trigger) {
  return action.when.empty() || std::find(action.when.begin(), action.when.end(), trigger.id) != action.when.end();
}

/// `device`: whose trigger fired; empty for a time of day. The same reading and rule give the same id in every replay.
std::string rule_command_id(const Firing& firing, const Rule& rule, const Trigger& trigger, std::string_view device, std::size_t action) {
  const Position root = firing.reading != 0 ? firing.reading : static_cast<Position>(firing.at);
  const auto digest = sha256({rule.id.text, "\n", trigger.id, "\n", device, "\n", std::to_string(action)});
  return "c-" + std::to_string(root) + "-" + hex(bytes_of(digest).substr(0, 4));
}

bool in_window(const Condition& c, const Civil& local) {
  const int minute = local.hour * 60 + local.minute;
  // After midnight of a wrapping window the day that counts is the one on which it began.
  const bool began_yesterday = c.after_minute > c.before_minute && minute < c.before_minute;
  const int weekday = began_yesterday ? (local.weekday + 5) % 7 : local.weekday - 1;
  return (c.weekdays >> weekday & 1) != 0 && in_window(DayWindow{c.after_minute, c.before_minute}, minute);
}

}  // namespace

Status Site::react(Micros at, Journal& journal) {
  if (auto done = react_to_all(at, journal); !done) return done;
  return release(at, journal);
}

Status Site::react_to_all(Micros at, Journal& journal) {
  // Taken out first: an answer below may observe again.
  const auto sightings = std::exchange(sightings_, {});
  const auto firings = std::exchange(firings_, {});
  for (const Sighting& sighting : sightings)
    if (auto done = react_to(sighting, at, journal); !done) return done;
  for (const Firing& firing : firings)
    if (auto done = react_to(firing, at, journal); !done) return done;
  return {};
}

/// What a device's own state showed: the command in flight has come about, or has not, or somebody else switched.
Status Site::react_to(const Sighting& sighting, Micros at, Journal& journal) {
  const DeviceState device = devices_[sighting.device];
  const Principal by{PrincipalKind::device, device.about.device.text};
  if (sighting.seen == Sight::by_hand)
    return note(device_draft(device, by, sighting.reading, {}, at, DeviceChanged{device.about.device, sighting.on, sighting.reading}), journal);
  if (!device.in_flight) return {};
  const CommandState& flight = *device.in_flight;
  if (sighting.seen == Sight::contradicted) {
    if (flight.retry < retries_max && at < flight.expires_at) return try_again(device, sighting.reading, at, journal);
    // Until it expires a try may still come about, late on the wire or in a slow device: then nobody may say that it did not.
    if (at < flight.expires_at) return {};
    return failed(device, FailureKind::contradicted, "A reading shows another state.", sighting.reading, at, journal);
  }
  auto verified = append(device_draft(device, by, flight.dispatched, flight.correlation, at, CommandVerified{flight.command, sighting.reading}), journal);
  if (!verified) return fail(verified.error());
  if (flight.proposal.purpose != Purpose::rollback) return {};
  return note(device_draft(device, {}, *verified, flight.correlation, at, CommandRolledBack{flight.proposal.about, flight.command}), journal);
}

Status Site::react_to(const Firing& firing, Micros at, Journal& journal) {
  const RuleEntry entry = rules_.rules()[firing.rule];  // a copy: acting may change the engine
  if (entry.removed || !entry.rule.enabled) return {};  // paused by what came before in this turn
  const Trigger& trigger = entry.rule.triggers[firing.trigger];
  const auto [outcome, detail] = judge(entry, firing, at);
  RuleFired fired;
  fired.rule = entry.rule.id;
  fired.rule_version = entry.version;
  fired.rule_saved = entry.saved_at;
  fired.trigger = trigger.id;
  if (trigger.threshold) {
    fired.device = now_.devices()[firing.device].id;
    fired.metric = trigger.threshold->metric;
    fired.value = firing.value;
    fired.threshold = trigger.threshold->threshold;
    fired.reading = firing.reading;
  }
  fired.by_timer = firing.by_timer;
  fired.outcome = outcome;
  fired.detail = detail;
  const Position cause = firing.reading != 0 ? firing.reading : entry.saved_at;
  // A timer's firing is true when it was due, even if the tick came a moment later.
  auto position = append(draft("rule-" + entry.rule.id.text, {PrincipalKind::rule, entry.rule.id.text}, cause,
                               journal.chain_from(cause), firing.by_timer ? firing.at : at, fired), journal);
  if (!position) return fail(position.error());
  return outcome == RuleOutcome::acted ? act(entry, firing, *position, at, journal) : Status{};
}

std::pair<RuleOutcome, std::string> Site::judge(const RuleEntry& entry, const Firing& firing, Micros at) const {
  if (firing.missed) return {RuleOutcome::condition_not_met, "its moment passed while nothing was running"};
  if (!settings_.automation) return {RuleOutcome::automation_off, "automation is switched off for this site"};
  if (stopped_) return {RuleOutcome::automation_off, "the emergency stop is engaged"};
  const Trigger& trigger = entry.rule.triggers[firing.trigger];
  if (trigger.threshold && !is_fresh(devices_[firing.device], now_.latest(firing.device, trigger.threshold->metric), at))
    return {RuleOutcome::condition_not_met, "the reading is stale"};
  if (entry.acted_at != 0 && !planted(Plant::cooldown_ignored) && at < entry.acted_at + entry.rule.cooldown)
    return {RuleOutcome::cooling_down, "until " + format_time(entry.acted_at + entry.rule.cooldown)};
  for (std::size_t i = 0; i < entry.rule.conditions.size(); ++i)
    if (!holds(entry.rule.conditions[i], at)) return {RuleOutcome::condition_not_met, "/conditions/" + std::to_string(i)};
  if (already_so(entry, firing)) return {RuleOutcome::already_so, "every device is as wanted"};
  return {RuleOutcome::acted, {}};
}

bool Site::holds(const Condition& c, Micros at) const {
  switch (c.kind) {
    case Condition::Kind::all:
      return std::all_of(c.of.begin(), c.of.end(), [&](const Condition& part) { return holds(part, at); });
    case Condition::Kind::any:
      return std::any_of(c.of.begin(), c.of.end(), [&](const Condition& part) { return holds(part, at); });
    case Condition::Kind::negation: return !holds(c.of.front(), at);
    case Condition::Kind::window: return in_window(c, zone_.local(at));
    case Condition::Kind::automation_mode: return settings_.automation;
    case Condition::Kind::metric: {
      const auto index = now_.find(c.device);
      if (!index) return false;
      const Latest& latest = now_.latest(*index, c.metric);
      if (!is_fresh(devices_[*index], latest, at)) return false;
      return c.above ? latest.value > c.threshold : latest.value < c.threshold;
    }
  }
  return false;
}

DeviceId Site::target(const RuleAction& action, const Firing& firing) const {
  return action.device == "trigger" ? now_.devices()[firing.device].id : DeviceId{action.device};
}

bool Site::already_so(const RuleEntry& entry, const Firing& firing) const {
  const Trigger& trigger = entry.rule.triggers[firing.trigger];
  for (const RuleAction& action : entry.rule.actions) {
    if (!fires_on(action, trigger)) continue;
    if (action.kind == RuleAction::Kind::notify || action.action == Action::set_power) return false;
    const DeviceState* state = device(target(action, firing));
    if (action.action == Action::set_mode) {
      if (state == nullptr || state->in_flight || state->mode != action.mode) return false;
      continue;
    }
    if (state == nullptr || state->in_flight || state->on != (action.action == Action::switch_on)) return false;
  }
  return true;
}

Status Site::act(const RuleEntry& entry, const Firing& firing, Position fired, Micros at, Journal& journal) {
  const Rule& rule = entry.rule;
  const Trigger& trigger = rule.triggers[firing.trigger];
  const Principal principal{PrincipalKind::rule, rule.id.text};
  const std::string correlation = journal.chain_from(firing.reading != 0 ? firing.reading : entry.saved_at);
  std::string why = "Rule \"" + (rule.name.empty() ? rule.id.text : rule.name) + "\"";
  if (trigger.threshold)
    why += ": " + std::string(info(trigger.threshold->metric).api_name) + " of " + now_.devices()[firing.device].id.text + " is " +
           api_value(trigger.threshold->metric, firing.value) + (trigger.threshold->above ? ", above " : ", below ") +
           api_value(trigger.threshold->metric, trigger.threshold->threshold) + ".";
  else
    why += ": its time came.";
  const std::string source = trigger.threshold ? now_.devices()[firing.device].id.text : std::string();
  for (std::size_t i = 0; i < rule.actions.size(); ++i) {
    const RuleAction& action = rule.actions[i];
    if (!fires_on(action, trigger)) continue;
    if (action.kind == RuleAction::Kind::notify) {
      auto done = append(draft("rule-" + rule.id.text, principal, fired, correlation, at, NotificationRaised{rule.name, action.text}), journal);
      if (!done) return fail(done.error());
      continue;
    }
    auto answer = gate({{target(action, firing), action.action, action.power_w, principal, Purpose::ordinary, {}, action.mode},
                        {rule_command_id(firing, rule, trigger, source, i)}, why, fired, correlation, {}, {}, 0}, at, journal);
    if (!answer) return fail(answer.error());
  }
  return {};
}

/// Somebody has looked at the rule: whether it fights is seen afresh.
void Site::forget_switches(const RuleId& rule) {
  for (DeviceState& device : devices_) std::erase_if(device.by_rules, [&](const RuleSwitch& each) { return each.rule == rule; });
}

/// Rules that switch a device to and fro against each other are paused, all of them: nobody knows which one is right (H14).
Status Site::end_fight(const DeviceId& over, Position dispatched, Micros at, Journal& journal) {
  for (const RuleId& rule : fighters(*device(over))) {
    const RuleEntry* entry = rules_.find(rule);
    if (entry == nullptr || !entry->rule.enabled || planted(Plant::fight_goes_on)) continue;
    Rule paused = entry->rule;
    paused.enabled = false;
    auto done = note(draft("rule-" + rule.text, {}, dispatched, {}, at, RuleSaved{rule, entry->version + 1, false, canonical_json(paused)}), journal);
    if (!done) return done;
  }
  return {};
}

}  // namespace heliograph
