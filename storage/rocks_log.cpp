#include "storage/rocks_log.hpp"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "events/codec.hpp"
#include "events/columns.hpp"
#include "storage/rocks_woven.hpp"

namespace heliograph {
namespace {

// How a value is laid out: format byte, seal, payload; or with the rows of a batch beside: format byte, seal, length of the
// payload, payload, rows.
constexpr char plain_format = 1, with_rows_format = 2;
constexpr std::size_t head_bytes = 1 + 32;  // format byte, seal
// A scan longer than this reads ahead in large steps; a shorter one must not pay for what it does not want.
constexpr Position long_scan = 65'536;

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view text(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

std::string at_position(Position position) { return " at position " + std::to_string(position); }

Mark mark_of(Position next, Position decision, Position reading, const Digest& decisions, const Digest& readings) {
  return {next - 1, decision, reading, decisions, readings};
}

}  // namespace

// ---- writing -------------------------------------------------------------------------------------------------

Status RocksLog::write_group(const std::vector<Write>& group, const Heads& after) {
  if (!room_) return fail(Errc::refused, "The data directory is open for reading only: nothing can be appended.");
  rocksdb::WriteBatch batch;
  std::unordered_map<std::string_view, Version> versions;
  rocksdb::Status s;
  for (const Write& w : group) {
    const Envelope& e = w.record->envelope;
    const std::string key = key_of(e.position);
    const rocksdb::Slice key_part = slice(key);
    const bool readings = w.record->is_readings();
    std::string length;
    if (readings) put_varint(w.payload.size(), length);
    const rocksdb::Slice value[] = {{readings ? &with_rows_format : &plain_format, 1}, slice(bytes_of(w.seal)), slice(length),
                                    slice(w.payload), slice(w.rows)};
    if (s.ok()) s = batch.Put(rocks_.family(readings ? Family::readings : Family::decisions), {&key_part, 1}, {value, 5});
    versions[w.stream_key] = e.version;
    if (!e.idempotency_key.empty() && s.ok()) {
      const std::string use = key.substr() + std::string(bytes_of(w.fingerprint));
      s = batch.Put(rocks_.family(Family::index), key_of_use(e.site.tenant, e.idempotency_key), use);
    }
  }
  for (const auto& [stream_key, version] : versions)
    if (s.ok()) s = batch.Put(rocks_.family(Family::index), slice(stream_key), key_of(version));
  if (s.ok()) s = batch.Put(rocks_.family(Family::meta), "heads", encode(after));
  if (!s.ok()) return fail(rocks_error("put a group together", s));

  if (auto fits = room_->may_write(batch.GetDataSize()); !fits) return fits;
  if (s = rocks_.write(batch, sync_); !s.ok()) return fail(rocks_error("write to the log", s));
  durable_heads_ = after;
  return watermark_ ? watermark_->put(mark()) : Status{};
}

Status RocksLog::room(Reserve reserve) {
  if (!room_) return fail(Errc::refused, "The data directory is open for reading only: nothing can be appended.");
  return room_->may_begin(reserve);
}

Mark RocksLog::mark() const {
  const Heads& h = durable_heads_;
  return mark_of(h.next, h.decision, h.reading, h.decisions_seal, h.readings_seal);
}

// ---- reading -------------------------------------------------------------------------------------------------

Result<std::string> RocksLog::get(Family family, std::string_view key) const {
  std::string value;
  const rocksdb::Status s = rocks_.db().Get({}, rocks_.family(family), slice(key), &value);
  if (s.IsNotFound()) return fail(Errc::not_found, "no such key");
  if (!s.ok()) return fail(rocks_error("read the log", s));
  return value;
}

Result<std::optional<KeyUse>> RocksLog::stored_key(std::string_view use_key) const {
  auto value = get(Family::index, use_key);
  if (!value && value.error().code == Errc::not_found) return std::optional<KeyUse>{};
  if (!value) return fail(value.error());
  if (value->size() != 8 + 32) return fail(Errc::corrupt, "An idempotency key in the index is damaged: restore a backup.");
  KeyUse use;
  use.position = get_be64(*value);
  std::copy_n(value->begin() + 8, use.fingerprint.size(), use.fingerprint.begin());
  return std::optional<KeyUse>(use);
}

Result<Version> RocksLog::stored_version(std::string_view stream_key) const {
  auto value = get(Family::index, stream_key);
  if (!value && value.error().code == Errc::not_found) return Version{0};
  if (!value) return fail(value.error());
  if (value->size() != 8) return fail(Errc::corrupt, "A stream's version in the index is damaged: restore a backup.");
  return get_be64(*value);
}

Result<RocksLog::Value> RocksLog::parse(Position position, bool readings, std::string_view value) {
  if (value.size() < head_bytes)
    return fail(Errc::corrupt, "The record" + at_position(position) + " is cut short: restore a backup.");
  if (value[0] != plain_format && value[0] != with_rows_format)
    return fail(Errc::unsupported, "The record" + at_position(position) +
                                       " is in a form this Heliograph does not know: use the newer one that wrote it.");
  Value out{position, readings, {}, value.substr(head_bytes), {}, {}, {}};
  std::copy_n(value.begin() + 1, out.seal.size(), out.seal.begin());
  if (value[0] == plain_format) return out;
  const auto length = take_varint(out.payload);
  if (!length || *length > out.payload.size())
    return fail(Errc::corrupt, "The record" + at_position(position) + " is damaged: restore a backup.");
  out.rows = out.payload.substr(*length);
  out.payload = out.payload.substr(0, *length);
  return out;
}

Result<RecordPtr> RocksLog::at(Position position) const {
  if (position == 0 || position > durable())
    return fail(Errc::not_found, "There is no position " + std::to_string(position) + " in the log.");
  RecordPtr found;
  auto scanned = scan(position, position, Part::all, [&](const RecordPtr& record) {
    found = record;
    return false;
  });
  if (!scanned) return fail(scanned.error());
  if (!found) return fail(no_record_at(position));
  return found;
}

Result<Digest> RocksLog::seal_at(Position position) const {
  if (position > 0 && position <= durable()) {
    for (bool readings : {false, true}) {
      auto value = get(readings ? Family::readings : Family::decisions, key_of(position));
      if (!value && value.error().code == Errc::not_found) continue;
      if (!value) return fail(value.error());
      auto parsed = parse(position, readings, *value);
      if (!parsed) return fail(parsed.error());
      return parsed->seal;
    }
    std::optional<Digest> woven;  // its batch may lie in a segment
    auto scanned = scan_stored(position, position, Part::readings, [&](const Stored& stored) {
      if (stored.position == position && !stored.dropped) woven = stored.seal;
      return false;
    });
    if (!scanned) return fail(scanned.error());
    if (woven) return *woven;
  }
  return fail(Errc::not_found, "No record starts at position " + std::to_string(position) + ".");
}

Status RocksLog::scan(Position from, Position to, Part part, const Visit& visit) const {
  return each(from, to, part, Seals::without, [&](const Value& value) -> Result<bool> {
    if (value.woven) return visit(value.woven);
    auto record = decode_record(value.payload, value.position, value.rows);
    if (!record) return fail(record.error());
    return visit(std::make_shared<const Record>(std::move(*record)));
  });
}

Status RocksLog::scan_stored(Position from, Position to, Part part, const VisitStored& visit) const {
  return each(from, to, part, Seals::with, [&](const Value& value) -> Result<bool> {
    return visit({value.position, value.readings, value.seal, std::string(value.payload), std::string(value.rows), value.woven, value.dropped});
  });
}

/// Places the iterator at the first record that reaches `from`: a batch may begin before it.
Status RocksLog::seek(rocksdb::Iterator& it, Position from, bool readings) const {
  if (!readings) {
    it.Seek(key_of(from));
    return {};
  }
  it.SeekForPrev(key_of(from));
  if (!it.Valid()) {
    if (!it.status().ok()) return fail(rocks_error("read the log", it.status()));
    it.SeekToFirst();
    return {};
  }
  if (in_segment(text(it.key()))) return seek_in_segment(it, from);
  const Position start = get_be64(text(it.key()));
  if (start == from) return {};
  auto value = parse(start, true, text(it.value()));
  if (!value) return fail(value.error());
  auto record = decode_record(value->payload, start, value->rows);
  if (!record) return fail(record.error());
  if (record->last() < from) it.Next();
  return {};
}

Status RocksLog::each(Position from, Position to, Part part, Seals seals, const VisitValue& visit) const {
  from = std::max<Position>(from, 1);
  to = std::min(to, durable());
  if (from > to) return {};
  const std::string end = key_of(to + 1);
  const rocksdb::Slice end_slice(end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &end_slice;
  options.verify_checksums = true;
  if (to - from >= long_scan) {
    options.readahead_size = 2u << 20;
    options.fill_cache = false;
  }
  std::vector<rocksdb::Iterator*> raw;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  if (part != Part::readings) families.push_back(rocks_.family(Family::decisions));
  if (part != Part::decisions) families.push_back(rocks_.family(Family::readings));
  if (auto s = rocks_.db().NewIterators(options, families, &raw); !s.ok()) return fail(rocks_error("read the log", s));
  std::vector<std::unique_ptr<rocksdb::Iterator>> its(raw.begin(), raw.end());
  auto is_readings = [&](std::size_t i) { return part == Part::readings || i == 1; };
  for (std::size_t i = 0; i < its.size(); ++i)
    if (auto placed = seek(*its[i], from, is_readings(i)); !placed) return placed;

  Woven woven;  // what is left of a segment: its batches and decisions come by turns
  while (true) {  // merges in position order
    std::size_t least = its.size();
    for (std::size_t i = 0; i < its.size(); ++i) {
      if (!its[i]->status().ok()) return fail(rocks_error("read the log", its[i]->status()));
      if (its[i]->Valid() && (least == its.size() || its[i]->key().compare(its[least]->key()) < 0)) least = i;
    }
    if (!woven.empty() && (least == its.size() || woven.position() < get_be64(text(its[least]->key())))) {
      const Value value = seals == Seals::with ? woven.sealed_value() : woven.value();
      auto more = woven.last() < from ? Result<bool>(true) : visit(value);
      if (!more) return fail(more.error());
      if (!*more) return {};
      if (auto next = woven.next(); !next) return next;
      continue;
    }
    if (least == its.size()) return {};
    rocksdb::Iterator& it = *its[least];
    if (is_readings(least) && in_segment(text(it.key()))) {
      auto segment = take_segment(it);
      if (!segment) return fail(segment.error());
      if (auto begun = woven.begin(std::move(*segment), from, to, seals); !begun) return begun;
      continue;
    }
    auto value = parse(get_be64(text(it.key())), is_readings(least), text(it.value()));
    if (!value) return fail(value.error());
    auto more = visit(*value);
    if (!more) return fail(more.error());
    if (!*more) return {};
    it.Next();
  }
}

}  // namespace heliograph
