// What one device may be told, and where its current command stands. Pure: folded from the log, never from a
// clock. One command at a time per device: `in_flight` is the lock, with an owner and an expiry.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "events/event.hpp"
#include "events/record.hpp"

namespace heliograph {

/// Manual > automation > agent (CTL-10). A higher number wins.
int priority(PrincipalKind kind);
inline bool is_person(PrincipalKind kind) { return kind == PrincipalKind::user || kind == PrincipalKind::apikey; }

/// True when doing it can add draw or drain the battery. Shedding (off, 0 W) never energises.
bool energises(Action action, std::int64_t power_w);

/// The rule's trigger that a command serves: it asks again when the command comes to nothing.
struct Firer {
  RuleId rule;
  std::string trigger;
  std::uint32_t device = 0;  // DeviceIndex of the reading that fired
};

struct CommandState {
  CommandId command;
  Action action = Action::switch_off;
  std::int64_t power_w = 0;
  Principal owner;
  Position dispatched = 0;
  Micros dispatched_at = 0, expires_at = 0, verify_by = 0;
  std::optional<Firer> firer;  // commands of rules
};

struct DeviceState {
  DeviceRegistered about;
  bool registered = false;

  std::optional<bool> on;  // as last read; unset when never read, or after an unknown outcome
  Micros changed_at = 0;   // when `on` last became what it is; 0 = unknown
  std::optional<CommandState> in_flight;
  Micros manual_until = 0;  // automation keeps off until then
  std::deque<Micros> switched;  // dispatches of switch commands within the last hour (wear)

  // Draw that the grid meter may not show yet: counted on top of its reading (H15).
  std::int64_t reserved_w = 0;
  Micros reserved_since = 0;  // a grid reading newer than this contains it, once the command has ended
};

/// Longest that automation keeps off a device after a person's command.
inline constexpr Micros manual_hold = 60 * minute_us;
inline constexpr std::size_t switches_per_hour_max = 12;
inline constexpr std::int64_t nominal_w_max = 1'000'000'000;  // of one device; sums of a site stay far from overflow
/// A command must reach the device within this time, and be confirmed by a reading within the other.
inline constexpr Micros command_expiry = 30 * second_us;
inline constexpr Micros verify_deadline = 90 * second_us;

/// Folds a fact about this device's commands. Total: a fact leaves nothing to refuse.
void evolve(DeviceState& device, const Envelope& envelope, const CommandDispatched& event);
void evolve(DeviceState& device, const Envelope& envelope, const CommandVerified& event);
void evolve(DeviceState& device, const Envelope& envelope, const CommandFailed& event);
/// A reading of the device's own switch.
void observe_switch(DeviceState& device, bool on, Micros at);
/// True when this reading (newer than the dispatch) shows what the command in flight wanted.
bool confirms(const DeviceState& device, Metric metric, std::int64_t value, Micros at);

}  // namespace heliograph
