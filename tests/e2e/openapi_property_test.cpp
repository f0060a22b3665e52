// Every operation of the served document, asked with what its schemas describe and with what they forbid: whatever comes back is in the
// document, nothing is the server's fault, and the house is whole afterwards.
#include <signal.h>
#include <zlib.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "tests/e2e/request_maker.hpp"
#include "tests/e2e/served_house.hpp"

using namespace heliograph;
using namespace heliograph::e2e;
using test::HttpClient;
using test::Reply;

namespace {

constexpr int least_requests = 50, made_requests = 60;
constexpr const char* password = "four words of a house";  // of the owner, and good enough for anybody
constexpr const char* later_password = "five other words of a house";

/// Operations that cannot succeed in this house, each with the reason and the test that has them succeed.
const std::map<std::string, std::string> never_succeed = {
    {"setUp", "the house has an owner already: login_page_test.cpp"},
    {"answerBySms", "no text messages are configured: sms_approval_test.cpp"},
    {"confirmTotp", "needs the code of an app: people_test.cpp"},
    {"removeTotp", "needs a second factor: people_test.cpp"},
    {"trustClock", "nothing is said against the clock: core/site_test.cpp"},
    {"acknowledgeAlert", "nothing is wrong yet: core/alerts_test.cpp"},
};

std::string unpacked(const std::string& gzip) {
  std::string out(8 << 20, '\0');
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(gzip.data()));
  stream.avail_in = static_cast<uInt>(gzip.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

struct Operation {
  std::string path, method, id;
  const rapidjson::Value* json;
};

/// What an older path means: the operation whose answer it gives.
std::string meaning(const Operation& operation) {
  const std::string& id = operation.id;
  return id.ends_with("Alias") ? id.substr(0, id.size() - 5) : id;
}

/// Sockets and what is not built yet have no answer of their own.
bool can_succeed(const Operation& operation) {
  for (const auto& reply : (*operation.json)["responses"].GetObject())
    if (reply.name.GetString()[0] == '2') return never_succeed.count(operation.id) == 0;
  return false;
}

class AskedHouse {
 public:
  explicit AskedHouse(const std::string& data) : house(data, {}, {{"HELIOGRAPH_SERVER_REQUESTS_PER_MINUTE", "0"}}), document(house.client) {
    furnish();
    for (const auto& path : document.json()["paths"].GetObject())
      for (const auto& each : path.value.GetObject())
        if (each.value.IsObject() && each.value.HasMember("operationId")) {
          std::string method = each.name.GetString();
          std::transform(method.begin(), method.end(), method.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
          operations.push_back({path.name.GetString(), method, each.value["operationId"].GetString(), &each.value});
        }
    // What ends sessions, or locks people out after wrong tries, comes last.
    static const std::vector<std::string> last = {"endSession", "logOut", "logOutEverywhere", "logIn", "join", "changePassword", "removeTotp", "confirmTotp", "stepUp"};
    const auto rank = [](const Operation& each) {
      const auto at = std::find(last.begin(), last.end(), meaning(each));
      return at == last.end() ? last.begin() - last.end() : at - last.begin();
    };
    std::stable_sort(operations.begin(), operations.end(), [&](const Operation& a, const Operation& b) { return rank(a) < rank(b); });
  }

  Reply ask(const MadeRequest& made) {
    HttpClient client(house.server.port());
    if (made.as_nobody) client.as_nobody();
    if (made.target.find("/api/v1/stream") == std::string::npos) {
      Reply reply = client.request(made.method, made.target, made.body, made.headers);
      if (reply.header("Content-Encoding") == "gzip") reply.body = unpacked(reply.body);
      return reply;
    }
    // The stream has no end: its head tells enough.
    std::string text = made.method + " " + made.target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(made.body.size()) + "\r\n";
    if (!made.as_nobody) text += "Authorization: Bearer " + test::owners_token(house.server.port()) + "\r\n";
    for (const auto& [key, value] : made.headers) text += key + ": " + value + "\r\n";
    client.send(text + "\r\n" + made.body);
    Reply reply = client.read_stream_head();
    if (const std::string length = reply.header("Content-Length"); !length.empty()) reply.body = client.read_bytes(std::stoul(length)).value_or("");
    return reply;
  }

  /// Empty when the document allows the answer.
  std::string fault(const Operation& operation, const Reply& reply) const {
    if (reply.status == 0) return "no answer";
    if (reply.status >= 500 && !(reply.status == 501 && (*operation.json)["responses"].HasMember("501"))) return "the server's fault";
    const std::string type = reply.header("Content-Type").substr(0, reply.header("Content-Type").find(';'));
    const auto& responses = (*operation.json)["responses"];
    const std::string status = std::to_string(reply.status);
    if (!responses.HasMember(status.c_str()) && (reply.status < 400 || type != "application/problem+json")) return "a status that the document does not name";
    const rapidjson::Value& described = document.followed(responses[responses.HasMember(status.c_str()) ? status.c_str() : "default"]);
    if (!described.HasMember("content")) return reply.body.empty() ? "" : "a body where the document has none";
    if (!described["content"].HasMember(type.c_str())) return "a content type that the document does not name: " + type;
    const auto& media = described["content"][type.c_str()];
    if (!media.HasMember("schema") || type.find("json") == std::string::npos) return {};
    const std::string violation = document.violation(media["schema"], reply.body);
    return violation.empty() ? "" : "not what its schema says: " + violation;
  }

  /// A request that succeeds once, made for the operation: names that are there, bodies that mean something.
  MadeRequest meant(const Operation& operation, RequestMaker& maker) {
    MadeRequest made = maker.fitting();
    made.kind = "meant";
    if (const auto at = made.target.find("/elsewhere"); at != std::string::npos) made.target.replace(at, 10, "/home");
    const std::string id = meaning(operation), v1 = "/api/v1";
    std::erase_if(made.headers, [](const auto& header) { return header.first.starts_with("If-"); });
    const auto body = [&](const std::string& text) { made.body = text; };
    const auto to = [&](const std::string& target) { made.target = target.starts_with(v1) && !operation.path.starts_with(v1) ? target.substr(v1.size()) : target; };
    const std::string now = format_time(SystemClock().now()), n = std::to_string(++made_);
    if (id == "configureSite") body("{}"), made.headers.emplace_back("If-Match", "*");
    if (id == "getDevice") to(home + "/devices/plug-1");
    if (id == "getRule") to(home + "/rules/night");
    if (id == "energyLatest" || id == "energyStats" || id == "plugsNow" || id == "batteryNow" || id == "batteryHistory" || id == "actionHistory") to(operation.path);
    if (id == "plugHistory") to("/shelly/device/plug-1/history");
    if (id == "plugOn" || id == "plugOff") to(std::string("/shelly/device/plug-1/") + (id == "plugOn" ? "on" : "off")), body("");
    if (id == "registerDevice") to(home + "/devices/spare"), body(R"({"kind":"plug","can_switch":true})");
    if (id == "series") to(home + "/series?device=plug-1&metric=power_w");
    if (id == "latest") to(home + "/latest");
    if (id == "listAlerts") to(home + "/alerts");
    if (id == "postReadings") body(R"([{"device":"plug-1","timestamp":")" + now + R"(","power_w":5}])");
    if (id == "saveRule") body(R"({"id":"rule-)" + n + R"(","triggers":[{"at":"22:30"}],"actions":[{"do":"notify","text":"good night"}]})");
    if (id == "removeRule") to(home + "/rules/night");
    if (id == "command") body(R"({"device":"plug-7","action":"switch_off"})");
    if (id == "getCommand") to(commands + "/" + question("plug-4"));
    if (id == "approveCommand") to(commands + "/" + question("plug-2") + "/approve"), body("{}");
    if (id == "denyCommand") to(commands + "/" + question("plug-3") + "/deny"), body("{}");
    if (id == "cancelCommand") to(commands + "/" + question("plug-5") + "/cancel"), body("{}");
    if (id == "retryCommand") {
      const std::string denied = question("plug-6");
      house.post(commands + "/" + denied + "/deny", "{}");
      to(commands + "/" + denied + "/retry"), body("{}");
    }
    if (id == "engageStop" || id == "stopEverything") body(R"({"reason":"a test"})");
    if (id == "liftStop") {
      house.post(home + "/stop", R"({"reason":"a test"})");
      body(R"({"reason":"the test is over"})");
    }
    if (id == "setPreferences") body(R"({"min_soc_percent":30})");
    if (id == "dryRun") body("{}");
    if (id == "eventAt") to("/api/v1/positions/2");
    if (id == "why") to("/api/v1/positions/2/why");
    if (id == "audit" || id == "peopleAudit") to(made.target.substr(0, made.target.find('?')));
    if (id == "problemType") to("/problems/invalid");
    if (id == "stream") to("/api/v1/stream");
    if (id == "refreshSession") body(R"({"refresh_token":")" + field(log_in().body, "refresh_token") + "\"}");
    if (id == "endSession") to("/api/v1/auth/sessions/" + field(log_in().body, "session"));
    if (id == "logIn") body(R"({"user":"anna","password":")" + std::string(password) + "\"}");
    if (id == "stepUp") body(R"({"password":")" + std::string(password) + "\"}");
    if (id == "changePassword") {  // of somebody who is not needed any more
      invite_and_join("dora");
      const std::string token = field(house.post("/api/v1/auth/login", R"({"user":"dora","password":")" + std::string(password) + "\"}").body, "access_token");
      made.headers.emplace_back("Authorization", "Bearer " + token);
      body(R"({"current":")" + std::string(password) + R"(","password":")" + later_password + "\"}");
    }
    if (id == "addUser") body(R"({"user":"new-)" + n + R"(","role":"viewer"})");
    if (id == "getUser") to("/api/v1/users/ben");
    if (id == "changeUser") to("/api/v1/users/ben"), body(R"({"role":"operator"})"), made.headers.emplace_back("If-Match", "*");
    if (id == "inviteUser") to("/api/v1/users/ben/invite");
    if (id == "endSessionsOfUser") to("/api/v1/users/ben/sessions");
    if (id == "removeUser") {
      house.post("/api/v1/users", R"({"user":"short-lived","role":"viewer"})");
      to("/api/v1/users/short-lived");
    }
    if (id == "join") body(R"({"user":"carl","token":")" + field(house.post("/api/v1/users", R"({"user":"carl","role":"viewer"})").body, "token") + R"(","password":")" + password + "\"}");
    if (id == "makeKey") body(R"({"name":"key )" + n + R"(","may":["see"]})");
    if (id == "revokeKey") to("/api/v1/keys/" + field(house.post("/api/v1/keys", R"({"name":"short-lived","may":["see"]})").body, "key"));
    if (id == "configureTenant") body(R"({"name":"The house"})"), made.headers.emplace_back("If-Match", house.get("/api/v1/tenant").header("ETag"));
    if (id == "addTenant") body(R"({"tenant":"tenant-)" + n + R"(","owner":"olga","name":"Neighbours"})");
    return made;
  }

  /// Some requests end the session of who asks, or come when its proof is old.
  void stay_in(const Reply& reply) {
    if (reply.status != 401 && reply.status != 204) return;
    HttpClient client(house.server.port());
    if (has(reply.body, "/problems/step-up") || client.request("GET", "/api/v1/auth/me").status == 401) test::enter(house.server.port());
  }

  ServedHouse house;
  ServedDocument document;
  std::vector<Operation> operations;
  Known known;

 private:
  void furnish() {
    house.furnish();
    std::string readings;
    for (const char* plug : {"plug-2", "plug-3", "plug-4", "plug-5", "plug-6", "plug-7"}) {
      REQUIRE(house.put(home + "/devices/" + plug, R"({"kind":"plug","can_switch":true,"nominal_w":100,"needs_approval":true})").status == 200);
      readings += std::string(readings.empty() ? "[" : ",") + R"({"device":")" + plug + R"(","timestamp":")" + format_time(SystemClock().now()) + R"(","switch_on":false})";
    }
    REQUIRE(house.post(home + "/readings", readings + "]").status == 200);
    REQUIRE(house.post(home + "/rules", R"({"id":"night","triggers":[{"at":"22:30"}],"actions":[{"do":"switch_off","device":"plug-1"}]})", "rule").status == 201);
    const std::string command = field(house.ask("switch_off", "first").body, "command");
    REQUIRE(house.post("/api/v1/users", R"({"user":"ben","role":"viewer"})").status == 201);
    known = {{"site", {"home", "home", "home", "elsewhere"}}, {"device", {"plug-1", "battery", "none"}}, {"metric", {"power_w", "soc_percent", "none"}}, {"rule", {"night", "none"}}, {"command", {command, "none"}},
             {"position", {"1", "2", "3", "9999999"}}, {"user", {"ben", "eve", "new-user"}}, {"type", {"invalid", "command.requested", "none"}}, {"from", {"2026-01-01T00:00:00Z"}}, {"to", {"2030-01-01T00:00:00Z"}},
             {"timestamp", {format_time(SystemClock().now())}}, {"role", {"viewer"}}};
  }
  Reply log_in() { return house.post("/api/v1/auth/login", R"({"user":"anna","password":")" + std::string(password) + "\"}"); }
  void invite_and_join(const std::string& user) {
    const std::string token = field(house.post("/api/v1/users", R"({"user":")" + user + R"(","role":"viewer"})").body, "token");
    house.post("/api/v1/auth/join", R"({"user":")" + user + R"(","token":")" + token + R"(","password":")" + password + "\"}");
  }
  /// A command that waits for somebody's yes.
  std::string question(const std::string& device) {
    return field(house.post(commands, R"({"device":")" + device + R"(","action":"switch_on"})", "question-" + device + std::to_string(++made_)).body, "command");
  }
  int made_ = 0;
};

