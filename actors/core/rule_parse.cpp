// From a document to a Rule, or to the list of everything that is wrong with it (docs/RULES.md is the reference).
// The schema in rule_schema.cpp says the same as far as a schema can; a test holds the two together.
#include <algorithm>
#include <unordered_map>

#include "actors/core/rule_check.hpp"
#include "actors/core/rule_fields.hpp"

namespace heliograph {
namespace {

constexpr std::size_t name_characters_max = 120, text_characters_max = 2000, mode_characters_max = 40;
constexpr std::size_t triggers_max = 32, actions_max = 32, conditions_max = 64, rules_max = 1000;
constexpr std::size_t document_problems_max = 100;
constexpr int condition_depth_max = 8;
constexpr std::int64_t power_w_max = 1'000'000'000;  // 1 GW: more than any site of ours

/// "below" or "above": exactly one of them. Used by triggers and conditions alike.
struct Threshold {
  bool above = false;
  std::int64_t value = 0;
};

std::optional<Threshold> read_threshold(Fields& fields, Metric metric) {
  if (fields.has("below") == fields.has("above")) {
    fields.problem(fields.has("below")
                       ? "Both \"below\" and \"above\" are given: keep one, and write a second entry for the other."
                       : "The threshold is missing: add \"below\" or \"above\" with a number.");
    return std::nullopt;
  }
  const bool above = fields.has("above");
  const std::string_view name = above ? "above" : "below";
  const auto value = fields.value_of(name, metric);
  if (!value) return std::nullopt;
  if (*value == (above ? info(metric).max : info(metric).min)) {
    fields.problem(name, std::string(info(metric).api_name) + " is never " + std::string(name) + " " +
                             in_api_units(metric, *value) + ": choose a threshold that can be crossed.");
    return std::nullopt;
  }
  return Threshold{above, *value};
}

/// The reserved word of actions names no device: a reading that fired a trigger has one already.
void refuse_reserved_device(Fields& fields, const std::string& device, std::string_view instead) {
  if (device == "trigger") fields.problem("device", "\"trigger\" is a word for actions: " + std::string(instead));
}

class RuleReader {
 public:
  RuleReader(const Document& document, const Place& place, ProblemList& problems)
      : document_(document), place_(place), problems_(problems) {}

  Rule read() {
    static const Words known = {"id",       "name",       "description", "enabled",
                                "triggers", "conditions", "actions",     "cooldown"};
    Fields fields(document_, place_, "a rule", known, problems_);
    rule_.id.text = fields.id("id", true);
    rule_.name = fields.text("name", name_characters_max);
    rule_.description = fields.text("description", text_characters_max, true);
    rule_.enabled = fields.boolean("enabled", true);
    rule_.cooldown = fields.duration("cooldown");
    if (const auto* list = fields.array("triggers", 1, triggers_max, true)) read_triggers(*list, fields.at("triggers"));
    if (const auto* list = fields.array("conditions", 0, conditions_max, false))
      for (std::size_t i = 0; i < list->size() && i < conditions_max; ++i)
        rule_.conditions.push_back(read_condition((*list)[i], fields.at("conditions").at(i), 1));
    if (const auto* list = fields.array("actions", 1, actions_max, true)) read_actions(*list, fields.at("actions"));
    return std::move(rule_);
  }

 private:
  // ---- triggers

