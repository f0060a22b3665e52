// A small route table and a way to ask it without a server, for the tests of the router and of the OpenAPI document.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/http/router.hpp"

namespace heliograph::test {

class KeptAnswer final : public http::Answer {
 public:
  void send(http::Response response) override { sent = std::move(response); }
  http::StreamHandle open_stream(http::Headers) override { return nullptr; }
  std::optional<http::Response> sent;
};

inline http::Response ask(const http::Router& router, http::Request request) {
  auto answer = std::make_shared<KeptAnswer>();
  router.dispatch(std::move(request), http::Responder(answer));
  return answer->sent.value_or(http::Response{});
}

inline std::vector<http::Route> sample_routes() {
  using namespace http;
  const auto say = [](std::string text) {
    return [text](Request&&, Responder responder) { responder.send(text_response(200, "text/plain", text)); };
  };
  const Parameter site{"site", In::path, http::Kind::id, true, "The site."};
  std::vector<Route> routes;
  routes.push_back(
      {Method::get, "/health", "get_health", "Is it alive?", "service", {}, false, {}, {}, {}, {{200, "Alive.", "Health"}}});
  routes.back().handler = say("health");
  routes.push_back({Method::get, "/api/v1/sites/{site}/latest", "get_latest", "Last values", "sites"});
  routes.back().parameters = {
      site,
      {"limit", In::query, http::Kind::integer, false, "How many.", 1, 500, {}, false, "20"},
      {"from", In::query, http::Kind::time, false, "Not before.", {}, {}, {}, false, "2024-01-01T00:00:00Z"},
      {"agg", In::query, http::Kind::string, false, "How to join.", {}, {}, {"mean", "max"}},
      {"raw", In::query, http::Kind::boolean},
      {"factor", In::query, http::Kind::number, false, {}, 0, 1},
      {"metric", In::query, http::Kind::string, false, "Which.", {}, {}, {}, true}};
  routes.back().replies = {{200, "The values.", "Latest"}, {200, "The values.", "", "text/csv"}};
  routes.back().handler = [](Request&& request, Responder responder) {
    responder.send(text_response(200, "text/plain", "latest " + std::string(request.param("site"))));
  };
  routes.push_back({Method::get, "/api/v1/sites/all/latest", "get_all_latest", "Last values of all", "sites"});
  routes.back().replies = {{200, "The values.", R"({"type":"array","items":{"$ref":"#/components/schemas/Latest"}})"}};
  routes.back().handler = say("all");
  routes.push_back({Method::post, "/api/v1/sites/{site}/commands", "post_command", "Ask for something", "commands"});
  routes.back().parameters = {site};
  routes.back().body = RequestBody{{"application/json"}, "Command", "What to do.", true, 100};
  routes.back().replies = {{202, "Asked.", "Command"}};
  routes.back().mutates = routes.back().needs_idempotency_key = true;
  routes.back().handler = [](Request&& request, Responder responder) {
    responder.send(text_response(202, "text/plain",
                                 "command " + std::string(request.param("site")) + " " + request.idempotency_key));
  };
  routes.push_back({Method::get, "/page", "get_page", "A page"});
  routes.back().listed = false;
  routes.back().handler = say("page");
  return routes;
}

}  // namespace heliograph::test
