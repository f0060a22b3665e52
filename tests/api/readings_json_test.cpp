// Telemetry as JSON: the shapes that are taken, what becomes suspect, and what a bad line may not do to its neighbours.
#include <catch2/catch.hpp>

#include "api/readings_json.hpp"

using namespace heliograph;

namespace {

constexpr const char* node_line =
    R"({"node_id":"node-00007","timestamp":"2024-01-01T00:01:00Z","battery":{"soc_percent":83.4,"voltage":52.17},"solar":{"power_w":871},)"
    R"("grid":{"current_price":0.1234,"mode":"idle"},"optimizer":{"state":"mining","target_soc":80,"miner_power_w":3198,)"
    R"("savings_usd":0.0041,"reason":"soc_above_resume_threshold","next_review":"PT2M"},"firmware":"2.4.1","schema":"telemetry.v1"})";

IngestBatch good(std::string_view body, bool ndjson = true) {
  auto parsed = parse_readings(body, ndjson);
  INFO((parsed ? "" : parsed.error().sentence));
  REQUIRE(parsed);
  return std::move(*parsed);
}

std::string direct(const std::string& fields) { return R"({"device":"m-1","timestamp":"2024-01-01T00:00:00Z",)" + fields + "}\n"; }

std::string word(const ReadingBatch& b, Metric metric, std::size_t row) { return b.words.at(static_cast<std::size_t>(b.value(metric, row))); }

}  // namespace

