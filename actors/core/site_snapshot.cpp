// A site's state as bytes: so that a start needs the tail of the log only. Disposable: any change of the layout gets
// a new number in front, and an old snapshot is then ignored and the log folded from the start.
#include <algorithm>
#include <tuple>

#include "actors/core/planted.hpp"
#include "actors/core/site.hpp"
#include "events/columns.hpp"

namespace heliograph {
namespace {

constexpr std::uint64_t layout = 9;

class Writer {
 public:
  void number(std::int64_t value) {
    put_varint(zigzag(value), out_);
  }
  void count(std::uint64_t value) { put_varint(value, out_); }
  void flag(bool value) { put_varint(value ? 1 : 0, out_); }
  void text(std::string_view value) { put_text(value, out_); }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

/// Reads back; after the first damaged field everything is zero and `good` stays false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t count() {
    auto value = take_varint(bytes_);
    if (!value) good_ = false;
    return good_ ? *value : 0;
  }
  std::int64_t number() {
    return unzigzag(count());
  }
  bool flag() { return count() == 1; }
  std::string text() {
    auto value = take_text(bytes_);
    if (!value) good_ = false;
    return good_ ? std::string(*value) : std::string();
  }
  /// A length that the rest of the bytes can still hold.
  std::size_t length() {
    const std::uint64_t n = count();
    if (n > bytes_.size()) good_ = false;
    return good_ ? static_cast<std::size_t>(n) : 0;
  }
  bool good() const { return good_; }
  bool done() const { return good_ && bytes_.empty(); }

