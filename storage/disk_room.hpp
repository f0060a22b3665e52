// How much space the disk has left, and the reserve file that is given back when it fills. Debian's RocksDB aborts the
// process when its write-ahead file meets a full disk, so every write asks here first (H47). Bytes throughout.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "storage/event_log.hpp"

namespace heliograph {

class DiskRoom {
 public:
  using FreeBytes = std::function<std::uint64_t()>;
  /// `free_bytes` may be empty: then the file system of `directory` is asked.
  DiskRoom(std::string directory, std::uint64_t reserve_bytes, std::uint64_t free_bytes_min, FreeBytes free_bytes);

  /// Makes the reserve where there is room for it. Errors: full (not even room to start), io.
  Status prepare();
  /// Error `full` when no turn of this kind should start. Asks the disk only while it is known to be tight.
  Status may_begin(Reserve reserve);
  /// Error `full` when writing `bytes` could meet the end of the disk. Asks the disk each time (a microsecond).
  Status may_write(std::uint64_t bytes);
  std::uint64_t free_bytes() const;

 private:
  Status measure();  // Requires: mutex_ held
  Status hold_reserve();
  void give_reserve_back();
  std::uint64_t floor() const { return free_bytes_min_ / 4; }  // nothing at all is written below
  std::uint64_t wanted() const { return free_bytes_min_ + (held_ ? 0 : reserve_bytes_); }

  const std::string directory_;
  const std::uint64_t reserve_bytes_, free_bytes_min_;
  const FreeBytes measure_free_;
  std::mutex mutex_;
  std::uint64_t free_ = 0;  // guarded by mutex_: at the last measurement
  bool held_ = false;       // guarded by mutex_: the reserve file takes its space
};

}  // namespace heliograph
