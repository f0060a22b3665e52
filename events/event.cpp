#include "events/event.hpp"

#include <array>

namespace heliograph {
namespace {

struct TypeRow {
  std::string_view name;
  std::uint32_t schema;
};
// In the order of the variant. Bump `schema` together with an upcaster (events/upcast.cpp).
constexpr std::array<TypeRow, std::variant_size_v<Event>> types{{
    {"site.configured", 1},
    {"device.registered", 2},  // 2: freshness (upcast.cpp)
    {"rule.saved", 1},
    {"rule.removed", 1},
    {"rule.fired", 1},
    {"notification.raised", 1},
    {"command.requested", 1},
    {"command.refused", 1},
    {"command.allowed", 1},
    {"command.dispatched", 1},
    {"command.verified", 1},
    {"command.failed", 1},
    {"stop.engaged", 1},
    {"stop.lifted", 1},
    {"engine.started", 1},
    {"engine.stopped", 1},
    {"history.imported", 1},
    {"checkpoint.signed", 1},
}};

}  // namespace

std::string_view type_name(const Event& event) { return types.at(event.index()).name; }
std::uint32_t schema_version(const Event& event) { return types.at(event.index()).schema; }

std::string_view name(DeviceKind kind) {
  switch (kind) {
    case DeviceKind::meter: return "meter";
    case DeviceKind::inverter: return "inverter";
    case DeviceKind::battery: return "battery";
    case DeviceKind::plug: return "plug";
    case DeviceKind::node: return "node";
    case DeviceKind::price: return "price";
  }
  return "meter";
}

std::string_view name(Action action) {
  switch (action) {
    case Action::switch_on: return "switch_on";
    case Action::switch_off: return "switch_off";
    case Action::set_power: return "set_power";
  }
  return "switch_off";
}

std::string_view name(RuleOutcome outcome) {
  switch (outcome) {
    case RuleOutcome::acted: return "acted";
    case RuleOutcome::condition_not_met: return "condition_not_met";
    case RuleOutcome::cooling_down: return "cooling_down";
    case RuleOutcome::automation_off: return "automation_off";
    case RuleOutcome::already_so: return "already_so";
  }
  return "acted";
}

std::string_view name(FailureKind kind) {
  switch (kind) {
    case FailureKind::not_sent: return "not_sent";
    case FailureKind::device_error: return "device_error";
    case FailureKind::outcome_unknown: return "outcome_unknown";
  }
  return "device_error";
}

}  // namespace heliograph