TEST_CASE("an edge node's message becomes one row of integers") {
  const auto parsed = good(node_line);
  const auto& b = parsed.batch;
  REQUIRE(b.size() == 1);
  CHECK(b.devices[0].text == "node-00007");
  CHECK(b.at[0] == parse_time("2024-01-01T00:01:00Z").value());
  CHECK(b.value(Metric::soc_permille, 0) == 834);
  CHECK(b.value(Metric::battery_mv, 0) == 52'170);
  CHECK(b.value(Metric::pv_w, 0) == 871);
  CHECK(b.value(Metric::import_price_micro, 0) == 123'400);
  CHECK(b.value(Metric::target_soc_permille, 0) == 800);
  CHECK(b.value(Metric::power_w, 0) == 3198);
  CHECK(b.value(Metric::savings_micro, 0) == 4100);
  CHECK(word(b, Metric::mode, 0) == "idle");
  CHECK(word(b, Metric::state, 0) == "mining");
  CHECK(word(b, Metric::decision, 0) == "soc_above_resume_threshold");
  CHECK(b.suspects.empty());
  CHECK(parsed.ignored == std::vector<std::string>{"optimizer.next_review", "firmware", "schema"});
}

TEST_CASE("the contract's optimizer fields and the direct form are understood") {
  const auto node = good(R"({"node_id":"n","timestamp":"2024-01-01T00:00:00+01:00","optimizer":{"latest_decision":"hold","daily_savings_pln":1.25,"daily_cost_pln":3}})");
  CHECK(word(node.batch, Metric::decision, 0) == "hold");
  CHECK(node.batch.value(Metric::savings_micro, 0) == 1'250'000);
  CHECK(node.batch.value(Metric::cost_micro, 0) == 3'000'000);
  CHECK(node.batch.at[0] == parse_time("2023-12-31T23:00:00Z").value());
  const auto meter = good(direct(R"("pv_w":1,"load_w":2.5,"grid_w":-3,"battery_w":4,"soc_percent":55.5,"soc_permille":556,"switch_on":true,"grid_import_kwh":1.234)"));
  CHECK(meter.batch.value(Metric::load_w, 0) == 3);
  CHECK(meter.batch.value(Metric::grid_w, 0) == -3);
  CHECK(meter.batch.value(Metric::soc_permille, 0) == 556);  // said twice: the last counts
  CHECK(meter.batch.value(Metric::switch_on, 0) == 1);
  CHECK(meter.batch.value(Metric::grid_import_wh, 0) == 1234);
}

TEST_CASE("values that cannot be used become suspects with their text, and the others of the line count") {
  struct Case { const char* value; Quality quality; const char* raw; };
  for (const Case& c : {Case{"1e309", Quality::implausible, "1e309"}, Case{"-1e309", Quality::implausible, "-1e309"},
                        Case{"NaN", Quality::implausible, "NaN"}, Case{"Infinity", Quality::implausible, "Infinity"},
                        Case{"\"NaN\"", Quality::implausible, "NaN"}, Case{"\"85%\"", Quality::unreadable, "85%"},
                        Case{"\"85\"", Quality::unreadable, "85"}, Case{"null", Quality::unreadable, "null"},
                        Case{"true", Quality::unreadable, "true"}, Case{"101", Quality::implausible, "101"},
                        Case{"-0.1", Quality::implausible, "-0.1"}, Case{"[1]", Quality::unreadable, "["}, Case{"{}", Quality::unreadable, "{"},
                        Case{"\"\\u0041\"", Quality::unreadable, "A"}}) {
    CAPTURE(c.value);
    const auto parsed = good(direct(std::string(R"("soc_percent":)") + c.value + R"(,"load_w":7)"));
    CHECK(parsed.batch.value(Metric::soc_permille, 0) == missing);
    CHECK(parsed.batch.value(Metric::load_w, 0) == 7);
    REQUIRE(parsed.batch.suspects.size() == 1);
    CHECK(parsed.batch.suspects[0].quality == c.quality);
    CHECK(parsed.batch.suspects[0].raw == c.raw);
  }
  const auto zero_volt = good(R"({"node_id":"n","timestamp":"2024-01-01T00:00:00Z","battery":{"voltage":0}})");
  CHECK(zero_volt.batch.suspects.at(0).metric == Metric::battery_mv);
  const auto digits = good(direct(R"("load_w":)" + std::string(1'000'000, '7') + R"(,"pv_w":1)"));
  CHECK(digits.batch.suspects.at(0).raw.size() == 64);
  CHECK(good(direct(R"("load_w":-0)")).batch.value(Metric::load_w, 0) == 0);
}

TEST_CASE("a bad line never takes its neighbours with it, whatever is wrong with it") {
  const std::string line = std::string(node_line) + "\n";
  const char* const bad[] = {
      "garbage", "{", "}", "[]", "\"text\"", "42", "{\"node_id\":\"n\"", "{\"node_id\":\"n\",}", "{\"a\":\"unclosed",
      R"({"node_id":"Bad Id","timestamp":"2024-01-01T00:00:00Z","solar":{"power_w":1}})",
      R"({"node_id":7,"timestamp":"2024-01-01T00:00:00Z","solar":{"power_w":1}})",
      R"({"timestamp":"2024-01-01T00:00:00Z","solar":{"power_w":1}})",
      R"({"node_id":"n","solar":{"power_w":1}})",
      R"({"node_id":"n","timestamp":"2024-01-01T00:00:00","solar":{"power_w":1}})",
      R"({"node_id":"n","timestamp":"2024-02-30T00:00:00Z","solar":{"power_w":1}})",
      R"({"node_id":"n","timestamp":"1970-01-01T00:00:00+02:00","solar":{"power_w":1}})",
      R"({"node_id":"n","timestamp":"2024-01-01T00:00:00Z"})",
      R"({"node_id":"n","timestamp":"2024-01-01T00:00:00Z","solar":{"power_w":85%}})",
      R"({"node_id":"n","timestamp":"2024-01-01T00:00:00Z","solar":{"power_w":1}} x)",
      R"({"node_id":"n","timestamp":"2024-01-01T00:00:00Z","grid":{"mode":aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}})",
      R"({"node_id":"n","timestamp":"2024-01-01T00:00:00Z","solar":{"power_w":1},"x":tru})",
      R"({"node_id":"n","timestamp":"2024-01-01T00:00:00Z","solar":{"power_w":1},"x":{"y":[1,2}})",
      "{\"node_id\":\"n\",\"timestamp\":\"2024-01-01T00:00:00Z\",\"solar\":{\"power_w\":1},\"x\":\"\xFF\"}",
  };
  for (const char* text : bad) {
    CAPTURE(text);
    const auto parsed = good(line + text + "\n\n" + line);
    CHECK(parsed.batch.size() == 2);
    CHECK(parsed.lines == 3);
    CHECK(parsed.rejected == 1);
    REQUIRE(parsed.errors.size() == 1);
    CHECK(parsed.errors[0].line == 2);
    CHECK_FALSE(parsed.errors[0].sentence.empty());
    const auto alone = parse_readings(text, true);
    REQUIRE_FALSE(alone);
    CHECK(alone.error().code == Errc::invalid);
    CHECK(alone.error().pointer == "line 1");
  }
}

TEST_CASE("at most twenty errors and sixteen unknown names are listed, all are counted") {
  std::string body = direct(R"("load_w":1)");
  for (int i = 0; i < 50; ++i) body += "bad\n";
  for (int i = 0; i < 50; ++i) body += direct(R"("load_w":1,"thing_)" + std::to_string(i) + R"(":1)");
  const auto parsed = good(body);
  CHECK(parsed.rejected == 50);
  CHECK(parsed.errors.size() == 20);
  CHECK(parsed.ignored.size() == 16);
  CHECK(parsed.batch.size() == 51);
}

TEST_CASE("a body may be one object, an array, or lines with any line end") {
  const std::string a = R"({"device":"a","timestamp":"2024-01-01T00:00:00Z","load_w":1})", b = R"({"device":"b","timestamp":"2024-01-01T00:00:00Z","load_w":2})";
  CHECK(good(" \n" + a + "\n ", false).batch.size() == 1);
  CHECK(good("[" + a + ",\n" + b + "]", false).batch.size() == 2);
  CHECK(good("\xEF\xBB\xBF" + a + "\r\n\r\n" + b).batch.size() == 2);
  const auto mixed = good("[" + a + R"(,{"device":"X"},7,)" + b + "]", false);
  CHECK(mixed.batch.size() == 2);
  CHECK(mixed.rejected == 2);
  CHECK(mixed.errors[0].line == 2);
  for (const char* bad : {"", "  \n", "[]", "[", "nonsense", "7"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_readings(bad, false));
    CHECK_FALSE(parse_readings(bad, true));
  }
  CHECK_FALSE(parse_readings(a + b, false));
  CHECK_FALSE(parse_readings("[" + a + "] tail", false));
}

TEST_CASE("long words are cut, never in the middle of a character") {
  std::string text(254, 'x');
  text += "żżż";
  const auto parsed = good(direct(R"("mode":")" + text + "\""));
  CHECK(word(parsed.batch, Metric::mode, 0) == std::string(254, 'x'));
  CHECK(word(good(direct(R"("mode":"a\nb")")).batch, Metric::mode, 0) == "a\nb");
}

TEST_CASE("one parser reads body after body, with changing shapes and dates") {
  ReadingsParser parser;
  for (int day = 1; day < 28; ++day) {
    std::string body;
    for (int i = 0; i < 60; ++i) {
      char text[200];
      std::snprintf(text, sizeof text, R"({"device":"d-%d","timestamp":"2024-02-%02dT%02d:%02d:%02dZ",%s:%d})", i % 3, day, i % 24, i, 59 - i,
                    i % 2 == 0 ? "\"load_w\"" : "\"battery_w\"", i);
      body.append(text).push_back('\n');
    }
    auto parsed = parser.parse(body, true);
    REQUIRE(parsed);
    REQUIRE(parsed->batch.size() == 60);
    for (int i = 0; i < 60; ++i) {
      const auto row = static_cast<std::size_t>(i);
      REQUIRE(parsed->batch.at[row] == from_civil(2024, 2, day, i % 24, i, 59 - i));
      REQUIRE(parsed->batch.value(i % 2 == 0 ? Metric::load_w : Metric::battery_w, row) == i);
      REQUIRE(parsed->batch.devices[parsed->batch.device_of[row]].text == "d-" + std::to_string(i % 3));
    }
  }
}

TEST_CASE("what is printed reads back as the same batch") {
  const std::string bodies[] = {
      std::string(node_line),
      direct(R"("soc_percent":101,"load_w":"85","pv_w":null,"mode":5,"grid_w":"NaN","battery_v":{},"power_w":12345678901234567890)"),
      direct(R"("mode":null,"state":"ż\"\\","decision":[1],"load_w":-5,"battery_w":-5,"temperature_c":-3.25,"spot_price":-0.5)"),
      direct(R"("load_w":0.00000000000000000000000000000000000000000000000000000000000000000000000005e90,"pv_w":1)"),
      direct(R"("pv_w":1,"mode":)" + std::string(100, '7') + ".5,\"state\":1e" + std::string(90, '0') + "5,\"load_w\":" + std::string(100, '7')),
      direct(R"("load_w":1)") + direct(R"("pv_w":2)") + direct(R"("load_w":3,"mode":"a")") + direct(R"("switch_on":false,"mode":"b")"),
  };
  for (const auto& body : bodies) {
    CAPTURE(body);
    const auto first = good(body);
    const auto printed = print_readings(first.batch);
    CAPTURE(printed);
    CHECK(good(printed).batch == first.batch);
  }
}

TEST_CASE("a parser that has seen a shape gives the same answers as a fresh one") {
  const std::string shapes[] = {
      std::string(node_line),
      R"({"node_id":"n","timestamp":"2024-01-01T00:00:00Z","solar":{"power_w":1},"extra":{"a":1,"b":"c"},"firmware":"1"})",
      R"({ "device" : "m" , "timestamp" : "2024-01-01T00:00:00Z" , "switch_on" : true, "load_w" : 5 })",
      R"({"device":"m","timestamp":"2024-01-01T00:00:00Z","load_w":5,"other":7,"firmware":"1"})",
      R"({"device":"m","timestamp":"2024-01-01T00:00:00Z","mode":"a","state":"b","grid_w":-5})",
  };
  ReadingsParser used;
  for (int round = 0; round < 3; ++round)
    for (const auto& line : shapes) REQUIRE(used.parse(line + "\n" + line + "\n" + line, true));
  // One byte of a known line changed, in every place, to bytes that mean something to JSON.
  std::uint64_t different = 0;
  for (const auto& line : shapes)
    for (std::size_t i = 0; i < line.size(); ++i)
      for (const char c : {'"', '\\', '{', '}', ',', ':', '0', '-', '.', 'e', ' ', 'x', '\xC5', '\t'}) {
        std::string changed = line;
        changed[i] = c;
        const std::string body = line + "\n" + changed + "\n" + line + " ";
        const auto a = parse_readings(changed, true);
        const auto b = used.parse(changed, true);
        const auto both = used.parse(body, true);
        if (a.has_value() != b.has_value() || !both) ++different;
        else if (a && !(a->batch == b->batch && a->ignored == b->ignored)) ++different;
        else if (both->batch.size() != (a ? 3u : 2u)) ++different;
      }
  CHECK(different == 0);
}
