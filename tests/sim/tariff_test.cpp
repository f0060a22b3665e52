// Prices are exact; a missing price stays unknown; documents are refused with pointers.
#include "sim/tariff.hpp"

#include <catch2/catch.hpp>

using namespace heliograph;

namespace {

std::string problems_of(std::string_view document) {
  const auto parsed = parse_tariff(document);
  CHECK_FALSE(parsed.tariff);
  std::string all;
  for (const auto& p : parsed.problems) all += p.pointer + ": " + p.sentence + "\n";
  return all;
}

}  // namespace

TEST_CASE("the presets price a kWh exactly") {
  const auto retail = *tariff_preset("retail_dynamic");
  const auto prices = prices_at(retail, 124'700);  // 124.7 per MWh
  REQUIRE(prices);
  CHECK(prices->import_pico == 300'887'000'000);  // 1.21 * 0.1247 + 0.15
  CHECK(prices->feed_in_pico == 124'700'000'000);
  const auto spot_fixed = *tariff_preset("spot_fixed");
  const auto negative = prices_at(spot_fixed, -500'000);
  REQUIRE(negative);
  CHECK(negative->import_pico == -500'000'000'000);
  CHECK(negative->feed_in_pico == 50'000'000'000);
  CHECK_FALSE(tariff_preset("free_lunch"));
}

TEST_CASE("a missing price is unknown, never zero, unless the tariff does not need it") {
  CHECK_FALSE(prices_at(*tariff_preset("retail_dynamic"), std::nullopt));
  CHECK_FALSE(prices_at(*tariff_preset("spot_fixed"), std::nullopt));
  const auto fixed = parse_tariff(R"({"import": {"fixed": 0.30}, "export": {"fixed": 0.05}})").tariff;
  REQUIRE(fixed);
  REQUIRE(prices_at(*fixed, std::nullopt));
  CHECK(prices_at(*fixed, std::nullopt)->import_pico == 300'000'000'000);
}

TEST_CASE("a tariff survives being written and read") {
  for (const char* document :
       {R"("retail_dynamic")",
        R"({"name":"mine","import":{"spot_factor":1.09,"fixed":-0.012345},"export":{"fixed":0}})"}) {
    const auto tariff =
        parse_tariff(std::string_view(document)[0] == '"' ? std::string_view("retail_dynamic") : document).tariff;
    REQUIRE(tariff);
    JsonWriter json;
    write_tariff(json, *tariff);
    CHECK(parse_tariff(json.view()).tariff == tariff);
  }
}

TEST_CASE("every problem of a tariff is named with its pointer") {
  CHECK(problems_of(R"({"import": {"spot_factor": "1.21"}, "export": {}, "vat": 0.21})") ==
        "/import/spot_factor: \"spot_factor\" must be a number from -100 to 100.\n"
        "/export: A price needs \"spot_factor\", \"fixed\" or both; a free kWh is {\"fixed\": 0}.\n"
        "/vat: The tariff has no field \"vat\": use name, import, export.\n");
  CHECK(problems_of("free_lunch").find("There is no tariff \"free_lunch\": use retail_dynamic, spot_fixed") !=
        std::string::npos);
  CHECK(problems_of(R"({"import": {"fixed": 0.1234567}})") ==
        "/import/fixed: \"fixed\" may have at most 6 decimals.\n"
        "/export: The tariff needs \"export\", for example {\"spot_factor\": 1.21, \"fixed\": 0.15} or {\"fixed\": "
        "0.30}.\n");
  CHECK(problems_of("[1]").find(": The tariff must be an object") != std::string::npos);
}
