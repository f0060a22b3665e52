// What every event log must do, in memory and on disk alike.
#include <catch2/catch.hpp>

#include "tests/storage/storage_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

Digest fingerprint(std::uint8_t byte) {
  Digest d{};
  d.fill(byte);
  return d;
}

Draft with_key(Draft draft, std::string key, std::uint8_t byte) {
  draft.idempotency_key = std::move(key);
  draft.fingerprint = fingerprint(byte);
  return draft;
}

}  // namespace

TEMPLATE_TEST_CASE("positions run on without a gap over events and batches", "[log]", Memory, Rocks) {
  TestType backend;
  auto first = append(backend.log(), {event_draft("site-home", "a"), readings_draft("meter-1", 5), event_draft("site-home", "b")});
  REQUIRE(first);
  REQUIRE(first->size() == 3);
  CHECK((*first)[0]->envelope.position == 1);
  CHECK((*first)[1]->envelope.position == 2);
  CHECK((*first)[1]->last() == 6);
  CHECK((*first)[2]->envelope.position == 7);
  auto second = append(backend.log(), {readings_draft("meter-2", 2)});
  REQUIRE(second);
  CHECK(second->front()->envelope.position == 8);
  CHECK(backend.log().durable() == 9);
  CHECK(backend.log().staged() == 9);
}

TEMPLATE_TEST_CASE("a record comes back from the log as it went in", "[log]", Memory, Rocks) {
  TestType backend;
  auto written = append(backend.log(), {event_draft("site-home", "a"), readings_draft("meter-1", 300)});
  REQUIRE(written);
  backend.reopen();
  auto read = records(backend.log(), 1, 1000);
  REQUIRE(read.size() == 2);
  CHECK(same(*read[0], *(*written)[0]));
  CHECK(same(*read[1], *(*written)[1]));
}

TEMPLATE_TEST_CASE("nothing staged is durable, readable or scanned before the commit", "[log]", Memory, Rocks) {
  TestType backend;
  REQUIRE(stage(backend.log(), {event_draft("site-home", "a")}));
  CHECK(backend.log().staged() == 1);
  CHECK(backend.log().durable() == 0);
  CHECK(records(backend.log(), 1, 10).empty());
  auto early = backend.log().at(1);
  REQUIRE_FALSE(early);
  CHECK(early.error().code == Errc::not_found);
  auto group = backend.log().commit();
  REQUIRE(group);
  CHECK(group->size() == 1);
  CHECK(backend.log().durable() == 1);
  CHECK(backend.log().at(1));
}

TEMPLATE_TEST_CASE("one commit takes the turns of many sites, in the order they were staged", "[log]", Memory, Rocks) {
  TestType backend;
  for (const char* site : {"north", "south", "east"}) {
    auto turn = backend.log().begin({{"acme"}, {site}}, start_of_2025);
    REQUIRE(turn);
    REQUIRE(turn->add(event_draft("site-main", site)));
    turn->stage();
  }
  auto group = backend.log().commit();
  REQUIRE(group);
  REQUIRE(group->size() == 3);
  CHECK((*group)[0]->envelope.site.site.text == "north");
  CHECK((*group)[2]->envelope.site.site.text == "east");
  for (const RecordPtr& r : *group) CHECK(r->envelope.version == 1);  // each site has its own streams
  auto empty = backend.log().commit();
  REQUIRE(empty);
  CHECK(empty->empty());
}

TEMPLATE_TEST_CASE("a turn that was not staged leaves no trace", "[log]", Memory, Rocks) {
  TestType backend;
  {
    auto turn = backend.log().begin(home, start_of_2025);
    REQUIRE(turn);
    REQUIRE(turn->add(with_key(event_draft("site-home", "a"), "key", 1)));
    CHECK(turn->next() == 2);
    auto moved = std::move(*turn);  // moving it is no second turn and no stage
    CHECK(moved.next() == 2);
  }
  CHECK(backend.log().staged() == 0);
  CHECK(backend.log().commit()->empty());
  CHECK(*backend.log().version_of(home, "site-home") == 0);
  CHECK_FALSE(backend.log().find_key(home.tenant, "key")->has_value());
  auto next = append(backend.log(), {event_draft("site-home", "b")});
  REQUIRE(next);
  CHECK(next->front()->envelope.position == 1);
  CHECK(next->front()->envelope.version == 1);
}

