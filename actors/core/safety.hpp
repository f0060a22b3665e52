// May this command be carried out now? One pure check for every command, whoever asks (docs/SAFETY.md). It answers
// with every reason against it, each with limit, actual and the position of the reading that says so. To change
// what a device may be told, change this file and nothing else.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include "actors/core/command.hpp"
#include "projections/site_now.hpp"

namespace heliograph {

/// Nothing drains a battery below this, whatever anybody configures.
inline constexpr std::int32_t soc_floor_least = 200;

/// What no one can loosen through the API: the host's configuration file.
struct HostLimits {
  std::int32_t soc_floor_permille = soc_floor_least;
  std::int64_t grid_import_w_max = 0;  // 0 = none
  std::string environment = "production";
  /// Feature flags (docs/CONFIGURATION.md). A configuration that says nothing turns them off; a core without one decides as if they were on.
  bool control = true, automation = true;
};

/// What safety looks at. Built by the site for one moment; nothing in it is copied.
struct SafetyView {
  const SiteNow& now;
  const SiteConfigured& settings;
  const PreferencesSet& wishes;
  const HostLimits& limits;
  const std::vector<DeviceState>& devices;  // by DeviceIndex of `now`
  const std::vector<PendingCommand>& pending;
  int local_minute = 0;                     // of the day at the site
  bool stopped = false;
  Position stop_position = 0;
  bool safe_mode = false;
  /// Newest suspect value per device and metric (it makes the older good one unusable for energising).
  struct SuspectSeen { DeviceIndex device; Metric metric; Micros at; Position position; };
  const std::vector<SuspectSeen>& suspects;
  /// Whoever asked for something that waits and may command here no longer.
  std::span<const Principal> left = {};
};

struct Verdict {
  std::vector<Refusal> refusals;     // empty = allowed
  std::vector<Position> readings;    // what an allowing verdict rests on
  bool allowed() const { return refusals.empty(); }
};

Verdict check(const SafetyView& view, const Proposal& proposal, Micros at);
/// May a device stay as this command left it? Asked before its lease is renewed: no wear, no lock, no added draw.
Verdict check_stay(const SafetyView& view, const Proposal& proposal, Micros at);

/// Whether a command with this priority may wait for the one in flight, instead of being refused as busy.
bool may_wait_for(const DeviceState& device, const std::vector<PendingCommand>& pending, const Principal& who);

/// Nothing was heard from it for longer than its freshness. A device that never reports is not called offline.
bool is_offline(const SiteNow& now, DeviceIndex device, const DeviceState& state, Micros at);

/// The state of charge at or below which nobody drains, permille.
std::int32_t strictest_floor(const SiteConfigured& site, const HostLimits& host);
/// The least of the limits that are set; 0 = none is.
std::int64_t strictest_limit(std::initializer_list<std::int64_t> limits);

bool in_window(const DayWindow& window, int minute_of_day);

/// How long a state of charge may stand still while its battery works.
inline constexpr Micros stuck_after = 30 * minute_us;
inline constexpr std::uint32_t stuck_repeats = 4;  // readings, at least
inline constexpr std::int64_t battery_works_w = 250;  // some 5 A
/// A command without a lease is judged on this time ahead.
inline constexpr Micros forecast_horizon = 15 * minute_us;

/// A state of charge that does not move although its battery works: it counts as stale (H5).
bool is_stuck(const SiteNow& now, DeviceIndex device, const DeviceState& state, Micros at);

/// Whether a rule may use this reading at all: known and not older than the device's freshness limit.
bool is_fresh(const DeviceState& device, const Latest& latest, Micros at);

}  // namespace heliograph
