#include "projections/retention.hpp"

#include <algorithm>
#include <map>

#include "events/columns.hpp"
#include "projections/known_at_drop.hpp"
#include "projections/projector.hpp"
#include "projections/series_until.hpp"
#include "storage/store.hpp"

namespace heliograph {
namespace {

// What one fact takes at most: it is one record, and it holds the hours of what it drops.
constexpr std::size_t segments_at_most = 64, hours_bytes_at_most = 8u << 20;

/// What the views know of some sites at the border of a segment, folded on from where each site's readings were dropped last.
class Known {
 public:
  explicit Known(const EventLog& log) : log_(log), store_(open_memory_store()), series_(make_series(store_->views(), log)), now_(log) {}

  /// Requires: all end at one border.
  Status fold(std::span<const EventLog::Drop> drops) {
    if (auto done = series_->load(store_->views()); !done) return done;
    if (auto done = now_.load(store_->views()); !done) return done;
    const Position before = drops.front().before;
    Position from = before;
    std::map<SiteKey, Position> begins;
    for (const EventLog::Drop& drop : drops) {
      const auto last = log_.dropped(drop.site);
      begins[drop.site] = last ? last->before : 1;
      from = std::min(from, last ? last->before : drop.from);
    }
    const auto take = [&](const RecordPtr& record) {
      const auto begin = begins.find(record->envelope.site);
      if (begin == begins.end() || record->envelope.position < begin->second) return true;
      series_->apply(*record);
      now_.apply(*record);
      return true;
    };
    // No reading of theirs lies in front of `from`.
    if (auto done = log_.scan(1, from - 1, Part::decisions, take); !done) return done;
    series_->begin_at(from);
    if (auto done = log_.scan(from, before - 1, Part::all, take); !done) return done;
    series_->pass(before);
    ViewBatch series, now;
    series_->save(series);
    now_.save(now);
    if (auto saved = store_->views().save(series_->name(), series, before - 1); !saved) return saved;
    return store_->views().save(now_.name(), now, before - 1);
  }

  /// For known_at_drop.
  Result<std::string> of(const SiteKey& site) const {
    std::string out;
    const std::string path = site.tenant.text + "/" + site.site.text;
    const std::pair<std::string_view, std::string> stretches[] = {{series_->name(), "d" + path + "/"}, {series_->name(), "w" + path + '\0'}, {now_.name(), path + "/"}};
    for (const auto& [view, prefix] : stretches) {
      auto done = store_->views().scan(view, prefix, prefix_end(prefix), [&, view = view](std::string_view key, std::string_view value) {
        return put_known(view, key, value, out), true;
      });
      if (!done) return fail(done.error());
    }
    return compress(out, 3);
  }

 private:
  const EventLog& log_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<SeriesProjection> series_;
  SiteNowView now_;
};

/// How many readings each site has in a stretch of the log; many sites ask of the same one.
class Counts {
 public:
  explicit Counts(const EventLog& log) : log_(log) {}
  Result<std::uint64_t> of(const SiteKey& site, const EventLog::Range& range) {
    auto [found, added] = counts_.try_emplace({range.from, range.end});
    std::map<SiteKey, std::uint64_t>& counts = found->second;
    if (added) {
      auto done = log_.scan(range.from, range.end - 1, Part::readings, [&counts](const RecordPtr& record) { return counts[record->envelope.site] += record->span(), true; });
      if (!done) return fail(done.error());
    }
    return counts[site];
  }

 private:
  const EventLog& log_;
  std::map<std::pair<Position, Position>, std::map<SiteKey, std::uint64_t>> counts_;
};

/// What a site's next fact says of readings from `from` on that were recorded before `moment`.
Result<ReadingsDropped> fact_of(const EventLog& log, const SeriesProjection& series, const SiteKey& site, Position from, Micros moment) {
  for (std::size_t segments = segments_at_most;; segments /= 2) {
    const auto before = log.older_than(from, moment, segments);
    if (!before) return fail(before.error());
    auto hours = series.hours_before(site, *before);
    if (!hours) return fail(hours.error());
    std::size_t bytes = 0;
    for (const KeptHours& kept : *hours) bytes += kept.hours.size();
    if (bytes <= hours_bytes_at_most || segments == 1) return ReadingsDropped{from, *before, 0, 0, std::move(*hours)};
  }
}

}  // namespace

Result<std::vector<DropPlan>> plan_drops(const EventLog& log, ViewStore& views, const std::function<std::int32_t(const TenantId&)>& kept_days, Micros now) {
  const auto made = series_until(views, log, log.durable());
  if (!made) return fail(made.error());
  const SeriesProjection& series = **made;
  Counts counts(log);
  std::vector<DropPlan> plans;
  for (const SiteKey& site : series.sites()) {
    if (series.is_dropping(site)) continue;
    const auto from = series.first_kept(site);
    if (!from) return fail(from.error());
    if (!*from) continue;
    const std::int32_t days = kept_days(site.tenant);
    const Micros moment = now - days * day_us;
    const auto overdue = log.older_than(**from, moment - day_us, 1);
    if (!overdue) return fail(overdue.error());
    if (*overdue == **from) continue;
    auto fact = fact_of(log, series, site, **from, moment);
    if (!fact) return fail(fact.error());
    const auto readings = counts.of(site, {fact->from, fact->before});
    if (!readings) return fail(readings.error());
    fact->kept_days = days;
    fact->readings = *readings;
    plans.push_back({site, std::move(*fact)});
  }
  return plans;
}

namespace {

/// Of one border.
Status carry_out(EventLog& log, std::span<const EventLog::Drop> drops) {
  Known known(log);
  if (auto done = known.fold(drops); !done) return done;
  std::vector<EventLog::DropWith> with;
  for (const EventLog::Drop& drop : drops) {
    auto state = known.of(drop.site);
    if (!state) return fail(state.error());
    with.push_back({drop, std::move(*state)});
  }
  return log.drop(with);
}

}  // namespace

Status drop_folded(EventLog& log, const ViewStore& views, Micros now) {
  Position folded = log.durable();
  for (const std::string& view : Views::names()) {
    const auto checkpoint = views.checkpoint(view);
    if (!checkpoint) return fail(checkpoint.error());
    folded = std::min(folded, *checkpoint);
  }
  const auto drops = drops_of_series(views);
  if (!drops) return fail(drops.error());
  std::map<Position, std::vector<EventLog::Drop>> due;
  for (const EventLog::Drop& drop : *drops) {
    const auto earlier = log.dropped(drop.site);
    if (drop.event > folded || (earlier && earlier->before >= drop.before)) continue;
    const auto fact = log.at(drop.event);
    if (!fact) return fail(fact.error());
    if ((*fact)->envelope.recorded_at <= now) due[drop.before].push_back(drop);
  }
  Status first;
  for (const auto& [before, here] : due)
    if (auto done = carry_out(log, here); !done && first) first = done;
  return first;
}

}  // namespace heliograph