TEMPLATE_TEST_CASE("an empty turn may be staged and adds nothing", "[log]", Memory, Rocks) {
  TestType backend;
  REQUIRE(stage(backend.log(), {}));
  CHECK(backend.log().commit()->empty());
  CHECK(backend.log().durable() == 0);
}

TEMPLATE_TEST_CASE("what is no fact is refused and leaves the turn as it was", "[log]", Memory, Rocks) {
  TestType backend;
  auto turn = backend.log().begin(home, start_of_2025);
  REQUIRE(turn);
  auto refused = [&](Draft draft) {
    auto added = turn->add(std::move(draft));
    return !added && added.error().code == Errc::invalid;
  };
  CHECK(refused(readings_draft("meter-1", 0)));
  CHECK(refused(event_draft("", "no stream")));
  CHECK(refused(event_draft("Site Home", "no id")));
  Draft null = readings_draft("meter-1", 1);
  null.body = ReadingsPtr{};
  CHECK(refused(null));
  Draft uneven = readings_draft("meter-1", 2);
  auto batch = std::get<ReadingsPtr>(uneven.body);
  auto cut = std::make_shared<ReadingBatch>(*batch);
  cut->columns.front().values.pop_back();
  uneven.body = ReadingsPtr(cut);
  CHECK(refused(uneven));
  Draft ahead = event_draft("site-home", "caused by the future");
  ahead.cause = 1;
  CHECK(refused(ahead));
  CHECK(refused(with_key(event_draft("site-home", "long key"), std::string(256, 'k'), 1)));
  CHECK(turn->next() == 1);
  REQUIRE(turn->add(event_draft("site-home", "good")));
  turn->stage();
  CHECK(backend.log().commit()->size() == 1);
}

TEMPLATE_TEST_CASE("a turn of a site that is no id is refused", "[log]", Memory, Rocks) {
  TestType backend;
  auto turn = backend.log().begin({{"Acme!"}, {"home"}}, start_of_2025);
  REQUIRE(turn);
  CHECK_FALSE(turn->add(event_draft("site-home", "a")));
}

TEMPLATE_TEST_CASE("a draft that expects another version conflicts", "[log]", Memory, Rocks) {
  TestType backend;
  REQUIRE(append(backend.log(), {event_draft("site-home", "a"), event_draft("site-home", "b")}));
  backend.reopen();
  CHECK(*backend.log().version_of(home, "site-home") == 2);
  auto turn = backend.log().begin(home, start_of_2025);
  REQUIRE(turn);
  Draft stale = event_draft("site-home", "c");
  stale.expected_version = 1;
  auto conflict = turn->add(stale);
  REQUIRE_FALSE(conflict);
  CHECK(conflict.error().code == Errc::conflict);
  Draft fresh = event_draft("site-home", "c");
  fresh.expected_version = 2;
  REQUIRE(turn->add(fresh));
  fresh.expected_version = 3;  // the turn's own drafts count
  auto again = turn->add(fresh);
  REQUIRE(again);
  CHECK((*again)->envelope.version == 4);
}

TEMPLATE_TEST_CASE("a version that is staged counts before it is durable", "[log]", Memory, Rocks) {
  TestType backend;
  REQUIRE(stage(backend.log(), {event_draft("site-home", "a")}));
  CHECK(*backend.log().version_of(home, "site-home") == 1);
  Draft next = event_draft("site-home", "b");
  next.expected_version = 1;
  CHECK(stage(backend.log(), {next}));
}

