// Dropping: a site's readings before a position are gone, whoever's lie between; every other record, every seal and the proof of
// both chains stay, and nothing goes of which nothing on record says so.
#include <catch2/catch.hpp>

#include <random>

#include "events/codec.hpp"
#include "storage/memory_store.hpp"
#include "storage/segment_head.hpp"
#include "storage/verify.hpp"
#include "tests/storage/storage_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

const SiteKey barn{{"acme"}, {"barn"}}, house{{"beta"}, {"home"}};
const std::vector<SiteKey> sites{home, barn, house};

struct Said {
  SiteKey site;
  Position position, last;
  bool readings;
  Digest seal;
  std::string payload;
  bool operator==(const Said&) const = default;
};

struct All {
  std::vector<Said> said;
  std::vector<DroppedRun> dropped;
};

All all_of(const EventLog& log, Position from = 1, Position to = ~Position{0}) {
  All all;
  REQUIRE(log.scan_stored(from, to, Part::all, [&](const EventLog::Stored& stored) {
    if (stored.dropped) return all.dropped.push_back(*stored.dropped), true;
    const RecordPtr record = stored.record().value();
    all.said.push_back({record->envelope.site, stored.position, record->last(), stored.readings, stored.seal, stored.payload});
    return true;
  }));
  return all;
}

Status add(EventLog& log, const SiteKey& site, Draft draft, Micros now = start_of_2025) {
  auto turn = log.begin(site, now);
  if (!turn) return fail(turn.error());
  if (auto added = turn->add(std::move(draft)); !added) return fail(added.error());
  turn->stage();
  if (auto done = log.commit(); !done) return fail(done.error());
  return {};
}

/// Batches of three sites and facts by turns, condensed. Answers the borders of the segments.
std::vector<Position> grow(EventLog& log, std::mt19937_64& random, int turns) {
  std::vector<Position> borders{1};
  for (int i = 0; i < turns; ++i) {
    const SiteKey& site = sites[random() % 8 == 0 ? random() % sites.size() : static_cast<std::size_t>(i) / 7 % sites.size()];
    const Micros now = start_of_2025 + i * hour_us;
    if (random() % 3 == 0) REQUIRE(add(log, site, event_draft("site-things", "event " + std::to_string(i)), now));
    else REQUIRE(add(log, site, readings_draft("meter-" + std::to_string(random() % 3), 1 + random() % 5, i), now));
    if (random() % 9 == 0) borders.push_back(log.durable() + 1);
  }
  REQUIRE(add(log, home, readings_draft("meter-1", 1)));  // the newest batch stays one
  for (std::size_t i = 0; i + 1 < borders.size(); ++i)
    if (borders[i] < borders[i + 1]) REQUIRE(log.plan({{borders[i], borders[i + 1]}}));
  REQUIRE(log.condense_all());
  borders.erase(std::unique(borders.begin(), borders.end()), borders.end());
  // A stretch without a batch makes no segment: what can be dropped ends there.
  for (std::size_t i = 0; i + 1 < borders.size(); ++i)
    if (!log.segment_end(borders[i]).value()) borders.resize(i + 1);
  return borders;
}

EventLog::Drop put_on_record(EventLog& log, const SiteKey& site, Position before) {
  ReadingsDropped fact;
  fact.from = 1;
  fact.before = before;
  fact.kept_days = 30;
  Draft draft = event_draft("site-retention", "");
  draft.body = Event(fact);
  REQUIRE(add(log, site, std::move(draft)));
  return {site, 1, before, log.durable()};
}

Status carry_out(EventLog& log, std::span<const EventLog::Drop> drops) {
  std::vector<EventLog::DropWith> with;
  for (const EventLog::Drop& drop : drops) with.push_back({drop, "known at " + std::to_string(drop.before)});
  return log.drop(with);
}

bool is_gone(const Said& record, std::span<const EventLog::Drop> drops) {
  return record.readings && std::any_of(drops.begin(), drops.end(), [&](const EventLog::Drop& drop) { return drop.site == record.site && record.position < drop.before; });
}

VerifyReport verified(Store& store) {
  VerifyReport report = verify_store(store, {});
  INFO((report.findings.empty() ? "" : report.findings.front().sentence));
  REQUIRE(report.ok());
  return report;
}

