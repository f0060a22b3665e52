// The engine on real threads and on disk: what the scheduler of the other tests cannot show. Nothing here waits for time.
#include <catch2/catch.hpp>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <future>
#include <mutex>
#include <thread>

#include "actors/engine.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/temp_dir.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

std::unique_ptr<Engine> start(Store& store, Clock& clock) {
  EngineOptions options;
  options.version = "test";
  options.commit = "none";
  auto engine = Engine::start(store, clock, options);
  REQUIRE(engine);
  return std::move(*engine);
}

void furnish(Engine& engine, const Clock& clock) {
  REQUIRE(engine.request_and_wait(villa, Configure{SiteConfigured{}, anna}));
  REQUIRE(engine.request_and_wait(villa, RegisterDevice{battery("battery"), anna}));
  REQUIRE(engine.request_and_wait(villa, RegisterDevice{plug("miner-1"), anna}));
  REQUIRE(engine.request_and_wait(villa, readings({{"battery", Metric::soc_permille, 900}}, clock.now())));
}

}  // namespace

TEST_CASE("an ordered stop is on record, leaves the store clean, and the next start knows it") {
  const TempDir directory;
  ManualClock clock(monday_noon);
  {
    const auto store = open_on_disk(directory / "data");
    const auto engine = start(*store, clock);
    furnish(*engine, clock);
    CHECK(engine->stop());
    CHECK(engine->stop());  // again is nothing
    CHECK_FALSE(engine->request_and_wait(villa, ask_for("miner-1", Action::switch_on)));
    engine->query_and_wait([](const Views&) { FAIL("nobody answers any more"); });
    auto last = store->log().at(store->log().durable());
    REQUIRE(last);
    CHECK(std::holds_alternative<EngineStopped>((*last)->event()));
  }
  const auto store = open_on_disk(directory / "data");
  CHECK(store->was_clean());
  const auto differences = compare_views(store->views(), store->log());
  REQUIRE(differences);
  CHECK(*differences == std::vector<std::string>{});
  const auto engine = start(*store, clock);
  auto last = store->log().at(store->log().durable());
  REQUIRE(last);
  const auto* started = std::get_if<EngineStarted>(&(*last)->event());
  REQUIRE(started != nullptr);
  CHECK(started->clean);
  CHECK(started->version == "test");
  engine->query_and_wait([](const Views& views) {
    CHECK(views.devices.devices(villa).size() == 2);
    CHECK(views.site_now.site(villa) != nullptr);
  });
}

TEST_CASE("requests from many threads: each answered once, all in the log, all seen by the next question") {
  const auto store = open_memory_store();
  ManualClock clock(monday_noon);
  const auto engine = start(*store, clock);
  furnish(*engine, clock);
  constexpr int threads = 4, each = 250;
  std::atomic<int> answered = 0, wrong = 0;
  std::vector<std::thread> crowd;
  for (int t = 0; t < threads; ++t)
    crowd.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) {
        const std::string device = "node-" + std::to_string(t);
        auto reply = engine->request_and_wait(villa, readings({{device, Metric::power_w, i}}, clock.now() + i));
        wrong += !reply;
        if (reply) {
          bool seen = false;
          engine->query_and_wait([&](const Views& views) {
            const SiteNow* now = views.site_now.site(villa);
            const auto index = now->find(device);
            seen = index && now->latest(*index, Metric::power_w).value == i;
          });
          wrong += !seen;
        }
        ++answered;
      }
    });
  for (std::thread& thread : crowd) thread.join();
  CHECK(answered == threads * each);
  CHECK(wrong == 0);
  REQUIRE(engine->stop());
  std::size_t batches = 0;
  REQUIRE(store->log().scan(1, store->log().durable(), Part::readings, [&](const RecordPtr&) { return ++batches, true; }));
  CHECK(batches == threads * each + 1);
}

