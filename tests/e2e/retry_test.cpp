// Once more by hand, and how long commands and answers took, through the shipped binary.
#include <catch2/catch.hpp>

#include "tests/e2e/served_house.hpp"

using namespace heliograph;
using namespace heliograph::e2e;

TEST_CASE("retry: a command that came to nothing is asked again through the gate, about the old one, not while it is under way") {
  const TempDir scratch;
  ServedHouse house(scratch / "data", {"--simulate", "home"});
  test::HttpClient stream(house.server.port());
  REQUIRE(stream.send("GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  REQUIRE(stream.read_stream_head().status == 200);
  REQUIRE(stream.read_event());  // the first reading
  const auto ask = [&](const std::string& key) {
    return house.post(commands, R"({"device":"boiler","action":"switch_on"})", key);
  };
  const auto retry = [&](const std::string& command, const std::string& key) { return house.post(commands + "/" + command + "/retry", R"({"reason":"again"})", key); };

  REQUIRE(house.post("/api/v1/stop", "{}").status == 200);
  const auto refused = ask("a");
  REQUIRE(refused.status == 409);
  const std::string old = field(refused.body, "command");
  CHECK(retry(old, "r1").status == 409);  // judged again, and refused again
  REQUIRE(house.post(home + "/stop/lift", R"({"reason":"clear"})").status == 200);
  CHECK(house.post(commands + "/" + old + "/retry", "{}").status == 400);  // a key is needed
  const auto again = retry(old, "r2");
  INFO(again.body);
  REQUIRE(again.status == 202);
  CHECK(field(again.body, "state") == "awaiting_approval");
  const std::string fresh = field(again.body, "command");
  CHECK(fresh != old);
  CHECK(field(retry(old, "r2").body, "command") == fresh);  // the same key: once
  const auto under_way = retry(fresh, "r3");
  CHECK(under_way.status == 409);
  CHECK(has(under_way.body, "still under way"));
  CHECK(has(house.get(commands + "/" + fresh).body, "\"about\":\"" + old + "\""));
  CHECK(has(house.get(commands + "/" + fresh).body, "user:anna"));

  REQUIRE(house.post(commands + "/" + fresh + "/cancel", "{}").status == 200);
  const std::string third = field(retry(fresh, "r4").body, "command");
  REQUIRE(house.post(commands + "/" + third + "/approve", "{}").status == 200);
  while (const auto event = stream.read_event())
    if (has(event->data, R"("type":"command.verified")")) break;
  CHECK(has(retry(third, "r5").body, "was done"));
  CHECK(retry("c-none", "r6").status == 404);

  const auto metrics = house.get("/metrics").body;
  CHECK(has(metrics, "\nheliograph_command_confirm_seconds_count 1\n"));
  CHECK(has(metrics, "\nheliograph_command_dispatch_seconds_count 1\n"));
  CHECK(has(metrics, "\nheliograph_approval_answer_seconds_count 1\n"));
  CHECK(has(metrics, "heliograph_safety_refusals_total{rule=\"stop\"} 2\n"));
}
