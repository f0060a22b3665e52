// What clients rely on, whatever they ask: versions of what they change, budgets, older paths, the stream as a socket.
#include <signal.h>

#include <algorithm>

#include "tests/e2e/served_house.hpp"
#include "tests/support/socket_client.hpp"

using namespace heliograph;
using namespace heliograph::e2e;
using Headers = std::vector<std::pair<std::string, std::string>>;

namespace {

struct House : ServedHouse {
  using ServedHouse::ServedHouse;
  test::Reply send(const std::string& method, const std::string& path, const std::string& body, Headers headers = {}) {
    if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
    headers.emplace_back("Idempotency-Key", "k" + std::to_string(++keys));
    return client.request(method, path, body, headers);
  }
  std::string tag(const std::string& path) {
    const auto reply = get(path);
    REQUIRE(reply.status == 200);
    return reply.header("ETag");
  }
  int keys = 0;
};

}  // namespace

TEST_CASE("two tabs that change the same thing do not undo each other unseen") {
  const TempDir scratch;
  House house(scratch / "data");
  house.furnish();
  REQUIRE(house.post("/api/v1/users", R"({"user":"ben","role":"viewer"})").status == 201);
  struct Thing { std::string path, body; };
  for (const Thing& thing : {Thing{home, R"({"name":"Second"})"}, Thing{home + "/devices/plug-1", R"({"kind":"plug","can_switch":true,"nominal_w":90})"}, Thing{home + "/preferences", R"({"min_soc_percent":40})"},
                             Thing{"/api/v1/users/ben", R"({"role":"operator"})"}, Thing{"/api/v1/tenant", R"({"name":"The house"})"}}) {
    INFO(thing.path);
    const std::string read = house.tag(thing.path);
    REQUIRE(read.size() > 2);
    const bool defaults = read == "\"0\"";  // that nobody set
    if (!defaults) {
      const auto unsaid = house.send("PUT", thing.path, thing.body);
      CHECK(unsaid.status == 428);
      CHECK(has(unsaid.body, "/problems/precondition-required"));
    }
    CHECK(house.send("PUT", thing.path, thing.body, {{"If-None-Match", "*"}}).status == (defaults ? 200 : 412));
    const std::string first = house.tag(thing.path);
    CHECK(house.send("PUT", thing.path, thing.body, {{"If-Match", first}}).status == 200);   // the first tab
    const auto second = house.send("PUT", thing.path, thing.body, {{"If-Match", first}});    // the second has read the same
    CHECK(second.status == 412);
    CHECK(has(second.body, "/problems/precondition-failed"));
    CHECK(house.send("PUT", thing.path, thing.body, {{"If-Match", "W/" + house.tag(thing.path)}}).status == 412);  // weak ones compare as different here
    CHECK(house.send("PUT", thing.path, thing.body, {{"If-Match", "*"}}).status == 200);
    const auto again = house.client.request("GET", thing.path, {}, {{"If-None-Match", house.tag(thing.path)}});
    CHECK(again.status == 304);
    CHECK(again.body.empty());
  }
  CHECK(house.send("PUT", home + "/devices/new", R"({"kind":"plug"})", {{"If-Match", "*"}}).status == 412);
  CHECK(house.get(home + "/devices/new").status == 404);
  REQUIRE(house.post("/api/v1/users/ben/invite", "").status == 201);  // the first one was for another role
  const std::string ben = house.tag("/api/v1/users/ben");
  const auto invited = house.post("/api/v1/users/ben/invite", "");
  REQUIRE(invited.status == 201);
  CHECK(house.client.request("GET", "/api/v1/users/ben", {}, {{"If-None-Match", ben}}).status == 304);
  CHECK(house.post("/api/v1/auth/join", R"({"user":"ben","token":")" + field(invited.body, "token") + R"(","password":"five words of a guest"})").status == 204);
  CHECK(house.client.request("GET", "/api/v1/users/ben", {}, {{"If-None-Match", ben}}).status == 200);  // what it shows has changed
  CHECK(house.send("DELETE", "/api/v1/users/ben", "", {{"If-Match", "\"1\""}}).status == 412);
  CHECK(house.send("DELETE", "/api/v1/users/ben", "", {{"If-Match", ben}}).status == 204);  // and its settings have not
  CHECK(house.get("/api/v1/users/ben").status == 404);
  CHECK(house.send("PUT", home + "/devices/new", R"({"kind":"plug"})").status == 200);
}

