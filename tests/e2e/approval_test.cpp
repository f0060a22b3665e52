// Over HTTP, as curl would: ask, be told to wait for a yes, say it, read why; stop, be refused, lift, go on. And across a restart.
#include <catch2/catch.hpp>

#include "actors/clock.hpp"
#include "tests/e2e/process.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/temp_dir.hpp"

using namespace heliograph;
using namespace heliograph::e2e;
using test::HttpClient;

namespace {

const std::string home = "/api/v1/sites/home", commands = home + "/commands", preferences = home + "/preferences";
using Headers = std::vector<std::pair<std::string, std::string>>;
const Headers json_type{{"Content-Type", "application/json"}};

Headers with_key(const std::string& key) { return {{"Content-Type", "application/json"}, {"Idempotency-Key", key}}; }

std::string field(const std::string& body, const std::string& key) {
  const std::string mark = "\"" + key + "\":\"";
  const auto at = body.find(mark);
  if (at == std::string::npos) return {};
  return body.substr(at + mark.size(), body.find('"', at + mark.size()) - at - mark.size());
}

bool has(const std::string& body, const std::string& part) { return body.find(part) != std::string::npos; }

/// A house of one plug that needs a yes, read a moment ago.
struct House {
  explicit House(const TempDir& scratch) : server({binary(), "serve", "--data", scratch / "data", "--listen", "127.0.0.1:0"}), client(server.port()) {
    REQUIRE(server.port() != 0);
  }
  void furnish() {
    REQUIRE(put(home, "{}").status == 200);
    REQUIRE(put(home + "/devices/plug-1", R"({"kind":"plug","name":"Miner 1","can_switch":true,"nominal_w":100,"needs_approval":true})").status == 200);
    REQUIRE(post(home + "/readings", R"({"device":"plug-1","timestamp":")" + format_time(SystemClock().now()) + R"(","switch_on":false})").status == 200);
  }
  test::Reply get(const std::string& path) { return client.request("GET", path); }
  test::Reply put(const std::string& path, const std::string& body) { return client.request("PUT", path, body, json_type); }
  test::Reply post(const std::string& path, const std::string& body) { return client.request("POST", path, body, json_type); }
  test::Reply ask(const std::string& action, const std::string& key) {
    return client.request("POST", commands, R"({"device":"plug-1","action":")" + action + R"(","reason":"sun is out"})", with_key(key));
  }
  Server server;
  HttpClient client;
};

}  // namespace

TEST_CASE("over HTTP: asked, told to wait, approved once however often, and why is on record") {
  const TempDir scratch;
  House house(scratch);
  house.furnish();
  const auto asked = house.ask("switch_on", "one"), again = house.ask("switch_on", "one");
  CHECK(asked.status == 202);
  CHECK(field(asked.body, "state") == "awaiting_approval");
  CHECK(field(again.body, "command") == field(asked.body, "command"));
  CHECK(field(again.body, "state") == "awaiting_approval");
  CHECK(has(house.get(home + "/pending").body, R"("sentence":"Switch \"Miner 1\" (plug-1) on.")"));

  const std::string command = commands + "/" + field(asked.body, "command");
  CHECK(house.get(command + "/approve").status == 405);  // a look approves nothing
  const auto once = house.post(command + "/approve", R"({})");
  CHECK(once.status == 200);
  CHECK(has(once.body, R"("repeated":false)"));
  const auto twice = house.post(command + "/approve", R"({})");
  CHECK(twice.status == 200);
  CHECK(has(twice.body, R"("repeated":true)"));
  const auto story = house.get(command).body;
  for (const char* event : {"command.requested", "approval.requested", "approval.decided", "command.allowed", "command.dispatched"})
    CHECK(has(story, "\"type\":\"" + std::string(event) + "\""));
  CHECK(has(story, "user:anna"));
  CHECK(house.post(commands + "/c-none/approve", "").status == 404);

  const auto late_no = house.post(command + "/deny", R"({})");
  CHECK(late_no.status == 409);
  CHECK(has(late_no.body, "answered-otherwise"));
  REQUIRE(house.put(home + "/devices/plug-2", R"({"kind":"plug","can_switch":true,"nominal_w":100,"needs_approval":true})").status == 200);
  REQUIRE(house.post(home + "/readings", R"({"device":"plug-2","timestamp":")" + format_time(SystemClock().now()) + R"(","switch_on":false})").status == 200);
  const std::string other = field(house.client.request("POST", commands, R"({"device":"plug-2","action":"switch_on"})", with_key("two")).body, "command");
  REQUIRE(house.post(commands + "/" + other + "/deny", R"({})").status == 200);
  CHECK(house.post(commands + "/" + other + "/approve", R"({})").status == 409);
}

TEST_CASE("over HTTP: a stop cancels what waits, refuses what energises, and holds across a restart until it is lifted") {
  const TempDir scratch;
  std::string waiting;
  {
    House house(scratch);
    house.furnish();
    waiting = field(house.ask("switch_on", "a").body, "command");
    const auto stopped = house.post("/api/v1/stop", R"({"reason":"smoke"})");
    CHECK(stopped.status == 200);
    CHECK(has(stopped.body, R"("sites":["home"])"));
    CHECK(house.post(commands + "/" + waiting + "/approve", "").status == 410);
    CHECK(house.post("/api/v1/stop", "this is no JSON").status == 200);  // never refused for its form
  }
  House house(scratch);
  CHECK(has(house.get(commands + "/" + waiting).body, "\"state\":\"cancelled\""));
  const auto refused = house.ask("switch_on", "b");
  CHECK(refused.status == 409);
  CHECK(has(refused.body, "emergency-stop"));
  CHECK(house.post(home + "/stop/lift", R"({})").status == 422);
  CHECK(house.post(home + "/stop/lift", R"({"reason":"it was toast"})").status == 200);
  CHECK(house.ask("switch_on", "c").status == 202);
}

TEST_CASE("over HTTP: preferences are checked with pointers, kept, and reset") {
  const TempDir scratch;
  House house(scratch);
  house.furnish();
  CHECK(has(house.get(preferences).body, R"("min_soc_percent":30)"));
  const auto low = house.put(preferences, R"({"min_soc_percent":10})");
  CHECK(low.status == 422);
  CHECK(has(low.body, "/min_soc_percent"));
  CHECK(house.put(preferences, R"({"nonsense":1})").status == 422);
  CHECK(house.put(preferences, R"({"min_soc_percent":35,"rest_hours":{"from":"22:00","to":"06:00"},"confirmation":"always"})").status == 200);
  const auto kept = house.get(preferences).body;
  CHECK(has(kept, R"("min_soc_percent":35)"));
  CHECK(has(kept, R"("rest_hours":{"from":"22:00","to":"06:00"})"));
  CHECK(house.client.request("DELETE", preferences).status == 200);
  CHECK(has(house.get(preferences).body, R"("confirmation":"sometimes")"));
}
