// What the log says, read by somebody who does not trust the site: own books of every command, device and reading, and the
// invariants that records alone must keep. Fed with every record as it is staged; after a crash with what was durable.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "tests/simulator/sim_log.hpp"

namespace heliograph::simulator {

/// Of one command, from its request to its end.
struct Trail {
  CommandRequested asked;
  Principal by;
  Position requested = 0, cause = 0;
  std::string correlation;
  Position allowed = 0;
  std::optional<Waiting> waiting;
  Micros until = 0;          // of what it waits for
  int granted = 0;           // yeses
  std::array<int, 4> wrong{};  // codes, by channel
  int tries = 0;
  Micros first_sent = 0, last_sent = 0, expires_at = 0, lease = 0;
  Position last_dispatch = 0;
  enum class End : std::uint8_t { none, refused, cancelled, verified, failed } end = End::none;
  FailureKind failure{};
  Micros ended_at = 0;
  bool by_stop = false;      // ended by the stop
  bool hand = false;         // somebody switched the device since the first try
  bool open() const { return end == End::none; }
  bool in_flight() const { return open() && tries > 0; }
  bool energising() const;
};

/// The newest value of one metric, by source time.
struct Newest {
  std::int64_t value = missing;
  Micros at = 0, suspect_at = 0;
  bool known() const { return value != missing; }
};

struct DeviceAccount {
  DeviceRegistered about;
  bool registered = false;
  Newest soc, grid_w, battery_w, switched_on;
  Micros seen_at = 0;
  // Its switch as live readings showed it.
  std::optional<bool> on;
  bool on_is_sure = false;    // no command of unknown outcome since
  Micros on_changed_at = 0;   // source time of the reading that saw it change; 0 = none did
  Micros held_until = 0;
  std::deque<Micros> switched;  // first tries of switch commands
  struct ByRule {
    std::string rule;
    bool on = false;
    Micros at = 0;
  };
  std::deque<ByRule> by_rules;  // those of rules, since a person saved the rule
  std::string in_flight;        // command
  Micros may_arrive_until = 0;  // one that was given up may still be on the wire
  struct Lease {
    std::string command;
    Principal by;
    Action action{};
    std::int64_t power_w = 0;
    Micros last_word = 0;
    bool ended = false;
  };
  std::optional<Lease> lease;
};

class Account {
 public:
  /// `violated` is told what does not hold.
  Account(const SimLog& log, std::function<void(const std::string&)> violated) : log_(log), violated_(std::move(violated)) {}

  void take(const Record& record);
  void turn_ended();
  void woke(Micros wall, bool honest, bool safe_mode) { woke_ = wall, honest_start_ = honest, safe_mode_ = safe_mode, last_energised_ = 0; }
  /// Somebody answers an approval, right now.
  void clicked(bool proven, const Principal& by) { click_proven_ = proven, click_by_ = by; }

  const Trail* find(const std::string& command) const;
  const std::map<std::string, DeviceAccount>& devices() const { return devices_; }
  const DeviceAccount& device(const std::string& id) const { return devices_.at(id); }
  const std::unordered_map<std::string, Trail>& trails() const { return trails_; }
  const std::set<std::string>& pending() const { return pending_; }
  bool stopped() const { return stopped_; }
  const SiteConfigured& settings() const { return settings_; }
  const PreferencesSet& wishes() const { return wishes_; }

  /// Why this may not be sent now, by what SAFETY.md promises; empty when nothing speaks against it. `again`: it is on the books.
  std::string against(const CommandRequested& command, const Principal& by, Micros at, bool again) const;
  /// Why a device may not stay as it is; empty when it may.
  std::string against_staying(const DeviceAccount& device, Micros at) const;
  static bool person(const Principal& p) { return p.kind == PrincipalKind::user || p.kind == PrincipalKind::apikey; }

 private:
  void wrong(const char* invariant, const std::string& what) const { violated_(std::string(invariant) + " " + what); }
  Trail* trail(const CommandId& command, const char* event);
  void take_readings(const Record& record);
  void saw_switch(const std::string& id, DeviceAccount& device, bool on, Micros at, Position reading);
  void on(const Envelope& e, const CommandRequested& event);
  void on(const Envelope& e, const CommandWaiting& event);
  void on(const Envelope& e, const ApprovalRequested& event);
  void on(const Envelope& e, const ApprovalDecided& event);
  void on(const Envelope& e, const ApprovalAttemptFailed& event);
  void on(const Envelope& e, const CommandRefused& event);
  void on(const Envelope& e, const CommandCancelled& event);
  void on(const Envelope& e, const CommandAllowed& event);
  void on(const Envelope& e, const CommandDispatched& event);
  void on(const Envelope& e, const CommandAnswered& event);
  void on(const Envelope& e, const CommandVerified& event);
  void on(const Envelope& e, const CommandFailed& event);
  void on(const Envelope& e, const RollbackSkipped& event);
  void on(const Envelope& e, const LeaseRenewed& event);
  void on(const Envelope& e, const LeaseEnded& event);
  void on(const Envelope& e, const DeviceChanged& event);
  void on(const Envelope& e, const RuleSaved& event);
  void on(const Envelope& e, const RuleRemoved& event);
  void on(const Envelope& e, const RuleFired& event);
  bool fights(const DeviceAccount& device, const std::string& rule) const;
  void looked_at(const RuleId& rule);
  void first_try(const Envelope& e, const CommandDispatched& event, Trail& trail);
  void next_try(const Envelope& e, const CommandDispatched& event, Trail& trail);
  void chain(const Envelope& e, const Trail& trail) const;
  void turns(const Envelope& e, const CommandDispatched& event, const Trail& trail);
  void finish(const CommandId& command, Trail& trail, Trail::End end, Micros at);
  bool needs_yes(const Trail& trail) const;
  std::string against_charge(const CommandRequested& command, bool person, Micros at) const;
  std::string against_wear(const DeviceAccount& device, const CommandRequested& command, const Principal& by, Micros at, bool again) const;
  std::int32_t floor() const { return std::max(200, settings_.soc_floor_permille); }

  const SimLog& log_;
  std::function<void(const std::string&)> violated_;
  SiteConfigured settings_;
  PreferencesSet wishes_;
  bool stopped_ = false;
  std::map<std::string, DeviceAccount> devices_;
  std::unordered_map<std::string, Trail> trails_;
  std::set<std::string> pending_;  // asked, neither sent nor ended
  struct RuleBook {
    Micros cooldown = 0, acted_at = 0;
    std::string document;
  };
  std::map<std::string, RuleBook> rules_;
  Micros woke_ = 0, last_energised_ = 0;
  bool honest_start_ = true, safe_mode_ = false;
  bool click_proven_ = false;
  Principal click_by_;

  // Within one turn.
  bool stop_now_ = false, suspect_now_ = false;
  std::vector<std::string> ended_by_stop_;                // energising, on the wire
  std::set<std::string> needs_follow_up_, safe_states_;  // commands whose failure is followed by something
  std::set<Position> hands_;                              // readings that only a hand explains
};

}  // namespace heliograph::simulator
