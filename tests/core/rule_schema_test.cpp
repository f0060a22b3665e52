// The published schema and the parser judge the same documents alike; what only meaning can tell is listed as such.
// And every example in docs/RULES.md is a rule.
#include <rapidjson/document.h>
#include <rapidjson/schema.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "actors/core/rule.hpp"
#include "events/metric.hpp"

using namespace heliograph;

namespace {

/// What both should say; `meaning` = the shape is right, and only the parser knows better.
enum class Verdict { good, shape, meaning };
struct Row {
  Verdict verdict;
  std::string document;
};

const std::string low = R"({"id":"low","metric":"soc_percent","device":"battery","below":50,"rearm":80})";
const std::string pause_miner = R"({"do":"pause","device":"miner-1"})";
std::string rule(const std::string& triggers, const std::string& actions, const std::string& more = "") {
  return R"({"id":"r",)" + more + R"("triggers":[)" + triggers + R"(],"actions":[)" + actions + "]}";
}
std::string trigger(const std::string& text) { return rule(text, pause_miner); }
std::string action(const std::string& text) { return rule(low, text); }
std::string condition(const std::string& text) { return rule(low, pause_miner, R"("conditions":[)" + text + "],"); }
std::string field(const std::string& text) { return rule(low, pause_miner, text + ","); }

std::vector<Row> rows() {
  using enum Verdict;
  return {
      {good, std::string(miner_guard_example())},
      {good, field(R"("name":"N","description":"D","enabled":false,"cooldown":"PT5M")")},
      {good, field(R"("cooldown":"P1DT2H3M4S")")},
      {good, field(R"("conditions":[])")},
      {good, trigger(R"({"at":"00:00"})")},
      {good, trigger(R"({"id":"x-1","at":"23:59","days":["mon","sun"]})")},
      {good, trigger(R"({"metric":"grid_w","device":"*","above":-5,"for":"PT0S"})")},
      {good, trigger(R"({"metric":"battery_v","device":"b","above":53.125,"rearm":52.0})")},
      {good, condition(R"({"between":["22:00","06:00"],"days":["sat"]})")},
      {good, condition(R"({"between":["00:00","24:00"]})")},
      {good, condition(R"({"metric":"grid_w","device":"grid","below":3000})")},
      {good,
       condition(R"({"any":[{"all":[{"automation":"on"}]},{"not":{"metric":"cost","device":"meter","above":1.5}}]})")},
      {good, action(R"({"when":["low"],"do":"off","device":"m"},{"do":"notify","text":"t"})")},
      {good, action(R"({"do":"set_power","device":"b","power_w":-2000.0})")},
      {good, action(R"({"do":"set_power","device":"b","power_w":1000000000})")},
      {good, action(R"({"do":"set_mode","device":"n","mode":"PASSIVE"})")},

      {shape, R"([])"},
      {shape, R"({})"},
      {shape, R"({"id":"r","triggers":[],"actions":[]})"},
      {shape, R"({"id":"No","triggers":[{"at":"10:00"}],"actions":[{"do":"notify","text":"t"}]})"},
      {shape, field(R"("nmae":"x")")},
      {shape, field(R"("name":null)")},
      {shape, field(R"("name":")" + std::string(121, 'x') + "\"")},
      {shape, field(R"("enabled":1)")},
      {shape, field(R"("cooldown":"PT")")},
      {shape, field(R"("cooldown":"P")")},
      {shape, field(R"("cooldown":"PT5")")},
      {shape, field(R"("cooldown":"-PT5M")")},
      {shape, field(R"("cooldown":"PT5M30H")")},
      {shape, field(R"("cooldown":300)")},
      {shape, trigger("{}")},
      {shape, trigger(R"({"at":"24:00"})")},
      {shape, trigger(R"({"at":"1:00"})")},
      {shape, trigger(R"({"at":"10:00","for":"PT1M"})")},
      {shape, trigger(R"({"at":"10:00","days":[]})")},
      {shape, trigger(R"({"at":"10:00","days":["mon","mon"]})")},
      {shape, trigger(R"({"at":"10:00","metric":"grid_w","device":"g","above":1})")},
      {shape, trigger(R"({"metric":"grid_w","device":"g"})")},
      {shape, trigger(R"({"metric":"grid_w","above":1})")},
      {shape, trigger(R"({"metric":"grid_w","device":"g","above":1,"below":2})")},
      {shape, trigger(R"({"metric":"mode","device":"g","above":1})")},
      {shape, trigger(R"({"metric":"soc_permille","device":"g","above":1})")},
      {shape, trigger(R"({"metric":"grid_w","device":"trigger","above":1})")},
      {shape, trigger(R"({"metric":"grid_w","device":"g","above":"1"})")},
      {shape, condition(R"({"between":["10:00"]})")},
      {shape, condition(R"({"between":["10:00","25:00"]})")},
      {shape, condition(R"({"metric":"grid_w","device":"*","below":3000})")},
      {shape, condition(R"({"metric":"grid_w","device":"trigger","below":3000})")},
      {shape, condition(R"({"any":[]})")},
      {shape, condition(R"({"not":[]})")},
      {shape, condition(R"({"automation":"off"})")},
      {shape, condition(R"({"automation":"on","any":[{"automation":"on"}]})")},
      {shape, condition(R"({"days":["mon"]})")},
      {shape, action(R"({"do":"explode","device":"m"})")},
      {shape, action(R"({"do":"pause"})")},
      {shape, action(R"({"do":"pause","device":"m","power_w":1})")},
      {shape, action(R"({"do":"set_power","device":"b"})")},
      {shape, action(R"({"do":"set_power","device":"b","power_w":0.5})")},
      {shape, action(R"({"do":"set_power","device":"b","power_w":1000000001})")},
      {shape, action(R"({"do":"set_mode","device":"n"})")},
      {shape, action(R"({"do":"set_mode","device":"n","mode":""})")},
      {shape, action(R"({"do":"set_mode","device":"n","mode":"ECO","power_w":1})")},
      {shape, action(R"({"do":"notify","text":""})")},
      {shape, action(R"({"do":"notify","text":"t","device":"m"})")},
      {shape, action(R"({"do":"pause","device":"m","when":[]})")},
      {shape, action(R"({"do":"pause","device":"m","when":["low","low"]})")},

      {meaning, field(R"("cooldown":"P401D")")},
      {meaning, field(R"("name":"a\u0007b")")},
      {meaning, trigger(R"({"metric":"soc_percent","device":"b","below":50,"rearm":40})")},
      {meaning, trigger(R"({"metric":"soc_percent","device":"b","below":50.55})")},
      {meaning, trigger(R"({"metric":"soc_percent","device":"b","below":150})")},
      {meaning, trigger(R"({"metric":"soc_percent","device":"b","below":0})")},
      {meaning, trigger(R"({"id":"a","at":"10:00"},{"id":"a","at":"11:00"})")},
      {meaning, condition(R"({"between":["10:00","10:00"]})")},
      {meaning, condition(R"({"between":["24:00","10:00"]})")},
      {meaning, condition(R"({"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"automation":"on"}}}}}}}}})")},
      {meaning, action(R"({"do":"pause","device":"m","when":["high"]})")},
      {meaning, action(R"({"do":"pause","device":"m"},{"do":"resume","device":"m"})")},
      {meaning, rule(R"({"at":"10:00"})", R"({"do":"pause","device":"trigger"})")},
  };
}

