// What was dropped, where the record leaves the house: an export says so and verifies, a stream says which positions are gone.
#include <sstream>

#include "api/gateway.hpp"
#include "tests/api/export_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

/// Readings of two sites by turns, and facts; condensed but for the last batch. Answers where the segment ends.
Position grow(EventLog& log) {
  for (int i = 0; i < 12; ++i) {
    append(log, i % 3 == 1 ? barn : home, batch_of(3, start + i * hour_us));
    if (i % 4 == 0) append(log, home, draft_of(StopEngaged{"smoke"}));
  }
  const Position end = log.durable() + 1;
  append(log, home, batch_of(3, start + day_us));
  REQUIRE(log.plan({{1, end}}));
  REQUIRE(log.condense_all());
  return end;
}

void drop(EventLog& log, const SiteKey& site, Position before, bool on_record) {
  if (on_record) append(log, site, draft_of(ReadingsDropped{1, before, 30, 24, {}}));
  const EventLog::DropWith with{{site, 1, before, log.durable()}, ""};
  REQUIRE(log.drop({&with, 1}));
}

}  // namespace

TEST_CASE("An export passes over readings that were dropped, and verifies by the facts that say so") {
  for (const bool on_record : {true, false})
    for (const SiteKey& site : {home, barn}) {
      MemoryLog log;
      const Position end = grow(log);
      drop(log, site, end, on_record);
      for (const ExportFormat format : formats) {
        CAPTURE(on_record, site.site.text, name(format));
        std::ostringstream out;
        const auto summary = export_log(log, options_of(format, true), key_of(1), out, {});
        REQUIRE(summary);
        CHECK(summary->batches == (site == home ? 5u : 9u));
        const auto verdict = verdict_of(out.str(), {key_of(1).key_id(), "0.1.0"});
        INFO(all_of(verdict));
        CHECK(verdict.complete);
        CHECK(verdict.ok() == on_record);
        CHECK(verdict.batches == summary->batches);
      }
    }
}

TEST_CASE("Who resumes a stream from before what was dropped is told which positions are gone") {
  MemoryLog log;
  const Position end = grow(log);
  drop(log, barn, end, true);
  api::Gateway gateway(log);
  const auto page_of = [&](const SiteKey& site, Position after, std::uint32_t topics) {
    http::CatchUpRequest request;
    request.after = after;
    request.filter.topics = topics;
    request.filter.sites = {gateway.site_number(site)};
    request.max_bytes = 1 << 20;
    return gateway.page(request).value();
  };
  const auto gone = page_of(barn, 5, ~0u);
  CHECK(gone.skipped_from == 6);
  CHECK(gone.skipped_to == end - 1);
  CHECK(page_of(barn, end - 1, ~0u).skipped_from == 0);  // from where it ends
  const auto others = page_of(home, 5, ~0u);
  CHECK(others.skipped_from == 0);  // whose readings are all there
  CHECK(others.frames.size() > 8);
  CHECK(page_of(barn, 5, api::decisions).skipped_from == 0);  // who wants no readings misses none
}
