// The path of a command as facts: asked, judged, approved, sent, shown by a reading; what a device did on its own; the emergency
// stop. Part of events/event.hpp, which holds the variant.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "events/ids.hpp"
#include "events/time.hpp"

namespace heliograph {

/// What a device can be told to do; a device without capabilities is read-only.
enum class Action : std::uint8_t { switch_on = 0, switch_off, set_power, set_mode };
inline bool is_switch(Action action) { return action == Action::switch_on || action == Action::switch_off; }
/// What a command is for. A rollback puts back what was before a command that failed; safe_state follows an emergency stop.
enum class Purpose : std::uint8_t { ordinary = 0, rollback, safe_state };

// ---- asked and judged ----------------------------------------------------------------------------------------

struct CommandRequested {
  CommandId command;
  DeviceId device;
  Action action = Action::switch_off;
  std::int64_t power_w = 0;  // for set_power: + discharge / - charge; for set_mode: the most that it draws in this mode
  std::string reason;        // one sentence for people
  Purpose purpose = Purpose::ordinary;
  CommandId about = {};      // the command that a rollback or safe state follows; that a retry by hand repeats
  std::string mode = {};     // for set_mode, as the device names it
  bool operator==(const CommandRequested&) const = default;
};

/// One reason of a refusal: which rule of safety, its limit, what was found, and the reading that said so.
struct Refusal {
  std::string rule;                 // "soc-floor", "grid-limit", "stale", "stop", "min-off", ... (docs/SAFETY.md)
  std::string sentence;
  std::optional<std::int64_t> limit, actual;  // in `unit`
  std::string unit;                 // "permille", "W", "s", ""
  Position reading = 0;             // 0 where no reading is involved
  bool operator==(const Refusal&) const = default;
};
/// Also of a command that waited: then it was judged again when its turn came.
struct CommandRefused {
  CommandId command;
  std::vector<Refusal> refusals;  // never empty; all reasons, not the first
  Position snapshot = 0;          // everything up to here was known; 0 in old logs
  bool operator==(const CommandRefused&) const = default;
};
struct CommandAllowed {
  CommandId command;
  std::vector<Position> readings;  // what the verdict rests on
  Position snapshot = 0;           // everything up to here was known; 0 in old logs
  bool operator==(const CommandAllowed&) const = default;
};

/// What a command waits for before it is judged once more and sent.
enum class Waiting : std::uint8_t { approval = 0, device_busy, device_offline, its_turn };
struct CommandWaiting {
  CommandId command;
  Waiting what = Waiting::device_busy;
  Micros until = 0;       // cancelled then
  Micros not_before = 0;  // its_turn: loads come back one by one
  bool operator==(const CommandWaiting&) const = default;
};
enum class Cancelled : std::uint8_t { replaced = 0, stopped, expired, denied, clock_suspect, by_person };
/// It waited, and was never sent.
struct CommandCancelled {
  CommandId command;
  Cancelled why = Cancelled::expired;
  std::string detail;
  bool operator==(const CommandCancelled&) const = default;
};

// ---- approved --------------------------------------------------------------------------------------------------

enum class ApprovalChannel : std::uint8_t { web = 0, mail, sms, api };
/// A person must say yes before the command is judged again and sent. `sentence` is what people read, made of the command's
/// fields; proofs by mail and SMS are bound to it.
struct ApprovalRequested {
  CommandId command;
  std::string sentence;
  Micros expires_at = 0;
  bool operator==(const ApprovalRequested&) const = default;
};
struct ApprovalDecided {
  CommandId command;
  bool granted = false;
  ApprovalChannel channel = ApprovalChannel::web;
  bool operator==(const ApprovalDecided&) const = default;
};
/// A wrong code. After five on a channel, that channel cannot approve this command any more.
struct ApprovalAttemptFailed {
  CommandId command;
  ApprovalChannel channel = ApprovalChannel::mail;
  bool operator==(const ApprovalAttemptFailed&) const = default;
};

// ---- sent ------------------------------------------------------------------------------------------------------

/// Durable BEFORE anything leaves the process. Again with the same command: another try of it.
struct CommandDispatched {
  CommandId command;
  DeviceId device;
  Action action = Action::switch_off;
  std::int64_t power_w = 0;
  Micros expires_at = 0;    // the device must not act after this
  Micros verify_by = 0;     // no confirming reading until then = outcome unknown
  std::uint32_t retry = 0;  // 0 = the first try
  Micros lease = 0;         // the device's own timer returns it to its safe state after this; 0 = it has none
  Purpose purpose = Purpose::ordinary;
  std::string hardware = {};  // the only device that it is meant for; empty = not bound
  std::string mode = {};      // for set_mode
  bool operator==(const CommandDispatched&) const = default;
};
enum class Answered : std::uint8_t { accepted = 0, unreachable };
/// What came back from one try. Accepted is not done, and unreachable is not failed: the device may have heard.
struct CommandAnswered {
  CommandId command;
  std::uint32_t retry = 0;
  Answered answer = Answered::accepted;
  Micros next_try = 0;  // 0 = none
  std::string detail;
  bool operator==(const CommandAnswered&) const = default;
};
struct CommandVerified {
  CommandId command;
  Position reading = 0;  // the reading, newer than the dispatch, that shows the wanted state
  bool operator==(const CommandVerified&) const = default;
};
/// contradicted: a reading that must know better shows another state after all tries.
enum class FailureKind : std::uint8_t { not_sent = 0, device_error, outcome_unknown, contradicted };
struct CommandFailed {
  CommandId command;
  FailureKind kind = FailureKind::device_error;
  std::string detail;
  bool operator==(const CommandFailed&) const = default;
};
struct CommandRolledBack {
  CommandId command, rollback;
  bool operator==(const CommandRolledBack&) const = default;
};
struct RollbackSkipped {
  CommandId command;
  std::string why;
  bool operator==(const RollbackSkipped&) const = default;
};

// ---- leases, and what devices do on their own --------------------------------------------------------------------

/// Durable before the device hears it: its timer starts again.
struct LeaseRenewed {
  CommandId command;
  DeviceId device;
  Micros until = 0;
  bool operator==(const LeaseRenewed&) const = default;
};
/// Not renewed any more: the device returns to its safe state by itself at `until`.
struct LeaseEnded {
  CommandId command;
  DeviceId device;
  Micros until = 0;
  std::string why;
  bool operator==(const LeaseEnded&) const = default;
};
/// A wall switch, or the maker's app: no command of ours explains this reading. Automation keeps off for the hold.
struct DeviceChanged {
  DeviceId device;
  bool on = false;
  Position reading = 0;
  bool operator==(const DeviceChanged&) const = default;
};

// ---- emergency stop ----------------------------------------------------------------------------------------------

struct StopEngaged {
  std::string reason;
  bool operator==(const StopEngaged&) const = default;
};
struct StopLifted {
  std::string reason;
  bool operator==(const StopLifted&) const = default;
};

std::string_view name(Action action);
std::string_view name(Purpose purpose);
std::string_view name(Waiting what);
std::string_view name(Cancelled why);
std::string_view name(ApprovalChannel channel);
std::string_view name(Answered answer);
std::string_view name(FailureKind kind);

}  // namespace heliograph
