// Alerts of a site: looked at once a minute, and at once when a fact may change them; raised and cleared as facts.
#include <algorithm>

#include "actors/core/site.hpp"

namespace heliograph {
namespace {

/// While it is so it is so: nothing to wait for.
bool ends_at_once(const std::string& alert) { return alert == "stop" || alert == "clock" || alert == "safe-mode"; }

}  // namespace

bool Site::fold_alert(const Envelope& envelope, const Event& event) {
  const auto open = [this](const std::string& alert) {
    return std::find_if(alerts_.begin(), alerts_.end(), [&](const OpenAlert& each) { return each.alert == alert; });
  };
  if (const auto* raised = std::get_if<AlertRaised>(&event)) {
    if (open(raised->alert) == alerts_.end()) alerts_.push_back({raised->alert, raised->severity, envelope.occurred_at, envelope.position, false});
  } else if (const auto* seen = std::get_if<AlertAcknowledged>(&event)) {
    if (const auto found = open(seen->alert); found != alerts_.end()) found->acknowledged = true;
  } else if (const auto* cleared = std::get_if<AlertCleared>(&event)) {
    if (const auto found = open(cleared->alert); found != alerts_.end()) alerts_.erase(found);
    if (cleared->alert == connection_alert) restored_at_ = envelope.occurred_at;
  } else {
    return false;
  }
  return true;
}

/// What went wrong with a device's commands, until one of them goes well.
void Site::note_trouble(const Envelope& envelope, const Event& event) {
  const auto in_flight = [this](const CommandId& command) {
    return std::find_if(devices_.begin(), devices_.end(), [&](const DeviceState& d) { return d.in_flight && d.in_flight->command == command; });
  };
  if (const auto* refused = std::get_if<CommandRefused>(&event)) {
    const PendingCommand* p = pending(refused->command);
    const auto why = std::find_if(refused->refusals.begin(), refused->refusals.end(), [](const Refusal& r) { return is_trouble(r.rule); });
    DeviceState* device = p == nullptr || is_person(p->proposal.principal.kind) || why == refused->refusals.end() ? nullptr : find_device(p->proposal.device);
    if (device == nullptr) return;
    device->refused_at = envelope.occurred_at, device->refused = envelope.position, device->refused_by = why->rule;
  } else if (const auto* allowed = std::get_if<CommandAllowed>(&event)) {
    const PendingCommand* p = pending(allowed->command);
    DeviceState* device = p == nullptr || !energises(p->proposal.action, p->proposal.power_w) ? nullptr : find_device(p->proposal.device);
    if (device == nullptr) return;
    device->refused_at = 0, device->refused = 0, device->refused_by.clear();
  } else if (const auto* failed = std::get_if<CommandFailed>(&event)) {
    const auto device = in_flight(failed->command);
    if (device == devices_.end() || failed->kind == FailureKind::not_sent) return;
    device->failed_at = envelope.occurred_at, device->failed = envelope.position;
  } else if (const auto* verified = std::get_if<CommandVerified>(&event)) {
    const auto device = in_flight(verified->command);
    if (device == devices_.end() || device->failed_at == 0) return;
    device->failed_at = 0, device->failed = 0;
  } else if (!std::holds_alternative<RuleSaved>(event) && !std::holds_alternative<RuleRemoved>(event) && !std::holds_alternative<StopEngaged>(event) && !std::holds_alternative<StopLifted>(event) && !std::holds_alternative<ClockSuspected>(event) &&
             !std::holds_alternative<ClockTrusted>(event)) {
    return;
  }
  look_at_ = 0;
}

Status Site::look_at_alerts(Micros at, Journal& journal) {
  if (woke_at_ == 0 || !configured_ || at < look_at_) return {};
  look_at_ = at + alert_look;
  const std::string stream = "site-" + key_.site.text;
  const auto now = troubles({view(at), alerts_, clock_suspect_, clock_position_, woke_at_}, at);
  for (const Trouble& trouble : now) {
    calm_since_.erase(trouble.alert);
    if (std::any_of(alerts_.begin(), alerts_.end(), [&](const OpenAlert& open) { return open.alert == trouble.alert; })) continue;
    if (auto done = note(draft(stream, {}, trouble.cause, {}, at, AlertRaised{trouble.alert, trouble.severity, trouble.text}), journal); !done) return done;
  }
  const std::vector<OpenAlert> open = alerts_;
  for (const OpenAlert& alert : open) {
    if (std::any_of(now.begin(), now.end(), [&](const Trouble& trouble) { return trouble.alert == alert.alert; })) continue;
    const Micros calm_since = calm_since_.try_emplace(alert.alert, at).first->second;
    if (!ends_at_once(alert.alert) && at - calm_since < alert_calm) continue;
    calm_since_.erase(alert.alert);
    if (auto done = note(draft(stream, {}, alert.raised, {}, at, AlertCleared{alert.alert}), journal); !done) return done;
  }
  return {};
}

Status Site::acknowledge(const std::string& alert, const Principal& principal, Micros at, Journal& journal) {
  const auto open = std::find_if(alerts_.begin(), alerts_.end(), [&](const OpenAlert& each) { return each.alert == alert; });
  if (open == alerts_.end()) return fail(Errc::not_found, "No alert \"" + alert + "\" is open at this site.");
  if (!is_person(principal.kind) || principal.name.empty()) return fail(Errc::refused, "Only a named person can say that they have seen an alert.");
  if (open->acknowledged) return {};
  return note(draft("site-" + key_.site.text, principal, open->raised, {}, at, AlertAcknowledged{alert}), journal);
}

}  // namespace heliograph
