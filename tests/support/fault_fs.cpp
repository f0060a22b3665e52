#include "tests/support/fault_fs.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "storage/rocks_db.hpp"

namespace heliograph::testing {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus gone() { return IOStatus::IOError("the machine is going down"); }

class ForgetfulFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  ForgetfulFile(std::unique_ptr<rocksdb::FSWritableFile> file, std::string path, FaultFs& fs)
      : FSWritableFileOwnerWrapper(std::move(file)), path_(std::move(path)), fs_(fs) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* dbg) override {
    if (IOStatus s = fs_.before(false); !s.ok()) return s;
    IOStatus s = FSWritableFileOwnerWrapper::Append(data, options, dbg);
    if (s.ok()) fs_.wrote(path_, size_ += data.size());
    return s;
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* dbg) override {
    return Append(data, options, dbg);
  }
  IOStatus PositionedAppend(const Slice& data, std::uint64_t offset, const IOOptions& options, IODebugContext* dbg) override {
    if (IOStatus s = fs_.before(false); !s.ok()) return s;
    IOStatus s = FSWritableFileOwnerWrapper::PositionedAppend(data, offset, options, dbg);
    if (s.ok()) fs_.lengthened(path_, offset + data.size());
    return s;
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions& options, IODebugContext* dbg) override {
    if (IOStatus s = fs_.before(false); !s.ok()) return s;
    IOStatus s = FSWritableFileOwnerWrapper::Truncate(size, options, dbg);
    if (s.ok()) fs_.cut(path_, size);
    return s;
  }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return note_sync(); }
  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return note_sync(); }

 private:
  // Only noted: the test decides what survives, so a real sync would prove nothing and take most of the time.
  IOStatus note_sync() {
    if (IOStatus s = fs_.before(true); !s.ok()) return s;
    fs_.synced(path_);
    return IOStatus::OK();
  }
  std::string path_;
  FaultFs& fs_;
  std::uint64_t size_ = 0;
};

class ForgetfulDirectory : public rocksdb::FSDirectory {
 public:
  explicit ForgetfulDirectory(FaultFs& fs) : fs_(fs) {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    if (IOStatus s = fs_.before(true); !s.ok()) return s;
    fs_.directory_synced();
    return IOStatus::OK();
  }

 private:
  FaultFs& fs_;
};

constexpr std::uint64_t page_bytes = 4096;

void overwrite_with_zeros(const std::string& path, std::uint64_t from, std::uint64_t count) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(from));
  file << std::string(count, '\0');
}

class SleeplessClock : public rocksdb::SystemClockWrapper {
 public:
  using SystemClockWrapper::SystemClockWrapper;
  const char* Name() const override { return "SleeplessClock"; }
  void SleepForMicroseconds(int) override {}
};

}  // namespace

void FaultFs::arm(Fault fault, int countdown) {
  std::lock_guard lock(mutex_);
  dead_ = false;
  fault_ = fault;
  countdown_ = countdown;
}

IOStatus FaultFs::before(bool sync) {
  std::unique_lock lock(mutex_);
  moving_.wait(lock, [this] { return !stalled_; });
  if (dead_) return refusal();
  if (countdown_ < 0) return IOStatus::OK();
  const bool counts = fault_ == Fault::power_loss || (fault_ == Fault::sync_error) == sync;
  if (!counts || --countdown_ > 0) return IOStatus::OK();
  dead_ = true;
  return refusal();
}

IOStatus FaultFs::refusal() const { return fault_ == Fault::no_space ? IOStatus::NoSpace("no space left on device") : gone(); }

void FaultFs::stall() {
  std::lock_guard lock(mutex_);
  stalled_ = true;
}

void FaultFs::resume() {
  {
    std::lock_guard lock(mutex_);
    stalled_ = false;
  }
  moving_.notify_all();
}

