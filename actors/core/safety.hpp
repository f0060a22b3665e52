// May this command be carried out now? One pure check for every command, whoever asks (docs/SAFETY.md). It answers
// with every reason against it, each with limit, actual and the position of the reading that says so. To change
// what a device may be told, change this file and nothing else.
#pragma once

#include <optional>
#include <vector>

#include "actors/core/command.hpp"
#include "projections/site_now.hpp"

namespace heliograph {

struct Proposal {
  DeviceId device;
  Action action = Action::switch_off;
  std::int64_t power_w = 0;
  Principal principal;
};

/// What safety looks at. Built by the site for one moment; nothing in it is copied.
struct SafetyView {
  const SiteNow& now;
  const SiteConfigured& settings;
  const std::vector<DeviceState>& devices;  // by DeviceIndex of `now`
  bool stopped = false;
  Position stop_position = 0;
  /// Newest suspect value per device and metric (it makes the older good one unusable for energising).
  struct SuspectSeen { DeviceIndex device; Metric metric; Micros at; Position position; };
  const std::vector<SuspectSeen>& suspects;
};

struct Verdict {
  std::vector<Refusal> refusals;     // empty = allowed
  std::vector<Position> readings;    // what an allowing verdict rests on
  bool allowed() const { return refusals.empty(); }
};

Verdict check(const SafetyView& view, const Proposal& proposal, Micros at);

/// Whether a rule may use this reading at all: known and not older than the device's freshness limit.
bool is_fresh(const DeviceState& device, const Latest& latest, Micros at);

}  // namespace heliograph
