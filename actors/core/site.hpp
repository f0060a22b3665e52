// One site: the state of its devices, rules and safety, and what it decides. Pure: time comes in, facts go out
// through the Journal. `evolve` folds a fact; every other call decides, appends, and folds what it appended. So a
// restart (evolve over the log), the live engine and a dry run hold the same state and run the same decisions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/core/alerts.hpp"
#include "actors/core/expected.hpp"
#include "actors/core/journal.hpp"
#include "actors/core/rule_engine.hpp"
#include "actors/core/safety.hpp"

namespace heliograph {

/// A request at the gate, from a person, an agent or another system.
struct Ask {
  Proposal proposal;
  std::string reason;
  std::string correlation;      // trace id; empty = made from the position
  std::string idempotency_key;
  Digest fingerprint{};
  Micros wait_online = 0;       // wait so long for a device that is offline; 0 = refuse at once
};

/// What the gate answered: dispatched, waiting, or refused with every reason.
struct CommandAnswer {
  CommandId command;
  Position requested = 0, decided = 0;
  std::vector<Refusal> refusals;
  std::optional<Waiting> waiting;
  Micros until = 0;  // waits at most so long
};

/// What a device said about a command that it was sent.
struct DeviceAnswer {
  /// accepted: it heard; done is what a reading shows. device_error: it refused, and did nothing. not_sent: it cannot have
  /// heard. unreachable: nobody knows whether it heard.
  enum class Kind : std::uint8_t { accepted, device_error, not_sent, unreachable };
  CommandId command;
  Kind kind = Kind::accepted;
  std::string detail;
  std::uint32_t retry = 0;  // which try it answers
  std::string hardware = {};  // who answered; empty = it did not say
};

/// A person's yes or no to a command that waits. The shell has checked the proof that the channel asks for.
struct ApprovalAnswer {
  CommandId command;
  bool granted = false;
  ApprovalChannel channel = ApprovalChannel::web;
  Principal principal;
  bool proven = false;
};

inline constexpr Micros approval_expiry = 5 * minute_us;
inline constexpr std::uint8_t wrong_codes_max = 5;
/// Devices of a site that nobody registered.
inline constexpr std::size_t strangers_max = 10'000;
/// Longest that a command waits for a device that is busy.
inline constexpr Micros busy_wait_max = 2 * minute_us;
/// After a start, loads come back one by one for so long, with gaps between these bounds (H16).
inline constexpr Micros calm_start = 10 * minute_us, gap_least = 5 * second_us, gap_most = 30 * second_us;

class Site {
 public:
  explicit Site(SiteKey key);

  /// Folds one fact of this site (recovery). Reactions are not repeated: what followed is in the log, too. A batch is
  /// folded row by row between the decisions of its turn, exactly as it happened; `settle` folds what is left of it.
  void evolve(const RecordPtr& record);
  void settle();

  // ---- decisions: each is one turn ------------------------------------------------------------------------

  /// Appends the batch, folds it row by row, lets rules react and safety judge. History only folds into views.
  Status take_readings(ReadingsPtr batch, PackedReadings packed, const Principal& principal, Micros at, Journal& journal,
                       std::string idempotency_key = {}, const Digest& fingerprint = {});
  Result<CommandAnswer> ask(const Ask& ask, Micros at, Journal& journal);
  Status answered(const DeviceAnswer& answer, Micros at, Journal& journal);
  /// A yes is judged again before anything is sent. Errors: not_found (no such command waits for it), refused (no person, wrong
  /// code, channel shut after five of them).
  Result<CommandAnswer> approve(const ApprovalAnswer& answer, Micros at, Journal& journal, std::string idempotency_key = {}, const Digest& fingerprint = {});
  /// Takes back a command that waits. Errors: not_found, refused (no person).
  Status cancel(const CommandId& command, const Principal& principal, Micros at, Journal& journal);
  /// The process has just started: what was on its way comes first, loads come back one by one, and alerts are watched from
  /// now on. Not of the log.
  void woke(Micros at) { woke_at_ = at, look_at_ = at + alert_look; }
  /// Timers: of rules, of commands that wait or are on their way, of leases.
  Status tick(Micros at, Journal& journal);
  /// The newest moment at which `tick` has something to do.
  std::optional<Micros> next_due(Micros after) const;