rapidjson::Document json(std::string_view text) {
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  REQUIRE_FALSE(document.HasParseError());
  return document;
}

/// The fences of docs/RULES.md that are marked as rules: language and text.
std::vector<std::pair<std::string, std::string>> documented_rules() {
  std::ifstream file(std::string(HELIOGRAPH_SOURCE_DIR) + "/docs/RULES.md");
  std::vector<std::pair<std::string, std::string>> out;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line == "```json rule" || line == "```yaml rule") {
      out.emplace_back(line.substr(3, 4), "");
      inside = true;
    } else if (line == "```") {
      inside = false;
    } else if (inside) {
      out.back().second += line + "\n";
    }
  }
  return out;
}

}  // namespace

TEST_CASE("the schema and the parser agree on what a rule looks like") {
  const rapidjson::Document text = json(rule_schema());
  const rapidjson::SchemaDocument schema(text);
  const auto table = rows();
  REQUIRE(table.size() >= 60);
  for (const Row& row : table) {
    CAPTURE(row.document.substr(0, 300));
    rapidjson::SchemaValidator validator(schema);
    const bool shape = json(row.document).Accept(validator);
    const ParsedRule parsed = parse_rule(row.document);
    for (const auto& problem : parsed.problems) UNSCOPED_INFO(problem.pointer << ": " << problem.sentence);
    CHECK(shape == (row.verdict != Verdict::shape));
    CHECK(parsed.rule.has_value() == (row.verdict == Verdict::good));
    CHECK(parsed.problems.empty() == (row.verdict == Verdict::good));
  }
}

TEST_CASE("the schema names exactly the metrics that can have a threshold") {
  const rapidjson::Document schema = json(rule_schema());
  std::vector<std::string> in_schema, measured;
  for (const auto& name : schema["definitions"]["metric"]["enum"].GetArray()) in_schema.emplace_back(name.GetString());
  for (const auto& entry : all_metrics())
    if (entry.kind != Kind::text) measured.emplace_back(entry.api_name);
  std::sort(in_schema.begin(), in_schema.end());
  std::sort(measured.begin(), measured.end());
  CHECK(in_schema == measured);
}

TEST_CASE("every example in the reference is a rule, and its schema says so too") {
  const rapidjson::Document text = json(rule_schema());
  const rapidjson::SchemaDocument schema(text);
  const auto examples = documented_rules();
  REQUIRE(examples.size() >= 6);
  for (const auto& [language, document] : examples) {
    CAPTURE(language, document);
    const ParsedRule parsed = parse_rule(document);
    for (const auto& problem : parsed.problems) UNSCOPED_INFO(problem.pointer << ": " << problem.sentence);
    REQUIRE(parsed.rule);
    rapidjson::SchemaValidator validator(schema);
    CHECK(json(language == "json" ? document : canonical_json(*parsed.rule)).Accept(validator));
  }
  CHECK(parse_rule(examples[0].second).rule == parse_rule(std::string(miner_guard_example())).rule);
  CHECK(parse_rule(examples[1].second).rule == parse_rule(examples[0].second).rule);
  CHECK(canonical_json(*parse_rule(examples.back().second).rule) + "\n" == examples.back().second);
}
