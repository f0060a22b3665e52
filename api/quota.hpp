// So many of each a minute, and so many of all: what somebody may make others do, the disk above all. Any thread.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "events/time.hpp"

namespace heliograph::api {

class Quota {
 public:
  Quota(std::size_t each_a_minute, std::size_t all_a_minute) : each_(each_a_minute), all_(all_a_minute) {}
  /// False when `who` or all together have had theirs; then nothing was taken. Minutes begin with the first that is taken.
  bool take(const std::string& who, Micros at) {
    const std::lock_guard lock(mutex_);
    if (at - since_ >= minute_us || at < since_) since_ = at, taken_ = 0, by_.clear();
    if (taken_ >= all_) return false;
    std::size_t& theirs = by_[who];
    if (theirs >= each_) return false;
    ++theirs, ++taken_;
    return true;
  }

 private:
  const std::size_t each_, all_;
  std::mutex mutex_;
  Micros since_ = 0;                       // guarded by mutex_
  std::size_t taken_ = 0;                  // guarded by mutex_
  std::map<std::string, std::size_t> by_;  // guarded by mutex_; at most all_ of them
};

}  // namespace heliograph::api
