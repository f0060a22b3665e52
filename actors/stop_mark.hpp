// An emergency stop that is not on record yet, in a file of its own beside the log: a process that ends before its log has taken
// the stop finds it at the next start (H30, H31). What cannot be read means that every site is stopped.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "events/ids.hpp"
#include "events/result.hpp"

namespace heliograph {

class StopMark {
 public:
  /// The file is DIRECTORY/stopped. It is written by a thread of its own: a disk that hangs keeps nobody waiting. `sites`: all
  /// that are not stopped on record.
  StopMark(const std::string& directory, const std::vector<SiteKey>& sites);
  ~StopMark();  // waits half a second for the file at most
  StopMark(const StopMark&) = delete;
  StopMark& operator=(const StopMark&) = delete;

  /// What an earlier process has left: to be stopped, and settled.
  const std::vector<SiteKey>& left() const { return left_; }
  /// These are stopped, and nothing says so but memory.
  void add(const std::vector<SiteKey>& sites);
  /// The log says so, too. With the last one the file goes.
  void settle(const SiteKey& site);

 private:
  struct Shared;
  std::vector<SiteKey> left_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace heliograph
