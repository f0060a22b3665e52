#include "storage/rocks_views.hpp"

#include <rocksdb/db.h>
#include <rocksdb/snapshot.h>
#include <rocksdb/write_batch.h>

#include <memory>

namespace heliograph {
namespace {

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view text(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

// "e" view NUL key = an entry; "c" view = its checkpoint. A view's name holds no NUL, so no view sees another's.
std::string entry_prefix(std::string_view view) {
  std::string out = "e";
  out.append(view).push_back('\0');
  return out;
}
std::string checkpoint_key(std::string_view view) { return std::string("c").append(view); }

bool is_name(std::string_view view) { return !view.empty() && view.find('\0') == view.npos; }

rocksdb::ReadOptions now_or_then(const rocksdb::Snapshot* snapshot) {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  return options;
}

/// The entries of a view between two of its keys, as RocksDB sees them.
struct Range {
  Range(std::string_view view, std::string_view from, std::string_view to, const rocksdb::Snapshot* snapshot)
      : prefix(entry_prefix(view)), first(prefix + std::string(from)) {
    end = to.empty() ? prefix_end(prefix) : prefix + std::string(to);
    lower = slice(first);
    upper = slice(end);
    options.iterate_lower_bound = &lower;
    options.iterate_upper_bound = &upper;
    options.verify_checksums = true;
    options.snapshot = snapshot;
  }
  Range(const Range&) = delete;
  Range& operator=(const Range&) = delete;
  bool empty() const { return first >= end; }

  std::string prefix, first, end;
  rocksdb::Slice lower, upper;
  rocksdb::ReadOptions options;
};

}  // namespace

rocksdb::ColumnFamilyHandle* RocksViews::family(std::string_view view) const {
  return rocks_.family(view == "series" ? Family::series : Family::views);
}

/// Views could be lost and folded again. They are synced all the same: write-ahead files are padded, and after a power loss
/// a write that was not synced may be a hole of zeros, which RocksDB reads past, before one that was.
Status RocksViews::writable(std::uint64_t bytes) const {
  if (!room_) return fail(Errc::refused, "The data directory is open for reading only: views cannot be saved.");
  return room_->may_write(bytes);
}

Status RocksViews::save(std::string_view view, const ViewBatch& batch, Position checkpoint) {
  if (!is_name(view)) return fail(Errc::invalid, "A view needs a name.");
  rocksdb::WriteBatch write;
  std::string key = entry_prefix(view);
  const std::size_t prefix = key.size();
  for (const auto& [name, value] : batch.changes) {
    key.resize(prefix);
    key.append(name);
    const rocksdb::Status s = value ? write.Put(family(view), key, *value) : write.Delete(family(view), key);
    if (!s.ok()) return fail(rocks_error("save the view " + std::string(view), s));
  }
  std::string position;
  put_be64(position, checkpoint);
  if (auto s = write.Put(family(view), checkpoint_key(view), position); !s.ok())
    return fail(rocks_error("save the view " + std::string(view), s));
  if (auto room = writable(write.GetDataSize()); !room) return room;
  if (auto s = rocks_.write(write, sync_); !s.ok())
    return fail(rocks_error("save the view " + std::string(view), s));
  return {};
}

Result<Position> RocksViews::checkpoint(std::string_view view) const {
  std::string value;
  const rocksdb::Status s = rocks_.db().Get(now_or_then(snapshot_.get()), family(view), checkpoint_key(view), &value);
  if (s.IsNotFound()) return Position{0};
  if (!s.ok()) return fail(rocks_error("read the checkpoint of " + std::string(view), s));
  if (value.size() != 8)
    return fail(Errc::corrupt, "The checkpoint of the view " + std::string(view) +
                                   " is damaged: run \"heliograph rebuild\".");
  return get_be64(value);
}

Result<std::optional<std::string>> RocksViews::get(std::string_view view, std::string_view key) const {
  std::string value;
  const rocksdb::Status s = rocks_.db().Get(now_or_then(snapshot_.get()), family(view), entry_prefix(view).append(key), &value);
  if (s.IsNotFound()) return std::optional<std::string>{};
  if (!s.ok()) return fail(rocks_error("read the view " + std::string(view), s));
  return std::optional<std::string>(std::move(value));
}

Status RocksViews::scan(std::string_view view, std::string_view from, std::string_view to, const Visit& visit) const {
  const Range range(view, from, to, snapshot_.get());
  if (range.empty()) return {};
  std::unique_ptr<rocksdb::Iterator> it(rocks_.db().NewIterator(range.options, family(view)));
  for (it->SeekToFirst(); it->Valid(); it->Next())
    if (!visit(text(it->key()).substr(range.prefix.size()), text(it->value()))) return {};
  if (!it->status().ok()) return fail(rocks_error("read the view " + std::string(view), it->status()));
  return {};
}

Status RocksViews::scan_back(std::string_view view, std::string_view from, std::string_view to,
                             const Visit& visit) const {
  const Range range(view, from, to, snapshot_.get());
  if (range.empty()) return {};
  std::unique_ptr<rocksdb::Iterator> it(rocks_.db().NewIterator(range.options, family(view)));
  for (it->SeekToLast(); it->Valid(); it->Prev())
    if (!visit(text(it->key()).substr(range.prefix.size()), text(it->value()))) return {};
  if (!it->status().ok()) return fail(rocks_error("read the view " + std::string(view), it->status()));
  return {};
}

Status RocksViews::wipe(std::string_view view) {
  if (!is_name(view)) return fail(Errc::invalid, "A view needs a name.");
  const std::string first = entry_prefix(view), end = prefix_end(first);
  rocksdb::WriteBatch write;
  rocksdb::Status s = write.DeleteRange(family(view), first, end);
  if (s.ok()) s = write.Delete(family(view), checkpoint_key(view));
  if (!s.ok()) return fail(rocks_error("delete the view " + std::string(view), s));
  if (auto room = writable(write.GetDataSize()); !room) return room;
  if (s = rocks_.write(write, sync_); !s.ok()) return fail(rocks_error("delete the view " + std::string(view), s));
  const rocksdb::Slice from = first, to = end;  // no other view is rewritten for this one's space
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  if (s = rocks_.db().CompactRange(options, family(view), &from, &to); !s.ok())
    return fail(rocks_error("free the space of the view " + std::string(view), s));
  return {};
}

std::unique_ptr<ViewStore> RocksViews::snapshot() const {
  auto out = std::make_unique<RocksViews>(rocks_, nullptr, sync_);
  rocksdb::DB* db = &rocks_.db();
  out->snapshot_ = {db->GetSnapshot(), [db](const rocksdb::Snapshot* held) { db->ReleaseSnapshot(held); }};
  return out;
}

}  // namespace heliograph
