// Facts about sites, rules, people's wishes and the engine as messages of log.proto and back. Only events/codec.cpp includes this.
#pragma once

#include "events/event.hpp"
#include "log.pb.h"

namespace heliograph {

/// Enums are checked: a number from the future must not become another word.
template <class Enum>
bool take(std::uint32_t number, Enum last, Enum& out) {
  if (number > static_cast<std::uint32_t>(last)) return false;
  out = static_cast<Enum>(number);
  return true;
}

inline log::SiteConfigured pack(const SiteConfigured& e) {
  log::SiteConfigured m;
  m.set_name(e.name);
  m.set_time_zone(e.time_zone);
  m.set_currency(e.currency);
  m.set_soc_floor_permille(e.soc_floor_permille);
  m.set_grid_import_w_max(e.grid_import_w_max);
  m.set_automation(e.automation);
  return m;
}
inline bool unpack(const log::SiteConfigured& m, SiteConfigured& e) {
  e = {m.name(), m.time_zone(), m.currency(), m.soc_floor_permille(), m.grid_import_w_max(), m.automation()};
  return true;
}

inline log::DeviceRegistered pack(const DeviceRegistered& e) {
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
  m.set_safe_state(static_cast<std::uint32_t>(e.safe_state));
  m.set_lease_us(e.lease);
  m.set_settle_us(e.settle);
  m.set_needs_approval(e.needs_approval);
  m.set_capacity_wh(e.capacity_wh);
  m.set_hardware(e.hardware);
  m.set_environment(e.environment);
  for (const DeviceMode& each : e.modes) {
    auto* out = m.add_modes();
    out->set_mode(each.mode);
    out->set_draw_w(each.draw_w);
  }
  return m;
}
inline bool unpack(const log::DeviceRegistered& m, DeviceRegistered& e) {
  e.device.text = m.device();
  e.name = m.name();
  e.can_switch = m.can_switch();
  e.can_set_power = m.can_set_power();
  e.nominal_w = m.nominal_w();
  e.min_on = m.min_on_us();
  e.min_off = m.min_off_us();
  e.hold = m.hold_us();
  e.freshness = m.freshness_us();
  e.lease = m.lease_us();
  e.settle = m.settle_us();
  e.needs_approval = m.needs_approval();
  e.capacity_wh = m.capacity_wh();
  e.hardware = m.hardware();
  e.environment = m.environment();
  e.modes.clear();
  for (const auto& each : m.modes()) e.modes.push_back({each.mode(), each.draw_w()});
  return take(m.kind(), DeviceKind::price, e.kind) && take(m.safe_state(), SafeState::as_it_is, e.safe_state);
}

inline void pack(const DayWindow& e, log::DayWindow& m) {
  m.set_from_minute(e.from_minute);
  m.set_to_minute(e.to_minute);
}
inline log::PreferencesSet pack(const PreferencesSet& e) {
  log::PreferencesSet m;
  m.set_min_soc_permille(e.min_soc_permille);
  m.set_target_soc_permille(e.target_soc_permille);
  m.set_pause_below_permille(e.pause_below_permille);
  m.set_resume_above_permille(e.resume_above_permille);
  m.set_grid_import_w_max(e.grid_import_w_max);
  pack(e.solar_hours, *m.mutable_solar_hours());
  pack(e.rest_hours, *m.mutable_rest_hours());
  m.set_auto_pause(e.auto_pause);
  m.set_confirmation(static_cast<std::uint32_t>(e.confirmation));
  m.set_mail(e.mail);
  m.set_sms(e.sms);
  m.set_critical_only(e.critical_only);
  pack(e.quiet_hours, *m.mutable_quiet_hours());
  return m;
}
inline bool unpack(const log::PreferencesSet& m, PreferencesSet& e) {
  const auto window = [](const log::DayWindow& w) { return DayWindow{w.from_minute(), w.to_minute()}; };
  e.min_soc_permille = m.min_soc_permille();
  e.target_soc_permille = m.target_soc_permille();
  e.pause_below_permille = m.pause_below_permille();
  e.resume_above_permille = m.resume_above_permille();
  e.grid_import_w_max = m.grid_import_w_max();
  e.solar_hours = window(m.solar_hours());
  e.rest_hours = window(m.rest_hours());
  e.auto_pause = m.auto_pause();
  e.mail = m.mail();
  e.sms = m.sms();
  e.critical_only = m.critical_only();
  e.quiet_hours = window(m.quiet_hours());
  return take(m.confirmation(), Confirmation::never, e.confirmation);
}

inline log::RuleSaved pack(const RuleSaved& e) {
  log::RuleSaved m;
  m.set_rule(e.rule.text);
  m.set_rule_version(e.rule_version);
  m.set_enabled(e.enabled);
  m.set_document(e.document);
  return m;
}
inline bool unpack(const log::RuleSaved& m, RuleSaved& e) {
  e = {{m.rule()}, m.rule_version(), m.enabled(), m.document()};
  return true;
}

inline log::RuleRemoved pack(const RuleRemoved& e) {
  log::RuleRemoved m;
  m.set_rule(e.rule.text);
  return m;
}
inline bool unpack(const log::RuleRemoved& m, RuleRemoved& e) {
  e.rule.text = m.rule();
  return true;
}

inline log::RuleFired pack(const RuleFired& e) {
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
inline bool unpack(const log::RuleFired& m, RuleFired& e) {
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

inline log::NotificationRaised pack(const NotificationRaised& e) {
  log::NotificationRaised m;
  m.set_title(e.title);
  m.set_text(e.text);
  return m;
}
inline bool unpack(const log::NotificationRaised& m, NotificationRaised& e) {
  e = {m.title(), m.text()};
  return true;
}

inline log::NotificationSettled pack(const NotificationSettled& e) {
  log::NotificationSettled m;
  m.set_about(e.about);
  m.set_channel(e.channel);
  m.set_delivered(e.delivered);
  m.set_detail(e.detail);
  return m;
}
inline bool unpack(const log::NotificationSettled& m, NotificationSettled& e) {
  e.about = m.about();
  e.channel = m.channel();
  e.delivered = m.delivered();
  e.detail = m.detail();
  return true;
}

inline log::AlertRaised pack(const AlertRaised& e) {
  log::AlertRaised m;
  m.set_alert(e.alert);
  m.set_severity(static_cast<std::uint32_t>(e.severity));
  m.set_text(e.text);
  return m;
}
inline bool unpack(const log::AlertRaised& m, AlertRaised& e) {
  e.alert = m.alert();
  e.text = m.text();
  return take(m.severity(), Severity::critical, e.severity);
}

inline log::AlertAcknowledged pack(const AlertAcknowledged& e) {
  log::AlertAcknowledged m;
  m.set_alert(e.alert);
  return m;
}
inline bool unpack(const log::AlertAcknowledged& m, AlertAcknowledged& e) {
  e.alert = m.alert();
  return true;
}

inline log::AlertCleared pack(const AlertCleared& e) {
  log::AlertCleared m;
  m.set_alert(e.alert);
  return m;
}
inline bool unpack(const log::AlertCleared& m, AlertCleared& e) {
  e.alert = m.alert();
  return true;
}

inline log::ClockSuspected pack(const ClockSuspected& e) {
  log::ClockSuspected m;
  m.set_step_us(e.step);
  return m;
}
inline bool unpack(const log::ClockSuspected& m, ClockSuspected& e) {
  e.step = m.step_us();
  return true;
}

inline log::ClockTrusted pack(const ClockTrusted&) { return {}; }
inline bool unpack(const log::ClockTrusted&, ClockTrusted&) { return true; }

inline log::EngineStarted pack(const EngineStarted& e) {
  log::EngineStarted m;
  m.set_version(e.version);
  m.set_commit(e.commit);
  m.set_clean(e.clean);
  m.set_safe_mode(e.safe_mode);
  return m;
}
inline bool unpack(const log::EngineStarted& m, EngineStarted& e) {
  e = {m.version(), m.commit(), m.clean(), m.safe_mode()};
  return true;
}

inline log::EngineStopped pack(const EngineStopped&) { return {}; }
inline bool unpack(const log::EngineStopped&, EngineStopped&) { return true; }

inline log::HistoryImported pack(const HistoryImported& e) {
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
inline bool unpack(const log::HistoryImported& m, HistoryImported& e) {
  e = {m.file(), m.sha256(), m.preset(), m.rows_read(), m.rows_kept(), m.rows_dropped(), m.report()};
  return true;
}

inline log::ReadingsDropped pack(const ReadingsDropped& e) {
  log::ReadingsDropped m;
  m.set_from(e.from);
  m.set_before(e.before);
  m.set_kept_days(e.kept_days);
  m.set_readings(e.readings);
  for (const KeptHours& kept : e.hours) {
    log::KeptHours& packed = *m.add_hours();
    packed.set_device(kept.device.text);
    packed.set_metric(static_cast<std::uint32_t>(kept.metric));
    packed.set_week_us(kept.week);
    packed.set_hours(kept.hours);
  }
  return m;
}
inline bool unpack(const log::ReadingsDropped& m, ReadingsDropped& e) {
  e = {m.from(), m.before(), m.kept_days(), m.readings(), {}};
  for (const log::KeptHours& kept : m.hours()) {
    if (kept.metric() == 0 || kept.metric() >= metric_slots) return false;
    e.hours.push_back({{kept.device()}, static_cast<Metric>(kept.metric()), kept.week_us(), kept.hours()});
  }
  return true;
}

inline log::CheckpointSigned pack(const CheckpointSigned& e) {
  log::CheckpointSigned m;
  m.set_covers(e.covers);
  m.set_seal(e.seal);
  m.set_key_id(e.key_id);
  m.set_signature(e.signature);
  return m;
}
inline bool unpack(const log::CheckpointSigned& m, CheckpointSigned& e) {
  e = {m.covers(), m.seal(), m.key_id(), m.signature()};
  return true;
}

}  // namespace heliograph
