// What a dry run found out, for people (text) and programs (JSON). Figures that are not known carry their reason and
// have no value. The digest is SHA-256 over the JSON without it: equal digests, equal reports.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "events/event.hpp"
#include "events/zone.hpp"
#include "sim/known.hpp"
#include "sim/ledger.hpp"
#include "sim/scenario.hpp"
#include "sim/world.hpp"

namespace heliograph {

/// A reading that a decision rests on: in the log, or one that only the dry run saw.
struct Seen {
  Position position = 0;  // of a simulated one: the recorded reading that it follows; 0 = none
  bool simulated = false;
  bool operator==(const Seen&) const = default;
};

struct DryRunRefusal : Refusal {
  std::optional<Seen> seen;  // what its reading is; the position in Refusal may be the run's own
};

struct DryRunCommand {
  Micros at = 0;
  CommandId command;
  DeviceId device;
  Action action = Action::switch_off;
  std::int64_t power_w = 0;
  std::string mode = {};
  Principal principal;
  std::string reason;
  bool would_send = false;
  std::vector<DryRunRefusal> refusals;  // why not, when it would not
  std::vector<Seen> readings;           // the trigger's first, then those that the verdict rests on
};

/// The actual rules simulated against the actual meter: how far the model itself is off.
struct ModelError {
  Account metered, simulated;  // over the same time
  std::uint64_t commands_recorded = 0, commands_matched = 0;
};

struct DryRunCaveat {
  std::string code, text;  // "imported-history"
};

struct DryRunReport {
  SiteKey site;
  Micros from = 0, to = 0;
  Zone zone = Zone::utc();
  std::string currency;
  bool own_rules = false;          // the site's rules, not candidates
  std::vector<std::string> rules;  // canonical documents
  Scenario scenario;

  std::uint64_t readings = 0;  // rows of the period
  std::size_t devices = 0;
  std::vector<Gap> gaps;  // of the site's demand

  Known<Account> what_happened = Unavailable{}, no_battery = Unavailable{}, self_consumption = Unavailable{},
                 candidate = Unavailable{};
  Known<Tariff> tariff = Unavailable{};  // unavailable: there is no money in the report
  Known<double> stored_wh = Unavailable{}, self_stored_wh = Unavailable{};  // in the battery at the end
  Known<ModelError> model_error = Unavailable{};

  std::optional<Micros> first_difference;  // from when on the candidate is simulated, not read
  std::vector<DryRunCommand> commands;     // in order; at most `commands_max`, the counts are of all
  std::uint64_t would_send = 0, would_refuse = 0, notifications = 0;
  std::map<std::string, std::map<std::string, std::uint64_t>> firings;  // rule -> outcome -> how often
  std::vector<DryRunCaveat> caveats;
  std::string digest;  // hex

  static constexpr std::size_t commands_max = 100'000;
};

/// Sets the digest. Requires: everything else is final.
void seal(DryRunReport& report);
/// One JSON object, fixed order; `digest` last.
std::string to_json(const DryRunReport& report);
/// For a terminal; at most `commands` of the commands are listed.
std::string to_text(const DryRunReport& report, std::size_t commands = 20);

}  // namespace heliograph
