// Verification must see each kind of lie by itself: every case here changes one thing of a good log.
#include <algorithm>
#include <catch2/catch.hpp>

#include "events/codec.hpp"
#include "storage/memory_store.hpp"
#include "storage/verify.hpp"
#include "tests/storage/storage_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

/// A log whose stored bytes can be changed behind its back. Seals can be made to fit the lie: then only what the record
/// says can give it away.
class TamperedLog : public MemoryLog {
 public:
  std::function<void(std::vector<Stored>&)> tamper = [](auto&) {};
  Status scan_stored(Position from, Position to, Part part, const VisitStored& visit) const override {
    std::vector<Stored> all;
    if (auto scanned = MemoryLog::scan_stored(from, to, part, [&](const Stored& s) { return all.push_back(s), true; });
        !scanned)
      return scanned;
    tamper(all);
    for (const Stored& s : all)
      if (!visit(s)) return {};
    return {};
  }
};

void reseal(std::vector<EventLog::Stored>& all) {
  Digest chain[2]{};
  for (auto& s : all) {
    Digest& seal = chain[s.readings ? 1 : 0];
    seal = s.seal = seal_of(seal, s.position, s.payload);
  }
}

/// Changes the record at index `i` and seals the whole log again.
void rewrite(std::vector<EventLog::Stored>& all, std::size_t i, const std::function<void(Record&)>& change) {
  auto record = decode_record(all[i].payload, all[i].position);
  REQUIRE(record);
  change(*record);
  all[i].payload = encode_record(*record);
  reseal(all);
}

std::string found(TamperedLog& log) {
  const VerifyReport report = verify_log(log, log.durable(), {});
  CHECK(report.complete);
  std::string text;
  for (const Finding& f : report.findings) text += std::to_string(f.position) + ": " + f.sentence + "\n";
  CHECK(report.ok() == text.empty());
  return text;
}

using Catch::Matchers::Contains;

}  // namespace

TEMPLATE_TEST_CASE("a good log verifies, counts what it read and tells how far it is", "[verify]", Memory, Rocks) {
  TestType backend;
  const Position last = fill(backend.log(), 3000);
  Position told = 0, of = 0;
  int calls = 0;
  auto report = verify_store(backend.store(), [&](Position done, Position total) {
    CHECK(done >= told);
    told = done;
    of = total;
    return ++calls > 0;
  });
  INFO((report.findings.empty() ? "" : report.findings.front().sentence));
  CHECK(report.ok());
  CHECK(report.last == last);
  CHECK(told == last);
  CHECK(of == last);
  CHECK(calls >= 3);
  CHECK(report.decisions == 1500);
  CHECK(report.batches == 1500);
  CHECK(report.readings == last - 1500);
  auto stopped = verify_store(backend.store(), [](Position, Position) { return false; });
  CHECK_FALSE(stopped.complete);
  CHECK_FALSE(stopped.ok());  // a verification that was stopped has proved nothing
}

TEST_CASE("an empty log verifies", "[verify]") {
  Memory memory;
  CHECK(verify_store(memory.store(), {}).ok());
  Rocks rocks;
  CHECK(verify_store(rocks.store(), {}).ok());
}