TEMPLATE_TEST_CASE("an idempotency key is found staged, durable and after opening again", "[log]", Memory, Rocks) {
  TestType backend;
  auto found = [&] { return backend.log().find_key(home.tenant, "order-1"); };
  CHECK_FALSE(found()->has_value());
  REQUIRE(stage(backend.log(), {event_draft("site-home", "a"), with_key(event_draft("site-home", "b"), "order-1", 7)}));
  REQUIRE(found()->has_value());
  CHECK((*found())->position == 2);
  CHECK((*found())->fingerprint == fingerprint(7));
  REQUIRE(backend.log().commit());
  REQUIRE(found()->has_value());
  CHECK((*found())->position == 2);
  backend.reopen();
  REQUIRE(found()->has_value());
  CHECK((*found())->position == 2);
  CHECK((*found())->fingerprint == fingerprint(7));
  CHECK_FALSE(backend.log().find_key({"other"}, "order-1")->has_value());
}

TEMPLATE_TEST_CASE("an idempotency key is used once", "[log]", Memory, Rocks) {
  TestType backend;
  auto turn = backend.log().begin(home, start_of_2025);
  REQUIRE(turn);
  REQUIRE(turn->add(with_key(event_draft("site-home", "a"), "k", 1)));
  auto within = turn->add(with_key(event_draft("site-home", "b"), "k", 1));
  REQUIRE_FALSE(within);
  CHECK(within.error().code == Errc::conflict);
  turn->stage();
  auto staged = stage(backend.log(), {with_key(event_draft("site-home", "c"), "k", 1)});
  REQUIRE_FALSE(staged);
  CHECK(staged.error().code == Errc::conflict);
  REQUIRE(backend.log().commit());
  auto durable = stage(backend.log(), {with_key(event_draft("site-home", "d"), "k", 1)});
  REQUIRE_FALSE(durable);
  CHECK(durable.error().code == Errc::conflict);
  CHECK(backend.log().staged() == 1);
}

TEMPLATE_TEST_CASE("recorded_at never runs backwards, and a turn has one stamp", "[log]", Memory, Rocks) {
  TestType backend;
  const Micros now = start_of_2025;
  auto first = append(backend.log(), {event_draft("site-home", "a"), event_draft("site-home", "b")}, now);
  REQUIRE(first);
  CHECK((*first)[0]->envelope.recorded_at == now);
  CHECK((*first)[1]->envelope.recorded_at == now);
  auto back = append(backend.log(), {event_draft("site-home", "c")}, now - day_us);
  REQUIRE(back);
  CHECK(back->front()->envelope.recorded_at == now + 1);
  backend.reopen();
  auto after = append(backend.log(), {event_draft("site-home", "d")}, 0);
  REQUIRE(after);
  CHECK(after->front()->envelope.recorded_at == now + 2);
  auto later = append(backend.log(), {event_draft("site-home", "e")}, now + hour_us);
  REQUIRE(later);
  CHECK(later->front()->envelope.recorded_at == now + hour_us);
}

TEMPLATE_TEST_CASE("a chain without a name is named by its first position", "[log]", Memory, Rocks) {
  TestType backend;
  REQUIRE(append(backend.log(), {event_draft("site-home", "a")}));
  Draft named = event_draft("site-home", "c");
  named.correlation = "trace-9";
  auto turn = append(backend.log(), {event_draft("site-home", "b"), named, event_draft("site-home", "d")});
  REQUIRE(turn);
  CHECK((*turn)[0]->envelope.correlation == "p2");
  CHECK((*turn)[1]->envelope.correlation == "trace-9");
  CHECK((*turn)[2]->envelope.correlation == "p2");
}

