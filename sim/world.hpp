// The power of a site through a dry run: as it was measured, and as it would have been with other switchings and
// another battery. It keeps the books of four ways side by side. Knows no rules; W, W * us, Wh; + flows into the site.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "events/event.hpp"
#include "sim/ledger.hpp"
#include "sim/scenario.hpp"

namespace heliograph {

/// A stretch of the period about which the record says too little to know the site's demand.
struct Gap {
  Micros from = 0, to = 0;
};

class World {
 public:
  enum class Role : std::uint8_t {
    pv,
    load,
    grid,
    grid_import,
    grid_export,
    battery,
    charge,
    discharge,
    soc,
    spot,
    draw
  };
  static constexpr std::size_t roles = 11;
  static std::optional<Role> role_of(Metric metric);

  struct Options {
    Micros from = 0, to = 0;
    std::optional<Tariff> tariff;
    std::optional<ScenarioBattery> battery;
  };
  explicit World(Options options);

  // ---- who is there (before the first reading) ---------------------------------------------------------------

  /// The device measures the metric from `first` until `gone`. A value stands for `hold`.
  void add_source(std::uint32_t device, Metric metric, Micros hold, Micros first, Micros gone);
  bool measures(Role role) const { return !slots_of(role).empty(); }
  std::size_t sources(Role role) const { return slots_of(role).size(); }
  /// The demand of the site, battery aside, can be computed; the meter was read.
  bool knows_demand() const { return (measures(Role::load) || knows_grid()); }
  bool knows_meter() const { return knows_grid(); }
  /// A switchable device whose switching may differ from the record. Answers its index.
  std::size_t add_played(std::uint32_t device, std::int64_t nominal_w, bool from_record);

  // ---- as time goes by ----------------------------------------------------------------------------------------

  void take(std::uint32_t device, Metric metric, std::int64_t value, Micros at);
  /// Books everything up to `to`. Time does not run backwards.
  void advance(Micros to);

  /// From now on the device does what it is told, whatever the record says.
  void play(std::size_t played, bool on);
  bool plays(std::size_t played) const { return played_[played].active; }
  bool is_on(std::size_t played) const { return played_[played].on; }
  /// Draw of a played device now.
  std::int64_t draw_w(std::size_t played) const;

  /// From now on the battery is simulated: with the recorded charge when there is one, else the scenario's start.
  void simulate_battery();
  bool simulates_battery() const { return simulated_; }
  void command_battery(std::int64_t power_w) { commanded_w_ = power_w; }

  /// What meters would show now, after `advance`. nullopt = not known.
  struct Shown {
    std::optional<std::int64_t> load_w, grid_w, battery_w, soc_permille;
  };
  Shown shown() const;

  // ---- the books ------------------------------------------------------------------------------------------------

  struct Books {
    Account metered, no_battery, self_consumption, candidate;
    Account meter_where_both, candidate_where_both;  // the same time, for the model error
    std::vector<Gap> gaps;                           // of the demand
  };
  const Books& books() const { return books_; }
  double stored_wh() const { return candidate_battery_.stored_wh(); }
  double self_stored_wh() const { return self_battery_.stored_wh(); }
  bool used_start_charge() const { return used_start_charge_; }

 private:
  struct Slot {
    Role role;
    Micros hold, first, gone;
    std::int64_t value = missing;
    Micros until = 0;
  };
  struct Played {
    std::int64_t nominal_w = 0;
    bool from_record = false, active = false, on = false;
    std::optional<std::size_t> slot;  // its recorded draw
  };
  struct Flows {
    std::optional<std::int64_t> import_w, export_w, demand_w, battery_w, extra_w;
  };
  const std::vector<std::size_t>& slots_of(Role role) const { return by_role_[static_cast<std::size_t>(role)]; }
  bool knows_grid() const {
    return measures(Role::grid) || (measures(Role::grid_import) && measures(Role::grid_export));
  }
  std::optional<std::int64_t> sum(Role role) const;
  std::optional<std::int64_t> recorded_battery() const;
  Flows flows() const;
  std::optional<std::int64_t> extra_w() const;
  std::int64_t played_w(const Played& device) const;
  double request_w(std::int64_t demand_w) const;
  void book(Micros span);
  void book_gap(Micros span);

  Options options_;
  std::vector<Slot> slots_;
  std::vector<std::array<std::int16_t, metric_slots>> slot_of_;  // by device, then metric
  std::array<std::vector<std::size_t>, roles> by_role_;
  std::vector<Played> played_;
  Micros now_;
  Micros safe_until_;  // no value expires before
  BatteryModel candidate_battery_, self_battery_;
  bool simulated_ = false, used_start_charge_ = false;
  std::int64_t commanded_w_ = 0;
  Books books_;
};

}  // namespace heliograph
