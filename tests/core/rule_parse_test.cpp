// Every kind of problem a rule document can have: where the pointer points and what the sentence says; hostile
// bytes; YAML that equals JSON. Tables: a document, a pointer, a piece of the sentence.
#include <algorithm>
#include <catch2/catch.hpp>

#include "actors/core/document.hpp"
#include "actors/core/rule.hpp"

using namespace heliograph;

namespace {

const std::string low = R"({"id":"low","metric":"soc_percent","device":"battery","below":50,"rearm":80})";
const std::string pause_miner = R"({"do":"pause","device":"miner-1"})";

std::string rule(const std::string& triggers, const std::string& actions, const std::string& more = "") {
  return R"({"id":"r",)" + more + R"("triggers":[)" + triggers + R"(],"actions":[)" + actions + "]}";
}
std::string with_trigger(const std::string& trigger) { return rule(trigger, pause_miner); }
std::string with_action(const std::string& action) { return rule(low, action); }
std::string with_condition(const std::string& condition) {
  return rule(low, pause_miner, R"("conditions":[)" + condition + "],");
}
std::string with_field(const std::string& field) { return rule(low, pause_miner, field + ","); }

std::string repeat(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

Rule parsed(const std::string& document) {
  ParsedRule result = parse_rule(document);
  for (const auto& problem : result.problems) UNSCOPED_INFO(problem.pointer << ": " << problem.sentence);
  REQUIRE(result.problems.empty());
  REQUIRE(result.rule);
  return std::move(*result.rule);
}

struct Wrong {
  std::string document, pointer, piece;
};

void check(const std::vector<Wrong>& table) {
  for (const Wrong& row : table) {
    CAPTURE(row.document.substr(0, 400), row.pointer, row.piece);
    const ParsedRule result = parse_rule(row.document);
    CHECK_FALSE(result.rule);
    for (const auto& problem : result.problems) UNSCOPED_INFO(problem.pointer << ": " << problem.sentence);
    CHECK(std::any_of(result.problems.begin(), result.problems.end(), [&](const RuleProblem& problem) {
      return problem.pointer == row.pointer && problem.sentence.find(row.piece) != std::string::npos;
    }));
  }
}

}  // namespace

TEST_CASE("the miner guard reads as two thresholds with hysteresis") {
  const Rule guard = parsed(std::string(miner_guard_example()));
  CHECK(guard.id.text == "miner-guard");
  CHECK(guard.enabled);
  REQUIRE(guard.triggers.size() == 2);
  const ThresholdTrigger& first = *guard.triggers[0].threshold;
  CHECK(first.device == "battery");
  CHECK(first.metric == Metric::soc_permille);
  CHECK_FALSE(first.above);
  CHECK(first.threshold == 500);
  CHECK(first.rearm == 800);
  const ThresholdTrigger& second = *guard.triggers[1].threshold;
  CHECK(second.above);
  CHECK(second.threshold == 800);
  CHECK(second.rearm == 500);
  REQUIRE(guard.actions.size() == 2);
  CHECK(guard.actions[0].action == Action::switch_off);
  CHECK(guard.actions[0].when == std::vector<std::string>{"low"});
  CHECK(guard.actions[1].action == Action::switch_on);
}

TEST_CASE("every construct reads into stored units") {
  const Rule r = parsed(R"({"id":"all-of-it","name":"Ä name","description":"two\nlines","enabled":false,
    "triggers":[
      {"metric":"battery_v","device":"*","above":53.25,"rearm":52.5,"for":"PT1M30S"},
      {"at":"22:15","days":["sun","mon"]},
      {"id":"hot","metric":"temperature_c","device":"inverter","above":-0.5}],
    "conditions":[
      {"between":["22:00","24:00"],"days":["sat"]},
      {"any":[{"metric":"grid_w","device":"grid","below":3000},{"not":{"automation":"on"}}]},
      {"all":[{"metric":"spot_price","device":"market","below":-0.000001}]}],
    "actions":[
      {"when":["t1","hot"],"do":"off","device":"trigger"},
      {"when":["t2"],"do":"set_power","device":"battery","power_w":-2000},
      {"when":["hot"],"do":"set_mode","device":"node","mode":"PASSIVE"},
      {"do":"notify","text":"It happened."}],
    "cooldown":"PT5M"})");
  CHECK(r.name == "Ä name");
  CHECK_FALSE(r.enabled);
  CHECK(r.cooldown == 5 * minute_us);
  CHECK(r.triggers[0].id == "t1");
  CHECK(r.triggers[0].threshold->threshold == 53'250);
  CHECK(r.triggers[0].threshold->rearm == 52'500);
  CHECK(r.triggers[0].threshold->hold_for == 90 * second_us);
  CHECK(r.triggers[0].threshold->device == "*");
  CHECK(r.triggers[1].id == "t2");
  CHECK(r.triggers[1].time->minute_of_day == 22 * 60 + 15);
  CHECK(r.triggers[1].time->weekdays == 0b1000001);
  CHECK(r.triggers[2].threshold->threshold == -500);
  CHECK(r.triggers[2].threshold->rearm == -500);  // no hysteresis: the threshold itself
  CHECK(r.conditions[0].kind == Condition::Kind::window);
  CHECK(r.conditions[0].after_minute == 1320);
  CHECK(r.conditions[0].before_minute == 1440);
  CHECK(r.conditions[0].weekdays == 0b0100000);
  CHECK(r.conditions[1].kind == Condition::Kind::any);
  CHECK(r.conditions[1].of[0].threshold == 3000);
  CHECK(r.conditions[1].of[1].kind == Condition::Kind::negation);
  CHECK(r.conditions[1].of[1].of[0].kind == Condition::Kind::automation_mode);
  CHECK(r.conditions[2].of[0].threshold == -1);
  CHECK(r.actions[0].device == "trigger");
  CHECK(r.actions[1].power_w == -2000);
  CHECK(r.actions[2].mode == "PASSIVE");
  CHECK(r.actions[3].kind == RuleAction::Kind::notify);
  CHECK(r.actions[3].text == "It happened.");
}

TEST_CASE("YAML says the same as JSON") {
  const Rule from_yaml = parsed(R"(# the first rule of a house with a miner
id: miner-guard
name: Miner guard
description: Pauses the miner when the battery falls below 50 %, and lets it run again above 80 %.
triggers:
  - {id: low, metric: soc_percent, device: battery, below: 50, rearm: 80.0}
  - id: high
    metric: soc_percent
    device: "battery"
    above: 8e1
    rearm: +50
actions:
  - {when: [low], do: pause, device: miner-1}
  - {when: [high], do: resume, device: miner-1}
)");
  CHECK(from_yaml == parsed(std::string(miner_guard_example())));

  const Rule times = parsed(
      "id: night\ntriggers: [{at: 22:00, days: [mon, tue]}, {metric: soc_percent, device: '*', below: 20.5}]\n"
      "conditions: [{between: [22:00, 06:00]}, {automation: on}]\nenabled: false\n"
      "actions: [{do: off, device: plug-1, when: [t1]}]\ncooldown: PT1H\n");
  CHECK(times == parsed(R"({"id":"night","enabled":false,"triggers":[{"at":"22:00","days":["mon","tue"]},
    {"metric":"soc_percent","device":"*","below":20.5}],"conditions":[{"between":["22:00","06:00"]},{"automation":"on"}],
    "actions":[{"do":"switch_off","device":"plug-1","when":["t1"]}],"cooldown":"PT1H"})"));
}

TEST_CASE("quotes in YAML make text of what looks like a number, and plain numbers are no text") {
  const std::string quoted_id =
      "id: \"5\"\ntriggers: [{metric: soc_percent, device: '7', below: 20}]\n"
      "actions: [{do: notify, text: 'true'}]\n";
  const Rule r = parsed(quoted_id);
  CHECK(r.id.text == "5");
  CHECK(r.triggers[0].threshold->device == "7");
  CHECK(r.actions[0].text == "true");
  check({
      {"id: 5\ntriggers: [{at: 10:00}]\nactions: [{do: notify, text: t}]\n", "/id", "put it in quotes"},
      {"id: r\ntriggers: [{metric: soc_percent, device: b, below: '20'}]\nactions: [{do: notify, text: t}]\n",
       "/triggers/0/below", "must be a number, not text"},
      {"id: r\ntriggers: [{metric: soc_percent, device: b, below: 0x20}]\nactions: [{do: notify, text: t}]\n",
       "/triggers/0/below", "must be a number, not text"},
      {"id: r\ntriggers: [{at: 10:00}]\nactions: [{do: notify, text: true}]\n", "/actions/0/text", "put it in quotes"},
  });
}

TEST_CASE("a byte order mark and white space before a document do no harm") {
  CHECK(parsed("\xEF\xBB\xBF \r\n" + with_action(pause_miner)).id.text == "r");
}

TEST_CASE("problems of the rule itself are named with pointer and remedy") {
  check({
      {R"({})", "", "needs \"id\""},
      {R"({})", "", "needs \"triggers\""},
      {R"({})", "", "needs \"actions\""},
      {R"([])", "", "a list where one rule belongs"},
      {R"(just words)", "", "write an object"},
      {with_field(R"("nmae":"x")"), "/nmae", "did you mean \"name\"?"},
      {with_field(R"("tirggers":[])"), "/tirggers", "did you mean \"triggers\"?"},
      {with_field(R"("zzzzzzzzzz":1)"), "/zzzzzzzzzz", "the fields here are id, name"},
      {with_field(R"("a/b~c":1)"), "/a~1b~0c", "Unknown field"},
      {with_field("\"" + std::string(5000, 'x') + "\":1"), "", "xxx...\""},
      {R"({"id":"Big","triggers":[],"actions":[]})", "/id", "is not an id"},
      {R"({"id":7,"triggers":[],"actions":[]})", "/id", "put it in quotes"},
      {R"({"id":"r","triggers":[],"actions":[]})", "/triggers", "has 0 entries: write 1 to 32"},
      {R"({"id":"r","triggers":{},"actions":[]})", "/triggers", "must be a list, not an object"},
      {R"({"id":"r","triggers":[],"actions":[]})", "/actions", "has 0 entries"},
      {with_field(R"("enabled":"yes")"), "/enabled", "must be true or false, not text"},
      {with_field(R"("name":null)"), "/name", "must be text, not empty"},
      {with_field(R"("name":")" + std::string(121, 'n') + "\""), "/name", "longer than 120 characters"},
      {with_field(R"("name":"a\nb")"), "/name", "line break"},
      {with_field(R"("description":"a\u0000b")"), "/description", "control character"},
      {with_field(R"("cooldown":300)"), "/cooldown", "a duration like \"PT5M\""},
      {with_field(R"("cooldown":"5 minutes")"), "/cooldown", "write ISO 8601"},
      {with_field(R"("cooldown":"P401D")"), "/cooldown", "at most 400 days"},
      {rule(low + repeat(R"(,{"at":"10:00"})", 32), pause_miner), "/triggers", "has 33 entries"},
      {rule(low, pause_miner + repeat("," + pause_miner, 32)), "/actions", "has 33 entries"},
  });
}

