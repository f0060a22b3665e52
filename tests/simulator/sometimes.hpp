// What must have happened, at least so often in 10,000 seeds: a fault, an event, a refusal or an edge that never occurred has proved
// nothing. A quarter of what was counted when this was written, so that a new fault may take its share.
#pragma once

#include <cstdint>
#include <vector>

namespace heliograph::simulator {

struct Wanted {
  const char* what;
  std::uint64_t times;
};

inline const std::vector<Wanted> wanted = {
    // the path of a command
    {"approval.attempt_failed", 4000}, {"approval.decided", 3000}, {"approval.requested", 5000}, {"clock.suspected", 300}, {"clock.trusted", 300},
    {"command.allowed", 30000}, {"command.answered", 30000}, {"command.cancelled", 3000}, {"command.dispatched", 40000}, {"command.failed", 10000},
    {"command.refused", 100000}, {"command.requested", 100000}, {"command.rollback_skipped", 2000}, {"command.rolled_back", 1000},
    {"command.verified", 20000}, {"command.waiting", 2000}, {"device.changed", 1000}, {"device.registered", 10000}, {"lease.ended", 1000},
    {"lease.renewed", 40000}, {"preferences.set", 2000}, {"readings.recorded", 100000}, {"rule.fired", 10000}, {"rule.removed", 100},
    {"rule.saved", 4000}, {"site.configured", 3000}, {"stop.engaged", 5000}, {"stop.lifted", 3000},
    // what was refused, and why
    {"refused automation-off", 6000}, {"refused busy", 30000}, {"refused capability", 1000}, {"refused device-offline", 9000},
    {"refused environment", 900}, {"refused grid-limit", 9000}, {"refused manual-hold", 60000}, {"refused min-off", 3000}, {"refused min-on", 500},
    {"refused min-soc", 6000}, {"refused pause-below", 7000}, {"refused quality", 4000}, {"refused range", 1000}, {"refused rest-hours", 1000},
    {"refused safe-mode", 2000}, {"refused soc-floor", 4000}, {"refused soc-forecast", 3000}, {"refused solar-hours", 1000}, {"refused stale", 10000},
    {"refused stop", 10000}, {"refused stuck", 100}, {"refused switch-rate", 10000}, {"refused target-soc", 1000}, {"refused unknown", 4000},
    {"refused unknown-device", 1000},
    // what it waited for, and how that ended
    {"cancelled by_person", 800}, {"cancelled clock_suspect", 80}, {"cancelled denied", 400}, {"cancelled expired", 1000}, {"cancelled replaced", 10},
    {"cancelled stopped", 700}, {"no by api", 100}, {"no by mail", 100}, {"no by sms", 100}, {"no by web", 100},
    {"turned down: approval-closed", 400}, {"turned down: approval-code", 4000}, {"turned down: approval-expired", 1}, {"waiting device_busy", 800},
    {"waiting device_offline", 60}, {"waiting its_turn", 1000}, {"yes by api", 600}, {"yes by mail", 600}, {"yes by sms", 600}, {"yes by web", 600},
    // how it was sent, and how that ended
    {"action set_power", 10000}, {"action switch_off", 10000}, {"action switch_on", 10000}, {"answered accepted", 10000},
    {"answered unreachable", 20000}, {"dispatched for agent", 1000}, {"dispatched for apikey", 10000}, {"dispatched for rule", 2000},
    {"dispatched for schedule", 7000}, {"dispatched for user", 10000}, {"effect", 10000}, {"effect without a change", 8000},
    {"failed contradicted", 300}, {"failed device_error", 1000}, {"failed not_sent", 1000}, {"failed outcome_unknown", 6000},
    {"held back: it expired before it could be sent", 1}, {"held back: quality", 1}, {"not sent: it expired before it could be sent", 5}, {"held back: no adapter drives this device", 700}, {"held back: stop", 1},
    {"held back: the command has ended", 60}, {"not sent: identity-mismatch", 500}, {"not sent: the emergency stop came first", 20},
    {"purpose ordinary", 30000}, {"purpose rollback", 2000}, {"purpose safe_state", 2000}, {"second try", 8000}, {"sent", 40000},
    {"skipped: A newer command waits for the device.", 90}, {"skipped: Somebody has switched the device since.", 100},
    {"skipped: The device is as it was before.", 200}, {"skipped: What was before is not known.", 500},
    {"skipped: What was before is what was wanted.", 900}, {"skipped: What was to be shed is not switched on again.", 600}, {"third try", 4000},
    // leases and rules
    {"lease ended: automation-off", 1}, {"lease ended: device-offline", 300}, {"lease ended: it ran out before it could be renewed", 100},
    {"lease ended: min-soc", 1}, {"lease ended: pause-below", 20}, {"lease ended: quality", 300}, {"lease ended: safe-mode", 50},
    {"lease ended: soc-floor", 90}, {"lease ended: soc-forecast", 20}, {"lease ended: stale", 1}, {"lease ended: stop", 300},
    {"lease ended: stuck", 1}, {"lease ended: target-soc", 1}, {"lease ran out in the device", 2000}, {"renewal held back", 20},
    {"renewal sent", 40000}, {"rule acted", 6000}, {"rule already_so", 1000}, {"rule automation_off", 1000}, {"rule condition_not_met", 20},
    {"rule cooling_down", 800},
    // crashes
    {"crash after an answer", 1000}, {"crash before an answer", 1000}, {"crash between turns", 4000}, {"crash while stopped", 800},
    {"crash while waiting for approval", 1000}, {"crash while waiting for device_busy", 80}, {"crash while waiting for device_offline", 1},
    {"crash while waiting for its_turn", 100}, {"crash with a command on its way", 2000}, {"crash with something staged", 1000},
    {"ended running", 2000}, {"ended stopped", 300}, {"hub gone for ever", 200}, {"start after a crash", 3000}, {"start from a snapshot", 2000},
    // everything else that may happen to it
    {"another box is there", 1000}, {"click of a scanner", 1000}, {"clock set right", 200}, {"clock stepped", 600},
    {"device ignored what had expired", 700}, {"device ignored what it had done", 2000}, {"device lied", 1000}, {"device read back", 20000},
    {"device rebooted", 2000}, {"device refused", 1000}, {"device was silent", 4000}, {"device was slow", 2000}, {"history", 3000},
    {"key repeated", 10000}, {"late on the wire", 10000}, {"lost on the wire", 20000}, {"out of order on the wire", 1000}, {"reading repeated", 8000},
    {"readings late", 8000}, {"readings lost", 10000}, {"suspect value", 7000}, {"switched by hand", 1000}, {"told: error", 1000},
    {"told: refused", 100000}, {"told: sent", 20000}, {"told: waits", 6000}, {"twice on the wire", 8000},
};

}  // namespace heliograph::simulator
