// Segments keep what batches said: the same records, seals and rows of a device come back, whatever the batches were like and
// wherever the borders lie; and no change of a stored byte passes for the truth.
#include <catch2/catch.hpp>

#include <random>

#include "events/codec.hpp"
#include "events/device_block.hpp"
#include "storage/memory_store.hpp"
#include "storage/segment.hpp"
#include "storage/verify.hpp"
#include "tests/storage/storage_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

/// Devices that come in turn or at random, late and repeated times, words, suspects, rows that say nothing, one row or many.
class Readings {
 public:
  explicit Readings(std::uint64_t seed) : random_(seed) {}

  Draft draft() {
    ReadingBuilder builder;
    builder.historic(chance(5));
    const std::uint64_t rows = chance(2) ? 1 : 1 + random_() % 200;
    for (std::uint64_t i = 0; i < rows; ++i) row(builder);
    Draft draft;
    draft.stream = chance(3) ? "device-meter" : "readings-home";
    draft.occurred_at = at_;
    draft.principal = {chance(2) ? PrincipalKind::apikey : PrincipalKind::device, chance(3) ? "collector" : "inverter"};
    if (chance(4)) draft.correlation = chance(2) ? "p007" : "trace-" + std::to_string(random_() % 3);
    if (chance(6)) draft.idempotency_key = "key-" + std::to_string(keys_++);
    draft.body = std::make_shared<const ReadingBatch>(builder.take());
    return draft;
  }

 private:
  bool chance(std::uint64_t in) { return random_() % in == 0; }

  void row(ReadingBuilder& builder) {
    at_ += minute_us;
    Micros at = at_;
    if (chance(20)) at -= static_cast<Micros>(random_() % 500) * minute_us;
    if (chance(200)) at = chance(2) ? -5 : 9'000'000'000'000'000'000;
    builder.row("device-" + std::to_string(chance(10) ? random_() % 40 : random_() % 3), at);
    if (!chance(4)) builder.set(Metric::grid_w, static_cast<std::int64_t>(random_() % 4000) - 2000);
    if (chance(2)) builder.set(Metric::soc_permille, static_cast<std::int64_t>(random_() % 1001));
    if (chance(3)) builder.set_text(Metric::mode, chance(2) ? "idle" : "mode " + std::to_string(random_() % 5));
    if (chance(9)) builder.set_text(Metric::state, chance(2) ? "idle" : "on");
    if (chance(15)) builder.suspect(Metric::battery_mv, Quality::jump, "0");
  }

  std::mt19937_64 random_;
  Micros at_ = start_of_2025;
  int keys_ = 0;
};

struct Said {
  Position position;
  Digest seal;
  std::string payload;
  bool operator==(const Said&) const = default;
};

std::vector<Said> all_said(const EventLog& log, Position from = 1, Position to = ~Position{0}) {
  std::vector<Said> out;
  REQUIRE(log.scan_stored(from, to, Part::all, [&](const EventLog::Stored& stored) {
    return out.push_back({stored.position, stored.seal, stored.payload}), true;
  }));
  return out;
}

/// By turns batches, facts, and both; answers where batches start.
std::vector<Position> grow(EventLog& log, std::uint64_t seed, int turns) {
  Readings readings(seed);
  std::mt19937_64 random(seed);
  std::vector<Position> starts;
  for (int i = 0; i < turns; ++i) {
    std::vector<Draft> drafts;
    if (random() % 3 == 0) drafts.push_back(event_draft("site-home", "event " + std::to_string(i)));
    if (random() % 5 != 0) drafts.push_back(readings.draft());
    const auto appended = append(log, std::move(drafts));
    REQUIRE(appended);
    for (const RecordPtr& record : *appended)
      if (record->is_readings()) starts.push_back(record->envelope.position);
  }
  return starts;
}

std::vector<std::string> all_devices() {
  std::vector<std::string> devices{device_path(home, "nobody")};
  for (int i = 0; i < 40; ++i) devices.push_back(device_path(home, "device-" + std::to_string(i)));
  return devices;
}

std::vector<std::string> blocks(const EventLog& log, Position from, Position end, const std::string& device) {
  const std::array<EventLog::Range, 1> range{{{from, end}}};
  auto found = log.device_blocks(range, device);
  REQUIRE(found);
  return *found;
}

}  // namespace