TEST_CASE("problems of triggers are named with pointer and remedy") {
  check({
      {with_trigger("5"), "/triggers/0", "a number where a trigger belongs"},
      {with_trigger("{}"), "/triggers/0", "says nothing"},
      {with_trigger(R"({"at":"10:00","metric":"grid_w","device":"grid","above":5})"), "/triggers/0",
       "write two triggers"},
      {with_trigger(R"({"at":"24:00"})"), "/triggers/0/at", "not a time of day"},
      {with_trigger(R"({"at":"7:30"})"), "/triggers/0/at", "not a time of day"},
      {with_trigger(R"({"at":"07:60"})"), "/triggers/0/at", "not a time of day"},
      {with_trigger(R"({"at":730})"), "/triggers/0/at", "not a time of day"},
      {with_trigger(R"({"at":"07:30","for":"PT1M"})"), "/triggers/0/for", "Unknown field \"for\" in a time trigger"},
      {with_trigger(R"({"at":"07:30","days":[]})"), "/triggers/0/days", "has 0 entries"},
      {with_trigger(R"({"at":"07:30","days":["Monday"]})"), "/triggers/0/days/0", "write one of mon, tue"},
      {with_trigger(R"({"at":"07:30","days":["mon","mon"]})"), "/triggers/0/days/1", "stands here twice"},
      {with_trigger(R"({"at":"07:30","days":"mon"})"), "/triggers/0/days", "must be a list"},
      {with_trigger(R"({"metric":"soc_percent","below":5})"), "/triggers/0", "needs \"device\""},
      {with_trigger(R"({"metric":"soc_percent","device":"Bat","below":5})"), "/triggers/0/device", "is not an id"},
      {with_trigger(R"({"metric":"soc_percent","device":"trigger","below":5})"), "/triggers/0/device",
       "word for actions"},
      {with_trigger(R"({"metric":"soc","device":"b","below":5})"), "/triggers/0/metric", "There is no metric \"soc\""},
      {with_trigger(R"({"metric":"soc_precent","device":"b","below":5})"), "/triggers/0/metric",
       "did you mean \"soc_percent\"?"},
      {with_trigger(R"({"metric":"soc_permille","device":"b","below":500})"), "/triggers/0/metric",
       "write \"soc_percent\", with values in %"},
      {with_trigger(R"({"metric":"mode","device":"b","below":5})"), "/triggers/0/metric", "is a text"},
      {with_trigger(R"({"metric":["grid_w"],"device":"b","below":5})"), "/triggers/0/metric",
       "must be text, not a list"},
      {with_trigger(R"({"metric":"soc_percent","device":"b"})"), "/triggers/0", "The threshold is missing"},
      {with_trigger(R"({"metric":"soc_percent","device":"b","below":5,"above":9})"), "/triggers/0", "keep one"},
      {with_trigger(R"({"metric":"soc_percent","device":"b","below":"50%"})"), "/triggers/0/below",
       "must be a number, not text"},
      {with_trigger(R"({"metric":"soc_percent","device":"b","below":50.25})"), "/triggers/0/below",
       "round it to 1 decimal"},
      {with_trigger(R"({"metric":"grid_w","device":"b","above":0.5})"), "/triggers/0/above", "round it to 0 decimals"},
      {with_trigger(R"({"metric":"soc_percent","device":"b","below":101})"), "/triggers/0/below",
       "between 0 % and 100 %"},
      {with_trigger(R"({"metric":"soc_percent","device":"b","below":1e300})"), "/triggers/0/below",
       "between 0 % and 100 %"},
      {with_trigger(R"({"metric":"grid_w","device":"b","above":18446744073709551615})"), "/triggers/0/above",
       "choose a value in that range"},
      {with_trigger(R"({"metric":"grid_w","device":"b","above":-9223372036854775808})"), "/triggers/0/above",
       "choose a value in that range"},
      {with_trigger(R"({"metric":"soc_percent","device":"b","below":0})"), "/triggers/0/below", "is never below 0 %"},
      {with_trigger(R"({"metric":"soc_percent","device":"b","above":100})"), "/triggers/0/above",
       "is never above 100 %"},
      {with_trigger(R"({"metric":"soc_percent","device":"b","below":50,"rearm":49.9})"), "/triggers/0/rearm",
       "at or above \"below\" (50 %)"},
      {with_trigger(R"({"metric":"soc_percent","device":"b","above":80,"rearm":80.1})"), "/triggers/0/rearm",
       "at or below \"above\" (80 %)"},
      {with_trigger(R"({"metric":"soc_percent","device":"b","below":50,"rearm":true})"), "/triggers/0/rearm",
       "must be a number"},
      {with_trigger(R"({"metric":"soc_percent","device":"b","below":50,"for":"1h"})"), "/triggers/0/for",
       "is not a duration"},
      {with_trigger(R"({"metric":"soc_percent","device":"b","bellow":50})"), "/triggers/0/bellow",
       "did you mean \"below\"?"},
      {with_trigger(R"({"id":"","at":"10:00"})"), "/triggers/0/id", "is not an id"},
      {with_trigger(R"({"id":"a","at":"10:00"},{"id":"a","at":"11:00"})"), "/triggers/1",
       "Two triggers are called \"a\""},
      {with_trigger(R"({"id":"t2","at":"10:00"},{"at":"11:00"})"), "/triggers/1", "Two triggers are called \"t2\""},
  });
}

