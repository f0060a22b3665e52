#include "storage/memory_store.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <mutex>

#include "storage/segment_head.hpp"
#include "storage/store.hpp"

namespace heliograph {
namespace {

// Readers copy this much under the lock and visit without it, so a visitor may call the log or the views again.
constexpr std::size_t chunk_max = 256;

}  // namespace

// ---- the log -------------------------------------------------------------------------------------------------

Status MemoryLog::write_group(const std::vector<Write>& group, const Heads&) {
  std::unique_lock lock(mutex_);
  for (const Write& w : group) {
    const Envelope& e = w.record->envelope;
    entries_.push_back(std::make_shared<const Entry>(Entry{w.record, {e.position, w.record->is_readings(), w.seal, w.payload, w.rows, {}, {}}}));
    versions_[w.stream_key] = e.version;
    if (!e.idempotency_key.empty())
      keys_[key_of_use(e.site.tenant, e.idempotency_key)] = {e.position, w.fingerprint};
  }
  return {};
}

Result<std::optional<KeyUse>> MemoryLog::stored_key(std::string_view use_key) const {
  std::shared_lock lock(mutex_);
  auto found = keys_.find(std::string(use_key));
  return found == keys_.end() ? std::optional<KeyUse>{} : std::optional<KeyUse>(found->second);
}

Result<Version> MemoryLog::stored_version(std::string_view stream_key) const {
  std::shared_lock lock(mutex_);
  auto found = versions_.find(std::string(stream_key));
  return found == versions_.end() ? Version{0} : found->second;
}

Status MemoryLog::write_segment(const Segment* segment, const Digest&, const std::vector<Range>&) {
  std::unique_lock lock(mutex_);
  if (segment != nullptr) segments_.insert_or_assign(segment->from, *segment);
  return {};
}

Status MemoryLog::write_drop(const std::vector<Hollow>& segments, const std::vector<Drop>&, std::span<const DropWith> fresh) {
  std::unique_lock lock(mutex_);
  for (const Hollow& each : segments) hollow(each);
  for (const DropWith& each : fresh) known_[each.drop.site] = each.known;
  return {};
}

Result<bool> MemoryLog::is_dropped(Position position) const {
  std::shared_lock lock(mutex_);
  const auto after = segments_.upper_bound(position);
  if (after == segments_.begin()) return false;
  const auto head = decode_head(std::prev(after)->second.head);
  if (!head) return fail(head.error());
  return head->has_dropped(position);
}

Result<std::string> MemoryLog::known_at_drop(const SiteKey& site) const {
  std::shared_lock lock(mutex_);
  const auto found = known_.find(site);
  if (found == known_.end()) return fail(Errc::not_found, "Nothing of this site was dropped.");
  return found->second;
}

void MemoryLog::hollow(const Hollow& hollow) {
  Segment& segment = segments_.at(hollow.from);
  segment.head = hollow.head;
  const auto head = decode_head(segment.head);
  ensure(head.has_value(), "the head was made a moment ago", "MemoryLog::hollow");
  for (const SiteKey& site : hollow.sites)
    std::erase_if(segment.blocks, [path = device_path(site, "")](const auto& device) { return device.first.starts_with(path); });
  std::erase_if(entries_, [&](const EntryPtr& entry) {
    if (!entry->stored.readings || entry->stored.position < segment.from || entry->stored.position >= segment.end) return false;
    return !entry->record || std::find(hollow.sites.begin(), hollow.sites.end(), entry->record->envelope.site) != hollow.sites.end();
  });
  for (const DroppedRun& run : head->dropped) {
    const auto place = std::partition_point(entries_.begin(), entries_.end(), [&run](const EntryPtr& entry) { return entry->stored.position < run.from; });
    entries_.insert(place, std::make_shared<const Entry>(Entry{nullptr, {run.from, true, run.seal, {}, {}, {}, run}}));
  }
  has_dropped_ = true;
}

Result<std::optional<std::string>> MemoryLog::segment_head(Position from) const {
  std::shared_lock lock(mutex_);
  const auto found = segments_.find(from);
  return found == segments_.end() ? std::optional<std::string>() : std::optional(found->second.head);
}

Result<std::vector<EventLog::Range>> MemoryLog::segment_blocks(std::span<const Range> ranges, const std::string& device,
                                                               std::vector<std::string>& out) const {
  std::shared_lock lock(mutex_);
  std::vector<Range> batched;
  for (const Range& range : ranges) {
    const auto segment = segments_.find(range.from);
    if (segment == segments_.end()) {
      batched.push_back(range);
    } else if (const auto blocks = segment->second.blocks.find(device); blocks != segment->second.blocks.end()) {
      out.insert(out.end(), blocks->second.begin(), blocks->second.end());
    }
  }
  return batched;
}

MemoryLog::EntryPtr MemoryLog::holding(Position position) const {
  auto after = std::upper_bound(entries_.begin(), entries_.end(), position, [](Position p, const EntryPtr& e) { return p < e->stored.position; });
  while (after != entries_.begin()) {
    const EntryPtr& entry = *--after;
    if (position <= entry->last()) return entry;
    if (!has_dropped_) break;
  }
  return nullptr;
}

Result<RecordPtr> MemoryLog::at(Position position) const {
  EntryPtr entry;
  {
    std::shared_lock lock(mutex_);
    entry = holding(position);
  }
  if (!entry) return fail(Errc::not_found, "There is no position " + std::to_string(position) + " in the log.");
  if (!entry->record) return fail(no_record_at(position));
  return entry->record;
}

Result<Digest> MemoryLog::seal_at(Position position) const {
  std::shared_lock lock(mutex_);
  const EntryPtr entry = holding(position);
  if (!entry || entry->stored.position != position || entry->stored.dropped)
    return fail(Errc::not_found, "No record starts at position " + std::to_string(position) + ".");
  return entry->stored.seal;
}

void MemoryLog::each(Position from, Position to, Part part, const std::function<bool(const Entry&)>& visit) const {
  std::vector<EntryPtr> chunk;
  Position passed = 0;  // where the last entry starts that was looked at
  for (bool more = from <= to; more;) {
    chunk.clear();
    {
      std::shared_lock lock(mutex_);
      const auto ahead = [&](const EntryPtr& e) { return e->stored.position > passed && (has_dropped_ || e->last() >= from); };
      auto next = std::partition_point(entries_.begin(), entries_.end(), [&](const EntryPtr& e) { return !ahead(e); });
      for (; next != entries_.end() && chunk.size() < chunk_max && (*next)->stored.position <= to; ++next) {
        passed = (*next)->stored.position;
        if ((*next)->last() >= from && (part == Part::all || (part == Part::readings) == (*next)->stored.readings)) chunk.push_back(*next);
      }
      more = chunk.size() == chunk_max;
    }
    for (const EntryPtr& entry : chunk)
      if (!visit(*entry)) return;
  }
}

Status MemoryLog::scan(Position from, Position to, Part part, const Visit& visit) const {
  each(from, std::min(to, durable()), part, [&](const Entry& e) { return !e.record || visit(e.record); });
  return {};
}

Status MemoryLog::scan_stored(Position from, Position to, Part part, const VisitStored& visit) const {
  each(from, std::min(to, durable()), part, [&](const Entry& e) { return visit(e.stored); });
  return {};
}

// ---- the views -----------------------------------------------------------------------------------------------

Status MemoryViews::save(std::string_view view, const ViewBatch& batch, Position checkpoint) {
  std::unique_lock lock(mutex_);
  View& v = views_[std::string(view)];
  for (const auto& [key, value] : batch.changes) {
    if (value) {
      v.entries.insert_or_assign(key, *value);
    } else {
      v.entries.erase(key);
    }
  }
  v.checkpoint = checkpoint;
  return {};
}

Result<Position> MemoryViews::checkpoint(std::string_view view) const {
  std::shared_lock lock(mutex_);
  auto v = views_.find(view);
  return v == views_.end() ? Position{0} : v->second.checkpoint;
}

Result<std::optional<std::string>> MemoryViews::get(std::string_view view, std::string_view key) const {
  std::shared_lock lock(mutex_);
  auto v = views_.find(view);
  if (v == views_.end()) return std::optional<std::string>{};
  auto entry = v->second.entries.find(key);
  return entry == v->second.entries.end() ? std::optional<std::string>{} : std::optional<std::string>(entry->second);
}

Status MemoryViews::scan(std::string_view view, std::string_view from, std::string_view to,
                         const Visit& visit) const {
  if (!to.empty() && from >= to) return {};
  std::vector<std::pair<std::string, std::string>> chunk;
  std::string start(from);
  for (std::size_t size = 1;; size = std::min(size * 2, chunk_max)) {
    chunk.clear();
    {
      std::shared_lock lock(mutex_);
      auto v = views_.find(view);
      if (v == views_.end()) return {};
      auto end = to.empty() ? v->second.entries.end() : v->second.entries.lower_bound(to);
      for (auto at = v->second.entries.lower_bound(start); at != end && chunk.size() < size; ++at) chunk.push_back(*at);
    }
    if (chunk.empty()) return {};
    for (const auto& [key, value] : chunk)
      if (!visit(key, value)) return {};
    start = chunk.back().first;
    start.push_back('\0');  // the next possible key
  }
}

Status MemoryViews::scan_back(std::string_view view, std::string_view from, std::string_view to,
                              const Visit& visit) const {
  std::vector<std::pair<std::string, std::string>> chunk;
  std::string end(to);
  for (std::size_t size = 1;; size = std::min(size * 2, chunk_max)) {
    chunk.clear();
    {
      std::shared_lock lock(mutex_);
      auto v = views_.find(view);
      if (v == views_.end()) return {};
      const auto& entries = v->second.entries;
      auto at = end.empty() ? entries.end() : entries.lower_bound(end);
      while (at != entries.begin() && chunk.size() < size && std::prev(at)->first >= from) chunk.push_back(*--at);
    }
    if (chunk.empty()) return {};
    for (const auto& [key, value] : chunk)
      if (!visit(key, value)) return {};
    end = chunk.back().first;
    if (end.empty()) return {};  // the empty key is the first of all
  }
}

std::unique_ptr<ViewStore> MemoryViews::snapshot() const {
  auto out = std::make_unique<MemoryViews>();
  const std::shared_lock lock(mutex_);
  out->views_ = views_;
  return out;
}

Status MemoryViews::wipe(std::string_view view) {
  std::unique_lock lock(mutex_);
  if (auto v = views_.find(view); v != views_.end()) views_.erase(v);
  return {};
}

// ---- the store -----------------------------------------------------------------------------------------------

namespace {

class MemoryStore : public Store {
 public:
  EventLog& log() override { return log_; }
  ViewStore& views() override { return views_; }
  bool was_clean() const override { return true; }
  std::uint64_t bytes() const override { return 0; }
  std::uint64_t free_bytes() const override { return std::numeric_limits<std::int64_t>::max(); }  // never full
  const std::vector<std::string>& notes() const override { return notes_; }
  std::optional<Mark> mark() const override { return std::nullopt; }
  Status check_files() const override { return {}; }

 private:
  MemoryLog log_;
  MemoryViews views_;
  std::vector<std::string> notes_;
};

}  // namespace

std::unique_ptr<Store> open_memory_store() { return std::make_unique<MemoryStore>(); }

}  // namespace heliograph
