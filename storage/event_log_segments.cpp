// What the log does with segments, whatever it is kept in: readings are condensed into them, a device's are read from them, and
// those that are no longer kept are dropped from them.
#include <algorithm>
#include <utility>

#include "storage/event_log.hpp"
#include "storage/segment_head.hpp"

namespace heliograph {
namespace {

// Positions whose replaced batches are worth rewriting a table for.
constexpr std::uint64_t reclaimed_at_once = 1'000'000;

tl::unexpected<Error> cannot_drop(Position at, const char* why) {
  return fail(Errc::corrupt, "The readings at position " + std::to_string(at) + " cannot be dropped (" + why +
                                 "): nothing was changed. Run \"heliograph verify\" for the whole picture.");
}

}  // namespace

// ---- condensing ----------------------------------------------------------------------------------------------

Status EventLog::plan(std::vector<Range> ranges) {
  if (ranges.empty()) return {};
  const std::lock_guard lock(plan_mutex_);
  std::vector<Range> plan = plan_;
  for (const Range& range : ranges)  // a rebuild finds the same ones again
    if (std::find(plan.begin(), plan.end(), range) == plan.end()) plan.push_back(range);
  if (auto written = write_segment(nullptr, {}, plan); !written) return written;
  plan_ = std::move(plan);
  return {};
}

/// The newest batch stays as it is: the next seal is made from it.
bool EventLog::may_be_condensed(const Range& range) const { return range.end <= last_batch_.load(std::memory_order_acquire); }

std::size_t EventLog::planned() const {
  const std::lock_guard lock(plan_mutex_);
  return static_cast<std::size_t>(std::count_if(plan_.begin(), plan_.end(), [this](const Range& range) { return may_be_condensed(range); }));
}

Status EventLog::condense_next() {
  const std::lock_guard one_at_a_time(condense_mutex_);
  Range range{};
  {
    const std::lock_guard lock(plan_mutex_);
    const auto next = std::find_if(plan_.begin(), plan_.end(), [this](const Range& each) { return may_be_condensed(each); });
    if (next == plan_.end()) return {};
    range = *next;
  }
  Digest last_seal{};
  const auto segment = condensed(range, last_seal);
  if (!segment) return fail(segment.error());
  {
    const std::lock_guard lock(plan_mutex_);
    std::vector<Range> left = plan_;
    std::erase(left, range);
    if (auto written = write_segment(*segment ? &**segment : nullptr, last_seal, left); !written) return written;
    plan_ = left;
  }
  replaced_ = {replaced_.end == range.from ? replaced_.from : range.from, range.end};
  reclaim_from(reclaimed_at_once);
  return {};
}

/// Reclaims when as many positions have been condensed.
void EventLog::reclaim_from(std::uint64_t positions) {
  if (replaced_.end - replaced_.from < positions || replaced_.end == 0) return;
  reclaim(replaced_);
  replaced_ = {0, 0};
}

Status EventLog::condense_all() {
  while (planned() > 0)
    if (auto done = condense_next(); !done) return done;
  const std::lock_guard one_at_a_time(condense_mutex_);
  reclaim_from(0);
  return {};
}

/// The segment that the range should be; nothing where it is to stay as it is.
Result<std::optional<Segment>> EventLog::condensed(const Range& range, Digest& last_seal) const {
  const auto there = segment_head(range.from);
  if (!there) return fail(there.error());
  if (*there) return std::optional<Segment>();
  SegmentMaker maker(range.from, range.end);
  bool older = false, empty = true;
  for (std::size_t pass = 0; pass < maker.passes() && !older; ++pass) {
    Status status;
    auto scanned = scan_stored(range.from, range.end - 1, Part::readings, [&](const Stored& stored) {
      auto record = stored.record();
      if (!record) return status = fail(record.error()), false;
      ensure(stored.position >= range.from && (*record)->last() < range.end, "no batch reaches over the border of a segment", "EventLog::condense_next");
      if (pass == 0) status = stored.check(**record);
      older = (*record)->envelope.schema != readings_schema;
      empty = false;
      last_seal = stored.seal;
      if (status && !older) maker.take(**record);
      return status && !older;
    });
    if (!scanned || !status) return fail(scanned ? status.error() : scanned.error());
    if (auto done = maker.end_of_pass(); !done) return fail(done.error());
  }
  if (older || empty) return std::optional<Segment>();
  auto segment = maker.finish();
  if (!segment) return fail(segment.error());
  return std::optional(std::move(*segment));
}

Result<std::vector<std::string>> EventLog::device_blocks(std::span<const Range> ranges, const std::string& device) const {
  std::vector<std::string> blocks;
  auto batched = segment_blocks(ranges, device, blocks);
  if (!batched) return fail(batched.error());
  for (const Range& range : *batched) {
    std::vector<RecordPtr> batches;
    auto scanned = scan(range.from, range.end - 1, Part::readings, [&](const RecordPtr& record) { return batches.push_back(record), true; });
    if (!scanned) return fail(scanned.error());
    auto fresh = blocks_of_device(batches, device);
    if (!fresh) return fail(fresh.error());
    blocks.insert(blocks.end(), std::make_move_iterator(fresh->begin()), std::make_move_iterator(fresh->end()));
  }
  return blocks;
}

Result<std::optional<Position>> EventLog::segment_end(Position from) const {
  const auto head = segment_head(from);
  if (!head) return fail(head.error());
  if (!*head) return std::optional<Position>();
  const auto end = end_of_segment(**head);
  if (!end) return fail(end.error());
  return std::optional(*end);
}

// ---- dropping ------------------------------------------------------------------------------------------------

std::vector<EventLog::Drop> EventLog::drops() const {
  const std::lock_guard lock(plan_mutex_);
  return drops_;
}

std::optional<EventLog::Drop> EventLog::dropped(const SiteKey& site) const {
  const std::lock_guard lock(plan_mutex_);
  const auto found = std::find_if(drops_.begin(), drops_.end(), [&site](const Drop& drop) { return drop.site == site; });
  return found == drops_.end() ? std::nullopt : std::optional(*found);
}

Result<Position> EventLog::older_than(Position from, Micros moment, std::size_t at_most) const {
  for (; at_most > 0; --at_most) {
    const auto bytes = segment_head(from);
    if (!bytes) return fail(bytes.error());
    if (!*bytes) return from;
    const auto head = decode_head(**bytes);
    if (!head) return fail(head.error());
    if (!head->batches.empty() && head->batches.back().envelope.recorded_at >= moment) return from;
    from = head->end;
  }
  return from;
}

/// The segment without the readings of these sites; nothing where it has none of them.
Result<std::optional<EventLog::Hollow>> EventLog::hollowed(const Range& range, std::vector<SiteKey> sites) const {
  HeadMaker maker(range.from);
  std::vector<DroppedRun> runs;
  bool goes_on = false, any = false;  // the last run; there is something to drop
  std::optional<Digest> before;
  Status status;
  const auto join = [&runs, &goes_on](const DroppedRun& run) {
    if (!std::exchange(goes_on, true)) return runs.push_back(run);
    DroppedRun& last = runs.back();
    last.end = run.end, last.batches += run.batches, last.rows += run.rows, last.seal = run.seal;
    for (const SiteKey& site : run.sites)
      if (const auto place = std::lower_bound(last.sites.begin(), last.sites.end(), site); place == last.sites.end() || *place != site) last.sites.insert(place, site);
  };
  auto scanned = scan_stored(range.from, range.end - 1, Part::readings, [&](const Stored& stored) {
    // What goes can be checked no more: the last time is now.
    if (!stored.dropped && before && seal_of(*before, stored.position, stored.payload) != stored.seal)
      return status = cannot_drop(stored.position, "the chain of seals does not hold there"), false;
    const Digest in_front = std::exchange(before, stored.seal).value_or(Digest{});
    if (stored.dropped) return join(*stored.dropped), true;
    auto record = stored.record();
    if (!record) return status = fail(record.error()), false;
    if (std::find(sites.begin(), sites.end(), (*record)->envelope.site) == sites.end()) {
      maker.add(**record);
      return goes_on = false, true;
    }
    any = true;
    join({stored.position, (*record)->last() + 1, 1, (*record)->span(), in_front, stored.seal, {(*record)->envelope.site}});
    return true;
  });
  if (!scanned || !status) return fail(scanned ? status.error() : scanned.error());
  if (!any) return std::optional<Hollow>();
  auto head = maker.finish(range.end, runs);
  if (!head) return fail(head.error());
  return std::optional(Hollow{range.from, std::move(*head), std::move(sites)});
}

Status EventLog::drop(std::span<const DropWith> wanted) {
  const std::lock_guard one_at_a_time(drop_mutex_);
  std::vector<DropWith> fresh;
  std::vector<Range> ranges;  // what is left to do of each
  for (const DropWith& each : wanted) {
    const auto earlier = dropped(each.drop.site);
    const Range range{earlier ? earlier->before : each.drop.from, each.drop.before};
    if (range.from >= range.end) continue;
    fresh.push_back(each);
    ranges.push_back(range);
  }
  if (fresh.empty()) return {};
  Range all = ranges.front();
  for (const Range& range : ranges) all = {std::min(all.from, range.from), std::max(all.end, range.end)};

  // Every segment is read once, whoever's readings go.
  std::vector<Hollow> hollows;
  for (Position from = all.from; from < all.end;) {
    const auto end = segment_end(from);
    if (!end) return fail(end.error());
    if (!*end || **end > all.end) return cannot_drop(from, "they lie in no segment that ends where it should");
    std::vector<SiteKey> sites;
    for (std::size_t i = 0; i < fresh.size(); ++i)
      if (ranges[i].from <= from && **end <= ranges[i].end) sites.push_back(fresh[i].drop.site);
    if (!sites.empty()) {
      auto hollow = hollowed({from, **end}, std::move(sites));
      if (!hollow) return fail(hollow.error());
      if (*hollow) hollows.push_back(std::move(**hollow));
    }
    from = **end;
  }
  std::vector<Drop> carried_out = drops();
  for (const auto& [drop, known] : fresh) {
    std::erase_if(carried_out, [&drop = drop](const Drop& each) { return each.site == drop.site; });
    carried_out.push_back(drop);
  }
  if (auto written = write_drop(hollows, carried_out, fresh); !written) return written;
  {
    const std::lock_guard lock(plan_mutex_);
    drops_ = std::move(carried_out);
  }
  reclaim(all);
  return {};
}

Error EventLog::no_record_at(Position position) const {
  const auto gone = is_dropped(position);
  if (!gone) return gone.error();
  if (*gone) return {Errc::not_found, "The reading at position " + std::to_string(position) + " is no longer kept: readings are dropped after the tenant's retention_days.", {}};
  return {Errc::corrupt, "Position " + std::to_string(position) + " is missing from the log: run \"heliograph verify\" to see what else is, and restore a backup.", {}};
}

}  // namespace heliograph
