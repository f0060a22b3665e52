// The rows J8 to J12 and L1 to L9 of the list of attacks on tokens and logins, over HTTP against the shipped binary.
#include <signal.h>

#include <thread>

#include "tests/e2e/front_door.hpp"
#include "tests/e2e/same_problem.hpp"
#include "tests/support/eventually.hpp"

using namespace heliograph;
using namespace heliograph::e2e;
using testing::eventually;

namespace {

const std::string quiet = "some five quiet words";

std::string refresh_body(const std::string& token) { return R"({"refresh_token":")" + token + "\"}"; }

/// Of the process, as the kernel counts them: the most that it ever had.
[[maybe_unused]] std::size_t most_megabytes(pid_t pid) {
  const std::string status = read_file("/proc/" + std::to_string(pid) + "/status");
  const auto at = status.find("VmHWM:");
  return at == std::string::npos ? 0 : std::strtoul(status.c_str() + at + 6, nullptr, 10) / 1024;
}

}  // namespace

TEST_CASE("J8: whatever ends a session ends its requests at once and its stream within a second", "[reliability]") {
  const TempDir scratch;
  Door door(scratch / "data");
  const std::string owner = door.owner();
  const auto ends = [&](const std::string& what, auto change) {
    const std::string user = "u" + std::to_string(++Door::keys), token = door.join(user, "operator");
    Listener listener(door.server.port(), token);
    REQUIRE(door.as(token, "GET", "/sites").status == 200);
    const int status = change(user, token).status;
    INFO(what << " answered " << status);
    REQUIRE(status / 100 == 2);
    CHECK(door.as(token, "GET", "/sites").status == 401);
    const auto took = listener.end();
    REQUIRE(took);
    CHECK(*took < second_us);
  };
  const auto other_session = [&](const std::string& user) {
    const std::string token = field(door.log_in(user, quiet).body, "access_token");
    REQUIRE(door.as(token, "POST", "/auth/step-up", R"({"password":")" + quiet + "\"}").status == 200);
    return token;
  };
  ends("logout", [&](const std::string&, const std::string& token) { return door.as(token, "POST", "/auth/logout"); });
  ends("logout everywhere", [&](const std::string& user, const std::string&) { return door.as(other_session(user), "POST", "/auth/logout-everywhere"); });
  ends("password", [&](const std::string& user, const std::string&) {
    return door.as(other_session(user), "POST", "/auth/password", R"({"current":")" + quiet + R"(","password":"another five quiet words"})");
  });
  ends("second factor", [&](const std::string& user, const std::string&) {
    const std::string other = other_session(user);
    const auto offered = door.as(other, "POST", "/auth/totp");
    return door.as(other, "POST", "/auth/totp/confirm",
                   R"({"offer":")" + field(offered.body, "offer") + R"(","code":")" + code_at(field(offered.body, "secret"), SystemClock().now() / people::totp_step) + "\"}");
  });
  ends("role", [&](const std::string& user, const std::string&) { return door.replace(owner, "/users/" + user, R"({"role":"viewer"})"); });
  ends("disabled", [&](const std::string& user, const std::string&) { return door.replace(owner, "/users/" + user, R"({"role":"operator","disabled":true})"); });
  ends("removed", [&](const std::string& user, const std::string&) { return door.as(owner, "DELETE", "/users/" + user); });
  ends("logged out by the owner", [&](const std::string& user, const std::string&) { return door.as(owner, "DELETE", "/users/" + user + "/sessions"); });
}

