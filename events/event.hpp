// Everything that can be a fact in the `decisions` part of the log. Plain values; a closed variant: a new
// alternative does not compile until codec, JSON and folds have thought about it. A stored type is never
// edited: add a version and an upcaster (events/upcast.hpp, CONTRIBUTING.md "Add an event").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "events/command_events.hpp"
#include "events/ids.hpp"
#include "events/metric.hpp"
#include "events/people_events.hpp"
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
/// What a device does when nobody tells it anything: the direction that is safe.
enum class SafeState : std::uint8_t { off = 0, on, as_it_is };
/// A way of working that a device can be told, named as its readings name it ("PASSIVE"). It energises when it draws anything.
struct DeviceMode {
  std::string mode;         // 1 to 40 characters
  std::int64_t draw_w = 0;  // the most that the device draws in it; 0 or more
  bool operator==(const DeviceMode&) const = default;
};

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
  SafeState safe_state = SafeState::off;
  Micros lease = 0;                        // its own timer, which returns it to its safe state; 0 = it has none
  Micros settle = 0;                       // so long after a command its readings may still show the old state (clouds: 30 s)
  bool needs_approval = false;             // a person says yes to each command
  std::int64_t capacity_wh = 0;            // of a battery, usable; 0 = not known: no forecast
  std::string hardware = {};               // serial or MAC; empty = not bound. Another one answers: the wrong device
  std::string environment = {};            // "production", "test"; empty = any. Differs from the host's: never commanded
  std::vector<DeviceMode> modes = {};      // that can be set; at most 16, no name twice
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

// ---- what people want of a site ----------------------------------------------------------------------------------

/// always: every command of automation and of people waits for a yes; sometimes: those of agents, and those to devices that
/// say so; never: only those of agents.
enum class Confirmation : std::uint8_t { always = 0, sometimes, never };
/// Minutes of the local day, [from, to); wraps past midnight; from == to means no window.
struct DayWindow {
  std::int32_t from_minute = 0, to_minute = 0;
  bool operator==(const DayWindow&) const = default;
};
/// Wishes within what the site (SiteConfigured) and the host's configuration allow. Defaults: PRF-01 to PRF-03.
struct PreferencesSet {
  std::int32_t min_soc_permille = 300;      // automation drains nothing at or below
  std::int32_t target_soc_permille = 800;   // automation charges no further
  std::int32_t pause_below_permille = 500;  // automation switches no load on below
  std::int32_t resume_above_permille = 800; // what a guard waits for before it resumes
  std::int64_t grid_import_w_max = 0;       // 0 = the site's limit alone
  DayWindow solar_hours;                    // automation adds load from surplus only
  DayWindow rest_hours;                     // automation switches nothing on
  bool auto_pause = true;                   // false: a person approves every switching by automation
  Confirmation confirmation = Confirmation::sometimes;
  std::string mail, sms;                    // where approvals, results and alerts go; empty = nowhere
  bool critical_only = false;
  DayWindow quiet_hours;                    // only what is critical is sent, the rest afterwards
  bool operator==(const PreferencesSet&) const = default;
};

// ---- alerts and what was told to people ---------------------------------------------------------------------------

enum class Severity : std::uint8_t { info = 0, warning, critical };
struct AlertRaised {
  std::string alert;   // what it is about: "device-offline/miner-1"; one open at a time
  Severity severity = Severity::warning;
  std::string text;
  bool operator==(const AlertRaised&) const = default;
};
struct AlertAcknowledged {
  std::string alert;
  bool operator==(const AlertAcknowledged&) const = default;
};
struct AlertCleared {
  std::string alert;
  bool operator==(const AlertCleared&) const = default;
};
/// A channel took it, or will not. `about` = the position of what was to be told.
struct NotificationSettled {
  Position about = 0;
  std::string channel;    // "mail", "sms", "slack", ...
  bool delivered = false;
  std::string detail;     // the channel's reference, or why not
  bool operator==(const NotificationSettled&) const = default;
};

