// What a login costs the house: the same work for every name, and of a nearly full disk only what getting in and out must have.
#include <atomic>
#include <catch2/catch.hpp>

#include "actors/people/passwords.hpp"
#include "api/web_server.hpp"
#include "storage/store_opening.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/temp_dir.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

std::string field(const std::string& body, const std::string& key) {
  const auto at = body.find("\"" + key + "\":\"");
  return at == std::string::npos ? "" : body.substr(at + key.size() + 4, body.find('"', at + key.size() + 4) - at - key.size() - 4);
}

struct House {
  House() {
    StoreSeams seams;
    seams.free_bytes = [this] { return free_bytes.load(); };
    auto opened = open_store_with(dir / "data", {.create = true, .reserve_bytes = 1 << 16, .free_bytes_min = 1 << 16}, seams);
    REQUIRE(opened);
    store = std::move(*opened);
    auto started = Engine::start(*store, clock, {});
    REQUIRE(started);
    engine = std::move(*started);
    auto served = api::WebServer::start(*engine, "127.0.0.1:0", api::Service{*engine, "test", "none"});
    REQUIRE(served);
    web = std::move(*served);
    REQUIRE(test::enter(web->port()));
  }
  ~House() {
    free_bytes = 1ull << 40;
    web->stop();
    CHECK(engine->stop());
  }
  test::Reply ask(const std::string& method, const std::string& path, const std::string& body = {}, std::string token = {}, const std::string& match = {}) {
    test::HttpClient client(web->port());
    if (token.empty()) client.as_nobody();
    std::vector<std::pair<std::string, std::string>> headers{{"Idempotency-Key", "k" + std::to_string(++keys)}};
    if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
    if (!token.empty()) headers.emplace_back("Authorization", "Bearer " + token);
    if (!match.empty()) headers.emplace_back("If-Match", match);
    return client.request(method, "/api/v1" + path, body, headers);
  }
  test::Reply log_in(const std::string& user, const std::string& password) { return ask("POST", "/auth/login", R"({"user":")" + user + R"(","password":")" + password + "\"}"); }
  std::string owner() const { return test::owners_token(web->port()); }

  TempDir dir;
  std::atomic<std::uint64_t> free_bytes = 1ull << 40;
  SystemClock clock;
  std::unique_ptr<Store> store;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<api::WebServer> web;
  int keys = 0;
};

}  // namespace

TEST_CASE("L2: a login costs one hash, whether the name is nobody's, the password wrong or right, the user disabled or not joined yet", "[reliability]") {
  House house;
  for (const char* user : {"vera", "ina"}) REQUIRE(house.ask("POST", "/users", R"({"user":")" + std::string(user) + R"(","role":"viewer"})", house.owner()).status == 201);
  REQUIRE(house.ask("PUT", "/users/vera", R"({"role":"viewer","disabled":true})", house.owner(), "*").status == 200);
  const auto work = [&](const std::string& user, const std::string& password, int status) {
    const std::uint64_t before = people::hashes_made();
    CHECK(house.log_in(user, password).status == status);
    return people::hashes_made() - before;
  };
  for (int i = 0; i < 2; ++i) {
    CHECK(work("nobody", "not the password at all", 401) == 1);
    CHECK(work("../../etc", "x", 401) == 1);
    CHECK(work("vera", "not the password at all", 401) == 1);
    CHECK(work("ina", "not the password at all", 401) == 1);
    CHECK(work("anna", "not the password at all", 401) == 1);
  }
  CHECK(work("anna", std::string(test::owners_password), 200) == 1);
  for (int i = 0; i < 3; ++i) house.log_in("nobody", "x");
  CHECK(work("nobody", "x", 429) == 0);  // slowed before any work, as a user is
}

TEST_CASE("on a nearly full disk people log in, prove themselves and log out, refreshes, changes and strangers get nothing of what is kept back") {
  House house;
  const std::string password(test::owners_password), token = field(house.log_in("anna", password).body, "refresh_token");
  const auto refresh = [&] { return house.ask("POST", "/auth/refresh", R"({"refresh_token":")" + token + "\"}").status; };
  house.free_bytes = 1 << 15;  // below what ordinary writing leaves free
  // The log asks the disk when it writes, so it may take one more before it knows.
  int users = 0;
  while (users < 20 && house.ask("POST", "/users", R"({"user":"u)" + std::to_string(users) + R"(","role":"viewer"})", house.owner()).status == 201) ++users;
  CHECK(users < 20);
  CHECK(refresh() == 507);
  const auto in = house.log_in("anna", password);
  REQUIRE(in.status == 200);
  const std::string access = field(in.body, "access_token");
  CHECK(house.ask("POST", "/auth/step-up", R"({"password":")" + password + "\"}", access).status == 200);
  CHECK(house.log_in("anna", "not the password at all").status == 401);
  const Position before = house.engine->store().log().durable();
  for (int i = 0; i < 5; ++i) CHECK(house.log_in("nobody", "x").status == 401);
  CHECK(house.log_in("nobody", "x").status == 429);
  CHECK(house.engine->store().log().durable() == before);
  CHECK(house.ask("POST", "/auth/logout", {}, access).status == 204);
  CHECK(house.ask("GET", "/sites", {}, access).status == 401);
  house.free_bytes = 1ull << 40;
  CHECK(house.ask("POST", "/users", R"({"user":"later","role":"viewer"})", house.owner()).status == 201);
  CHECK(refresh() == 200);
}