  Status engage_stop(const Principal& principal, const std::string& reason, Micros at, Journal& journal);
  /// Refused without a named person or when nothing is stopped.
  Status lift_stop(const Principal& principal, const std::string& reason, Micros at, Journal& journal);
  Result<RecordPtr> save_rule(const Rule& rule, const Principal& principal, Micros at, Journal& journal,
                              std::string idempotency_key = {}, const Digest& fingerprint = {});
  Status remove_rule(const RuleId& rule, const Principal& principal, Micros at, Journal& journal);
  /// Wall and monotonic time disagree by `step`, or agree again. Commands that wait are void; schedules pause.
  Status suspect_clock(Micros step, Micros at, Journal& journal);
  Status trust_clock(const Principal& principal, Micros at, Journal& journal);
  /// Somebody has seen it. Errors: not_found (no such alert is open), refused (no person).
  Status acknowledge(const std::string& alert, const Principal& principal, Micros at, Journal& journal);
  Status prefer(const PreferencesSet& wishes, const Principal& principal, Micros at, Journal& journal);
  /// Whether `configure` would take them.
  Status check_settings(const SiteConfigured& settings) const;
  Status configure(const SiteConfigured& settings, const Principal& principal, Micros at, Journal& journal);
  Status register_device(const DeviceRegistered& device, const Principal& principal, Micros at, Journal& journal);

  /// Asked by the adapter's shell after the dispatch became durable, as the last thing before the device hears it.
  std::optional<std::string> why_not_send(const CommandDispatched& command, Micros at) const;
  std::optional<std::string> why_not_renew(const LeaseRenewed& renewal, Micros at) const;

  // ---- the row-level path under take_readings, for the dry run -------------------------------------------------

  /// Folds one live value into site_now, devices and rule memory; firings wait for `react`.
  void observe(DeviceIndex device, Metric metric, std::int64_t value, Micros at, Position position);
  bool has_reactions() const { return !firings_.empty() || !sightings_.empty(); }
  /// Acts on what `observe` found.
  Status react(Micros at, Journal& journal);
  /// Acts on one firing found by another way (the dry run's fast path).
  Status react_to(const Firing& firing, Micros at, Journal& journal);

  // ---- state --------------------------------------------------------------------------------------------------

  /// Position of the fact that made something as it is: "settings", "preferences", "device/miner-1", "rule/guard"; 0 = it never was.
  Position version(const std::string& of) const;
  /// Asked in the turn that replaces it. Errors, pointing at /if-match: conflict (it is another version), invalid (unsaid).
  Status expect(const std::string& of, const Expected& expected) const;

  const SiteKey& key() const { return key_; }
  const SiteNow& now() const { return now_; }
  SiteNow& now() { return now_; }
  const SiteConfigured& settings() const { return settings_; }
  const Zone& zone() const { return zone_; }
  const std::vector<DeviceState>& devices() const { return devices_; }
  const DeviceState* device(const DeviceId& id) const;
  const RuleEngine& rules() const { return rules_; }
  bool stopped() const { return stopped_; }
  bool clock_suspect() const { return clock_suspect_; }
  const PreferencesSet& wishes() const { return wishes_; }
  const std::vector<PendingCommand>& pending() const { return pending_; }
  const PendingCommand* pending(const CommandId& command) const;
  const std::vector<OpenAlert>& alerts() const { return alerts_; }
  bool configured() const { return configured_; }
  SafetyView view(Micros at) const { return view(at, devices_, pending_); }
  SafetyView view(Micros at, const std::vector<DeviceState>& devices, const std::vector<PendingCommand>& pending) const;
  /// Of the host, not of the log: set before anything is decided.
  void set_limits(HostLimits limits) { limits_ = std::move(limits); }
  /// Whoever asked for what waits, and may command here no longer. Not of the log: known before a turn by who knows the people.
  void set_left(std::vector<Principal> left) { left_ = std::move(left); }
  const HostLimits& limits() const { return limits_; }
  void set_safe_mode(bool on) { safe_mode_ = on; }
  bool safe_mode() const { return safe_mode_; }

  /// Everything above as bytes, and back. Disposable: a snapshot that this build cannot read is ignored.
  std::string snapshot() const;
  static std::optional<Site> restore(std::string_view bytes);

  // Streams of this site's facts.
  static std::string readings_stream(const SiteKey& key) { return "readings-" + key.site.text; }

 private:
  DeviceState& state_of(DeviceIndex device);
  DeviceState* find_device(const DeviceId& id);
  void fold(const Envelope& envelope, const Event& event);
  bool fold_command(const Envelope& envelope, const Event& event);
  void fold_rule_fired(const Envelope& envelope, const RuleFired& event);
  void fold_device(const DeviceRegistered& event);
  void came_to_nothing(const std::optional<Firer>& firer, Micros at);
  // A batch on its way into the state: rows before `next` are folded.
  struct Intake {
    RecordPtr record;
    std::vector<DeviceIndex> devices;  // of the batch's dictionary
    std::vector<std::int64_t> words;   // likewise, as interned by the site
    std::size_t next = 0;
  };
  Intake intake(RecordPtr record);
  void take_moment(Intake& intake);
  void take_row(const Intake& intake, std::size_t row);
  bool by_acting_rule(const Envelope& envelope) const;
  Draft draft(std::string stream, Principal principal, Position cause, std::string correlation, Micros at, Event event) const;
  Result<Position> append(Draft draft, Journal& journal);

