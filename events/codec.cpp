// The only place where protobuf is spoken. One pair of functions per event: `pack` and `unpack`.
#include "events/codec.hpp"

#include <algorithm>

#include "events/upcast.hpp"
#include "log.pb.h"

namespace heliograph {
namespace {

// ---- pack: event -> message --------------------------------------------------------------------------------

log::SiteConfigured pack(const SiteConfigured& e) {
  log::SiteConfigured m;
  m.set_name(e.name);
  m.set_time_zone(e.time_zone);
  m.set_currency(e.currency);
  m.set_soc_floor_permille(e.soc_floor_permille);
  m.set_grid_import_w_max(e.grid_import_w_max);
  m.set_automation(e.automation);
  return m;
}
log::DeviceRegistered pack(const DeviceRegistered& e) {
  log::DeviceRegistered m;
  m.set_device(e.device.text);
  m.set_kind(static_cast<std::uint32_t>(e.kind));
  m.set_name(e.name);
  m.set_can_switch(e.can_switch);
  m.set_can_set_power(e.can_set_power);
  m.set_nominal_w(e.nominal_w);
  m.set_min_on_us(e.min_on);
  m.set_min_off_us(e.min_off);
  m.set_hold_us(e.hold);
  m.set_freshness_us(e.freshness);
  return m;
}
log::RuleSaved pack(const RuleSaved& e) {
  log::RuleSaved m;
  m.set_rule(e.rule.text);
  m.set_rule_version(e.rule_version);
  m.set_enabled(e.enabled);
  m.set_document(e.document);
  return m;
}
log::RuleRemoved pack(const RuleRemoved& e) {
  log::RuleRemoved m;
  m.set_rule(e.rule.text);
  return m;
}
log::RuleFired pack(const RuleFired& e) {
  log::RuleFired m;
  m.set_rule(e.rule.text);
  m.set_rule_version(e.rule_version);
  m.set_rule_saved(e.rule_saved);
  m.set_trigger(e.trigger);
  m.set_device(e.device.text);
  m.set_metric(static_cast<std::uint32_t>(e.metric));
  if (e.value != missing) m.set_value(e.value);
  if (e.threshold != missing) m.set_threshold(e.threshold);
  m.set_reading(e.reading);
  m.set_by_timer(e.by_timer);
  m.set_outcome(static_cast<std::uint32_t>(e.outcome));
  m.set_detail(e.detail);
  return m;
}
log::NotificationRaised pack(const NotificationRaised& e) {
  log::NotificationRaised m;
  m.set_title(e.title);
  m.set_text(e.text);
  return m;
}
log::CommandRequested pack(const CommandRequested& e) {
  log::CommandRequested m;
  m.set_command(e.command.text);
  m.set_device(e.device.text);
  m.set_action(static_cast<std::uint32_t>(e.action));
  m.set_power_w(e.power_w);
  m.set_reason(e.reason);
  return m;
}
log::CommandRefused pack(const CommandRefused& e) {
  log::CommandRefused m;
  m.set_command(e.command.text);
  for (const Refusal& r : e.refusals) {
    auto* out = m.add_refusals();
    out->set_rule(r.rule);
    out->set_sentence(r.sentence);
    if (r.limit) out->set_limit(*r.limit);
    if (r.actual) out->set_actual(*r.actual);
    out->set_unit(r.unit);
    out->set_reading(r.reading);
  }
  return m;
}
log::CommandAllowed pack(const CommandAllowed& e) {
  log::CommandAllowed m;
  m.set_command(e.command.text);
  for (Position p : e.readings) m.add_readings(p);
  return m;
}
log::CommandDispatched pack(const CommandDispatched& e) {
  log::CommandDispatched m;
  m.set_command(e.command.text);
  m.set_device(e.device.text);
  m.set_action(static_cast<std::uint32_t>(e.action));
  m.set_power_w(e.power_w);
  m.set_expires_at_us(e.expires_at);
  m.set_verify_by_us(e.verify_by);
  return m;
}
log::CommandVerified pack(const CommandVerified& e) {
  log::CommandVerified m;
  m.set_command(e.command.text);
  m.set_reading(e.reading);
  return m;
}
log::CommandFailed pack(const CommandFailed& e) {
  log::CommandFailed m;
  m.set_command(e.command.text);
  m.set_kind(static_cast<std::uint32_t>(e.kind));
  m.set_detail(e.detail);
  return m;
}
log::StopEngaged pack(const StopEngaged& e) {
  log::StopEngaged m;
  m.set_reason(e.reason);
  return m;
}
log::StopLifted pack(const StopLifted& e) {
  log::StopLifted m;
  m.set_reason(e.reason);
  return m;
}
log::EngineStarted pack(const EngineStarted& e) {
  log::EngineStarted m;
  m.set_version(e.version);
  m.set_commit(e.commit);
  m.set_clean(e.clean);
  return m;
}
log::EngineStopped pack(const EngineStopped&) { return {}; }
log::HistoryImported pack(const HistoryImported& e) {
  log::HistoryImported m;
  m.set_file(e.file);
  m.set_sha256(e.sha256);
  m.set_preset(e.preset);
  m.set_rows_read(e.rows_read);
  m.set_rows_kept(e.rows_kept);
  m.set_rows_dropped(e.rows_dropped);
  m.set_report(e.report);
  return m;
}
log::CheckpointSigned pack(const CheckpointSigned& e) {
  log::CheckpointSigned m;
  m.set_covers(e.covers);
  m.set_seal(e.seal);
  m.set_key_id(e.key_id);
  m.set_signature(e.signature);
  return m;
}

// ---- unpack: message -> event. Enums are checked: a number from the future must not become another word. --------

template <class Enum>
bool take(std::uint32_t number, Enum last, Enum& out) {
  if (number > static_cast<std::uint32_t>(last)) return false;
  out = static_cast<Enum>(number);
  return true;
}

bool unpack(const log::SiteConfigured& m, SiteConfigured& e) {
  e = {m.name(), m.time_zone(), m.currency(), m.soc_floor_permille(), m.grid_import_w_max(), m.automation()};
  return true;
}
bool unpack(const log::DeviceRegistered& m, DeviceRegistered& e) {
  e.device.text = m.device();
  e.name = m.name();
  e.can_switch = m.can_switch();
  e.can_set_power = m.can_set_power();
  e.nominal_w = m.nominal_w();
  e.min_on = m.min_on_us();
  e.min_off = m.min_off_us();
  e.hold = m.hold_us();
  e.freshness = m.freshness_us();
  return take(m.kind(), DeviceKind::price, e.kind);
}
bool unpack(const log::RuleSaved& m, RuleSaved& e) {
  e = {{m.rule()}, m.rule_version(), m.enabled(), m.document()};
  return true;
}
bool unpack(const log::RuleRemoved& m, RuleRemoved& e) {
  e.rule.text = m.rule();
  return true;
}
bool unpack(const log::RuleFired& m, RuleFired& e) {
  e.rule.text = m.rule();
  e.rule_version = m.rule_version();
  e.rule_saved = m.rule_saved();
  e.trigger = m.trigger();
  e.device.text = m.device();
  e.value = m.has_value() ? m.value() : missing;
  e.threshold = m.has_threshold() ? m.threshold() : missing;
  e.reading = m.reading();
  e.by_timer = m.by_timer();
  e.detail = m.detail();
  if (m.metric() >= metric_slots) return false;
  e.metric = static_cast<Metric>(m.metric());
  return take(m.outcome(), RuleOutcome::already_so, e.outcome);
}
bool unpack(const log::NotificationRaised& m, NotificationRaised& e) {
  e = {m.title(), m.text()};
  return true;
}
bool unpack(const log::CommandRequested& m, CommandRequested& e) {
  e.command.text = m.command();
  e.device.text = m.device();
  e.power_w = m.power_w();
  e.reason = m.reason();
  return take(m.action(), Action::set_power, e.action);
}
bool unpack(const log::CommandRefused& m, CommandRefused& e) {
  e.command.text = m.command();
  for (const auto& r : m.refusals()) {
    Refusal& out = e.refusals.emplace_back();
    out.rule = r.rule();
    out.sentence = r.sentence();
    if (r.has_limit()) out.limit = r.limit();
    if (r.has_actual()) out.actual = r.actual();
    out.unit = r.unit();
    out.reading = r.reading();
  }
  return !e.refusals.empty();
}
bool unpack(const log::CommandAllowed& m, CommandAllowed& e) {
  e.command.text = m.command();
  e.readings.assign(m.readings().begin(), m.readings().end());
  return true;
}
bool unpack(const log::CommandDispatched& m, CommandDispatched& e) {
  e.command.text = m.command();
  e.device.text = m.device();
  e.power_w = m.power_w();
  e.expires_at = m.expires_at_us();
  e.verify_by = m.verify_by_us();
  return take(m.action(), Action::set_power, e.action);
}
bool unpack(const log::CommandVerified& m, CommandVerified& e) {
  e = {{m.command()}, m.reading()};
  return true;
}
bool unpack(const log::CommandFailed& m, CommandFailed& e) {
  e.command.text = m.command();
  e.detail = m.detail();
  return take(m.kind(), FailureKind::outcome_unknown, e.kind);
}
bool unpack(const log::StopEngaged& m, StopEngaged& e) {
  e.reason = m.reason();
  return true;
}
bool unpack(const log::StopLifted& m, StopLifted& e) {
  e.reason = m.reason();
  return true;
}
bool unpack(const log::EngineStarted& m, EngineStarted& e) {
  e = {m.version(), m.commit(), m.clean()};
  return true;
}
bool unpack(const log::EngineStopped&, EngineStopped&) { return true; }
bool unpack(const log::HistoryImported& m, HistoryImported& e) {
  e = {m.file(), m.sha256(), m.preset(), m.rows_read(), m.rows_kept(), m.rows_dropped(), m.report()};
  return true;
}
bool unpack(const log::CheckpointSigned& m, CheckpointSigned& e) {
  e = {m.covers(), m.seal(), m.key_id(), m.signature()};
  return true;
}

template <class E>
bool decode_as(const std::string& body, Event& out) {
  using Message = decltype(pack(std::declval<const E&>()));
  Message message;
  E event;
  if (!message.ParseFromString(body) || !unpack(message, event)) return false;
  out = std::move(event);
  return true;
}

template <std::size_t I = 0>
bool decode_event(std::string_view type, const std::string& body, Event& out) {
  if constexpr (I < std::variant_size_v<Event>) {
    if (type_name(Event(std::in_place_index<I>)) == type) return decode_as<std::variant_alternative_t<I, Event>>(body, out);
    return decode_event<I + 1>(type, body, out);
  } else {
    return false;
  }
}

std::string finish(const Envelope& e, std::string body) {
  log::Envelope m;
  m.set_position(e.position);
  m.set_tenant(e.site.tenant.text);
  m.set_site(e.site.site.text);
  m.set_stream(e.stream);
  m.set_version(e.version);
  m.set_type(e.type);
  m.set_schema(e.schema);
  m.set_occurred_at_us(e.occurred_at);
  m.set_recorded_at_us(e.recorded_at);
  m.set_principal_kind(static_cast<std::uint32_t>(e.principal.kind));
  m.set_principal_name(e.principal.name);
  m.set_cause(e.cause);
  m.set_correlation(e.correlation);
  m.set_idempotency_key(e.idempotency_key);
  m.set_body(std::move(body));
  return m.SerializeAsString();
}

tl::unexpected<Error> damaged(Position position, const char* what) {
  return fail(Errc::corrupt, "The record at position " + std::to_string(position) + " is damaged: " + what +
                                 ". Run `heliograph verify` and restore a backup.");
}

}  // namespace

std::string encode_record(const Record& record) {
  if (!record.is_readings())
    return finish(record.envelope, std::visit([](const auto& e) { return pack(e).SerializeAsString(); }, record.event()));
  if (record.envelope.schema == 1) return finish(record.envelope, encode_readings(record.readings()));
  return encode_record(record, content_of(record.readings()));
}

std::string encode_record(const Record& record, const Digest& content) {
  ensure(record.is_readings() && record.envelope.schema == readings_schema, "only readings have their rows beside them", "events/codec.cpp");
  return finish(record.envelope, std::string(bytes_of(content)));
}

Status says_what_was_sealed(const Record& record, std::string_view payload) {
  if (!record.is_readings() || record.envelope.schema == 1 || encode_record(record) == payload) return {};
  return damaged(record.envelope.position, "its readings are not those that were sealed");
}

Result<Record> decode_record(std::string_view payload, Position position, std::string_view rows) {
  log::Envelope m;
  if (!m.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return damaged(position, "its envelope cannot be parsed");
  if (m.position() != position) return damaged(position, "it says that it belongs elsewhere");
  Record record;
  Envelope& e = record.envelope;
  e.position = m.position();
  e.site = {{m.tenant()}, {m.site()}};
  e.stream = m.stream();
  e.version = m.version();
  e.type = m.type();
  e.schema = m.schema();
  e.occurred_at = m.occurred_at_us();
  e.recorded_at = m.recorded_at_us();
  if (!take(m.principal_kind(), PrincipalKind::device, e.principal.kind)) return damaged(position, "unknown principal");
  e.principal.name = m.principal_name();
  e.cause = m.cause();
  e.correlation = m.correlation();
  e.idempotency_key = m.idempotency_key();
  if (auto done = upcast(e.type, e.schema, *m.mutable_body()); !done) return fail(done.error());
  if (e.type == readings_type) {
    if (e.schema != 1 && m.body().size() != Digest{}.size()) return damaged(position, "it does not say what its readings are");
    auto batch = decode_readings(e.schema == 1 ? std::string_view(m.body()) : rows);
    if (!batch) return fail(batch.error());
    if (batch->size() == 0) return damaged(position, "an empty batch of readings");
    record.body = std::make_shared<const ReadingBatch>(std::move(*batch));
    return record;
  }
  Event event;
  if (!decode_event(e.type, m.body(), event)) return damaged(position, "its body does not fit its type");
  record.body = std::move(event);
  return record;
}

}  // namespace heliograph
