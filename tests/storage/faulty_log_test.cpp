// After a write that failed nobody knows what is on disk: the log must take no more, and must promise nothing.
#include <catch2/catch.hpp>

#include "storage/memory_store.hpp"
#include "tests/storage/storage_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

/// Fails one group, before or after it reached the disk.
class FaultyLog : public MemoryLog {
 public:
  int fail_group = 0;  // counted from 1
  bool reaches_disk = false;
  int groups = 0;

 protected:
  Status write_group(const std::vector<Write>& group, const Heads& after) override {
    if (++groups != fail_group) return MemoryLog::write_group(group, after);
    if (reaches_disk) {
      if (auto written = MemoryLog::write_group(group, after); !written) return written;
    }
    return fail(Errc::io, "The disk answered with an error.");
  }
};

}  // namespace

TEST_CASE("a log whose write failed is closed for ever and says why", "[log]") {
  FaultyLog log;
  log.fail_group = 2;
  log.reaches_disk = GENERATE(false, true);
  REQUIRE(append(log, {event_draft("site-home", "a")}));
  REQUIRE(stage(log, {event_draft("site-home", "b")}));
  auto failed = log.commit();
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == Errc::io);
  CHECK(log.durable() == 1);
  CHECK(records(log, 1, 10).size() == 1);

  auto begun = log.begin(home, start_of_2025);
  REQUIRE_FALSE(begun);
  CHECK(begun.error().code == Errc::closed);
  CHECK(begun.error().sentence.find("The disk answered with an error.") != std::string::npos);
  auto again = log.commit();
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Errc::closed);
  CHECK(log.groups == 2);  // nothing was tried again
  CHECK(log.at(1));        // what was durable can still be read
}

TEST_CASE("an idempotency key of a group that failed is not forgotten while the log stands", "[log]") {
  FaultyLog log;
  log.fail_group = 1;
  Draft draft = event_draft("site-home", "a");
  draft.idempotency_key = "k";
  REQUIRE(stage(log, {draft}));
  REQUIRE_FALSE(log.commit());
  CHECK(log.find_key(home.tenant, "k")->has_value());  // the outcome is unknown, so nobody may act a second time
}