TEST_CASE("J9: any older refresh token ends the session and raises an alert, of eight uses at once one wins", "[reliability]") {
  const TempDir scratch;
  Door door(scratch / "data");
  const auto turn = [&](const std::string& token) { return door.ask("POST", "/auth/refresh", refresh_body(token)); };
  std::vector<std::string> tokens{field(door.log_in("anna", anna).body, "refresh_token")};
  std::string access;
  for (int i = 0; i < 4; ++i) {
    const auto turned = turn(tokens.back());
    REQUIRE(turned.status == 200);
    CHECK_FALSE(has(turned.body, "\"device\""));
    tokens.push_back(field(turned.body, "refresh_token")), access = field(turned.body, "access_token");
  }
  std::string changed = tokens[1];
  changed.back() = changed.back() == 'A' ? 'E' : 'A';
  CHECK(turn(changed).status == 401);  // not ours: it ends nothing
  CHECK(door.as(access, "GET", "/sites").status == 200);
  CHECK(turn(tokens[1]).status == 401);
  CHECK(door.as(access, "GET", "/sites").status == 401);
  CHECK(turn(tokens.back()).status == 401);
  CHECK(has(door.as(door.owner(), "GET", "/audit?type=session.ended").body, "token_reused"));
  CHECK(has(door.as(door.owner(), "GET", "/audit?type=alert.raised").body, "token-reused/anna"));

  const std::string once = field(door.log_in("anna", anna).body, "refresh_token");
  std::atomic<int> won = 0, lost = 0;
  std::vector<std::thread> all;
  for (int i = 0; i < 8; ++i) all.emplace_back([&] { ++(turn(once).status == 200 ? won : lost); });
  for (std::thread& each : all) each.join();
  CHECK(won == 1);
  CHECK(lost == 7);
  CHECK(has(door.as(door.owner(), "GET", "/audit?type=alert.cleared").body, "token-reused/anna"));  // by the login in between
}

TEST_CASE("a session is refreshed ten times a minute, and one that is does not keep others from it") {
  const TempDir scratch;
  Door door(scratch / "data");
  std::string token = field(door.log_in("anna", anna).body, "refresh_token");
  const std::string other = field(door.log_in("anna", anna).body, "refresh_token");
  test::Reply last;
  int turned = 0;
  for (; turned < 30; ++turned) {
    last = door.ask("POST", "/auth/refresh", refresh_body(token));
    if (last.status != 200) break;
    token = field(last.body, "refresh_token");
  }
  CHECK(last.status == 429);
  CHECK(turned >= 10);
  CHECK(turned <= 20);  // the minute may have changed
  CHECK_FALSE(last.header("Retry-After").empty());
  CHECK(door.ask("POST", "/auth/refresh", refresh_body(other)).status == 200);
}

TEST_CASE("J10: each login is a session of its own, whatever was brought along, they are listed and ended, one or all", "[reliability]") {
  const TempDir scratch;
  Door door(scratch / "data");
  const auto first = door.log_in("anna", anna, R"(,"cookie":true)");
  const std::string brought = cookie_of(first, "heliograph") + "; " + cookie_of(first, "heliograph-refresh");
  const auto second = door.ask("POST", "/auth/login", R"({"user":"anna","password":")" + anna + R"(","cookie":true})", {{"Cookie", brought}, {"Origin", "http://localhost"}});
  REQUIRE(second.status == 200);
  CHECK(field(second.body, "session") != field(first.body, "session"));
  CHECK(cookie_of(second, "heliograph") != cookie_of(first, "heliograph"));
  CHECK(cookie_of(second, "heliograph-refresh") != cookie_of(first, "heliograph-refresh"));
  const auto third = door.log_in("anna", anna);
  const std::string token = field(third.body, "access_token");
  const auto listed = door.as(token, "GET", "/auth/sessions").body;
  for (const auto* each : {&first, &second, &third}) CHECK(has(listed, field(each->body, "session")));
  CHECK(door.as(token, "DELETE", "/auth/sessions/" + field(first.body, "session")).status == 204);
  CHECK(door.ask("GET", "/sites", {}, {{"Cookie", cookie_of(first, "heliograph")}}).status == 401);
  CHECK(door.ask("GET", "/sites", {}, {{"Cookie", cookie_of(second, "heliograph")}}).status == 200);
  CHECK(door.as(token, "POST", "/auth/logout-everywhere").status == 204);
  CHECK(door.ask("GET", "/sites", {}, {{"Cookie", cookie_of(second, "heliograph")}}).status == 401);
  CHECK(door.as(token, "GET", "/sites").status == 401);
}

