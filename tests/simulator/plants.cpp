#include "tests/simulator/plants.hpp"

#include <algorithm>

namespace heliograph::simulator {

const std::vector<PlantedBug>& planted_bugs() {
#define CORE(plant) PlantedBug{#plant, Plant::plant, ShellPlant::none}
#define SHELL(plant) PlantedBug{#plant, Plant::none, ShellPlant::plant}
  static const std::vector<PlantedBug> bugs = {
      CORE(none),
      CORE(stop_not_checked), CORE(floor_compared_wrong), CORE(stale_accepted), CORE(suspect_accepted), CORE(unknown_accepted),
      CORE(offline_ignored), CORE(reserve_not_counted), CORE(hold_ignored), CORE(min_off_ignored), CORE(switch_rate_ignored),
      CORE(priority_ignored), CORE(range_ignored), CORE(forecast_ignored),
      CORE(reserve_dropped_when_unknown), CORE(reserve_released_too_early), CORE(verified_by_an_old_reading), CORE(verified_by_any_value),
      CORE(person_leaves_no_hold), CORE(hand_not_noticed), CORE(lease_not_renewed), CORE(lease_not_given), CORE(lock_released_on_timeout),
      CORE(new_id_for_a_try), CORE(try_not_judged), CORE(try_extends_expiry), CORE(tries_without_end), CORE(fight_goes_on), CORE(rollback_missing),
      CORE(rollback_against_a_hand), CORE(rollback_energises), CORE(last_look_blind), CORE(renewed_unjudged), CORE(wrong_hardware_believed),
      CORE(deadline_missing),
      CORE(agent_needs_no_yes), CORE(approval_twice), CORE(approval_after_expiry), CORE(approval_not_judged_again), CORE(unproven_approval),
      CORE(codes_without_limit), CORE(waiting_survives_stop), CORE(waiting_survives_clock), CORE(turn_ignored), CORE(not_reconciled),
      CORE(safe_state_skipped), CORE(waits_for_ever),
      CORE(stop_not_restored), CORE(hold_not_restored), CORE(approval_not_restored), CORE(cooldown_not_saved), CORE(switches_not_saved),
      CORE(reserve_not_saved), CORE(cooldown_ignored), CORE(history_fires),
      SHELL(sends_before_durable), SHELL(acknowledges_too_early), SHELL(stop_not_looked_at_last), SHELL(stop_forgotten_when_lifted), SHELL(renews_after_stop), SHELL(hands_over_twice),
      SHELL(sends_again_after_start), SHELL(last_look_missing), SHELL(hardware_not_asked), SHELL(too_late_for_the_port), SHELL(forgets_last_record), SHELL(time_stands_still),
  };
#undef CORE
#undef SHELL
  return bugs;
}

const PlantedBug* find_plant(std::string_view name) {
  const auto& all = planted_bugs();
  const auto found = std::find_if(all.begin(), all.end(), [name](const PlantedBug& bug) { return bug.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace heliograph::simulator
