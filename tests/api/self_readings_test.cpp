// The engine's own figures end up in the record as readings.
#include "api/self_readings.hpp"

#include <catch2/catch.hpp>

#include "storage/store.hpp"

using namespace heliograph;

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
