// Readings that a tenant no longer keeps go by themselves, with a cause on record; a stop, a start, and the other tenant's change nothing.
#include <catch2/catch.hpp>
#include <future>

#include "actors/engine.hpp"
#include "storage/verify.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temp_dir.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

const SiteKey mill{{"beta"}, {"mill"}};

std::unique_ptr<Engine> start(Store& store, const Clock& clock) {
  EngineOptions options;
  options.between_looks = std::chrono::milliseconds(2);
  auto engine = Engine::start(store, clock, options);
  REQUIRE(engine);
  return std::move(*engine);
}

/// A day of readings of both sites: enough for a segment.
void live_a_day(Engine& engine, ManualClock& clock) {
  for (int hour = 0; hour < 24; ++hour) {
    clock.advance(hour_us);
    for (const SiteKey& site : {villa, mill}) {
      ReadingBuilder builder;
      for (int i = 0; i < 60; ++i) {
        builder.row("meter", clock.now() - (60 - i) * minute_us);
        builder.set(Metric::grid_w, 1000 + i);
      }
      const auto taken = engine.request_and_wait(site, TakeReadings{std::make_shared<const ReadingBatch>(builder.take()), {}, {PrincipalKind::device, "meter"}, {}, {}});
      INFO((taken ? "" : taken.error().sentence));
      REQUIRE(taken);
    }
  }
}

std::uint64_t readings_of(const EventLog& log, const SiteKey& site) {
  std::uint64_t rows = 0;
  REQUIRE(log.scan(1, log.durable(), Part::readings, [&](const RecordPtr& record) { return rows += record->envelope.site == site ? record->span() : 0, true; }));
  return rows;
}

/// What the facts say that the log has carried out for the site.
std::uint64_t said_to_be_gone(const EventLog& log, const SiteKey& site) {
  std::uint64_t readings = 0;
  REQUIRE(log.dropped(site));
  REQUIRE(log.scan(1, log.dropped(site)->event, Part::decisions, [&](const RecordPtr& record) {
    if (const auto* fact = std::get_if<ReadingsDropped>(&record->event()); fact != nullptr && record->envelope.site == site) readings += fact->readings;
    return true;
  }));
  return readings;
}

std::vector<Rollup> days_of(Engine& engine, const SiteKey& site, Micros to) {
  std::vector<Rollup> days;
  engine.query_and_wait([&](const Views& views) {
    REQUIRE(views.series->rollups(site, {"meter"}, Metric::grid_w, 0, to, Step::day, Zone::utc(), [&days](const Rollup& day) { days.push_back(day); }));
  });
  return days;
}

}  // namespace

TEST_CASE("readings go when their tenant no longer keeps them: on record first, with the setting as the cause", "[retention]") {
  const TempDir directory;
  ManualClock clock(monday_noon);
  Position setting = 0;
  {
    const auto store = open_on_disk(directory / "data");
    const auto engine = start(*store, clock);
    auto said = std::make_shared<std::promise<Result<SiteReply>>>();
    engine->request_people(villa.tenant, [](People& people, Micros at, Journal& journal) {
      TenantConfigured settings;
      settings.name = "Acme";
      settings.retention_days = 3;
      return people.configure_tenant(settings, anna, at, journal);
    }, [said](Result<SiteReply> reply) { said->set_value(std::move(reply)); });
    const auto reply = said->get_future().get();
    REQUIRE(reply);
    setting = reply->last;
    for (const SiteKey& site : {villa, mill}) REQUIRE(engine->request_and_wait(site, Configure{SiteConfigured{}, anna}));
    for (int day = 0; day < 8; ++day) live_a_day(*engine, clock);
    REQUIRE(engine->stop());
    REQUIRE(store->log().condense_all());
  }
  const Micros before_today = clock.now() - 2 * day_us;
  std::vector<Rollup> villa_days, mill_days;
  RecordPtr fact;
  {
    const auto store = open_on_disk(directory / "data");
    const auto engine = start(*store, clock);
    villa_days = days_of(*engine, villa, before_today), mill_days = days_of(*engine, mill, before_today);
    auto told = std::make_shared<std::promise<RecordPtr>>();
    engine->follow(0, [told, done = false](const News& news) mutable {
      for (const RecordPtr& record : news.records)
        if (!done && record->envelope.type == "readings.dropped") told->set_value(record), done = true;
    });
    auto future = told->get_future();
    int hours = 0;
    for (; hours < 1'000 && future.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready; ++hours) clock.advance(hour_us);
    REQUIRE(hours > 0);  // a process puts nothing on record in its first hour
    REQUIRE(hours < 1'000);
    fact = future.get();
    for (int day = 0; day < 2; ++day) live_a_day(*engine, clock);  // it takes effect with the next segment
    for (const EventLog::Drop& drop : store->log().drops()) CHECK(drop.event >= fact->envelope.position);  // on record first
    REQUIRE(engine->stop());
  }
  CHECK(fact->envelope.site == villa);
  CHECK(fact->envelope.cause == setting);
  CHECK(fact->envelope.principal == Principal{PrincipalKind::system, "retention"});
  const auto& dropped = std::get<ReadingsDropped>(fact->event());
  CHECK(dropped.kept_days == 3);
  CHECK(dropped.readings > 1'000);
  {
    const auto store = open_on_disk(directory / "data");
    constexpr std::uint64_t measured = 10 * 24 * 60;  // at each site, in ten days
    const auto engine = start(*store, clock);
    REQUIRE(eventually([&] { return !store->log().drops().empty(); }));
    CHECK(said_to_be_gone(store->log(), villa) >= dropped.readings);
    CHECK(readings_of(store->log(), villa) == measured - said_to_be_gone(store->log(), villa));
    CHECK(readings_of(store->log(), mill) == measured);
    CHECK(days_of(*engine, villa, before_today) == villa_days);
    CHECK(days_of(*engine, mill, before_today) == mill_days);
    engine->query_and_wait([&](const Views& views) {
      CHECK(views.series->extent(villa, {"meter"})->first > views.series->extent(mill, {"meter"})->first);
    });
    live_a_day(*engine, clock);
    REQUIRE(engine->stop());
  }
  const auto store = open_on_disk(directory / "data");
  const auto differences = compare_views(store->views(), store->log());
  REQUIRE(differences);
  CHECK(*differences == std::vector<std::string>{});
  const VerifyReport report = verify_store(*store, {});
  CHECK(report.ok());
  CHECK(report.dropped == said_to_be_gone(store->log(), villa));
}
