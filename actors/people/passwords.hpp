// Passwords: how they are kept (Argon2id, OWASP's 19 MiB and 2 passes), what makes one too weak, and the threads that do the slow part.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "actors/people/secrets.hpp"

namespace heliograph::people {

inline constexpr std::size_t password_characters_least = 15, password_with_second_factor_least = 8, password_bytes_max = 256;

/// `$argon2id$v=19$m=19456,t=2,p=1$...`; takes some 50 ms and 19 MiB.
std::string hash_password(const Secret& password);
/// Takes as long for a hash that is none (an unknown user) as for a real one.
bool password_fits(const Secret& password, const std::string& hash);
/// How many were worked out so far, true or for nobody: that the same work is done for all is held to this count.
std::uint64_t hashes_made();
/// The sentence that says why it is refused; nothing when it is good. `words`: of the user, that it may not contain.
std::optional<std::string> why_refused(const Secret& password, const std::vector<std::string>& words, bool second_factor);

/// Slow work beside the threads that serve: a few at once, a short queue, and no more.
class SlowLane {
 public:
  explicit SlowLane(unsigned threads = 2, std::size_t queue = 50);
  ~SlowLane() { stop(); }
  SlowLane(const SlowLane&) = delete;
  SlowLane& operator=(const SlowLane&) = delete;
  /// Waits for what runs and drops what waits. Idempotent.
  void stop();
  /// False when too much waits already: try again later.
  bool offer(std::function<void()> work);

 private:
  void run();
  const std::size_t queue_;
  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<std::function<void()>> waiting_;  // guarded by mutex_
  bool stopping_ = false;                      // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace heliograph::people
