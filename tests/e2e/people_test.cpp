// People over HTTP, as curl and a browser would: the first owner, logins with a second factor, sessions, keys, invitations and a
// second tenant; across a restart.
#include <signal.h>

#include "tests/e2e/front_door.hpp"
#include "tests/e2e/same_problem.hpp"

using namespace heliograph;
using namespace heliograph::e2e;

TEST_CASE("L10: the owner is made once, from this machine, without a login there is nothing to see", "[reliability]") {
  const TempDir scratch;
  Door door(scratch / "data");
  CHECK(door.ask("GET", "/setup").body == R"({"owner":true})");
  CHECK(door.ask("POST", "/setup", R"({"user":"eve","password":"a very long password"})").status == 409);
  for (const char* path : {"/sites", "/users", "/auth/me", "/stream", "/keys"}) {
    const auto reply = door.ask("GET", path);
    CHECK(reply.status == 401);
    CHECK(reply.header("WWW-Authenticate").starts_with("Bearer"));
    CHECK(has(reply.body, "/problems/not-logged-in"));
  }
  CHECK(door.ask("GET", "/sites", {}, {{"Authorization", "Bearer nonsense"}}).status == 401);
  CHECK(door.ask("GET", "/sites", {}, {{"Authorization", "Basic YW5uYTp4"}}).status == 401);
  CHECK(door.ask("GET", "/sites?access_token=" + door.owner()).status == 401);
  CHECK(door.as(door.owner(), "GET", "/sites").status == 200);
  const auto me = door.as(door.owner(), "GET", "/auth/me").body;
  CHECK(field(me, "principal") == "user:anna");
  CHECK(field(me, "role") == "owner");
  CHECK(has(door.server.end(SIGTERM).out, "Nobody can log in yet"));
}

TEST_CASE("L1: failing often is slow, not for who has been here before, L2: every wrong login is refused in one sentence, L7: weak passwords are refused", "[reliability]") {
  const TempDir scratch;
  Door door(scratch / "data");
  const auto wrong = door.log_in("anna", "not the password at all"), nobody = door.log_in("nobody", "not the password at all"), strange = door.log_in("../../x", "y");
  for (const auto* reply : {&wrong, &nobody, &strange}) {
    CHECK(reply->status == 401);
    CHECK(without_instance(reply->body) == without_instance(wrong.body));
  }
  CHECK(door.log_in("anna", anna, R"(,"nonsense":1)").status == 422);
  CHECK(door.ask("POST", "/auth/login", "{}").status == 422);
  const auto weak = door.as(door.owner(), "POST", "/auth/password", R"({"current":")" + anna + R"(","password":"short"})");
  CHECK(weak.status == 422);
  CHECK(has(weak.body, "#/password"));
  const std::string device = field(door.log_in("anna", anna).body, "device");
  for (int i = 0; i < 5; ++i) CHECK(door.log_in("anna", "wrong " + std::to_string(i)).status == 401);
  const auto locked = door.log_in("anna", anna);
  CHECK(locked.status == 429);
  CHECK_FALSE(locked.header("Retry-After").empty());
  CHECK(door.log_in("anna", anna, R"(,"device":")" + device + "\"").status == 200);  // has been here before
  CHECK(door.as(door.owner(), "GET", "/sites").status == 200);                        // who is in stays in
  const auto audit = door.as(door.owner(), "GET", "/audit?type=login.failed").body;
  CHECK(has(audit, R"("user":"anna")"));
  CHECK_FALSE(has(audit, "nobody"));
}

