#include "tests/simulator/hub.hpp"

#include <algorithm>

#include "tests/simulator/words.hpp"

namespace heliograph::simulator {
namespace {

constexpr Micros settling_in = 2 * second_us;  // as in actors/site_actor.cpp

/// What bytes cannot show: a field that the snapshot has forgotten to write is missing from both.
bool remembers_the_same(const Site& a, const Site& b) {
  const auto same_device = [](const DeviceState& x, const DeviceState& y) {
    return x.about == y.about && x.on == y.on && x.power_w == y.power_w && x.changed_at == y.changed_at && x.manual_until == y.manual_until && x.switched == y.switched && x.by_rules == y.by_rules &&
           x.soc_moved_at == y.soc_moved_at && x.soc_repeats == y.soc_repeats && x.reserved_w == y.reserved_w && x.reserved_since == y.reserved_since &&
           x.in_flight.has_value() == y.in_flight.has_value() && x.lease.has_value() == y.lease.has_value();
  };
  const auto same_rule = [](const RuleEntry& x, const RuleEntry& y) { return x.rule == y.rule && x.acted_at == y.acted_at && x.fired_at == y.fired_at && x.removed == y.removed; };
  const auto same_wait = [](const PendingCommand& x, const PendingCommand& y) {
    return x.command == y.command && x.what == y.what && x.until == y.until && x.not_before == y.not_before && x.approved == y.approved && x.wrong_codes == y.wrong_codes;
  };
  return a.stopped() == b.stopped() && a.clock_suspect() == b.clock_suspect() && a.settings() == b.settings() && a.wishes() == b.wishes() &&
         std::equal(a.devices().begin(), a.devices().end(), b.devices().begin(), b.devices().end(), same_device) &&
         std::equal(a.pending().begin(), a.pending().end(), b.pending().begin(), b.pending().end(), same_wait) &&
         std::equal(a.rules().rules().begin(), a.rules().rules().end(), b.rules().rules().begin(), b.rules().rules().end(), same_rule);
}

bool is_for_device(const Record& record) {
  if (record.is_readings()) return false;
  const auto* answered = std::get_if<CommandAnswered>(&record.event());
  return std::holds_alternative<CommandDispatched>(record.event()) || std::holds_alternative<LeaseRenewed>(record.event()) ||
         (answered != nullptr && answered->answer == Answered::unreachable);
}

}  // namespace

Hub::Hub(World& world, House& house, SimLog& log, Witness& witness) : world_(world), house_(house), log_(log), witness_(witness) {}

void Hub::in_this_life(Micros delay, std::function<void()> then) {
  world_.after(delay, [this, life = life_, then = std::move(then)] {
    if (life == life_ && up()) then();
  });
}

// ---- life and death ------------------------------------------------------------------------------------------------

Site Hub::folded(const Snapshot* from) const {
  Site site(house_key);
  Position covered = 0;
  if (from != nullptr)
    if (auto restored = Site::restore(from->state)) site = std::move(*restored), covered = from->covered;
  for (const RecordPtr& record : log_.records())
    if (record->envelope.position > covered) site.evolve(record);
  site.settle();
  return site;
}

void Hub::start() {
  ++life_;
  world_.hub_starts(log_.stamp());
  world_.trace("the hub starts");
  Site from_log = folded(nullptr);
  const std::string bytes = from_log.snapshot();
  if (saved_) {
    Site from_snapshot = folded(&*saved_);
    if (from_snapshot.snapshot() != bytes || !remembers_the_same(from_snapshot, from_log)) world_.violated("I17 the site from its snapshot is not the site from its log");
    world_.counters.add("start from a snapshot");
    site_ = std::move(from_snapshot);
  } else {
    site_ = std::move(from_log);
  }
  asked_ = site_->stopped() ? 1 : 0, lifted_ = 0;
  site_->woke(world_.hub_time());
  const bool safe_mode = !world_.calm && ++starts_ > 5;  // it keeps falling over
  site_->set_safe_mode(safe_mode);
  witness_.started(*site_, world_.hub_time(), safe_mode);
  no_alarm_before_ = world_.hub_time() + settling_in;
  for (const Box& box : house_.boxes()) {
    if (!box.about.can_switch && !box.about.can_set_power) continue;
    const DeviceState* state = site_->device(box.about.device);
    Shell shell;  // the try that was on its way is not made again
    if (state != nullptr && state->in_flight) shell.command = state->in_flight->command, shell.retry = state->in_flight->retry;
    shell.adopted = !world_.faults.late_adapters;
    shells_[box.about.device.text] = shell;
    in_this_life(world_.dice.between(1, 1500) * 1000, [this, id = box.about.device.text] {
      shells_[id].adopted = true;
      if (!world_.planted(ShellPlant::sends_again_after_start) || shells_[id].command.empty()) return;
      for (const RecordPtr& record : log_.records())
        if (const auto* sent = record->is_readings() ? nullptr : std::get_if<CommandDispatched>(&record->event());
            sent != nullptr && sent->command == shells_[id].command && sent->retry == shells_[id].retry)
          send(record, *sent);
    });
  }
  set_alarm();
}

void Hub::crash() {
  if (!up()) return;
  world_.counters.add(waiting_.empty() ? "crash between turns" : "crash with something staged");
  for (const DeviceState& device : site_->devices())
    if (device.in_flight) world_.counters.add("crash with a command on its way"), world_.counters.add(device.in_flight->accepted_at ? "crash after an answer" : "crash before an answer");
  for (const PendingCommand& p : site_->pending())
    if (p.what) world_.counters.add("crash while waiting for ", name(*p.what));
  if (site_->stopped()) world_.counters.add("crash while stopped");
  const std::string before = site_->snapshot();
  site_.reset();
  waiting_.clear(), taken_.reset(), shells_.clear();
  flushing_ = false;
  const std::size_t lost = log_.lose_staged();
  if (world_.planted(ShellPlant::forgets_last_record)) log_.forget_last();
  world_.trace("the hub crashes; lost: " + std::to_string(lost));
  if (lost == 0 && folded(nullptr).snapshot() != before) world_.violated("I17 the site folded from its log is not the site that ran");
  witness_.crashed();
}

// ---- turns -----------------------------------------------------------------------------------------------------------

void Hub::turn(const Decide& decide, Reply reply) {
  if (!up()) return;
  const Micros at = log_.begin(world_.hub_time());
  no_alarm_before_ = 0;
  auto decided = decide(*site_, at, log_);
  const std::vector<RecordPtr>& records = log_.records();
  const bool empty = records.size() == log_.turn();
  if (!decided && !empty) world_.violated("I12 a turn failed half way: " + decided.error().sentence);
  Staged staged;
  if (decided) staged.outcome.done = true, staged.outcome.command = std::move(*decided);
  else staged.outcome.error = decided.error().code;
  staged.outcome.last = log_.last();
  staged.reply = std::move(reply);
  if (empty) {
    if (staged.reply) staged.reply(staged.outcome);
  } else {
    staged.last = log_.last();
    for (std::size_t i = log_.turn(); i < records.size(); ++i) {
      if (world_.traced()) world_.trace(words(*records[i]));
      witness_.staged(records[i]);
      if (is_for_device(*records[i])) staged.for_devices.push_back(records[i]);
    }
    witness_.turn_ended();
    if (world_.planted(ShellPlant::acknowledges_too_early)) answer_waiting(staged);
    if (world_.planted(ShellPlant::sends_before_durable))
      for (const RecordPtr& record : std::exchange(staged.for_devices, {})) hand_over(record);
    waiting_.push_back(std::move(staged));
    flush();
  }
  set_alarm();
}

void Hub::answer_waiting(Staged& ready) {
  if (auto reply = std::exchange(ready.reply, nullptr)) {
    if (ready.outcome.done) witness_.acknowledged(ready.last);
    reply(ready.outcome);
  }
}

/// One sync at a time; what gathers meanwhile goes with the next.
void Hub::flush() {
  if (flushing_) return;
  flushing_ = true;
  const Position up_to = log_.last();
  const Micros takes = world_.strikes(world_.faults.slow_disk) ? world_.dice.heavy(10 * second_us) : world_.dice.between(100, 2000);
  if (auto then = std::exchange(while_writing_, nullptr)) in_this_life(world_.dice.below(takes), std::move(then));
  in_this_life(takes, [this, up_to] {
    flushing_ = false;
    log_.make_durable(up_to);
    became_durable();
    if (!waiting_.empty()) flush();
  });
}

void Hub::became_durable() {
  const std::uint64_t life = life_;
  while (life == life_ && !waiting_.empty() && waiting_.front().last <= log_.durable()) {
    Staged ready = std::move(waiting_.front());
    waiting_.pop_front();
    for (const RecordPtr& record : ready.for_devices) hand_over(record);
    answer_waiting(ready);
  }
  snapshot();
}

/// The state is taken now and saved once all that it holds is durable.
void Hub::snapshot() {
  if (!up()) return;
  if (taken_ && log_.durable() >= taken_->covered) saved_ = std::exchange(taken_, std::nullopt);
  if (!taken_ && world_.dice.chance(3)) taken_ = Snapshot{log_.last(), site_->snapshot()};
}

// ---- alarms ------------------------------------------------------------------------------------------------------------

void Hub::set_alarm() {
  if (!up()) return;
  const auto due = site_->next_due(world_.hub_time());
  const std::uint64_t generation = ++alarm_;
  if (!due) return;
  const Micros wait = world_.hub_waits(std::max(*due, no_alarm_before_) - world_.hub_time());
  const Micros late = world_.strikes(world_.faults.slow_timer) ? world_.dice.heavy(3 * second_us) : world_.dice.between(0, 3000);
  in_this_life(std::max<Micros>(0, wait) + late, [this, generation] {
    if (generation == alarm_) tick();
  });
}

void Hub::tick() {
  const Position before = log_.last();
  turn([](Site& site, Micros at, Journal& journal) -> Decided {
    if (auto ticked = site.tick(at, journal); !ticked) return fail(ticked.error());
    return std::optional<CommandAnswer>{};
  }, {});
  // A look at the alerts leaves nothing, and comes a minute later; nothing may ask for more at once.
  const auto due = site_ ? site_->next_due(world_.hub_time()) : std::nullopt;
  idle_ticks_ = log_.last() == before && due && *due <= world_.hub_time() ? idle_ticks_ + 1 : 0;
  if (idle_ticks_ > 20) idle_ticks_ = 0, world_.violated("I18 the site asks to be woken at once, again and again, and has nothing to do");
}

// ---- requests -----------------------------------------------------------------------------------------------------------

void Hub::ask(const Ask& ask, Reply reply) {
  if (!up()) return;
  if (const auto* use = log_.find_key(ask.idempotency_key); use != nullptr && !ask.idempotency_key.empty()) {
    world_.counters.add("key repeated");
    if (use->fingerprint != ask.fingerprint) return reply({false, Errc::conflict, {}, true, 0});
    return;  // the first answer is the answer
  }
  turn([ask](Site& site, Micros at, Journal& journal) -> Decided {
    auto answer = site.ask(ask, at, journal);
    if (!answer) return fail(answer.error());
    return std::optional(std::move(*answer));
  }, std::move(reply));
}

void Hub::take(ReadingBatch batch, const Principal& from) {
  if (!up() || batch.size() == 0) return;
  auto shared = std::make_shared<const ReadingBatch>(std::move(batch));
  turn([shared, from](Site& site, Micros at, Journal& journal) -> Decided {
    if (auto taken = site.take_readings(shared, {}, from, at, journal); !taken) return fail(taken.error());
    return std::optional<CommandAnswer>{};
  }, {});
}

void Hub::engage_stop(const Principal& principal, Reply reply) {
  if (!up()) return;
  ++asked_;
  turn([principal](Site& site, Micros at, Journal& journal) -> Decided {
    if (auto stopped = site.engage_stop(principal, "smoke", at, journal); !stopped) return fail(stopped.error());
    return std::optional<CommandAnswer>{};
  }, std::move(reply));
}

void Hub::lift_stop(const Principal& principal, Reply reply) {
  if (!up()) return;
  turn([principal](Site& site, Micros at, Journal& journal) -> Decided {
    if (auto lifted = site.lift_stop(principal, "all clear", at, journal); !lifted) return fail(lifted.error());
    return std::optional<CommandAnswer>{};
  }, [this, knew = asked_, reply = std::move(reply)](const Outcome& outcome) {
    if (outcome.done) lifted_ = knew;
    reply(outcome);
  });
}

}  // namespace heliograph::simulator
