// Bugs that can be switched on, one at a time, in a build of the core that only the simulator has (docs/SIMULATION.md): a test that
// does not find them proves nothing. In the product `planted` is false at compile time, and nothing of this remains.
#pragma once

#include <cstdint>

namespace heliograph {

enum class Plant : std::uint8_t {
  none,
  // safety
  stop_not_checked, floor_compared_wrong, stale_accepted, suspect_accepted, unknown_accepted, offline_ignored, reserve_not_counted,
  hold_ignored, min_off_ignored, switch_rate_ignored, priority_ignored, range_ignored, forecast_ignored,
  // commands on their way
  reserve_dropped_when_unknown, reserve_released_too_early, verified_by_an_old_reading, verified_by_any_value, person_leaves_no_hold,
  hand_not_noticed, lease_not_renewed, lease_not_given, lock_released_on_timeout, new_id_for_a_try, try_not_judged, try_extends_expiry,
  tries_without_end, fight_goes_on, rollback_missing, rollback_against_a_hand, rollback_energises, last_look_blind, renewed_unjudged, wrong_hardware_believed,
  deadline_missing,
  // the gate
  agent_needs_no_yes, approval_twice, approval_after_expiry, approval_not_judged_again, unproven_approval, codes_without_limit,
  waiting_survives_stop, waiting_survives_clock, turn_ignored, not_reconciled, safe_state_skipped, waits_for_ever,
  // what a restart brings back
  stop_not_restored, hold_not_restored, approval_not_restored, cooldown_not_saved, switches_not_saved, reserve_not_saved,
  // rules
  cooldown_ignored, history_fires,
};

#ifdef HELIOGRAPH_PLANTS
inline thread_local constinit Plant selected_plant = Plant::none;
inline bool planted(Plant plant) { return selected_plant == plant; }
#else
constexpr bool planted(Plant) { return false; }
#endif

}  // namespace heliograph
