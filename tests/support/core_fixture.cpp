#include "tests/support/core_fixture.hpp"

#include <algorithm>

#include "events/codec.hpp"

namespace heliograph::testing {

Micros ListJournal::begin(Micros now) {
  stamp_ = std::max(now, stamp_ + 1);
  turn_ = records_.size();
  return stamp_;
}

Result<RecordPtr> ListJournal::append(Draft draft) {
  if (left_ == 0) return fail(Errc::conflict, "The test refused this append.");
  if (left_ > 0) --left_;
  auto record = std::make_shared<Record>();
  Envelope& e = record->envelope;
  e.position = next_;
  e.site = site_;
  e.version = ++versions_[draft.stream];
  e.stream = std::move(draft.stream);
  e.occurred_at = draft.occurred_at;
  e.recorded_at = stamp_;
  e.principal = std::move(draft.principal);
  e.cause = draft.cause;
  e.correlation = std::move(draft.correlation);
  e.idempotency_key = std::move(draft.idempotency_key);
  record->body = std::move(draft.body);
  e.type = record->is_readings() ? std::string(readings_type) : std::string(type_name(record->event()));
  e.schema = record->is_readings() ? 1 : schema_version(record->event());
  ensure(e.cause < e.position, "a cause is always on record first", "ListJournal::append");
  next_ += record->span();
  records_.push_back(record);
  return RecordPtr(record);
}

namespace {

std::string told(const std::string& device, Action action, std::int64_t power_w, const std::string& mode) {
  return device + " " + std::string(name(action)) + (action == Action::set_power ? " " + std::to_string(power_w) : "") + (mode.empty() ? "" : " " + mode);
}

std::string words(const RuleFired& e) { return "fired " + e.rule.text + "/" + e.trigger + " " + std::string(name(e.outcome)); }
std::string words(const CommandRequested& e) { return "requested " + told(e.device.text, e.action, e.power_w, e.mode); }
std::string words(const CommandRefused& e) {
  std::string out = "refused ";
  for (const Refusal& r : e.refusals) out += (out.ends_with(' ') ? "" : ",") + r.rule;
  return out;
}
std::string words(const CommandAllowed&) { return "allowed"; }
std::string words(const CommandDispatched& e) { return "dispatched " + told(e.device.text, e.action, e.power_w, e.mode); }
std::string words(const CommandVerified&) { return "verified"; }
std::string words(const CommandFailed& e) { return "failed " + std::string(name(e.kind)); }
std::string words(const RuleSaved& e) { return "saved " + e.rule.text + " v" + std::to_string(e.rule_version); }
std::string words(const RuleRemoved& e) { return "removed " + e.rule.text; }
std::string words(const NotificationRaised& e) { return "note " + e.text; }
std::string words(const CommandWaiting& e) { return "waiting " + std::string(name(e.what)); }
std::string words(const CommandCancelled& e) { return "cancelled " + std::string(name(e.why)); }
std::string words(const CommandAnswered& e) { return "answered " + std::string(name(e.answer)); }
std::string words(const ApprovalRequested&) { return "approval requested"; }
std::string words(const ApprovalDecided& e) { return e.granted ? "approved" : "denied"; }
std::string words(const ApprovalAttemptFailed&) { return "wrong code"; }
std::string words(const CommandRolledBack&) { return "rolled back"; }
std::string words(const RollbackSkipped&) { return "not rolled back"; }
std::string words(const LeaseRenewed&) { return "lease renewed"; }
std::string words(const LeaseEnded&) { return "lease ended"; }
std::string words(const DeviceChanged& e) { return e.device.text + (e.on ? " on" : " off") + " by hand"; }
std::string words(const StopEngaged&) { return "stop"; }
std::string words(const StopLifted&) { return "lifted"; }
template <class E>
std::string words(const E& e) {
  return std::string(type_name(Event(e)));
}

}  // namespace

std::string line(const Record& record) {
  if (record.is_readings()) return "readings";
  return std::visit([](const auto& e) { return words(e); }, record.event());
}

/// Readings themselves are left out: what followed is what tests compare.
Lines lines(const std::vector<RecordPtr>& records) {
  Lines out;
  for (const RecordPtr& record : records)
    if (!record->is_readings()) out.push_back(line(*record));
  return out;
}

DeviceRegistered plug(std::string id, std::int64_t nominal_w) {
  DeviceRegistered d;
  d.device.text = id;
  d.kind = DeviceKind::plug;
  d.name = std::move(id);
  d.can_switch = true;
  d.nominal_w = nominal_w;
  return d;
}

DeviceRegistered battery(std::string id, std::int64_t nominal_w) {
  DeviceRegistered d;
  d.device.text = id;
  d.kind = DeviceKind::battery;
  d.name = std::move(id);
  d.can_set_power = true;
  d.nominal_w = nominal_w;
  return d;
}

DeviceRegistered meter(std::string id) {
  DeviceRegistered d;
  d.device.text = id;
  d.name = std::move(id);
  return d;
}

Rule rule_of(std::string_view document) {
  const ParsedRule parsed = parse_rule(document);
  ensure(parsed.rule.has_value(), parsed.problems.empty() ? "a rule" : parsed.problems.front().sentence.c_str(), "rule_of");
  return *parsed.rule;
}

Story::Story(std::string zone, Micros start) : at(start) {
  settings.name = "Villa";
  settings.time_zone = std::move(zone);
  configure(settings);
  add(battery("battery"));
  add(meter("grid"));
  add(plug("miner-1"));
}

Lines Story::done(const Status& status) {
  if (!status) return {"error " + std::string(name(status.error().code))};
  return lines(journal.turn());
}

Lines Story::take(ReadingBatch batch) {
  const Micros stamp = journal.begin(at);
  auto shared = std::make_shared<const ReadingBatch>(std::move(batch));
  return done(site.take_readings(shared, pack_readings(*shared), {PrincipalKind::apikey, "collector"}, stamp, journal));
}

Lines Story::read_at(Micros source, const std::vector<Value>& row) {
  ReadingBuilder builder;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i == 0 || row[i].device != row[i - 1].device) builder.row(row[i].device, source);
    builder.set(row[i].metric, row[i].value);
  }
  return take(builder.take());
}

