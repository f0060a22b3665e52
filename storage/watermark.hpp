// The watermark: a second witness of how far the log was durable, in a file of its own. A log whose write-ahead file was
// deleted looks whole to itself; only the watermark knows that something is missing (docs/LOG_FORMAT.md, "The watermark").
// It is written after every commit and synced in the background, at most once a second, never on the commit's own path.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "storage/file.hpp"
#include "storage/store.hpp"

namespace heliograph {

class Watermark {
 public:
  struct State {
    std::uint64_t epoch = 0;  // one more with every write: the higher of the two slots is the newer
    bool clean = false;       // the store was closed in order after this
    Mark mark;
    bool operator==(const State&) const = default;
  };
  struct Found {
    std::optional<State> newest;
    int damaged_slots = 0;  // 0 to 2
  };
  using Sync = std::function<int(int fd)>;  // fdatasync, or a test's own

  static constexpr std::size_t slot_bytes = 4096;
  static std::string encode(const State& state);                   // slot_bytes long
  static std::optional<State> decode(std::string_view slot);       // nullopt when any bit is wrong

  /// Errors: not_found, corrupt (a link), io. A damaged slot is no error here.
  static Result<Found> read(const std::string& path);
  static Status create(const std::string& path);
  /// Says "in use, not clean" durably before it returns.
  static Result<std::unique_ptr<Watermark>> open(const std::string& path, std::uint64_t epoch, const Mark& mark,
                                                 Sync sync);
  ~Watermark();  // leaves the file as it is: a process that did not close is not clean

  /// The mark survives the process from now on, and power loss within about a second.
  Status put(const Mark& mark);
  /// Writes both slots, with the last mark and the clean flag, durably.
  Status close();

 private:
  Watermark(std::string path, Fd fd, State state, Sync sync);
  Status write_slot();
  Status sync_now();
  void sync_in_background();
  void stop();

  std::string path_;
  Fd fd_;
  State state_;  // used by the writing thread only
  Sync sync_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool dirty_ = false, stopping_ = false;  // guarded by mutex_
  std::atomic<bool> sync_failed_{false};
  std::thread thread_;
};

}  // namespace heliograph
