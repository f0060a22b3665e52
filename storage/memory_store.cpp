#include "storage/memory_store.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <mutex>

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
    entries_.push_back({w.record, {e.position, w.record->is_readings(), w.seal, w.payload, w.rows, {}}});
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

Result<bool> MemoryLog::has_segment(Position from) const {
  std::shared_lock lock(mutex_);
  return segments_.contains(from);
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

const MemoryLog::Entry* MemoryLog::holding(Position position) const {
  auto after = std::upper_bound(entries_.begin(), entries_.end(), position,
                                [](Position p, const Entry& e) { return p < e.stored.position; });
  if (after == entries_.begin()) return nullptr;
  const Entry& entry = *std::prev(after);
  return position <= entry.record->last() ? &entry : nullptr;
}

Result<RecordPtr> MemoryLog::at(Position position) const {
  std::shared_lock lock(mutex_);
  const Entry* entry = holding(position);
  if (!entry) return fail(Errc::not_found, "There is no position " + std::to_string(position) + " in the log.");
  return entry->record;
}

Result<Digest> MemoryLog::seal_at(Position position) const {
  std::shared_lock lock(mutex_);
  const Entry* entry = holding(position);
  if (!entry || entry->stored.position != position)
    return fail(Errc::not_found, "No record starts at position " + std::to_string(position) + ".");
  return entry->stored.seal;
}

void MemoryLog::each(Position from, Position to, Part part, const std::function<bool(const Entry&)>& visit) const {
  if (from > to) return;
  std::vector<const Entry*> chunk;
  std::size_t next = 0;
  {
    std::shared_lock lock(mutex_);
    auto first = std::partition_point(entries_.begin(), entries_.end(),
                                      [from](const Entry& e) { return e.record->last() < from; });
    next = static_cast<std::size_t>(first - entries_.begin());
  }
  for (bool more = true; more;) {
    chunk.clear();
    {
      std::shared_lock lock(mutex_);
      for (; next < entries_.size() && chunk.size() < chunk_max && entries_[next].stored.position <= to; ++next)
        if (part == Part::all || (part == Part::readings) == entries_[next].stored.readings)
          chunk.push_back(&entries_[next]);
    }
    for (const Entry* entry : chunk)
      if (!visit(*entry)) return;
    more = !chunk.empty();
  }
}

Status MemoryLog::scan(Position from, Position to, Part part, const Visit& visit) const {
  each(from, std::min(to, durable()), part, [&](const Entry& e) { return visit(e.record); });
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