TEST_CASE("L3: codes of a second factor once each, L5: without one nobody is in, L6: backup codes once each", "[reliability]") {
  const TempDir scratch;
  Door door(scratch / "data");
  const auto offered = door.as(door.owner(), "POST", "/auth/totp");
  REQUIRE(offered.status == 200);
  CHECK(field(offered.body, "uri").starts_with("otpauth://totp/Heliograph:anna?secret="));
  const std::string secret = field(offered.body, "secret"), offer = field(offered.body, "offer");
  const auto step = [] { return SystemClock().now() / people::totp_step; };
  const auto confirm = [&](const std::string& code) { return door.as(door.owner(), "POST", "/auth/totp/confirm", R"({"offer":")" + offer + R"(","code":")" + code + "\"}"); };
  CHECK(confirm("000000").status == 422);
  const std::int64_t enrolled = step() - 1;
  const auto confirmed = confirm(code_at(secret, enrolled));
  INFO(confirmed.body);
  REQUIRE(confirmed.status == 200);
  const std::string backup = confirmed.body.substr(confirmed.body.find("[\"") + 2, 11);
  const auto needs = door.log_in("anna", anna);
  CHECK(needs.status == 401);
  CHECK(has(needs.body, "/problems/needs-code"));
  const auto with = [&](const std::string& code) { return door.log_in("anna", anna, R"(,"code":")" + code + "\""); };
  CHECK(with(code_at(secret, enrolled)).status == 401);  // used when it was enrolled
  const std::int64_t now = enrolled + 1;
  CHECK(with(code_at(secret, now)).status == 200);
  CHECK(with(code_at(secret, now)).status == 401);
  CHECK(with(backup).status == 200);
  CHECK(with(backup).status == 401);
  CHECK_FALSE(has(door.as(door.owner(), "GET", "/audit").body, secret));
  CHECK(has(door.as(door.owner(), "GET", "/auth/me").body, R"("backup_codes_left":9)"));
}

TEST_CASE("J9: refresh tokens turn, one that comes twice ends the session, also over a restart", "[reliability]") {
  const TempDir scratch;
  std::string token, refresh_token, old, again;
  {
    Door door(scratch / "data");
    const auto in = door.log_in("anna", anna);
    old = field(in.body, "refresh_token");
    const auto turned = door.ask("POST", "/auth/refresh", R"({"refresh_token":")" + old + "\"}");
    REQUIRE(turned.status == 200);
    token = field(turned.body, "access_token"), refresh_token = field(turned.body, "refresh_token");
    CHECK(refresh_token != old);
    again = field(door.log_in("anna", anna).body, "access_token");
    CHECK(has(door.as(again, "GET", "/auth/sessions").body, R"("this_one":true)"));
    CHECK(door.as(again, "POST", "/auth/logout").status == 204);
    CHECK(door.as(again, "GET", "/sites").status == 401);
    CHECK(door.ask("POST", "/auth/refresh", R"({"refresh_token":"nonsense"})").status == 401);
    CHECK(door.server.end(SIGKILL).signal == SIGKILL);
  }
  Door door(scratch / "data");
  CHECK(door.as(again, "GET", "/sites").status == 401);
  CHECK(door.as(token, "GET", "/sites").status == 200);
  CHECK(door.ask("POST", "/auth/refresh", R"({"refresh_token":")" + old + "\"}").status == 401);  // a thief, or the user: nobody knows
  CHECK(door.as(token, "GET", "/sites").status == 401);
  CHECK(door.ask("POST", "/auth/refresh", R"({"refresh_token":")" + refresh_token + "\"}").status == 401);
  CHECK(has(door.as(door.owner(), "GET", "/audit?type=session.ended").body, "token_reused"));
  const std::string third = field(door.log_in("anna", anna).body, "access_token");
  CHECK(door.as(third, "POST", "/auth/logout-everywhere").status == 204);
  CHECK(door.as(third, "GET", "/sites").status == 401);
  CHECK(door.as(door.owner(), "GET", "/sites").status == 401);
}

