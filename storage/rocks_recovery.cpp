// How a log on disk finds out where it stands, and whether that can be true: heads, the ends of both chains, the
// watermark. Reads a bounded number of records, however long the log is.
#include <rocksdb/db.h>

#include <algorithm>

#include "events/codec.hpp"
#include "storage/rocks_log.hpp"

namespace heliograph {
namespace {

constexpr char heads_format = 1;
// Links of each chain that an opening recomputes: about what one start may replay, a few milliseconds of hashing.
constexpr int links_checked = 256;
constexpr std::size_t link_bytes_checked = 4u << 20;

std::string_view text(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

Digest digest_from(std::string_view bytes) {
  Digest d{};
  std::copy_n(bytes.begin(), d.size(), d.begin());
  return d;
}

std::string n(Position position) { return std::to_string(position); }

constexpr const char* what_now =
    " Nothing was changed: run \"heliograph verify\" for the whole picture, then restore a backup.";

Error damaged(const std::string& sentence) { return {Errc::corrupt, sentence + what_now, {}}; }

}  // namespace

std::string RocksLog::encode(const Heads& heads) {
  std::string out(1, heads_format);
  put_be64(out, heads.next);
  put_be64(out, static_cast<std::uint64_t>(heads.recorded_at));
  put_be64(out, heads.decision);
  out.append(bytes_of(heads.decisions_seal));
  put_be64(out, heads.reading);
  out.append(bytes_of(heads.readings_seal));
  return out;
}

Result<EventLog::Heads> RocksLog::stored_heads() const {
  auto value = get(Family::meta, "heads");
  if (!value) {
    if (value.error().code == Errc::not_found) return Heads{};  // nothing was ever committed
    return fail(value.error());
  }
  const std::string_view v = *value;
  if (v.size() != 1 + 8 * 4 + 32 * 2 || v[0] != heads_format) return fail(damaged("The heads of the log are damaged."));
  Heads heads;
  heads.next = get_be64(v.substr(1));
  heads.recorded_at = static_cast<Micros>(get_be64(v.substr(9)));
  heads.decision = get_be64(v.substr(17));
  heads.decisions_seal = digest_from(v.substr(25, 32));
  heads.reading = get_be64(v.substr(57));
  heads.readings_seal = digest_from(v.substr(65, 32));
  return heads;
}

Result<RocksLog::End> RocksLog::end_of(bool readings) const {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  std::unique_ptr<rocksdb::Iterator> it(
      rocks_.db().NewIterator(options, rocks_.family(readings ? Family::readings : Family::decisions)));
  it->SeekToLast();
  if (!it->status().ok()) return fail(rocks_error("read the end of the log", it->status()));
  if (!it->Valid()) return End{};
  const Position position = get_be64(text(it->key()));
  auto value = parse(position, readings, text(it->value()));
  if (!value) return fail(value.error());
  auto record = decode_record(value->payload, position, value->rows);
  if (!record) return fail(record.error());
  return End{position, record->last(), record->envelope.recorded_at, value->seal};
}

/// Recomputes the last seals of a chain from the stored bytes, backwards.
Status RocksLog::check_links(bool readings) const {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  std::unique_ptr<rocksdb::Iterator> it(
      rocks_.db().NewIterator(options, rocks_.family(readings ? Family::readings : Family::decisions)));
  it->SeekToLast();
  std::size_t bytes = 0;
  for (int link = 0; link < links_checked && bytes < link_bytes_checked && it->Valid(); ++link) {
    const Position position = get_be64(text(it->key()));
    const std::string stored = it->value().ToString();
    auto value = parse(position, readings, stored);
    if (!value) return fail(value.error());
    bytes += stored.size();
    it->Prev();
    if (!it->status().ok()) break;
    const bool beyond = it->Valid() && readings && in_segment(text(it->key()));  // the seals in a segment are verify's to recompute
    Digest before{};
    if (beyond) {
      auto sealed = seal_before(*it);
      if (!sealed) return fail(sealed.error());
      before = *sealed;
    } else if (it->Valid()) {
      auto previous = parse(get_be64(text(it->key())), readings, text(it->value()));
      if (!previous) return fail(previous.error());
      before = previous->seal;
    }
    if (seal_of(before, position, value->payload) != value->seal)
      return fail(damaged("The record at position " + n(position) +
                          " does not seal the one before it: something between them is missing or was changed."));
    if (beyond) return {};
  }
  if (!it->status().ok()) return fail(rocks_error("read the end of the log", it->status()));
  return {};
}

Status RocksLog::check_ends(const Heads& heads, const End& decisions, const End& readings) {
  const Position last = std::max(decisions.last, readings.last);
  if (last != heads.next - 1)
    return fail(damaged("The log ends at position " + n(last) + ", but its heads say " + n(heads.next - 1) + "."));
  if (heads.decision != decisions.start || heads.reading != readings.start ||
      heads.decisions_seal != decisions.seal || heads.readings_seal != readings.seal ||
      heads.recorded_at < std::max(decisions.recorded_at, readings.recorded_at))
    return fail(damaged("The heads of the log and its last records (" + n(decisions.start) + ", " + n(readings.start) +
                        ") disagree."));
  return {};
}

Status RocksLog::recover() {
  auto heads = stored_heads();
  if (!heads) return fail(heads.error());
  auto decisions = end_of(false);
  if (!decisions) return fail(decisions.error());
  auto readings = end_of(true);
  if (!readings) return fail(readings.error());
  if (auto agree = check_ends(*heads, *decisions, *readings); !agree) return agree;
  for (bool part : {false, true})
    if (auto linked = check_links(part); !linked) return linked;
  auto plan = stored_plan();
  if (!plan) return fail(plan.error());
  auto drops = stored_drops();
  if (!drops) return fail(drops.error());
  durable_heads_ = *heads;
  recovered(*heads, std::move(*plan), std::move(*drops));
  return {};
}

void RocksLog::recover_what_can_be(std::vector<Error>& damage) {
  auto note = [&](const auto& result) {
    if (!result) damage.push_back(result.error());
    return result.has_value();
  };
  auto heads = stored_heads();
  const bool has_heads = note(heads);
  auto decisions = end_of(false);
  const bool has_decisions = note(decisions);
  auto readings = end_of(true);
  const bool has_readings = note(readings);
  if (has_heads && has_decisions && has_readings) note(check_ends(*heads, *decisions, *readings));
  Heads best = has_heads ? *heads : Heads{};
  if (has_decisions) best.next = std::max(best.next, decisions->last + 1);
  if (has_readings) best.next = std::max(best.next, readings->last + 1);
  auto drops = stored_drops();
  note(drops);
  durable_heads_ = best;
  recovered(best, {}, drops ? std::move(*drops) : std::vector<Drop>());
}

Status RocksLog::seal_matches(const char* chain, Position position, const Digest& promised) const {
  if (position == 0) return {};
  auto seal = seal_at(position);
  if (seal && *seal == promised) return {};
  // An older mark may name a batch that is no longer kept.
  if (const auto gone = is_dropped(position); !seal && gone && *gone && std::string_view(chain) == "readings") return {};
  return fail(damaged(std::string("The watermark knows another record at position ") + n(position) + " of the " + chain +
                      ": the files are not from one and the same log."));
}

Status RocksLog::contains(const Mark& promised) const {
  if (durable() < promised.position)
    return fail(damaged("Positions " + n(durable() + 1) + " to " + n(promised.position) +
                        " are missing: the watermark says that they were durable, but the log ends before them."));
  if (auto same = seal_matches("decisions", promised.decision, promised.decisions_seal); !same) return same;
  return seal_matches("readings", promised.reading, promised.readings_seal);
}

}  // namespace heliograph
