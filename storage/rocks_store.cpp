// Opens and closes a data directory: strictly first, and past a torn last write only when the watermark shows that
// nothing acknowledged is gone (docs/LOG_FORMAT.md, "Opening").
#include <unistd.h>

#include "storage/condenser.hpp"
#include "storage/data_directory.hpp"
#include "storage/disk_room.hpp"
#include "storage/rocks_db.hpp"
#include "storage/rocks_log.hpp"
#include "storage/rocks_views.hpp"
#include "storage/store_opening.hpp"
#include "storage/watermark.hpp"

namespace heliograph {
namespace {

class RocksStore : public Store {
 public:
  RocksStore(DataDirectory directory, const StoreOptions& options, const StoreSeams& seams)
      : directory_(std::move(directory)),
        options_(options),
        seams_(seams),
        room_(directory_.path(), options.reserve_bytes, options.free_bytes_min, seams.free_bytes),
        notes_(directory_.notes()) {}
  ~RocksStore() override { close(); }

  Status open();
  void open_damaged(std::vector<Error>& damage);
  bool readable() const { return log_ != nullptr; }

  EventLog& log() override { return *log_; }
  ViewStore& views() override { return *views_; }
  bool was_clean() const override { return was_clean_; }
  std::uint64_t bytes() const override { return rocks_->bytes(); }
  std::uint64_t free_bytes() const override { return room_.free_bytes(); }
  const std::vector<std::string>& notes() const override { return notes_; }
  std::optional<Mark> mark() const override {
    return found_.newest ? std::optional<Mark>(found_.newest->mark) : std::nullopt;
  }
  Status check_files() const override { return rocks_->check_files(); }

 private:
  Status read_watermark();
  Status open_rocks(Recovery recovery, bool read_only);
  Status compare() const;
  Status look(Recovery recovery);
  Result<Recovery> choose_recovery();
  Status start_writing();
  void let_go();
  void close();

