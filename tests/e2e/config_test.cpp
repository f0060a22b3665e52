// The configuration through the shipped binary: its three places, the flags off and on, check-config, and that nothing listens in plain text
// where others could hear.
#include <catch2/catch.hpp>
#include <signal.h>
#include <sys/stat.h>

#include "tests/e2e/served_house.hpp"

using namespace heliograph;
using namespace heliograph::e2e;

namespace {

const Environment dark{{"HELIOGRAPH_FEATURES_CONTROL", ""}, {"HELIOGRAPH_FEATURES_AUTOMATION", ""}};

std::string flags_of(ServedHouse& house) {
  const std::string body = house.get("/health").body;
  const auto at = body.find("\"features\":");
  return at == std::string::npos ? "" : body.substr(at + 11, body.find('}', at) - at - 10);
}

}  // namespace

TEST_CASE("a host that says nothing is dark: readings come, every command is refused with what to do, the stop works, a flag and a start turn it on and off") {
  const TempDir scratch;
  const std::string data = scratch / "data", config = scratch / "host.toml";
  {
    ServedHouse house(data, {}, dark);
    CHECK(flags_of(house) == R"({"polling":true,"control":false,"automation":false})");
    house.furnish();
    for (const char* action : {"switch_on", "switch_off"}) {
      const auto refused = house.ask(action, action);
      CHECK(refused.status == 409);
      CHECK(has(refused.body, R"("rule":"control-off")"));
      CHECK(has(refused.body, "HELIOGRAPH_FEATURES_CONTROL=true"));
    }
    CHECK(has(house.get(home + "/latest").body, "90"));
    CHECK(house.post("/api/v1/stop", R"({"reason":"a test"})").status == 200);
    CHECK(house.post(home + "/stop/lift", R"({"reason":"tried"})").status == 200);
    house.server.end(SIGTERM);
  }
  write_file(config, "[features]\ncontrol = true\n");
  {
    ServedHouse house(data, {"--config", config}, dark);
    CHECK(flags_of(house) == R"({"polling":true,"control":true,"automation":false})");
    CHECK(house.ask("switch_off", "lit").status == 202);
    house.server.end(SIGTERM);
  }
  ServedHouse house(data, {"--config", config}, {{"HELIOGRAPH_FEATURES_CONTROL", "false"}});
  CHECK(house.ask("switch_off", "dark-again").status == 409);
  CHECK(has(house.server.end(SIGTERM).out, "No real device is commanded"));
}

TEST_CASE("with automation off people command and a rule's command is refused") {
  const TempDir scratch;
  ServedHouse house(scratch / "data", {}, {{"HELIOGRAPH_FEATURES_AUTOMATION", "false"}});
  house.furnish();
  const auto saved = house.post(home + "/rules", R"({"id":"low","triggers":[{"metric":"soc_percent","device":"battery","below":80,"rearm":95}],"actions":[{"do":"switch_off","device":"plug-1"}]})", "rule");
  INFO(saved.body);
  REQUIRE(saved.status == 201);
  house.ask("switch_on", "a");
  const std::string now = format_time(SystemClock().now());
  house.post(home + "/readings", R"([{"device":"plug-1","timestamp":")" + now + R"(","switch_on":true}])");
  house.post(home + "/readings", R"([{"device":"battery","timestamp":")" + now + R"(","soc_percent":70}])");
  CHECK(has(house.get(home + "/audit?type=command.refused").body, "automation-not-enabled"));
}

TEST_CASE("a simulated house takes commands on a dark host, real sites beside it do not, the configuration can say otherwise") {
  const TempDir scratch;
  const std::string toy = R"({"device":"battery","action":"set_power","power_w":0})";
  {
    ServedHouse house(scratch / "data", {"--simulate", "toy"}, dark);
    house.furnish();
    CHECK(flags_of(house) == R"({"polling":true,"control":false,"automation":false})");
    CHECK(has(house.ask("switch_off", "real").body, "control-off"));
    const auto done = house.post("/api/v1/sites/toy/commands", toy, "toy");
    INFO(done.body);
    CHECK(done.status == 202);
    house.server.end(SIGTERM);
  }
  ServedHouse house(scratch / "data", {"--simulate", "toy"}, {{"HELIOGRAPH_FEATURES_CONTROL", "false"}});
  CHECK(has(house.post("/api/v1/sites/toy/commands", toy, "again").body, "control-off"));
}

