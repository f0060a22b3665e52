// A rule back to JSON: fixed key order, API units, defaults left out. What is stored in RuleSaved and shown to people.
#include "actors/core/rule.hpp"
#include "events/json.hpp"

namespace heliograph {
namespace {

constexpr const char* day_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::uint8_t every_day = 0x7f;

void write_days(JsonWriter& json, std::uint8_t weekdays) {
  if (weekdays == every_day) return;
  json.key("days").begin_array();
  for (unsigned day = 0; day < 7; ++day)
    if ((weekdays >> day & 1u) != 0) json.string(day_names[day]);
  json.end_array();
}

void write_trigger(JsonWriter& json, const Trigger& trigger) {
  json.begin_object().field("id", trigger.id);
  if (trigger.time) {
    json.field("at", format_clock(trigger.time->minute_of_day));
    write_days(json, trigger.time->weekdays);
  } else if (trigger.threshold) {
    const ThresholdTrigger& t = *trigger.threshold;
    json.field("metric", info(t.metric).api_name).field("device", t.device);
    json.key(t.above ? "above" : "below").metric(t.metric, t.threshold);
    if (t.rearm != t.threshold) json.key("rearm").metric(t.metric, t.rearm);
    if (t.hold_for != 0) json.field("for", format_duration(t.hold_for));
  }
  json.end_object();
}

void write_condition(JsonWriter& json, const Condition& condition) {
  const auto write_list = [&](std::string_view word) {
    json.key(word).begin_array();
    for (const Condition& inner : condition.of) write_condition(json, inner);
    json.end_array();
  };
  json.begin_object();
  switch (condition.kind) {
    case Condition::Kind::all: write_list("all"); break;
    case Condition::Kind::any: write_list("any"); break;
    case Condition::Kind::negation:
      json.key("not");
      write_condition(json, condition.of.front());
      break;
    case Condition::Kind::window:
      json.key("between").begin_array();
      json.string(format_clock(condition.after_minute)).string(format_clock(condition.before_minute)).end_array();
      write_days(json, condition.weekdays);
      break;
    case Condition::Kind::metric:
      json.field("metric", info(condition.metric).api_name).field("device", condition.device);
      json.key(condition.above ? "above" : "below").metric(condition.metric, condition.threshold);
      break;
    case Condition::Kind::automation_mode: json.field("automation", "on"); break;
  }
  json.end_object();
}

void write_action(JsonWriter& json, const RuleAction& action) {
  json.begin_object();
  if (!action.when.empty()) {
    json.key("when").begin_array();
    for (const std::string& trigger : action.when) json.string(trigger);
    json.end_array();
  }
  if (action.kind == RuleAction::Kind::notify) {
    json.field("do", "notify").field("text", action.text);
  } else {
    switch (action.action) {
      case Action::switch_on: json.field("do", "switch_on").field("device", action.device); break;
      case Action::switch_off: json.field("do", "switch_off").field("device", action.device); break;
      case Action::set_power:
        json.field("do", "set_power").field("device", action.device).field("power_w", action.power_w);
        break;
      case Action::set_mode: json.field("do", "set_mode").field("device", action.device).field("mode", action.mode); break;
    }
  }
  json.end_object();
}

}  // namespace

std::string canonical_json(const Rule& rule) {
  JsonWriter json;
  json.begin_object().field("id", rule.id.text);
  if (!rule.name.empty()) json.field("name", rule.name);
  if (!rule.description.empty()) json.field("description", rule.description);
  if (!rule.enabled) json.field("enabled", false);
  json.key("triggers").begin_array();
  for (const Trigger& trigger : rule.triggers) write_trigger(json, trigger);
  json.end_array();
  if (!rule.conditions.empty()) {
    json.key("conditions").begin_array();
    for (const Condition& condition : rule.conditions) write_condition(json, condition);
    json.end_array();
  }
  json.key("actions").begin_array();
  for (const RuleAction& action : rule.actions) write_action(json, action);
  json.end_array();
  if (rule.cooldown != 0) json.field("cooldown", format_duration(rule.cooldown));
  return json.end_object().str();
}

}  // namespace heliograph
