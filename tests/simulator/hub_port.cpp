// From a durable dispatch to the device and back: the last look, the device's own shell, the port, and the wire.
#include "tests/simulator/hub.hpp"

namespace heliograph::simulator {

/// The last look before a device hears something: the stop in memory, then the state as it is now.
void Hub::hand_over(const RecordPtr& record) {
  const std::string device = record->envelope.stream.substr(std::string_view("device-").size());
  const auto* command = std::get_if<CommandDispatched>(&record->event());
  const auto* renewal = std::get_if<LeaseRenewed>(&record->event());
  const bool adopted = shells_[device].adopted;
  const auto mailbox = [&] {
    Micros& last = last_mail_[device];
    last = std::max(last, world_.now() + (world_.strikes(world_.faults.slow_mailbox) ? world_.dice.heavy(20 * second_us) : world_.dice.between(0, 500)));
    return last - world_.now();
  };
  if (command == nullptr) {
    const bool blind = world_.planted(ShellPlant::renews_after_stop);
    const bool still = renewal == nullptr || blind || (!stop_engaged() && !site_->why_not_renew(*renewal, world_.hub_time()));
    if (renewal != nullptr && !still) {
      world_.counters.add("renewal held back");
      if (world_.traced()) world_.trace("  renewal held back: " + site_->why_not_renew(*renewal, world_.hub_time()).value_or("the emergency stop came first"));
    }
    if (!still || !adopted) return;
    if (renewal != nullptr) witness_.renewal_passed(record, world_.hub_time());
    in_this_life(mailbox(), [this, record, device, stops = asked_] {
      if (const auto* again = std::get_if<LeaseRenewed>(&record->event())) renew(*again, stops);
      else read_back(device);
    });
    return;
  }
  std::optional<std::string> obstacle = world_.planted(ShellPlant::last_look_missing) ? std::nullopt : site_->why_not_send(*command, world_.hub_time());
  const bool sheds = !energises(command->action, command->power_w) && is_person(record->envelope.principal.kind);
  const bool stopped = stop_engaged() && !world_.planted(ShellPlant::stop_not_looked_at_last);
  if (!obstacle && stopped && !sheds && command->purpose != Purpose::safe_state) obstacle = "the emergency stop came first";
  if (!obstacle && !adopted) obstacle = "no adapter drives this device";
  if (!obstacle) {
    witness_.last_look_passed(record, world_.hub_time());
    return in_this_life(mailbox(), [this, record, stops = asked_] { carry_out(record, std::get<CommandDispatched>(record->event()), stops); });
  }
  world_.counters.add("held back: ", std::string_view(*obstacle).substr(0, obstacle->find(':')));
  turn([command, obstacle](Site& site, Micros at, Journal& journal) -> Decided {
    const DeviceAnswer answer{command->command, DeviceAnswer::Kind::not_sent, *obstacle, command->retry};
    if (auto noted = site.answered(answer, at, journal); !noted) return fail(noted.error());
    return std::optional<CommandAnswer>{};
  }, {});
}

void Hub::carry_out(const RecordPtr& record, const CommandDispatched& command, std::uint64_t stops) {
  Shell& shell = shells_[command.device.text];
  const bool forgetful = world_.planted(ShellPlant::hands_over_twice);
  if (command.command == shell.command && command.retry <= shell.retry && !forgetful) return;  // each try is made once
  shell.command = command.command, shell.retry = command.retry;
  const auto not_sent = [&](std::string why) {
    world_.counters.add("not sent: ", std::string_view(why).substr(0, why.find(':')));
    tell({command.command, DeviceAnswer::Kind::not_sent, std::move(why), command.retry});
  };
  if (world_.hub_time() >= command.expires_at && !world_.planted(ShellPlant::too_late_for_the_port)) return not_sent("it expired before it could be sent");
  const std::string there = world_.planted(ShellPlant::hardware_not_asked) ? std::string() : house_.hardware(command.device);
  if (!command.hardware.empty() && !there.empty() && there != command.hardware) return not_sent("identity-mismatch: another device is there");
  const bool sheds = is_person(record->envelope.principal.kind) && !energises(command.action, command.power_w);
  const bool stopped = (stop_engaged() || (stops != asked_ && !world_.planted(ShellPlant::stop_forgotten_when_lifted))) && !world_.planted(ShellPlant::stop_not_looked_at_last);
  if (stopped && !sheds && command.purpose != Purpose::safe_state) return not_sent("the emergency stop came first");
  send(record, command);
  if (forgetful) send(record, command);
}

// ---- the wire ----------------------------------------------------------------------------------------------------------

void Hub::wire(const std::string& device, std::function<void()> arrives) {
  const Faults& f = world_.faults;
  if (world_.strikes(f.wire_loss)) return world_.counters.add("lost on the wire");
  const int copies = world_.strikes(f.wire_twice) ? 2 : 1;
  if (copies > 1) world_.counters.add("twice on the wire");
  for (int i = 0; i < copies; ++i) {
    Micros takes = world_.dice.between(5, 300) * 1000;
    if (world_.strikes(f.wire_delay)) takes += world_.dice.heavy(minute_us), world_.counters.add("late on the wire");
    Micros& last = last_arrival_[device];
    const bool in_order = !world_.strikes(f.wire_reorder);
    if (in_order) takes = std::max(takes, last - world_.now() + 1);
    else if (world_.now() + takes < last) world_.counters.add("out of order on the wire");
    last = std::max(last, world_.now() + takes);
    world_.after(takes, arrives);
  }
}

void Hub::send(const RecordPtr& record, const CommandDispatched& command) {
  witness_.leaves(record, command, house_.hardware(command.device));
  const Micros link_fails = world_.dice.between(1, 9) * second_us;
  const bool noticed = world_.dice.chance(30);
  wire(command.device.text, [this, command] { hear(command, command.retry); });
  // A link that says that it failed: nobody knows whether the device heard.
  if (noticed && world_.strikes(world_.faults.wire_loss))
    in_this_life(link_fails, [this, command] { tell({command.command, DeviceAnswer::Kind::unreachable, "connection reset", command.retry}); });
}

void Hub::hear(const CommandDispatched& command, std::uint32_t retry) {
  Box& box = *house_.find(command.device.text);
  if (world_.strikes(world_.faults.silent)) box.down_until = std::max(box.down_until, world_.now() + world_.dice.between(1, 40) * second_us), world_.counters.add("device was silent");
  if (world_.strikes(world_.faults.reboot)) house_.reboot(box), world_.counters.add("device rebooted");
  if (world_.strikes(world_.faults.wrong_box)) box.stranger_until = world_.now() + world_.dice.between(5, 90) * second_us, world_.counters.add("another box is there");
  const auto said = house_.hear(command, [this](Box& at, const CommandDispatched& done, bool changed) { witness_.effect(at, done, changed); });
  if (!said) return;
  DeviceAnswer answer{command.command, said->kind, said->detail, retry, said->hardware};
  wire("answer " + command.device.text, [this, answer] { tell(answer); });
}

void Hub::tell(DeviceAnswer answer) {
  if (!up()) return;
  witness_.answering(answer);
  turn([answer](Site& site, Micros at, Journal& journal) -> Decided {
    if (auto noted = site.answered(answer, at, journal); !noted) return fail(noted.error());
    return std::optional<CommandAnswer>{};
  }, {});
}

void Hub::renew(const LeaseRenewed& renewal, std::uint64_t stops) {
  if ((stop_engaged() || stops != asked_) && !world_.planted(ShellPlant::renews_after_stop)) return;
  if (world_.traced()) world_.trace("  renewal sent for " + renewal.device.text);
  witness_.renewal_leaves(renewal);
  wire(renewal.device.text, [this, renewal] { house_.renew(renewal); });
}

void Hub::read_back(const std::string& device) {
  world_.counters.add("device read back");
  wire(device, [this, device] {
    ReadingBatch batch = house_.measure(false, device);
    if (batch.size() == 0) return;
    wire("answer " + device, [this, batch, device] { take(batch, {PrincipalKind::device, device}); });
  });
}

}  // namespace heliograph::simulator
