#include "tests/simulator/witness.hpp"

#include <algorithm>

namespace heliograph::simulator {

Witness::Witness(World& world, House& house, const SimLog& log) : world_(world), house_(house), log_(log) {
  const auto said = [this](const std::string& what) {
    if (!silent_) wrong(what);
  };
  account_ = std::make_unique<Account>(log_, said);
  house_.lease_ran_out = [this](const Box& box) { lease_ran_out(box); };
}

// ---- the hub -------------------------------------------------------------------------------------------------------------

void Witness::count(const Record& record) {
  Counters& c = world_.counters;
  c.add(record.envelope.type);
  if (record.is_readings()) return;
  const Event& event = record.event();
  if (const auto* refused = std::get_if<CommandRefused>(&event))
    for (const Refusal& r : refused->refusals) c.add("refused ", r.rule);
  if (const auto* e = std::get_if<CommandWaiting>(&event)) c.add("waiting ", name(e->what));
  if (const auto* e = std::get_if<CommandCancelled>(&event)) c.add("cancelled ", name(e->why));
  if (const auto* e = std::get_if<CommandFailed>(&event)) c.add("failed ", name(e->kind));
  if (const auto* e = std::get_if<CommandAnswered>(&event)) c.add("answered ", name(e->answer));
  if (const auto* e = std::get_if<RollbackSkipped>(&event)) c.add("skipped: ", e->why);
  if (const auto* e = std::get_if<LeaseEnded>(&event)) c.add("lease ended: ", std::string_view(e->why).substr(0, e->why.find(':')));
  if (const auto* e = std::get_if<ApprovalDecided>(&event)) c.add(e->granted ? "yes by " : "no by ", name(e->channel));
  if (const auto* e = std::get_if<RuleFired>(&event)) c.add("rule ", name(e->outcome));
  if (const auto* e = std::get_if<CommandDispatched>(&event)) {
    c.add("dispatched for ", name(record.envelope.principal.kind)), c.add("purpose ", name(e->purpose)), c.add("action ", name(e->action));
    if (e->retry > 0) c.add(e->retry > 1 ? "third try" : "second try");
  }
}

void Witness::staged(const RecordPtr& record) {
  count(*record);
  if (const auto* answered = record->is_readings() ? nullptr : std::get_if<CommandAnswered>(&record->event());
      answered != nullptr && answered->answer == Answered::accepted && answering_ && answering_->command == answered->command) {
    const Trail* t = account_->find(answered->command.text);
    const std::string bound = t == nullptr ? std::string() : account_->device(t->asked.device.text).about.hardware;
    if (!bound.empty() && !answering_->hardware.empty() && answering_->hardware != bound) wrong("I3 the answer of another device was believed: " + answered->command.text);
  }
  account_->take(*record);
}

void Witness::crashed() {
  if (told_ && (told_->envelope.position > log_.last() || log_.at(told_->envelope.position) != told_.get())) wrong("I12 what was acknowledged is not in the log after a crash");
  const auto said = [this](const std::string& what) {
    if (!silent_) wrong(what);
  };
  account_ = std::make_unique<Account>(log_, said);
  silent_ = true;
  for (const RecordPtr& record : log_.records()) {
    account_->take(*record);
  }
  account_->turn_ended();
  silent_ = false;
}

void Witness::started(const Site& site, Micros wall, bool safe_mode) {
  before_this_life_ = log_.last();
  started_at_ = world_.now(), started_hub_ = world_.hub_time();
  if (site.stopped() != account_->stopped()) wrong("I2 a restart changed whether the site is stopped");
  if (stop_in_force() && !account_->stopped()) {
    // A lift that became durable, and whose answer was lost: people will see it when they look.
    stops_lifted_ = stops_told_;
  }
  account_->woke(wall, world_.honest_since() <= world_.now() && log_.stamp() <= world_.wall(), safe_mode);
}

void Witness::acknowledged(Position last) {
  if (last > log_.durable()) wrong("I12 somebody was told of what is not durable");
  const Record* record = log_.at(last);
  if (record == nullptr) return;
  const auto found = std::lower_bound(log_.records().begin(), log_.records().end(), record->envelope.position,
                                      [](const RecordPtr& r, Position p) { return r->envelope.position < p; });
  if (!told_ || (*found)->envelope.position > told_->envelope.position) told_ = *found;
}

// ---- the port -------------------------------------------------------------------------------------------------------------

/// What the meter cannot show yet of what we have switched on elsewhere, and this, against the limit (I6).
std::string Witness::against_sum(const Trail& trail, Micros at) {
  const Account& books = *account_;
  std::int64_t limit = books.settings().grid_import_w_max;
  if (!Account::person(trail.by) && books.wishes().grid_import_w_max > 0) limit = limit == 0 ? books.wishes().grid_import_w_max : std::min(limit, books.wishes().grid_import_w_max);
  const std::int64_t adds = added_draw(books.device(trail.asked.device.text).about, trail.asked.action, trail.asked.power_w);
  // Draw and reading are compared by two clocks: while the hub's is wrong nothing can be said.
  if (limit <= 0 || adds <= 0 || world_.honest_since() > world_.now() - 15 * minute_us || log_.stamp() > world_.wall() + second_us) return {};
  const Newest& grid = books.device("grid").grid_w;
  if (!grid.known()) return "I6 the grid was never read";
  if (at - grid.at > books.device("grid").about.freshness) return "I6 the reading of the grid is stale";
  if (grid.suspect_at > grid.at) return "I6 the newest reading of the grid is not plausible";
  std::int64_t sum = grid.value + adds;
  for (const Box& box : house_.boxes()) {
    if (box.about.device == trail.asked.device) continue;
    const DeviceAccount& device = books.device(box.about.device.text);
    const auto draw = [&box](bool on, std::int64_t power_w) { return box.is_switch() ? (on ? box.about.nominal_w : 0) : std::max<std::int64_t>(0, -power_w); };
    std::int64_t shown = draw(box.began_on, 0), now = shown;
    for (const Change& change : box.changes) {
      if (change.at <= grid.at) shown = draw(change.on, change.power_w);
      // What hands, timers and boots do is nobody's command: the meter shows it in time.
      now = change.at <= grid.at || books.find(change.by) == nullptr ? shown : draw(change.on, change.power_w);
    }
    const Trail* flight = device.in_flight.empty() ? nullptr : books.find(device.in_flight);
    if (flight != nullptr && !effects_.contains(device.in_flight)) now = std::max(now, added_draw(device.about, flight->asked.action, flight->asked.power_w));
    sum += std::max<std::int64_t>(0, now - shown);
  }
  return sum > limit ? "I6 " + std::to_string(sum) + " W are more than the limit of " + std::to_string(limit) + " W" : std::string();
}

void Witness::last_look_passed(const RecordPtr& record, Micros wall) {
  const auto& command = std::get<CommandDispatched>(record->event());
  sends_[command.command.text].passed = true, sends_[command.command.text].stops = stops_asked_;
  const Trail* t = account_->find(command.command.text);
  if (t == nullptr) return wrong("I3 nobody asked for " + command.command.text);
  std::string why = account_->against(t->asked, t->by, wall, true);
  if (why.empty() && t->energising() && command.purpose != Purpose::safe_state) why = against_sum(*t, wall);
  if (why.empty() && !t->open()) why = "I10 it has ended";
  if (!why.empty()) wrong(why + ": " + command.command.text + " passed the last look");
  const std::string& other = account_->device(command.device.text).in_flight;
  if (other != command.command.text) wrong("I1 " + command.command.text + " passed the last look while " + (other.empty() ? "nothing" : other) + " is in flight");
}

void Witness::leaves(const RecordPtr& record, const CommandDispatched& command, const std::string& hardware_there) {
  const std::string& id = command.command.text;
  world_.counters.add("sent");
  if (world_.traced()) world_.trace("  sent " + id + " try " + std::to_string(command.retry) + " to " + command.device.text);
  const Position position = record->envelope.position;
  if (position > log_.durable() || log_.at(position) != record.get()) wrong("I3 sent before it was durable: " + id);
  if (position <= before_this_life_) wrong("I17 a start sent again what was on its way: " + id);
  const Trail* t = account_->find(id);
  if (t == nullptr) return wrong("I3 sent without being asked for: " + id);
  if (t->end == Trail::End::cancelled || t->end == Trail::End::refused) wrong("I10 sent although it was cancelled or refused: " + id);
  Sends& sends = sends_[id];
  if (!sends.tries.insert(command.retry).second) wrong("I9 one try was sent twice: " + id);
  if (!sends.passed) wrong("I4 sent without a last look: " + id);
  const bool energising = energises(command.action, command.power_w), follows_stop = command.purpose == Purpose::safe_state;
  if (stop_in_force() && !follows_stop && (energising || !Account::person(record->envelope.principal))) wrong("I2 sent after the stop was acknowledged: " + id);
  if (command.expires_at <= world_.hub_time()) wrong("I9 sent after it had expired: " + id);
  if (!command.hardware.empty() && !hardware_there.empty() && command.hardware != hardware_there) wrong("I3 sent to another device than it is bound to: " + id);
  if (stops_told_ > sends.stops && !follows_stop && energising) wrong("I2 a stop came after its last look, and it was sent all the same: " + id);
}

void Witness::renewal_passed(const RecordPtr& record, Micros wall) {
  const auto& renewal = std::get<LeaseRenewed>(record->event());
  const DeviceAccount& device = account_->device(renewal.device.text);
  if (record->envelope.position > log_.durable()) wrong("I3 a lease was renewed before that was durable");
  if (!device.lease) return;
  if (auto why = account_->against_staying(device, wall); !why.empty()) wrong(why + ": a renewal for " + renewal.device.text + " passed the last look");
}

void Witness::renewal_leaves(const LeaseRenewed& renewal) {
  world_.counters.add("renewal sent");
  if (stop_in_force()) wrong("I2 a lease was renewed after the stop was acknowledged: " + renewal.command.text);
}

void Witness::answering(const DeviceAnswer& answer) { answering_ = answer; }

// ---- the devices -----------------------------------------------------------------------------------------------------------

void Witness::effect(const Box& box, const CommandDispatched& command, bool changed) {
  const std::string& id = command.command.text;
  world_.counters.add(changed ? "effect" : "effect without a change");
  Effect& effect = effects_[id];
  ++effect.times;
  effect.at = world_.now();
  effect.changed = effect.changed || changed;
  const Trail* t = account_->find(id);
  if (t == nullptr) return wrong("I3 an effect that nobody asked for: " + id);
  const bool forgot = box.rebooted_at >= t->first_sent - hour_us && box.rebooted_at != 0;
  if (effect.times > 1 && !forgot) wrong("I9 two effects of one command: " + id);
  const bool ended = t->end == Trail::End::cancelled || t->end == Trail::End::refused ||
                     (t->end == Trail::End::failed && (t->failure == FailureKind::not_sent || t->failure == FailureKind::device_error));
  if (ended && !forgot) wrong("I9 an effect after its end: " + id);
  if (t->end == Trail::End::failed && t->failure == FailureKind::outcome_unknown && !t->by_stop && t->ended_at >= t->last_sent + verify_deadline &&
      world_.honest_since() <= world_.now() - 5 * minute_us)
    wrong("I9 an effect after its deadline: " + id);
}

/// The hub is there, nothing is wrong, and nobody has let the device go: then its timer has no reason to run out (I20).
void Witness::lease_ran_out(const Box& box) {
  const Micros old_wire = 70 * second_us;  // what was late before the calm still holds up what comes after it
  if (!world_.calm || world_.now() < calm_since_ + 2 * box.about.lease + old_wire || world_.now() < started_at_ + 2 * box.about.lease || started_at_ == 0) return;
  const DeviceAccount& device = account_->device(box.about.device.text);
  if (!device.lease || device.lease->command != box.leased_by || device.lease->ended) return;
  const Trail* t = account_->find(box.leased_by);
  if (t != nullptr && t->end == Trail::End::verified) wrong("I20 nobody renewed the lease of " + box.leased_by);
}

// ---- the end -----------------------------------------------------------------------------------------------------------------

void Witness::settled() {
  const Micros hub = world_.hub_time();
  if (hub - started_hub_ < (world_.now() - started_at_) / 2 - second_us) wrong("I19 the hub's time stands still, and everything that waits for it");
  for (const auto& [id, t] : account_->trails()) {
    if (t.end != Trail::End::none) continue;
    if (t.tries > 0 && hub > t.last_sent + verify_deadline + 15 * second_us) wrong("I19 never ended: " + id);
    if (t.tries == 0 && !t.waiting) wrong("I19 neither waits nor goes on: " + id);
    if (t.tries == 0 && t.waiting && hub > t.until + 15 * second_us) wrong("I19 waits for ever: " + id);
  }
}

void Witness::finish(bool gone, Micros hub_died_at) {
  if (!gone) settled();
  for (const Box& box : house_.boxes()) {
    if (box.is_safe() || box.changes.empty()) continue;
    const auto lease = [&](const Change& change) {
      const Trail* t = account_->find(change.by);
      return t == nullptr ? 0 : t->lease;
    };
    const Change& last = box.changes.back();
    const Micros length = lease(last);
    if (length == 0) continue;
    if (gone && world_.now() > hub_died_at + length + 100 * second_us) wrong("I20 the hub is gone, and " + box.about.device.text + " is not in its safe state");
    if (!gone && stop_in_force() && world_.now() > stop_told_at_ + length + 100 * second_us) wrong("I20 the site is stopped, and " + box.about.device.text + " is not in its safe state");
  }
}

}  // namespace heliograph::simulator