TEST_CASE("problems of conditions are named with pointer and remedy") {
  check({
      {with_field(R"("conditions":{})"), "/conditions", "must be a list"},
      {with_condition("true"), "/conditions/0", "where a condition belongs"},
      {with_condition("{}"), "/conditions/0", "add one"},
      {with_condition(R"({"days":["mon"]})"), "/conditions/0", "add one"},
      {with_condition(R"({"betwen":["10:00","11:00"]})"), "/conditions/0/betwen", "did you mean \"between\"?"},
      {with_condition(R"({"between":["10:00","11:00"],"automation":"on"})"), "/conditions/0",
       "write one condition for each"},
      {with_condition(R"({"between":["10:00"]})"), "/conditions/0/between", "has 1 entries: write 2 to 2"},
      {with_condition(R"({"between":["10:00","10:00"]})"), "/conditions/0/between", "The window is empty"},
      {with_condition(R"({"between":["24:00","10:00"]})"), "/conditions/0/between/0", "\"23:59\""},
      {with_condition(R"({"between":["10:00","24:01"]})"), "/conditions/0/between/1", "\"24:00\""},
      {with_condition(R"({"between":["10:00","11:00"],"device":"x"})"), "/conditions/0/device", "in a time window"},
      {with_condition(R"({"metric":"grid_w","device":"grid"})"), "/conditions/0", "The threshold is missing"},
      {with_condition(R"({"metric":"grid_w","device":"trigger","below":1})"), "/conditions/0/device",
       "word for actions"},
      {with_condition(R"({"metric":"grid_w","device":"*","below":1})"), "/conditions/0/device", "name one device"},
      {with_condition(R"({"metric":"state","device":"grid","below":1})"), "/conditions/0/metric", "is a text"},
      {with_condition(R"({"metric":"grid_w","device":"grid","below":1,"rearm":2})"), "/conditions/0/rearm",
       "Unknown field"},
      {with_condition(R"({"any":[]})"), "/conditions/0/any", "has 0 entries"},
      {with_condition(R"({"all":{}})"), "/conditions/0/all", "must be a list"},
      {with_condition(R"({"not":[]})"), "/conditions/0/not", "a list where a condition belongs"},
      {with_condition(R"({"not":{"any":[{"automation":"on"},{"automation":"off"}]}})"),
       "/conditions/0/not/any/1/automation", "{\"not\": {\"automation\": \"on\"}}"},
      {with_condition(R"({"automation":true})"), "/conditions/0/automation", "can only be \"on\""},
      {with_condition(repeat(R"({"not":)", 8) + R"({"automation":"on"})" + repeat("}", 8)),
       "/conditions/0" + repeat("/not", 8), "deeper than 8 levels"},
      {with_condition(R"({"automation":"on"})" + repeat(R"(,{"automation":"on"})", 9'999)), "/conditions",
       "has 10000 entries: write 0 to 64"},
      {with_condition(R"({"any":[{"automation":"on"})" + repeat(R"(,{"automation":"on"})", 63) + "]}"), "/conditions",
       "more than 64 conditions"},
  });
  CHECK(parsed(with_condition(repeat(R"({"not":)", 7) + R"({"automation":"on"})" + repeat("}", 7))).conditions.size() ==
        1);
  CHECK(parsed(with_condition(R"({"automation":"on"})" + repeat(R"(,{"automation":"on"})", 63))).conditions.size() ==
        64);
}

TEST_CASE("problems of actions are named with pointer and remedy") {
  check({
      {with_action("[]"), "/actions/0", "a list where an action belongs"},
      {with_action(R"({"device":"miner-1"})"), "/actions/0", "needs \"do\": add one of"},
      {with_action(R"({"do":"puase","device":"miner-1"})"), "/actions/0/do", "did you mean \"pause\"?"},
      {with_action(R"({"do":"explode","device":"miner-1"})"), "/actions/0/do", "write one of switch_off"},
      {with_action(R"({"do":1,"device":"miner-1"})"), "/actions/0/do", "write one of"},
      {with_action(R"({"do":"pause"})"), "/actions/0", "needs \"device\""},
      {with_action(R"({"do":"pause","device":"*"})"), "/actions/0/device", "name one device"},
      {with_action(R"({"do":"pause","device":"m","power_w":1})"), "/actions/0/power_w", "Unknown field"},
      {with_action(R"({"do":"pause","device":"m","text":"x"})"), "/actions/0/text", "Unknown field"},
      {with_action(R"({"do":"set_power","device":"b"})"), "/actions/0", "needs \"power_w\""},
      {with_action(R"({"do":"set_power","device":"b","power_w":1.5})"), "/actions/0/power_w", "whole number"},
      {with_action(R"({"do":"set_power","device":"b","power_w":"2 kW"})"), "/actions/0/power_w", "whole number"},
      {with_action(R"({"do":"set_power","device":"b","power_w":1000000001})"), "/actions/0/power_w", "more than 1 GW"},
      {with_action(R"({"do":"set_power","device":"b","power_w":-1e30})"), "/actions/0/power_w", "more than 1 GW"},
      {with_action(R"({"do":"set_mode","device":"n"})"), "/actions/0", "needs \"mode\""},
      {with_action(R"({"do":"set_mode","device":"n","mode":""})"), "/actions/0/mode", "The mode is empty"},
      {with_action(R"({"do":"set_mode","device":"n","mode":3})"), "/actions/0/mode", "must be text"},
      {with_action(R"({"do":"set_mode","device":"n","mode":")" + std::string(41, 'x') + "\"}"), "/actions/0/mode", "longer than 40 characters"},
      {with_action(R"({"do":"set_mode","device":"n","mode":"ECO","power_w":1})"), "/actions/0/power_w", "Unknown field"},
      {with_action(R"({"do":"pause","device":"n","mode":"ECO"})"), "/actions/0/mode", "Unknown field"},
      {with_action(R"({"do":"notify"})"), "/actions/0", "needs \"text\""},
      {with_action(R"({"do":"notify","text":""})"), "/actions/0/text", "The text is empty"},
      {with_action(R"({"do":"notify","text":"x","device":"m"})"), "/actions/0/device", "Unknown field"},
      {with_action(R"({"do":"pause","device":"m","when":[]})"), "/actions/0/when", "has 0 entries"},
      {with_action(R"({"do":"pause","device":"m","when":"low"})"), "/actions/0/when", "must be a list"},
      {with_action(R"({"do":"pause","device":"m","when":["lwo"]})"), "/actions/0/when/0", "did you mean \"low\"?"},
      {with_action(R"({"do":"pause","device":"m","when":["something-else"]})"), "/actions/0/when/0",
       "write one of low"},
      {with_action(R"({"do":"pause","device":"m","when":[1]})"), "/actions/0/when/0", "No trigger of this rule"},
      {with_action(R"({"do":"pause","device":"m","when":["low","low"]})"), "/actions/0/when/1", "stands here twice"},
      {rule(R"({"id":"noon","at":"12:00"})", R"({"do":"pause","device":"trigger"})"), "/actions/0/device",
       "is a time and has no device"},
  });
}

TEST_CASE("actions that contradict each other on one trigger are refused") {
  const std::string high = R"({"id":"high","metric":"soc_percent","device":"battery","above":80})";
  check({
      {with_action(R"({"do":"pause","device":"m"},{"do":"resume","device":"m"})"), "/actions/1",
       "Trigger \"low\" would tell \"m\""},
      {rule(low + "," + high, R"({"when":["low"],"do":"off","device":"m"},{"do":"on","device":"m"})"), "/actions/1",
       "Trigger \"low\""},
      {with_action(
           R"({"do":"set_power","device":"battery","power_w":1},{"do":"set_power","device":"battery","power_w":2})"),
       "/actions/1", "the opposite"},
      {with_action(R"({"do":"set_mode","device":"n","mode":"ECO"},{"do":"set_mode","device":"n","mode":"MAX"})"), "/actions/1", "the opposite"},
      {with_action(R"({"do":"pause","device":"trigger"},{"do":"resume","device":"battery"})"), "/actions/1",
       "in action 1"},
      {rule(R"({"metric":"power_w","device":"*","above":9})",
            R"({"do":"off","device":"trigger"},{"do":"on","device":"trigger"})"),
       "/actions/1", "\"t1\""},
  });
  CHECK(parsed(rule(low + "," + high,
                    R"({"when":["low"],"do":"off","device":"m"},{"when":["high"],"do":"on","device":"m"})"))
            .actions.size() == 2);
  CHECK(parsed(with_action(R"({"do":"on","device":"fan"},{"do":"off","device":"miner"})")).actions.size() == 2);
}

TEST_CASE("all problems are listed, not just the first") {
  const ParsedRule result =
      parse_rule(R"({"id":"X","triggers":[{"metric":"soc_percent","device":"b","below":500},{"at":"99:00"}],
    "conditions":[{"automation":"no"}],"actions":[{"do":"nothing"},{"do":"pause","devcie":"m"}],"cooldwon":"PT1M"})");
  std::vector<std::string> pointers;
  for (const auto& problem : result.problems) pointers.push_back(problem.pointer);
  std::sort(pointers.begin(), pointers.end());
  CHECK(pointers == std::vector<std::string>{"/actions/0/do", "/actions/1", "/actions/1/devcie",
                                             "/conditions/0/automation", "/cooldwon", "/id", "/triggers/0/below",
                                             "/triggers/1/at"});
}

