#include "actors/core/rule_check.hpp"

#include <algorithm>

#include "actors/core/command.hpp"

namespace heliograph {
namespace {

bool reaches(const Trigger& trigger, const RuleAction& action) {
  return action.when.empty() || std::find(action.when.begin(), action.when.end(), trigger.id) != action.when.end();
}

/// The device that the action means when this trigger fires. "*" stays apart from every id: which device it will be
/// is not known yet.
const std::string& device_of(const RuleAction& action, const Trigger& trigger) {
  return action.device == "trigger" && trigger.threshold ? trigger.threshold->device : action.device;
}

bool are_opposite(const RuleAction& a, const RuleAction& b) {
  if (a.kind != RuleAction::Kind::command || b.kind != RuleAction::Kind::command) return false;
  if (a.action == b.action) return a.power_w != b.power_w || a.mode != b.mode;
  return is_switch(a.action) && is_switch(b.action);
}

const Trigger* contradiction(const Rule& rule, const RuleAction& a, const RuleAction& b) {
  if (!are_opposite(a, b) || a.device.empty()) return nullptr;
  for (const Trigger& trigger : rule.triggers)
    if (reaches(trigger, a) && reaches(trigger, b) && device_of(a, trigger) == device_of(b, trigger)) return &trigger;
  return nullptr;
}

void check_device_is_known(const Rule& rule, const RuleAction& action, const Place& place, ProblemList& problems) {
  if (action.device != "trigger") return;
  const auto timed = std::find_if(rule.triggers.begin(), rule.triggers.end(),
                                  [&](const Trigger& trigger) { return trigger.time && reaches(trigger, action); });
  if (timed != rule.triggers.end())
    problems.add(place.at("device"),
                 "Trigger " + quoted(timed->id) + " is a time and has no device: name the device to act on.");
}

bool is_same(const std::string& device, const std::string& other) { return device == other || device == "*" || other == "*"; }

/// There is a value that fires both.
bool overlap(const Trigger& a, const Trigger& b) {
  if (!a.threshold || !b.threshold || a.threshold->metric != b.threshold->metric || !is_same(a.threshold->device, b.threshold->device)) return false;
  if (a.threshold->above == b.threshold->above) return a.threshold->threshold == b.threshold->threshold;
  const ThresholdTrigger &above = a.threshold->above ? *a.threshold : *b.threshold, &below = a.threshold->above ? *b.threshold : *a.threshold;
  return above.threshold + 1 < below.threshold;  // a value lies between them
}

}  // namespace

std::optional<std::string> contradiction(const Rule& rule, const Rule& other) {
  if (!rule.conditions.empty() || !other.conditions.empty()) return std::nullopt;
  for (const RuleAction& a : rule.actions)
    for (const RuleAction& b : other.actions) {
      if (!are_opposite(a, b)) continue;
      for (const Trigger& s : rule.triggers)
        for (const Trigger& t : other.triggers)
          if (reaches(s, a) && reaches(t, b) && overlap(s, t) && is_same(device_of(a, s), device_of(b, t)))
            return "Rule " + quoted(other.id.text) + " tells " + quoted(device_of(b, t)) + " the opposite at the same " + std::string(info(s.threshold->metric).api_name) +
                   " (its trigger " + quoted(t.id) + ", here " + quoted(s.id) + "): move a threshold, give one of them a condition, or disable one.";
    }
  return std::nullopt;
}

void check_actions(const Rule& rule, const Place& actions, ProblemList& problems) {
  for (std::size_t i = 0; i < rule.actions.size(); ++i) {
    check_device_is_known(rule, rule.actions[i], actions.at(i), problems);
    for (std::size_t j = 0; j < i; ++j) {
      const Trigger* const shared = contradiction(rule, rule.actions[j], rule.actions[i]);
      if (shared == nullptr) continue;
      problems.add(actions.at(i), "Trigger " + quoted(shared->id) + " would tell " + quoted(rule.actions[i].device) +
                                      " this and, in action " + std::to_string(j + 1) +
                                      ", the opposite: say with \"when\" which trigger does which.");
      break;
    }
  }
}

}  // namespace heliograph