template <class Backend>
void check(Backend& backend, const std::vector<Said>& before, std::span<const EventLog::Drop> drops, std::mt19937_64& random) {
  EventLog& log = backend.log();
  std::vector<Said> kept;
  std::uint64_t gone = 0;
  for (const Said& record : before) {
    if (is_gone(record, drops)) gone += record.last - record.position + 1;
    else kept.push_back(record);
  }
  All now = all_of(log);
  for (std::size_t i = 0; i < drops.size(); ++i) now.said.pop_back();  // what put them on record
  REQUIRE(now.said == kept);
  std::uint64_t rows = 0;
  for (const DroppedRun& run : now.dropped) rows += run.rows;
  REQUIRE(rows == gone);
  REQUIRE(verified(backend.store()).dropped == gone);
  for (int i = 0; i < 80; ++i) {
    const Said& record = before[random() % before.size()];
    const Position position = record.position + random() % (record.last - record.position + 1);
    const auto found = log.at(position);
    if (is_gone(record, drops)) {
      REQUIRE_FALSE(found);
      REQUIRE(found.error().code == Errc::not_found);
      REQUIRE(found.error().sentence.find("no longer kept") != std::string::npos);
      REQUIRE_FALSE(log.seal_at(record.position));
    } else {
      REQUIRE(found);
      REQUIRE(encode_record(**found) == record.payload);
      REQUIRE(log.seal_at(record.position).value() == record.seal);
    }
    const Position from = 1 + random() % log.durable(), to = from + random() % 60;
    std::vector<Said> part;
    for (const Said& each : kept)
      if (each.position <= to && each.last >= from) part.push_back(each);
    All found_part = all_of(log, from, to);
    std::erase_if(found_part.said, [&](const Said& each) { return each.position > before.back().position; });
    REQUIRE(found_part.said == part);
  }
  for (const SiteKey& site : sites)
    for (const char* device : {"meter-0", "meter-1", "meter-2"}) {
      const std::string path = device_path(site, device);
      const auto drop = std::find_if(drops.begin(), drops.end(), [&](const EventLog::Drop& each) { return each.site == site; });
      if (drop == drops.end()) continue;
      const std::array<EventLog::Range, 1> whole{{{1, log.segment_end(1).value().value()}}};
      if (whole[0].end <= drop->before) REQUIRE(log.device_blocks(whole, path).value().empty());
    }
}

}  // namespace

TEMPLATE_TEST_CASE("what is dropped is gone, and every other record, seal and proof stays", "[drop]", Memory, Rocks) {
  std::size_t dropped = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    TestType backend;
    const auto borders = grow(backend.log(), random, 150);
    const auto before = all_of(backend.log()).said;
    if (borders.size() < 3) continue;
    std::vector<EventLog::Drop> drops;
    for (std::size_t round = 0; round < 3; ++round) {
      const SiteKey& site = sites[round];
      const Position border = borders[1 + random() % (borders.size() - 1)];
      drops.push_back(put_on_record(backend.log(), site, border));
      if (round == 1) {  // two at once
        REQUIRE(carry_out(backend.log(), std::span(drops).subspan(0, 2)));
      } else {
        REQUIRE(carry_out(backend.log(), std::span(drops).subspan(round, 1)));
      }
      check(backend, before, drops, random);
      if (backend.reopen()) check(backend, before, drops, random);
    }
    REQUIRE(carry_out(backend.log(), drops));  // a second time there is nothing to do
    check(backend, before, drops, random);
    for (const EventLog::Drop& drop : drops) {
      REQUIRE(backend.log().dropped(drop.site) == drop);
      REQUIRE(backend.log().known_at_drop(drop.site).value() == "known at " + std::to_string(drop.before));
    }
    dropped += verified(backend.store()).dropped;
    REQUIRE(add(backend.log(), home, readings_draft("meter-1", 3)));
    verified(backend.store());
  }
  CHECK(dropped > 500);
}