TEST_CASE("problems stop at a hundred and say so") {
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "\"field-" + std::to_string(i) + "\":1,";
  const ParsedRule result = parse_rule(rule(low, pause_miner, many));
  REQUIRE(result.problems.size() == 101);
  CHECK(result.problems.back().sentence.find("more than 100 problems") != std::string::npos);
}

TEST_CASE("hostile bytes give one clear sentence") {
  const std::string good = with_action(pause_miner);
  const std::string bomb =
      "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n";
  check({
      {"", "", "empty"},
      {" \n\t ", "", "empty"},
      {"# only a comment\n", "", "empty"},
      {good + std::string((1u << 20) + 1 - good.size(), ' '), "", "at most 1 MiB"},
      {good.substr(0, good.size() - 1), "", "line 1, column"},
      {good + "x", "", "not JSON"},
      {"{\"id\":\n  nope}", "", "line 2, column"},
      {std::string(100'000, '['), "", "not JSON"},
      {std::string(100'000, '[') + std::string(100'000, ']'), "", "deeper than 32 levels"},
      {std::string(33, '[') + std::string(33, ']'), "", "deeper than 32 levels"},
      {repeat("{\"a\":", 33) + "1" + repeat("}", 33), "", "deeper than 32 levels"},
      {repeat("{\"a\":", 32) + "1" + repeat("}", 32), "/a", "Unknown field"},
      {repeat("{\"a\":", 5000) + "1" + repeat("}", 5000), "", "deeper than 32 levels"},
      {"a: " + std::string(100'000, '['), "", ": "},
      {"a: " + std::string(32, '[') + std::string(32, ']'), "", "deeper than 32 levels"},
      {"a: " + std::string(50'000, '[') + std::string(50'000, ']'), "", ": "},
      {"[" + repeat("1,", 250'000) + "1]", "", "more than 200000 values"},
      {"a: [" + repeat("1,", 250'000) + "1]", "", "more than 200000 values"},
      {good.substr(0, 5) + "\xff\xfe" + good.substr(5), "", "not UTF-8"},
      {good.substr(0, 5) + std::string(1, '\0') + good.substr(5), "", "Byte 6 is a control character"},
      {std::string("\x7f"
                   "ELF\x02\x01\x01\0",
                   8),
       "", "control character"},
      {R"({"id":"\ud800","triggers":[],"actions":[]})", "", "not JSON"},
      {with_field(R"("id":"other")"), "/id", "stands here more than once"},
      {with_trigger(R"({"at":"10:00","at":"11:00"})"), "/triggers/0/at", "stands here more than once"},
      {"id: a\nid: b\n", "/id", "stands here more than once"},
      {bomb, "", "YAML anchor at line 1"},
      {"id: *a\n", "", "not YAML"},
      {"id: !!binary aGk=\n", "", "YAML tag at line 1"},
      {"id: !local x\n", "", "YAML tag at line 1"},
      {"id: a\n---\nid: b\n", "", "second YAML document"},
      {"1: a\n", "", "must be a word, at line 1"},
      {"? [a]\n: b\n", "", "must be a word"},
      {"id: [a\n", "", "not YAML (line"},
      {"id: \"\\q\"\n", "", "not YAML (line 1"},
      {"id: .inf\n", "/id", "is not an id"},
  });
}

TEST_CASE("a rules file holds one rule or a list of them") {
  const std::string one = rule(low, pause_miner);
  const std::string other = R"({"id":"s","triggers":[{"at":"10:00"}],"actions":[{"do":"notify","text":"ten"}]})";
  CHECK(parse_rules(one).rules.size() == 1);
  CHECK(parse_rules("[" + one + "," + other + "]").rules.size() == 2);
  CHECK(parse_rules("[]").rules.empty());
  CHECK(parse_rules("[]").problems.empty());
  CHECK(parse_rules("- id: s\n  triggers: [{at: 10:00}]\n  actions: [{do: notify, text: ten}]\n").rules.size() == 1);

  const ParsedRules twice = parse_rules("[" + one + "," + other + "," + one + "]");
  CHECK(twice.rules.empty());
  REQUIRE(twice.problems.size() == 1);
  CHECK(twice.problems[0].pointer == "/2/id");
  CHECK(twice.problems[0].sentence.find("Rule 1 of this list") != std::string::npos);

  const ParsedRules wrong =
      parse_rules("[" + one + R"(,{"id":"z","triggers":[{"at":"x"}],"actions":[{"do":"notify","text":"t"}]}])");
  REQUIRE(wrong.problems.size() == 1);
  CHECK(wrong.problems[0].pointer == "/1/triggers/0/at");
  CHECK(wrong.rules.empty());
  const ParsedRules crowd = parse_rules("[" + repeat("1,", 1000) + "1]");
  REQUIRE_FALSE(crowd.problems.empty());
  CHECK(crowd.problems[0].sentence.find("keep it to 1000") != std::string::npos);
}

TEST_CASE("numbers are exact decimals, whatever binary fraction they pass through") {
  const auto number = [](double d) {
    Document document;
    document.kind = Document::Kind::number;
    document.number = d;
    return document;
  };
  CHECK(exact(number(12.3), 1).value == 123);
  CHECK(exact(number(-0.1), 1).value == -1);
  CHECK(exact(number(0.000001), 6).value == 1);
  CHECK(exact(number(999999999999.999), 3).value == 999'999'999'999'999);
  CHECK(exact(number(1e2), 0).value == 100);
  CHECK(exact(number(-0.0), 3).value == 0);
  CHECK(exact(number(0.30000000000000004), 3).fault == Exact::Fault::finer);
  CHECK(exact(number(5e-324), 6).fault == Exact::Fault::finer);
  CHECK(exact(number(1.7e308), 0).fault == Exact::Fault::larger);
  CHECK(exact(number(1e18), 0).fault == Exact::Fault::none);
  CHECK(exact(number(1e18), 1).fault == Exact::Fault::larger);
}
