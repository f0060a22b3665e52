// The catalogue of damage: files of a data directory are flipped, cut, zeroed, deleted, swapped or replaced. Each entry
// says what it did, so that a test can show that something really was done.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace heliograph::testing {

struct Damage {
  std::string name;  // "flip a bit of db/000012.log at 40 %"
  std::function<void(const std::string& directory)> apply;
  bool must_refuse = false;  // opening for writing must not succeed
};

/// Every damage that fits the files of `directory`; `places` spots per file for those that have a spot. `older` is the
/// same directory at an earlier time, for damage that brings back old files.
std::vector<Damage> catalogue(const std::string& directory, const std::string& older, int places);

/// Names of the files in `directory`/db that end in `suffix` or start with `prefix`.
std::vector<std::string> db_files(const std::string& directory, const std::string& prefix, const std::string& suffix);

/// Moves everything from the write-ahead file into tables, so that there are some to damage.
void flush_tables(const std::string& directory);

}  // namespace heliograph::testing