TEMPLATE_TEST_CASE("readings that are gone without a word are a finding", "[drop]", Memory, Rocks) {
  std::mt19937_64 random(7);
  TestType backend;
  const auto borders = grow(backend.log(), random, 150);
  REQUIRE(borders.size() > 3);
  if (GENERATE(true, false)) put_on_record(backend.log(), barn, borders.back());  // another site's excuse nothing
  const EventLog::Drop unsaid{home, 1, borders[3], 1};
  REQUIRE(carry_out(backend.log(), {&unsaid, 1}));
  const VerifyReport report = verify_store(backend.store(), {});
  CHECK_FALSE(report.ok());
  REQUIRE_FALSE(report.findings.empty());
  CHECK(report.findings.front().sentence.find("nothing on record says") != std::string::npos);
}

TEMPLATE_TEST_CASE("what lies in no segment is not dropped", "[drop]", Memory, Rocks) {
  TestType backend;
  for (int i = 0; i < 10; ++i) REQUIRE(add(backend.log(), home, readings_draft("meter-1", 2, i)));
  const auto before = all_of(backend.log()).said;
  const auto drop = put_on_record(backend.log(), home, 11);
  const auto done = carry_out(backend.log(), {&drop, 1});
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Errc::corrupt);
  auto after = all_of(backend.log()).said;
  after.pop_back();
  CHECK(after == before);
  CHECK(backend.log().drops().empty());
}

TEMPLATE_TEST_CASE("what is older ends at the border of a segment", "[drop]", Memory, Rocks) {
  std::mt19937_64 random(11);
  TestType backend;
  const auto borders = grow(backend.log(), random, 150);
  REQUIRE(borders.size() > 5);
  CHECK(backend.log().older_than(1, start_of_2025 - 1).value() == 1);
  CHECK(backend.log().older_than(1, start_of_2025 + 1000 * hour_us).value() == borders.back());
  Position last = 1;
  for (int hour = 0; hour < 150; ++hour) {
    const Position end = backend.log().older_than(1, start_of_2025 + hour * hour_us).value();
    CHECK(end >= last);
    CHECK(std::find(borders.begin(), borders.end(), end) != borders.end());
    REQUIRE(backend.log().scan(1, end - 1, Part::readings, [&](const RecordPtr& record) {
      CHECK(record->envelope.recorded_at < start_of_2025 + hour * hour_us);
      return true;
    }));
    last = end;
  }
  CHECK(last > borders[borders.size() / 2]);
}

TEST_CASE("a changed byte of what stands for dropped readings does not pass", "[drop]") {
  std::mt19937_64 random(13);
  Memory memory;
  const auto borders = grow(memory.log(), random, 60);
  REQUIRE(borders.size() > 2);
  std::vector<RecordPtr> kept;
  std::vector<DroppedRun> runs;
  // As a head that keeps every other batch says it.
  HeadMaker maker(1);
  Digest before{};
  bool odd = false;
  REQUIRE(memory.log().scan_stored(1, borders[2] - 1, Part::readings, [&](const EventLog::Stored& stored) {
    const RecordPtr record = stored.record().value();
    if (odd = !odd; odd) maker.add(*record);
    else runs.push_back({stored.position, record->last() + 1, 1, record->span(), before, stored.seal, {record->envelope.site}});
    return before = stored.seal, true;
  }));
  REQUIRE(runs.size() > 2);
  const std::string head = maker.finish(borders[2], runs).value();
  CHECK(decode_head(head).value().dropped == runs);
  std::swap(runs[0], runs[1]);
  CHECK_FALSE(HeadMaker(1).finish(borders[2], runs));  // out of order
  std::swap(runs[0], runs[1]);
  runs.back().end = borders[2] + 1;
  CHECK_FALSE(HeadMaker(1).finish(borders[2], runs));  // beyond the end
  runs.back().end = borders[2];
  runs.back().rows = 0;
  CHECK_FALSE(HeadMaker(1).finish(borders[2], runs));  // of nothing
  std::size_t refused = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string changed = head;
    if (round % 3 == 0) changed.resize(random() % changed.size());
    else changed[random() % changed.size()] ^= static_cast<char>(1u << random() % 8);
    const auto decoded = decode_head(changed);
    refused += decoded ? 0 : 1;
    if (decoded) CHECK(decoded->from < decoded->end);
  }
  CHECK(refused > 500);
}
