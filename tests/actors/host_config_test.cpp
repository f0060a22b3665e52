// The host's configuration: what it may say, where from, how it is refused, and that its limits hold for every site, however it came.
#include "actors/host_config.hpp"

#include <catch2/catch.hpp>

#include "tests/support/actor_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

LoadedConfig load(const std::string& text, const std::map<std::string, std::string>& environment = {}, const std::map<std::string, std::string>& command_line = {}) {
  return load_config({"host.toml", text, false, environment, command_line});
}

Lines said(const LoadedConfig& loaded) {
  Lines out;
  for (const ConfigProblem& problem : loaded.problems) out.push_back(problem.text("host.toml"));
  return out;
}

/// The one problem's line and pointer.
std::pair<std::uint32_t, std::string> place_of_problem(const std::string& text) {
  const LoadedConfig loaded = load(text);
  for (const std::string& each : said(loaded)) UNSCOPED_INFO(each);
  REQUIRE(loaded.problems.size() == 1);
  CHECK(loaded.problems.front().sentence.size() > 10);
  return {loaded.problems.front().origin.line, loaded.problems.front().pointer};
}

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

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

// ---- what it says ---------------------------------------------------------------------------------------------------------------

TEST_CASE("a configuration is read, and what is left out keeps its default") {
  const LoadedConfig full = load("data = \"/var/lib/h\"\nlisten = \"127.0.0.1:1\"\nenvironment = \"test\"\n[limits]\nsoc_floor_percent = 25.5\ngrid_import_w_max = 8000\n"
                                 "[features]\npolling = false\ncontrol = true\n[server]\nbehind_proxy = true\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]\nallowed_hosts = [\"nas\"]\n"
                                 "cors_origins = [\"http://nas:8080\"]\npublic_url = \"https://hub.example/h\"\n[metrics]\npublic = true\n");
  REQUIRE(said(full).empty());
  CHECK(full.config.data == "/var/lib/h");
  CHECK(full.config.server.listen == "127.0.0.1:1");
  CHECK(full.config.limits.environment == "test");
  CHECK(full.config.limits.soc_floor_permille == 255);
  CHECK(full.config.limits.grid_import_w_max == 8000);
  CHECK_FALSE(full.config.features.polling);
  CHECK(full.config.limits.control);
  CHECK_FALSE(full.config.limits.automation);
  CHECK(full.config.server.trusted_proxies.size() == 2);
  CHECK(full.config.server.public_url == "https://hub.example/h");
  CHECK(full.config.server.public_metrics);
  const LoadedConfig empty = load("");
  REQUIRE(said(empty).empty());
  CHECK(empty.config.limits.environment == "production");
  CHECK(empty.config.limits.soc_floor_permille == soc_floor_least);
  CHECK(empty.config.limits.grid_import_w_max == 0);
  CHECK(empty.config.features.polling);
  CHECK_FALSE(empty.config.limits.control);
  CHECK_FALSE(empty.config.limits.automation);
  CHECK_FALSE(empty.config.notify);
}

TEST_CASE("a simulated house takes commands unless the configuration says otherwise") {
  CHECK(limits_for_simulated(load("").config).control);
  CHECK(limits_for_simulated(load("").config).automation);
  const HostConfig off = load("features = { control = false }\nlimits = { soc_floor_percent = 30 }").config;
  CHECK_FALSE(limits_for_simulated(off).control);
  CHECK(limits_for_simulated(off).automation);
  CHECK(limits_for_simulated(off).soc_floor_permille == 300);
}

// ---- how it is refused ----------------------------------------------------------------------------------------------------------