  void read_triggers(const std::vector<Document>& list, const Place& place) {
    const std::size_t count = std::min(list.size(), triggers_max);
    for (std::size_t i = 0; i < count; ++i) rule_.triggers.push_back(read_trigger(list[i], place.at(i), i));
    for (std::size_t i = 1; i < count; ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (rule_.triggers[i].id == rule_.triggers[j].id) {
          problems_.add(place.at(i),
                        "Two triggers are called " + quoted(rule_.triggers[i].id) + ": give each its own \"id\".");
          break;
        }
  }

  Trigger read_trigger(const Document& document, const Place& place, std::size_t index) {
    static const Words of_time = {"id", "at", "days"};
    static const Words of_threshold = {"id", "metric", "device", "below", "above", "rearm", "for"};
    static const Words of_any = {"id", "metric", "device", "below", "above", "rearm", "for", "at", "days"};
    const bool is_time = has(document, "at"), is_threshold = has(document, "metric");
    const Words& known = is_time == is_threshold ? of_any : is_time ? of_time : of_threshold;
    Fields fields(document, place,
                  is_time == is_threshold ? "a trigger"
                  : is_time               ? "a time trigger"
                                          : "a threshold trigger",
                  known, problems_);
    Trigger trigger;
    trigger.id = fields.has("id") ? fields.id("id", false) : "t" + std::to_string(index + 1);
    if (trigger.id.empty()) trigger.id = "?" + std::to_string(index);  // noted above; no id, and unlike any other
    if (document.kind != Document::Kind::object) return trigger;
    if (is_time && is_threshold)
      fields.problem("A trigger is a time (\"at\") or a threshold (\"metric\"), not both: write two triggers.");
    if (!is_time && !is_threshold)
      fields.problem("This trigger says nothing: add \"metric\" with \"below\" or \"above\", or \"at\" with a time.");
    if (is_time && !is_threshold) trigger.time = read_time(fields);
    if (is_threshold && !is_time) trigger.threshold = read_threshold_trigger(fields);
    return trigger;
  }

  static TimeTrigger read_time(Fields& fields) {
    TimeTrigger time;
    const auto minute = minute_of_day(*fields.find("at"), false);
    if (!minute) fields.problem("at", "This is not a time of day: write text from \"00:00\" to \"23:59\".");
    time.minute_of_day = minute.value_or(0);
    time.weekdays = fields.days();
    return time;
  }

  static ThresholdTrigger read_threshold_trigger(Fields& fields) {
    ThresholdTrigger trigger;
    trigger.device = fields.id("device", true, {"*"});
    refuse_reserved_device(fields, trigger.device, "name the device, or write \"*\" for every device.");
    trigger.hold_for = fields.duration("for");
    const auto metric = fields.metric();
    if (!metric) return trigger;
    trigger.metric = *metric;
    const auto threshold = read_threshold(fields, *metric);
    const auto rearm = fields.value_of("rearm", *metric);
    if (!threshold) return trigger;
    trigger.above = threshold->above;
    trigger.threshold = threshold->value;
    trigger.rearm = rearm.value_or(threshold->value);
    if (trigger.above ? trigger.rearm > trigger.threshold : trigger.rearm < trigger.threshold)
      fields.problem("rearm", std::string("\"rearm\" is on the wrong side: it must be at or ") +
                                  (trigger.above ? "below \"above\" (" : "above \"below\" (") +
                                  in_api_units(*metric, trigger.threshold) + "), where the value returns to.");
    return trigger;
  }

  // ---- conditions

  Condition read_condition(const Document& document, const Place& place, int depth) {
    static const Words starts = {"between", "metric", "any", "all", "not", "automation"};
    static const Words of_any = {"between", "days", "metric", "device", "below",
                                 "above",   "any",  "all",    "not",    "automation"};
    Condition condition;
    if (++conditions_ > conditions_max) {
      if (conditions_ == conditions_max + 1)
        problems_.add(place_.at("conditions"),
                      "There are more than 64 conditions, counting those inside others: simplify or split the rule.");
      return condition;
    }
    if (depth > condition_depth_max) {
      problems_.add(place, "Conditions nest deeper than 8 levels: write them flatter.");
      return condition;
    }
    std::string_view start;
    std::size_t found = 0;
    for (const std::string_view word : starts)
      if (has(document, word)) {
        start = word;
        ++found;
      }
    if (found != 1) {
      Fields fields(document, place, "a condition", of_any, problems_);
      if (document.kind == Document::Kind::object)
        fields.problem("A condition has exactly one of " + listed(starts) + ": " +
                       (found == 0 ? "add one." : "write one condition for each."));
      return condition;
    }
    if (start == "between") return read_window(document, place);
    if (start == "metric") return read_metric(document, place);
    if (start == "automation") return read_automation(document, place);
    return read_group(start, document, place, depth);
  }

  Condition read_group(std::string_view start, const Document& document, const Place& place, int depth) {
    Condition condition;
    Fields fields(document, place, "a condition with " + quoted(start), {start}, problems_);
    condition.kind = start == "any"   ? Condition::Kind::any
                     : start == "all" ? Condition::Kind::all
                                      : Condition::Kind::negation;
    if (start == "not") {
      condition.of.push_back(read_condition(*fields.find("not"), fields.at("not"), depth + 1));
      return condition;
    }
    const Place inside = fields.at(start);
    if (const auto* list = fields.array(start, 1, conditions_max, true))
      for (std::size_t i = 0; i < list->size() && conditions_ <= conditions_max; ++i)
        condition.of.push_back(read_condition((*list)[i], inside.at(i), depth + 1));
    return condition;
  }

  Condition read_window(const Document& document, const Place& place) {
    Condition condition;
    condition.kind = Condition::Kind::window;
    Fields fields(document, place, "a time window", {"between", "days"}, problems_);
    condition.weekdays = fields.days();
    const auto* const ends = fields.array("between", 2, 2, true);
    if (ends == nullptr || ends->size() != 2) return condition;
    const auto after = minute_of_day((*ends)[0], false), before = minute_of_day((*ends)[1], true);
    const Place between = fields.at("between");
    if (!after) problems_.add(between.at(0), "This is not a time of day: write text from \"00:00\" to \"23:59\".");
    if (!before) problems_.add(between.at(1), "This is not a time of day: write text from \"00:00\" to \"24:00\".");
    if (after && after == before)
      fields.problem("between",
                     "The window is empty: write two different times, or [\"00:00\", \"24:00\"] for the whole day.");
    condition.after_minute = after.value_or(0);
    condition.before_minute = before.value_or(1440);
    return condition;
  }

  Condition read_metric(const Document& document, const Place& place) {
    Condition condition;
    condition.kind = Condition::Kind::metric;
    Fields fields(document, place, "a condition on a metric", {"metric", "device", "below", "above"}, problems_);
    condition.device = fields.id("device", true);
    refuse_reserved_device(fields, condition.device, "name the device.");
    const auto metric = fields.metric();
    if (!metric) return condition;
    condition.metric = *metric;
    if (const auto threshold = read_threshold(fields, *metric)) {
      condition.above = threshold->above;
      condition.threshold = threshold->value;
    }
    return condition;
  }

  Condition read_automation(const Document& document, const Place& place) {
    Condition condition;
    condition.kind = Condition::Kind::automation_mode;
    Fields fields(document, place, "a condition on automation", {"automation"}, problems_);
    const Document& mode = *fields.find("automation");
    if (mode.kind != Document::Kind::text || mode.string != "on")
      fields.problem("automation",
                     "This can only be \"on\": for the opposite write {\"not\": {\"automation\": \"on\"}}.");
    return condition;
  }

  // ---- actions

  void read_actions(const std::vector<Document>& list, const Place& place) {
    const std::size_t count = std::min(list.size(), actions_max);
    for (std::size_t i = 0; i < count; ++i) rule_.actions.push_back(read_action(list[i], place.at(i)));
    check_actions(rule_, place, problems_);
  }

  RuleAction read_action(const Document& document, const Place& place) {
    static const Words of_switch = {"when", "do", "device"}, of_power = {"when", "do", "device", "power_w"},
                       of_mode = {"when", "do", "device", "mode"};
    static const Words of_notify = {"when", "do", "text"}, of_any = {"when", "do", "device", "power_w", "mode", "text"};
    RuleAction action;
    const std::optional<Action> command = command_of(document);
    const bool is_notify = word(document, "do") == "notify";
    const Words& known = is_notify                       ? of_notify
                         : !command                      ? of_any
                         : *command == Action::set_power ? of_power
                         : *command == Action::set_mode  ? of_mode
                                                         : of_switch;
    Fields fields(document, place, "an action", known, problems_);
    if (document.kind != Document::Kind::object) return action;
    read_when(fields, action);
    if (is_notify) {
      action.kind = RuleAction::Kind::notify;
      action.text = fields.text("text", text_characters_max, true);
      if (!fields.has("text"))
        fields.problem("A notification needs \"text\": add what people shall read.");
      else if (word(document, "text") == "")
        fields.problem("text", "The text is empty: write what people shall read.");
      return action;
    }
    if (!command) {
      refuse_verb(fields);
      return action;
    }
    action.action = *command;
    action.device = fields.id("device", true);
    if (*command == Action::set_power) read_power(fields, action);
    if (*command == Action::set_mode) {
      action.mode = fields.text("mode", mode_characters_max);
      if (!fields.has("mode")) fields.problem("\"set_mode\" needs \"mode\": add one that the device knows, like \"PASSIVE\".");
      else if (word(document, "mode") == "") fields.problem("mode", "The mode is empty: write one that the device knows, like \"PASSIVE\".");
    }
    return action;
  }

  /// `pause` and `resume` are what people say; `switch_off` and `switch_on` is what is kept.
  static std::optional<Action> command_of(const Document& document) {
    const auto verb = word(document, "do");
    if (!verb) return std::nullopt;
    if (*verb == "switch_off" || *verb == "pause" || *verb == "off") return Action::switch_off;
    if (*verb == "switch_on" || *verb == "resume" || *verb == "on") return Action::switch_on;
    if (*verb == "set_power") return Action::set_power;
    if (*verb == "set_mode") return Action::set_mode;
    return std::nullopt;
  }

  static void refuse_verb(Fields& fields) {
    static const Words verbs = {"switch_off", "switch_on", "pause", "resume", "off", "on", "set_power", "set_mode", "notify"};
    const Document* const found = fields.find("do");
    if (found == nullptr) return fields.problem("An action needs \"do\": add one of " + listed(verbs) + ".");
    const auto near = nearest(found->string, verbs);
    fields.problem("do", "Nothing can " + quoted(found->string) + ": " +
                             (near ? "did you mean " + quoted(*near) + "?" : "write one of " + listed(verbs) + "."));
  }

  static void read_power(Fields& fields, RuleAction& action) {
    const Document* const power = fields.find("power_w");
    if (power == nullptr)
      return fields.problem(
          "\"set_power\" needs \"power_w\": add watts, + into the site (discharge), - out of it (charge).");
    const bool is_number = power->kind == Document::Kind::integer || power->kind == Document::Kind::number;
    const Exact watts = is_number ? exact(*power, 0) : Exact{Exact::Fault::finer, 0};
    if (watts.fault == Exact::Fault::finer)
      return fields.problem("power_w", "\"power_w\" must be a whole number of watts: write one like -2000.");
    if (watts.fault == Exact::Fault::larger || watts.value > power_w_max || watts.value < -power_w_max)
      return fields.problem(
          "power_w", "This is more than 1 GW (1000000000 W): write the power in watts that the device can take.");
    action.power_w = watts.value;
  }

  void read_when(Fields& fields, RuleAction& action) {
    const auto* const list = fields.array("when", 1, triggers_max, false);
    if (list == nullptr) return;
    const Place when = fields.at("when");
    for (std::size_t i = 0; i < list->size() && i < triggers_max; ++i) {
      const std::string& id = (*list)[i].string;
      const auto known =
          std::find_if(rule_.triggers.begin(), rule_.triggers.end(), [&](const Trigger& t) { return t.id == id; });
      if ((*list)[i].kind != Document::Kind::text || known == rule_.triggers.end()) {
        problems_.add(when.at(i), "No trigger of this rule is called " + quoted(id) + trigger_hint(id));
        continue;
      }
      if (std::find(action.when.begin(), action.when.end(), id) != action.when.end())
        problems_.add(when.at(i), "Trigger " + quoted(id) + " stands here twice: remove one.");
      action.when.push_back(id);
    }
  }

  std::string trigger_hint(std::string_view id) const {
    Words ids;
    for (const Trigger& trigger : rule_.triggers)
      if (trigger.id.front() != '?') ids.push_back(trigger.id);
    if (const auto near = nearest(id, ids)) return ": did you mean " + quoted(*near) + "?";
    return ids.empty() ? ": add it to \"triggers\"." : ": write one of " + listed(ids) + ".";
  }

  // ---- peeking, before it is known which fields belong

  static const Document* peek(const Document& document, std::string_view name) {
    for (const auto& [key, value] : document.fields)
      if (key == name) return &value;
    return nullptr;
  }
  static bool has(const Document& document, std::string_view name) { return peek(document, name) != nullptr; }
  static std::optional<std::string_view> word(const Document& document, std::string_view name) {
    const Document* const found = peek(document, name);
    if (found == nullptr || found->kind != Document::Kind::text) return std::nullopt;
    return found->string;
  }

  const Document& document_;
  const Place& place_;
  ProblemList& problems_;
  Rule rule_;
  std::size_t conditions_ = 0;
};

std::vector<RuleProblem> to_rule_problems(std::vector<DocumentProblem> problems) {
  std::vector<RuleProblem> out;
  for (std::size_t i = 0; i < problems.size() && i < document_problems_max; ++i)
    out.push_back({std::move(problems[i].pointer), std::move(problems[i].sentence)});
  return out;
}

}  // namespace

ParsedRule parse_rule(std::string_view document) {
  ParsedDocument parsed = parse_document(document);
  if (!parsed.root) return {std::nullopt, to_rule_problems(std::move(parsed.problems))};
  ProblemList problems;
  const Place root;
  if (parsed.root->kind == Document::Kind::array) {
    problems.add(root, "Here stands a list where one rule belongs: send its rules one by one.");
    return {std::nullopt, problems.take()};
  }
  Rule rule = RuleReader(*parsed.root, root, problems).read();
  if (!problems.empty()) return {std::nullopt, problems.take()};
  return {std::move(rule), {}};
}

ParsedRules parse_rules(std::string_view document) {
  ParsedDocument parsed = parse_document(document);
  if (!parsed.root) return {{}, to_rule_problems(std::move(parsed.problems))};
  ParsedRules out;
  ProblemList problems;
  const Place root;
  if (parsed.root->kind != Document::Kind::array) {
    out.rules.push_back(RuleReader(*parsed.root, root, problems).read());
  } else {
    const auto& items = parsed.root->items;
    if (items.size() > rules_max)
      problems.add(root, "The list has " + std::to_string(items.size()) + " rules: keep it to 1000 per file.");
    std::unordered_map<std::string, std::size_t> seen;
    for (std::size_t i = 0; i < items.size() && i < rules_max; ++i) {
      const Place place = root.at(i);
      out.rules.push_back(RuleReader(items[i], place, problems).read());
      const auto [first, is_new] = seen.emplace(out.rules.back().id.text, i);
      if (!is_new && !first->first.empty())
        problems.add(place.at("id"), "Rule " + std::to_string(first->second + 1) + " of this list is called " +
                                         quoted(first->first) + " too: give each rule its own id.");
    }
  }
  out.problems = problems.take();
  if (!out.problems.empty()) out.rules.clear();
  return out;
}

}  // namespace heliograph