TEST_CASE("J11: behind TLS the cookies are bound to the host, a foreign page, a plain text and a request without its origin change nothing", "[reliability]") {
  const TempDir scratch;
  Server server({binary(), "serve", "--data", scratch / "data", "--listen", "127.0.0.1:0"}, {{"HELIOGRAPH_SERVER_BEHIND_PROXY", "true"}}, false);
  REQUIRE(server.port() != 0);
  CHECK(server.end(SIGTERM).exit == 0);
  { Door at_home(scratch / "data"); }  // anna is made where no proxy stands before the house
  Server behind({binary(), "serve", "--data", scratch / "data", "--listen", "127.0.0.1:0"}, {{"HELIOGRAPH_SERVER_BEHIND_PROXY", "true"}}, false);
  REQUIRE(behind.port() != 0);
  const auto ask = [&](const std::string& method, const std::string& path, const std::string& body, Headers headers) {
    test::HttpClient client(behind.port());
    headers.emplace_back("X-Forwarded-Proto", "https");
    headers.emplace_back("X-Forwarded-For", "203.0.113.7");
    return client.as_nobody().request(method, "/api/v1" + path, body, headers);
  };
  const Headers json{{"Content-Type", "application/json"}};
  const auto in = ask("POST", "/auth/login", R"({"user":"anna","password":")" + anna + R"(","cookie":true})", json);
  REQUIRE(in.status == 200);
  const std::string cookie = cookie_of(in, "__Host-heliograph");
  REQUIRE_FALSE(cookie.empty());
  for (const auto& [key, value] : in.headers)
    if (key == "Set-Cookie") {
      INFO(value);
      CHECK((has(value, "HttpOnly") && has(value, "Secure") && has(value, "SameSite=Strict")));
      CHECK(has(value, value.starts_with("__Host-") ? "Path=/;" : "Path=/api/v1/auth;"));
    }
  CHECK(ask("GET", "/sites", "", {{"Cookie", cookie}}).status == 200);
  CHECK(ask("GET", "/sites", "", {{"Cookie", cookie.substr(7)}}).status == 401);  // without its prefix it is another cookie
  for (const Headers& foreign : std::vector<Headers>{{{"Content-Type", "application/json"}},
                                                     {{"Content-Type", "application/json"}, {"Sec-Fetch-Site", "cross-site"}},
                                                     {{"Content-Type", "application/json"}, {"Sec-Fetch-Site", "same-site"}},
                                                     {{"Content-Type", "text/plain"}, {"Sec-Fetch-Site", "cross-site"}},
                                                     {{"Content-Type", "text/plain"}},
                                                     {{"Content-Type", "application/json"}, {"Origin", "https://evil.example"}}}) {
    Headers headers = foreign;
    headers.emplace_back("Cookie", cookie);
    CHECK(ask("PUT", "/sites/home", "{}", headers).status == 403);
  }
  CHECK(ask("PUT", "/sites/home", "{}", {{"Content-Type", "application/json"}, {"Cookie", cookie}, {"Sec-Fetch-Site", "same-origin"}}).status == 200);
}

TEST_CASE("J12: a token counts in its header only: never in the query, never instead of a key, and no cookie stands in for one that does not hold", "[reliability]") {
  const TempDir scratch;
  Door door(scratch / "data");
  const std::string token = door.owner(), cookie = cookie_of(door.log_in("anna", anna, R"(,"cookie":true)"), "heliograph");
  for (const char* name : {"access_token", "token", "authorization", "bearer", "api_key", "ticket"}) {
    CHECK(door.ask("GET", "/sites?" + std::string(name) + "=" + token).status == 401);
    CHECK(door.ask("GET", "/stream?" + std::string(name) + "=" + token).status == 401);
  }
  CHECK(door.ask("GET", "/sites", {}, {{"Cookie", cookie}}).status == 200);
  for (const Headers& instead : std::vector<Headers>{{{"Authorization", "Bearer nonsense"}}, {{"Authorization", "Bearer"}}, {{"Authorization", "Basic YTpi"}}, {{"X-API-Key", "hg_k1_none"}}, {{"X-API-Key", token}}}) {
    Headers headers = instead;
    headers.emplace_back("Cookie", cookie);
    CHECK(door.ask("GET", "/sites", {}, headers).status == 401);
  }
}