TEST_CASE("polling off: a simulated house is not asked, the engine's own readings stay") {
  const TempDir scratch;
  ServedHouse house(scratch / "data", {"--simulate", "toy"}, {{"HELIOGRAPH_FEATURES_POLLING", "false"}});
  test::HttpClient stream(house.server.port());
  REQUIRE(stream.send("GET /api/v1/stream?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  REQUIRE(stream.read_stream_head().status == 200);
  bool own = false;
  while (const auto event = stream.read_event()) {
    if (!has(event->data, "\"type\":\"readings")) continue;
    own = has(event->data, "\"site\":\"heliograph\"");
    break;
  }
  CHECK(own);
}

TEST_CASE("names and origins that are let in are those of the configuration, and no others") {
  const TempDir scratch;
  ServedHouse house(scratch / "data", {}, {{"HELIOGRAPH_SERVER_ALLOWED_HOSTS", "nas"}, {"HELIOGRAPH_SERVER_PUBLIC_URL", "https://hub.example"}, {"HELIOGRAPH_SERVER_CORS_ORIGINS", "https://app.example"}});
  const auto status_for = [&](const std::string& host) {
    test::HttpClient client(house.server.port());
    client.send("GET /health HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    return client.read_reply().status;
  };
  CHECK(status_for("nas") == 200);
  CHECK(status_for("hub.example") == 200);
  CHECK(status_for("other.example") == 421);
  const auto origin = [&](const std::string& asks) { return house.client.request("GET", "/health", {}, {{"Origin", asks}}).header("Access-Control-Allow-Origin"); };
  CHECK(origin("https://app.example") == "https://app.example");
  CHECK(origin("https://evil.example").empty());
}

TEST_CASE("the emergency stop finds its house by the environment and asks nothing of the configuration") {
  const TempDir scratch;
  ServedHouse house(scratch / "data", {}, dark);
  const Ended stopped = run({binary(), "stop", "--reason", "smoke"}, {{"HELIOGRAPH_DATA", scratch / "data"}, {"HELIOGRAPH_LISTN", "x"}, {"HELIOGRAPH_CONFIG", scratch / "none"}});
  INFO(stopped.err);
  CHECK(stopped.exit == 0);
}

TEST_CASE("check-config: good with what is in effect, or every problem, serve refuses the same") {
  const TempDir scratch;
  const std::string config = scratch / "host.toml";
  write_file(config, "[limits]\nsoc_floor_percent = 30\n");
  const Ended good = run({binary(), "check-config", "--config", config, "--listen", "127.0.0.1:1"}, dark);
  INFO(good.err);
  CHECK(good.exit == 0);
  CHECK(has(good.out, config + " is good."));
  CHECK(has(good.out, "command line"));
  CHECK(has(run({binary(), "check-config", "--json"}, {{"HELIOGRAPH_CONFIG", config}}).out, R"({"key":"limits.soc_floor_percent","value":30,"source":"file","line":2})"));
  write_file(config, "listen = \"0.0.0.0:80\"\n[limits]\nsoc_floor_percent = 5\nflor = 1\n");
  const Environment typo{{"HELIOGRAPH_LISTNE", "x"}};
  const std::string problems = run({binary(), "check-config", "--config", config}, typo).err;
  CHECK(has(problems, "heliograph: " + config + ":1: At \"0.0.0.0:80\""));
  CHECK(has(problems, config + ":3: "));
  CHECK(has(problems, config + ":4: "));
  CHECK(has(problems, "did you mean HELIOGRAPH_LISTEN?"));
  for (const std::vector<std::string>& verb : {std::vector<std::string>{"serve", "--data", scratch / "data"}, {"replay", "--site", "home", "--data", scratch / "data"}}) {
    std::vector<std::string> line{binary()};
    line.insert(line.end(), verb.begin(), verb.end());
    line.insert(line.end(), {"--config", config});
    const Ended refused = run(line, typo);
    CHECK(refused.exit == 1);
    CHECK(refused.err == problems);
  }
  CHECK(run({binary(), "check-config", "--config", scratch / "none"}).exit == 1);
  CHECK(run({binary(), "check-config", "--config", scratch.path()}).exit == 1);
}

TEST_CASE("secrets: never in what is printed, refused in a file that others can read, and there is no option for one") {
  const TempDir scratch;
  const std::string config = scratch / "host.toml";
  write_file(config, "[notify.mail]\nhost = \"smtp.example.org\"\nfrom = \"hub@example.org\"\nuser = \"hub\"\npassword = \"hunter2\"\n");
  ::chmod(config.c_str(), 0644);
  const Ended open = run({binary(), "check-config", "--config", config});
  CHECK(open.exit == 1);
  CHECK(has(open.err, "chmod 600 " + config));
  CHECK_FALSE(has(open.err, "hunter2"));
  ::chmod(config.c_str(), 0600);
  const Ended shut = run({binary(), "check-config", "--json", "--config", config});
  CHECK(shut.exit == 0);
  CHECK(has(shut.out, R"("value":"set")"));
  CHECK_FALSE(has(shut.out, "hunter2"));
  CHECK(run({binary(), "serve", "--notify.mail.password", "hunter2"}).exit != 0);
}

TEST_CASE("P8: serve does not run as root unless it is told that it may, the demo does", "[reliability]") {
  if (::geteuid() != 0) {
    WARN("Not run as root: nothing to refuse.");
    return;
  }
  const TempDir scratch;
  const Ended refused = run({binary(), "serve", "--data", scratch / "data", "--listen", "127.0.0.1:0"}, {{"HELIOGRAPH_SERVER_ALLOW_ROOT", ""}});
  CHECK(refused.exit == 1);
  CHECK(has(refused.err, "does not serve as root"));
  CHECK(has(refused.err, "allow_root = true"));
  CHECK_FALSE(std::filesystem::exists(scratch / "data"));
  CHECK(Server({binary(), "serve", "--data", scratch / "data", "--listen", "127.0.0.1:0"}).port() != 0);
  CHECK(Server({binary(), "demo", "--listen", "127.0.0.1:0", "--past-days", "1"}, {{"HELIOGRAPH_SERVER_ALLOW_ROOT", ""}}).port() != 0);
}

TEST_CASE("nothing listens in plain text where others could hear: serve and demo refuse it, and TLS without its files") {
  const TempDir scratch;
  const Ended open = run({binary(), "serve", "--data", scratch / "data", "--listen", "0.0.0.0:0"});
  CHECK(open.exit == 1);
  CHECK(has(open.err, "behind_proxy = true"));
  CHECK(run({binary(), "demo", "--listen", "[::]:0"}).exit == 1);
  const Ended tls = run({binary(), "serve", "--data", scratch / "data", "--listen", "0.0.0.0:0"}, {{"HELIOGRAPH_TLS_CERTIFICATE", "c"}, {"HELIOGRAPH_TLS_KEY", "k"}});
  CHECK(tls.exit == 1);
  CHECK(has(tls.err, "The certificate file c cannot be read"));
  CHECK_FALSE(std::filesystem::exists(scratch / "data"));
  const Ended checked = run({binary(), "check-config"}, {{"HELIOGRAPH_TLS_CERTIFICATE", "c"}, {"HELIOGRAPH_TLS_KEY", "k"}});
  CHECK(checked.exit == 1);
  CHECK(checked.err == tls.err);
}