TEST_CASE("what cannot be meant is refused with a sentence, its pointer and its line") {
  using Where = std::pair<std::uint32_t, std::string>;
  const std::pair<const char*, Where> wrong[] = {
      {"[limits]\nsoc_floor_percent = 19", {2, "/limits/soc_floor_percent"}}, {"limits.soc_floor_percent = 101", {1, "/limits/soc_floor_percent"}},
      {"limits.soc_floor_percent = \"30\"", {1, "/limits/soc_floor_percent"}}, {"limits.soc_floor_percent = 20.05", {1, "/limits/soc_floor_percent"}},
      {"limits.grid_import_w_max = 0", {1, "/limits/grid_import_w_max"}}, {"limits.grid_import_w_max = -1", {1, "/limits/grid_import_w_max"}},
      {"\n\nlimits.floor = 30", {3, "/limits/floor"}}, {"limits = 7", {1, "/limits"}}, {"environment = \"Production!\"", {1, "/environment"}},
      {"environment = 7", {1, "/environment"}}, {"dta = \"x\"", {1, "/dta"}}, {"data = 7", {1, "/data"}}, {"data = \"\"", {1, "/data"}}, {"features.control = 1", {1, "/features/control"}},
      {"a = 1\n[limits\n", {2, ""}}, {"data = x", {1, ""}}, {"data = \"a\"\ndata = \"b\"", {2, ""}}, {"data = 2001-01-01", {1, "/data"}}, {"limits.soc_floor_percent = inf", {1, "/limits/soc_floor_percent"}},
      {"[tls]\ncertificate = \"c\"", {1, "/tls/key"}}, {"[tls]\nkey = \"c\"", {1, "/tls/certificate"}}, {"tls = { certificate = \"c\", key = \"\" }", {1, "/tls/key"}},
      {"server.trusted_proxies = [\"10.0.0.0/33\"]", {1, "/server/trusted_proxies"}}, {"server.trusted_proxies = [\"proxy\"]", {1, "/server/trusted_proxies"}},
      {"server.trusted_proxies = \"10.0.0.1\"", {1, "/server/trusted_proxies"}}, {"server.allowed_hosts = [\"Hub.example\"]", {1, "/server/allowed_hosts"}},
      {"server.allowed_hosts = [\"*\"]", {1, "/server/allowed_hosts"}}, {"server.allowed_hosts = [\"hub:80\"]", {1, "/server/allowed_hosts"}}, {"server.allowed_hosts = [7]", {1, "/server/allowed_hosts"}},
      {"server.cors_origins = [\"*\"]", {1, "/server/cors_origins"}}, {"server.cors_origins = [\"https://a.example/\"]", {1, "/server/cors_origins"}},
      {"server.cors_origins = [\"https://a.example:0\"]", {1, "/server/cors_origins"}}, {"server.public_url = \"http://hub.example\"", {1, "/server/public_url"}},
      {"server.public_url = \"https://hub.example/\"", {1, "/server/public_url"}}, {"server.public_url = \"https://hub.example?x\"", {1, "/server/public_url"}}, {"metrics.public = \"yes\"", {1, "/metrics/public"}}};
  for (const auto& [text, where] : wrong) {
    INFO(text);
    CHECK(place_of_problem(text) == where);
  }
}

TEST_CASE("all problems are said, in the order of the file, and an unknown key with the nearest one") {
  CHECK(said(load("enviroment = \"test\"\n[limits]\nsoc_flor_percent = 30\ngrid_import_w_max = 0\n")) ==
        Lines{"host.toml:1: The configuration has no field \"enviroment\": did you mean \"environment\"? (/enviroment)",
              "host.toml:3: \"limits\" has no field \"soc_flor_percent\": did you mean \"soc_floor_percent\"? (/limits/soc_flor_percent)",
              "host.toml:4: \"grid_import_w_max\" must be a number from 1 to 1000000000 W. (/limits/grid_import_w_max)"});
}

TEST_CASE("a text that is no TOML is refused with line and column, and without a word of what stands there") {
  for (const char* text : {"password = hunter2", "password = thunter2", "password = \"\\hunter2\"", "password = 0xhunter2", "password = 99999999999999999999999999hunter2", "password = 1hunter2"}) {
    INFO(text);
    const LoadedConfig loaded = load(std::string("# a line\n") + text);
    REQUIRE(loaded.problems.size() == 1);
    CHECK(has(loaded.problems[0].sentence, "line 2, column "));
    CHECK_FALSE(has(loaded.problems[0].sentence, "unter"));
  }
  CHECK(load(std::string(2'000'000, '#')).problems.size() == 1);
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "a.";
  CHECK(load(deep + "b = 1").problems.size() == 1);
  CHECK(load("a = " + std::string(200, '[') + std::string(200, ']')).problems.size() == 1);
}

TEST_CASE("letters and signs where no text of TOML has them are refused with their line") {
  using Where = std::pair<std::uint32_t, std::string>;
  for (const char* text : {"\ndata = \xc3\xa9", "# \xc3\xa9\n[.limits]", "# \xc3\xa9\n[[ =", "\ndata = \"x\nlisten = \"y\"", "\ndata = 1\"\xc3\xa9\""}) {
    INFO(text);
    CHECK(place_of_problem(text) == Where{2, ""});
  }
  CHECK(load("data = \"/srv/\xc3\xa9\" # \xc3\xa9\nenvironment = 'a'").config.data == "/srv/\xc3\xa9");
}

// ---- where it comes from --------------------------------------------------------------------------------------------------------

TEST_CASE("the command line wins over the environment, that over the file, that over the default") {
  const std::string file = "data = \"f\"\nlisten = \"127.0.0.1:1\"\nenvironment = \"file\"\n";
  const LoadedConfig all = load(file, {{"HELIOGRAPH_LISTEN", "127.0.0.1:2"}, {"HELIOGRAPH_DATA", "e"}, {"PATH", "/bin"}}, {{"listen", "127.0.0.1:3"}});
  REQUIRE(said(all).empty());
  CHECK(all.config.server.listen == "127.0.0.1:3");
  CHECK(all.config.data == "e");
  CHECK(all.config.limits.environment == "file");
  CHECK(all.layers.origin("/listen").source == ConfigSource::command_line);
  CHECK(all.layers.origin("/data").variable == "HELIOGRAPH_DATA");
  CHECK(all.layers.origin("/environment").line == 3);
  CHECK(all.layers.origin("/limits/soc_floor_percent").source == ConfigSource::preset);
}

