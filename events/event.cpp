#include "events/event.hpp"

#include <array>
#include <initializer_list>

namespace heliograph {
namespace {

struct TypeRow {
  std::string_view name;
  std::uint32_t schema;
};
// In the order of the variant. Bump `schema` together with an upcaster (events/upcast.cpp).
constexpr std::array<TypeRow, std::variant_size_v<EventKinds>> types{{
    {"site.configured", 1},
    {"device.registered", 4},
    {"rule.saved", 1},
    {"rule.removed", 1},
    {"rule.fired", 1},
    {"notification.raised", 1},
    {"command.requested", 3},
    {"command.refused", 2},
    {"command.allowed", 2},
    {"command.dispatched", 3},
    {"command.verified", 1},
    {"command.failed", 2},
    {"stop.engaged", 1},
    {"stop.lifted", 1},
    {"engine.started", 2},
    {"engine.stopped", 1},
    {"history.imported", 1},
    {"checkpoint.signed", 1},
    {"command.waiting", 1},
    {"command.cancelled", 1},
    {"command.answered", 1},
    {"command.rolled_back", 1},
    {"command.rollback_skipped", 1},
    {"approval.requested", 1},
    {"approval.decided", 1},
    {"approval.attempt_failed", 1},
    {"lease.renewed", 1},
    {"lease.ended", 1},
    {"device.changed", 1},
    {"preferences.set", 1},
    {"alert.raised", 1},
    {"alert.acknowledged", 1},
    {"alert.cleared", 1},
    {"notification.settled", 1},
    {"clock.suspected", 1},
    {"clock.trusted", 1},
    {"tenant.configured", 1},
    {"user.saved", 1},
    {"user.removed", 1},
    {"invitation.made", 1},
    {"password.set", 1},
    {"totp.enrolled", 1},
    {"totp.removed", 1},
    {"second_factor.used", 1},
    {"session.began", 1},
    {"session.refreshed", 1},
    {"session.stepped_up", 1},
    {"session.ended", 1},
    {"login.failed", 1},
    {"api_key.made", 1},
    {"api_key.revoked", 1},
    {"access.refused", 1},
    {"readings.dropped", 1},
}};

/// Requires: the words of all of Enum, in its order.
template <class Enum>
std::string_view word(std::initializer_list<std::string_view> words, Enum value) {
  const auto number = static_cast<std::size_t>(value);
  return number < words.size() ? words.begin()[number] : *words.begin();
}

}  // namespace

static_assert(std::is_nothrow_move_constructible_v<EventKinds> && std::is_nothrow_move_assignable_v<EventKinds>);
Event::Event() = default;
Event::Event(const Event&) = default;
Event::Event(Event&&) noexcept = default;
Event& Event::operator=(const Event&) = default;
Event& Event::operator=(Event&&) noexcept = default;
Event::~Event() = default;
bool Event::operator==(const Event& other) const { return static_cast<const EventKinds&>(*this) == static_cast<const EventKinds&>(other); }

std::string_view type_name(const Event& event) { return types.at(event.index()).name; }
std::uint32_t schema_version(const Event& event) { return types.at(event.index()).schema; }

std::string_view name(DeviceKind value) { return word({"meter", "inverter", "battery", "plug", "node", "price"}, value); }
std::string_view name(SafeState value) { return word({"off", "on", "as_it_is"}, value); }
std::string_view name(RuleOutcome value) { return word({"acted", "condition_not_met", "cooling_down", "automation_off", "already_so"}, value); }
std::string_view name(Confirmation value) { return word({"always", "sometimes", "never"}, value); }
std::string_view name(Severity value) { return word({"info", "warning", "critical"}, value); }
std::string_view name(Action value) { return word({"switch_on", "switch_off", "set_power", "set_mode"}, value); }
std::string_view name(Purpose value) { return word({"ordinary", "rollback", "safe_state"}, value); }
std::string_view name(Waiting value) { return word({"approval", "device_busy", "device_offline", "its_turn"}, value); }
std::string_view name(Cancelled value) { return word({"replaced", "stopped", "expired", "denied", "clock_suspect", "by_person"}, value); }
std::string_view name(ApprovalChannel value) { return word({"web", "mail", "sms", "api"}, value); }
std::string_view name(Answered value) { return word({"accepted", "unreachable"}, value); }
std::string_view name(Role value) { return word({"viewer", "node_user", "operator", "auditor", "admin", "owner"}, value); }
std::string_view name(Permission value) {
  return word({"see", "operate", "write_readings", "configure", "lift", "audit", "see_people", "manage_people", "own_account", "manage_tenant", "host", "manage_tenants"}, value);
}
std::string_view name(SessionEnd value) {
  return word({"logged_out", "ended_by_user", "token_reused", "password_changed", "access_changed", "second_factor_changed"}, value);
}
std::string_view name(LoginFailure value) { return word({"password", "second_factor", "locked"}, value); }
std::string_view name(FailureKind value) { return word({"not_sent", "device_error", "outcome_unknown", "contradicted"}, value); }

}  // namespace heliograph