TEMPLATE_TEST_CASE("condensing changes nothing that can be read, sealed or verified", "[segment]", Memory, Rocks) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    TestType backend;
    const auto starts = grow(backend.log(), seed, 120);
    const auto said = all_said(backend.log());
    std::mt19937_64 random(seed + 100);
    // Borders where batches start; the last batch stays as it is.
    std::vector<Position> borders{1};
    for (std::size_t i = 1; i < starts.size(); ++i)
      if (random() % 8 == 0) borders.push_back(starts[i]);
    std::vector<std::vector<std::string>> in_batches;
    for (std::size_t i = 0; i + 1 < borders.size(); ++i)
      for (const std::string& device : all_devices()) in_batches.push_back(blocks(backend.log(), borders[i], borders[i + 1], device));
    for (std::size_t i = 0; i + 1 < borders.size(); ++i) {
      if (random() % 6 == 0) continue;  // some stay batches
      REQUIRE(backend.log().plan({{borders[i], borders[i + 1]}, {borders[i], borders[i + 1]}}));
      if (random() % 3 == 0) backend.reopen();  // what is planned is remembered
      REQUIRE(backend.log().planned() == 1);  // the same one
      REQUIRE(backend.log().condense_next());
      REQUIRE(backend.log().condense_next());  // a second time there is nothing to do
      REQUIRE(backend.log().planned() == 0);
    }
    const auto check = [&] {
      REQUIRE(all_said(backend.log()) == said);
      for (int i = 0; i < 60; ++i) {
        const Position from = 1 + random() % backend.log().durable(), to = from + random() % 300;
        std::vector<Said> part;
        for (std::size_t k = 0; k < said.size(); ++k)
          if (said[k].position <= to && (k + 1 == said.size() ? backend.log().durable() + 1 : said[k + 1].position) > from) part.push_back(said[k]);
        REQUIRE(all_said(backend.log(), from, to) == part);
        const auto found = backend.log().at(from);
        REQUIRE(found);
        REQUIRE((*found)->envelope.position == part.front().position);
        REQUIRE(encode_record(**found) == part.front().payload);
        REQUIRE(backend.log().seal_at(part.front().position).value() == part.front().seal);
      }
      for (std::size_t i = 0, k = 0; i + 1 < borders.size(); ++i)
        for (const std::string& device : all_devices()) REQUIRE(blocks(backend.log(), borders[i], borders[i + 1], device) == in_batches[k++]);
      const VerifyReport report = verify_store(backend.store(), {});
      INFO((report.findings.empty() ? "" : report.findings.front().sentence));
      REQUIRE(report.ok());
    };
    check();
    if (backend.reopen()) check();
    REQUIRE(append(backend.log(), {event_draft("site-home", "it goes on"), readings_draft("meter-1", 3)}));
  }
}

TEMPLATE_TEST_CASE("what cannot be condensed yet holds up nothing that is planned behind it", "[segment]", Memory, Rocks) {
  TestType backend;
  const auto starts = grow(backend.log(), 3, 40);
  const auto said = all_said(backend.log());
  const Position last = starts.back(), end = backend.log().durable() + 1;
  REQUIRE(backend.log().plan({{last, end}}));  // with the newest batch, as a closed segment has until the next one comes
  REQUIRE(backend.log().plan({{1, starts[20]}, {last, end}, {starts[20], last}}));  // as a rebuild finds them
  CHECK(backend.log().planned() == 2);
  REQUIRE(backend.log().condense_next());
  CHECK(backend.log().planned() == 1);
  REQUIRE(backend.log().condense_all());
  CHECK(backend.log().planned() == 0);
  REQUIRE(backend.log().condense_next());
  CHECK(all_said(backend.log()) == said);
  backend.reopen();
  CHECK(backend.log().planned() == 0);
  CHECK(all_said(backend.log()) == said);
}

