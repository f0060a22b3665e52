// The host's configuration: what it may say, how it is refused, and that its limits hold for every site, however it came.
#include "actors/host_config.hpp"

#include <catch2/catch.hpp>

#include "tests/support/actor_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

HostLimits strict() {
  HostLimits limits;
  limits.soc_floor_permille = 950;
  limits.environment = "test";
  return limits;
}

std::string refusal_of(World& world, const SiteKey& site = villa) {
  const auto outcome = world.ask(ask_for("miner-1", Action::switch_on), site);
  REQUIRE(outcome->ok());
  const auto& refusals = (*outcome->result)->command->refusals;
  return refusals.empty() ? "" : refusals.front().rule;
}

}  // namespace

TEST_CASE("a configuration is read from JSON and from YAML, and what is left out keeps its default") {
  const auto json = parse_host_config(R"({"data":"/var/lib/h","listen":"127.0.0.1:1","environment":"test","limits":{"soc_floor_percent":25.5,"grid_import_w_max":8000}})");
  REQUIRE(json);
  CHECK(json->data == "/var/lib/h");
  CHECK(json->listen == "127.0.0.1:1");
  CHECK(json->limits.environment == "test");
  CHECK(json->limits.soc_floor_permille == 255);
  CHECK(json->limits.grid_import_w_max == 8000);
  const auto yaml = parse_host_config("environment: test\nlimits:\n  soc_floor_percent: 25.5\n  grid_import_w_max: 8000\n");
  REQUIRE(yaml);
  CHECK(yaml->limits.soc_floor_permille == 255);
  CHECK_FALSE(yaml->data);
  const auto empty = parse_host_config("{}");
  REQUIRE(empty);
  CHECK(empty->limits.environment == "production");
  CHECK(empty->limits.soc_floor_permille == soc_floor_least);
  CHECK(empty->limits.grid_import_w_max == 0);
}

TEST_CASE("a configuration that cannot be meant is refused with a sentence and a pointer") {
  const std::pair<const char*, const char*> wrong[] = {
      {R"({"limits":{"soc_floor_percent":19}})", "/limits/soc_floor_percent"}, {R"({"limits":{"soc_floor_percent":101}})", "/limits/soc_floor_percent"},
      {R"({"limits":{"soc_floor_percent":"30"}})", "/limits/soc_floor_percent"}, {R"({"limits":{"soc_floor_percent":20.05}})", "/limits/soc_floor_percent"},
      {R"({"limits":{"grid_import_w_max":0}})", "/limits/grid_import_w_max"}, {R"({"limits":{"grid_import_w_max":-1}})", "/limits/grid_import_w_max"},
      {R"({"limits":{"floor":30}})", "/limits/floor"}, {R"({"limits":7})", "/limits"}, {R"({"environment":"Production!"})", "/environment"},
      {R"({"environment":7})", "/environment"}, {R"({"dta":"x"})", "/dta"}, {R"({"data":7})", "/data"}, {"[1]", ""}, {"{", ""}};
  for (const auto& [text, pointer] : wrong) {
    INFO(text);
    const auto config = parse_host_config(text);
    REQUIRE_FALSE(config);
    CHECK(config.error().code == Errc::invalid);
    CHECK(config.error().pointer == pointer);
    CHECK(config.error().sentence.size() > 10);
  }
  CHECK(parse_host_config(R"({"dta":"x","limits":{"soc_floor_percent":1}})").error().sentence.find("(and 1 more)") != std::string::npos);
}

TEST_CASE("the host's limits hold for a site that is new, that was restarted, and that was recovered") {
  TestStore store;
  ManualClock clock(monday_noon);
  {
    World world(store, clock, strict());
    furnish(world);  // at 90 %
    CHECK(refusal_of(world) == "soc-floor");
    const SiteKey late{{"acme"}, {"late"}};
    furnish(world, late);
    CHECK(refusal_of(world, late) == "soc-floor");
    world.kill(villa);
    world.run();
    CHECK(refusal_of(world) == "soc-floor");
  }
  World again(store, clock, strict());
  CHECK(refusal_of(again) == "soc-floor");
  CHECK(again.ask(Configure{SiteConfigured{}, anna})->error() == Errc::invalid);  // a floor below the host's
}

TEST_CASE("a device of another environment than the host's is never told") {
  TestStore store;
  ManualClock clock(monday_noon);
  HostLimits test;
  test.environment = "test";
  World world(store, clock, test);
  furnish(world);
  DeviceRegistered real = plug("miner-1");
  real.environment = "production";
  world.ask(RegisterDevice{real, anna});
  const auto port = std::make_shared<WitnessPort>(store.log());
  world.drive("miner-1", port);
  CHECK(refusal_of(world) == "environment");
  const auto off = world.ask(ask_for("miner-1", Action::switch_off));
  CHECK((*off->result)->command->refusals.front().rule == "environment");
  CHECK(port->sends.empty());
}
