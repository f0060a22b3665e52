#include "tests/e2e/kill_points.hpp"

#include <fcntl.h>
#include <rocksdb/file_system.h>
#include <signal.h>
#include <unistd.h>

namespace heliograph::e2e {
namespace {

using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

/// The write-ahead file holds an event as the log seals it: its type is there in letters.
class WatchedFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  WatchedFile(std::unique_ptr<FSWritableFile> file, bool table, KillSwitch& kill)
      : FSWritableFileOwnerWrapper(std::move(file)), table_(table), kill_(kill) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* dbg) override {
    if (table_) kill_.meet(Moment::table);
    const bool here = holds(data);
    if (here) kill_.meet(Moment::unwritten);
    const IOStatus done = FSWritableFileOwnerWrapper::Append(data, options, dbg);
    waiting_ = waiting_ || here;
    return done;
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&, IODebugContext* dbg) override { return Append(data, options, dbg); }
  IOStatus Sync(const IOOptions& options, IODebugContext* dbg) override {
    return synced([&] { return FSWritableFileOwnerWrapper::Sync(options, dbg); });
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* dbg) override {
    return synced([&] { return FSWritableFileOwnerWrapper::Fsync(options, dbg); });
  }

 private:
  bool holds(const Slice& data) const {
    return !table_ && !kill_.point().type.empty() && std::string_view(data.data(), data.size()).find(kill_.point().type) != std::string_view::npos;
  }
  template <class Sync>
  IOStatus synced(Sync sync) {
    if (waiting_) kill_.meet(Moment::written);
    const IOStatus done = sync();
    if (waiting_) kill_.meet(Moment::durable);
    waiting_ = false;
    return done;
  }

  bool table_, waiting_ = false;
  KillSwitch& kill_;
};

class WatchedFs : public rocksdb::FileSystemWrapper {
 public:
  explicit WatchedFs(KillSwitch& kill) : FileSystemWrapper(rocksdb::FileSystem::Default()), kill_(kill) {}
  const char* Name() const override { return "WatchedFs"; }
  IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options, std::unique_ptr<FSWritableFile>* result, IODebugContext* dbg) override {
    IOStatus made = FileSystemWrapper::NewWritableFile(path, options, result, dbg);
    const bool table = path.ends_with(".sst");
    if (made.ok() && (table || path.ends_with(".log"))) *result = std::make_unique<WatchedFile>(std::move(*result), table, kill_);
    return made;
  }

 private:
  KillSwitch& kill_;
};

}  // namespace

const std::vector<KillPoint>& kill_points() {
  static const std::vector<KillPoint> points{
      {"before the request is written", Moment::unwritten, "command.requested"},
      {"the request is written, not synced", Moment::written, "command.requested"},
      {"the request is durable, nobody was told", Moment::durable, "command.requested"},
      {"the dispatch is written, not synced", Moment::written, "command.dispatched"},
      {"the dispatch is durable, nothing was sent", Moment::durable, "command.dispatched"},
      {"connected to the device", Moment::connected},
      {"half of the command was sent", Moment::half_sent},
      {"the device has acted", Moment::sent},
      {"the answer was heard, not written", Moment::unwritten, "command.answered"},
      {"verified, and nobody was told", Moment::durable, "command.verified"},
      {"the yes is durable, nobody was told", Moment::durable, "approval.decided"},
      {"stopped in memory, not written", Moment::unwritten, "stop.engaged"},
      {"the stop is written, not synced", Moment::written, "stop.engaged"},
      {"the stop is durable, nobody was told", Moment::durable, "stop.engaged"},
      {"a table is being written", Moment::table},
  };
  return points;
}

void KillSwitch::meet(Moment moment) {
  if (!ready_ || moment != point_.moment || --left_ != 0) return;
  const int file = ::open(reached_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 || ::write(file, "x", 1) != 1 || ::fsync(file) != 0) ::_exit(4);
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

std::unique_ptr<rocksdb::Env> watched_env(KillSwitch& kill) { return rocksdb::NewCompositeEnv(std::make_shared<WatchedFs>(kill)); }

}  // namespace heliograph::e2e
