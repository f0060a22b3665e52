#include "sim/dry_run_fast.hpp"

#include <algorithm>

namespace heliograph {
namespace {

std::size_t slot(Metric metric) { return static_cast<std::size_t>(metric); }

bool measures(const DryRunScene& scene, const DeviceId& device, Metric metric) {
  const auto metrics = scene.input.series->metrics(scene.input.site, device);
  return std::find(metrics.begin(), metrics.end(), metric) != metrics.end();
}
bool recorded(const DryRunScene& scene, const DeviceId& device) {
  return !scene.input.series->metrics(scene.input.site, device).empty();
}

/// True when safety can ask for more of the record than states of charge, which are looked up when a trigger fires.
bool safety_asks_more(const DryRunScene& scene) {
  const Site& site = scene.site;
  const DayWindow& solar = site.wishes().solar_hours;
  const bool grid = site.settings().grid_import_w_max > 0 || site.wishes().grid_import_w_max > 0 || site.limits().grid_import_w_max > 0 ||
                    (solar.from_minute != solar.to_minute && scene.owners[slot(Metric::grid_w)] > 0);
  return grid || scene.owners[slot(Metric::battery_w)] > 0;  // the latter for the forecast, and for a sensor that hangs
}

bool rule_runs_fast(const DryRunScene& scene, const Rule& rule) {
  for (const Trigger& trigger : rule.triggers)
    if (!trigger.threshold || trigger.threshold->hold_for > 0) return false;
  for (const RuleAction& action : rule.actions) {
    if (action.kind != RuleAction::Kind::command) continue;
    if (!is_switch(action.action)) return false;
    // A device that shows its switch in the record must be followed reading by reading; so must another one than the
    // trigger's that shows anything, because safety asks when it was heard last.
    if (action.device == "trigger" ? scene.owners[slot(Metric::switch_on)] > 0 : recorded(scene, DeviceId{action.device}))
      return false;
  }
  return true;
}

bool beyond(bool above, std::int64_t threshold, std::int64_t value) {
  return above ? value > threshold : value < threshold;
}
bool rearms(bool above, std::int64_t rearm, std::int64_t value) { return above ? value <= rearm : value >= rearm; }

}  // namespace

bool can_run_fast(const DryRunScene& scene) {
  if (scene.input.path == DryRunPath::ordinary || scene.rules != DryRunScene::Rules::candidates) return false;
  if (scene.battery || safety_asks_more(scene)) return false;
  if (!scene.past.during.empty() || !scene.past.sent.empty()) return false;
  const MetricSet looked_at = metrics_of(scene.trying);
  for (const Metric simulated : {Metric::load_w, Metric::grid_w, Metric::grid_import_w, Metric::grid_export_w,
                                 Metric::power_w, Metric::switch_on})
    if (has(looked_at, simulated)) return false;
  return std::all_of(scene.trying.begin(), scene.trying.end(),
                     [&](const Rule& rule) { return !rule.enabled || rule_runs_fast(scene, rule); });
}

Result<StepsOutcome> DryRunFast::run() {
  if (auto done = open(); !done) return fail(done.error());
  make_watchers();
  make_lookups();
  if (auto done = start(); !done) return fail(done.error());
  for (std::size_t i = 0; i < watchers_.size(); ++i)
    if (auto done = seek(i); !done) return fail(done.error());
  std::uint64_t fed = 0;
  std::vector<std::size_t> moved;
  while (!queue_.empty()) {
    const Micros t = queue_.top().at;
    if (auto done = answer_until(t); !done) return fail(done.error());
    scene_.journal.set_time(t);
    moved.clear();
    firing_.clear();
    for (; !queue_.empty() && queue_.top().at == t; queue_.pop()) {
      const Watcher& w = watchers_[queue_.top().watcher];
      const std::uint32_t device = series_[w.series].device;
      moved.push_back(queue_.top().watcher);
      scene_.site.observe(scene_.index_of[device], w.metric, w.value, t, queue_.top().position);
      if (std::find(firing_.begin(), firing_.end(), device) == firing_.end()) firing_.push_back(device);
    }
    if (scene_.site.has_reactions())
      if (auto done = fire(t); !done) return fail(done.error());
    for (const std::size_t i : moved) {
      ++watchers_[i].next.row;
      if (auto done = seek(i); !done) return fail(done.error());
    }
    if (++fed % 4096 == 0 && scene_.input.progress &&
        !scene_.input.progress(
            {static_cast<double>(t - scene_.input.from) / static_cast<double>(scene_.input.to - scene_.input.from), t,
             outcome_.readings}))
      return fail(Errc::closed, "The dry run was cancelled.");
  }
  if (auto done = answer_until(scene_.input.to - 1); !done) return fail(done.error());
  if (auto done = book(); !done) return fail(done.error());
  return outcome_;
}

Status DryRunFast::open() {
  const DryRunInput& in = scene_.input;
  for (std::uint32_t i = 0; i < scene_.recorded_devices; ++i) {
    const auto metrics = in.series->metrics(in.site, scene_.devices[i]);
    if (std::none_of(metrics.begin(), metrics.end(), [&](Metric m) { return has(scene_.needed, m); })) continue;
    // Older blocks are for what still stands when the period begins.
    auto blocks = in.series->blocks(in.site, scene_.devices[i], in.from - scene_.warm_up, in.to, {});
    if (!blocks) return fail(blocks.error());
    series_.push_back({i, std::move(*blocks)});
  }
  return count_rows();
}

Status DryRunFast::count_rows() {
  const Micros from = scene_.input.from, to = scene_.input.to;
  for (const Series& series : series_)
    for (const auto& block : series.blocks) {
      if (block->first_at() >= from && block->last_at() < to) {
        outcome_.readings += block->size();
      } else if (block->last_at() >= from && block->first_at() < to) {
        auto at = block->at();
        if (!at) return fail(at.error());
        outcome_.readings += static_cast<std::uint64_t>(std::lower_bound(at->begin(), at->end(), to) -
                                                        std::lower_bound(at->begin(), at->end(), from));
      }
    }
  return {};
}

void DryRunFast::make_watchers() {
  const auto& rules = scene_.site.rules().rules();
  for (std::uint32_t s = 0; s < series_.size(); ++s) {
    const DeviceId& device = scene_.devices[series_[s].device];
    for (std::uint32_t r = 0; r < rules.size(); ++r)
      for (std::uint32_t t = 0; rules[r].rule.enabled && t < rules[r].rule.triggers.size(); ++t) {
        const ThresholdTrigger& trigger = *rules[r].rule.triggers[t].threshold;
        if ((trigger.device == "*" || trigger.device == device.text) && measures(scene_, device, trigger.metric))
          watchers_.push_back(
              {r, t, s, trigger.metric, trigger.above, trigger.threshold, trigger.rearm, std::nullopt, {}, missing});
      }
  }
}

void DryRunFast::make_lookups() {
  MetricSet wanted = metrics_of(scene_.trying);  // conditions; triggers are fed when they matter, and asked for by none
  add(wanted, Metric::soc_permille);
  for (std::uint32_t s = 0; s < series_.size(); ++s) {
    const DeviceId& device = scene_.devices[series_[s].device];
    const DeviceState* known = scene_.site.device(device);
    const bool node = known && known->about.kind == DeviceKind::node;
    for (const Metric metric : scene_.input.series->metrics(scene_.input.site, device))
      if (has(wanted, metric)) lookups_.push_back({s, metric, node && metric == Metric::soc_permille});
  }
  // A condition may ask for any device's value; only the floor's question is limited to a node's own battery.
  MetricSet asked;
  const auto add_conditions = [&](const auto& self, const std::vector<Condition>& conditions) -> void {
    for (const Condition& c : conditions) {
      if (c.kind == Condition::Kind::metric) add(asked, c.metric);
      self(self, c.of);
    }
  };
  for (const Rule& rule : scene_.trying) add_conditions(add_conditions, rule.conditions);
  bool fixed_target = false;
  for (const Rule& rule : scene_.trying)
    for (const RuleAction& action : rule.actions)
      fixed_target |= action.kind == RuleAction::Kind::command && action.device != "trigger";
  for (Lookup& lookup : lookups_)
    if (fixed_target || has(asked, lookup.metric)) lookup.only_own = false;
}

Status DryRunFast::start() {
  const Micros from = scene_.input.from;
  // What was read shortly before the period still stands when it begins; no rule may act on it.
  if (scene_.warm_up > 0)
    for (Lookup& lookup : lookups_)
      if (auto done = fold_newest(lookup, from - 1); !done) return done;
  settle(from);
  for (std::size_t i = 0; i < scene_.played.size(); ++i) {
    const PlayedDevice& device = scene_.played[i];
    if (!device.start) continue;
    switches_.push_back({from, i, *device.start});
    outcome_.first_difference = from;
    scene_.site.observe(scene_.index_of[device.device], Metric::switch_on, *device.start ? 1 : 0, from,
                        scene_.journal.take_position());
    scene_.site.now().assume_alive(scene_.index_of[device.device]);
  }
  return {};
}

Status DryRunFast::seek(std::size_t index) {
  Watcher& w = watchers_[index];
  auto& blocks = series_[w.series].blocks;
  if (!w.memory) {
    const auto& memory = scene_.site.rules().watch_memory();
    const DeviceIndex device = scene_.index_of[series_[w.series].device];
    for (std::size_t i = 0; i < memory.size() && !w.memory; ++i)
      if (memory[i].rule == w.rule && memory[i].trigger == w.trigger && memory[i].device == device) w.memory = i;
  }
  for (; w.next.block < blocks.size(); ++w.next.block, w.next.row = 0) {
    SeriesBlock& block = *blocks[w.next.block];
    if (block.last_at() < scene_.input.from || !block.has(w.metric)) continue;
    if (block.first_at() >= scene_.input.to) return {};
    const bool edge = block.first_at() < scene_.input.from || block.last_at() >= scene_.input.to;
    auto found = seek_in(w, block, edge);
    if (!found) return fail(found.error());
    if (!*found) continue;
    auto at = block.at();
    if (!at) return fail(at.error());
    auto positions = block.positions();
    if (!positions) return fail(positions.error());
    queue_.push({(*at)[w.next.row], (*positions)[w.next.row], w.metric, index});
    return {};
  }
  return {};
}

Result<bool> DryRunFast::seek_in(Watcher& w, SeriesBlock& block, bool edge) {
  bool armed = true;
  Micros not_before = 0;
  bool refused = false;
  if (w.memory) {
    const RuleEngine::Watch& memory = scene_.site.rules().watch_memory()[*w.memory];
    armed = memory.armed;
    not_before = memory.not_before;
    refused = memory.refusals > 0 || memory.not_before > 0;
  }
  const std::int64_t min = block.min(w.metric), max = block.max(w.metric);
  const bool may_fire = armed && beyond(w.above, w.threshold, w.above ? max : min);
  const bool may_rearm = (!armed || refused) && rearms(w.above, w.rearm, w.above ? min : max);
  if (!may_fire && !may_rearm) return false;
  auto values = block.values(w.metric);
  if (!values) return fail(values.error());
  std::size_t end = values->size();
  std::span<const Micros> at;
  if (edge || not_before > 0) {
    auto decoded = block.at();
    if (!decoded) return fail(decoded.error());
    at = *decoded;
    w.next.row = std::max(
        w.next.row, static_cast<std::size_t>(std::lower_bound(at.begin(), at.end(), scene_.input.from) - at.begin()));
    end = static_cast<std::size_t>(std::lower_bound(at.begin(), at.end(), scene_.input.to) - at.begin());
  }
  for (std::size_t row = w.next.row; row < end; ++row) {
    const std::int64_t value = (*values)[row];
    const bool fires = may_fire && beyond(w.above, w.threshold, value) && (not_before == 0 || at[row] >= not_before);
    if (!fires && !(may_rearm && rearms(w.above, w.rearm, value))) continue;
    if (value == missing) continue;  // compares like any number, and is none
    w.next.row = row;
    w.value = value;
    return true;
  }
  return false;
}

Status DryRunFast::fire(Micros t) {
  if (auto done = look_up(t); !done) return done;
  while (scene_.site.has_reactions()) {
    if (auto done = scene_.site.react(t, scene_.journal); !done) return done;
    settle(t);
  }
  return {};
}

Status DryRunFast::look_up(Micros t) {
  const auto fires = [&](std::uint32_t device) {
    return std::find(firing_.begin(), firing_.end(), device) != firing_.end();
  };
  for (Lookup& lookup : lookups_) {
    if (lookup.only_own && !fires(series_[lookup.series].device)) continue;
    if (auto done = fold_newest(lookup, t); !done) return done;
  }
  return {};
}

// The newest value that is not after `t`, as the ordinary way would know it.
Status DryRunFast::fold_newest(Lookup& lookup, Micros t) {
  Series& series = series_[lookup.series];
  std::size_t& block = lookup.passed.block;
  while (block + 1 < series.blocks.size() && series.blocks[block + 1]->first_at() <= t) ++block;
  for (std::size_t b = std::min(block + 1, series.blocks.size()); b-- > 0;) {
    SeriesBlock& candidate = *series.blocks[b];
    if (candidate.first_at() > t || !candidate.has(lookup.metric)) continue;
    auto at = candidate.at();
    if (!at) return fail(at.error());
    auto positions = candidate.positions();
    if (!positions) return fail(positions.error());
    auto values = candidate.values(lookup.metric);
    if (!values) return fail(values.error());
    auto row = static_cast<std::size_t>(std::upper_bound(at->begin(), at->end(), t) - at->begin());
    while (row-- > 0) {
      if ((*values)[row] == missing) continue;
      scene_.site.now().fold(scene_.index_of[series.device], lookup.metric, (*values)[row], (*at)[row],
                             (*positions)[row]);
      return {};
    }
  }
  return {};
}

Status DryRunFast::answer_until(Micros t) {
  while (!answers_.empty() && answers_.front().at <= t) {
    const Switch answer = answers_.front();
    answers_.pop_front();
    scene_.journal.set_time(answer.at);
    scene_.site.observe(scene_.index_of[scene_.played[answer.played].device], Metric::switch_on, answer.on ? 1 : 0,
                        answer.at, scene_.journal.take_position());
    if (auto done = scene_.site.react(answer.at, scene_.journal); !done) return done;
    settle(answer.at);
  }
  return {};
}

void DryRunFast::settle(Micros t) {
  const auto& records = scene_.journal.records();
  for (; seen_records_ < records.size(); ++seen_records_) {
    const RecordPtr record = records[seen_records_];  // what follows may append
    if (const auto* question = std::get_if<ApprovalRequested>(&record->event())) scene_.suppose_yes(*question, t);
    const auto* command = std::get_if<CommandDispatched>(&record->event());
    if (!command) continue;
    const auto device = std::find_if(scene_.played.begin(), scene_.played.end(),
                                     [&](const auto& p) { return p.id == command->device; });
    if (device == scene_.played.end()) continue;
    const Switch change{t, static_cast<std::size_t>(device - scene_.played.begin()),
                        command->action == Action::switch_on};
    if (!outcome_.first_difference) outcome_.first_difference = t;
    switches_.push_back(change);
    scene_.site.now().assume_alive(scene_.index_of[device->device]);
    scene_.accept(*command, t);
    scene_.site.observe(scene_.index_of[device->device], Metric::switch_on, change.on ? 1 : 0, t,
                        scene_.journal.take_position());
    answers_.push_back({t + 1, change.played, change.on});
  }
}

// Nothing that was decided depends on the books, so they are kept afterwards, and only where there is something to
// book.
Status DryRunFast::book() {
  World& world = scene_.world;
  const DryRunInput& in = scene_.input;
  if (!world.knows_demand()) {
    for (const Switch& change : switches_) world.play(scene_.played[change.played].in_world, change.on);
    return {};
  }
  MetricSet booked;
  for (const auto& about : all_metrics())
    if (World::role_of(about.metric)) add(booked, about.metric);
  auto timeline = Timeline::open(*in.series, in.site, std::span(scene_.devices).first(scene_.recorded_devices), booked,
                                 in.from - scene_.warm_up, in.to);
  if (!timeline) return fail(timeline.error());
  Timeline::Row row;
  std::size_t next = 0;
  const auto switch_until = [&](Micros t) {
    for (; next < switches_.size() && switches_[next].at <= t; ++next) {
      world.advance(switches_[next].at);
      world.play(scene_.played[switches_[next].played].in_world, switches_[next].on);
    }
  };
  while (timeline->next(row)) {
    if (row.at >= in.from) {
      // Switched after the readings of the same moment: they book the time before it.
      switch_until(row.at - 1);
      world.advance(row.at);
    }
    for (const auto& cell : row.cells) world.take(row.device, cell.metric, cell.value, row.at);
  }
  if (!timeline->status()) return fail(timeline->status().error());
  switch_until(in.to);
  world.advance(in.to);
  return {};
}

}  // namespace heliograph