  struct Sighting { DeviceIndex device; Position reading; Sight seen; bool on; };
  Status react_to_all(Micros at, Journal& journal);
  Status react_to(const Sighting& sighting, Micros at, Journal& journal);
  Status act(const RuleEntry& entry, const Firing& firing, Position fired, Micros at, Journal& journal);
  std::pair<RuleOutcome, std::string> judge(const RuleEntry& entry, const Firing& firing, Micros at) const;
  bool holds(const Condition& condition, Micros at) const;
  bool already_so(const RuleEntry& entry, const Firing& firing) const;
  DeviceId target(const RuleAction& action, const Firing& firing) const;
  void forget_switches(const RuleId& rule);
  Status end_fight(const DeviceId& over, Position dispatched, Micros at, Journal& journal);

  // The gate (site_gate.cpp).
  struct Request {
    Proposal proposal;
    CommandId command;
    std::string reason;
    Position cause = 0;
    std::string correlation, idempotency_key;
    Digest fingerprint{};
    Micros wait_online = 0;
  };
  Result<CommandAnswer> gate(Request request, Micros at, Journal& journal);
  Result<CommandAnswer> proceed(const CommandId& command, Position cause, Micros wait_online, Micros at, Journal& journal);
  std::optional<CommandWaiting> must_wait(const PendingCommand& pending, const Verdict& verdict, Micros wait_online, Micros at) const;
  bool needs_approval(const Proposal& proposal) const;
  Status bound_strangers(const ReadingBatch& batch) const;
  Digest shown_of(const Proposal& proposal) const;
  Status wait(const PendingCommand& pending, const CommandWaiting& waiting, Position cause, Micros at, Journal& journal);
  Status send(const PendingCommand& pending, Verdict verdict, Position cause, Micros at, Journal& journal);
  Status end_waiting(const PendingCommand& pending, Cancelled why, std::string detail, const Principal& by, Position cause, Micros at, Journal& journal);
  Status cancel_all(Cancelled why, const std::string& detail, Position cause, Micros at, Journal& journal);
  Status release(Micros at, Journal& journal);
  std::optional<Micros> next_release() const;
  bool reconciled() const;
  bool can_go(const PendingCommand& pending, Micros at) const;
  bool one_by_one(Micros at) const;
  Micros turn_of(const PendingCommand& pending) const;

  // Commands on their way (site_flight.cpp).
  Status fly(Micros at, Journal& journal);
  Status try_again(const DeviceState& device, Position cause, Micros at, Journal& journal);
  Status unanswered(const DeviceState& device, std::string detail, Position cause, Micros at, Journal& journal);
  Status failed(const DeviceState& device, FailureKind kind, std::string detail, Position cause, Micros at, Journal& journal);
  Status roll_back(const CommandState& command, const DeviceState& device, FailureKind kind, Position cause, Micros at, Journal& journal);
  Status renew(const DeviceState& device, Micros at, Journal& journal);
  std::optional<Micros> next_flight() const;
  Draft device_draft(const DeviceState& device, Principal principal, Position cause, std::string correlation, Micros at, Event event) const;
  Status note(Draft draft, Journal& journal);

  // What people should hear of (site_alerts.cpp).
  bool fold_alert(const Envelope& envelope, const Event& event);
  void note_trouble(const Envelope& envelope, const Event& event);
  Status look_at_alerts(Micros at, Journal& journal);

  SiteKey key_;
  SiteConfigured settings_;
  Zone zone_ = Zone::utc();
  bool configured_ = false;
  SiteNow now_;
  std::vector<DeviceState> devices_;  // by DeviceIndex
  RuleEngine rules_;
  bool stopped_ = false;
  Position stop_position_ = 0;
  std::vector<SafetyView::SuspectSeen> suspects_;
  PreferencesSet wishes_;
  std::vector<PendingCommand> pending_;  // in the order of their requests
  bool clock_suspect_ = false;
  Position clock_position_ = 0;
  std::vector<OpenAlert> alerts_;
  std::map<std::string, Position> versions_;  // of what people set, but for rules
  Position known_ = 0;  // everything up to here is folded

  // Of this process, not of the log.
  HostLimits limits_;
  std::vector<Principal> left_;
  bool safe_mode_ = false;
  Micros restored_at_ = 0;                 // when the silence of most devices was over
  Micros woke_at_ = 0, energised_at_ = 0;  // energised_at_: the last load that automation switched on since

  Micros look_at_ = 0;                     // alerts are looked at again then
  std::map<std::string, Micros> calm_since_;  // open alerts whose cause has gone

  // Within one turn.
  std::vector<Firing> firings_;  // found by observe, not yet reacted to
  std::vector<Sighting> sightings_;
  std::optional<Intake> recovering_;  // evolve: the batch of the current turn
  Firer acting_;  // the firing whose commands are being judged
  Micros acting_at_ = 0;  // the turn in which it fired
};

}  // namespace heliograph
