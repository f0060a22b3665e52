// The path of a command as messages of log.proto and back. Only events/codec.cpp includes this.
#pragma once

#include "events/event.hpp"
#include "events/messages.hpp"
#include "log.pb.h"

namespace heliograph {

inline log::CommandRequested pack(const CommandRequested& e) {
  log::CommandRequested m;
  m.set_command(e.command.text);
  m.set_device(e.device.text);
  m.set_action(static_cast<std::uint32_t>(e.action));
  m.set_power_w(e.power_w);
  m.set_reason(e.reason);
  m.set_purpose(static_cast<std::uint32_t>(e.purpose));
  m.set_about(e.about.text);
  m.set_mode(e.mode);
  return m;
}
inline bool unpack(const log::CommandRequested& m, CommandRequested& e) {
  e.mode = m.mode();
  e.command.text = m.command();
  e.device.text = m.device();
  e.power_w = m.power_w();
  e.reason = m.reason();
  e.about.text = m.about();
  return take(m.action(), Action::set_mode, e.action) && take(m.purpose(), Purpose::safe_state, e.purpose);
}

inline log::CommandRefused pack(const CommandRefused& e) {
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
  m.set_snapshot(e.snapshot);
  return m;
}
inline bool unpack(const log::CommandRefused& m, CommandRefused& e) {
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
  e.snapshot = m.snapshot();
  return !e.refusals.empty();
}

inline log::CommandAllowed pack(const CommandAllowed& e) {
  log::CommandAllowed m;
  m.set_command(e.command.text);
  for (Position p : e.readings) m.add_readings(p);
  m.set_snapshot(e.snapshot);
  return m;
}
inline bool unpack(const log::CommandAllowed& m, CommandAllowed& e) {
  e.command.text = m.command();
  e.readings.assign(m.readings().begin(), m.readings().end());
  e.snapshot = m.snapshot();
  return true;
}

inline log::CommandWaiting pack(const CommandWaiting& e) {
  log::CommandWaiting m;
  m.set_command(e.command.text);
  m.set_what(static_cast<std::uint32_t>(e.what));
  m.set_until_us(e.until);
  m.set_not_before_us(e.not_before);
  return m;
}
inline bool unpack(const log::CommandWaiting& m, CommandWaiting& e) {
  e.command.text = m.command();
  e.until = m.until_us();
  e.not_before = m.not_before_us();
  return take(m.what(), Waiting::its_turn, e.what);
}

inline log::CommandCancelled pack(const CommandCancelled& e) {
  log::CommandCancelled m;
  m.set_command(e.command.text);
  m.set_why(static_cast<std::uint32_t>(e.why));
  m.set_detail(e.detail);
  return m;
}
inline bool unpack(const log::CommandCancelled& m, CommandCancelled& e) {
  e.command.text = m.command();
  e.detail = m.detail();
  return take(m.why(), Cancelled::by_person, e.why);
}

inline log::ApprovalRequested pack(const ApprovalRequested& e) {
  log::ApprovalRequested m;
  m.set_command(e.command.text);
  m.set_sentence(e.sentence);
  m.set_expires_at_us(e.expires_at);
  return m;
}
inline bool unpack(const log::ApprovalRequested& m, ApprovalRequested& e) {
  e.command.text = m.command();
  e.sentence = m.sentence();
  e.expires_at = m.expires_at_us();
  return true;
}

inline log::ApprovalDecided pack(const ApprovalDecided& e) {
  log::ApprovalDecided m;
  m.set_command(e.command.text);
  m.set_granted(e.granted);
  m.set_channel(static_cast<std::uint32_t>(e.channel));
  return m;
}
inline bool unpack(const log::ApprovalDecided& m, ApprovalDecided& e) {
  e.command.text = m.command();
  e.granted = m.granted();
  return take(m.channel(), ApprovalChannel::api, e.channel);
}

inline log::ApprovalAttemptFailed pack(const ApprovalAttemptFailed& e) {
  log::ApprovalAttemptFailed m;
  m.set_command(e.command.text);
  m.set_channel(static_cast<std::uint32_t>(e.channel));
  return m;
}
inline bool unpack(const log::ApprovalAttemptFailed& m, ApprovalAttemptFailed& e) {
  e.command.text = m.command();
  return take(m.channel(), ApprovalChannel::api, e.channel);
}

inline log::CommandDispatched pack(const CommandDispatched& e) {
  log::CommandDispatched m;
  m.set_command(e.command.text);
  m.set_device(e.device.text);
  m.set_action(static_cast<std::uint32_t>(e.action));
  m.set_power_w(e.power_w);
  m.set_expires_at_us(e.expires_at);
  m.set_verify_by_us(e.verify_by);
  m.set_retry(e.retry);
  m.set_lease_us(e.lease);
  m.set_hardware(e.hardware);
  m.set_mode(e.mode);
  m.set_purpose(static_cast<std::uint32_t>(e.purpose));
  return m;
}
inline bool unpack(const log::CommandDispatched& m, CommandDispatched& e) {
  e.mode = m.mode();
  e.command.text = m.command();
  e.device.text = m.device();
  e.power_w = m.power_w();
  e.expires_at = m.expires_at_us();
  e.verify_by = m.verify_by_us();
  e.retry = m.retry();
  e.lease = m.lease_us();
  e.hardware = m.hardware();
  return take(m.action(), Action::set_mode, e.action) && take(m.purpose(), Purpose::safe_state, e.purpose);
}

inline log::CommandAnswered pack(const CommandAnswered& e) {
  log::CommandAnswered m;
  m.set_command(e.command.text);
  m.set_retry(e.retry);
  m.set_answer(static_cast<std::uint32_t>(e.answer));
  m.set_next_try_us(e.next_try);
  m.set_detail(e.detail);
  return m;
}
inline bool unpack(const log::CommandAnswered& m, CommandAnswered& e) {
  e.command.text = m.command();
  e.retry = m.retry();
  e.next_try = m.next_try_us();
  e.detail = m.detail();
  return take(m.answer(), Answered::unreachable, e.answer);
}

inline log::CommandVerified pack(const CommandVerified& e) {
  log::CommandVerified m;
  m.set_command(e.command.text);
  m.set_reading(e.reading);
  return m;
}
inline bool unpack(const log::CommandVerified& m, CommandVerified& e) {
  e = {{m.command()}, m.reading()};
  return true;
}

inline log::CommandFailed pack(const CommandFailed& e) {
  log::CommandFailed m;
  m.set_command(e.command.text);
  m.set_kind(static_cast<std::uint32_t>(e.kind));
  m.set_detail(e.detail);
  return m;
}
inline bool unpack(const log::CommandFailed& m, CommandFailed& e) {
  e.command.text = m.command();
  e.detail = m.detail();
  return take(m.kind(), FailureKind::contradicted, e.kind);
}

inline log::CommandRolledBack pack(const CommandRolledBack& e) {
  log::CommandRolledBack m;
  m.set_command(e.command.text);
  m.set_rollback(e.rollback.text);
  return m;
}
inline bool unpack(const log::CommandRolledBack& m, CommandRolledBack& e) {
  e.command.text = m.command();
  e.rollback.text = m.rollback();
  return true;
}

inline log::RollbackSkipped pack(const RollbackSkipped& e) {
  log::RollbackSkipped m;
  m.set_command(e.command.text);
  m.set_why(e.why);
  return m;
}
inline bool unpack(const log::RollbackSkipped& m, RollbackSkipped& e) {
  e.command.text = m.command();
  e.why = m.why();
  return true;
}

inline log::LeaseRenewed pack(const LeaseRenewed& e) {
  log::LeaseRenewed m;
  m.set_command(e.command.text);
  m.set_device(e.device.text);
  m.set_until_us(e.until);
  return m;
}
inline bool unpack(const log::LeaseRenewed& m, LeaseRenewed& e) {
  e.command.text = m.command();
  e.device.text = m.device();
  e.until = m.until_us();
  return true;
}

inline log::LeaseEnded pack(const LeaseEnded& e) {
  log::LeaseEnded m;
  m.set_command(e.command.text);
  m.set_device(e.device.text);
  m.set_until_us(e.until);
  m.set_why(e.why);
  return m;
}
inline bool unpack(const log::LeaseEnded& m, LeaseEnded& e) {
  e.command.text = m.command();
  e.device.text = m.device();
  e.until = m.until_us();
  e.why = m.why();
  return true;
}

inline log::DeviceChanged pack(const DeviceChanged& e) {
  log::DeviceChanged m;
  m.set_device(e.device.text);
  m.set_on(e.on);
  m.set_reading(e.reading);
  return m;
}
inline bool unpack(const log::DeviceChanged& m, DeviceChanged& e) {
  e.device.text = m.device();
  e.on = m.on();
  e.reading = m.reading();
  return true;
}

inline log::StopEngaged pack(const StopEngaged& e) {
  log::StopEngaged m;
  m.set_reason(e.reason);
  return m;
}
inline bool unpack(const log::StopEngaged& m, StopEngaged& e) {
  e.reason = m.reason();
  return true;
}

inline log::StopLifted pack(const StopLifted& e) {
  log::StopLifted m;
  m.set_reason(e.reason);
  return m;
}
inline bool unpack(const log::StopLifted& m, StopLifted& e) {
  e.reason = m.reason();
  return true;
}

}  // namespace heliograph