TEST_CASE("a follower on its own thread gets every record once while others write") {
  const auto store = open_memory_store();
  ManualClock clock(monday_noon);
  const auto engine = start(*store, clock);
  furnish(*engine, clock);
  std::mutex mutex;
  std::condition_variable told;
  Position next = 1;
  int wrong = 0;
  engine->follow(0, [&](const News& news) {
    const std::lock_guard lock(mutex);
    for (const RecordPtr& record : news.records) {
      wrong += record->envelope.position != next;
      next = record->last() + 1;
    }
    told.notify_all();
  });
  std::vector<std::future<void>> replies;
  for (int i = 0; i < 1'000; ++i) {
    auto promise = std::make_shared<std::promise<void>>();
    replies.push_back(promise->get_future());
    engine->request(villa, readings({{"battery", Metric::soc_permille, i % 1000}}, clock.now() + 1 + i),
                    [promise](Result<SiteReply>) { promise->set_value(); });
  }
  for (auto& reply : replies) reply.wait();
  const Position acknowledged = store->log().durable();
  {
    std::unique_lock lock(mutex);
    CHECK(told.wait_for(lock, std::chrono::seconds(60), [&] { return next > acknowledged; }));
    CHECK(wrong == 0);
  }
  CHECK(acknowledged > 1'000);
  REQUIRE(engine->stop());
}

TEST_CASE("a stop from one thread against commands from others: after its acknowledgement nothing energising is sent") {
  for (int round = 0; round < 20; ++round) {
    const auto store = open_memory_store();
    ManualClock clock(monday_noon);
    const auto engine = start(*store, clock);
    furnish(*engine, clock);
    std::atomic<bool> acknowledged = false;
    std::atomic<int> late = 0, sent = 0;
    const auto port = std::make_shared<WitnessPort>(store->log(), [&](const WitnessPort::Send& send) {
      ++sent;
      late += acknowledged && energises(send.command.action, send.command.power_w);
    });
    port->way = WitnessPort::Way::refuse;  // which frees the device for the next command
    engine->drive(villa, {"miner-1"}, port);
    std::thread asking([&] {
      for (int i = 0; i < 60; ++i) static_cast<void>(engine->request_and_wait(villa, ask_for("miner-1", Action::switch_on)));
    });
    for (int i = 0; i < round; ++i) static_cast<void>(engine->request_and_wait(villa, readings({{"battery", Metric::soc_permille, 900}}, clock.now() + 1 + i)));
    CHECK(engine->request_and_wait(villa, EngageStop{anna, "smoke"}));
    acknowledged = true;
    asking.join();
    CHECK(late == 0);
    REQUIRE(engine->stop());
  }
}

TEST_CASE("an engine over a log that fails says so once, and can still be stopped") {
  TestStore store;
  ManualClock clock(monday_noon);
  std::atomic<int> fatal = 0;
  EngineOptions options;
  options.fatal = [&](const Error&) { ++fatal; };
  auto engine = Engine::start(store, clock, options);
  REQUIRE(engine);
  furnish(**engine, clock);
  store.log().fails = [] { return true; };
  for (int i = 0; i < 5; ++i) CHECK_FALSE((*engine)->request_and_wait(villa, ask_for("miner-1", Action::switch_off)));
  CHECK_FALSE((*engine)->stop());
  CHECK(fatal == 1);
}

// ---- the host's flags --------------------------------------------------------------------------------------------------------

namespace {

/// Counts how often it is asked, and says when that was the third time.
struct CountingSource : ReadingSource {
  Micros interval() const override { return 1'000; }
  Result<ReadingBatch> poll(Micros) override {
    if (++polls == 3) third.set_value();
    return ReadingBatch{};
  }
  std::atomic<int> polls = 0;
  std::promise<void> third;
};

}  // namespace

TEST_CASE("with polling off no site's source is asked, and the engine's own is") {
  for (const bool polling : {true, false}) {
    const auto store = open_memory_store();
    ManualClock clock(monday_noon);
    EngineOptions options;
    options.polling = polling;
    auto engine = Engine::start(*store, clock, options);
    REQUIRE(engine);
    furnish(**engine, clock);
    const auto house = std::make_shared<CountingSource>(), own = std::make_shared<CountingSource>();
    (*engine)->listen(villa, house);
    (*engine)->listen(engine_site(), own);
    own->third.get_future().wait();
    if (polling) house->third.get_future().wait();
    REQUIRE((*engine)->stop());
    CHECK((house->polls > 0) == polling);
  }
}

TEST_CASE("a site with limits of its own takes commands where the host commands nothing") {
  const auto store = open_memory_store();
  ManualClock clock(monday_noon);
  EngineOptions options;
  options.limits.control = false;
  const SiteKey toy{{"acme"}, {"toy"}};
  options.limits_of[toy] = {};
  auto engine = Engine::start(*store, clock, options);
  REQUIRE(engine);
  furnish(**engine, clock);
  REQUIRE((*engine)->request_and_wait(toy, Configure{SiteConfigured{}, anna}));
  REQUIRE((*engine)->request_and_wait(toy, RegisterDevice{plug("miner-1"), anna}));
  const auto real = (*engine)->request_and_wait(villa, ask_for("miner-1", Action::switch_off)), simulated = (*engine)->request_and_wait(toy, ask_for("miner-1", Action::switch_off));
  REQUIRE(real);
  REQUIRE(simulated);
  CHECK(real->command->refusals.front().rule == "control-off");
  CHECK(simulated->command->refusals.empty());
}