TEST_CASE("J11: a browser has cookies, and only its own pages change anything with them, J12: with a token no cookie counts", "[reliability]") {
  const TempDir scratch;
  Door door(scratch / "data");
  const auto in = door.log_in("anna", anna, R"(,"cookie":true)");
  REQUIRE(in.status == 200);
  CHECK_FALSE(has(in.body, "token"));
  const std::string cookie = cookie_of(in, "heliograph"), refresh = cookie_of(in, "heliograph-refresh");
  REQUIRE_FALSE(cookie.empty());
  for (const auto& [key, value] : in.headers)
    if (key == "Set-Cookie") CHECK((has(value, "HttpOnly") && has(value, "SameSite=Strict")));
  CHECK(door.ask("GET", "/sites", {}, {{"Cookie", cookie}}).status == 200);
  const auto put = [&](Headers headers) {
    headers.emplace_back("Cookie", cookie);
    return door.ask("PUT", "/sites/home", "{}", headers).status;
  };
  const std::string self = "http://localhost";
  CHECK(put({}) == 403);
  CHECK(put({{"Origin", "http://evil.example"}}) == 403);
  CHECK(put({{"Sec-Fetch-Site", "cross-site"}}) == 403);
  CHECK(put({{"Sec-Fetch-Site", "none"}}) == 403);
  CHECK(put({{"Origin", self}}) == 200);
  CHECK(put({{"Origin", self}, {"Sec-Fetch-Site", "same-origin"}, {"If-Match", "*"}}) == 200);
  CHECK(door.ask("GET", "/sites", {}, {{"Cookie", cookie + "; " + cookie}}).status == 401);  // two of one name
  CHECK(door.ask("GET", "/sites", {}, {{"Cookie", cookie}, {"Authorization", "Bearer nonsense"}}).status == 401);
  const auto turned = door.ask("POST", "/auth/refresh", {}, {{"Cookie", refresh}});
  CHECK(turned.status == 200);
  CHECK_FALSE(cookie_of(turned, "heliograph").empty());
  CHECK(door.ask("GET", "/sites", {}, {{"Cookie", cookie_of(turned, "heliograph")}}).status == 200);
}

TEST_CASE("people: what is dangerous needs a fresh proof, and a remembered session never gets one") {
  const TempDir scratch;
  Door door(scratch / "data");
  REQUIRE(door.as(door.owner(), "PUT", "/sites/home", "{}").status == 200);
  REQUIRE(door.as(door.owner(), "POST", "/sites/home/stop", R"({"reason":"smoke"})").status == 200);
  const auto lift = [&](const std::string& token) { return door.as(token, "POST", "/sites/home/stop/lift", R"({"reason":"it was toast"})"); };
  const auto remembered = door.log_in("anna", anna, R"(,"remember":true)");
  const std::string token = field(door.log_in("anna", anna).body, "access_token"), kept = field(remembered.body, "access_token");
  const auto refused = lift(token);
  CHECK(refused.status == 401);
  CHECK(has(refused.body, "/problems/step-up"));
  CHECK(has(refused.header("WWW-Authenticate"), "insufficient_user_authentication"));
  CHECK(door.as(token, "POST", "/auth/step-up", R"({"password":"not the password at all"})").status == 401);
  CHECK(door.as(kept, "POST", "/auth/step-up", R"({"password":")" + anna + "\"}").status == 403);
  CHECK(lift(kept).status == 401);
  CHECK(door.as(token, "POST", "/auth/step-up", R"({"password":")" + anna + "\"}").status == 200);
  CHECK(lift(token).status == 200);
}