TEST_CASE("L2: unknown, wrong, disabled and not yet joined: the same answer, and slowed after the same number of tries", "[reliability]") {
  const TempDir scratch;
  Door door(scratch / "data");
  const std::string vera = door.join("vera", "viewer");
  REQUIRE(door.replace(door.owner(), "/users/vera", R"({"role":"viewer","disabled":true})").status == 200);
  REQUIRE(door.as(door.owner(), "POST", "/users", R"({"user":"ina","role":"viewer"})").status == 201);
  const auto tries = [&](const std::string& user, const std::string& tenant = "") {
    std::string told;
    for (int i = 0; i < 5; ++i) {
      const auto reply = door.log_in(user, quiet, tenant);
      told += std::to_string(reply.status) + " " + reply.header("Content-Length") + " " + without_instance(reply.body) + "\n";
    }
    return told;
  };
  const std::string wrong = tries("anna"), nobody = tries("nobody");
  CHECK(has(wrong, "401"));
  CHECK(nobody == wrong);
  CHECK(door.log_in("nobody", quiet).status == 429);
  CHECK(door.log_in("anna", quiet).status == 429);
  CHECK(tries("vera") == wrong);
  // Twenty failures of an address: from here on it is slowed itself.
  CHECK(door.log_in("vera", quiet).status == 429);
  const auto audit = door.as(door.owner(), "GET", "/audit?type=login.failed&limit=100");
  REQUIRE(audit.status == 200);
  CHECK_FALSE(has(audit.body, "nobody"));
  CHECK(tries("ina") == wrong);
}

TEST_CASE("L5: a password without its code opens nothing, also when it was chosen anew, L9: a reset is used once, by whom it is for, and ends what was open", "[reliability]") {
  const TempDir scratch;
  Door door(scratch / "data");
  const std::string vera = door.join("vera", "viewer");
  REQUIRE(door.as(vera, "POST", "/auth/step-up", R"({"password":")" + quiet + "\"}").status == 200);
  const auto offered = door.as(vera, "POST", "/auth/totp");
  const std::string secret = field(offered.body, "secret");
  const std::int64_t step = SystemClock().now() / people::totp_step - 1;
  REQUIRE(door.as(vera, "POST", "/auth/totp/confirm", R"({"offer":")" + field(offered.body, "offer") + R"(","code":")" + code_at(secret, step) + "\"}").status == 200);
  const auto half = door.log_in("vera", quiet);
  CHECK(half.status == 401);
  CHECK(has(half.body, "needs-code"));
  CHECK_FALSE(has(half.body, "token"));
  CHECK(cookie_of(door.log_in("vera", quiet, R"(,"cookie":true)"), "heliograph").empty());

  const auto invite = [&](Headers headers = {}) {
    headers.emplace_back("Authorization", "Bearer " + door.owner());
    headers.emplace_back("Idempotency-Key", "reset" + std::to_string(++Door::keys));
    return door.ask("POST", "/users/vera/invite", {}, headers);
  };
  const auto join = [&](const std::string& user, const std::string& token, const std::string& password) {
    return door.ask("POST", "/auth/join", R"({"user":")" + user + R"(","token":")" + token + R"(","password":")" + password + "\"}").status;
  };
  const auto reset = invite();
  REQUIRE(reset.status == 201);
  CHECK_FALSE(has(reset.body, "http"));  // no address of ours, so no Host header leads anybody elsewhere
  const auto at = reset.body.find("\"expires_in\":");
  REQUIRE(at != std::string::npos);
  CHECK(std::stoi(reset.body.substr(at + 13)) <= 15 * 60);
  const std::string token = field(reset.body, "token");
  CHECK(door.as(vera, "GET", "/sites").status == 200);
  CHECK(join("anna", token, "another five quiet words") == 404);
  CHECK(join("vera", token, "another five quiet words") == 204);
  CHECK(door.as(vera, "GET", "/sites").status == 401);
  CHECK(join("vera", token, "yet another five quiet words") == 404);
  const auto again = door.log_in("vera", "another five quiet words");
  CHECK(has(again.body, "needs-code"));
  CHECK(door.log_in("vera", "another five quiet words", R"(,"code":")" + code_at(secret, step + 1) + "\"").status == 200);
}