TEST_CASE("each change of a stored log is found by itself", "[verify]") {
  TamperedLog log;
  fill(log, 30);
  REQUIRE(found(log).empty());

  SECTION("a flipped bit of a payload") {
    log.tamper = [](auto& all) { all[10].payload.back() ^= 1; };
    CHECK_THAT(found(log), Contains("seal does not fit"));
  }
  SECTION("a flipped bit of a seal, the last one too") {
    const std::size_t i = GENERATE(0, 7, 29);
    log.tamper = [i](auto& all) { all[i].seal[3] ^= 4; };
    CHECK_THAT(found(log), Contains("seal does not fit"));
  }
  SECTION("a record that is gone, though the rest is sealed again") {
    log.tamper = [](auto& all) {
      all.erase(all.begin() + 9);
      reseal(all);
    };
    CHECK_THAT(found(log), Contains("are missing"));
  }
  SECTION("a whole tail that is gone") {
    log.tamper = [](auto& all) { all.resize(20); };
    CHECK_THAT(found(log), Contains("missing at the end"));
  }
  SECTION("everything gone") {
    log.tamper = [](auto& all) { all.clear(); };
    CHECK_THAT(found(log), Contains("missing at the end"));
  }
  SECTION("a record told twice") {
    log.tamper = [](auto& all) { all.insert(all.begin() + 10, all[12]); };
    CHECK_FALSE(found(log).empty());
  }
  SECTION("a version that jumps") {
    log.tamper = [](auto& all) { rewrite(all, 20, [](Record& r) { r.envelope.version += 1; }); };
    CHECK_THAT(found(log), Contains("Version"));
  }
  SECTION("a last version that the index does not know") {
    log.tamper = [](auto& all) { rewrite(all, 28, [](Record& r) { r.envelope.version += 1; }); };
    CHECK_THAT(found(log), Contains("The index has another version"));
  }
  SECTION("time that runs backwards") {
    log.tamper = [](auto& all) { rewrite(all, 20, [](Record& r) { r.envelope.recorded_at -= hour_us; }); };
    CHECK_THAT(found(log), Contains("time ran backwards"));
  }
  SECTION("a cause that comes later") {
    log.tamper = [](auto& all) { rewrite(all, 20, [](Record& r) { r.envelope.cause = r.envelope.position + 1; }); };
    CHECK_THAT(found(log), Contains("Its cause"));
  }
  SECTION("an idempotency key that the index does not know") {
    log.tamper = [](auto& all) { rewrite(all, 20, [](Record& r) { r.envelope.idempotency_key = "k"; }); };
    CHECK_THAT(found(log), Contains("idempotency key"));
  }
  SECTION("a payload that is no record") {
    log.tamper = [](auto& all) {
      all[20].payload = "nonsense";
      reseal(all);
    };
    CHECK_THAT(found(log), Contains("cannot be decoded"));
  }
  SECTION("a reading that is not what was sealed") {
    log.tamper = [](auto& all) {
      const auto batch = std::find_if(all.begin(), all.end(), [](const auto& s) { return s.readings; });
      auto rows = decode_readings(batch->rows);
      REQUIRE(rows);
      rows->columns[0].values[0] += 1;
      batch->rows = encode_readings(*rows);
    };
    CHECK_THAT(found(log), Contains("not those that were sealed"));
  }
  SECTION("a record in the wrong part") {
    log.tamper = [](auto& all) {
      all[20].readings = !all[20].readings;
      reseal(all);
    };
    CHECK_THAT(found(log), Contains("wrong part"));
  }
}

TEST_CASE("a flood of findings is counted whole and kept in part", "[verify]") {
  TamperedLog log;
  fill(log, 300);
  log.tamper = [](auto& all) {
    for (auto& s : all) s.payload = "nonsense";
  };
  const VerifyReport report = verify_log(log, log.durable(), {});
  CHECK(report.findings.size() == VerifyReport::findings_kept);
  CHECK(report.findings_total > 300);
}

TEST_CASE("a directory that cannot be opened is a finding", "[verify]") {
  TempDir dir;
  CHECK_FALSE(verify_directory(dir / "none", {}).ok());
  CHECK_FALSE(verify_directory(dir.path(), {}).ok());
}

TEST_CASE("verifying beside a writer says so, and half a watermark is found", "[verify]") {
  TempDir dir;
  {
    auto writer = open_store(dir / "data", small_options());
    REQUIRE(writer);
    fill((*writer)->log(), 10);
    auto report = verify_directory(dir / "data", {});
    CHECK(report.ok());
    REQUIRE(report.notes.size() == 1);
    CHECK_THAT(report.notes.front(), Contains("is using this directory"));
  }
  CHECK(verify_directory(dir / "data", {}).notes.empty());
  std::filesystem::resize_file(dir / "data/watermark", 5000);
  CHECK_FALSE(verify_directory(dir / "data", {}).ok());
  { REQUIRE(open_store(dir / "data", small_options(false))); }  // nothing is lost, and the start mends it
  CHECK(verify_directory(dir / "data", {}).ok());
}