 private:
  std::string_view bytes_;
  bool good_ = true;
};

void write(Writer& w, const Principal& p) {
  w.count(static_cast<std::uint64_t>(p.kind));
  w.text(p.name);
}
Principal read_principal(Reader& r) {
  Principal p;
  p.kind = static_cast<PrincipalKind>(r.count() % 7);
  p.name = r.text();
  return p;
}

/// An optional number or truth.
template <class T>
void write(Writer& w, const std::optional<T>& value) {
  w.flag(value.has_value()), w.number(static_cast<std::int64_t>(value.value_or(T{})));
}
template <class T>
std::optional<T> read_optional(Reader& r) {
  const bool known = r.flag();
  const auto value = static_cast<T>(r.number());
  return known ? std::optional<T>(value) : std::nullopt;
}

void write(Writer& w, const std::optional<std::string>& word) {
  w.flag(word.has_value());
  if (word) w.text(*word);
}
std::optional<std::string> read_word(Reader& r) { return r.flag() ? std::optional(r.text()) : std::nullopt; }

void write(Writer& w, const std::optional<Firer>& firer) {
  w.flag(firer.has_value());
  if (firer) w.text(firer->rule.text), w.text(firer->trigger), w.count(firer->device);
}
std::optional<Firer> read_firer(Reader& r) {
  if (!r.flag()) return std::nullopt;
  Firer firer;
  firer.rule.text = r.text(), firer.trigger = r.text(), firer.device = static_cast<DeviceIndex>(r.count());
  return firer;
}

void write(Writer& w, const Proposal& p) {
  w.text(p.device.text), w.count(static_cast<std::uint64_t>(p.action)), w.number(p.power_w), write(w, p.principal);
  w.count(static_cast<std::uint64_t>(p.purpose)), w.text(p.about.text), w.text(p.mode);
}
Proposal read_proposal(Reader& r) {
  Proposal p;
  p.device.text = r.text(), p.action = static_cast<Action>(r.count() % 4), p.power_w = r.number(), p.principal = read_principal(r);
  p.purpose = static_cast<Purpose>(r.count() % 3), p.about.text = r.text(), p.mode = r.text();
  return p;
}

void write(Writer& w, const CommandState& c) {
  w.text(c.command.text), write(w, c.proposal), w.count(c.dispatched), w.text(c.correlation);
  w.number(c.dispatched_at), w.number(c.expires_at), w.number(c.verify_by), w.count(c.retry), write(w, c.accepted_at), w.number(c.next_try);
  write(w, c.on_before), write(w, c.power_before), write(w, c.mode_before), w.flag(c.changed_by_hand), write(w, c.firer);
}
CommandState read_command(Reader& r) {
  CommandState c;
  c.command.text = r.text(), c.proposal = read_proposal(r), c.dispatched = r.count(), c.correlation = r.text();
  c.dispatched_at = r.number(), c.expires_at = r.number(), c.verify_by = r.number(), c.retry = static_cast<std::uint32_t>(r.count());
  c.accepted_at = read_optional<Micros>(r), c.next_try = r.number();
  c.on_before = read_optional<bool>(r), c.power_before = read_optional<std::int64_t>(r), c.mode_before = read_word(r), c.changed_by_hand = r.flag(), c.firer = read_firer(r);
  return c;
}

void write(Writer& w, const PendingCommand& p) {
  w.text(p.command.text), write(w, p.proposal), w.count(p.requested), w.text(p.correlation);
  w.count(p.what ? 1 + static_cast<std::uint64_t>(*p.what) : 0), w.number(p.until), w.number(p.not_before), w.flag(p.approved), w.text(bytes_of(p.shown));
  for (const std::uint8_t wrong : p.wrong_codes) w.count(wrong);
  write(w, p.firer);
}
PendingCommand read_pending(Reader& r) {
  PendingCommand p;
  p.command.text = r.text(), p.proposal = read_proposal(r), p.requested = r.count(), p.correlation = r.text();
  if (const auto what = r.count() % 5; what != 0) p.what = static_cast<Waiting>(what - 1);
  p.until = r.number(), p.not_before = r.number(), p.approved = r.flag() && !planted(Plant::approval_not_restored);
  if (const std::string shown = r.text(); shown.size() == p.shown.size()) std::copy(shown.begin(), shown.end(), p.shown.begin());
  for (std::uint8_t& wrong : p.wrong_codes) wrong = static_cast<std::uint8_t>(r.count());
  p.firer = read_firer(r);
  return p;
}

void write(Writer& w, const PreferencesSet& p) {
  w.number(p.min_soc_permille), w.number(p.target_soc_permille), w.number(p.pause_below_permille), w.number(p.resume_above_permille);
  w.number(p.grid_import_w_max);
  for (const DayWindow& each : {p.solar_hours, p.rest_hours, p.quiet_hours}) w.number(each.from_minute), w.number(each.to_minute);
  w.flag(p.auto_pause), w.count(static_cast<std::uint64_t>(p.confirmation)), w.text(p.mail), w.text(p.sms), w.flag(p.critical_only);
}
PreferencesSet read_preferences(Reader& r) {
  PreferencesSet p;
  const auto small = [&r] { return static_cast<std::int32_t>(r.number()); };
  p.min_soc_permille = small(), p.target_soc_permille = small(), p.pause_below_permille = small(), p.resume_above_permille = small();
  p.grid_import_w_max = r.number();
  for (DayWindow* each : {&p.solar_hours, &p.rest_hours, &p.quiet_hours}) each->from_minute = small(), each->to_minute = small();
  p.auto_pause = r.flag(), p.confirmation = static_cast<Confirmation>(r.count() % 3), p.mail = r.text(), p.sms = r.text(), p.critical_only = r.flag();
  return p;
}

void write(Writer& w, const DeviceState& d) {
  const DeviceRegistered& a = d.about;
  w.text(a.device.text), w.count(static_cast<std::uint64_t>(a.kind)), w.text(a.name);
  w.flag(a.can_switch), w.flag(a.can_set_power), w.number(a.nominal_w);
  w.number(a.min_on), w.number(a.min_off), w.number(a.hold), w.number(a.freshness), w.count(static_cast<std::uint64_t>(a.safe_state));
  w.number(a.lease), w.number(a.settle), w.flag(a.needs_approval), w.number(a.capacity_wh), w.text(a.hardware), w.text(a.environment);
  w.count(a.modes.size());
  for (const DeviceMode& each : a.modes) w.text(each.mode), w.number(each.draw_w);
  w.flag(d.registered), w.number(d.may_arrive_until), write(w, d.on), write(w, d.power_w), write(w, d.mode), w.number(d.changed_at), w.number(d.manual_until), w.number(d.soc_moved_at), w.count(d.soc_repeats);
  w.number(d.reserved_w), w.number(d.reserved_since), w.count(d.switched.size());
  for (const Micros at : d.switched) w.number(at);
  w.count(d.by_rules.size());
  for (const RuleSwitch& each : d.by_rules) w.text(each.rule.text), w.flag(each.on), w.number(each.at), w.count(each.dispatched);
  w.number(d.failed_at), w.count(d.failed), w.number(d.refused_at), w.count(d.refused), w.text(d.refused_by);
  w.flag(d.lease.has_value());
  if (const auto& l = d.lease) {
    w.text(l->command.text), write(w, l->proposal), w.count(l->cause), w.number(l->until), w.number(l->renew_at);
  }
  w.flag(d.in_flight.has_value());
  if (d.in_flight) write(w, *d.in_flight);
}

DeviceState read_device(Reader& r) {
  DeviceState d;
  DeviceRegistered& a = d.about;
  a.device.text = r.text(), a.kind = static_cast<DeviceKind>(r.count() % 6), a.name = r.text();
  a.can_switch = r.flag(), a.can_set_power = r.flag(), a.nominal_w = r.number();
  a.min_on = r.number(), a.min_off = r.number(), a.hold = r.number(), a.freshness = r.number(), a.safe_state = static_cast<SafeState>(r.count() % 3);
  a.lease = r.number(), a.settle = r.number(), a.needs_approval = r.flag(), a.capacity_wh = r.number(), a.hardware = r.text(), a.environment = r.text();
  for (std::size_t n = r.length(); n > 0 && r.good(); --n) {
    DeviceMode& each = a.modes.emplace_back();
    each.mode = r.text(), each.draw_w = r.number();
  }
  d.registered = r.flag(), d.may_arrive_until = r.number();
  d.on = read_optional<bool>(r), d.power_w = read_optional<std::int64_t>(r), d.mode = read_word(r);
  d.changed_at = r.number(), d.manual_until = r.number() * (planted(Plant::hold_not_restored) ? 0 : 1), d.soc_moved_at = r.number(), d.soc_repeats = static_cast<std::uint32_t>(r.count()), d.reserved_w = r.number(), d.reserved_since = r.number();
  for (std::size_t n = r.length(); n > 0 && r.good(); --n) d.switched.push_back(r.number());
  for (std::size_t n = r.length(); n > 0 && r.good(); --n) {
    RuleSwitch& each = d.by_rules.emplace_back();
    each.rule.text = r.text(), each.on = r.flag(), each.at = r.number(), each.dispatched = r.count();
  }
  if (planted(Plant::reserve_not_saved)) d.reserved_w = 0;
  if (planted(Plant::switches_not_saved)) d.switched.clear();
  d.failed_at = r.number(), d.failed = r.count(), d.refused_at = r.number(), d.refused = r.count(), d.refused_by = r.text();
  if (r.flag()) {
    Lease& l = d.lease.emplace();
    l.command.text = r.text(), l.proposal = read_proposal(r), l.cause = r.count(), l.until = r.number(), l.renew_at = r.number();
  }
  if (r.flag()) d.in_flight = read_command(r);
  return d;
}

void write(Writer& w, const SiteNow& now) {
  w.count(now.devices().size());
  for (const SiteNow::Device& device : now.devices()) {
    w.text(device.id.text);
    for (std::size_t m = 1; m < metric_slots; ++m) {
      const Latest& latest = device.latest[m];
      if (!latest.known()) continue;
      w.count(m), w.number(latest.value), w.number(latest.at), w.count(latest.position);
    }
    w.count(0);
  }
}

void read_now(Reader& r, SiteNow& now) {
  for (std::size_t n = r.length(); n > 0 && r.good(); --n) {
    const DeviceIndex device = now.index_of(r.text());
    for (std::uint64_t m = r.count(); m != 0 && m < metric_slots && r.good(); m = r.count()) {
      const std::int64_t value = r.number();
      const Micros at = r.number();
      now.fold(device, static_cast<Metric>(m), value, at, r.count());
    }
  }
}

void write(Writer& w, const RuleEntry& e) {
  w.text(canonical_json(e.rule)), w.flag(e.rule.enabled), w.flag(e.removed);
  w.count(e.version), w.count(e.saved_at), w.number(e.since), w.number(planted(Plant::cooldown_not_saved) ? 0 : e.acted_at), w.count(e.fired_at.size());
  for (const Micros at : e.fired_at) w.number(at);
}

void write(Writer& w, const RuleEngine::Watch& m) {
  w.count(m.rule), w.count(m.trigger), w.count(m.device), w.count(static_cast<std::uint64_t>(m.metric)), w.flag(m.armed);
  w.number(m.value), w.number(m.since), w.count(m.reading), w.number(m.not_before), w.count(m.refusals);
}

// What a watch holds before it has seen anything is made again by the next reading, and the order in which devices were
// heard says nothing: without both, a site that was restored once more gives the same bytes as one that ran on.
std::vector<RuleEngine::Watch> worth_keeping(const std::vector<RuleEngine::Watch>& watches) {
  std::vector<RuleEngine::Watch> out;
  for (const RuleEngine::Watch& w : watches)
    if (!w.armed || w.value != missing || w.since != 0 || w.not_before != 0 || w.refusals != 0) out.push_back(w);
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return std::tie(a.rule, a.trigger, a.device) < std::tie(b.rule, b.trigger, b.device);
  });
  return out;
}