TEST_CASE("L8: two hundred logins at once: a few are worked on, some wait, the rest hear 503, and a stop does not wait behind them", "[reliability]") {
  const TempDir scratch;
  Door door(scratch / "data");
  REQUIRE(door.as(door.owner(), "PUT", "/sites/home", "{}").status == 200);
  door.join("vera", "viewer");
  const std::string body = R"({"user":"vera","password":")" + quiet + "\"}";
  const std::string request = "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  std::vector<std::unique_ptr<test::HttpClient>> all;
  for (int i = 0; i < 200; ++i) all.push_back(std::make_unique<test::HttpClient>(door.server.port()));
  for (const auto& each : all) REQUIRE(each->as_nobody().send(request));
  const SystemClock clock;
  const Micros from = clock.monotonic();
  CHECK(door.as(door.owner(), "POST", "/stop", R"({"reason":"smoke"})").status == 200);
  const Micros took = clock.monotonic() - from;
  std::map<int, int> answers;
  for (const auto& each : all) ++answers[each->read_reply().status];
  INFO("200: " << answers[200] << ", 503: " << answers[503]);
  CHECK(answers[200] + answers[503] == 200);
  CHECK(answers[200] >= 50);
  CHECK(answers[503] >= 50);
  CHECK(took < 2 * second_us);
  CHECK(has(door.as(door.owner(), "GET", "/sites/home").body, R"("stopped":true)"));
#ifndef __SANITIZE_ADDRESS__  // which keeps what was freed
  CHECK(most_megabytes(door.server.pid()) < 300);
#endif
}

TEST_CASE("a device is known by a token of its own, until somebody logs out everywhere") {
  const TempDir scratch;
  Door door(scratch / "data");
  const std::string telephone = field(door.log_in("anna", anna).body, "device"), computer = field(door.log_in("anna", anna).body, "device");
  REQUIRE_FALSE(telephone.empty());
  CHECK(telephone != computer);
  const auto with = [&](const std::string& device) { return door.log_in("anna", anna, R"(,"device":")" + device + "\""); };
  CHECK(field(with(telephone).body, "device") == telephone);  // it keeps its name
  const auto lock = [&] {
    for (int i = 0; i < 5; ++i) door.log_in("anna", "wrong " + std::to_string(i));
    CHECK(door.log_in("anna", anna).status == 429);
  };
  lock();
  const auto in = with(telephone);
  REQUIRE(in.status == 200);
  REQUIRE(door.as(field(in.body, "access_token"), "POST", "/auth/logout-everywhere").status == 204);
  lock();
  CHECK(with(telephone).status == 429);
  CHECK(with(computer).status == 429);
}

TEST_CASE("one noisy key does not keep what others were refused off the record") {
  const TempDir scratch;
  Door door(scratch / "data");
  const std::string key = field(door.as(door.owner(), "POST", "/keys", R"({"name":"noisy","may":["see"]})").body, "secret"), vera = door.join("vera", "viewer");
  for (int i = 0; i < 100; ++i) CHECK(door.as(key, "GET", "/users").status == 403);
  CHECK(door.as(vera, "GET", "/users").status == 403);
  std::string log;
  CHECK(eventually([&] { return has(log = door.as(door.owner(), "GET", "/audit?type=access.refused&limit=100").body, "user:vera"); }));  // noted after the answer
  std::size_t noisy = 0;
  for (auto at = log.find("apikey:"); at != std::string::npos; at = log.find("apikey:", at + 1)) ++noisy;
  CHECK(noisy >= 10);
  CHECK(noisy <= 20);
}

