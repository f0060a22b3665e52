// JSON out: exact decimals, valid text whatever a device or a file said, one shape for records.
#include <rapidjson/document.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "events/event_json.hpp"
#include "tests/support/any_event.hpp"


using namespace heliograph;

namespace {

template <class Write>
std::string written(Write write) {
  JsonWriter json;
  write(json);
  return json.str();
}
std::string decimal(std::int64_t value, unsigned decimals) {
  return written([&](JsonWriter& json) { json.decimal(value, decimals); });
}
std::string metric(Metric m, std::int64_t value) {
  return written([&](JsonWriter& json) { json.metric(m, value); });
}
std::string quoted(std::string_view text) {
  return written([&](JsonWriter& json) { json.string(text); });
}

bool is_json(const std::string& text) {
  rapidjson::Document document;
  return !document.Parse<rapidjson::kParseValidateEncodingFlag>(text.data(), text.size()).HasParseError();
}

}  // namespace

TEST_CASE("decimals are exact and carry no trailing zeros") {
  CHECK(decimal(0, 3) == "0");
  CHECK(decimal(505, 1) == "50.5");
  CHECK(decimal(500, 1) == "50");
  CHECK(decimal(5, 3) == "0.005");
  CHECK(decimal(-5, 3) == "-0.005");
  CHECK(decimal(-1234567, 6) == "-1.234567");
  CHECK(decimal(100, 0) == "100");
  CHECK(decimal(std::numeric_limits<std::int64_t>::max(), 6) == "9223372036854.775807");
  CHECK(decimal(std::numeric_limits<std::int64_t>::min(), 3) == "-9223372036854775.808");
}

TEST_CASE("metrics are written in the units of the door, and what was not measured is null, never 0") {
  CHECK(metric(Metric::soc_permille, 505) == "50.5");
  CHECK(metric(Metric::battery_mv, 51'200) == "51.2");
  CHECK(metric(Metric::import_price_micro, 312'345) == "0.312345");
  CHECK(metric(Metric::grid_w, -1500) == "-1500");
  for (const MetricInfo& about : all_metrics()) CHECK(metric(about.metric, missing) == "null");
}

TEST_CASE("doubles read back as they were, what is no number is null") {
  const auto number = [](double d) { return written([&](JsonWriter& json) { json.number(d); }); };
  CHECK(number(0.1) == "0.1");
  CHECK(number(std::nan("")) == "null");
  CHECK(number(std::numeric_limits<double>::infinity()) == "null");
  CHECK(number(-0.0) == "0");
  CHECK(number(-92233720368547758050.1) == "-9.223372036854776e+19");  // as digits it would be an integer that fits nowhere
  for (const double d : {1e300, 5e-324, -0.0, 9e18, 8.99e18, 1e17, 123456789.123456789}) CHECK(std::strtod(number(d).c_str(), nullptr) == d);
}

TEST_CASE("commas stand between values, and nowhere else, whatever the values end in") {
  CHECK(written([](JsonWriter& json) {
          json.begin_object().field("a:", "[").field("{", "x:").key("e").begin_object().end_object().key("f").begin_array().end_array().key("g");
          json.begin_array().begin_array().end_array().integer(-1).string("").null().boolean(false).decimal(5, 1).raw("{}").begin_object().field("", 1).end_object().end_array();
          json.end_object();
        }) == R"({"a:":"[","{":"x:","e":{},"f":[],"g":[[],-1,"",null,false,0.5,{},{"":1}]})");
  JsonWriter json;
  json.begin_array().string(std::string(5000, 'a')).end_array();
  CHECK(json.take() == "[\"" + std::string(5000, 'a') + "\"]");
  json.integer(7);
  CHECK(json.view() == "7");
  json.clear();
  CHECK(json.str().empty());
}

TEST_CASE("what is rounded has at most so many digits after the point, what is too large for that keeps all it has") {
  const auto rounded = [](double d, unsigned decimals) { return written([&](JsonWriter& json) { json.rounded(d, decimals); }); };
  CHECK(rounded(1.0 / 3, 3) == "0.333");
  CHECK(rounded(-2.0 / 3, 2) == "-0.67");
  CHECK(rounded(2, 6) == "2");
  CHECK(rounded(-0.0004, 3) == "0");
  CHECK(rounded(1e300, 3) == "1e+300");
  CHECK(rounded(std::nan(""), 3) == "null");
}

TEST_CASE("text that is not UTF-8 still gives valid JSON") {
  CHECK(quoted("caf\xC3\xA9") == "\"caf\xC3\xA9\"");
  CHECK(quoted("caf\xE9") == "\"caf\xEF\xBF\xBD\"");
  CHECK(quoted("\xF0\x9F\x94") == "\"\xEF\xBF\xBD\"");
  for (const std::string_view bad : {"\x80", "\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE2\x82", "a\xFFz", "\xE0\x80\xAF"}) {
    CAPTURE(bad);
    CHECK(is_json(quoted(bad)));
  }
  CHECK(is_json(quoted(std::string_view("\0\x01\x1F\"\\", 5))));
}

TEST_CASE("every record of every kind is valid JSON that names its place") {
  std::mt19937_64 random(12);
  for (int round = 0; round < 40; ++round)
    for (std::size_t kind = 0; kind <= std::variant_size_v<EventKinds>; ++kind) {
      const Record record = kind == std::variant_size_v<EventKinds> ? testing::any_readings(random) : testing::any_record(kind, random);
      const std::string json = to_json(record);
      REQUIRE(is_json(json));
      CHECK(json.starts_with("{\"position\":" + std::to_string(record.envelope.position) + ","));
      CHECK(json.find("\"type\":\"" + record.envelope.type + "\"") != std::string::npos);
    }
}

TEST_CASE("a suspect's raw bytes, cut anywhere, do not break the page") {
  ReadingBuilder builder;
  for (std::size_t n = 1; n < 80; ++n) {
    std::string raw;
    while (raw.size() < n) raw += "\xE6\xBC\xA2\xFF";
    builder.row("meter", 1'000'000);
    builder.suspect(Metric::grid_w, Quality::unreadable, raw);
  }
  Record record;
  record.envelope.type = readings_type;
  record.body = std::make_shared<const ReadingBatch>(builder.take());
  CHECK(is_json(to_json(record)));
}