TEST_CASE("people: invitations, roles and sites, a role that changes ends its sessions") {
  const TempDir scratch;
  Door door(scratch / "data");
  for (const char* site : {"home", "ranch"}) REQUIRE(door.as(door.owner(), "PUT", "/sites/" + std::string(site), "{}").status == 200);
  const std::string vera = door.join("vera", "viewer", R"(,"sites":["ranch"])");
  CHECK(has(door.as(vera, "GET", "/sites").body, "ranch"));
  CHECK_FALSE(has(door.as(vera, "GET", "/sites").body, "home"));
  const auto hidden = door.as(vera, "GET", "/sites/home/latest"), missing = door.as(vera, "GET", "/sites/xxxx/latest");
  CHECK(hidden.status == 404);
  std::string expected = without_instance(missing.body);
  for (auto at = expected.find("xxxx"); at != std::string::npos; at = expected.find("xxxx")) expected.replace(at, 4, "home");
  CHECK(without_instance(hidden.body) == expected);  // not theirs, and not there: the same words
  CHECK(door.as(vera, "PUT", "/sites/ranch", "{}").status == 403);
  CHECK(door.as(vera, "GET", "/users").status == 403);
  const std::string otto = door.join("otto", "operator");
  CHECK(door.as(otto, "POST", "/sites/home/stop", R"({"reason":"smoke"})").status == 200);
  CHECK(has(door.as(door.owner(), "GET", "/sites/home/audit").body, "user:otto"));
  CHECK(door.replace(door.owner(), "/users/otto", R"({"role":"viewer"})").status == 200);
  CHECK(door.as(otto, "GET", "/sites").status == 401);
  CHECK(door.replace(door.owner(), "/users/anna", R"({"role":"viewer"})").status == 403);
  CHECK(door.as(door.owner(), "DELETE", "/users/otto").status == 204);
  CHECK(door.log_in("otto", "some five quiet words").status == 401);
  CHECK(door.as(door.owner(), "POST", "/users", R"({"user":"eve","role":"viewer","is_admin":true})").status == 422);
  CHECK(has(door.as(door.owner(), "GET", "/audit?type=access.refused").body, R"("operation":"listUsers")"));
}

