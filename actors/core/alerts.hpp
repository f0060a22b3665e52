// What people should hear of without asking (docs/ALERTS.md): conditions over a site's state. Pure; who is told, and when, is
// decided in actors/notify. One alert of a name is open at a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "actors/core/safety.hpp"

namespace heliograph {

/// Raised and not cleared yet.
struct OpenAlert {
  std::string alert;  // "device-offline/miner-1"
  Severity severity = Severity::warning;
  Micros raised_at = 0;
  Position raised = 0;
  bool acknowledged = false;
};

/// An alert that the state justifies. `cause` = position of the fact or reading that shows it; 0 = none: it is a silence.
struct Trouble {
  std::string alert;
  Severity severity = Severity::warning;
  std::string text;
  Position cause = 0;
};

/// What the check of a command does not need.
struct AlertView {
  const SafetyView& safety;
  const std::vector<OpenAlert>& open;  // what is open stays so a little beyond what raised it
  bool clock_suspect = false;
  Position clock_position = 0;
  Micros woke_at = 0;  // silence counts from here at the earliest
};

/// In the order of their names.
std::vector<Trouble> troubles(const AlertView& view, Micros at);

/// True for refusals that tell of trouble; the others (a hold, hours, wear) are the house at work.
bool is_trouble(std::string_view safety_rule);

/// Most devices are silent.
inline constexpr std::string_view connection_alert = "connection";
/// A silent device is reported after its freshness, and never before this (H42).
inline constexpr Micros offline_after = 5 * minute_us;
/// At least so many devices must report before the silence of more than half of them means our own connection.
inline constexpr std::size_t connection_devices = 4;
/// A low charge is over when it is so much above its limit, permille.
inline constexpr std::int32_t soc_recovers = 30;
/// Two sources of a site's charge disagree above the first, until they are within the second, permille (H6).
inline constexpr std::int32_t disagree_above = 100, agree_within = 80;
/// A refusal of automation is forgotten after so long.
inline constexpr Micros refusal_fades = hour_us;
/// How often alerts are looked at; whatever raises one at once is looked at at once.
inline constexpr Micros alert_look = minute_us;
/// What raised an alert must be gone for so long before it is cleared, so that nobody is told twice a minute.
inline constexpr Micros alert_calm = 2 * minute_us;

}  // namespace heliograph
