// What one device may be told, and where its current command stands. Pure: folded from the log, never from a
// clock. One command at a time per device: `in_flight` is the lock, with an owner and an expiry.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/event.hpp"
#include "events/record.hpp"

namespace heliograph {

/// Manual > automation > agent (CTL-10). A higher number wins.
int priority(PrincipalKind kind);
inline bool is_person(PrincipalKind kind) { return kind == PrincipalKind::user || kind == PrincipalKind::apikey; }

/// A mode that the device declares; null when it knows none of that name.
const DeviceMode* find_mode(const DeviceRegistered& about, std::string_view mode);

/// True when doing it can add draw or drain the battery. Shedding (off, 0 W, a mode that draws nothing) never energises.
bool energises(Action action, std::int64_t power_w);

/// A command as it is asked for. `about`: the command that a rollback or a safe state follows.
struct Proposal {
  DeviceId device;
  Action action = Action::switch_off;
  std::int64_t power_w = 0;
  Principal principal;
  Purpose purpose = Purpose::ordinary;
  CommandId about = {};
  std::string mode = {};
};

/// The rule's trigger that a command serves: it asks again when the command comes to nothing.
struct Firer {
  RuleId rule;
  std::string trigger;
  std::uint32_t device = 0;  // DeviceIndex of the reading that fired
};

/// From the request until it is refused, cancelled or sent.
struct PendingCommand {
  CommandId command;
  Proposal proposal;
  Position requested = 0;
  std::string correlation;
  std::optional<Waiting> what;  // none only within the turn that asks
  Micros until = 0, not_before = 0;
  bool approved = false;
  Digest shown{};  // of what people were asked to say yes to
  std::array<std::uint8_t, 4> wrong_codes{};  // by ApprovalChannel
  std::optional<Firer> firer;                 // commands of rules
};

/// On its way: sent, and not yet known to be done or failed.
struct CommandState {
  CommandId command;
  Proposal proposal;
  Position dispatched = 0;  // the latest try
  std::string correlation;
  Micros dispatched_at = 0, expires_at = 0, verify_by = 0;
  std::uint32_t retry = 0;
  std::optional<Micros> accepted_at;  // of the latest try
  Micros next_try = 0;                // 0 = none is planned
  std::optional<bool> on_before;      // the state that a rollback would restore
  std::optional<std::int64_t> power_before;
  std::optional<std::string> mode_before;
  bool changed_by_hand = false;       // since the first try
  std::optional<Firer> firer;
};

/// The device's own timer runs: it returns to its safe state at `until` unless it hears from us.
struct Lease {
  CommandId command;
  Proposal proposal;
  Position cause = 0;   // of its latest word: the dispatch, or the last renewal
  Micros until = 0;
  Micros renew_at = 0;  // 0 = it is left to run out
};

/// A rule switched it.
struct RuleSwitch {
  RuleId rule;
  bool on = false;
  Micros at = 0;
  Position dispatched = 0;
  bool operator==(const RuleSwitch&) const = default;
};

struct DeviceState {
  DeviceRegistered about;
  bool registered = false;

  std::optional<bool> on;  // as last read; unset when never read, or after an unknown outcome
  std::optional<std::int64_t> power_w;  // likewise, of what can be set
  std::optional<std::string> mode;      // likewise
  Micros changed_at = 0;   // when `on` last became what it is; 0 = unknown
  std::optional<CommandState> in_flight;
  Micros may_arrive_until = 0;  // a command that was given up can still come about: until then a reading confirms no other
  std::optional<Lease> lease;
  Micros manual_until = 0;  // automation keeps off until then
  std::deque<Micros> switched;  // dispatches of switch commands within the last hour (wear)
  std::deque<RuleSwitch> by_rules;  // those of rules within an hour of the latest (H14); forgotten when a person saves the rule

  Micros soc_moved_at = 0;  // when its state of charge last changed, or nothing moved it: later means stuck (H5)
  std::uint32_t soc_repeats = 0;  // readings since then that said the same

  // What people should hear of (alerts.hpp); 0 = nothing is wrong.
  Micros failed_at = 0, refused_at = 0;
  Position failed = 0, refused = 0;
  std::string refused_by = {};  // the rule of safety

  // Draw of the last command that may have come about, which the grid meter may not show yet (H15).
  std::int64_t reserved_w = 0;
  Micros reserved_since = 0;  // a grid reading newer than this contains it
};

/// Longest that automation keeps off a device after a person's command, or after somebody switched it by hand.
inline constexpr Micros manual_hold = 60 * minute_us;
inline constexpr std::size_t switches_per_hour_max = 12;
/// More often within an hour no two rules may switch a device against each other (H14).
inline constexpr std::size_t opposite_switches_max = 4;
inline constexpr std::int64_t nominal_w_max = 1'000'000'000;  // of one device; sums of a site stay far from overflow
/// A command must reach the device within the first time (through a cloud, whose readings lag, within the second), and be
/// confirmed by a reading within the third.
inline constexpr Micros command_expiry = 30 * second_us, cloud_command_expiry = 60 * second_us;
inline constexpr Micros verify_deadline = 90 * second_us;
/// Readings measured so soon after a device accepted may still show what was before, whatever it promises.
inline constexpr Micros settle_least = 2 * second_us;
/// A device that says nothing for so long was not reached.
inline constexpr Micros answer_within = 5 * second_us;
/// After the first, second and third try.
inline constexpr std::array<Micros, 3> retry_after{1'500'000, 5 * second_us, 15 * second_us};
inline constexpr std::uint32_t retries_max = 2;

/// How long a command to this device stays valid.
Micros expiry_of(const DeviceRegistered& about);
/// Draw that the command adds to the site, W; never more than the device can take, so that sums stay far from overflow.
std::int64_t added_draw(const DeviceRegistered& about, Action action, std::int64_t power_w);
/// Draw that a meter reading of this time cannot show yet: of the command in flight, or of the one before it.
std::int64_t draw_not_shown(const DeviceState& device, Micros reading_at);
/// True when the command takes the device out of its declared safe state: then a lease protects it, where it has one.
bool leaves_safe_state(const DeviceRegistered& about, Action action, std::int64_t power_w);

/// The rules that switch this device against each other, when they do it too often; else none. In the order of their names.
std::vector<RuleId> fighters(const DeviceState& device);

// Folds a fact about this device's commands. Total: a fact leaves nothing to refuse.
void evolve(DeviceState& device, const Envelope& envelope, const CommandDispatched& event, const PendingCommand* asked = nullptr);
void evolve(DeviceState& device, const Envelope& envelope, const CommandAnswered& event);
void evolve(DeviceState& device, const Envelope& envelope, const CommandVerified& event);
void evolve(DeviceState& device, const Envelope& envelope, const CommandFailed& event);
void evolve(DeviceState& device, const Envelope& envelope, const LeaseRenewed& event);
void evolve(DeviceState& device, const Envelope& envelope, const LeaseEnded& event);
void evolve(DeviceState& device, const Envelope& envelope, const DeviceChanged& event);

/// What a reading of a device's own state says beside itself.
enum class Sight : std::uint8_t { nothing, confirmed, contradicted, by_hand };
/// A reading of its switch, its power, or its mode (`word`). Folds it; says what it means for the command in flight, or that somebody else
/// switched.
Sight observe(DeviceState& device, Metric metric, std::int64_t value, Micros at, std::string_view word = {});

}  // namespace heliograph
