#include "actors/core/rule_engine.hpp"

#include <algorithm>
#include <tuple>

namespace heliograph {
namespace {

bool beyond(const RuleEngine::Watch& w, std::int64_t value) {
  return w.above ? value > w.threshold : value < w.threshold;
}
bool rearms(const RuleEngine::Watch& w, std::int64_t value) { return w.above ? value <= w.rearm : value >= w.rearm; }

Firing fire(RuleEngine::Watch& w, Micros at, bool by_timer) {
  Firing firing{w.rule, w.trigger, w.device, w.value, w.reading, at, by_timer, false};
  w.armed = false;
  w.since = 0;
  return firing;
}

// First moment after `after` at which the trigger's local time comes; spring's missing time means the first moment
// after the gap, autumn's repeated time the first of the two (H36).
std::optional<Micros> next_time(const TimeTrigger& trigger, Micros after, const Zone& zone) {
  Micros day = zone.day_start(after);
  for (int i = 0; i < 9; ++i) {  // a week and a day: some weekday must match
    const Civil civil = zone.local(day);
    const Micros local = from_civil(civil.year, civil.month, civil.day) + trigger.minute_of_day * minute_us;
    const Micros at = zone.first_moment(local);
    if ((trigger.weekdays >> (civil.weekday - 1) & 1) != 0 && at > after) return at;
    day = zone.next_day_start(day);
  }
  return std::nullopt;
}

}  // namespace

RuleEntry* RuleEngine::entry(const RuleId& rule) {
  const auto found = std::find_if(rules_.begin(), rules_.end(), [&](const RuleEntry& e) { return e.rule.id == rule; });
  return found == rules_.end() ? nullptr : &*found;
}

const RuleEntry* RuleEngine::find(const RuleId& rule) const {
  const auto found = std::find_if(rules_.begin(), rules_.end(), [&](const RuleEntry& e) { return e.rule.id == rule; });
  return found == rules_.end() || found->removed ? nullptr : &*found;
}

void RuleEngine::save(Rule rule, Version version, Position position, Micros at) {
  RuleEntry fresh{std::move(rule), version, position, at, 0, {}, false};
  fresh.fired_at.assign(fresh.rule.triggers.size(), at);
  if (RuleEntry* known = entry(fresh.rule.id)) {
    fresh.acted_at = known->acted_at;  // editing a rule is no way round its cooldown
    carry_over(static_cast<std::uint32_t>(known - rules_.data()), *known, fresh);
    *known = std::move(fresh);
  } else {
    rules_.push_back(std::move(fresh));
  }
  rebuild();
}

// A trigger that did not change keeps its memory wherever it stands now; what the others remembered is dropped.
void RuleEngine::carry_over(std::uint32_t rule, const RuleEntry& before, const RuleEntry& after) {
  std::erase_if(watches_, [&](Watch& w) {
    if (w.rule != rule) return false;
    const auto& triggers = after.rule.triggers;
    const auto same = std::find(triggers.begin(), triggers.end(), before.rule.triggers[w.trigger]);
    if (same == triggers.end()) return true;
    w.trigger = static_cast<std::uint32_t>(same - triggers.begin());
    return false;
  });
}

void RuleEngine::remove(const RuleId& rule) {
  if (RuleEntry* known = entry(rule)) known->removed = true;
  rebuild();
}

void RuleEngine::acted(const RuleId& rule, Micros at) {
  if (RuleEntry* known = entry(rule)) known->acted_at = at;
}

// Keeps the memory of every rule that still watches; `save` has dropped what an edit made void.
void RuleEngine::rebuild() {
  std::vector<Watch> kept = std::move(watches_);
  watches_.clear();
  slots_.clear();
  watched_.fill(false);
  for (const RuleEntry& e : rules_) {
    if (e.removed || !e.rule.enabled) continue;
    for (const Trigger& t : e.rule.triggers)
      if (t.threshold) watched_[static_cast<std::size_t>(t.threshold->metric)] = true;
  }
  for (const Watch& w : kept) {
    const RuleEntry& e = rules_[w.rule];
    // Slots are made again on the next reading; the memory waits in watches_ and is found by watches_of.
    if (!e.removed && e.rule.enabled) watches_.push_back(w);
  }
}

std::vector<std::uint32_t>& RuleEngine::watches_of(const SiteNow& now, DeviceIndex device, Metric metric) {
  if (slots_.size() <= device) slots_.resize(device + 1);
  auto& row = slots_[device];
  if (row.empty()) row.resize(metric_slots);
  Slot& slot = row[static_cast<std::size_t>(metric)];
  if (slot.made) return slot.watches;
  slot.made = true;
  const std::string& name = now.devices()[device].id.text;
  for (std::uint32_t r = 0; r < rules_.size(); ++r) {
    const RuleEntry& e = rules_[r];
    if (e.removed || !e.rule.enabled) continue;
    for (std::uint32_t t = 0; t < e.rule.triggers.size(); ++t) {
      const auto& threshold = e.rule.triggers[t].threshold;
      if (!threshold || threshold->metric != metric || (threshold->device != "*" && threshold->device != name)) continue;
      const auto known = std::find_if(watches_.begin(), watches_.end(), [&](const Watch& w) {
        return w.rule == r && w.trigger == t && w.device == device;
      });
      if (known != watches_.end()) {
        slot.watches.push_back(static_cast<std::uint32_t>(known - watches_.begin()));
        continue;
      }
      slot.watches.push_back(static_cast<std::uint32_t>(watches_.size()));
      Watch w;
      w.rule = r;
      w.trigger = t;
      w.device = device;
      w.metric = metric;
      w.above = threshold->above;
      w.threshold = threshold->threshold;
      w.rearm = threshold->rearm;
      w.hold_for = threshold->hold_for;
      watches_.push_back(w);
    }
  }
  return slot.watches;
}

void RuleEngine::observe(const SiteNow& now, DeviceIndex device, Metric metric, std::int64_t value, Micros at,
                         Position position, std::vector<Firing>& out) {
  if (!watches(metric) || value == missing) return;
  for (const std::uint32_t index : watches_of(now, device, metric)) {
    Watch& w = watches_[index];
    ++evaluations_;
    if (rearms(w, value)) w.armed = true, w.not_before = 0, w.refusals = 0;
    if (!w.armed || !beyond(w, value) || at < w.not_before) {
      w.since = 0;
      continue;
    }
    w.value = value;
    w.reading = position;
    if (w.since == 0) w.since = at;
    if (at - w.since >= w.hold_for) out.push_back(fire(w, at, false));
  }
}

void RuleEngine::advance(Micros at, const Zone& zone, std::vector<Firing>& out) {
  for (Watch& w : watches_)
    if (w.armed && w.since != 0 && at >= w.since + w.hold_for) out.push_back(fire(w, w.since + w.hold_for, true));
  for (std::uint32_t r = 0; r < rules_.size(); ++r) {
    RuleEntry& e = rules_[r];
    if (e.removed || !e.rule.enabled) continue;
    for (std::uint32_t t = 0; t < e.rule.triggers.size(); ++t) {
      if (!e.rule.triggers[t].time) continue;
      ++evaluations_;
      while (const auto due = next_time(*e.rule.triggers[t].time, e.fired_at[t], zone)) {
        if (*due > at) break;
        e.fired_at[t] = *due;
        out.push_back({r, t, 0, missing, 0, *due, true, at - *due > late_limit});
      }
    }
  }
  // Named in full: the order must not depend on which device was heard first since the last start.
  std::sort(out.begin(), out.end(), [](const Firing& a, const Firing& b) {
    return std::tie(a.at, a.rule, a.trigger, a.device) < std::tie(b.at, b.rule, b.trigger, b.device);
  });
}

std::optional<Micros> RuleEngine::next_due(Micros after, const Zone& zone) const {
  std::optional<Micros> due;
  const auto consider = [&](Micros at) { due = due ? std::min(*due, at) : at; };
  for (const Watch& w : watches_)
    if (w.armed && w.since != 0) consider(std::max(after, w.since + w.hold_for));
  for (const RuleEntry& e : rules_) {
    if (e.removed || !e.rule.enabled) continue;
    for (std::size_t t = 0; t < e.rule.triggers.size(); ++t)
      if (e.rule.triggers[t].time)
        if (const auto next = next_time(*e.rule.triggers[t].time, e.fired_at[t], zone)) consider(*next);
  }
  return due;
}

RuleEngine::Watch* RuleEngine::watch(const RuleId& rule, std::string_view trigger, DeviceIndex device) {
  const RuleEntry* e = entry(rule);
  if (e == nullptr) return nullptr;
  const auto index = static_cast<std::uint32_t>(e - rules_.data());
  for (Watch& w : watches_)
    if (w.rule == index && w.device == device && w.trigger < e->rule.triggers.size() && e->rule.triggers[w.trigger].id == trigger)
      return &w;
  return nullptr;
}

void RuleEngine::fired(const RuleId& rule, std::string_view trigger, DeviceIndex device, Micros at) {
  if (Watch* w = watch(rule, trigger, device)) w->armed = false, w->since = 0;
  RuleEntry* e = entry(rule);
  if (e == nullptr) return;
  for (std::uint32_t t = 0; t < e->rule.triggers.size(); ++t)
    if (e->rule.triggers[t].time && e->rule.triggers[t].id == trigger) e->fired_at[t] = std::max(e->fired_at[t], at);
}

void RuleEngine::refused(const RuleId& rule, std::string_view trigger, DeviceIndex device, Micros at) {
  Watch* w = watch(rule, trigger, device);
  // One that has seen nothing since it was edited did not fire: what came to nothing was asked for by its former self.
  if (w == nullptr || w->value == missing) return;
  w->armed = true;
  if (w->not_before > at) return;  // another action of the same firing was refused, too
  w->not_before = at + std::min<Micros>(hour_us, minute_us << std::min<std::uint32_t>(w->refusals, 6));
  ++w->refusals;
}

void RuleEngine::cooling_down(const RuleId& rule, std::string_view trigger, DeviceIndex device) {
  Watch* w = watch(rule, trigger, device);
  if (w == nullptr || w->refusals == 0) return;
  const RuleEntry& e = rules_[w->rule];
  w->armed = true;
  w->not_before = e.acted_at + e.rule.cooldown;
}

void RuleEngine::start_fresh() {
  for (Watch& w : watches_) w.armed = true, w.since = 0, w.not_before = 0, w.refusals = 0;
}

void RuleEngine::restore(const SiteNow& now, const Watch& memory) {
  if (memory.device >= now.devices().size() || memory.rule >= rules_.size()) return;
  for (const std::uint32_t index : watches_of(now, memory.device, memory.metric)) {
    Watch& w = watches_[index];
    if (w.rule != memory.rule || w.trigger != memory.trigger) continue;
    w.armed = memory.armed;
    w.not_before = memory.not_before;
    w.refusals = memory.refusals;
    w.since = memory.since;
    w.reading = memory.reading;
    w.value = memory.value;
  }
}

void RuleEngine::restore_entry(const RuleId& rule, Micros acted_at, std::vector<Micros> fired_at) {
  RuleEntry* e = entry(rule);
  if (e == nullptr) return;
  e->acted_at = acted_at;
  if (fired_at.size() == e->fired_at.size()) e->fired_at = std::move(fired_at);
}

}  // namespace heliograph