// ---- the clock ---------------------------------------------------------------------------------------------------

/// Wall and monotonic time disagree by more than a minute: schedules pause, approvals are void; stop and people go on.
struct ClockSuspected {
  Micros step = 0;
  bool operator==(const ClockSuspected&) const = default;
};
struct ClockTrusted {
  bool operator==(const ClockTrusted&) const = default;
};

// ---- the log about itself ------------------------------------------------------------------------------------

struct EngineStarted {
  std::string version, commit;
  bool clean = true;      // the previous run stopped in order
  bool safe_mode = false;  // too many unclean ends: nothing is commanded
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

/// Hours of a week that stay when their readings go, as the view of series stores them (projections/rollup.hpp).
struct KeptHours {
  DeviceId device;
  Metric metric{};
  Micros week = 0;    // when it begins, counted from 1970-01-01 on
  std::string hours;  // encode_hours
  bool operator==(const KeptHours&) const = default;
};
/// The tenant keeps readings for so long and no longer: those of the site in batches before a position are gone, and what stays of
/// them is every hour to which one of them counts.
struct ReadingsDropped {
  Position from = 0, before = 0;  // borders of segments; none of the site's readings lie in front of `from`
  std::int32_t kept_days = 0;   // the tenant's retention_days
  std::uint64_t readings = 0;   // how many went
  std::vector<KeptHours> hours;
  bool operator==(const ReadingsDropped&) const = default;
};

using EventKinds = std::variant<SiteConfigured, DeviceRegistered, RuleSaved, RuleRemoved, RuleFired, NotificationRaised,
                                CommandRequested, CommandRefused, CommandAllowed, CommandDispatched, CommandVerified,
                                CommandFailed, StopEngaged, StopLifted, EngineStarted, EngineStopped, HistoryImported,
                                CheckpointSigned, CommandWaiting, CommandCancelled, CommandAnswered, CommandRolledBack, RollbackSkipped,
                                ApprovalRequested, ApprovalDecided, ApprovalAttemptFailed, LeaseRenewed, LeaseEnded, DeviceChanged,
                                PreferencesSet, AlertRaised, AlertAcknowledged, AlertCleared, NotificationSettled, ClockSuspected,
                                ClockTrusted, TenantConfigured, UserSaved, UserRemoved, InvitationMade, PasswordSet, TotpEnrolled,
                                TotpRemoved, SecondFactorUsed, SessionBegan, SessionRefreshed, SessionSteppedUp, SessionEnded, LoginFailed,
                                ApiKeyMade, ApiKeyRevoked, AccessRefused, ReadingsDropped>;

template <class T, class... Kind>
constexpr bool is_one_of(const std::variant<Kind...>*) { return (std::is_same_v<T, Kind> || ...); }

/// One of them. What has to know every kind (copying, moving, comparing) is made once, in event.cpp: the compiler needs a second for
/// it wherever it is made, and events go everywhere.
class Event : public EventKinds {
 public:
  Event();
  template <class T>
    requires(is_one_of<T>(static_cast<const EventKinds*>(nullptr)))
  Event(T fact) : EventKinds(std::in_place_type<T>, std::move(fact)) {}  // NOLINT: a fact is an event
  Event(const Event&);
  Event(Event&&) noexcept;
  Event& operator=(const Event&);
  Event& operator=(Event&&) noexcept;
  ~Event();
  bool operator==(const Event&) const;
};

/// "command.refused": the stored type, dotted, past tense.
std::string_view type_name(const Event& event);
/// The schema version that this build writes for the event's type.
std::uint32_t schema_version(const Event& event);

std::string_view name(DeviceKind kind);
std::string_view name(SafeState state);
std::string_view name(RuleOutcome outcome);
std::string_view name(Confirmation confirmation);
std::string_view name(Severity severity);

}  // namespace heliograph
