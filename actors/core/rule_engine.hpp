// Watches readings and the clock for rules' triggers. It remembers per trigger and device: armed or fired
// (hysteresis), and since when a `for` has been running. It decides nothing: a Firing says that a trigger became
// true; the site asks conditions, cooldown and safety. Pure, deterministic, rebuilt from the log.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/core/rule.hpp"
#include "events/zone.hpp"
#include "projections/site_now.hpp"

namespace heliograph {

/// A trigger became true.
struct Firing {
  std::uint32_t rule = 0, trigger = 0;  // indices into RuleEngine::rules() and its triggers
  DeviceIndex device = 0;               // threshold triggers
  std::int64_t value = missing;
  Position reading = 0;  // what made it true; 0 for time triggers
  Micros at = 0;         // when it became true
  bool by_timer = false;
  bool missed = false;   // a time trigger whose moment passed long ago, while nobody was running
};

/// A saved rule and what it remembers.
struct RuleEntry {
  Rule rule;
  Version version = 0;
  Position saved_at = 0;   // position of the rule.saved event
  Micros since = 0;        // when it was saved: time triggers before that are nobody's
  Micros acted_at = 0;     // start of the cooldown; 0 = never acted
  std::vector<Micros> fired_at;  // per trigger: last firing of a time trigger
  bool removed = false;    // entries keep their index
};

class RuleEngine {
 public:
  /// Adds a rule or replaces it. A trigger that did not change keeps its memory, the others start armed.
  void save(Rule rule, Version version, Position position, Micros at);
  void remove(const RuleId& rule);
  void acted(const RuleId& rule, Micros at);
  /// A recorded firing (at = when the trigger became true).
  void fired(const RuleId& rule, std::string_view trigger, DeviceIndex device, Micros at);
  /// Safety refused what the firing asked for: the trigger asks again while it stays true, after 1, 2, 4 .. 60 minutes.
  void refused(const RuleId& rule, std::string_view trigger, DeviceIndex device, Micros at);
  /// The firing fell into the rule's cooldown: what safety had refused before is asked again when that is over.
  void cooling_down(const RuleId& rule, std::string_view trigger, DeviceIndex device);
  /// Automation may act again after a stop: every trigger that is true then fires on the next reading (H32).
  void start_fresh();

  /// True when some trigger watches the metric (fast reject for most columns).
  bool watches(Metric metric) const { return watched_[static_cast<std::size_t>(metric)]; }
  /// One new reading of a device.
  void observe(const SiteNow& now, DeviceIndex device, Metric metric, std::int64_t value, Micros at, Position position,
               std::vector<Firing>& out);
  /// `for` times and time triggers that are due at `at`.
  void advance(Micros at, const Zone& zone, std::vector<Firing>& out);
  /// When `advance` has something to do next; no moment when nothing runs.
  std::optional<Micros> next_due(Micros after, const Zone& zone) const;

  const std::vector<RuleEntry>& rules() const { return rules_; }
  const RuleEntry* find(const RuleId& rule) const;

  /// Memory of one threshold trigger on one device.
  struct Watch {
    std::uint32_t rule = 0, trigger = 0;
    DeviceIndex device = 0;
    Metric metric{};
    bool above = false, armed = true;
    std::int64_t threshold = 0, rearm = 0, value = missing;
    Micros hold_for = 0, since = 0;  // since 0 = `for` is not running
    Position reading = 0;            // that made it true, or started `for`
    Micros not_before = 0;           // after a refusal: when it may ask again
    std::uint32_t refusals = 0;      // in a row
    bool operator==(const Watch&) const = default;
  };
  const std::vector<Watch>& watch_memory() const { return watches_; }
  /// Puts back a watch's memory from a snapshot; ignored when the rule has changed since.
  void restore(const SiteNow& now, const Watch& memory);
  void restore_entry(const RuleId& rule, Micros acted_at, std::vector<Micros> fired_at);

  /// How often a trigger was held against a value or the time, since this engine was made. Not part of its state.
  std::uint64_t evaluations() const { return evaluations_; }

  static constexpr Micros late_limit = 15 * minute_us;  // a time trigger later than this is reported as missed

 private:
  std::vector<std::uint32_t>& watches_of(const SiteNow& now, DeviceIndex device, Metric metric);
  void carry_over(std::uint32_t rule, const RuleEntry& before, const RuleEntry& after);
  void rebuild();
  RuleEntry* entry(const RuleId& rule);
  Watch* watch(const RuleId& rule, std::string_view trigger, DeviceIndex device);

  std::vector<RuleEntry> rules_;
  std::vector<Watch> watches_;
  // [device][metric] -> indices into watches_; filled on the first reading of that device and metric.
  struct Slot {
    bool made = false;
    std::vector<std::uint32_t> watches;
  };
  std::vector<std::vector<Slot>> slots_;
  std::array<bool, metric_slots> watched_{};
  std::uint64_t evaluations_ = 0;
};

}  // namespace heliograph
