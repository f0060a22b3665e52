#include "sim/dry_run_past.hpp"

#include <algorithm>
#include <set>

namespace heliograph {
namespace {

// Rules and schedules are what is being tried; what people, agents and other systems asked for happens again.
bool asked_from_outside(const Principal& principal) {
  return principal.kind == PrincipalKind::user || principal.kind == PrincipalKind::apikey ||
         principal.kind == PrincipalKind::agent;
}

class Reader {
 public:
  Reader(Micros from, Micros to, bool with_rules) : from_(from), to_(to), with_rules_(with_rules) {}

  void read(const RecordPtr& record) {
    const Event& event = record->event();
    const Micros at = record->envelope.occurred_at;
    if (const auto* saved = std::get_if<RuleSaved>(&event)) past_.rules_now[saved->rule] = record;
    if (const auto* removed = std::get_if<RuleRemoved>(&event)) past_.rules_now.erase(removed->rule);
    if (std::holds_alternative<HistoryImported>(event)) past_.imports.push_back(record);
    if (const auto* sent = std::get_if<CommandDispatched>(&event); sent && sent->retry == 0 && at >= from_ && at < to_)
      past_.sent.push_back({at, sent->device, sent->action, sent->power_w, sent->mode, false});
    if (!wanted(event, record->envelope)) return;
    if (at <= from_)
      past_.before.push_back(record);
    else if (first_description(event, at))
      return past_.before.push_back(record);
    else if (at < to_)
      past_.during.push_back(record);
  }

  Past finish() {
    const auto by_time = [](const RecordPtr& a, const RecordPtr& b) {
      return a->envelope.occurred_at < b->envelope.occurred_at;
    };
    std::stable_sort(past_.during.begin(), past_.during.end(), by_time);
    std::stable_sort(past_.sent.begin(), past_.sent.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
    return std::move(past_);
  }

 private:
  bool wanted(const Event& event, const Envelope& envelope) const {
    // What followed from a command follows again by itself.
    if (const auto* asked = std::get_if<CommandRequested>(&event))
      return asked->purpose == Purpose::ordinary && asked_from_outside(envelope.principal) && envelope.occurred_at >= from_;
    if (std::holds_alternative<RuleSaved>(event) || std::holds_alternative<RuleRemoved>(event)) return with_rules_;
    return std::holds_alternative<SiteConfigured>(event) || std::holds_alternative<DeviceRegistered>(event) ||
           std::holds_alternative<PreferencesSet>(event) ||
           std::holds_alternative<StopEngaged>(event) || std::holds_alternative<StopLifted>(event);
  }

  /// A site or device that was described only after the period began is taken as if it had been all along.
  bool first_description(const Event& event, Micros at) {
    const bool late = at > from_;
    if (std::holds_alternative<SiteConfigured>(event)) {
      const bool first = std::none_of(past_.before.begin(), past_.before.end(), [](const RecordPtr& r) {
        return std::holds_alternative<SiteConfigured>(r->event());
      });
      if (first && late) past_.settings_after_start = true;
      return first;
    }
    if (const auto* device = std::get_if<DeviceRegistered>(&event)) {
      const bool first = std::none_of(past_.before.begin(), past_.before.end(), [&](const RecordPtr& r) {
        const auto* known = std::get_if<DeviceRegistered>(&r->event());
        return known && known->device == device->device;
      });
      if (first && late) past_.devices_after_start = true;
      return first;
    }
    return false;
  }

  Micros from_, to_;
  bool with_rules_;
  Past past_;
};

}  // namespace

Past read_past(const std::vector<RecordPtr>& decisions, Micros from, Micros to, bool with_rules) {
  Reader reader(from, to, with_rules);
  for (const RecordPtr& record : decisions)
    if (!record->is_readings()) reader.read(record);
  return reader.finish();
}

}  // namespace heliograph
