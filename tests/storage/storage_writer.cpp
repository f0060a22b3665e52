// The victim of the kill test: opens a data directory and appends until it is killed. After every commit it writes the
// durable position to its standard output, eight bytes, which is its acknowledgement. It condenses as it goes.
#include <unistd.h>

#include <cstring>
#include <iostream>

#include "tests/storage/storage_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

void acknowledge(Position position) {
  std::string bytes;
  put_be64(bytes, position);
  ensure(::write(STDOUT_FILENO, bytes.data(), bytes.size()) == 8, "could not acknowledge");
}

Draft next_draft(std::uint64_t i) {
  if (i % 3 == 0) return event_draft("site-home", std::string(i % 700, 'e'));
  return readings_draft("meter-" + std::to_string(i % 4), 1 + i % 40, static_cast<std::int64_t>(i));
}

}  // namespace

int main(int argc, char** argv) {
  const bool lies = argc > 2 && std::strcmp(argv[2], "--acknowledge-early") == 0;
  auto opened = argc > 1 ? open_store(argv[1], small_options()) : fail(Errc::invalid, "Name a directory.");
  if (!opened) {
    std::cerr << opened.error().sentence << "\n";
    return 2;
  }
  Store& store = **opened;
  Position segment_from = 0;
  for (std::uint64_t i = 0;; ++i) {
    std::vector<Draft> drafts{next_draft(i)};
    if (i % 7 == 0) drafts.push_back(event_draft("site-home", "more"));
    const auto staged = stage(store.log(), std::move(drafts));
    if (!staged) return 3;
    if (lies) acknowledge(store.log().staged());
    if (lies && i >= 50) continue;  // from then on it only says so
    if (!store.log().commit()) return 4;
    acknowledge(store.log().durable());
    ViewBatch batch;
    batch.put("seen", std::to_string(i));
    if (const Record& first = *staged->front(); first.is_readings() && !lies) {
      const Position start = first.envelope.position;
      if (segment_from == 0) segment_from = start;
      if (i % 10 == 1 && start > segment_from) {
        if (!store.log().plan({{segment_from, start}}) || !store.log().condense_next()) return 6;
        segment_from = start;
      }
    }
    if (i % 5 == 0 && !store.views().save("audit", batch, store.log().durable())) return 5;
  }
}
