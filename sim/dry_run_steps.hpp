// The ordinary way through a dry run: moment by moment, reading by reading, through the site's own core. Readings of
// what differs from the record are replaced by simulated ones, after the recorded ones of the same moment.
#pragma once

#include <deque>
#include <optional>

#include "sim/dry_run_scene.hpp"

namespace heliograph {

struct StepsOutcome {
  std::uint64_t readings = 0;
  std::optional<Micros> first_difference;
  bool unsimulated_power = false;  // a power was set on a device that is not simulated
  bool unsimulated_mode = false;   // a mode was set: what it draws then is not known
};

class DryRunSteps {
 public:
  /// `simulate_all`: devices and battery are played as soon as their recorded state is known (model error).
  DryRunSteps(DryRunScene& scene, bool simulate_all) : scene_(scene), simulate_all_(simulate_all) {}
  Result<StepsOutcome> run();

  /// How long after a reading's source time the recorded command may have left the house to count as the same one.
  static constexpr Micros same_command_within = 6 * minute_us;

 private:
  struct Answer {
    Micros at;
    std::uint32_t device;
    Metric metric;
    std::int64_t value;
  };

  Status start();
  Micros next_moment();
  Status live(Micros t);
  Status facts(Micros t);
  Status apply(const RecordPtr& fact, Micros t);
  void missed_commands(Micros t);
  Status rows(Micros t);
  void warm_up();
  void take(const Timeline::Row& row);
  /// Words have another number in the series than in the site.
  std::int64_t value_of(const Timeline::Cell& cell);
  void simulate_from(std::uint32_t device, const Timeline::Cell& cell);
  Status show(Micros t);
  Status react(Micros t);
  /// Looks at what the core has decided since.
  void settle(Micros t);
  void dispatched(const CommandDispatched& command, Micros t);
  void set_power(const CommandDispatched& command, bool recorded, Micros t);
  void set_mode(const CommandDispatched& command, bool recorded, Micros t);
  bool recorded_too(const CommandDispatched& command, Micros t);
  void play(PlayedDevice& device, bool on, Micros t);
  void differs(Micros t);
  void hide();
  void put(std::optional<std::uint32_t> device, Metric metric, std::optional<std::int64_t> value, Micros t);
  PlayedDevice* played(const DeviceId& id);
  bool simulating() const { return outcome_.first_difference.has_value() || simulate_all_; }
  void look_at_rules();
  bool go_on(Micros t);

  DryRunScene& scene_;
  bool simulate_all_;
  StepsOutcome outcome_;
  std::optional<Timeline> timeline_;
  Timeline::Row row_;
  bool more_ = false;
  std::size_t fact_ = 0, sent_ = 0, seen_records_ = 0;
  std::deque<Answer> answers_;
  std::optional<Micros> due_, ticked_;
  bool due_unknown_ = true, timers_ = false;
  MetricSet looked_at_;            // by rules or safety
  std::vector<MetricSet> hidden_;  // by device: recorded values that are replaced
  std::uint64_t reported_ = 0;
};

}  // namespace heliograph
