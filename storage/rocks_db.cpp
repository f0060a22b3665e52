#include "storage/rocks_db.hpp"

#include <sys/stat.h>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>

#include "storage/file.hpp"
#include "storage/padded_file.hpp"

namespace heliograph {
namespace {

constexpr std::size_t mib = 1u << 20;
constexpr std::array<const char*, family_count> names{"decisions", "readings", "index", "views", "series", "meta"};

/// RocksDB writes a diary of its own otherwise, even when it opens read-only.
class NoLogger : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

/// New files are for the owner only, also those that background threads make later; a umask would be the whole process's.
/// Write-ahead files are padded.
class OurFiles : public rocksdb::FileSystemWrapper {
 public:
  explicit OurFiles(std::shared_ptr<rocksdb::FileSystem> below) : FileSystemWrapper(std::move(below)) {}
  const char* Name() const override { return "OurFiles"; }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* dbg) override {
    rocksdb::IOStatus made = close_to_others(path, FileSystemWrapper::NewWritableFile(path, options, file, dbg));
    if (made.ok() && path.ends_with(".log")) *file = padded(std::move(*file));
    return made;
  }
  rocksdb::IOStatus NewLogger(const std::string& path, const rocksdb::IOOptions& options,
                              std::shared_ptr<rocksdb::Logger>* logger, rocksdb::IODebugContext* dbg) override {
    return close_to_others(path, FileSystemWrapper::NewLogger(path, options, logger, dbg));
  }
  rocksdb::IOStatus LockFile(const std::string& path, const rocksdb::IOOptions& options, rocksdb::FileLock** lock,
                             rocksdb::IODebugContext* dbg) override {
    return close_to_others(path, FileSystemWrapper::LockFile(path, options, lock, dbg));
  }

 private:
  static rocksdb::IOStatus close_to_others(const std::string& path, rocksdb::IOStatus made) {
    if (made.ok() && ::chmod(path.c_str(), 0600) != 0) return rocksdb::IOStatus::IOError("chmod", path);
    return made;
  }
};

/// The machine's environment with our files.
rocksdb::Env* our_env() {
  static const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(over(rocksdb::FileSystem::Default()));
  return env.get();
}

}  // namespace

std::shared_ptr<rocksdb::FileSystem> over(std::shared_ptr<rocksdb::FileSystem> below) {
  return std::make_shared<OurFiles>(std::move(below));
}

namespace {

rocksdb::DBOptions db_options(const RocksOpening& opening) {
  rocksdb::DBOptions o;
  o.env = opening.env ? opening.env : our_env();
  o.create_if_missing = opening.create;
  o.create_missing_column_families = opening.create;
  o.paranoid_checks = true;
  switch (opening.recovery) {
    case Recovery::strict: o.wal_recovery_mode = rocksdb::WALRecoveryMode::kAbsoluteConsistency; break;
    case Recovery::up_to_damage: o.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery; break;
  }
  // A strict opening leaves the write-ahead files as they are until a memtable fills: start costs no flush, and what an
  // opening that ends in a refusal has seen can still be restored file by file. The other one rewrites the torn file.
  o.avoid_flush_during_recovery = opening.recovery == Recovery::strict;
  o.track_and_verify_wals_in_manifest = true;  // an older write-ahead file that is gone or cut is found on opening
  o.manual_wal_flush = false;
  o.recycle_log_file_num = 0;  // a recycled file's old tail cannot be told from damage in strict mode
  o.max_total_wal_size = 32 * mib;  // bounds what a start replays
  o.db_write_buffer_size = 24 * mib;
  o.max_background_jobs = 2;
  o.max_open_files = 256;
  o.skip_stats_update_on_db_open = true;
  o.bytes_per_sync = mib;
  o.keep_log_file_num = 2;
  o.max_log_file_size = mib;
  o.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  o.stats_dump_period_sec = 0;
  o.stats_persist_period_sec = 0;
  if (opening.read_only) o.info_log = std::make_shared<NoLogger>();
  return o;
}

rocksdb::ColumnFamilyOptions family_options(Family family, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions o;
  rocksdb::BlockBasedTableOptions t;
  t.block_cache = cache;
  t.block_size = 16 * 1024;
  t.cache_index_and_filter_blocks = true;
  t.pin_l0_filter_and_index_blocks_in_cache = true;
  t.format_version = 5;
  o.compression = rocksdb::kLZ4Compression;
  o.write_buffer_size = 4 * mib;
  o.paranoid_file_checks = false;
  switch (family) {
    case Family::readings:  // columns are compressed by our own codec: compressing twice only costs time
      o.compression = rocksdb::kNoCompression;
      o.write_buffer_size = 8 * mib;
      break;
    case Family::index:
    case Family::series:
    case Family::views: t.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10)); break;
    case Family::meta: o.write_buffer_size = mib; break;
    case Family::decisions: break;
  }
  o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(t));
  return o;
}