TEMPLATE_TEST_CASE("a scan gives what overlaps the range, in order, by part, until told to stop", "[log]", Memory, Rocks) {
  TestType backend;
  REQUIRE(append(backend.log(), {event_draft("site-home", "1"), readings_draft("meter-1", 5), event_draft("site-home", "7")}));
  REQUIRE(append(backend.log(), {readings_draft("meter-1", 3), event_draft("site-home", "11")}));
  backend.reopen();
  auto starts = [&](Position from, Position to, Part part = Part::all) {
    std::vector<Position> out;
    for (const RecordPtr& r : records(backend.log(), from, to, part)) out.push_back(r->envelope.position);
    return out;
  };
  using V = std::vector<Position>;
  CHECK(starts(1, 11) == V{1, 2, 7, 8, 11});
  CHECK(starts(0, ~Position{0}) == V{1, 2, 7, 8, 11});
  CHECK(starts(4, 7) == V{2, 7});      // from inside a batch
  CHECK(starts(6, 6) == V{2});         // a batch's last reading
  CHECK(starts(7, 7) == V{7});
  CHECK(starts(10, 10) == V{8});
  CHECK(starts(12, 20).empty());
  CHECK(starts(5, 4).empty());
  CHECK(starts(1, 11, Part::decisions) == V{1, 7, 11});
  CHECK(starts(2, 6, Part::decisions).empty());
  CHECK(starts(1, 11, Part::readings) == V{2, 8});
  CHECK(starts(5, 11, Part::readings) == V{2, 8});
  CHECK(starts(7, 7, Part::readings).empty());
  int seen = 0;
  REQUIRE(backend.log().scan(1, 11, Part::all, [&](const RecordPtr&) { return ++seen < 2; }));
  CHECK(seen == 2);
}

TEMPLATE_TEST_CASE("every position of a batch leads to its record", "[log]", Memory, Rocks) {
  TestType backend;
  REQUIRE(append(backend.log(), {event_draft("site-home", "1"), readings_draft("meter-1", 4), event_draft("site-home", "6")}));
  for (Position p = 2; p <= 5; ++p) {
    auto record = backend.log().at(p);
    REQUIRE(record);
    CHECK((*record)->envelope.position == 2);
    CHECK((*record)->is_readings());
  }
  CHECK((*backend.log().at(1))->envelope.position == 1);
  CHECK((*backend.log().at(6))->envelope.position == 6);
  for (Position p : {Position{0}, Position{7}}) {
    auto none = backend.log().at(p);
    REQUIRE_FALSE(none);
    CHECK(none.error().code == Errc::not_found);
  }
}

TEMPLATE_TEST_CASE("each part has a chain of seals over the stored bytes", "[log]", Memory, Rocks) {
  TestType backend;
  fill(backend.log(), 40);
  backend.reopen();
  fill(backend.log(), 40);
  Digest chain[2]{};
  std::size_t seen = 0;
  REQUIRE(backend.log().scan_stored(1, ~Position{0}, Part::all, [&](const EventLog::Stored& s) {
    Digest& seal = chain[s.readings ? 1 : 0];
    seal = seal_of(seal, s.position, s.payload);
    CHECK(seal == s.seal);
    CHECK(*backend.log().seal_at(s.position) == s.seal);
    ++seen;
    return true;
  }));
  CHECK(seen == 80);
  CHECK_FALSE(backend.log().seal_at(81 * 5));
}

TEST_CASE("both logs seal the same facts with the same seals", "[log]") {
  Memory memory;
  Rocks rocks;
  fill(memory.log(), 60);
  fill(rocks.log(), 60);
  std::vector<Digest> a, b;
  REQUIRE(memory.log().scan_stored(1, 1000, Part::all, [&](const auto& s) { return a.push_back(s.seal), true; }));
  REQUIRE(rocks.log().scan_stored(1, 1000, Part::all, [&](const auto& s) { return b.push_back(s.seal), true; }));
  CHECK(a.size() == 60);
  CHECK(a == b);
}

TEMPLATE_TEST_CASE("readings that were encoded outside the lock are stored the same", "[log]", Memory, Rocks) {
  TestType backend;
  TestType other;
  Draft draft = readings_draft("meter-1", 200);
  REQUIRE(append(backend.log(), {draft}));
  draft.packed = pack_readings(*std::get<ReadingsPtr>(draft.body));
  REQUIRE(append(other.log(), {draft}));
  CHECK(*backend.log().seal_at(1) == *other.log().seal_at(1));
}
