// The OpenAPI document says what the table dispatches: nothing missing, nothing more, every reference there.
#include "api/http/openapi.hpp"

#include <simdjson.h>

#include <catch2/catch.hpp>
#include <set>

#include "tests/api/route_samples.hpp"

namespace heliograph::http {
namespace {

const std::vector<NamedSchema> schemas = {
    {"Health", R"({"type":"object","properties":{"ok":{"type":"boolean"}}})"},
    {"Latest", R"({"type":"object","properties":{"of":{"$ref":"#/components/schemas/Health"}}})"},
    {"Command", R"({"type":"object"})"},
};

void collect_references(simdjson::dom::element element, std::set<std::string>& into) {
  if (element.is_object()) {
    for (auto [key, value] : element.get_object()) {
      if (key == "$ref") into.insert(std::string(value.get_string().value()));
      collect_references(value, into);
    }
  } else if (element.is_array()) {
    for (auto value : element.get_array()) collect_references(value, into);
  }
}

/// A request that fits the row as far as the document tells.
Request fitting(const std::string& method, std::string path) {
  Request request;
  request.method = *parse_method(method);
  if (const auto at = path.find("{site}"); at != std::string::npos) path.replace(at, 6, "home");
  request.path = path;
  if (request.method == Method::post) {
    request.headers = {{"Content-Type", "application/json"}, {"Idempotency-Key", "\"k\""}};
    request.body = "{}";
  }
  return request;
}

}  // namespace

TEST_CASE("the document holds every listed route, and each operation in it is answered") {
  const auto routes = test::sample_routes();
  const auto text = openapi_document(routes, schemas, {"Test", "1.2.3", "A test."});
  simdjson::dom::parser parser;
  const auto document = parser.parse(text).value();
  CHECK(document["openapi"].get_string().value() == "3.1.0");
  CHECK(document["info"]["version"].get_string().value() == "1.2.3");

  const Router router(routes);
  std::set<std::string> ids;
  for (auto [path, item] : document["paths"].get_object())
    for (auto [method, operation] : item.get_object()) {
      ids.insert(std::string(operation["operationId"].get_string().value()));
      std::string upper(method);
      for (auto& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      INFO(upper << " " << path);
      CHECK(test::ask(router, fitting(upper, std::string(path))).status / 100 == 2);
      CHECK(operation["responses"]["default"].error() == simdjson::SUCCESS);
    }
  std::set<std::string> listed;
  for (const auto& route : routes)
    if (route.listed) listed.insert(route.operation_id);
  CHECK(ids == listed);
  CHECK(ids.count("get_page") == 0);
}

TEST_CASE("every reference in the document resolves") {
  const auto text = openapi_document(test::sample_routes(), schemas, {"Test", "1"});
  simdjson::dom::parser parser;
  const auto document = parser.parse(text).value();
  std::set<std::string> references;
  collect_references(document, references);
  CHECK(references.size() == 4);  // three of the test, and Problem
  for (const auto& reference : references) {
    INFO(reference);
    REQUIRE(reference.rfind("#/", 0) == 0);
    CHECK(document.at_pointer(reference.substr(1)).error() == simdjson::SUCCESS);
  }
}

TEST_CASE("rows become parameters, bodies and answers") {
  const auto text = openapi_document(test::sample_routes(), schemas, {"Test", "1"});
  simdjson::dom::parser parser;
  const auto document = parser.parse(text).value();
  const auto latest = document["paths"]["/api/v1/sites/{site}/latest"]["get"].value();
  const auto limit = latest["parameters"].at(1).value();
  CHECK(
      simdjson::minify(limit) ==
      R"({"name":"limit","in":"query","description":"How many.","schema":{"type":"integer","format":"int64","minimum":1,"maximum":500},"example":20})");
  CHECK(
      simdjson::minify(latest["parameters"].at(0).value()) ==
      R"({"name":"site","in":"path","description":"The site.","required":true,"schema":{"type":"string","pattern":"^[a-z0-9][a-z0-9-]{0,62}$"}})");
  CHECK(latest["responses"]["200"]["content"]["text/csv"].error() == simdjson::SUCCESS);
  const auto command = document["paths"]["/api/v1/sites/{site}/commands"]["post"].value();
  CHECK(command["requestBody"]["content"]["application/json"]["schema"]["$ref"].get_string().value() ==
        "#/components/schemas/Command");
  CHECK(command["parameters"].at(1)["name"].get_string().value() == "Idempotency-Key");
}

TEST_CASE("the same table gives the same bytes") {
  const auto once = openapi_document(test::sample_routes(), schemas, {"Test", "1"});
  CHECK(once == openapi_document(test::sample_routes(), schemas, {"Test", "1"}));
}

}  // namespace heliograph::http
