// Segments in RocksDB: under their first position and 0 the head, under it and 1 the blocks of each device. So they lie where the
// batches lay that they stand for, and a range of positions is dropped whole, whatever its form.
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "events/columns.hpp"
#include "storage/rocks_woven.hpp"

namespace heliograph {
namespace {

// Format byte, seals of the batch before and of the last one, head. Of a hollow one some readings were dropped.
constexpr char segment_format = 3, hollow_format = 4;
constexpr std::size_t seals_bytes = 1 + 32 + 32;
constexpr char head_mark = 0, block_mark = 1;
constexpr const char* plan_key = "plan";
constexpr const char* drops_key = "drops";

std::string_view text(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

std::string head_key(Position from) { return key_of(from) + head_mark; }

std::string blocks_prefix(Position from, const std::string& path) { return key_of(from) + block_mark + path + '\0'; }

std::string block_key(Position from, const std::string& path, std::size_t number) {
  std::string key = blocks_prefix(from, path);
  key.push_back(static_cast<char>(number >> 8));
  key.push_back(static_cast<char>(number));
  return key;
}

std::string known_key(const SiteKey& site) { return "known " + site.tenant.text + "/" + site.site.text; }

tl::unexpected<Error> damaged(Position from, const char* what) {
  return fail(Errc::corrupt, "The segment of readings at position " + std::to_string(from) + " is damaged (" + what +
                                 "): run \"heliograph verify\" for the whole picture, and restore a backup.");
}

}  // namespace

// ---- writing -------------------------------------------------------------------------------------------------

Status RocksLog::write_segment(const Segment* segment, const Digest& last_seal, const std::vector<Range>& plan) {
  if (!room_) return fail(Errc::refused, "The data directory is open for reading only: nothing can be condensed.");
  std::string planned;
  for (const Range& range : plan) {
    put_be64(planned, range.from);
    put_be64(planned, range.end);
  }
  rocksdb::WriteBatch batch;
  rocksdb::Status s = batch.Put(rocks_.family(Family::meta), plan_key, planned);
  if (segment != nullptr) {
    std::unique_ptr<rocksdb::Iterator> it(rocks_.db().NewIterator({}, rocks_.family(Family::readings)));
    it->SeekForPrev(key_of(segment->from - 1) + '\xff');
    auto before = seal_before(*it);
    if (!before) return fail(before.error());
    auto* family = rocks_.family(Family::readings);
    if (s.ok()) s = batch.DeleteRange(family, key_of(segment->from), key_of(segment->end));
    std::string head(1, segment_format);
    head.append(bytes_of(*before)).append(bytes_of(last_seal)).append(segment->head);
    if (s.ok()) s = batch.Put(family, head_key(segment->from), head);
    for (const auto& [path, blocks] : segment->blocks)
      for (std::size_t i = 0; i < blocks.size(); ++i)
        if (s.ok()) s = batch.Put(family, block_key(segment->from, path, i), blocks[i]);
  }
  if (!s.ok()) return fail(rocks_error("put a segment together", s));
  if (auto fits = room_->may_write(batch.GetDataSize()); !fits) return fits;
  if (s = rocks_.write(batch, sync_); !s.ok()) return fail(rocks_error("write to the log", s));
  return {};
}

Status RocksLog::write_drop(const std::vector<Hollow>& segments, const std::vector<Drop>& drops, std::span<const DropWith> fresh) {
  if (!room_) return fail(Errc::refused, "The data directory is open for reading only: nothing can be dropped.");
  std::string carried_out;
  for (const Drop& drop : drops) {
    put_text(drop.site.tenant.text, carried_out);
    put_text(drop.site.site.text, carried_out);
    put_varint(drop.from, carried_out);
    put_varint(drop.before, carried_out);
    put_varint(drop.event, carried_out);
  }
  rocksdb::WriteBatch batch;
  rocksdb::Status s = batch.Put(rocks_.family(Family::meta), drops_key, carried_out);
  for (const DropWith& each : fresh)
    if (s.ok()) s = batch.Put(rocks_.family(Family::meta), known_key(each.drop.site), each.known);
  auto* family = rocks_.family(Family::readings);
  for (const Hollow& hollow : segments) {
    auto head = get(Family::readings, head_key(hollow.from));
    if (!head) return fail(head.error());
    head->resize(seals_bytes);
    head->front() = hollow_format;
    if (s.ok()) s = batch.Put(family, head_key(hollow.from), *head + hollow.head);
    for (const SiteKey& site : hollow.sites) {
      const std::string blocks = key_of(hollow.from) + block_mark + device_path(site, "");
      if (s.ok()) s = batch.DeleteRange(family, blocks, prefix_end(blocks));
    }
  }
  if (!s.ok()) return fail(rocks_error("put together what is dropped", s));
  if (auto fits = room_->may_write(batch.GetDataSize()); !fits) return fits;
  if (s = rocks_.write(batch, sync_); !s.ok()) return fail(rocks_error("write to the log", s));
  return {};
}

void RocksLog::reclaim(const Range& range) {
  const std::string begin = key_of(range.from), end = key_of(range.end);
  const rocksdb::Slice from(begin), to(end);
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  (void)rocks_.db().CompactRange(options, rocks_.family(Family::readings), &from, &to);
}

// ---- reading -------------------------------------------------------------------------------------------------

Result<std::vector<EventLog::Range>> RocksLog::stored_plan() const {
  auto value = get(Family::meta, plan_key);
  if (!value && value.error().code == Errc::not_found) return std::vector<Range>();
  if (!value) return fail(value.error());
  if (value->size() % 16 != 0) return fail(Errc::corrupt, "The plan of what is to be condensed is damaged: restore a backup.");
  std::vector<Range> plan;
  for (std::size_t at = 0; at < value->size(); at += 16) {
    const Range range{get_be64(std::string_view(*value).substr(at)), get_be64(std::string_view(*value).substr(at + 8))};
    if (range.from == 0 || range.end <= range.from) return fail(Errc::corrupt, "The plan of what is to be condensed is damaged: restore a backup.");
    plan.push_back(range);
  }
  return plan;
}

Result<bool> RocksLog::is_dropped(Position position) const {
  std::unique_ptr<rocksdb::Iterator> it(rocks_.db().NewIterator({}, rocks_.family(Family::readings)));
  it->SeekForPrev(key_of(position) + '\xff');
  if (!it->Valid()) return it->status().ok() ? Result<bool>(false) : fail(rocks_error("read the log", it->status()));
  if (!in_segment(text(it->key()))) return false;
  const auto bytes = segment_head(get_be64(text(it->key())));
  if (!bytes) return fail(bytes.error());
  if (!*bytes) return false;
  const auto head = decode_head(**bytes);
  if (!head) return fail(head.error());
  return head->has_dropped(position);
}

Result<std::string> RocksLog::known_at_drop(const SiteKey& site) const { return get(Family::meta, known_key(site)); }

Result<std::vector<EventLog::Drop>> RocksLog::stored_drops() const {
  auto value = get(Family::meta, drops_key);
  if (!value && value.error().code == Errc::not_found) return std::vector<Drop>();
  if (!value) return fail(value.error());
  std::vector<Drop> drops;
  for (std::string_view left = *value; !left.empty();) {
    const auto tenant = take_text(left), site = tenant ? take_text(left) : tenant;
    if (!site) return fail(Errc::corrupt, "What the log knows of dropped readings is damaged: restore a backup.");
    const auto from = take_varint(left), before = from ? take_varint(left) : from, event = before ? take_varint(left) : before;
    if (!event) return fail(Errc::corrupt, "What the log knows of dropped readings is damaged: restore a backup.");
    drops.push_back({{{std::string(*tenant)}, {std::string(*site)}}, *from, *before, *event});
  }
  return drops;
}

Result<std::optional<std::string>> RocksLog::segment_head(Position from) const {
  auto value = get(Family::readings, head_key(from));
  if (!value && value.error().code == Errc::not_found) return std::optional<std::string>();
  if (!value) return fail(value.error());
  auto stored = take_head(*value, from);
  if (!stored) return fail(stored.error());
  return std::optional(std::move(stored->segment.head));
}

Result<std::vector<EventLog::Range>> RocksLog::segment_blocks(std::span<const Range> ranges, const std::string& device,
                                                              std::vector<std::string>& out) const {
  std::vector<Range> batched;
  if (ranges.empty()) return batched;
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  std::unique_ptr<rocksdb::Iterator> it(rocks_.db().NewIterator(options, rocks_.family(Family::readings)));
  for (const Range& range : ranges) {
    const std::string prefix = blocks_prefix(range.from, device);
    const std::size_t before = out.size();
    for (it->Seek(prefix); it->Valid() && text(it->key()).starts_with(prefix); it->Next()) out.push_back(it->value().ToString());
    if (!it->status().ok()) return fail(rocks_error("read the log", it->status()));
    if (out.size() > before) continue;
    const auto there = segment_head(range.from);
    if (!there) return fail(there.error());
    if (!*there) batched.push_back(range);
  }
  return batched;
}

Result<RocksLog::StoredSegment> RocksLog::take_head(std::string_view value, Position from) {
  if (!value.empty() && value[0] != segment_format && value[0] != hollow_format)
    return fail(Errc::unsupported, "The segment of readings at position " + std::to_string(from) +
                                       " is in a form this Heliograph does not know: use the newer one that wrote it.");
  if (value.size() <= seals_bytes) return damaged(from, "its head is cut short");
  StoredSegment stored;
  std::copy_n(value.begin() + 1, stored.before.size(), stored.before.begin());
  std::copy_n(value.begin() + 33, stored.after.size(), stored.after.begin());
  stored.segment.from = from;
  stored.segment.head = value.substr(seals_bytes);
  const auto end = end_of_segment(stored.segment.head);
  if (!end) return fail(end.error());
  stored.segment.end = *end;
  return stored;
}

Result<RocksLog::StoredSegment> RocksLog::take_segment(rocksdb::Iterator& it) {
  const Position from = get_be64(text(it.key()));
  if (it.key() != head_key(from)) return damaged(from, "it has no head");
  auto stored = take_head(text(it.value()), from);
  if (!stored) return stored;
  const std::string prefix = key_of(from) + block_mark;
  for (it.Next(); it.Valid() && text(it.key()).starts_with(prefix); it.Next()) {
    const std::string_view key = text(it.key()).substr(prefix.size());
    const std::size_t end = key.find('\0');
    if (end == std::string_view::npos || key.size() != end + 3) return damaged(from, "a key is none");
    stored->segment.blocks[std::string(key.substr(0, end))].push_back(it.value().ToString());
  }
  if (!it.status().ok()) return fail(rocks_error("read the log", it.status()));
  return stored;
}

Status RocksLog::seek_in_segment(rocksdb::Iterator& it, Position wanted) const {
  const Position from = get_be64(text(it.key()));
  it.Seek(head_key(from));
  if (!it.Valid() || it.key() != head_key(from)) return it.status().ok() ? damaged(from, "it has no head") : fail(rocks_error("read the log", it.status()));
  auto stored = take_head(text(it.value()), from);
  if (!stored) return fail(stored.error());
  if (stored->segment.end <= wanted) it.Seek(key_of(stored->segment.end));
  return {};
}

Result<Digest> RocksLog::seal_before(const rocksdb::Iterator& it) const {
  if (!it.Valid()) return it.status().ok() ? Result<Digest>(Digest{}) : fail(rocks_error("read the log", it.status()));
  const Position start = get_be64(text(it.key()));
  if (!in_segment(text(it.key()))) {
    auto batch = parse(start, true, text(it.value()));
    if (!batch) return fail(batch.error());
    return batch->seal;
  }
  auto value = get(Family::readings, head_key(start));
  if (!value) return value.error().code == Errc::not_found ? damaged(start, "it has no head") : fail(value.error());
  auto head = take_head(*value, start);
  if (!head) return fail(head.error());
  return head->after;
}

}  // namespace heliograph
