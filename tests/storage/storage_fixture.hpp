// What the storage tests share: drafts of known content, and the two stores
// behind one face. Times are the tests' own; nothing here asks a clock.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "storage/store_opening.hpp"
#include "tests/support/temp_dir.hpp"

namespace heliograph::testing {

inline const SiteKey home{{"acme"}, {"home"}};
inline constexpr Micros start_of_2025 = 1'735'689'600'000'000;

/// A reserve that is quick to make, and space limits that a test machine always meets.
StoreOptions small_options(bool create = true);

Draft event_draft(std::string stream, std::string reason);
/// `rows` readings of one device, one a minute, each with a value that depends on `seed`.
Draft readings_draft(std::string device, std::size_t rows, std::int64_t seed = 0);

/// One turn with these drafts, staged but not committed.
Result<std::vector<RecordPtr>> stage(EventLog& log, std::vector<Draft> drafts, Micros now = start_of_2025);
/// One turn with these drafts, committed.
Result<std::vector<RecordPtr>> append(EventLog& log, std::vector<Draft> drafts, Micros now = start_of_2025);
/// `count` turns, by turns an event and a batch of one to five readings, ten turns a commit. Answers the last position.
Position fill(EventLog& log, int count);

std::vector<RecordPtr> records(const EventLog& log, Position from, Position to, Part part = Part::all);
bool same(const Record& a, const Record& b);

/// A store that a contract test can open again, where its kind can.
class Memory {
 public:
  Store& store() { return *store_; }
  EventLog& log() { return store_->log(); }
  bool reopen() { return false; }

 private:
  std::unique_ptr<Store> store_ = open_memory_store();
};

class Rocks {
 public:
  Rocks();
  Store& store() { return *store_; }
  EventLog& log() { return store_->log(); }
  bool reopen();

 private:
  TempDir dir_;
  std::unique_ptr<Store> store_;
};

}  // namespace heliograph::testing
