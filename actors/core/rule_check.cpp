#include "actors/core/rule_check.hpp"

#include <algorithm>

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
  if (a.action == b.action) return a.power_w != b.power_w;
  return a.action != Action::set_power && b.action != Action::set_power;
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

}  // namespace

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
