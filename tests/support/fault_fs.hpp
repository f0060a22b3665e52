// A file system under RocksDB that forgets: it knows what was synced, and at a power loss it keeps a random part of the
// rest. It can also fail the n-th write or sync. Sleeps are skipped, so that error paths cost no time.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/system_clock.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>

namespace heliograph::testing {

enum class Fault { power_loss, write_error, sync_error, no_space };

class FaultFs : public rocksdb::FileSystemWrapper {
 public:
  FaultFs() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "FaultFs"; }

  /// The `countdown`-th write or sync from now meets the fault; after it nothing is written any more.
  void arm(Fault fault, int countdown);
  bool fired() const { return dead_; }
  /// Pages that lost what was written to them, so far.
  int holes() const { return holes_; }
  /// From now on every change of a file is refused: the machine is going down.
  void die() { dead_ = true; }
  /// Writes and syncs hang from now on, until `resume`.
  void stall();
  void resume();
  /// Once the store is gone: keeps a random part of what was not synced, and forgets files whose directory was not. Of a
  /// file that was lengthened before, any page may have kept its zeros; of any other, the end is missing.
  void lose_unsynced(std::mt19937& random);

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* dbg) override;
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* result,
                                 rocksdb::IODebugContext* dbg) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* dbg) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* dbg) override;

  // Called by the files.
  rocksdb::IOStatus before(bool sync);
  void wrote(const std::string& path, std::uint64_t size);
  void lengthened(const std::string& path, std::uint64_t length);  // with zeros, ahead of what is written
  void cut(const std::string& path, std::uint64_t size);
  void synced(const std::string& path);
  void directory_synced();

 private:
  rocksdb::IOStatus refusal() const;
  struct State {
    std::uint64_t size = 0, synced = 0;            // written in order
    std::uint64_t length = 0, length_synced = 0;  // of the file where it was lengthened; 0 = it never was
    bool entry_synced = false;
  };
  std::mutex mutex_;
  std::map<std::string, State> files_;  // guarded by mutex_: written since the last power loss
  Fault fault_ = Fault::power_loss;     // guarded by mutex_
  int countdown_ = -1;                  // guarded by mutex_; negative = not armed
  bool stalled_ = false;                // guarded by mutex_
  std::condition_variable moving_;
  std::atomic<bool> dead_{false};
  int holes_ = 0;
};

/// RocksDB's environment over a FaultFs, with sleeps that do not sleep.
class FaultEnv : public rocksdb::EnvWrapper {
 public:
  explicit FaultEnv(std::shared_ptr<FaultFs> fs);
};

}  // namespace heliograph::testing