bool read_rules(Reader& r, RuleEngine& rules) {
  for (std::size_t n = r.length(); n > 0 && r.good(); --n) {
    auto parsed = parse_rule(r.text());
    if (!r.good() || !parsed.rule) return false;
    parsed.rule->enabled = r.flag();
    const bool removed = r.flag();
    const RuleId id = parsed.rule->id;
    const Version version = r.count();
    const Position saved_at = r.count();
    rules.save(std::move(*parsed.rule), version, saved_at, r.number());
    const Micros acted_at = r.number();
    std::vector<Micros> fired_at;
    for (std::size_t k = r.length(); k > 0 && r.good(); --k) fired_at.push_back(r.number());
    rules.restore_entry(id, acted_at, std::move(fired_at));
    if (removed) rules.remove(id);
  }
  return r.good();
}

RuleEngine::Watch read_watch(Reader& r) {
  RuleEngine::Watch m;
  m.rule = static_cast<std::uint32_t>(r.count()), m.trigger = static_cast<std::uint32_t>(r.count());
  m.device = static_cast<DeviceIndex>(r.count()), m.metric = static_cast<Metric>(r.count() % metric_slots), m.armed = r.flag();
  m.value = r.number(), m.since = r.number(), m.reading = r.count(), m.not_before = r.number();
  m.refusals = static_cast<std::uint32_t>(r.count());
  return m;
}

}  // namespace