Errc kind_of_failure(const rocksdb::Status& s) {
  if (s.IsNoSpace()) return Errc::full;
  if (s.IsBusy()) return Errc::busy;
  if (s.IsNotSupported()) return Errc::unsupported;
  if (s.IsCorruption() || s.IsInvalidArgument() || s.IsNotFound() || s.IsPathNotFound()) return Errc::corrupt;
  return Errc::io;
}

}  // namespace

Error rocks_error(const std::string& doing, const rocksdb::Status& status) {
  const Errc code = kind_of_failure(status);
  const char* next = "Check the disk, then start Heliograph again.";
  if (code == Errc::corrupt) next = "Run \"heliograph verify\" to see what is damaged, and restore a backup.";
  if (code == Errc::full) next = "Free some space, then start Heliograph again.";
  if (code == Errc::unsupported) next = "Use the Heliograph that wrote it.";
  return {code, "Could not " + doing + ": " + status.ToString() + ". " + next, {}};
}

Result<std::unique_ptr<RocksDb>> RocksDb::open(const RocksOpening& opening) {
  auto cache = rocksdb::NewLRUCache(16 * mib);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  families.emplace_back(rocksdb::kDefaultColumnFamilyName, family_options(Family::meta, cache));  // unused, mandatory
  for (std::size_t i = 0; i < family_count; ++i)
    families.emplace_back(names[i], family_options(static_cast<Family>(i), cache));
  if (opening.write_buffer != 0)
    for (rocksdb::ColumnFamilyDescriptor& each : families) each.options.write_buffer_size = opening.write_buffer;

  std::unique_ptr<RocksDb> out(new RocksDb);
  out->path_ = opening.path;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::DBOptions options = db_options(opening);
  const rocksdb::Status status =
      opening.read_only ? rocksdb::DB::OpenForReadOnly(options, opening.path, families, &handles, &db)
                        : rocksdb::DB::Open(options, opening.path, families, &handles, &db);
  if (!status.ok()) return fail(rocks_error("open the log in " + opening.path, status));
  out->db_.reset(db);
  out->default_ = handles[0];
  for (std::size_t i = 0; i < family_count; ++i) out->handles_[i] = handles[i + 1];
  return out;
}

RocksDb::~RocksDb() {
  if (!db_) return;
  for (rocksdb::ColumnFamilyHandle* handle : handles_) (void)db_->DestroyColumnFamilyHandle(handle);
  (void)db_->DestroyColumnFamilyHandle(default_);
  // What could fail here was synced before; a close that fails loses nothing that anybody was promised.
  (void)db_->Close();
}

rocksdb::Status RocksDb::write(rocksdb::WriteBatch& batch, bool sync) {
  rocksdb::WriteOptions options;
  options.sync = sync;
  rocksdb::Status s = db_->Write(options, &batch);
  if (!s.ok()) failed_.store(true, std::memory_order_relaxed);
  return s;
}

Status RocksDb::check_files() const {
  if (const rocksdb::Status s = db_->VerifyChecksum(); !s.ok())
    return fail(rocks_error("read the files of the log without an error", s));
  return {};
}

Status RocksDb::sync() {
  if (const rocksdb::Status s = db_->FlushWAL(true); !s.ok()) return fail(rocks_error("sync the log", s));
  return {};
}

void RocksDb::flush() {
  // Everything is in the write-ahead file and synced: a flush that fails only leaves it there to be replayed.
  (void)db_->Flush({}, {handles_.begin(), handles_.end()});
}

std::uint64_t RocksDb::bytes() const {
  auto listed = names_in(path_);
  if (!listed) return 0;
  std::uint64_t sum = 0;
  for (const std::string& name : *listed) {
    struct stat info {};
    if (::stat((path_ + "/" + name).c_str(), &info) == 0) sum += static_cast<std::uint64_t>(info.st_blocks) * 512;
  }
  return sum;
}

}  // namespace heliograph