std::uint64_t seed_of(const std::string& text) {
  std::uint64_t seed = 14695981039346656037u;  // FNV-1a
  for (const char c : text) seed = (seed ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return seed;
}

}  // namespace

TEST_CASE("every operation answers whatever it is asked with as the served document says", "[property]") {
  const TempDir scratch;
  {
    AskedHouse asked(scratch / "data");
    CHECK(asked.operations.size() > 60);
    std::map<std::string, int> requests, succeeded;
    std::size_t faults = 0;
    const auto hold = [&](const Operation& operation, const MadeRequest& made) {
      const Reply reply = asked.ask(made);
      ++requests[operation.id];
      if (reply.status / 100 == 2) ++succeeded[operation.id];
      else if (made.kind == "meant" && can_succeed(operation)) FAIL_CHECK(operation.id << ": " << made.method << " " << made.target << " " << made.body << "\n  " << reply.status << " " << reply.body);
      if (const std::string fault = asked.fault(operation, reply); !fault.empty() && ++faults <= 60)
        FAIL_CHECK(operation.id << " (request " << requests[operation.id] << ", " << made.kind << "): " << fault << "\n  " << made.method << " " << made.target.substr(0, 200) << " " << made.body.substr(0, 200) << "\n  "
                                << reply.status << " " << reply.body.substr(0, 300));
      asked.stay_in(reply);
      return reply;
    };
    for (const Operation& operation : asked.operations) {
      RequestMaker maker(asked.document, operation.path, operation.method, *operation.json, asked.known, seed_of(operation.id));
      hold(operation, asked.meant(operation, maker));
    }
    for (const Operation& operation : asked.operations) {
      RequestMaker maker(asked.document, operation.path, operation.method, *operation.json, asked.known, seed_of(operation.id) + 1);
      while (requests[operation.id] < made_requests) hold(operation, maker.any());
    }
    for (const Operation& operation : asked.operations) {
      INFO(operation.id << ": " << requests[operation.id] << " requests, " << succeeded[operation.id] << " succeeded");
      CHECK(requests[operation.id] >= least_requests);
      CHECK((succeeded[operation.id] > 0) == can_succeed(operation));  // a reason that no longer holds is struck out
    }
    CHECK(faults == 0);
    HttpClient client(asked.house.server.port());
    CHECK(client.request("GET", "/readiness").status == 200);
    CHECK(asked.house.server.end(SIGTERM).exit == 0);
  }
  const Ended verified = run({binary(), "verify", "--data", scratch / "data"});
  INFO(verified.out << verified.err);
  CHECK(verified.exit == 0);
}
