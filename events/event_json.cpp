#include "events/event_json.hpp"

#include "events/digest.hpp"

namespace heliograph {
namespace {

void target(JsonWriter& json, Action action, std::int64_t power_w, const std::string& mode) {
  if (action == Action::set_mode) json.field("mode", mode);
  if (action == Action::set_power || action == Action::set_mode) json.field("power_w", power_w);
}

void write(JsonWriter& json, const SiteConfigured& e) {
  json.field("name", e.name).field("time_zone", e.time_zone).field("currency", e.currency);
  json.key("soc_floor_percent").decimal(e.soc_floor_permille, 1);
  json.key("grid_import_w_max");
  e.grid_import_w_max > 0 ? json.integer(e.grid_import_w_max) : json.null();
  json.field("automation", e.automation);
}
void write(JsonWriter& json, const DeviceRegistered& e) {
  json.field("device", e.device.text).field("kind", std::string(name(e.kind))).field("name", e.name);
  json.field("can_switch", e.can_switch).field("can_set_power", e.can_set_power).field("nominal_w", e.nominal_w);
  json.field("min_on", format_duration(e.min_on)).field("min_off", format_duration(e.min_off));
  json.field("hold", format_duration(e.hold)).field("freshness", format_duration(e.freshness));
  if (e.safe_state != SafeState::off) json.field("safe_state", std::string(name(e.safe_state)));
  if (e.lease != 0) json.field("lease", format_duration(e.lease));
  if (e.settle != 0) json.field("settle", format_duration(e.settle));
  if (e.needs_approval) json.field("needs_approval", true);
  if (e.capacity_wh != 0) json.field("capacity_wh", e.capacity_wh);
  if (!e.hardware.empty()) json.field("hardware", e.hardware);
  if (!e.environment.empty()) json.field("environment", e.environment);
  if (e.modes.empty()) return;
  json.key("modes").begin_object();
  for (const DeviceMode& each : e.modes) json.field(each.mode.c_str(), each.draw_w);
  json.end_object();
}
void write(JsonWriter& json, const RuleSaved& e) {
  json.field("rule", e.rule.text).field("version", e.rule_version).field("enabled", e.enabled);
  json.key("document").raw(e.document);
}
void write(JsonWriter& json, const RuleRemoved& e) { json.field("rule", e.rule.text); }
void write(JsonWriter& json, const RuleFired& e) {
  json.field("rule", e.rule.text).field("version", e.rule_version).field("rule_saved", e.rule_saved).field("trigger", e.trigger);
  if (e.metric != Metric{}) {
    json.field("device", e.device.text).field("metric", std::string(info(e.metric).api_name));
    json.key("value").metric(e.metric, e.value).key("threshold").metric(e.metric, e.threshold);
    json.field("reading", e.reading);
  }
  json.field("by_timer", e.by_timer).field("outcome", std::string(name(e.outcome)));
  if (!e.detail.empty()) json.field("detail", e.detail);
}
void write(JsonWriter& json, const NotificationRaised& e) { json.field("title", e.title).field("text", e.text); }
void write(JsonWriter& json, const CommandRequested& e) {
  json.field("command", e.command.text).field("device", e.device.text).field("action", std::string(name(e.action)));
  target(json, e.action, e.power_w, e.mode);
  json.field("reason", e.reason);
  if (e.purpose != Purpose::ordinary) json.field("purpose", std::string(name(e.purpose)));
  if (!e.about.empty()) json.field("about", e.about.text);
}
void snapshot(JsonWriter& json, Position position) {
  if (position != 0) json.field("snapshot", position);
}
void write(JsonWriter& json, const CommandRefused& e) {
  json.field("command", e.command.text).key("refusals").begin_array();
  for (const Refusal& r : e.refusals) {
    json.begin_object().field("rule", r.rule).field("sentence", r.sentence);
    if (r.limit) json.field("limit", *r.limit);
    if (r.actual) json.field("actual", *r.actual);
    if (!r.unit.empty()) json.field("unit", r.unit);
    if (r.reading != 0) json.field("reading", r.reading);
    json.end_object();
  }
  json.end_array();
  snapshot(json, e.snapshot);
}
void write(JsonWriter& json, const CommandAllowed& e) {
  json.field("command", e.command.text).key("readings").begin_array();
  for (Position p : e.readings) json.unsigned_integer(p);
  json.end_array();
  snapshot(json, e.snapshot);
}
void write(JsonWriter& json, const CommandDispatched& e) {
  json.field("command", e.command.text).field("device", e.device.text).field("action", std::string(name(e.action)));
  target(json, e.action, e.power_w, e.mode);
  json.key("expires_at").time(e.expires_at).key("verify_by").time(e.verify_by);
  if (e.retry != 0) json.field("retry", e.retry);
  if (e.lease != 0) json.field("lease", format_duration(e.lease));
  if (e.purpose != Purpose::ordinary) json.field("purpose", std::string(name(e.purpose)));
  if (!e.hardware.empty()) json.field("hardware", e.hardware);
}
void write(JsonWriter& json, const CommandVerified& e) {
  json.field("command", e.command.text).field("reading", e.reading);
}
void write(JsonWriter& json, const CommandFailed& e) {
  json.field("command", e.command.text).field("kind", std::string(name(e.kind))).field("detail", e.detail);
}
void write(JsonWriter& json, const StopEngaged& e) { json.field("reason", e.reason); }
void write(JsonWriter& json, const StopLifted& e) { json.field("reason", e.reason); }
void write(JsonWriter& json, const EngineStarted& e) {
  json.field("version", e.version).field("commit", e.commit).field("clean", e.clean);
  if (e.safe_mode) json.field("safe_mode", true);
}
void write(JsonWriter&, const EngineStopped&) {}
void write(JsonWriter& json, const HistoryImported& e) {
  json.field("file", e.file).field("sha256", e.sha256).field("preset", e.preset);
  json.field("rows_read", e.rows_read).field("rows_kept", e.rows_kept).field("rows_dropped", e.rows_dropped);
  json.key("report");
  e.report.empty() ? json.null() : json.raw(e.report);
}
void write(JsonWriter& json, const CheckpointSigned& e) {
  json.field("covers", e.covers).field("seal", hex(e.seal)).field("key_id", e.key_id).field("signature", hex(e.signature));
}
void write(JsonWriter& json, const ReadingsDropped& e) {
  std::uint64_t bytes = 0;
  for (const KeptHours& kept : e.hours) bytes += kept.hours.size();
  json.field("from", e.from).field("before", e.before).field("kept_days", e.kept_days).field("readings", e.readings).field("hours_bytes", bytes);
}

void write(JsonWriter& json, const CommandWaiting& e) {
  json.field("command", e.command.text).field("for", std::string(name(e.what))).key("until").time(e.until);
  if (e.not_before != 0) json.key("not_before").time(e.not_before);
}
void write(JsonWriter& json, const CommandCancelled& e) {
  json.field("command", e.command.text).field("why", std::string(name(e.why))).field("detail", e.detail);
}
void write(JsonWriter& json, const ApprovalRequested& e) {
  json.field("command", e.command.text).field("sentence", e.sentence).key("expires_at").time(e.expires_at);
}
void write(JsonWriter& json, const ApprovalDecided& e) {
  json.field("command", e.command.text).field("granted", e.granted).field("channel", std::string(name(e.channel)));
}
void write(JsonWriter& json, const ApprovalAttemptFailed& e) {
  json.field("command", e.command.text).field("channel", std::string(name(e.channel)));
}
void write(JsonWriter& json, const CommandAnswered& e) {
  json.field("command", e.command.text).field("retry", e.retry).field("answer", std::string(name(e.answer)));
  if (e.next_try != 0) json.key("next_try").time(e.next_try);
  if (!e.detail.empty()) json.field("detail", e.detail);
}
void write(JsonWriter& json, const CommandRolledBack& e) { json.field("command", e.command.text).field("rollback", e.rollback.text); }
void write(JsonWriter& json, const RollbackSkipped& e) { json.field("command", e.command.text).field("why", e.why); }
void write(JsonWriter& json, const LeaseRenewed& e) {
  json.field("command", e.command.text).field("device", e.device.text).key("until").time(e.until);
}
void write(JsonWriter& json, const LeaseEnded& e) {
  json.field("command", e.command.text).field("device", e.device.text).key("until").time(e.until).field("why", e.why);
}
void write(JsonWriter& json, const DeviceChanged& e) {
  json.field("device", e.device.text).field("on", e.on).field("reading", e.reading);
}

void write(JsonWriter& json, std::string_view key, const DayWindow& window) {
  json.key(key);
  if (window.from_minute == window.to_minute) return json.null(), void();
  json.begin_object().field("from", format_clock(window.from_minute)).field("to", format_clock(window.to_minute)).end_object();
}
void write(JsonWriter& json, const PreferencesSet& e) {
  json.key("min_soc_percent").decimal(e.min_soc_permille, 1).key("target_soc_percent").decimal(e.target_soc_permille, 1);
  json.key("pause_below_percent").decimal(e.pause_below_permille, 1).key("resume_above_percent").decimal(e.resume_above_permille, 1);
  json.key("grid_import_w_max");
  e.grid_import_w_max > 0 ? json.integer(e.grid_import_w_max) : json.null();
  write(json, "solar_hours", e.solar_hours);
  write(json, "rest_hours", e.rest_hours);
  json.field("auto_pause", e.auto_pause).field("confirmation", std::string(name(e.confirmation)));
  json.field("mail", e.mail).field("sms", e.sms).field("critical_only", e.critical_only);
  write(json, "quiet_hours", e.quiet_hours);
}
void write(JsonWriter& json, const AlertRaised& e) {
  json.field("alert", e.alert).field("severity", std::string(name(e.severity))).field("text", e.text);
}
void write(JsonWriter& json, const AlertAcknowledged& e) { json.field("alert", e.alert); }
void write(JsonWriter& json, const AlertCleared& e) { json.field("alert", e.alert); }
void write(JsonWriter& json, const NotificationSettled& e) {
  json.field("about", e.about).field("channel", e.channel).field("delivered", e.delivered).field("detail", e.detail);
}
void write(JsonWriter& json, const ClockSuspected& e) {
  json.key("step_s").decimal(e.step, 6);
}
void write(JsonWriter&, const ClockTrusted&) {}

// ---- people: nothing that proves who somebody is, not even sealed

template <class Ids>
void ids(JsonWriter& json, std::string_view key, const Ids& all) {
  if (all.empty()) return;
  json.key(key).begin_array();
  for (const auto& each : all) json.string(each.text);
  json.end_array();
}
void write(JsonWriter& json, const TenantConfigured& e) {
  json.field("name", e.name).field("currency", e.currency).field("time_zone", e.time_zone).field("retention_days", e.retention_days);
}
void write(JsonWriter& json, const UserSaved& e) {
  json.field("user", e.user.text).field("name", e.name).field("mail", e.mail).field("role", std::string(name(e.role)));
  ids(json, "sites", e.sites);
  if (e.disabled) json.field("disabled", true);
}
void write(JsonWriter& json, const UserRemoved& e) { json.field("user", e.user.text); }
void write(JsonWriter& json, const InvitationMade& e) { json.field("user", e.user.text).key("expires_at").time(e.expires_at); }
void write(JsonWriter& json, const PasswordSet& e) { json.field("user", e.user.text); }
void write(JsonWriter& json, const TotpEnrolled& e) { json.field("user", e.user.text).field("backup_codes", e.backup_codes.size()); }
void write(JsonWriter& json, const TotpRemoved& e) { json.field("user", e.user.text); }
void write(JsonWriter& json, const SecondFactorUsed& e) { json.field("user", e.user.text).field("by", e.backup_code < 0 ? "code" : "backup_code"); }
void write(JsonWriter& json, const SessionBegan& e) {
  json.field("session", e.session.text).field("user", e.user.text).field("peer", e.peer).field("agent", e.agent).key("expires_at").time(e.expires_at);
  json.field("second_factor", e.second_factor).field("remembered", e.remembered);
}
void write(JsonWriter& json, const SessionRefreshed& e) { json.field("session", e.session.text); }
void write(JsonWriter& json, const SessionSteppedUp& e) { json.field("session", e.session.text).key("until").time(e.until); }
void write(JsonWriter& json, const SessionEnded& e) {
  json.field("session", e.session.text).field("user", e.user.text).field("why", std::string(name(e.why)));
}
void write(JsonWriter& json, const LoginFailed& e) {
  json.key("user");
  e.user.empty() ? json.null() : json.string(e.user.text);
  json.field("peer", e.peer).field("why", std::string(name(e.why)));
}
void write(JsonWriter& json, const ApiKeyMade& e) {
  json.field("key", e.key.text).field("user", e.user.text).field("name", e.name).key("may").begin_array();
  for (const Permission each : e.may) json.string(name(each));
  json.end_array();
  ids(json, "sites", e.sites);
  if (e.expires_at != 0) json.key("expires_at").time(e.expires_at);
}
void write(JsonWriter& json, const ApiKeyRevoked& e) { json.field("key", e.key.text); }
void write(JsonWriter& json, const AccessRefused& e) { json.field("operation", e.operation).field("needed", e.needed).field("peer", e.peer); }

void write_cell(JsonWriter& json, const ReadingBatch& batch, const Column& column, std::size_t row) {
  const std::int64_t value = column.values[row];
  if (value != missing && info(column.metric).kind == Kind::text) json.string(batch.words.at(static_cast<std::size_t>(value)));
  else json.metric(column.metric, value);
}

void write_readings(JsonWriter& json, const ReadingBatch& batch) {
  json.field("historic", batch.historic).key("device").begin_array();
  for (auto index : batch.device_of) json.string(batch.devices[index].text);
  json.end_array().key("at").begin_array();
  for (auto at : batch.at) json.time(at);
  json.end_array();
  for (const Column& column : batch.columns) {
    json.key(info(column.metric).api_name).begin_array();
    for (std::size_t row = 0; row < batch.size(); ++row) write_cell(json, batch, column, row);
    json.end_array();
  }
  if (batch.suspects.empty()) return;
  json.key("suspects").begin_array();
  for (const Suspect& s : batch.suspects)
    json.begin_object().field("row", s.row).field("metric", std::string(info(s.metric).api_name))
        .field("quality", std::string(name(s.quality))).field("raw", s.raw).end_object();
  json.end_array();
}

}  // namespace

void write_event(JsonWriter& json, const Event& event) {
  json.begin_object();
  std::visit([&](const auto& e) { write(json, e); }, event);
  json.end_object();
}

void write_record(JsonWriter& json, const Record& record) {
  const Envelope& e = record.envelope;
  json.begin_object().field("position", e.position);
  if (record.span() > 1) json.field("last_position", record.last());
  json.field("type", e.type).field("tenant", e.site.tenant.text).field("site", e.site.site.text);
  json.field("stream", e.stream).field("version", e.version).field("schema", e.schema);
  json.key("occurred_at").time(e.occurred_at).key("recorded_at").time(e.recorded_at);
  json.field("principal", to_string(e.principal)).key("cause");
  e.cause == 0 ? json.null() : json.unsigned_integer(e.cause);
  json.field("correlation", e.correlation);
  if (!e.idempotency_key.empty()) json.field("idempotency_key", e.idempotency_key);
  json.key("data");
  if (record.is_readings()) {
    json.begin_object();
    write_readings(json, record.readings());
    json.end_object();
  } else {
    write_event(json, record.event());
  }
  json.end_object();
}

std::string to_json(const Record& record) {
  JsonWriter json;
  write_record(json, record);
  return json.take();
}

}  // namespace heliograph