TEST_CASE("the version of a site changes with its stop, its settings can be replaced by who read them before") {
  const TempDir scratch;
  House house(scratch / "data");
  house.furnish();
  const std::string before = house.tag(home);
  REQUIRE(house.send("POST", home + "/stop", "{}").status == 200);
  const std::string stopped = house.tag(home);
  CHECK(stopped != before);
  CHECK(house.client.request("GET", home, {}, {{"If-None-Match", before}}).status == 200);
  CHECK(house.send("PUT", home, R"({"name":"Renamed"})", {{"If-Match", before}}).status == 200);
  CHECK(house.send("PUT", home, R"({"name":"Renamed"})", {{"If-Match", stopped}}).status == 412);
}

TEST_CASE("a rule is saved over the version that was read, and removed so, a repeat answers as the first time") {
  const TempDir scratch;
  House house(scratch / "data");
  house.furnish();
  const std::string rule = R"({"id":"note","triggers":[{"at":"10:00"}],"actions":[{"do":"notify","text":"x"}]})", path = home + "/rules/note";
  CHECK(house.send("POST", home + "/rules", rule, {{"If-None-Match", "*"}}).status == 201);
  CHECK(house.send("POST", home + "/rules", rule, {{"If-None-Match", "*"}}).status == 412);
  const std::string first = house.tag(path);
  const Headers keyed{{"If-Match", first}, {"Idempotency-Key", "\"mine\""}, {"Content-Type", "application/json"}};
  CHECK(house.client.request("POST", home + "/rules", rule, keyed).status == 201);
  CHECK(house.client.request("POST", home + "/rules", rule, keyed).status == 200);  // the same request, although the version has moved on
  CHECK(house.send("DELETE", path, "", {{"If-Match", first}}).status == 412);
  CHECK(house.send("DELETE", path, "", {{"If-Match", house.tag(path)}}).status == 200);
  CHECK(house.get(path).status == 404);
}

TEST_CASE("who asks too often is told to wait, a stop is never too many, and other callers are not touched") {
  const TempDir scratch;
  House house(scratch / "data", {}, {{"HELIOGRAPH_SERVER_REQUESTS_PER_MINUTE", "40"}});
  house.furnish();
  int refused = 0;
  for (int i = 0; i < 60 && refused < 3; ++i) {
    const auto reply = house.get("/api/v1/sites");
    CHECK(reply.header("RateLimit").starts_with("\"default\";r="));
    if (reply.status != 429) continue;
    ++refused;
    CHECK(std::stoi(reply.header("Retry-After")) >= 1);
    CHECK(has(reply.body, "/problems/too-many-requests"));
  }
  CHECK(refused == 3);
  for (int i = 0; i < 5; ++i) CHECK(house.send("POST", home + "/stop", "{}").status == 200);
  test::HttpClient nobody(house.server.port());
  CHECK(nobody.as_nobody().request("GET", "/api/v1/sites").status == 401);  // their own budget
  CHECK(house.get("/health").status == 200);
}

