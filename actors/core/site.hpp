// One site: the state of its devices, rules and safety, and what it decides. Pure: time comes in, facts go out
// through the Journal. `evolve` folds a fact; every other call decides, appends, and folds what it appended. So a
// restart (evolve over the log), the live engine and a dry run hold the same state and run the same decisions.
#pragma once

#include <optional>
#include <string>
#include <vector>

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
};

/// What the gate answered. `refusals` empty = dispatched.
struct CommandAnswer {
  CommandId command;
  Position requested = 0, decided = 0;
  std::vector<Refusal> refusals;
};

/// What a device said about a command that it was sent.
struct DeviceAnswer {
  enum class Kind : std::uint8_t { accepted, device_error, not_sent };
  CommandId command;
  Kind kind = Kind::accepted;  // accepted is not yet done: a reading must confirm it
  std::string detail;
};

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
  /// Rule timers, time triggers, verification deadlines.
  Status tick(Micros at, Journal& journal);
  /// The newest moment at which `tick` has something to do.
  std::optional<Micros> next_due(Micros after) const;

  Status engage_stop(const Principal& principal, const std::string& reason, Micros at, Journal& journal);
  /// Refused without a named person or when nothing is stopped.
  Status lift_stop(const Principal& principal, const std::string& reason, Micros at, Journal& journal);
  Result<RecordPtr> save_rule(const Rule& rule, const Principal& principal, Micros at, Journal& journal,
                              std::string idempotency_key = {}, const Digest& fingerprint = {});
  Status remove_rule(const RuleId& rule, const Principal& principal, Micros at, Journal& journal);
  Status configure(const SiteConfigured& settings, const Principal& principal, Micros at, Journal& journal);
  Status register_device(const DeviceRegistered& device, const Principal& principal, Micros at, Journal& journal);

  /// Asked by the adapter's shell after the dispatch became durable, as the last thing before the device hears it.
  std::optional<std::string> why_not_send(const CommandDispatched& command, Micros at) const;

  // ---- the row-level path under take_readings, for the dry run -------------------------------------------------

  /// Folds one live value into site_now, devices and rule memory; firings wait for `react`.
  void observe(DeviceIndex device, Metric metric, std::int64_t value, Micros at, Position position);
  bool has_reactions() const { return !firings_.empty() || !confirmed_.empty(); }
  /// Acts on what `observe` found.
  Status react(Micros at, Journal& journal);
  /// Acts on one firing found by another way (the dry run's fast path).
  Status react_to(const Firing& firing, Micros at, Journal& journal);

  // ---- state --------------------------------------------------------------------------------------------------

  const SiteKey& key() const { return key_; }
  const SiteNow& now() const { return now_; }
  SiteNow& now() { return now_; }
  const SiteConfigured& settings() const { return settings_; }
  const Zone& zone() const { return zone_; }
  const std::vector<DeviceState>& devices() const { return devices_; }
  const DeviceState* device(const DeviceId& id) const;
  const RuleEngine& rules() const { return rules_; }
  bool stopped() const { return stopped_; }
  bool configured() const { return configured_; }
  SafetyView view() const;

  /// Everything above as bytes, and back. Disposable: a snapshot that this build cannot read is ignored.
  std::string snapshot() const;
  static std::optional<Site> restore(std::string_view bytes);

  // Streams of this site's facts.
  static std::string readings_stream(const SiteKey& key) { return "readings-" + key.site.text; }

 private:
  DeviceState& state_of(DeviceIndex device);
  DeviceState* find_device(const DeviceId& id);
  void fold(const Envelope& envelope, const Event& event);
  void fold_device(const DeviceRegistered& event);
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

  Status act(const RuleEntry& entry, const Firing& firing, Position fired, Micros at, Journal& journal);
  std::pair<RuleOutcome, std::string> judge(const RuleEntry& entry, const Firing& firing, Micros at) const;
  bool holds(const Condition& condition, Micros at) const;
  bool already_so(const RuleEntry& entry, const Firing& firing) const;
  DeviceId target(const RuleAction& action, const Firing& firing) const;
  Result<CommandAnswer> gate(const Proposal& proposal, CommandId command, std::string reason, Draft request, Micros at,
                             Journal& journal);

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

  // Within one turn.
  std::vector<Firing> firings_;  // found by observe, not yet reacted to
  struct Confirmation { DeviceIndex device; Position reading; };
  std::vector<Confirmation> confirmed_;
  std::optional<Intake> recovering_;  // evolve: the batch of the current turn
  Firer acting_;  // the firing whose commands are being judged
  Micros acting_at_ = 0;  // the turn in which it fired
};

}  // namespace heliograph
