// Named moments at which a process kills itself with signal 9. They are met where the house ends: at the files under RocksDB and
// at the device's port. The product itself knows nothing of them.
#pragma once

#include <rocksdb/env.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace heliograph::e2e {

enum class Moment : std::uint8_t {
  unwritten,  // an event of this type is about to be written
  written,    // it is, and not synced
  durable,    // it is synced, and nobody has been told
  table,      // a table is being written beside the log
  connected, half_sent, sent,  // the device: a connection; half of the command; it has acted and nobody has read its answer
};

struct KillPoint {
  std::string_view name;
  Moment moment{};
  std::string_view type = {};  // of the event
};
/// Every point of reliability's list, in the order of a command's life.
const std::vector<KillPoint>& kill_points();

/// Kills this process at a point when it is met for the `nth` time, and says so in a file before.
class KillSwitch {
 public:
  /// Disarmed.
  KillSwitch() = default;
  KillSwitch(const KillPoint& point, int nth, std::string reached) : point_(point), left_(nth), reached_(std::move(reached)) {}
  /// Moments before this do not count.
  void ready() { ready_ = true; }
  bool armed() const { return left_ > 0; }
  const KillPoint& point() const { return point_; }
  void meet(Moment moment);

 private:
  KillPoint point_{};
  std::atomic<int> left_{0};
  std::atomic<bool> ready_{false};
  std::string reached_;
};

/// RocksDB's environment, watched by the switch, which outlives it.
std::unique_ptr<rocksdb::Env> watched_env(KillSwitch& kill);

}  // namespace heliograph::e2e