std::string Site::snapshot() const {
  ensure(!recovering_ && firings_.empty() && sightings_.empty(), "a snapshot stands between turns", "actors/core/site_snapshot.cpp");
  Writer w;
  w.count(layout), w.text(key_.tenant.text), w.text(key_.site.text), w.flag(configured_);
  w.text(settings_.name), w.text(settings_.time_zone), w.text(settings_.currency), w.number(settings_.soc_floor_permille);
  w.number(settings_.grid_import_w_max), w.flag(settings_.automation), w.flag(stopped_), w.count(stop_position_);
  w.flag(clock_suspect_), w.count(clock_position_), w.number(restored_at_), write(w, wishes_);
  w.count(now_.words());
  for (std::size_t i = 0; i < now_.words(); ++i) w.text(now_.word(static_cast<std::int64_t>(i)));
  write(w, now_);
  w.count(devices_.size());
  for (const DeviceState& device : devices_) write(w, device);
  w.count(pending_.size());
  for (const PendingCommand& p : pending_) write(w, p);
  w.count(alerts_.size());
  for (const OpenAlert& a : alerts_) w.text(a.alert), w.count(static_cast<std::uint64_t>(a.severity)), w.number(a.raised_at), w.count(a.raised), w.flag(a.acknowledged);
  w.count(versions_.size());
  for (const auto& [of, position] : versions_) w.text(of), w.count(position);
  w.count(suspects_.size());
  for (const auto& s : suspects_) w.count(s.device), w.count(static_cast<std::uint64_t>(s.metric)), w.number(s.at), w.count(s.position);
  w.count(rules_.rules().size());
  for (const RuleEntry& entry : rules_.rules()) write(w, entry);
  const auto memories = worth_keeping(rules_.watch_memory());
  w.count(memories.size());
  for (const auto& memory : memories) write(w, memory);
  return w.take();
}

