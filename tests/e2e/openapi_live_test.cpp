// The document that a running server hands out holds for its answers: every GET route is asked on a living house and
// each JSON answer is held against the schema the document declares for it.
#include <rapidjson/document.h>
#include <signal.h>

#include <catch2/catch.hpp>
#include <map>
#include <sstream>

#include "actors/clock.hpp"
#include "tests/e2e/process.hpp"
#include "tests/e2e/served_document.hpp"
#include "tests/support/http_client.hpp"

using namespace heliograph;
using namespace heliograph::e2e;
using test::HttpClient;

namespace {

using Json = rapidjson::Document;

/// The same path as a request that this house can answer.
using Asks = std::map<std::string, std::string>;
Asks asks_of(const std::string& device, const std::string& metric, const std::string& position, const std::string& command, const std::string& rule, bool with_people = true) {
  const std::string home = "/api/v1/sites/home";
  Asks asks{{"/health", "/health"}, {"/readiness", "/readiness"}, {"/metrics", "/metrics"}, {"/schemas/rule.json", "/schemas/rule.json"},
            {"/openapi.json", "/openapi.json"}, {"/problems", "/problems"}, {"/problems/{type}", "/problems/invalid"}, {"/api/v1/sites", "/api/v1/sites"}, {"/api/v1/sites/{site}", home}};
  for (const char* list : {"/devices", "/latest", "/rules", "/pending", "/audit", "/preferences", "/alerts"}) asks["/api/v1/sites/{site}" + std::string(list)] = home + list;
  asks["/api/v1/sites/{site}/series"] = home + "/series?device=" + device + "&metric=" + metric + "&points=50";
  asks["/api/v1/positions/{position}"] = "/api/v1/positions/" + position;
  asks["/api/v1/positions/{position}/why"] = "/api/v1/positions/" + position + "/why";
  asks["/api/v1/sites/{site}/commands/{command}"] = command.empty() ? "" : home + "/commands/" + command;
  asks["/api/v1/stream"] = "";  // it has no end; the kill rounds read it
  for (const char* socket : {"/api/v1/socket", "/ws", "/api/system/ws", "/api/services/ws"}) asks[socket] = "";  // conventions_test.cpp
  for (const char* older : {"/energy/latest", "/energy/stats", "/shelly/power/current", "/shelly/actions/history", "/auth/me", "/users"}) asks[older] = older;
  asks["/shelly/device/{name}/history"] = "/shelly/device/" + device + "/history?hours=48&points=100";
  for (const char* battery : {"/victron/battery/current", "/victron/battery/history"}) asks[battery] = std::string(battery) + "?device=" + device;
  asks["/api/v1/sites/{site}/devices/{device}"] = home + "/devices/" + device;
  asks["/api/v1/sites/{site}/rules/{rule}"] = rule.empty() ? "" : home + "/rules/" + rule;
  for (const char* path : {"/system/components", "/system/errors", "/system/requests", "/system/usage", "/system/figures", "/setup", "/auth/me", "/audit", "/tenant", "/users"}) asks["/api/v1" + std::string(path)] = "/api/v1" + std::string(path);
  asks["/api/v1/users/{user}"] = with_people ? "/api/v1/users/anna" : "";
  // The demo has no people, so nobody has an account there.
  for (const char* path : {"/auth/sessions", "/keys", "/tenants"}) asks["/api/v1" + std::string(path)] = with_people ? "/api/v1" + std::string(path) : "";
  return asks;
}

/// Asks every GET route of the document; answers how many JSON answers were held against a schema.
int hold(HttpClient& client, const Asks& asks) {
  const ServedDocument served(client);
  const Json& document = served.json();
  int held = 0;
  for (const auto& path : document["paths"].GetObject()) {
    if (!path.value.HasMember("get")) continue;
    INFO("GET " << path.name.GetString());
    if (!path.value["get"]["responses"].HasMember("200") && path.value["get"]["responses"].HasMember("501")) continue;  // not built yet
    const auto ask = asks.find(path.name.GetString());
    REQUIRE(ask != asks.end());  // a new route needs a request here
    if (ask->second.empty()) continue;
    const auto reply = client.request("GET", ask->second);
    INFO(reply.body.substr(0, 600));
    REQUIRE(reply.status == 200);
    const auto& answer = path.value["get"]["responses"]["200"];
    if (!answer.HasMember("content")) {  // only the document itself is described by no schema
      CHECK(std::string(path.name.GetString()) == "/openapi.json");
      continue;
    }
    const auto& declared = answer["content"];
    const std::string type = reply.header("Content-Type").substr(0, reply.header("Content-Type").find(';'));
    REQUIRE(declared.HasMember(type.c_str()));
    const auto& media = declared[type.c_str()];
    if (type != "application/json" || !media.HasMember("schema")) continue;
    CHECK(served.violation(media["schema"], reply.body) == "");
    ++held;
  }
  // Problems have one shape, too.
  const auto missing = client.request("GET", "/api/v1/sites/elsewhere/latest");
  CHECK(missing.status == 404);
  CHECK(served.violation(served.component("schemas", "Problem"), missing.body) == "");
  // And the validator is awake: a wrong answer does not pass.
  CHECK(served.violation(served.component("schemas", "Latest"), R"({"site":7})") != "");
  return held;
}

}  // namespace

