// A story of one site put into a log in memory, with the views over it.
#pragma once

#include "projections/projector.hpp"
#include "storage/store.hpp"
#include "tests/support/random_story.hpp"

namespace heliograph::testing {

/// Appends records as they stand: positions and stamps must come out the same.
void append(EventLog& log, const std::vector<RecordPtr>& records, std::size_t from, std::size_t to);

template <class Telling>
struct Logged {
  template <class... Args>
  explicit Logged(Args... args) : story(args...) {
    ensure(views.load().has_value(), "the views load", "Logged");
  }
  EventLog& log() { return store->log(); }
  /// Everything that the story has told since the last call.
  void append_all() {
    append(log(), story.journal.records(), appended, story.journal.records().size());
    appended = story.journal.records().size();
  }
  Telling story;
  std::unique_ptr<Store> store = open_memory_store();
  Views views{store->views(), store->log()};
  std::size_t appended = 0;
};
using LoggedStory = Logged<Story>;

}  // namespace heliograph::testing
