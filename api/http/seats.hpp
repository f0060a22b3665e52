// Who sits at the server: no address takes all places. Any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace heliograph::http {

class Seats : public std::enable_shared_from_this<Seats> {
 public:
  /// A place for as long as it is held; nothing when the address has `most` already.
  std::shared_ptr<void> take(const std::string& address, std::size_t most) {
    const std::lock_guard lock(mutex_);
    std::size_t& taken = of_address_[address];
    if (taken >= most) return nullptr;
    ++taken;
    return {this, [self = shared_from_this(), address](void*) { self->leave(address); }};
  }

 private:
  void leave(const std::string& address) {
    const std::lock_guard lock(mutex_);
    const auto found = of_address_.find(address);
    if (--found->second == 0) of_address_.erase(found);
  }
  std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> of_address_;  // guarded by mutex_
};

}  // namespace heliograph::http