TEST_CASE("asking for streams of sites that are not there makes nothing") {
  const TempDir scratch;
  Door door(scratch / "data");
  CHECK(door.as(door.owner(), "GET", "/stream?site=nowhere").status == 404);
  REQUIRE(door.as(door.owner(), "PUT", "/sites/home", "{}").status == 200);
  test::HttpClient client(door.server.port());
  client.as_nobody().send("GET /api/v1/stream?site=home HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + door.owner() + "\r\n\r\n");
  REQUIRE(client.read_stream_head().status == 200);
  REQUIRE(door.replace(door.owner(), "/sites/home", R"({"name":"heard"})").status == 200);
  for (;;) {
    const auto event = client.read_event();
    REQUIRE(event);
    if (has(event->data, "heard")) break;
  }
}

TEST_CASE("what waited is not sent for who was removed meanwhile") {
  const TempDir scratch;
  Door door(scratch / "data");
  const std::string owner = door.owner(), op = door.join("op", "operator");
  REQUIRE(door.as(owner, "PUT", "/sites/home", "{}").status == 200);
  REQUIRE(door.as(owner, "PUT", "/sites/home/devices/plug-1", R"({"kind":"plug","can_switch":true,"nominal_w":100,"freshness":"PT1M"})").status == 200);
  const auto seen = [&](Micros at) {
    return door.as(owner, "POST", "/sites/home/readings", R"({"device":"plug-1","timestamp":")" + format_time(at) + R"(","switch_on":false})").status;
  };
  const Micros now = SystemClock().now();
  REQUIRE(seen(now - 5 * minute_us) == 200);
  const auto asked = door.as(op, "POST", "/sites/home/commands", R"({"device":"plug-1","action":"switch_on","wait_online":"PT1H"})");
  REQUIRE(asked.status == 202);
  REQUIRE(field(asked.body, "state") == "waiting");
  REQUIRE(door.as(owner, "DELETE", "/users/op").status == 204);
  REQUIRE(seen(SystemClock().now()) == 200);
  const std::string story = door.as(owner, "GET", "/sites/home/commands/" + field(asked.body, "command")).body;
  CHECK(field(story, "state") == "refused");
  CHECK(has(story, R"("asker-left")"));
  CHECK_FALSE(has(story, "command.dispatched"));
}

TEST_CASE("large bodies are read from nobody who is not let in, and from nobody to routes that take none as large") {
  const TempDir scratch;
  Door door(scratch / "data");
  const std::string owner = door.owner();
  REQUIRE(door.as(owner, "PUT", "/sites/home", "{}").status == 200);
  /// A head that announces a body, of which nothing follows.
  const auto announce = [&](const std::string& path, std::size_t bytes, const std::string& more = {}) {
    test::HttpClient client(door.server.port());
    client.as_nobody().send("POST /api/v1" + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(bytes) + "\r\n" + more + "\r\n");
    return client.read_reply();
  };
  const std::string bearer = "Authorization: Bearer " + owner + "\r\n";
  const auto nobody = announce("/sites/home/readings", 8'000'000);
  CHECK(nobody.status == 401);
  CHECK(has(nobody.body, "/problems/not-logged-in"));
  CHECK(nobody.header("WWW-Authenticate").starts_with("Bearer"));
  CHECK(announce("/sites/home/readings", 8'000'000, "Authorization: Bearer nonsense\r\n").status == 401);
  CHECK(announce("/sites/home/stop", 8'000'000).status == 401);
  CHECK(announce("/auth/login", 1'000'000).status == 413);
  CHECK(announce("/sites/home/rules", 1'000'000, bearer).status == 413);
  const auto piece = door.ask("POST", "/sites/home/readings", std::string(20'000, ' ') + "[]", {{"Authorization", "Bearer " + owner}});
  CHECK(piece.status != 401);
  CHECK(piece.status != 413);
  // However many names a body makes up, the answer stays short.
  std::string fields = "{\"a\":1";
  for (int i = 0; i < 2'000; ++i) fields += ",\"f" + std::to_string(i) + "\":1";
  const auto many = door.ask("POST", "/auth/login", fields + "}");
  CHECK(many.status == 422);
  CHECK(many.body.size() < 8'000);
}

TEST_CASE("an id that the log has not come to yet is from another log: the stream says so and goes on") {
  const TempDir scratch;
  Door door(scratch / "data");
  test::HttpClient client(door.server.port());
  client.as_nobody().send("GET /api/v1/stream?after=1000000 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + door.owner() + "\r\n\r\n");
  REQUIRE(client.read_stream_head().status == 200);
  const auto next_of = [&client](const std::string& kind) {
    for (auto event = client.read_event(); event; event = client.read_event())
      if (event->event == kind) return event->data;
    return std::string("none came");
  };
  CHECK(has(next_of("reset"), R"("after":1000000)"));
  REQUIRE(door.as(door.owner(), "PUT", "/sites/home", "{}").status == 200);
  CHECK(has(next_of("site.configured"), "site.configured"));
}

TEST_CASE("settings that are refused make no site") {
  const TempDir scratch;
  Door door(scratch / "data");
  const std::string owner = door.owner();
  CHECK(door.as(owner, "PUT", "/sites/barn", R"({"time_zone":"Europe/Nowhere"})").status == 422);
  CHECK(door.replace(owner, "/sites/barn", "{}").status == 412);
  const auto stopped = door.as(owner, "POST", "/stop", R"({"reason":"a test"})");
  CHECK(stopped.status == 200);
  CHECK_FALSE(has(stopped.body, "barn"));
  CHECK(door.as(owner, "PUT", "/sites/barn", "{}").status == 200);
}
