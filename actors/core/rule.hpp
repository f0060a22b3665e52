// A rule as people write it: triggers, conditions, actions. Plain data; rule_parse reads it from JSON or YAML,
// rule_engine watches readings for its triggers. Reference with examples: docs/RULES.md. Units are stored units.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/event.hpp"
#include "events/result.hpp"

namespace heliograph {

/// `device` in a trigger: an id, or "*" = each device that has the metric, each with its own memory. In a condition: an
/// id. In an action: an id, or "trigger" = the device whose reading fired the trigger.
struct ThresholdTrigger {
  std::string device;
  Metric metric{};
  bool above = false;           // fires when value > threshold; else when value < threshold
  std::int64_t threshold = 0;
  std::int64_t rearm = 0;       // hysteresis: fires again only after value <= rearm (above) or >= rearm (below)
  Micros hold_for = 0;          // must stay beyond the threshold this long
  bool operator==(const ThresholdTrigger&) const = default;
};
/// Every day listed at a local time of the site's zone. In spring a missing time fires at the first moment after the
/// gap; in autumn a repeated time fires once, the first time (H36).
struct TimeTrigger {
  int minute_of_day = 0;          // 0..1439
  std::uint8_t weekdays = 0x7f;   // bit 0 = Monday
  bool operator==(const TimeTrigger&) const = default;
};
struct Trigger {
  std::string id;  // unique in the rule
  std::optional<ThresholdTrigger> threshold;  // exactly one of the two
  std::optional<TimeTrigger> time;
  bool operator==(const Trigger&) const = default;
};

struct Condition {
  enum class Kind : std::uint8_t { all, any, negation, window, metric, automation_mode };
  Kind kind = Kind::all;
  std::vector<Condition> of;      // all, any: one or more; negation: exactly one
  // window: local minutes [after, before), may wrap midnight; on the weekdays given (of the window's start)
  int after_minute = 0, before_minute = 1440;
  std::uint8_t weekdays = 0x7f;
  // metric: the latest usable value compared; an unknown or stale value is "not met", never a guess
  std::string device;
  Metric metric{};
  bool above = false;             // value > threshold, else value < threshold
  std::int64_t threshold = 0;
  bool operator==(const Condition&) const = default;
};

struct RuleAction {
  enum class Kind : std::uint8_t { command, notify };
  Kind kind = Kind::command;
  std::vector<std::string> when;  // trigger ids; empty = any trigger
  // command
  std::string device;             // a device id, or "trigger"
  Action action = Action::switch_off;
  std::int64_t power_w = 0;
  std::string mode;               // of set_mode
  // notify
  std::string text;
  bool operator==(const RuleAction&) const = default;
};

struct Rule {
  RuleId id;
  std::string name;
  std::string description;
  bool enabled = true;
  std::vector<Trigger> triggers;     // 1 to 32
  std::vector<Condition> conditions; // all must hold; at most 64 in all, depth at most 8
  std::vector<RuleAction> actions;   // 1 to 32
  Micros cooldown = 0;               // after it acted, firings are recorded but not acted on for this long
  bool operator==(const Rule&) const = default;
};

/// One thing wrong with a document. `pointer` is a JSON pointer: "/triggers/0/below".
struct RuleProblem {
  std::string pointer, sentence;
};

/// Reads one rule from JSON or (when it does not start with '{') YAML. Total: any bytes give a Rule or problems, within
/// 1 MiB, depth 32. Unknown fields, duplicate keys and contradictions (rearm on the wrong side, an action no trigger
/// reaches) are problems, all listed, not just the first.
struct ParsedRule {
  std::optional<Rule> rule;            // set when problems is empty
  std::vector<RuleProblem> problems;
};
ParsedRule parse_rule(std::string_view document);
/// A file may hold one rule or an array of rules; pointers then start with the index.
struct ParsedRules {
  std::vector<Rule> rules;
  std::vector<RuleProblem> problems;
};
ParsedRules parse_rules(std::string_view document);

/// The rule as canonical JSON: fixed key order, API units, defaults left out. parse(canonical(r)) == r.
std::string canonical_json(const Rule& rule);
/// JSON Schema 2020-12 of a rule document; served at /schemas/rule.json. Kept with the parser by a test.
std::string_view rule_schema();
/// "pause the miner below 50 %, resume above 80 %": the first rule of every site with a miner (PRF-01, RUL-02).
std::string_view miner_guard_example();

}  // namespace heliograph
