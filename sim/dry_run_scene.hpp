// Everything that stands ready before the time of a dry run begins to move: the site's core with its settings, devices
// and rules, the world's sources, the devices that are played instead of read.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "actors/core/site.hpp"
#include "sim/dry_run.hpp"
#include "sim/dry_run_journal.hpp"
#include "sim/dry_run_past.hpp"
#include "sim/timeline.hpp"
#include "sim/world.hpp"

namespace heliograph {

/// A switchable device: read from the record until the dry run switches it otherwise, then played.
struct PlayedDevice {
  DeviceId id;
  std::uint32_t device = 0;  // index into DryRunScene::devices
  std::size_t in_world = 0;
  std::optional<bool> start;  // scenario devices are played from the start, in this state
};

struct DryRunScene {
  enum class Rules : std::uint8_t { candidates, as_recorded };
  DryRunScene(const DryRunInput& in, Rules how, World::Options options)
      : input(in), rules(how), journal(in.site, in.log_end), site(in.site), world(std::move(options)) {
    site.set_limits(in.limits);
  }

  /// Nothing is lost on the way in a dry run: what was sent was heard.
  void accept(const CommandDispatched& command, Micros t) {
    ensure(site.answered({command.command, DeviceAnswer::Kind::accepted, {}, command.retry}, t, journal).has_value(),
           "the journal of a dry run takes everything", "sim/dry_run_scene.hpp");
  }

  /// Nobody is asked in a dry run: the yes that a command waits for is supposed, at once, and the report says so.
  void suppose_yes(const ApprovalRequested& question, Micros t) {
    ++supposed;
    ensure(site.approve({question.command, true, ApprovalChannel::api, {PrincipalKind::user, "supposed"}, true}, t, journal).has_value(),
           "the journal of a dry run takes everything", "sim/dry_run_scene.hpp");
  }

  const DryRunInput& input;
  Rules rules;
  DryRunJournal journal;
  Site site;
  World world;
  Past past;
  std::vector<DeviceId> devices;      // recorded ones first, then the scenario's own
  std::vector<DeviceIndex> index_of;  // likewise: in the site
  std::size_t recorded_devices = 0;
  std::vector<PlayedDevice> played;
  std::optional<std::uint32_t> battery;  // whose charge the simulated battery shows
  bool battery_recorded = false;
  std::array<std::optional<std::uint32_t>, metric_slots> owner{};  // the only device that measures it
  std::array<std::uint32_t, metric_slots> owners{};                // how many measure it
  std::vector<Rule> trying;                                        // enabled or not, as given to the site
  MetricSet needed;                                                // by rules, safety or the books
  Micros warm_up = 0;                    // readings this long before the period still stand in it
  std::uint64_t supposed = 0;            // yeses that nobody said
  std::optional<std::string> no_prices;  // why the tariff cannot be used
};

/// Errors: invalid, not_found, as dry_run.
Result<std::unique_ptr<DryRunScene>> make_scene(const DryRunInput& input, DryRunScene::Rules rules);

/// Metrics that the rules look at: triggers, conditions, and whether a mode is already so.
MetricSet metrics_of(const std::vector<Rule>& rules);

}  // namespace heliograph
