// The OpenAPI document says what the table dispatches: nothing missing, nothing more, every reference there.
#include "api/http/openapi.hpp"

#include <simdjson.h>

#include <catch2/catch.hpp>
#include <set>

#include "api/http/problem_types.hpp"
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
  CHECK(references.size() == 18);  // schemas: three of the test, and Problem; 9 responses; 2 headers
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

TEST_CASE("who may use an operation, and what can be refused, follow from its row") {
  const auto say = [](Request&&, const Responder& responder) { responder.send(text_response(200, "text/plain", "")); };
  const std::vector<Route> routes{
      {.path = "/open", .operation_id = "open", .summary = "Open", .needs = std::string(everybody), .replies = {{200, "It"}}, .budget = "", .handler = say},
      {.path = "/things/{thing}", .operation_id = "thing", .summary = "A thing", .needs = "see", .parameters = {{"thing", In::path, Kind::id, true}}, .replies = {{200, "It", "Health", "application/json", {"Link"}}}, .handler = say},
      {.method = Method::post, .path = "/danger", .operation_id = "danger", .summary = "Danger", .needs = "see", .fresh = true, .body = RequestBody{{"application/json"}, "Command"}, .replies = {{204, "Done"}}, .mutates = true, .secret = true, .handler = say},
      {.path = "/account", .operation_id = "account", .summary = "Account", .needs = "own_account", .replies = {{200, "It"}}, .handler = say},
      {.path = "/file", .operation_id = "file", .summary = "A file", .needs = std::string(everybody), .replies = {{200, "It", "", "text/plain"}}, .budget = "", .file = true, .handler = say},
  };
  ApiInfo info{"Test", "1", "A test."};
  info.licence = "MIT";
  info.tags = {{"unused", "Nobody has it."}};
  info.of_keys = {"see"};
  info.cookie = "biscuit";
  auto with_example = schemas;
  with_example[2].example = R"({"do":"it"})";
  const auto text = openapi_document(routes, with_example, info);
  simdjson::dom::parser parser;
  const auto document = parser.parse(text).value();
  const auto operation = [&](const char* path, const char* method) { return document["paths"][path][method].value(); };
  const auto security = [&](const char* path, const char* method) { return simdjson::minify(operation(path, method)["security"].value()); };
  CHECK(security("/open", "get") == "[]");
  CHECK(security("/things/{thing}", "get") == R"([{"bearer":[]},{"apiKey":[]},{"session":[]}])");
  CHECK(security("/danger", "post") == R"([{"bearer":[]},{"session":[]}])");  // no key is fresh
  CHECK(security("/account", "get") == R"([{"bearer":[]},{"session":[]}])");  // no key has an account
  CHECK(document["components"]["securitySchemes"]["session"]["name"].get_string().value() == "biscuit");
  CHECK(std::string(operation("/danger", "post")["description"].get_string().value()).find("permission `see`, and a proof") != std::string::npos);

  const auto statuses = [&](const char* path, const char* method) {
    std::string all;
    for (auto [status, reply] : operation(path, method)["responses"].get_object()) all += std::string(status) + " ";
    return all;
  };
  CHECK(statuses("/open", "get") == "200 400 503 default ");
  CHECK(statuses("/things/{thing}", "get") == "200 400 401 403 404 429 503 default ");
  CHECK(statuses("/danger", "post") == "204 400 401 403 409 413 415 422 429 503 default ");
  CHECK(statuses("/file", "get") == "200 206 304 400 412 416 default ");
  CHECK(simdjson::minify(operation("/things/{thing}", "get")["responses"]["200"]["headers"].value()) == 
        R"({"Link":{"$ref":"#/components/headers/Link"},"RateLimit":{"$ref":"#/components/headers/RateLimit"},"RateLimit-Policy":{"$ref":"#/components/headers/RateLimit-Policy"}})");
  CHECK(operation("/open", "get")["responses"]["200"]["headers"].error() != simdjson::SUCCESS);  // no budget, nothing to say of it
  CHECK(simdjson::minify(operation("/danger", "post")["requestBody"]["content"]["application/json"]["example"].value()) == R"({"do":"it"})");
  CHECK(document["components"]["responses"]["TooManyRequests"]["headers"]["Retry-After"].error() == simdjson::SUCCESS);
  CHECK(document["tags"].get_array().value().size() == 0);
  CHECK(document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"].get_array().value().size() == problem_types().size());
}

TEST_CASE("the same table gives the same bytes") {
  const auto once = openapi_document(test::sample_routes(), schemas, {"Test", "1"});
  CHECK(once == openapi_document(test::sample_routes(), schemas, {"Test", "1"}));
}

}  // namespace heliograph::http
