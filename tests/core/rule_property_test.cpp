// For any rule: reading its canonical JSON gives the same rule, the JSON fits the schema, and writing again gives the
// same bytes. For any damage to it: a rule or problems, never both and never neither.
#include <rapidcheck.h>
#include <rapidcheck/catch.h>
#include <rapidjson/document.h>
#include <rapidjson/schema.h>

#include <catch2/catch.hpp>

#include "actors/core/rule.hpp"

using namespace heliograph;

namespace {

int between(int from, int to) { return *rc::gen::inRange(from, to + 1); }
bool flip() { return between(0, 1) == 1; }

std::string any_id() {
  static const std::string letters = "abcdefghijklmnopqrstuvwxyz0123456789-";
  std::string out(1, letters[static_cast<std::size_t>(between(0, 35))]);
  for (int n = between(0, 62); n > 0; --n) out += letters[static_cast<std::size_t>(between(0, 36))];
  return out == "trigger" ? "other" : out;
}

std::string any_text(int least) {
  static const std::vector<std::string> pieces = {"a", "Z", " ",  "\"", "\\", "/", "é", "漢", "\xF0\x9F\x94\x8B",
                                                  "{", "~", ": ", "#"};
  std::string out;
  for (int n = between(least, 20); n > 0; --n)
    out += pieces[static_cast<std::size_t>(between(0, static_cast<int>(pieces.size()) - 1))];
  return out;
}

Micros any_span() { return *rc::gen::inRange<std::int64_t>(0, 400 * 86'400) * second_us; }
std::uint8_t any_days() { return static_cast<std::uint8_t>(between(1, 0x7f)); }

Metric any_metric() {
  const auto metrics = all_metrics();
  for (;;) {
    const MetricInfo& entry = metrics[static_cast<std::size_t>(between(0, static_cast<int>(metrics.size()) - 1))];
    if (entry.kind != Kind::text) return entry.metric;
  }
}

std::int64_t value_in(std::int64_t from, std::int64_t to) { return *rc::gen::inRange<std::int64_t>(from, to + 1); }

/// A threshold that can be crossed, as the parser demands.
std::int64_t any_threshold(Metric metric, bool above) {
  return value_in(info(metric).min + (above ? 0 : 1), info(metric).max - (above ? 1 : 0));
}

Trigger any_trigger(std::size_t index) {
  Trigger trigger;
  trigger.id = "x" + std::to_string(index) + (flip() ? "-" + any_id().substr(0, 40) : "");
  if (flip()) {
    trigger.time = TimeTrigger{between(0, 1439), any_days()};
    return trigger;
  }
  ThresholdTrigger t;
  t.device = flip() ? "*" : any_id();
  t.metric = any_metric();
  t.above = flip();
  t.threshold = any_threshold(t.metric, t.above);
  t.rearm = t.above ? value_in(info(t.metric).min, t.threshold) : value_in(t.threshold, info(t.metric).max);
  t.hold_for = flip() ? any_span() : 0;
  trigger.threshold = t;
  return trigger;
}

Condition any_condition(int depth) {
  Condition condition;
  switch (between(depth >= 4 ? 3 : 0, 5)) {
    case 0: condition.kind = Condition::Kind::all; break;
    case 1: condition.kind = Condition::Kind::any; break;
    case 2:
      condition.kind = Condition::Kind::negation;
      condition.of.push_back(any_condition(depth + 1));
      return condition;
    case 3:
      condition.kind = Condition::Kind::window;
      condition.after_minute = between(0, 1439);
      condition.before_minute = (condition.after_minute + between(1, 1440)) % 1441;
      condition.weekdays = any_days();
      return condition;
    case 4:
      condition.kind = Condition::Kind::metric;
      condition.device = any_id();
      condition.metric = any_metric();
      condition.above = flip();
      condition.threshold = any_threshold(condition.metric, condition.above);
      return condition;
    default: condition.kind = Condition::Kind::automation_mode; return condition;
  }
  for (int n = between(1, 2); n > 0; --n) condition.of.push_back(any_condition(depth + 1));
  return condition;
}

RuleAction any_action(const Rule& rule, std::size_t index) {
  RuleAction action;
  for (const Trigger& trigger : rule.triggers)
    if (between(0, 3) == 0) action.when.push_back(trigger.id);
  if (between(0, 3) == 0) {
    action.kind = RuleAction::Kind::notify;
    action.text = any_text(1);
    return action;
  }
  action.device = "d" + std::to_string(index);  // one device an action: nothing can contradict
  action.action = static_cast<Action>(between(0, 3));
  if (action.action == Action::set_power) action.power_w = value_in(-1'000'000'000, 1'000'000'000);
  if (action.action == Action::set_mode) action.mode = "mode " + std::to_string(between(0, 99));
  return action;
}

Rule any_rule() {
  Rule rule;
  rule.id.text = any_id();
  rule.name = any_text(0);
  rule.description = any_text(0);
  rule.enabled = flip();
  rule.cooldown = flip() ? any_span() : 0;
  for (int n = between(1, 5); n > 0; --n) rule.triggers.push_back(any_trigger(rule.triggers.size()));
  for (int n = between(0, 3); n > 0; --n) rule.conditions.push_back(any_condition(1));
  for (int n = between(1, 5); n > 0; --n) rule.actions.push_back(any_action(rule, rule.actions.size()));
  return rule;
}

const rapidjson::SchemaDocument& schema() {
  static const rapidjson::SchemaDocument* const kept = [] {
    rapidjson::Document text;
    text.Parse(rule_schema().data(), rule_schema().size());
    return new rapidjson::SchemaDocument(text);
  }();
  return *kept;
}

}  // namespace

TEST_CASE("a rule survives being written and read") {
  rc::prop("parse(canonical(rule)) == rule, and it fits the schema", [] {
    const Rule rule = any_rule();
    const std::string text = canonical_json(rule);
    const ParsedRule parsed = parse_rule(text);
    for (const auto& problem : parsed.problems) RC_LOG() << problem.pointer << ": " << problem.sentence << "\n";
    RC_LOG() << text << "\n";
    RC_ASSERT(parsed.rule.has_value());
    RC_ASSERT(*parsed.rule == rule);
    RC_ASSERT(canonical_json(*parsed.rule) == text);
    rapidjson::Document document;
    document.Parse(text.data(), text.size());
    rapidjson::SchemaValidator validator(schema());
    RC_ASSERT(document.Accept(validator));
  });
}

TEST_CASE("a damaged rule is read or refused, never half of each") {
  rc::prop("one changed, removed or added byte", [] {
    std::string text = canonical_json(any_rule());
    const auto at = static_cast<std::size_t>(between(0, static_cast<int>(text.size()) - 1));
    const char byte = static_cast<char>(between(0, 255));
    switch (between(0, 2)) {
      case 0: text[at] = byte; break;
      case 1: text.erase(at, 1); break;
      default: text.insert(at, 1, byte); break;
    }
    const ParsedRule parsed = parse_rule(text);
    RC_ASSERT(parsed.rule.has_value() == parsed.problems.empty());
    for (const auto& problem : parsed.problems) RC_ASSERT(!problem.sentence.empty());
    if (parsed.rule) RC_ASSERT(parse_rule(canonical_json(*parsed.rule)).rule == parsed.rule);
  });
}