Lines Story::read(const std::vector<Value>& row) { return read_at(at, row); }

Lines Story::ask(const Proposal& proposal) {
  const Micros stamp = journal.begin(at);
  auto answer = site.ask({proposal, "a test asks", {}, {}, {}}, stamp, journal);
  return done(answer ? Status{} : Status(fail(answer.error())));
}

Lines Story::ask(const std::string& id, Action action, std::int64_t power_w, Principal principal) {
  return ask(Proposal{{id}, action, power_w, std::move(principal)});
}

Lines Story::ask(const Ask& ask) {
  const Micros stamp = journal.begin(at);
  auto answer = site.ask(ask, stamp, journal);
  return done(answer ? Status{} : Status(fail(answer.error())));
}

Lines Story::answer(const CommandId& command, DeviceAnswer::Kind kind, std::uint32_t retry) {
  const Micros stamp = journal.begin(at);
  return done(site.answered({command, kind, "the device said so", retry}, stamp, journal));
}

Lines Story::approve(const CommandId& command, bool granted, bool proven, Principal principal) {
  const Micros stamp = journal.begin(at);
  auto answer = site.approve({command, granted, ApprovalChannel::mail, std::move(principal), proven}, stamp, journal);
  if (answer && !answer->refusals.empty() && answer->refusals.front().rule.starts_with("approval")) {
    Lines out = lines(journal.turn());
    out.push_back("turned down " + answer->refusals.front().rule);
    return out;
  }
  return done(answer ? Status{} : Status(fail(answer.error())));
}

Lines Story::prefer(const PreferencesSet& wishes) {
  const Micros stamp = journal.begin(at);
  return done(site.prefer(wishes, anna, stamp, journal));
}

Lines Story::tick() {
  const Micros stamp = journal.begin(at);
  return done(site.tick(stamp, journal));
}

Lines Story::stop(Principal principal) {
  const Micros stamp = journal.begin(at);
  return done(site.engage_stop(principal, "smoke", stamp, journal));
}

Lines Story::lift(Principal principal) {
  const Micros stamp = journal.begin(at);
  return done(site.lift_stop(principal, "all clear", stamp, journal));
}

Lines Story::save(const Rule& rule) {
  const Micros stamp = journal.begin(at);
  auto saved = site.save_rule(rule, anna, stamp, journal);
  return done(saved ? Status{} : Status(fail(saved.error())));
}

Lines Story::remove(const std::string& rule) {
  const Micros stamp = journal.begin(at);
  return done(site.remove_rule({rule}, anna, stamp, journal));
}

Lines Story::add(const DeviceRegistered& device) {
  const Micros stamp = journal.begin(at);
  return done(site.register_device(device, anna, stamp, journal));
}

Lines Story::configure(const SiteConfigured& wanted) {
  const Micros stamp = journal.begin(at);
  return done(site.configure(wanted, anna, stamp, journal));
}

Lines Story::live_until(Micros until) {
  Lines out;
  for (auto due = site.next_due(at); due && *due <= until; due = site.next_due(at)) {
    at = std::max(at, *due);
    const Lines now = tick();
    const auto next = site.next_due(at);
    ensure(!now.empty() || !next || *next > at, "the site asked to be woken, had nothing to do, and asks again at once", "Story::live_until");
    out.insert(out.end(), now.begin(), now.end());
  }
  at = until;
  return out;
}

Site rebuilt(const std::vector<RecordPtr>& records, std::size_t from, Site start) {
  for (std::size_t i = from; i < records.size(); ++i) {
    const Record& record = *records[i];
    auto decoded = decode_record(encode_record(record), record.envelope.position, record.is_readings() ? encode_readings(record.readings()) : "");
    ensure(decoded.has_value(), "what was written can be read", "rebuilt");
    start.evolve(std::make_shared<const Record>(std::move(*decoded)));
  }
  start.settle();
  return start;
}

}  // namespace heliograph::testing
