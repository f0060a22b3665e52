#include "projections/projector.hpp"

#include <algorithm>
#include <future>
#include <map>
#include <thread>
#include <utility>

#include "events/digest.hpp"
#include "storage/store.hpp"

namespace heliograph {
namespace {

constexpr std::uint64_t save_every = 500'000;        // positions between saves while catching up
constexpr std::uint64_t stretch_positions = 65'536;  // that are read before they are folded

/// First difference of one view in both stores, or nothing.
Result<std::optional<std::string>> first_difference(const ViewStore& stored, const ViewStore& fresh, const std::string& view) {
  // Walks both in step; memory stays at one page of the fresh view.
  std::optional<std::string> difference;
  std::uint64_t seen = 0, expected = 0;
  auto done = fresh.scan(view, "", "", [&](std::string_view, std::string_view) { return ++expected, true; });
  if (!done) return fail(done.error());
  Status inner;
  done = stored.scan(view, "", "", [&](std::string_view key, std::string_view value) {
    ++seen;
    auto other = fresh.get(view, key);
    if (!other) inner = fail(other.error());
    else if (!*other) difference = "holds a key that the log does not give: " + hex(key.substr(0, 48));
    else if (**other != value) difference = "differs from the log at key " + hex(key.substr(0, 48));
    return inner.has_value() && !difference;
  });
  if (!done) return fail(done.error());
  if (!inner) return fail(inner.error());
  if (!difference && seen != expected)
    difference = "lacks " + std::to_string(expected - seen) + " of " + std::to_string(expected) + " entries that the log gives";
  return difference;
}

}  // namespace

Views::Views(ViewStore& view_store, const EventLog& event_log) : site_now(event_log), series(make_series(view_store, event_log)), store(view_store), log(event_log) {}

std::vector<Projection*> Views::all() { return {&site_now, series.get(), &audit, &pending, &alerts, &devices, &rules}; }

std::vector<std::string> Views::names() { return {"site_now", "series", "audit", "pending_actions", "alerts", "devices", "rules"}; }

Status Views::load() {
  checkpoints_.clear();
  for (Projection* projection : all()) {
    auto checkpoint = store.checkpoint(projection->name());
    if (!checkpoint) return fail(checkpoint.error());
    if (auto done = projection->load(store); !done) return done;
    checkpoints_.push_back(*checkpoint);
  }
  applied_ = *std::min_element(checkpoints_.begin(), checkpoints_.end());
  return {};
}

void Views::apply(std::span<const RecordPtr> records, unsigned threads) {
  if (records.empty()) return;
  const auto projections = all();
  for (std::size_t i = 0; i < projections.size(); ++i) {
    const auto fresh = std::find_if(records.begin(), records.end(), [&](const RecordPtr& r) { return r->envelope.position > checkpoints_[i]; });
    projections[i]->apply_all({fresh, records.end()}, threads);
  }
  const Position before = std::exchange(applied_, records.back()->last());
  unsaved_ += applied_ - before;
}

Status Views::save() {
  if (unsaved_ == 0) return {};
  // Before the view says that it is past them: what is cut short between is planned again after a start.
  auto closed = series->take_closed();
  if (planning_)
    if (auto planned = planning_->plan(std::move(closed)); !planned) return planned;
  // From batches every device would read them all. What cannot be condensed is read so: slower, and no reason not to save.
  if (planning_ && series->reads_back()) static_cast<void>(planning_->condense_all().has_value());
  const auto projections = all();
  for (std::size_t i = 0; i < projections.size(); ++i) {
    const Position reached = projections[i]->settled(std::max(applied_, checkpoints_[i]));
    ViewBatch batch;
    projections[i]->save(batch);
    if (batch.empty() && reached == checkpoints_[i]) continue;
    if (auto done = store.save(projections[i]->name(), batch, reached); !done) return done;
    checkpoints_[i] = reached;
  }
  unsaved_ = 0;
  return {};
}

Status Views::catch_up(Position to, const Progress& progress, unsigned threads) {
  const Position from = applied_ + 1;
  if (from > to) return {};
  // One stretch is folded while the next is read.
  std::vector<RecordPtr> reading, folding;
  std::future<Status> folded;
  const auto fold_folding = [&] {
    apply(folding, threads);
    return unsaved_ >= save_every ? save() : Status{};
  };
  const auto next_stretch = [&] {
    Status status = folded.valid() ? folded.get() : Status{};
    if (!status) return status;
    if (progress) progress(applied_ + 1 - from, to + 1 - from);
    folding = std::exchange(reading, {});
    folded = std::async(threads > 1 ? std::launch::async : std::launch::deferred, fold_folding);
    return status;
  };
  Status status;
  auto done = log.scan(from, to, Part::all, [&](const RecordPtr& record) {
    if (record->last() < from) return true;
    reading.push_back(record);
    if (record->last() - reading.front()->envelope.position >= stretch_positions) status = next_stretch();
    return status.has_value();
  });
  if (status) status = next_stretch();  // what was read last
  if (status) status = folded.get();
  else if (folded.valid()) folded.wait();
  if (!done) return done;
  if (progress && status) progress(applied_ + 1 - from, to + 1 - from);
  return status ? save() : status;
}

Status rebuild(ViewStore& store, EventLog& log, std::string_view view, const Progress& progress) {
  const auto names = Views::names();
  if (!view.empty() && std::find(names.begin(), names.end(), view) == names.end()) {
    std::string known;
    for (const auto& each : names) known += (known.empty() ? "" : ", ") + each;
    return fail(Errc::invalid, "There is no projection \"" + std::string(view) + "\": use one of " + known + ".");
  }
  for (const auto& each : names)
    if (view.empty() || view == each)
      if (auto done = store.wipe(each); !done) return done;
  Views views(store, log);
  views.plans(log);
  if (auto done = views.load(); !done) return done;
  if (auto done = views.catch_up(log.durable(), progress, std::thread::hardware_concurrency()); !done) return done;
  return log.condense_all();
}

Result<std::vector<std::string>> compare_views(ViewStore& store, const EventLog& log, const Progress& progress) {
  // After a kill the stored views may lag behind the log: each is compared with the log as far as it has come.
  std::map<Position, std::vector<std::string>> by_checkpoint;
  for (const auto& view : Views::names()) {
    auto checkpoint = store.checkpoint(view);
    if (!checkpoint) return fail(checkpoint.error());
    by_checkpoint[*checkpoint].push_back(view);
  }
  const auto memory = open_memory_store();
  Views fresh(memory->views(), log);
  if (auto loaded = fresh.load(); !loaded) return fail(loaded.error());
  std::vector<std::string> out;
  for (const auto& [checkpoint, views] : by_checkpoint) {
    if (checkpoint > log.durable()) {
      out.push_back("The view " + views.front() + " stands at position " + std::to_string(checkpoint) + ", beyond the log's end at " +
                    std::to_string(log.durable()) + ": the log has lost its tail; restore a backup.");
      continue;
    }
    if (auto folded = fresh.catch_up(checkpoint, progress, std::thread::hardware_concurrency()); !folded) return fail(folded.error());
    for (const std::string& view : views) {
      auto difference = first_difference(store, memory->views(), view);
      if (!difference) return fail(difference.error());
      if (*difference) out.push_back("The view " + view + " " + **difference + ": run `heliograph rebuild --projection " + view + "`.");
    }
  }
  return out;
}

}  // namespace heliograph
