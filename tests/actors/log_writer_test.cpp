// The writer: one write for what has gathered, news in order and within credit, and no way on after a failed write.
#include <catch2/catch.hpp>

#include "tests/support/actor_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

/// Stages one event, as a site does.
void stage(World& world, const std::string& reason) {
  auto turn = world.store.log().begin(villa, world.clock.now());
  REQUIRE(turn);
  Draft draft;
  draft.stream = "site-villa";
  draft.principal = anna;
  draft.occurred_at = turn->recorded_at();
  draft.body = StopEngaged{reason};
  REQUIRE(turn->add(std::move(draft)));
  turn->stage();
}

/// Asks for a flush; the answer comes when the world runs.
std::shared_ptr<std::optional<Position>> flush(World& world, int* failures = nullptr) {
  auto answer = std::make_shared<std::optional<Position>>();
  // With an argument: CAF 0.17 dereferences a null tuple for function actors without any.
  world.system.spawn([answer, failures](caf::event_based_actor* self, const LogWriterActor& writer) {
    self->request(writer, caf::infinite, flush_atom_v)
        .then([answer](Position durable) { *answer = durable; }, [failures](const caf::error&) { if (failures) ++*failures; });
  }, world.writer);
  return answer;
}

/// A follower as the gateway is one: every record comes once, in order.
struct Reader {
  explicit Reader(const EventLog& log) : next(log.durable() + 1) {}
  void take(const News& news) {
    if (news.read_the_log) ++catch_ups;
    for (const RecordPtr& record : news.records) got(record);
    CHECK(news.durable == next - 1);
  }
  bool got(const RecordPtr& record) {
    CHECK(record->envelope.position == next);
    next = record->last() + 1;
    return true;
  }
  Position next;
  std::size_t catch_ups = 0;
};

}  // namespace

TEST_CASE("many flushes, one write, and each is answered with what is durable") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  std::vector<std::shared_ptr<std::optional<Position>>> answers;
  for (int i = 0; i < 20; ++i) {
    stage(world, std::to_string(i));
    answers.push_back(flush(world));
  }
  CHECK(store.log().durable() == 0);
  world.run();
  CHECK(store.log().writes == 1);
  CHECK(store.log().durable() == 20);
  for (const auto& answer : answers) CHECK(*answer == Position{20});
  const auto idle = flush(world);
  world.run();
  CHECK(*idle == Position{20});
  CHECK(store.log().writes == 1);  // nothing staged, nothing written
}

TEST_CASE("a failed write answers everybody with an error, ends the house once, and nothing is written again") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  store.log().fails = [] { return true; };
  int failures = 0;
  stage(world, "a");
  const auto first = flush(world, &failures), second = flush(world, &failures);
  world.run();
  CHECK(failures == 2);
  CHECK_FALSE(first->has_value());
  REQUIRE(world.fatal.size() == 1);
  CHECK(world.fatal.front().code == Errc::io);
  store.log().fails = nullptr;
  CHECK_FALSE(store.log().begin(villa, clock.now()));
  flush(world, &failures);
  world.run();
  CHECK(failures == 3);
  CHECK(store.log().durable() == 0);
}

TEST_CASE("a writer that ends lets go of those who wait for it") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  stage(world, "a");
  const auto token = std::make_shared<int>(1);
  // Holds the writer, as sites and the supervisor do: whoever also is held by it would live for ever.
  world.system.spawn([token](caf::event_based_actor* self, const LogWriterActor& writer) {
    self->request(writer, caf::infinite, flush_atom_v).then([token, writer](Position) {}, [](const caf::error&) {});
  }, world.writer);
  world.run_without(World::raw(world.writer));
  CHECK(token.use_count() > 1);
  caf::anon_send_exit(world.writer, caf::exit_reason::user_shutdown);
  world.run();
  CHECK(store.log().durable() == 0);  // it ended between the question and the commit
  CHECK(token.use_count() == 1);
}

TEST_CASE("a follower gets everything once and in order, from where the log stands") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  stage(world, "before");
  flush(world);
  world.run();
  Reader reader(store.log());
  world.follow([&](const News& news) { reader.take(news); });
  CHECK(reader.next == 2);
  for (int i = 0; i < 200; ++i) {
    stage(world, std::to_string(i));
    flush(world);
    world.run();
  }
  CHECK(reader.next == 202);
  CHECK(reader.catch_ups == 0);
}

TEST_CASE("a slow follower runs out of credit, reads the log, and misses and repeats nothing") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  Reader slow(store.log()), quick(store.log());
  const auto held = world.follow([&](const News& news) { slow.take(news); });
  world.follow([&](const News& news) { quick.take(news); });
  std::mt19937_64 random(5);
  for (int round = 0; round < 30; ++round) {
    const int commits = static_cast<int>(random() % 150);
    for (int i = 0; i < commits; ++i) {
      stage(world, "x");
      flush(world);
      world.run_without(World::raw(held));
    }
    CHECK(quick.next == store.log().durable() + 1);
    const auto* mailbox = dynamic_cast<const caf::scheduled_actor*>(World::raw(held));
    REQUIRE(mailbox != nullptr);
    // Some of what waits, then more commits: credit comes back in pieces.
    for (std::uint64_t i = random() % 100; i > 0 && world.scheduler.has_job(); --i) world.scheduler.run_once();
  }
  world.run();
  CHECK(slow.next == store.log().durable() + 1);
  CHECK(slow.catch_ups > 3);
  CHECK(quick.catch_ups == 0);
  CHECK(store.log().durable() > 1'000);
}

TEST_CASE("a question sees everything that was acknowledged before it, even when news was withheld") {
  TestStore store;
  ManualClock clock(monday_noon);
  World world(store, clock);
  furnish(world);
  const auto* held = World::raw(world.projector);
  for (int i = 0; i < 100; ++i) {
    clock.advance(second_us);
    world.request(readings({{"battery", Metric::soc_permille, 500 + i}}, clock.now()));
    world.run_without(held);
  }
  std::int64_t shown = 0;
  world.query([&](const Views& views) {
    const SiteNow* now = views.site_now.site(villa);
    shown = now->latest(*now->find("battery"), Metric::soc_permille).value;
  });
  // The question overtakes nothing: the catch-up that the writer will send later must not be needed.
  world.run();
  CHECK(shown == 599);
  CHECK(world.fatal.empty());
}
