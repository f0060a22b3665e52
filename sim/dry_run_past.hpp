// What the log's decisions say about a period that is run again: settings, devices, rules, stops and people's commands
// as they came, and the commands that were really sent. Reads records, decides nothing.
#pragma once

#include <map>
#include <vector>

#include "events/record.hpp"

namespace heliograph {

/// A command that left the house at the time. `matched` = the dry run sent the same one.
struct RecordedCommand {
  Micros at = 0;
  DeviceId device;
  Action action = Action::switch_off;
  std::int64_t power_w = 0;
  std::string mode = {};
  bool matched = false;
};

struct Past {
  std::vector<RecordPtr> before;  // facts that stand when the period begins, in order
  std::vector<RecordPtr>
      during;  // facts of the period by the time they were true: settings, devices, rules, stops, requests of people
  std::vector<RecordedCommand> sent;      // in the period, by time
  std::map<RuleId, RecordPtr> rules_now;  // the last saved version of each rule that was not removed
  std::vector<RecordPtr> imports;         // history.imported
  bool settings_after_start = false, devices_after_start = false;  // described only later than the period's begin
};

/// `decisions` of one site in log order. Rules belong to `before` and `during` only when `with_rules`.
Past read_past(const std::vector<RecordPtr>& decisions, Micros from, Micros to, bool with_rules);

}  // namespace heliograph
