// One opened RocksDB with our column families: options, error sentences, checksums. What the families mean is told in
// docs/LOG_FORMAT.md. RocksDB's own headers stay in the .cpp files of this room.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>

#include "events/result.hpp"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Env;
class FileSystem;
class Status;
class WriteBatch;
}  // namespace rocksdb

namespace heliograph {

enum class Family : std::uint8_t { decisions = 0, readings, index, views, series, meta };
inline constexpr std::size_t family_count = 6;

/// How damage at the end of the write-ahead file is met. Never silently: see storage/store_opening.hpp.
enum class Recovery : std::uint8_t {
  strict,        // any damage refuses
  up_to_damage,  // what lies behind the first damage is left out
};

struct RocksOpening {
  std::string path;
  Recovery recovery = Recovery::strict;
  bool create = false;
  bool read_only = false;
  rocksdb::Env* env = nullptr;  // nullptr = the machine's own
  std::size_t write_buffer = 0;  // bytes of each family, 0 = its own
};

class RocksDb {
 public:
  static Result<std::unique_ptr<RocksDb>> open(const RocksOpening& opening);
  ~RocksDb();
  RocksDb(const RocksDb&) = delete;
  RocksDb& operator=(const RocksDb&) = delete;

  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* family(Family family) const { return handles_[static_cast<std::size_t>(family)]; }
  /// All writing goes through here, whole or not at all. After a failure nobody knows what is on disk.
  rocksdb::Status write(rocksdb::WriteBatch& batch, bool sync);
  bool failed() const { return failed_.load(std::memory_order_relaxed); }
  /// Reads all table files and compares every block with its checksum. Errors: corrupt, io.
  Status check_files() const;
  /// Makes everything written so far durable, views too.
  Status sync();
  /// Moves the write-ahead file into tables, so that the next start has nothing to replay. Failing changes nothing.
  void flush();
  std::uint64_t bytes() const;

 private:
  RocksDb() = default;
  std::string path_;
  std::atomic<bool> failed_ = false;
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::ColumnFamilyHandle* default_ = nullptr;
  std::array<rocksdb::ColumnFamilyHandle*, family_count> handles_{};
};

/// How the log's files are made over a file system: for the owner only, write-ahead files padded. For tests that bring
/// a file system of their own.
std::shared_ptr<rocksdb::FileSystem> over(std::shared_ptr<rocksdb::FileSystem> below);

/// "Could not <doing>: <RocksDB's words>." with what to do next.
Error rocks_error(const std::string& doing, const rocksdb::Status& status);

}  // namespace heliograph
