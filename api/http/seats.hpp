// Who sits at the server: no address takes all places. Any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace heliograph::http {

class Seats : public std::enable_shared_from_this<Seats> {
 public:
  /// A place for as long as it is held; nothing when they have `most` already.
  std::shared_ptr<void> take(const std::string& whose, std::size_t most) {
    const std::lock_guard lock(mutex_);
    std::size_t& taken = taken_[whose];
    if (taken >= most) return nullptr;
    ++taken;
    return {this, [self = shared_from_this(), whose](void*) { self->leave(whose); }};
  }

 private:
  void leave(const std::string& whose) {
    const std::lock_guard lock(mutex_);
    const auto found = taken_.find(whose);
    if (--found->second == 0) taken_.erase(found);
  }
  std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> taken_;  // guarded by mutex_
};

}  // namespace heliograph::http
