// What only the host decides, through the shipped binary: its configuration file, and safe mode after it fell over too often.
#include <catch2/catch.hpp>
#include <signal.h>

#include "actors/engine.hpp"
#include "tests/e2e/served_house.hpp"

using namespace heliograph;
using namespace heliograph::e2e;

TEST_CASE("serve --config: the host's limits bind settings, people and dry runs, a wrong file is refused with its pointer") {
  const TempDir scratch;
  const std::string config = scratch / "host.toml";
  write_file(config, "environment = \"test\"\n[limits]\nsoc_floor_percent = 95\n");
  {
    ServedHouse house(scratch / "data", {"--config", config});
    REQUIRE(house.put(home, R"({"soc_floor_percent":95})").status == 200);
    const auto looser = house.replace(home, R"({"soc_floor_percent":50})");
    CHECK(looser.status == 422);
    CHECK(has(looser.body, "soc_floor_percent"));
    house.put(home + "/devices/battery", R"({"kind":"battery"})");
    house.put(home + "/devices/plug-1", R"({"kind":"plug","can_switch":true,"nominal_w":100,"environment":"production"})");
    const std::string now = format_time(SystemClock().now());
    house.post(home + "/readings", R"([{"device":"plug-1","timestamp":")" + now + R"(","switch_on":false},{"device":"battery","timestamp":")" + now + R"(","soc_percent":90}])");
    const auto refused = house.ask("switch_on", "a");
    CHECK(refused.status == 422);
    CHECK(has(refused.body, R"("rule":"environment")"));
    CHECK(has(refused.body, R"("rule":"soc-floor")"));
    CHECK(has(refused.body, R"("limit":950)"));
  }
  write_file(config, "[limits]\nsoc_floor_percent = 5\n");
  const Ended wrong = run({binary(), "serve", "--data", scratch / "data", "--config", config});
  CHECK(wrong.exit == 1);
  CHECK(has(wrong.err, "(/limits/soc_floor_percent)"));
  CHECK(has(wrong.err, config));
  CHECK(run({binary(), "serve", "--config", scratch / "none"}).exit == 1);
}

TEST_CASE("five kills within ten minutes: the next start commands nothing, shows it, can be stopped, an ordered stop ends it") {
  const TempDir scratch;
  const std::string data = scratch / "data";
  for (int i = 0; i < 5; ++i) {
    ServedHouse house(data);
    if (i == 0) house.furnish();
    CHECK(has(house.get("/health").body, R"("safe_mode":false)"));
    house.server.end(SIGKILL);
  }
  {
    ServedHouse house(data);
    CHECK(has(house.get("/health").body, R"("safe_mode":true)"));
    CHECK(has(house.get("/readiness").body, R"("safe_mode":true)"));
    CHECK(has(house.get("/metrics").body, "\nheliograph_safe_mode 1\n"));
    const auto refused = house.ask("switch_on", "a");
    CHECK(refused.status == 409);
    CHECK(has(refused.body, "safe-mode"));
    CHECK(house.ask("switch_off", "b").status == 202);
    CHECK(house.get(home + "/latest").status == 200);
    CHECK(house.post("/api/v1/stop", R"({})").status == 200);
    CHECK(house.post(home + "/stop/lift", R"({"reason":"tried"})").status == 200);
    house.server.end(SIGKILL);
  }
  {
    ServedHouse house(data);  // nobody has stopped it in order yet
    CHECK(has(house.get("/health").body, R"("safe_mode":true)"));
    const Ended ended = house.server.end(SIGTERM);
    CHECK(ended.exit == 0);
    CHECK(has(ended.err, "Safe mode"));
  }
  ServedHouse house(data);
  CHECK(has(house.get("/health").body, R"("safe_mode":false)"));
  const std::string now = format_time(SystemClock().now());
  house.post(home + "/readings", R"([{"device":"plug-1","timestamp":")" + now + R"(","switch_on":false},{"device":"battery","timestamp":")" + now + R"(","soc_percent":90}])");
  const auto asked = house.ask("switch_on", "c");
  INFO(asked.body);
  CHECK_FALSE(has(asked.body, "safe-mode"));
  CHECK(has(house.get("/api/v1/sites/heliograph/audit?type=engine.").body, R"("clean":false,"safe_mode":true)"));
}

TEST_CASE("a clock that stands before the log is in doubt: shown, and trusted again by a named person") {
  const TempDir scratch;
  {
    auto store = open_store(scratch / "data", {.create = true});
    REQUIRE(store);
    ManualClock tomorrow(SystemClock().now() + day_us);
    auto engine = Engine::start(**store, tomorrow, {});
    REQUIRE(engine);
    REQUIRE((*engine)->request_and_wait({{"local"}, {"home"}}, Configure{SiteConfigured{}, {PrincipalKind::user, "anna"}}));
    REQUIRE((*engine)->stop());
  }
  ServedHouse house(scratch / "data");
  const std::string sites = "/api/v1/sites", trust = home + "/clock/trust";
  REQUIRE(has(house.get(sites).body, R"("clock_suspect":true,"clock":{)"));
  CHECK(has(house.get("/metrics").body, "\nheliograph_clock_suspect_sites 1\n"));
  CHECK(house.post(trust, R"({})").status == 200);
  CHECK(has(house.get(sites).body, R"("clock_suspect":false)"));
  CHECK(house.post(trust, R"({})").status == 409);
  CHECK(has(house.get(home + "/audit?type=clock.trusted").body, "user:anna"));
}
