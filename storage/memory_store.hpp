// The log and the views in memory, under the same contract as on disk. Tests build their faulty logs on it.
// Nothing here survives the process.
#pragma once

#include <deque>
#include <map>
#include <shared_mutex>

#include "storage/event_log.hpp"
#include "storage/view_store.hpp"

namespace heliograph {

class MemoryLog : public EventLog {
 public:
  Status scan(Position from, Position to, Part part, const Visit& visit) const override;
  Result<RecordPtr> at(Position position) const override;
  Result<Digest> seal_at(Position position) const override;
  Status scan_stored(Position from, Position to, Part part, const VisitStored& visit) const override;
  Result<bool> is_dropped(Position position) const override;
  Result<std::string> known_at_drop(const SiteKey& site) const override;

 protected:
  Status write_group(const std::vector<Write>& group, const Heads& after) override;
  Result<std::optional<KeyUse>> stored_key(std::string_view use_key) const override;
  Result<Version> stored_version(std::string_view stream_key) const override;
  Status write_segment(const Segment* segment, const Digest& last_seal, const std::vector<Range>& plan) override;
  Result<std::optional<std::string>> segment_head(Position from) const override;
  Status write_drop(const std::vector<Hollow>& segments, const std::vector<Drop>& drops, std::span<const DropWith> fresh) override;
  Result<std::vector<Range>> segment_blocks(std::span<const Range> ranges, const std::string& device,
                                            std::vector<std::string>& out) const override;

 private:
  struct Entry {
    RecordPtr record;  // nullptr: it was dropped
    Stored stored;
    Position last() const { return record ? record->last() : stored.dropped->end - 1; }
  };
  using EntryPtr = std::shared_ptr<const Entry>;
  EntryPtr holding(Position position) const;  // Requires: mutex_ held
  void hollow(const Hollow& hollow);          // Requires: mutex_ held
  void each(Position from, Position to, Part part, const std::function<bool(const Entry&)>& visit) const;

  mutable std::shared_mutex mutex_;
  std::deque<EntryPtr> entries_;  // guarded by mutex_; in order of where they start; an entry never changes
  std::map<SiteKey, std::string> known_;  // guarded by mutex_: where a site's dropped readings end
  bool has_dropped_ = false;      // guarded by mutex_: from then on an entry may reach over those that follow
  std::unordered_map<std::string, KeyUse> keys_;       // guarded by mutex_
  std::unordered_map<std::string, Version> versions_;  // guarded by mutex_
  std::map<Position, Segment> segments_;               // guarded by mutex_; beside the entries, which stay
};

class MemoryViews : public ViewStore {
 public:
  Status save(std::string_view view, const ViewBatch& batch, Position checkpoint) override;
  Result<Position> checkpoint(std::string_view view) const override;
  Result<std::optional<std::string>> get(std::string_view view, std::string_view key) const override;
  Status scan(std::string_view view, std::string_view from, std::string_view to, const Visit& visit) const override;
  Status scan_back(std::string_view view, std::string_view from, std::string_view to,
                   const Visit& visit) const override;
  Status wipe(std::string_view view) override;
  std::unique_ptr<ViewStore> snapshot() const override;

 private:
  struct View {
    std::map<std::string, std::string, std::less<>> entries;
    Position checkpoint = 0;
  };
  mutable std::shared_mutex mutex_;
  std::map<std::string, View, std::less<>> views_;  // guarded by mutex_
};

}  // namespace heliograph
