// Everything that can be a fact in the `decisions` part of the log. Plain values; a closed variant: a new
// alternative does not compile until codec, JSON and folds have thought about it. A stored type is never
// edited: add a version and an upcaster (events/upcast.hpp, CONTRIBUTING.md "Add an event").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "events/ids.hpp"
#include "events/metric.hpp"
#include "events/time.hpp"

namespace heliograph {

// ---- what a site is -------------------------------------------------------------------------------------

struct SiteConfigured {
  std::string name;
  std::string time_zone = "UTC";            // IANA name
  std::string currency = "EUR";             // ISO 4217
  std::int32_t soc_floor_permille = 200;    // critical floor: 200 at least (SAF-01)
  std::int64_t grid_import_w_max = 0;       // 0 = no limit declared
  bool automation = true;                   // rules may act
  bool operator==(const SiteConfigured&) const = default;
};

enum class DeviceKind : std::uint8_t { meter = 0, inverter, battery, plug, node, price };
/// What a device can be told to do; a device without capabilities is read-only.
enum class Action : std::uint8_t { switch_on = 0, switch_off, set_power };

struct DeviceRegistered {
  DeviceId device;
  DeviceKind kind = DeviceKind::meter;
  std::string name;
  bool can_switch = false;
  bool can_set_power = false;
  std::int64_t nominal_w = 0;              // draw when on (switch) or the largest |power| (set_power)
  Micros min_on = 0, min_off = 0;          // wear: shortest time in a state before the opposite command
  Micros hold = 15 * minute_us;            // how long a sample stands for its power: the interval for means
  Micros freshness = 5 * minute_us;        // older by source time = not usable for a decision
  bool operator==(const DeviceRegistered&) const = default;
};

struct RuleSaved {
  RuleId rule;
  Version rule_version = 0;  // 1, 2, ... per rule
  bool enabled = true;
  std::string document;      // canonical JSON of the rule (docs/RULES.md)
  bool operator==(const RuleSaved&) const = default;
};
struct RuleRemoved {
  RuleId rule;
  bool operator==(const RuleRemoved&) const = default;
};

// ---- what automation decided ------------------------------------------------------------------------------

enum class RuleOutcome : std::uint8_t { acted = 0, condition_not_met, cooling_down, automation_off, already_so };
/// A trigger became true. Recorded whether or not anything followed (RUL: all decisions are logged).
struct RuleFired {
  RuleId rule;
  Version rule_version = 0;
  Position rule_saved = 0;   // the rule.saved event with the rule's text as it was
  std::string trigger;       // the trigger's id in the rule
  DeviceId device;           // whose reading it was; empty for time triggers
  Metric metric{};           // 0 for time triggers
  std::int64_t value = missing, threshold = missing;  // stored units
  Position reading = 0;      // the reading that made it true
  bool by_timer = false;     // `for` or a time trigger ran out, rather than a reading arriving
  RuleOutcome outcome = RuleOutcome::acted;
  std::string detail;        // the condition that was not met, the end of the cooldown
  bool operator==(const RuleFired&) const = default;
};

struct NotificationRaised {
  std::string title, text;
  bool operator==(const NotificationRaised&) const = default;
};

// ---- the path of a command (docs/ARCHITECTURE.md) ----------------------------------------------------------

struct CommandRequested {
  CommandId command;
  DeviceId device;
  Action action = Action::switch_off;
  std::int64_t power_w = 0;  // for set_power: + discharge / - charge
  std::string reason;        // one sentence for people
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
struct CommandRefused {
  CommandId command;
  std::vector<Refusal> refusals;  // never empty; all reasons, not the first
  bool operator==(const CommandRefused&) const = default;
};
struct CommandAllowed {
  CommandId command;
  std::vector<Position> readings;  // what the verdict rests on
  bool operator==(const CommandAllowed&) const = default;
};
/// Durable BEFORE anything leaves the process.
struct CommandDispatched {
  CommandId command;
  DeviceId device;
  Action action = Action::switch_off;
  std::int64_t power_w = 0;
  Micros expires_at = 0;   // the device must not act after this
  Micros verify_by = 0;    // no confirming reading until then = outcome unknown
  bool operator==(const CommandDispatched&) const = default;
};
struct CommandVerified {
  CommandId command;
  Position reading = 0;  // the reading, newer than the dispatch, that shows the wanted state
  bool operator==(const CommandVerified&) const = default;
};
enum class FailureKind : std::uint8_t { not_sent = 0, device_error, outcome_unknown };
struct CommandFailed {
  CommandId command;
  FailureKind kind = FailureKind::device_error;
  std::string detail;
  bool operator==(const CommandFailed&) const = default;
};

// ---- emergency stop ----------------------------------------------------------------------------------------

struct StopEngaged {
  std::string reason;
  bool operator==(const StopEngaged&) const = default;
};
struct StopLifted {
  std::string reason;
  bool operator==(const StopLifted&) const = default;
};

// ---- the log about itself ------------------------------------------------------------------------------------

struct EngineStarted {
  std::string version, commit;
  bool clean = true;      // the previous run stopped in order
  bool operator==(const EngineStarted&) const = default;
};
struct EngineStopped {
  bool operator==(const EngineStopped&) const = default;
};
/// A file of history was read (ING, LOG-16); the readings follow or precede with the same correlation id.
struct HistoryImported {
  std::string file, sha256, preset;
  std::uint64_t rows_read = 0, rows_kept = 0, rows_dropped = 0;
  std::string report;  // JSON: why rows were dropped, gaps, duplicates
  bool operator==(const HistoryImported&) const = default;
};
/// Ed25519 signature over (position, seal) of the record before this one.
struct CheckpointSigned {
  Position covers = 0;
  std::string seal, key_id, signature;  // bytes
  bool operator==(const CheckpointSigned&) const = default;
};

using Event = std::variant<SiteConfigured, DeviceRegistered, RuleSaved, RuleRemoved, RuleFired, NotificationRaised,
                           CommandRequested, CommandRefused, CommandAllowed, CommandDispatched, CommandVerified,
                           CommandFailed, StopEngaged, StopLifted, EngineStarted, EngineStopped, HistoryImported,
                           CheckpointSigned>;

/// "command.refused": the stored type, dotted, past tense.
std::string_view type_name(const Event& event);
/// The schema version that this build writes for the event's type.
std::uint32_t schema_version(const Event& event);

std::string_view name(DeviceKind kind);
std::string_view name(Action action);
std::string_view name(RuleOutcome outcome);
std::string_view name(FailureKind kind);

}  // namespace heliograph