TEST_CASE("every form of value can come from the environment, and a wrong one names its variable") {
  const LoadedConfig good = load("[server]\nallowed_hosts = [\"a\", \"b\"]", {{"HELIOGRAPH_LIMITS_SOC_FLOOR_PERCENT", "25.5"}, {"HELIOGRAPH_LIMITS_GRID_IMPORT_W_MAX", "8000"}, {"HELIOGRAPH_FEATURES_CONTROL", "true"},
                                      {"HELIOGRAPH_SERVER_ALLOWED_HOSTS", "c, d,e"}, {"HELIOGRAPH_ENVIRONMENT", ""}});
  REQUIRE(said(good).empty());
  CHECK(good.config.limits.soc_floor_permille == 255);
  CHECK(good.config.limits.grid_import_w_max == 8000);
  CHECK(good.config.limits.control);
  CHECK(good.config.server.allowed_hosts == std::vector<std::string>{"c", "d", "e"});
  CHECK(good.config.limits.environment == "production");  // an empty variable is none
  CHECK(said(load("", {{"HELIOGRAPH_FEATURES_CONTROL", "yes"}})) == Lines{"HELIOGRAPH_FEATURES_CONTROL: \"control\" must be true or false. (/features/control)"});
  CHECK(said(load("", {{"HELIOGRAPH_LIMITS_SOC_FLOOR_PERCENT", "25,5"}})).front().starts_with("HELIOGRAPH_LIMITS_SOC_FLOOR_PERCENT: "));
  CHECK(said(load("limits = 7", {{"HELIOGRAPH_LIMITS_SOC_FLOOR_PERCENT", "25"}})).size() == 1);
}

TEST_CASE("an unknown variable with our prefix is refused with the nearest name, those of tests and those that the file names are not") {
  CHECK(said(load("", {{"HELIOGRAPH_LISTN", "x"}})) == Lines{"There is no key for the environment variable \"HELIOGRAPH_LISTN\": did you mean HELIOGRAPH_LISTEN?"});
  CHECK(said(load("", {{"HELIOGRAPH_LIMIT_SOC_FLOOR_PERCENT", "30"}})).front() == "There is no key for the environment variable \"HELIOGRAPH_LIMIT_SOC_FLOOR_PERCENT\": did you mean HELIOGRAPH_LIMITS_SOC_FLOOR_PERCENT?");
  CHECK(has(said(load("", {{"HELIOGRAPH_SOMETHING_ELSE_ENTIRELY", ""}})).front(), "docs/CONFIGURATION.md"));
  CHECK(said(load("", {{"HELIOGRAPH_CONFIG", "x"}, {"HELIOGRAPH_SEED", "1"}, {"HELIOGRAPH_TEST_ANYTHING", "1"}, {"HELIO", "1"}})).empty());
  CHECK(said(load("[[notify.slack]]\nid = \"ops\"\nurl_env = \"HELIOGRAPH_MY_HOOK\"", {{"HELIOGRAPH_MY_HOOK", "https://hooks.slack.com/services/T0/B0/x"}})).empty());
}

// ---- who reaches it -----------------------------------------------------------------------------------------------------------------

TEST_CASE("another address than this machine's own needs TLS, or a proxy that has it") {
  for (const char* own : {"127.0.0.1:0", "127.8.0.1:80", "[::1]:8080", "localhost:8080"}) CHECK(said(load("", {}, {{"listen", own}})).empty());
  for (const char* open : {"0.0.0.0:8080", "[::]:8080", "192.168.1.5:80", "[2001:db8::1]:443"}) {
    INFO(open);
    const auto problems = said(load("", {}, {{"listen", open}}));
    REQUIRE(problems.size() == 1);
    CHECK(has(problems.front(), "behind_proxy = true"));
    CHECK(has(problems.front(), "(/listen)"));
    CHECK(said(load("server.behind_proxy = true", {}, {{"listen", open}})).empty());
    CHECK(said(load("tls = { certificate = \"c\", key = \"k\" }", {}, {{"listen", open}})).empty());
  }
  for (const char* none : {"8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "hub.example:80", "[127.0.0.1]:80", "::1:80", "0x7f.1:80", ""})
    CHECK(load("", {}, {{"listen", none}}).problems.size() == 1);
}

// ---- that it binds ------------------------------------------------------------------------------------------------------------------

TEST_CASE("the host's limits hold for a site that is new, that was restarted, and that was recovered") {
  TestStore store;
  ManualClock clock(monday_noon);
  {
    World world(store, clock, strict());
    Configure at_the_hosts_floor{SiteConfigured{}, anna};
    at_the_hosts_floor.settings.soc_floor_permille = 950;
    REQUIRE(world.ask(at_the_hosts_floor)->ok());
    furnish(world);  // at 90 %
    CHECK(refusal_of(world) == "soc-floor");
    const SiteKey late{{"acme"}, {"late"}};
    CHECK(world.ask(Configure{SiteConfigured{}, anna}, late)->error() == Errc::invalid);  // a floor below the host's
    CHECK(world.ask(ask_for("miner-1", Action::switch_on), late)->error() == Errc::not_found);  // what was refused has made nothing
    CHECK_FALSE(world.directory.known_flag(late));
    REQUIRE(world.ask(at_the_hosts_floor, late)->ok());
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
