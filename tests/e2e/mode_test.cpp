// Modes over HTTP: declared with the device, set through the gate, shown by readings, refused where they are not known (CTL-14).
#include "tests/e2e/served_house.hpp"
#include "tests/support/temp_dir.hpp"

using namespace heliograph;
using namespace heliograph::e2e;

namespace {

struct MinerHouse : ServedHouse {
  explicit MinerHouse(const std::string& data) : ServedHouse(data) {
    furnish();
    REQUIRE(put(home + "/devices/node", R"({"kind":"node","name":"Miner 7","modes":{"PASSIVE":0,"ECO":900,"MAX":3000}})").status == 200);
    hear("PASSIVE");
  }
  void hear(const std::string& mode) {
    REQUIRE(post(home + "/readings", R"({"device":"node","timestamp":")" + format_time(SystemClock().now()) + R"(","soc_percent":90,"mode":")" + mode + "\"}").status == 200);
  }
  test::Reply set(const std::string& mode, const std::string& key) {
    return post(commands, R"({"device":"node","action":"set_mode","mode":")" + mode + R"("})", key);
  }
};

}  // namespace

TEST_CASE("over HTTP: a mode is declared, set, shown and remembered") {
  const TempDir scratch;
  {
    MinerHouse house(scratch / "data");
    CHECK(has(house.get(home + "/devices").body, R"("modes":{"PASSIVE":0,"ECO":900,"MAX":3000})"));
    const auto asked = house.set("ECO", "one");
    CHECK(asked.status == 202);
    const std::string command = commands + "/" + field(asked.body, "command");
    CHECK(has(house.get(command).body, R"("type":"command.dispatched")"));  // nothing is attached that could confirm it
    house.hear("ECO");
    CHECK(has(house.get(home + "/latest").body, R"("ECO")"));
  }
  ServedHouse again(scratch / "data");
  CHECK(has(again.get(home + "/devices").body, R"("modes":{"PASSIVE":0,"ECO":900,"MAX":3000})"));
  CHECK(has(again.get(home + "/audit?limit=1000").body, R"("action":"set_mode","mode":"ECO","power_w":900)"));
}

TEST_CASE("over HTTP: modes that cannot be meant are refused with one sentence, and nothing is sent") {
  const TempDir scratch;
  MinerHouse house(scratch / "data");
  const auto unknown = house.set("TURBO", "one");
  CHECK(unknown.status == 422);
  CHECK(has(unknown.body, R"(\"node\" knows the modes \"PASSIVE\", \"ECO\", \"MAX\": take one of them.)"));
  const auto plug = house.post(commands, R"({"device":"plug-1","action":"set_mode","mode":"ECO"})", "two");
  CHECK(plug.status == 422);
  CHECK(has(plug.body, R"(\"plug-1\" has no modes that can be set.)"));
  int asked = 0;
  const auto bad = [&](const std::string& fields, const std::string& words) {
    const auto reply = house.post(commands, R"({"device":"node",)" + fields + "}", "bad-" + std::to_string(++asked));
    INFO(reply.status << " " << reply.body);
    CHECK((reply.status == 400 || reply.status == 422));
    CHECK(has(reply.body, words));
  };
  bad(R"("action":"set_mode")", "set_mode needs \\\"mode\\\"");
  bad(R"("action":"set_mode","mode":7)", "/mode");
  bad(R"("action":"set_mode","mode":"ECO","power_w":900)", "Only set_power takes");
  bad(R"("action":"switch_on","mode":"ECO")", "Only set_mode takes");
  const auto declared = [&](const std::string& modes, const std::string& words) {
    const auto reply = house.put(home + "/devices/other", R"({"kind":"node","modes":)" + modes + "}");
    INFO(modes << " " << reply.status << " " << reply.body);
    CHECK((reply.status == 400 || reply.status == 422));
    CHECK(has(reply.body, words));
  };
  declared("[]", "names each mode with the most that the device draws");
  declared(R"({"ECO":"900 W"})", "whole number of watts");
  declared(R"({"ECO":-1})", "between 0 W and 1 GW");
  declared(R"({"":1})", "1 to 40 characters");
  CHECK_FALSE(has(house.get(home + "/devices").body, "\"other\""));
  CHECK_FALSE(has(house.get(home + "/audit?limit=1000").body, "command.dispatched"));
}
