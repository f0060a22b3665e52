// What POST /stop answers when the disk does not: that all is stopped, and that it is not on record.
#include <catch2/catch.hpp>

#include "api/web_server.hpp"
#include "storage/store_opening.hpp"
#include "tests/support/fault_fs.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/temp_dir.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

bool has(const std::string& body, const std::string& part) { return body.find(part) != std::string::npos; }

struct ServedOnFaultyDisk {
  ServedOnFaultyDisk() {
    StoreSeams seams;
    seams.env = &env;
    auto opened = open_store_with(dir / "data", {.create = true, .reserve_bytes = 1 << 16, .free_bytes_min = 1 << 16}, seams);
    REQUIRE(opened);
    store = std::move(*opened);
    EngineOptions options;
    options.fatal = [](const Error&) {};
    auto started = Engine::start(*store, clock, options);
    REQUIRE(started);
    engine = std::move(*started);
    for (const char* site : {"barn", "home"}) REQUIRE(engine->request_and_wait({{"local"}, {site}}, Configure{SiteConfigured{}, {PrincipalKind::user, "anna"}}));
    auto served = api::WebServer::start(*engine, "127.0.0.1:0", api::Service{*engine, "test", "none"});
    REQUIRE(served);
    web = std::move(*served);
    REQUIRE(test::enter(web->port()));
  }
  ~ServedOnFaultyDisk() {
    fs->resume();
    web->stop();
    static_cast<void>(engine->stop());
  }
  test::Reply post(const std::string& path) const {
    test::HttpClient client(web->port());
    return client.request("POST", path, R"({"reason":"smoke"})", {{"Content-Type", "application/json"}});
  }

  /// A stop is followed by its alert, in a turn of its own: until then another write than the next stop's may be the next.
  void wait_for_its_alert() const {
    test::HttpClient client(web->port());
    for (const std::string site : {"barn", "home"})
      while (!has(client.request("GET", "/api/v1/sites/" + site + "/alerts").body, R"("alert":"stop")")) {}
  }

  TempDir dir;
  std::shared_ptr<FaultFs> fs = std::make_shared<FaultFs>();
  FaultEnv env{fs};
  SystemClock clock;
  std::unique_ptr<Store> store;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<api::WebServer> web;
};

}  // namespace

TEST_CASE("a stop is answered while the disk hangs, names what is not on record, and is on record when the disk comes back") {
  ServedOnFaultyDisk house;
  house.fs->stall();
  const auto one = house.post("/api/v1/sites/home/stop");
  CHECK(one.status == 202);
  CHECK(has(one.body, R"("stopped":true,"on_record":false)"));
  CHECK(has(one.body, R"("in_memory_only":["home"])"));
  const auto all = house.post("/api/v1/stop");
  CHECK(all.status == 202);
  CHECK(has(all.body, R"("sites":["barn","home"],"in_memory_only":["barn","home"])"));
  house.fs->resume();
  const auto later = house.post("/api/v1/stop");
  CHECK(later.status == 200);
  CHECK(has(later.body, R"("on_record":true)"));
  CHECK(has(later.body, R"("in_memory_only":[])"));
}

TEST_CASE("a stop is answered when its write fails, with the reason, a site that is none is not stopped") {
  ServedOnFaultyDisk house;
  CHECK(house.post("/api/v1/sites/nobody/stop").status == 404);
  CHECK(has(house.post("/api/v1/stop").body, R"("sites":["barn","home"])"));  // and left no trace
  house.wait_for_its_alert();
  house.fs->arm(GENERATE(Fault::no_space, Fault::write_error, Fault::sync_error), 1);
  const auto failed = house.post("/api/v1/stop");
  CHECK(failed.status == 202);
  CHECK(has(failed.body, R"("on_record":false)"));
  INFO(failed.body);
  CHECK(has(failed.body, R"("detail":"The log could not be written)"));
}
