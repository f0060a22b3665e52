#include "tests/simulator/people.hpp"

#include "events/digest.hpp"
#include "tests/simulator/rules.hpp"

namespace heliograph::simulator {
namespace {

const Principal anna{PrincipalKind::user, "anna"}, program{PrincipalKind::apikey, "k-1"}, advisor{PrincipalKind::agent, "advisor"}, night{PrincipalKind::schedule, "night"};

Hub::Decided plain(const Status& status) {
  if (!status) return fail(status.error());
  return std::optional<CommandAnswer>{};
}

const auto nothing = [](const Outcome&) {};

}  // namespace

People::People(World& world, House& house, Hub& hub, Witness& witness) : world_(world), house_(house), hub_(hub), witness_(witness), registered_(house.devices()), night_shift_(world.dice.chance(12)) {}

void People::furnish() {
  settings_.name = "House";
  configure();
  for (const DeviceRegistered& device : registered_)
    hub_.turn([&](Site& site, Micros at, Journal& journal) { return plain(site.register_device(device, anna, at, journal)); }, nothing);
  if (world_.dice.chance(50)) prefer();
  for (std::int64_t n = world_.dice.below(4); n > 0; --n) edit_rule();
}

void People::act() {
  Dice& dice = world_.dice;
  const Faults& f = world_.faults;
  const std::int64_t what = dice.below(100);
  if (night_shift_ && what < 80) return flip();
  if (what < 55) return ask();
  if (what < 62) return world_.strikes(f.stops) ? stop() : hub_.stop_engaged() ? lift() : ask();
  if (what < 72) return hub_.stop_engaged() ? lift() : ask();
  if (what < 76) return cancel();
  if (what < 80) return world_.strikes(f.settings) ? prefer() : void();
  if (what < 83) return world_.strikes(f.settings) ? configure() : void();
  if (what < 87) return world_.strikes(f.rules) ? edit_rule() : void();
  if (what < 90) return world_.strikes(f.settings) ? register_again() : void();
  if (what < 96) return world_.strikes(f.by_hand) ? press() : ask();
  if (world_.strikes(f.clock)) step_clock();
}

// ---- asking ----------------------------------------------------------------------------------------------------------------

void People::ask() {
  static const Principal who[] = {anna, program, advisor, night, night};
  static constexpr const char* switches[] = {"heater", "pump", "node-1"};
  Dice& dice = world_.dice;
  Ask ask;
  Proposal& p = ask.proposal;
  p.principal = dice.one_of(who);
  if (dice.chance(3)) {
    p.device.text = dice.chance(50) ? "nobody" : "grid", p.action = Action::switch_on;
  } else if (dice.chance(25)) {
    p.device.text = "battery", p.action = Action::set_power, p.power_w = dice.chance(20) ? 0 : dice.between(-32, 32) * 100;
  } else {
    p.device.text = dice.one_of(switches), p.action = dice.chance(65) ? Action::switch_on : Action::switch_off;
  }
  ask.reason = "somebody wants it";
  ask.idempotency_key = "key-" + std::to_string(++keys_);
  ask.fingerprint = sha256({ask.idempotency_key});
  if (dice.chance(15)) ask.wait_online = dice.between(1, 6) * minute_us;
  send(ask);
  // Somebody sees what has been asked for, and is frightened.
  if (world_.strikes(world_.faults.stops / 4)) world_.after(dice.heavy(2 * second_us), [this] {
    stop();
    if (world_.dice.chance(60)) world_.after(world_.dice.heavy(2 * second_us) + 3000, [this] { lift(); });  // a false alarm
  });
  // A double click is the same request again; another hand may use its key by mistake.
  if (!world_.strikes(world_.faults.clicks)) return;
  if (dice.chance(10)) ask.fingerprint = sha256({"another"});
  world_.after(dice.heavy(10 * second_us), [this, ask] { send(ask); });
}

/// A schedule that cannot make up its mind.
void People::flip() {
  Ask ask;
  ask.proposal = {{"heater"}, (++keys_ % 2) == 0 ? Action::switch_on : Action::switch_off, 0, night, Purpose::ordinary, {}};
  ask.reason = "to and fro", ask.idempotency_key = "key-" + std::to_string(keys_);
  send(ask);
}

void People::send(const Ask& ask) {
  hub_.ask(ask, [this](const Outcome& outcome) {
    if (outcome.command && !outcome.command->refusals.empty()) world_.counters.add("told: refused");
    else if (outcome.command && outcome.command->waiting) world_.counters.add("told: waits");
    else world_.counters.add(outcome.done ? "told: sent" : "told: error");
    look_at_notices();
  });
}

void People::cancel() {
  if (!hub_.up() || hub_.site().pending().empty()) return;
  const auto& pending = hub_.site().pending();
  const CommandId command = pending[static_cast<std::size_t>(world_.dice.below(static_cast<std::int64_t>(pending.size())))].command;
  const Principal& by = world_.dice.chance(85) ? anna : advisor;
  hub_.turn([&](Site& site, Micros at, Journal& journal) { return plain(site.cancel(command, by, at, journal)); }, nothing);
}

// ---- saying yes ----------------------------------------------------------------------------------------------------------------

void People::look_at_notices() {
  if (!hub_.up() || world_.calm) return;
  for (const PendingCommand& p : hub_.site().pending())
    if (p.what == Waiting::approval && noticed_.insert(p.command.text).second) answer(p.command, p.until);
}

void People::answer(const CommandId& command, Micros until) {
  static constexpr ApprovalChannel channels[] = {ApprovalChannel::web, ApprovalChannel::mail, ApprovalChannel::sms, ApprovalChannel::api};
  Dice& dice = world_.dice;
  const ApprovalChannel channel = dice.one_of(channels);
  if (world_.strikes(world_.faults.scanner))  // opens the link, and presses what can be pressed
    for (std::int64_t n = dice.between(1, 3); n > 0; --n) world_.after(dice.heavy(minute_us), [this, command] { world_.counters.add("click of a scanner"), click(command, true, ApprovalChannel::mail, false); });
  if (world_.strikes(world_.faults.wrong_codes))
    for (std::int64_t n = dice.between(1, 7); n > 0; --n) world_.after(dice.heavy(minute_us), [this, command, channel] { click(command, true, channel, false); });
  if (dice.chance(15)) return;  // nobody looks
  const bool granted = dice.chance(85);
  const Micros left = until - world_.wall();
  const Micros when = dice.chance(70) ? dice.heavy(2 * minute_us) : dice.chance(50) ? left + dice.between(-200, 400) * 1000 : left + dice.between(1, 60) * second_us;
  for (std::int64_t n = world_.strikes(world_.faults.clicks) ? dice.between(2, 4) : 1; n > 0; --n)
    world_.after(when + (n > 1 ? dice.heavy(20 * second_us) : 0), [this, command, granted, channel] { click(command, granted, channel, true); });
}

void People::click(const CommandId& command, bool granted, ApprovalChannel channel, bool proven) {
  if (!hub_.up()) return;
  const Principal& by = world_.dice.chance(92) ? anna : world_.dice.chance(50) ? advisor : program;
  witness_.clicked(proven, by);
  hub_.turn([&](Site& site, Micros at, Journal& journal) -> Hub::Decided {
    auto answer = site.approve({command, granted, channel, by, proven}, at, journal);
    if (!answer) return fail(answer.error());
    if (!answer->refusals.empty() && answer->refusals.front().rule.starts_with("approval-")) world_.counters.add("turned down: ", answer->refusals.front().rule);
    return std::optional(std::move(*answer));
  }, nothing);
}

// ---- stopping --------------------------------------------------------------------------------------------------------------------

void People::stop() {
  const int number = witness_.stop_asked();
  hub_.engage_stop(anna, [this, number](const Outcome& outcome) {
    if (outcome.done) witness_.stop_acknowledged(number);
  });
}

void People::lift() {
  const int known = witness_.stops_known();
  hub_.lift_stop(world_.dice.chance(80) ? anna : advisor, [this, known](const Outcome& outcome) {
    if (outcome.done) witness_.lift_acknowledged(known);
  });
}

// ---- editing ---------------------------------------------------------------------------------------------------------------------

void People::prefer() {
  Dice& dice = world_.dice;
  static constexpr Confirmation confirmations[] = {Confirmation::always, Confirmation::sometimes, Confirmation::sometimes, Confirmation::never, Confirmation::never};
  PreferencesSet wishes;
  if (dice.chance(60)) wishes.min_soc_permille = static_cast<std::int32_t>(dice.between(20, 30) * 10), wishes.pause_below_permille = static_cast<std::int32_t>(dice.between(30, 50) * 10);
  if (dice.chance(30)) wishes.grid_import_w_max = dice.between(20, 50) * 100;
  wishes.confirmation = dice.one_of(confirmations), wishes.auto_pause = dice.chance(85);
  if (dice.chance(8)) wishes.rest_hours = {605, 620};
  if (dice.chance(8)) wishes.solar_hours = {600, 640};
  hub_.turn([&](Site& site, Micros at, Journal& journal) { return plain(site.prefer(wishes, anna, at, journal)); }, nothing);
}

void People::configure() {
  Dice& dice = world_.dice;
  settings_.automation = dice.chance(92);
  settings_.grid_import_w_max = dice.chance(50) ? dice.between(25, 60) * 100 : 0;
  settings_.soc_floor_permille = dice.chance(80) ? 200 : static_cast<std::int32_t>(dice.between(20, 30) * 10);
  hub_.turn([&](Site& site, Micros at, Journal& journal) { return plain(site.configure(settings_, anna, at, journal)); }, nothing);
}

void People::edit_rule() {
  Rule rule = some_rule(world_.dice);
  if (world_.dice.chance(15)) return hub_.turn([&](Site& site, Micros at, Journal& journal) { return plain(site.remove_rule(rule.id, anna, at, journal)); }, nothing);
  rule.enabled = world_.dice.chance(90);
  hub_.turn([&](Site& site, Micros at, Journal& journal) -> Hub::Decided {
    auto saved = site.save_rule(rule, anna, at, journal);
    if (!saved) return fail(saved.error());
    return std::optional<CommandAnswer>{};
  }, nothing);
}

void People::register_again() {
  DeviceRegistered& device = registered_[static_cast<std::size_t>(world_.dice.below(static_cast<std::int64_t>(registered_.size())))];
  if (device.can_switch && device.device.text != "node-1") device.needs_approval = world_.dice.chance(30), device.min_off = world_.dice.between(0, 3) * minute_us;
  hub_.turn([&](Site& site, Micros at, Journal& journal) { return plain(site.register_device(device, anna, at, journal)); }, nothing);
}

// ---- the world round them ------------------------------------------------------------------------------------------------------------

void People::press() {
  static constexpr const char* switches[] = {"heater", "pump", "node-1"};
  world_.counters.add("switched by hand");
  house_.press(*house_.find(world_.dice.one_of(switches)));
}

/// The wall clock jumps; who watches it says so when it is far off, and trusts it again when somebody has looked.
void People::step_clock() {
  Dice& dice = world_.dice;
  static constexpr Micros steps[] = {-hour_us, -minute_us, -10 * second_us, 10 * second_us, minute_us, hour_us, 0, 0};
  const Micros offset = dice.one_of(steps), before = world_.wall() - world_.now();
  world_.counters.add(offset == 0 ? "clock set right" : "clock stepped");
  world_.step_clock(offset);
  world_.after(dice.between(0, 10) * second_us, [this] { hub_.look_at_the_clock(); });
  if (std::abs(offset - before) <= minute_us && dice.chance(70)) return;
  world_.after(dice.between(1, 10) * second_us, [this, step = offset - before] {
    hub_.turn([&](Site& site, Micros at, Journal& journal) { return plain(site.suspect_clock(step, at, journal)); }, nothing);
  });
  world_.after(dice.between(30, 300) * second_us, [this] {
    hub_.turn([&](Site& site, Micros at, Journal& journal) { return plain(site.trust_clock(anna, at, journal)); }, nothing);
  });
}

}  // namespace heliograph::simulator