TEST_CASE("neither a start nor a key gives anybody new tries") {
  const TempDir scratch;
  const std::string approve = home + "/commands/c-1/approve";
  {
    House house(scratch / "data");
    house.furnish();
    for (int i = 0; i < 10; ++i) REQUIRE(house.send("POST", approve, "{}").status == 404);  // looked for, and so spent
    REQUIRE(house.send("POST", approve, "{}").status == 429);
    CHECK(house.server.end(SIGTERM).exit == 0);
  }
  House again(scratch / "data");
  const auto refused = again.send("POST", approve, "{}");
  CHECK(refused.status == 429);
  CHECK(std::stoi(refused.header("Retry-After")) <= 360);
  const std::string key = field(again.post("/api/v1/keys", R"({"name":"another hand","may":["see","operate"]})").body, "secret");
  test::HttpClient hand(again.server.port());
  const auto with_key = [&](const std::string& method, const std::string& path) {
    return hand.as_nobody().request(method, path, method == "GET" ? "" : "{}", {{"Content-Type", "application/json"}, {"Authorization", "Bearer " + key}}).status;
  };
  CHECK(with_key("POST", approve) == 429);
  CHECK(with_key("GET", home) == 200);
  CHECK(again.get("/api/v1/sites").status == 200);  // of another budget
  CHECK(std::filesystem::status(scratch / "data/budgets").permissions() == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("a stop is taken in whatever form it comes") {
  const TempDir scratch;
  House house(scratch / "data");
  house.furnish();
  struct Form { std::string path, body; Headers headers; };
  for (const Form& form : {Form{"", "fire", {{"Content-Type", "application/x-www-form-urlencoded"}}}, Form{"", "fire", {{"Content-Type", "text/plain"}}}, Form{"", "fire", {}}, Form{"?reason=fire", "", {}},
                           Form{"", "", {{"Idempotency-Key", "\"a b\""}}}, Form{"", "[1,", {{"Content-Type", "application/json"}}}, Form{"", "x", {{"Content-Encoding", "gzip"}}}})
    for (const std::string& path : {home + "/stop", std::string("/api/v1/stop")}) {
      INFO(path << form.path << " " << form.body);
      CHECK(house.client.request("POST", path + form.path, form.body, form.headers).status == 200);
      CHECK(has(house.get(home).body, "\"stopped\":true"));
      REQUIRE(house.post(home + "/stop/lift", R"({"reason":"a test"})").status == 200);
    }
  CHECK(house.client.request("POST", "/api/v1/sites/No%20Site/stop", "").status == 400);
}

TEST_CASE("several series come in one answer, each as it would alone") {
  const TempDir scratch;
  House house(scratch / "data");
  house.furnish();
  const std::string series = home + "/series?device=";
  const std::string soc = house.get(series + "battery&metric=soc_percent").body, on = house.get(series + "plug-1&metric=switch_on").body;
  CHECK(has(soc, R"("points":[[)"));
  CHECK(house.get(series + "battery&device=plug-1&metric=soc_percent").body == "{\"series\":[" + soc + "," + house.get(series + "plug-1&metric=soc_percent").body + "]}");
  CHECK(has(house.get(series + "plug-1&metric=switch_on&metric=soc_percent").body, on));
  CHECK(house.get(series + "battery&metric=soc_percent&metric=nonsense").status == 400);
  CHECK(house.get(series + "battery&device=none&metric=soc_percent").status == 404);
  CHECK(house.get(series + "battery&metric=soc_percent&metric=soc_percent").status == 400);
  // What would not fit into an answer is not read.
  const std::string minutes = series + "battery&metric=soc_percent&step=minute&from=2020-01-01T00:00:00Z";
  CHECK(house.get(minutes).status == 200);  // nothing was measured then
  REQUIRE(house.post(home + "/readings", R"({"device":"battery","timestamp":"2020-01-01T00:00:00Z","soc_percent":50})").status == 200);
  CHECK(house.get(minutes).status == 400);
  CHECK(house.get(series + "battery&device=plug-1&metric=soc_percent&points=60000").status == 400);
  std::string many = series + "battery";
  for (const char* metric : {"pv_w", "load_w", "grid_w", "battery_w", "soc_percent", "battery_v", "import_price", "export_price", "grid_import_w", "grid_export_w", "power_w", "switch_on", "temperature_c"}) many += "&metric=" + std::string(metric);
  for (int i = 0; i < 4; ++i) many += "&device=d-" + std::to_string(i);
  CHECK(house.get(many).status == 400);
}

TEST_CASE("a large answer, which several threads write, says of each device what it says alone") {
  const TempDir scratch;
  House house(scratch / "data");
  house.furnish();
  const int devices = 7, hours = 2'000;
  const Micros first = from_civil(2024, 1, 1);
  std::string all = home + "/series?metric=soc_percent&metric=pv_w&step=hour", parts;
  for (int device = 0; device < devices; ++device) {
    const std::string name = "node-" + std::to_string(device);
    std::string lines;
    for (int hour = device; hour < hours; ++hour)
      lines += R"({"device":")" + name + R"(","timestamp":")" + format_time(first + hour * hour_us) + R"(","soc_percent":)" + std::to_string(hour % 100) + R"(,"pv_w":)" + std::to_string((hour * (device + 3)) % 997) + "}\n";
    REQUIRE(house.client.request("POST", home + "/readings", lines, {{"Content-Type", "application/x-ndjson"}}).status == 200);
    all += "&device=" + name;
    for (const char* metric : {"soc_percent", "pv_w"}) {
      const auto alone = house.get(home + "/series?step=hour&device=" + name + "&metric=" + metric);
      REQUIRE(alone.status == 200);
      CHECK(std::count(alone.body.begin(), alone.body.end(), '[') == 2 + hours - device);
      parts += (parts.empty() ? "" : ",") + alone.body;
    }
  }
  CHECK((house.get(all).body == "{\"series\":[" + parts + "]}"));  // not shown: it is large
}

TEST_CASE("the paths that older clients know give the documented shape, what is not built yet says so") {
  const TempDir scratch;
  House house(scratch / "data");
  CHECK(house.get("/energy/latest").status == 404);  // there is no site yet
  house.furnish();
  const auto latest = house.get("/energy/latest");
  CHECK(latest.status == 200);
  CHECK(latest.body.starts_with(R"({"success":true,"data":{"site":"home","soc_percent":90)"));
  CHECK(has(house.get("/victron/battery/current").body, R"("device":"battery")"));
  CHECK(has(house.get("/victron/battery/history?hours=1").body, R"("soc_percent":[[)"));
  CHECK(has(house.get("/shelly/power/current").body, R"("name":"Miner 1")"));
  CHECK(has(house.get("/energy/stats?hours=2").body, R"("devices":{)"));
  CHECK(house.send("POST", "/shelly/device/Miner%201/on", "").status == 202);
  CHECK(house.client.request("POST", "/shelly/device/plug-1/off").status == 400);  // which request it is must be said
  CHECK(house.send("POST", "/shelly/device/nothing/on", "").status == 404);
  // An id comes before any name, and a name that two have is nobody's.
  for (const auto& [device, name] : {std::pair{"a", "b"}, std::pair{"b", "other"}, std::pair{"c", "twin"}, std::pair{"d", "Twin"}})
    REQUIRE(house.put(home + "/devices/" + device, R"({"kind":"plug","can_switch":true,"nominal_w":1,"name":")" + std::string(name) + "\"}").status == 200);
  CHECK(house.send("POST", "/shelly/device/twin/off", "").status == 409);
  house.send("POST", "/shelly/device/b/off", "");
  CHECK(has(house.get("/shelly/actions/history?limit=1").body, R"("device":"b")"));
  const auto actions = house.get("/shelly/actions/history");
  CHECK(has(actions.body, R"("device":"plug-1","action":"switch_on","state":")"));
  CHECK(has(actions.body, R"("who":"user:anna")"));
  CHECK(has(house.get("/shelly/device/plug-1/history").body, R"("switch_on":[[)"));
  CHECK(has(house.get("/auth/me").body, R"("user":"anna")"));
  CHECK(has(house.get("/users").body, R"("user":"anna")"));
  for (const auto& [path, capability] : std::vector<std::pair<std::string, std::string>>{{"/agents/activity", "OBS-08"}, {"/api/system/stats", "HST-01"}, {"/api/services/", "HST-05"}, {"/api/knowledge/files/7", "KB-03"}, {"/nodes/n-1/config", "FLT-12"}}) {
    const auto reply = house.get(path);
    INFO(path << reply.body);
    CHECK(reply.status == 501);
    CHECK(reply.header("Content-Type") == "application/problem+json");
    CHECK(has(reply.body, "\"capability\":\"" + capability + "\""));
  }
  CHECK(house.send("POST", "/agent/ask", R"({"question":"why?"})").status == 501);
  REQUIRE(house.put("/api/v1/sites/barn", "{}").status == 200);
  const auto which = house.get("/energy/latest");
  CHECK(which.status == 400);
  CHECK(has(which.body, "?site=barn"));
  CHECK(house.get("/energy/latest?site=home").status == 200);
}

TEST_CASE("the stream over a WebSocket tells the same, resumes, and ends with 4401 when the login behind it does") {
  const TempDir scratch;
  House house(scratch / "data");
  house.furnish();
  test::HttpClient socket(house.server.port());
  CHECK(test::open_socket(socket, "/api/v1/socket", {{"Origin", "https://evil.example"}}).status == 403);
  test::HttpClient nobody(house.server.port());
  CHECK(test::open_socket(nobody.as_nobody(), "/ws").status == 401);
  for (const char* path : {"/api/v1/socket?after=0", "/ws?after=0", "/api/system/ws?after=0", "/api/services/ws?after=0"}) {
    test::HttpClient mirror(house.server.port()), stream(house.server.port());
    REQUIRE(test::open_socket(mirror, path, {{"Origin", "http://localhost"}}).status == 101);
    REQUIRE(stream.send("GET /api/v1/stream?after=0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + test::owners_token(house.server.port()) + "\r\n\r\n"));
    REQUIRE(stream.read_stream_head().status == 200);
    int same = 0;
    while (same < 4) {
      const auto event = stream.read_event();
      REQUIRE(event);
      if (event->data.empty()) continue;
      auto frame = test::read_frame(mirror);
      while (frame && (frame->opcode == 9 || has(frame->payload, "\"event\":\"open\""))) frame = test::read_frame(mirror);
      REQUIRE(frame);
      CHECK(frame->payload == "{\"id\":" + event->id + ",\"event\":\"" + event->event + "\",\"data\":" + event->data + "}");
      ++same;
    }
  }
  test::HttpClient listener(house.server.port());
  REQUIRE(test::open_socket(listener, "/ws").status == 101);
  const auto first = test::read_frame(listener);
  REQUIRE(first);
  CHECK(has(first->payload, "\"event\":\"open\""));
  REQUIRE(house.send("POST", "/api/v1/auth/logout-everywhere", "").status == 204);
  auto frame = test::read_frame(listener);
  while (frame && frame->opcode != 8) frame = test::read_frame(listener);
  REQUIRE(frame);
  CHECK(frame->close_code() == 4401);
}