TEST_CASE("a segment costs less than its batches, of readings that came one by one too", "[segment]") {
  Memory memory;
  std::vector<RecordPtr> batches;
  std::size_t before = 0;
  for (int i = 0; i < 2000; ++i) {
    ReadingBuilder builder;
    builder.row("meter-1", start_of_2025 + i * 120 * second_us);
    builder.set(Metric::grid_w, 400 + i % 37);
    builder.set(Metric::soc_permille, 500 + i % 11);
    Draft draft;
    draft.stream = "readings-home";
    draft.occurred_at = start_of_2025 + i * 120 * second_us;
    draft.principal = {PrincipalKind::device, "meter-1"};
    draft.body = std::make_shared<const ReadingBatch>(builder.take());
    const auto appended = append(memory.log(), {draft}, start_of_2025 + i * 120 * second_us + i % 7);
    REQUIRE(appended);
    batches.push_back(appended->front());
    before += encode_record(*batches.back()).size() + 32 + encode_readings(batches.back()->readings()).size();
  }
  const Segment segment = make_segment(batches, 1, memory.log().durable() + 1).value();
  std::size_t after = segment.head.size();
  for (const auto& [device, blocks] : segment.blocks)
    for (const auto& block : blocks) after += block.size();
  INFO(after << " bytes instead of " << before << ", head " << segment.head.size());
  CHECK(after < 2000 * 6);
  CHECK(before > 2000 * 100);
}

TEST_CASE("no changed byte of a segment gives other records without its being told", "[segment]") {
  Memory memory;
  std::vector<RecordPtr> batches;
  grow(memory.log(), 3, 12);
  REQUIRE(memory.log().scan(1, ~Position{0}, Part::readings, [&](const RecordPtr& record) { return batches.push_back(record), true; }));
  const Segment segment = make_segment(batches, 1, memory.log().durable() + 1).value();
  const auto payloads = [](const std::vector<RecordPtr>& records) {
    std::vector<std::string> out;
    for (const auto& record : records) out.push_back(encode_record(*record));
    return out;
  };
  const auto whole = weave(segment);
  REQUIRE(whole);
  const auto expected = payloads(*whole);
  REQUIRE(expected == payloads(batches));
  std::size_t refused = 0, other = 0, same = 0;
  const auto judge = [&](const Segment& changed) {
    const auto woven = weave(changed);
    if (!woven) ++refused;
    else payloads(*woven) == expected ? ++same : ++other;
  };
  std::mt19937_64 random(1);
  for (int round = 0; round < 3000; ++round) {
    Segment changed = segment;
    std::string* bytes = &changed.head;
    if (round % 4 != 0) {
      auto device = std::next(changed.blocks.begin(), static_cast<long>(random() % changed.blocks.size()));
      bytes = &device->second[random() % device->second.size()];
    }
    if (round % 3 == 0) bytes->resize(random() % bytes->size());
    else (*bytes)[random() % bytes->size()] ^= static_cast<char>(1u << random() % 8);
    judge(changed);
  }
  CHECK(refused > 1000);
  CHECK(other > 300);  // what the seals tell apart
  CHECK(same < 600);   // extremes, padding: the records do not hang on them
  Segment without = segment;
  without.blocks.erase(without.blocks.begin());
  CHECK_FALSE(weave(without));
  Segment twice = segment;
  twice.blocks.begin()->second.push_back(twice.blocks.begin()->second.front());
  CHECK_FALSE(weave(twice));
}

TEST_CASE("what is not in a segment yet cannot be condensed where a seal would not fit", "[segment]") {
  // A log whose rows were changed behind its back: condensing says so and leaves them for verify.
  class Changed : public MemoryLog {
   public:
    Status scan_stored(Position from, Position to, Part part, const VisitStored& visit) const override {
      return MemoryLog::scan_stored(from, to, part, [&](const Stored& stored) {
        Stored other = stored;
        if (other.readings && other.position > 1) {
          auto rows = decode_readings(other.rows);
          REQUIRE(rows);
          rows->at.front() += 1;
          other.rows = encode_readings(*rows);
        }
        return visit(other);
      });
    }
  } log;
  const auto starts = grow(log, 5, 20);
  REQUIRE(log.plan({{1, starts.back()}}));
  const auto condensed = log.condense_next();
  REQUIRE_FALSE(condensed);
  CHECK(condensed.error().code == Errc::corrupt);
  CHECK(condensed.error().sentence.find("not those that were sealed") != std::string::npos);
  CHECK(log.planned() == 1);
}
