// The shipped binary as whoever looks after it sees it: lines of its log, traces that meet the record, who is told what.
#include <signal.h>
#include <simdjson.h>

#include <sstream>

#include "tests/e2e/served_house.hpp"

using namespace heliograph;
using namespace heliograph::e2e;

namespace {

const std::string trace = "0af7651916cd43dd8448eb211c80319c", parent = "b7ad6b7169203331", traceparent = "00-" + trace + "-" + parent + "-01";

/// Every line of the log as a document; a line that is none is a failure.
std::vector<std::string> log_lines(const std::string& err) {
  std::vector<std::string> lines;
  std::istringstream in(err);
  for (std::string line; std::getline(in, line);) {
    simdjson::dom::parser parser;
    INFO(line);
    CHECK(parser.parse(line).error() == simdjson::SUCCESS);
    for (const char c : line) CHECK((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
    lines.push_back(line);
  }
  return lines;
}

std::size_t lines_with(const std::vector<std::string>& lines, const std::vector<std::string>& parts) {
  std::size_t found = 0;
  for (const std::string& line : lines) {
    bool all = true;
    for (const std::string& part : parts) all = all && has(line, part);
    found += all;
  }
  return found;
}

}  // namespace

TEST_CASE("a trace that was sent is in the log and in every event of the chain that it began, without one a chain is named by its place") {
  const TempDir scratch;
  ServedHouse house(scratch / "data", {}, {{"HELIOGRAPH_LOG_LEVEL", "debug"}});
  house.furnish();
  const auto sent = house.client.request("POST", commands, R"({"device":"plug-1","action":"switch_off"})", {{"Content-Type", "application/json"}, {"Idempotency-Key", "one"}, {"traceparent", traceparent}});
  REQUIRE(sent.status == 202);
  const std::string story = house.get(commands + "/" + field(sent.body, "command")).body;
  std::size_t events = 0, traced = 0;
  for (auto at = story.find("\"correlation\":\""); at != std::string::npos; at = story.find("\"correlation\":\"", at + 1)) ++events, traced += story.substr(at + 15, 32) == trace;
  CHECK(events >= 2);
  CHECK(traced == events);
  const std::string other = house.get(commands + "/" + field(house.ask("switch_off", "two").body, "command")).body;
  CHECK(has(other, R"("correlation":"p)"));
  const auto rule = house.client.request("POST", home + "/rules", R"({"id":"r","triggers":[{"at":"10:00"}],"actions":[{"do":"notify","text":"t"}]})",
                                         {{"Content-Type", "application/json"}, {"Idempotency-Key", "three"}, {"traceparent", traceparent}});
  REQUIRE(rule.status == 201);
  // A rule that fires goes on with the trace of the reading that made it fire.
  const std::string of_reading = "1af7651916cd43dd8448eb211c80319d";
  const std::vector<std::pair<std::string, std::string>> traced_json{{"Content-Type", "application/json"}, {"traceparent", "00-" + of_reading + "-" + parent + "-01"}};
  REQUIRE(house.client.request("POST", home + "/rules", R"({"id":"low","triggers":[{"id":"l","metric":"soc_percent","device":"battery","below":50}],"actions":[{"do":"notify","text":"t"}]})",
                               {{"Content-Type", "application/json"}, {"Idempotency-Key", "four"}, {"traceparent", traceparent}}).status == 201);
  REQUIRE(house.client.request("POST", home + "/readings", R"({"device":"battery","timestamp":")" + format_time(SystemClock().now()) + R"(","soc_percent":40})", traced_json).status == 200);
  CHECK(house.client.request("PUT", home, R"({"name":"H"})", {{"Content-Type", "application/json"}, {"If-Match", "*"}, {"traceparent", traceparent}}).status == 200);
  CHECK(house.client.request("POST", home + "/stop", R"({"reason":"r"})", {{"Content-Type", "application/json"}, {"traceparent", "00-" + trace + "-" + parent + "-zz"}}).status == 200);
  const std::string audit = house.get(home + "/audit?limit=20").body;
  const auto of = [&](const std::string& type) {
    const auto at = audit.find("\"type\":\"" + type + "\"");
    REQUIRE(at != std::string::npos);
    return field(audit.substr(at), "correlation");
  };
  CHECK(of("rule.saved") == trace);
  CHECK(of("site.configured") == trace);
  CHECK(of("rule.fired") == of_reading);
  CHECK(of("stop.engaged").front() == 'p');
  const auto lines = log_lines(house.server.end(SIGTERM).err);
  CHECK(lines_with(lines, {"\"trace\":\"" + trace + "\"", "\"route\":\"/api/v1/sites/{site}/commands\"", "\"site\":\"home\"", "\"who\":\"local/user:anna\"", "\"status\":202", "\"request\":\"" + sent.header("X-Request-Id") + "\""}) == 1);
}

TEST_CASE("the log is lines of JSON whatever is sent, and holds no password, token, key, query or body") {
  const TempDir scratch;
  ServedHouse house(scratch / "data", {}, {{"HELIOGRAPH_LOG_LEVEL", "debug"}});
  house.furnish();
  const std::string nasty = "\xe2\x80\xae evil \xe2\x80\xa8 \xc2\x9b[31m \"},{\"level\":\"critical\"";
  const std::string token = test::owners_token(house.server.port());
  REQUIRE_FALSE(token.empty());
  // A connection each: what the strict layer refuses ends its connection.
  const auto ask = [&](const std::string& method, const std::string& path, const std::string& body, const std::vector<std::pair<std::string, std::string>>& headers) {
    test::HttpClient client(house.server.port());
    return client.request(method, path, body, headers).status;
  };
  const std::vector<std::pair<std::string, std::string>> json{{"Content-Type", "application/json"}};
  CHECK(ask("GET", "/nowhere/%0d%0a%1b[2J?token=canary-query", "", {}) == 400);
  CHECK(ask("GET", "/nowhere/%e2%80%ae%e2%80%a8x?token=canary-query", "", {{"User-Agent", nasty}}) == 404);
  CHECK(ask("GET", home + "/latest?canary-query=1", "", {{"User-Agent", nasty}}) == 400);
  CHECK(ask("PUT", home + "/devices/plug-2", R"({"kind":"plug","name":"a\r\n\u001b[31m\u2028\u202eb"})", json) != 500);
  CHECK(ask("POST", "/api/v1/auth/login", R"({"user":"anna\r\nroot","password":"canary-password"})", json) >= 400);
  CHECK(ask("POST", "/api/v1/auth/login", R"({"user":"anna","password":"canary-password"})", json) == 401);
  CHECK(ask("GET", home, "", {{"Authorization", "Bearer hg_k1_canary-key-canary-key-canary"}}) == 401);
  CHECK(ask("GET", "/approve/" + std::string(43, 'Q'), "", {}) != 200);
  test::HttpClient broken(house.server.port());
  REQUIRE(broken.send("GET / HTTP/1.1\r\nHost: local\x1b[31mhost\r\n\r\n"));
  CHECK(broken.read_reply().status == 400);
  const std::string err = house.server.end(SIGTERM).err;
  const auto lines = log_lines(err);
  CHECK(lines.size() >= 12);
  for (const std::string& canary : {std::string("canary"), token, std::string(test::owners_password), std::string(43, 'Q'), std::string("\xe2\x80\xa8"), std::string("\xe2\x80\xae"), std::string("\xc2\x9b")}) {
    INFO(canary);
    CHECK(err.find(canary) == std::string::npos);
  }
  CHECK(lines_with(lines, {"\"level\":\"critical\""}) == 0);
  CHECK(lines_with(lines, {"\"level\":\"info\"", "A request was turned away.", "\"status\":401"}) >= 2);
  CHECK(lines_with(lines, {"\"route\":\"/approve/{token}\""}) == 1);
  CHECK(lines_with(lines, {"\"message\":\"Stopping in order.\""}) == 1);
}

TEST_CASE("at the usual level a request that was answered is no line, and the form can be text") {
  const TempDir scratch;
  ServedHouse house(scratch / "data", {}, {{"HELIOGRAPH_LOG_FORM", "text"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318"}});
  CHECK(house.get("/health").status == 200);
  test::HttpClient nobody(house.server.port());
  CHECK(nobody.as_nobody().request("GET", "/api/v1/sites").status == 401);
  const std::string err = house.server.end(SIGTERM).err;
  CHECK_FALSE(has(err, "/health"));
  CHECK(has(err, " info http: A request was turned away. request=\""));
  CHECK(has(err, "OTLP is not served"));
  const Ended wrong = run({binary(), "check-config"}, {{"HELIOGRAPH_LOG_LEVEL", "loud"}});
  CHECK(wrong.exit == 1);
  CHECK(has(wrong.err, "debug, info, warn or error"));
}

TEST_CASE("readiness tells everybody only whether, and how far and how full only who looks after the machine") {
  const TempDir scratch;
  ServedHouse house(scratch / "data");
  CHECK(has(house.get("/readiness").body, "\"free_bytes\""));
  test::HttpClient nobody(house.server.port());
  const auto reply = nobody.as_nobody().request("GET", "/readiness");
  CHECK(reply.status == 200);
  CHECK(reply.body == R"({"status":"ready","safe_mode":false})");
  CHECK(nobody.request("GET", "/readiness", {}, {{"Authorization", "Bearer hg_no_such"}}).body == reply.body);
}

TEST_CASE("a simulated house is well, and its troubles, requests, users and figures are there to be read") {
  const TempDir scratch;
  ServedHouse house(scratch / "data", {"--simulate", "home"});
  CHECK(house.get("/api/v1/sites/nowhere/latest").status == 404);
  const std::string parts = house.get("/api/v1/system/components").body;
  INFO(parts);
  for (const char* name : {"\"log\"", "\"views\"", "\"disk\"", "\"clock\"", "\"safe-mode\"", "\"certificate\"", "\"channels\"", "\"site/home\""}) CHECK(has(parts, std::string("\"component\":") + name));
  CHECK(has(house.get("/api/v1/system/errors").body, "\"errors\":["));
  const std::string requests = house.get("/api/v1/system/requests").body;
  CHECK(has(requests, R"("route":"/api/v1/sites/{site}/latest","under_way":0,"errors":0)"));
  CHECK(has(requests, R"("by_status":{"4xx":1})"));
  const std::string usage = house.get("/api/v1/system/usage").body;
  INFO(usage);
  CHECK(has(usage, R"("principal":"user:anna")"));
  CHECK(has(usage, R"("last_24_hours":{"logins":1,)"));
  CHECK(has(house.get("/api/v1/system/figures").body, R"("unclean_starts":0)"));
}