std::optional<Site> Site::restore(std::string_view bytes) {
  Reader r(bytes);
  if (r.count() != layout) return std::nullopt;
  const std::string tenant = r.text();
  Site site({{tenant}, {r.text()}});
  SiteConfigured& s = site.settings_;
  site.configured_ = r.flag();
  s.name = r.text(), s.time_zone = r.text(), s.currency = r.text(), s.soc_floor_permille = static_cast<std::int32_t>(r.number());
  s.grid_import_w_max = r.number(), s.automation = r.flag(), site.stopped_ = r.flag() && !planted(Plant::stop_not_restored), site.stop_position_ = r.count();
  site.clock_suspect_ = r.flag(), site.clock_position_ = r.count(), site.restored_at_ = r.number(), site.wishes_ = read_preferences(r);
  if (auto zone = Zone::find(s.time_zone)) site.zone_ = *zone;
  for (std::size_t n = r.length(); n > 0 && r.good(); --n) site.now_.intern(r.text());
  read_now(r, site.now_);
  for (std::size_t n = r.length(); n > 0 && r.good(); --n) site.devices_.push_back(read_device(r));
  if (site.devices_.size() != site.now_.devices().size()) return std::nullopt;
  for (std::size_t n = r.length(); n > 0 && r.good(); --n) site.pending_.push_back(read_pending(r));
  for (std::size_t n = r.length(); n > 0 && r.good(); --n) {
    OpenAlert& a = site.alerts_.emplace_back();
    a.alert = r.text(), a.severity = static_cast<Severity>(r.count() % 3), a.raised_at = r.number(), a.raised = r.count(), a.acknowledged = r.flag();
  }
  for (std::size_t n = r.length(); n > 0 && r.good(); --n) {
    std::string of = r.text();
    site.versions_[std::move(of)] = r.count();
  }
  for (std::size_t n = r.length(); n > 0 && r.good(); --n) {
    SafetyView::SuspectSeen seen{};
    seen.device = static_cast<DeviceIndex>(r.count()), seen.metric = static_cast<Metric>(r.count() % metric_slots);
    seen.at = r.number(), seen.position = r.count();
    if (seen.device >= site.devices_.size()) return std::nullopt;
    site.suspects_.push_back(seen);
  }
  if (!read_rules(r, site.rules_)) return std::nullopt;
  for (std::size_t n = r.length(); n > 0 && r.good(); --n) site.rules_.restore(site.now_, read_watch(r));
  if (!r.done()) return std::nullopt;
  return site;
}

}  // namespace heliograph