TEST_CASE("J8: a stream ends when who listens is logged out, changed or revoked, and goes on for others", "[reliability]") {
  const TempDir scratch;
  Door door(scratch / "data");
  REQUIRE(door.as(door.owner(), "PUT", "/sites/home", "{}").status == 200);
  const std::string vera = door.join("vera", "viewer"), otto = door.join("otto", "operator");
  const auto made = door.as(door.owner(), "POST", "/keys", R"({"name":"wall","may":["see"]})");
  const auto listen = [&](test::HttpClient& client, const std::string& token) {
    client.as_nobody().send("GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token + "\r\n\r\n");
    REQUIRE(client.read_stream_head().status == 200);
  };
  test::HttpClient of_vera(door.server.port()), of_otto(door.server.port()), of_key(door.server.port()), of_anna(door.server.port());
  listen(of_vera, vera), listen(of_otto, otto), listen(of_key, field(made.body, "secret")), listen(of_anna, door.owner());
  REQUIRE(door.as(vera, "POST", "/auth/logout").status == 204);
  REQUIRE(door.replace(door.owner(), "/users/otto", R"({"role":"viewer"})").status == 200);
  REQUIRE(door.as(door.owner(), "DELETE", "/keys/" + field(made.body, "key")).status == 204);
  for (test::HttpClient* each : {&of_vera, &of_otto, &of_key}) {
    while (each->read_event()) {}
    CHECK_FALSE(each->gave_up());  // it has an end
  }
  REQUIRE(door.replace(door.owner(), "/sites/home", R"({"name":"still here"})").status == 200);
  for (;;) {
    const auto event = of_anna.read_event();
    REQUIRE(event);
    if (has(event->data, "still here")) break;
  }
}

TEST_CASE("people: keys for machines: shown once, no more than their maker, no keys of their own, gone when revoked") {
  const TempDir scratch;
  Door door(scratch / "data");
  REQUIRE(door.as(door.owner(), "PUT", "/sites/home", "{}").status == 200);
  const auto made = door.as(door.owner(), "POST", "/keys", R"({"name":"the meter","may":["write_readings"],"sites":["home"]})");
  REQUIRE(made.status == 201);
  const std::string key = field(made.body, "secret"), id = field(made.body, "key");
  REQUIRE(key.starts_with("hg_" + id + "_"));
  const std::string secret = key.substr(id.size() + 4);
  REQUIRE(secret.size() == 43);
  CHECK_FALSE(has(door.as(door.owner(), "GET", "/keys").body, secret));
  const std::string reading = R"({"device":"meter","timestamp":")" + format_time(SystemClock().now()) + R"(","grid_w":100})";
  CHECK(door.as(key, "POST", "/sites/home/readings", reading).status == 200);
  CHECK(door.ask("POST", "/sites/home/readings", reading, {{"X-API-Key", key}}).status == 200);
  CHECK(door.as(key, "GET", "/sites/home/latest").status == 403);
  CHECK(door.as(key, "POST", "/keys", R"({"name":"mine","may":["see"]})").status == 403);
  CHECK(door.as(key, "POST", "/sites/ranch/readings", reading).status == 404);
  std::string changed = key;
  changed.back() = changed.back() == 'A' ? 'E' : 'A';
  CHECK(door.as(changed, "POST", "/sites/home/readings", reading).status == 401);
  CHECK(door.as("hg_x", "GET", "/sites").status == 401);
  CHECK(door.as(door.owner(), "POST", "/keys", R"({"name":"too much","may":["manage_people"]})").status == 422);
  CHECK(door.as(door.owner(), "DELETE", "/keys/" + id).status == 204);
  CHECK(door.as(key, "POST", "/sites/home/readings", reading).status == 401);
  const std::string log = door.as(door.owner(), "GET", "/audit").body;
  CHECK(has(log, "api_key.made"));
  CHECK_FALSE(has(log, secret));
}

TEST_CASE("people: another tenant has its own house: nothing of one is seen, named or changed by the other") {
  const TempDir scratch;
  Door door(scratch / "data");
  REQUIRE(door.as(door.owner(), "PUT", "/sites/home", R"({"name":"marker-of-local"})").status == 200);
  REQUIRE(door.as(door.owner(), "PUT", "/sites/home/devices/marker-plug", R"({"kind":"plug","can_switch":true,"nominal_w":100})").status == 200);
  const auto added = door.as(door.owner(), "POST", "/tenants", R"({"tenant":"smiths","name":"The Smiths","owner":"anna","currency":"PLN"})");
  REQUIRE(added.status == 201);
  REQUIRE(door.ask("POST", "/auth/join", R"({"tenant":"smiths","user":"anna","token":")" + field(added.body, "token") + R"(","password":"some five quiet words"})").status == 204);
  const auto in = door.log_in("anna", "some five quiet words", R"(,"tenant":"smiths")");
  REQUIRE(in.status == 200);
  const std::string smith = field(in.body, "access_token");
  CHECK(has(door.as(smith, "GET", "/tenant").body, R"("currency":"PLN")"));
  CHECK(door.as(smith, "GET", "/tenants").status == 403);
  CHECK(door.as(smith, "GET", "/sites/home").status == 404);
  CHECK(door.as(smith, "PUT", "/sites/home", R"({"name":"another home"})").status == 200);  // of their own
  CHECK(has(door.as(door.owner(), "GET", "/sites/home").body, "marker-of-local"));
  for (const char* path : {"/sites", "/sites/home", "/sites/home/devices", "/sites/home/audit", "/users", "/audit", "/keys", "/positions/1", "/positions/2", "/positions/3", "/positions/4", "/positions/5",
                           "/positions/6", "/positions/7", "/positions/8"}) {
    INFO(path);
    CHECK_FALSE(has(door.as(smith, "GET", path).body, "marker"));
  }
  test::HttpClient stream(door.server.port());
  stream.as_nobody().send("GET /api/v1/stream?after=0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + smith + "\r\n\r\n");
  REQUIRE(stream.read_stream_head().status == 200);
  REQUIRE(door.replace(door.owner(), "/sites/home", R"({"name":"marker again"})").status == 200);
  REQUIRE(door.replace(smith, "/sites/home", R"({"name":"the end"})").status == 200);
  for (;;) {
    const auto event = stream.read_event();
    REQUIRE(event);
    CHECK_FALSE(has(event->data, "marker"));
    CHECK_FALSE(has(event->data, R"("tenant":"local")"));
    if (has(event->data, "the end")) break;
  }
  REQUIRE(door.as(smith, "POST", "/stop", R"({"reason":"mine"})").status == 200);
  CHECK(has(door.as(smith, "GET", "/sites/home").body, R"("stopped":true)"));
  CHECK(has(door.as(door.owner(), "GET", "/sites/home").body, R"("stopped":false)"));
}
