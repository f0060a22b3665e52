// The engine's own figures end up in the record as readings.
#include "api/self_readings.hpp"

#include <catch2/catch.hpp>

#include "storage/store_opening.hpp"
#include "tests/support/temp_dir.hpp"

using namespace heliograph;

TEST_CASE("a disk that fills up is an alert, once, and over when there is room again, also across a start") {
  const heliograph::testing::TempDir dir;
  std::uint64_t free = 10ull << 30;
  StoreSeams seams;
  seams.free_bytes = [&free] { return free; };
  ManualClock clock(from_civil(2026, 3, 1));
  const auto poll = [&](int times) {
    auto store = open_store_with(dir / "data", {.create = true}, seams);
    REQUIRE(store);
    auto engine = Engine::start(**store, clock, {.version = "test", .commit = "test"});
    REQUIRE(engine);
    api::SelfReadings source(**engine, std::make_shared<api::Metrics>());
    for (int i = 0; i < times; ++i) {
      REQUIRE(source.poll(clock.now()));
      REQUIRE((*engine)->request_and_wait(engine_site(), RecordFact{"site-heliograph", NotificationRaised{"x", "y"}, {}, {}}));  // what came before it is on record
    }
    std::vector<AlertEntry> alerts;
    (*engine)->query_and_wait([&](const Views& views) { alerts = views.alerts.of(engine_site()); });
    REQUIRE((*engine)->stop());
    return alerts;
  };
  CHECK(poll(2).empty());
  free = 200ull << 20;
  auto alerts = poll(3);
  REQUIRE(alerts.size() == 1);
  CHECK(alerts.front().alert == "disk");
  CHECK(alerts.front().severity == Severity::critical);
  CHECK(alerts.front().text.find("Only 200 MB") == 0);
  CHECK(alerts.front().cleared_at == 0);
  free = 300ull << 20;
  CHECK(poll(2).front().cleared_at == 0);  // not yet
  free = 400ull << 20;
  alerts = poll(2);
  REQUIRE(alerts.size() == 1);
  CHECK(alerts.front().cleared_at != 0);
}

TEST_CASE("the engine's own figures are readings of its own site") {
  auto store = open_memory_store();
  ManualClock clock(from_civil(2026, 3, 1));
  auto engine = Engine::start(*store, clock, {.version = "test", .commit = "test"});
  REQUIRE(engine);
  auto metrics = std::make_shared<api::Metrics>();
  (*engine)->follow(store->log().durable(), [metrics](const News& news) { metrics->count(news); });
  const SiteKey home{{"local"}, {"home"}};
  REQUIRE((*engine)->request_and_wait(home, Configure{{.name = "Home"}, {PrincipalKind::user, "anna"}}));

  api::SelfReadings source(**engine, metrics);
  clock.advance(minute_us);
  auto batch = source.poll(clock.now());
  REQUIRE(batch);
  REQUIRE(batch->size() >= 10);
  TakeReadings readings;
  readings.packed = pack_readings(*batch);
  readings.batch = std::make_shared<const ReadingBatch>(*batch);
  readings.principal = {PrincipalKind::device, "heliograph"};
  REQUIRE((*engine)->request_and_wait(engine_site(), std::move(readings)));
  (*engine)->query_and_wait([&](const Views& views) {
    const SiteNow* now = views.site_now.site(engine_site());
    REQUIRE(now != nullptr);
    const auto index = now->find("log-position");
    REQUIRE(index);
    // Two facts were durable when it was asked: the start and the new site.
    REQUIRE(now->latest(*index, Metric::count).value >= 2);
    REQUIRE(now->latest(*index, Metric::count).at == clock.now());
  });
  REQUIRE((*engine)->stop());
}
