// The emergency stop when nothing else works, through the shipped binary: over its own line, and past thousands of slow connections.
#include <catch2/catch.hpp>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <list>

#include "tests/e2e/served_house.hpp"

using namespace heliograph;
using namespace heliograph::e2e;

namespace {

Ended stop(const std::string& data, const std::vector<std::string>& more = {}) {
  std::vector<std::string> argv{binary(), "stop", "--data", data};
  argv.insert(argv.end(), more.begin(), more.end());
  return run(argv);
}

bool refuses(ServedHouse& house, const std::string& key) { return has(house.ask("switch_on", key).body, "emergency-stop"); }

}  // namespace

TEST_CASE("heliograph stop: says what is stopped and that it is on record, is a person's in the audit, holds across a kill, and does not lift") {
  const TempDir scratch;
  const std::string data = scratch / "data";
  {
    ServedHouse house(data);
    house.furnish();
    REQUIRE(house.put("/api/v1/sites/barn", "{}").status == 200);
    struct stat socket{};
    REQUIRE(::stat((data + "/stop.sock").c_str(), &socket) == 0);
    CHECK(S_ISSOCK(socket.st_mode));
    CHECK((socket.st_mode & 0777) == 0600);
    const Ended stopped = stop(data, {"--reason", "smoke"});
    CHECK(stopped.exit == 0);
    CHECK(has(stopped.out, "Stopped: barn, home."));
    CHECK(has(stopped.out, "On record"));
    CHECK(stopped.err.empty());
    CHECK(refuses(house, "a"));
    CHECK(has(house.get(home + "/audit?type=stop.").body, R"("reason":"smoke")"));
    CHECK(has(house.get(home + "/audit?type=stop.").body, R"("principal":"user:)"));
    const Ended json = stop(data, {"--json"});
    CHECK(json.exit == 0);
    CHECK(has(json.out, R"("on_record":true)"));
    CHECK(has(json.out, R"("sites":["barn","home"])"));
    CHECK(stop(data, {"--lift"}).exit != 0);
    house.server.end(SIGKILL);
  }
  CHECK(std::filesystem::exists(data + "/stop.sock"));  // left behind; the next one takes its place
  ServedHouse house(data);
  CHECK(refuses(house, "b"));
  CHECK(stop(data).exit == 0);
  CHECK(house.post(home + "/stop/lift", R"({"reason":"toast"})").status == 200);
  CHECK_FALSE(refuses(house, "c"));
  house.server.end(SIGTERM);
  CHECK_FALSE(std::filesystem::exists(data + "/stop.sock"));
  const Ended nobody = stop(data);
  CHECK(nobody.exit == 1);
  CHECK(has(nobody.err, "No Heliograph serves"));
  CHECK(stop(scratch / "nothing").exit == 1);
}

TEST_CASE("heliograph stop: a data directory with a path longer than a socket's name can be") {
  const TempDir scratch;
  const std::string data = scratch / std::string(90, 'a') + "/" + std::string(90, 'b');
  ServedHouse house(data);
  house.furnish();
  CHECK(std::filesystem::exists(data + "/stop.sock"));
  CHECK(stop(data).exit == 0);
  CHECK(refuses(house, "a"));
}

TEST_CASE("2,000 slow connections: POST /api/v1/stop and heliograph stop are answered, everybody else is told to come again") {
  rlimit files{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &files) == 0);
  files.rlim_cur = files.rlim_max;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &files) == 0);
  const TempDir scratch;
  const std::string data = scratch / "data";
  ServedHouse house(data);
  house.furnish();
  std::list<test::HttpClient> slow;
  for (int i = 0; i < 2'000; ++i) slow.emplace_back(house.server.port()).send("POST /api/v1/st");
  CHECK(test::HttpClient(house.server.port()).request("GET", "/health").status == 503);
  for (int i = 0; i < 20; ++i) {
    test::HttpClient client(house.server.port());
    const auto stopped = client.request("POST", "/api/v1/stop", R"({"reason":"smoke"})", {{"Content-Type", "application/json"}});
    CHECK(stopped.status == 200);
    CHECK(has(stopped.body, R"("on_record":true)"));
    slow.emplace_back(house.server.port()).send("POST /api/v1/st");
  }
  CHECK(stop(data).exit == 0);
  CHECK(refuses(house, "a"));  // who was there before is still served
}