TEST_CASE("every GET answer of the living demo is what its OpenAPI document says") {
  const TempDir scratch;
  Server server({binary(), "demo", "--data", scratch / "demo", "--past-days", "2", "--listen", "127.0.0.1:0"});
  REQUIRE(server.port() != 0);
  HttpClient client(server.port());
  CHECK(hold(client, asks_of("pv", "pv_w", "2", "", "", false)) >= 12);
}

TEST_CASE("every GET answer of a house with commands, refusals and a stop is what its OpenAPI document says") {
  const TempDir scratch;
  const std::vector<std::string> serve{binary(), "serve", "--data", scratch / "data", "--listen", "127.0.0.1:0"};
  const std::string home = "/api/v1/sites/home";
  const std::vector<std::pair<std::string, std::string>> type{{"Content-Type", "application/json"}, {"Idempotency-Key", "one"}},
      other{{"Content-Type", "application/json"}, {"Idempotency-Key", "two"}}, third{{"Content-Type", "application/json"}, {"Idempotency-Key", "three"}};
  Server server(serve);
  REQUIRE(server.port() != 0);
  HttpClient client(server.port());
  REQUIRE(client.request("PUT", home, "{}", type).status == 200);
  REQUIRE(client.request("PUT", home + "/devices/plug-1", R"({"kind":"plug","can_switch":true,"nominal_w":100})", type).status == 200);
  REQUIRE(client.request("POST", home + "/rules", R"({"id":"r","triggers":[{"at":"10:00"}],"actions":[{"do":"notify","text":"t"}]})", other).status == 201);
  REQUIRE(client.request("POST", home + "/readings", R"({"device":"plug-1","timestamp":")" + format_time(SystemClock().now()) + R"(","power_w":5,"switch_on":true})",
                         {{"Content-Type", "application/json"}}).status == 200);
  const auto sent = client.request("POST", home + "/commands", R"({"device":"plug-1","action":"switch_off"})", type);
  REQUIRE(sent.status == 202);
  Json answer;
  answer.Parse(sent.body.c_str());
  REQUIRE(client.request("POST", home + "/stop", R"({"reason":"test"})", type).status == 200);
  REQUIRE(client.request("POST", home + "/commands", R"({"device":"plug-1","action":"switch_on"})", third).status == 409);
  CHECK(hold(client, asks_of("plug-1", "power_w", std::to_string(answer["position"].GetUint64()), answer["command"].GetString(), "r")) >= 22);
}

TEST_CASE("every older path of the table stands in docs/API.md, and every path in its tables is served") {
  const TempDir scratch;
  Server server({binary(), "demo", "--data", scratch / "demo", "--past-days", "1", "--listen", "127.0.0.1:0"});
  REQUIRE(server.port() != 0);
  HttpClient client(server.port());
  const ServedDocument served(client);
  const std::string page = read_file(std::string(HELIOGRAPH_SOURCE_DIR) + "/docs/API.md");
  int older = 0;
  for (const auto& path : served.json()["paths"].GetObject())
    for (const auto& operation : path.value.GetObject()) {
      if (!operation.value.IsObject() || !operation.value.HasMember("tags") || std::string(operation.value["tags"][0].GetString()) != "aliases") continue;
      INFO(path.name.GetString());
      CHECK(page.find("| `" + std::string(path.name.GetString()) + "` |") != std::string::npos);
      ++older;
    }
  CHECK(older >= 30);
  std::istringstream lines(page);
  int rows = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| `/")) continue;
    const std::string path = line.substr(3, line.find('`', 3) - 3);
    INFO(line);
    CHECK(served.json()["paths"].HasMember(path.c_str()));
    ++rows;
  }
  CHECK(rows >= 30);
}