void FaultFs::wrote(const std::string& path, std::uint64_t size) {
  std::lock_guard lock(mutex_);
  files_[path].size = size;
}

void FaultFs::lengthened(const std::string& path, std::uint64_t length) {
  std::lock_guard lock(mutex_);
  files_[path].length = length;
}

void FaultFs::cut(const std::string& path, std::uint64_t size) {
  std::lock_guard lock(mutex_);
  State& state = files_[path];
  state.length = std::min(state.length, size);
  state.size = std::min(state.size, size);
}

void FaultFs::synced(const std::string& path) {
  std::lock_guard lock(mutex_);
  State& state = files_[path];
  state.synced = state.size;
  state.length_synced = state.length;
}

void FaultFs::directory_synced() {
  std::lock_guard lock(mutex_);
  for (auto& [path, state] : files_) state.entry_synced = true;
}

void FaultFs::lose_unsynced(std::mt19937& random) {
  std::lock_guard lock(mutex_);
  for (const auto& [path, state] : files_) {
    if (!std::filesystem::exists(path)) continue;
    if (!state.entry_synced && random() % 2 == 0) {
      std::filesystem::remove(path);
      continue;
    }
    const std::uint64_t kept = state.synced + random() % (state.size - state.synced + 1);
    if (state.length_synced < state.size) {
      std::filesystem::resize_file(path, kept);
      continue;
    }
    // The space was there before: each page is as it was or as it was written, in no order.
    std::filesystem::resize_file(path, state.length_synced);
    for (std::uint64_t page = state.synced / page_bytes * page_bytes; page < state.size; page += page_bytes) {
      if (random() % 2 == 0) continue;
      const std::uint64_t from = std::max(page, state.synced);
      overwrite_with_zeros(path, from, std::min(page + page_bytes, state.length_synced) - from);
      ++holes_;
    }
  }
  files_.clear();
  countdown_ = -1;
  dead_ = false;
}

IOStatus FaultFs::NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                  std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* dbg) {
  if (dead_) return gone();
  std::unique_ptr<rocksdb::FSWritableFile> file;
  IOStatus s = FileSystemWrapper::NewWritableFile(path, options, &file, dbg);
  if (!s.ok()) return s;
  {
    std::lock_guard lock(mutex_);
    files_[path] = {};
  }
  *result = std::make_unique<ForgetfulFile>(std::move(file), path, *this);
  return s;
}

IOStatus FaultFs::NewDirectory(const std::string&, const IOOptions&, std::unique_ptr<rocksdb::FSDirectory>* result,
                               IODebugContext*) {
  *result = std::make_unique<ForgetfulDirectory>(*this);
  return IOStatus::OK();
}

IOStatus FaultFs::RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                             IODebugContext* dbg) {
  if (dead_) return gone();
  IOStatus s = FileSystemWrapper::RenameFile(from, to, options, dbg);
  std::lock_guard lock(mutex_);
  if (auto moved = files_.extract(from); s.ok() && !moved.empty()) {
    moved.key() = to;
    files_.erase(to);
    files_.insert(std::move(moved));
    // A rename over an old file leaves one of the two, never none; and a journal keeps the order of what a directory
    // was told: where the new name is, there is everything that was made before it.
    for (auto& [path, state] : files_) state.entry_synced = true;
  }
  return s;
}

IOStatus FaultFs::DeleteFile(const std::string& path, const IOOptions& options, IODebugContext* dbg) {
  if (dead_) return gone();
  {
    std::lock_guard lock(mutex_);
    files_.erase(path);
  }
  return FileSystemWrapper::DeleteFile(path, options, dbg);
}

FaultEnv::FaultEnv(std::shared_ptr<FaultFs> fs) : EnvWrapper(rocksdb::Env::Default()) {
  file_system_ = over(std::move(fs));
  system_clock_ = std::make_shared<SleeplessClock>(rocksdb::SystemClock::Default());
}

}  // namespace heliograph::testing