  DataDirectory directory_;  // declared first: its lock is let go last
  const StoreOptions options_;
  const StoreSeams seams_;
  DiskRoom room_;
  std::unique_ptr<RocksDb> rocks_;
  std::unique_ptr<Watermark> watermark_;
  std::unique_ptr<RocksLog> log_;
  std::unique_ptr<RocksViews> views_;
  std::unique_ptr<Condenser> condenser_;
  Watermark::Found found_;
  bool was_clean_ = false;
  std::vector<std::string> notes_;
};

Status RocksStore::read_watermark() {
  auto found = Watermark::read(directory_.watermark());
  if (!found) return fail(found.error());
  found_ = *found;
  was_clean_ = found_.newest && found_.newest->clean;
  if (!found_.newest)
    return fail(Errc::corrupt, directory_.watermark() + " is damaged in both halves, so nobody can tell whether the log "
                               "is whole. Nothing was changed: \"heliograph verify\" and \"heliograph export\" can still "
                               "read it; restore a backup to go on.");
  if (found_.damaged_slots > 0)
    notes_.push_back("One half of " + directory_.watermark() + " was damaged; the other tells where the log stood, and "
                     "the next start for writing mends it.");
  return {};
}

Status RocksStore::open_rocks(Recovery recovery, bool read_only) {
  let_go();
  auto rocks = RocksDb::open({directory_.db(), recovery, directory_.fresh(), read_only, seams_.env, seams_.write_buffer});
  if (!rocks) return fail(rocks.error());
  rocks_ = std::move(*rocks);
  DiskRoom* room = options_.read_only ? nullptr : &room_;
  log_ = std::make_unique<RocksLog>(*rocks_, room, seams_.sync);
  views_ = std::make_unique<RocksViews>(*rocks_, room, seams_.sync);
  return {};
}

Status RocksStore::compare() const {
  if (!seams_.compare_watermark) return {};
  const Watermark::State& state = *found_.newest;
  if (auto contains = log_->contains(state.mark); !contains) return contains;
  if (state.clean && log_->mark() != state.mark)
    return fail(Errc::corrupt, "The log goes on to position " + std::to_string(log_->durable()) +
                                   ", but the watermark says that it was closed at " +
                                   std::to_string(state.mark.position) +
                                   ": the watermark is an old copy. Nothing was changed: restore a backup of the whole "
                                   "directory.");
  return {};
}

Status RocksStore::open() {
  if (directory_.fresh()) {
    if (auto made = Watermark::create(directory_.watermark()); !made) return made;
  }
  if (!options_.read_only) {
    if (auto room = room_.prepare(); !room) return room;
  }
  // Before the log is read: a process that is writing meanwhile only moves the log further than this mark.
  if (auto read = read_watermark(); !read) return read;
  // Always a read-only look first: opening for writing moves on to new files, and a write-ahead file that somebody puts
  // back afterwards would be ignored. After an ordered stop there is nothing to replay and the look costs milliseconds.
  Recovery recovery = Recovery::strict;
  if (!directory_.fresh()) {
    auto seen = choose_recovery();
    if (!seen) return fail(seen.error());
    recovery = *seen;
  }
  if (options_.read_only) return {};
  if (auto opened = open_rocks(recovery, false); !opened) return opened;
  if (auto recovered = log_->recover(); !recovered) return recovered;
  return start_writing();
}

Status RocksStore::look(Recovery recovery) {
  auto seen = open_rocks(recovery, true);
  if (seen) seen = log_->recover();
  return seen ? compare() : seen;
}

/// After a power loss the last, unsynced write may be torn, and strict opening refuses. It is let go only when the look
/// shows that everything up to the watermark is there.
Result<Recovery> RocksStore::choose_recovery() {
  auto strict = look(Recovery::strict);
  if (strict) return Recovery::strict;
  if (log_ || strict.error().code != Errc::corrupt) return fail(strict.error());  // it opened, and is not what it must be
  auto readable = look(Recovery::up_to_damage);
  if (readable) {
    notes_.push_back("The last write is torn (a crash, or a process that is writing now) and is left out; everything up "
                     "to position " + std::to_string(found_.newest->mark.position) +
                     ", which the watermark promises, is there.");
    return Recovery::up_to_damage;
  }
  if (log_) return fail(readable.error());  // names what is lost
  return fail(strict.error().code, strict.error().sentence + " The watermark promises everything up to position " +
                                       std::to_string(found_.newest->mark.position) + ". Nothing was changed.");
}

Status RocksStore::start_writing() {
  auto watermark = Watermark::open(directory_.watermark(), found_.newest->epoch, log_->mark(),
                                   seams_.sync_file ? seams_.sync_file : ::fdatasync);
  if (!watermark) return fail(watermark.error());
  watermark_ = std::move(*watermark);
  log_->witness(watermark_.get());
  if (options_.condense) condenser_ = std::make_unique<Condenser>(*log_);
  return directory_.fresh() ? directory_.finish_creation() : Status{};
}

void RocksStore::open_damaged(std::vector<Error>& damage) {
  if (DataDirectory::in_use(directory_.path()))
    notes_.push_back("A Heliograph is using this directory: a finding about a missing file may pass; stop it to be sure.");
  if (auto read = read_watermark(); !read) damage.push_back(read.error());
  if (found_.newest && found_.damaged_slots > 0)
    damage.push_back({Errc::corrupt, "One half of " + directory_.watermark() + " is damaged: no event is lost by that.", {}});
  for (Recovery recovery : {Recovery::strict, Recovery::up_to_damage}) {
    auto opened = open_rocks(recovery, true);
    if (!opened) {
      damage.push_back(opened.error());
      continue;
    }
    std::vector<Error> found;
    log_->recover_what_can_be(found);
    if (found.empty() && found_.newest) {
      if (auto same = compare(); !same) found.push_back(same.error());
    }
    const bool whole = found_.newest && found.empty();
    // A torn last write above the watermark is what a power loss leaves: it is told, and it is no damage.
    if (recovery == Recovery::up_to_damage && whole) {
      notes_.push_back("The last write is torn (the crash of a process or a process that is writing now); everything up "
                       "to the watermark is there.");
      damage.pop_back();
    }
    damage.insert(damage.end(), found.begin(), found.end());
    return;
  }
  let_go();
}

void RocksStore::let_go() {
  condenser_.reset();
  views_.reset();
  log_.reset();
  rocks_.reset();
}

void RocksStore::close() {
  condenser_.reset();
  // "Clean" is a promise that everything is on disk: it is made only after the last sync, and never after a failure.
  if (watermark_ && !log_->has_failed() && !rocks_->failed() && rocks_->sync()) {
    if (room_.may_begin(Reserve::keep)) rocks_->flush();
    if (auto closed = watermark_->close(); !closed) watermark_.reset();
  }
  watermark_.reset();
  let_go();
}

}  // namespace

Result<std::unique_ptr<Store>> open_store_with(const std::string& directory, const StoreOptions& options,
                                               const StoreSeams& seams) {
  // Beside a running writer a file may vanish between its listing and its opening: a reader looks again.
  for (int tries = options.read_only ? 3 : 1;; --tries) {
    auto opened = DataDirectory::open(directory, options.create, options.read_only);
    if (!opened) return fail(opened.error());
    auto store = std::make_unique<RocksStore>(std::move(*opened), options, seams);
    auto status = store->open();
    if (status) return std::unique_ptr<Store>(std::move(store));
    if (tries == 1) return fail(status.error());
  }
}

Result<std::unique_ptr<Store>> open_store(const std::string& directory, const StoreOptions& options) {
  return open_store_with(directory, options, {});
}

Salvage open_damaged(const std::string& directory) {
  Salvage out;
  auto opened = DataDirectory::open(directory, false, true);
  if (!opened) {
    out.damage.push_back(opened.error());
    return out;
  }
  StoreOptions options;
  options.read_only = true;
  auto store = std::make_unique<RocksStore>(std::move(*opened), options, StoreSeams{});
  store->open_damaged(out.damage);
  if (store->readable()) out.store = std::move(store);
  return out;
}

}  // namespace heliograph
