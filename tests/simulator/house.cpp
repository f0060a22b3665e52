#include "tests/simulator/house.hpp"

#include <algorithm>

namespace heliograph::simulator {
namespace {

DeviceRegistered device(const char* id, DeviceKind kind) {
  DeviceRegistered d;
  d.device.text = id, d.name = id, d.kind = kind;
  return d;
}

DeviceRegistered plug(Dice& dice, const char* id, std::int64_t nominal_w) {
  static constexpr Micros leases[] = {0, 30 * second_us, minute_us, 2 * minute_us, 5 * minute_us};
  static constexpr Micros freshnesses[] = {minute_us, 2 * minute_us, 5 * minute_us};
  DeviceRegistered d = device(id, DeviceKind::plug);
  d.can_switch = true, d.nominal_w = nominal_w;
  d.lease = dice.one_of(leases), d.freshness = dice.one_of(freshnesses);
  if (dice.chance(20)) d.settle = dice.between(12, 30) * second_us;
  if (dice.chance(60)) d.hardware = std::string("hw-") + id;
  d.needs_approval = dice.chance(12);
  return d;
}

}  // namespace

bool Box::is_safe() const {
  if (!is_switch()) return power_w == 0;
  return about.safe_state == SafeState::as_it_is || on == (about.safe_state == SafeState::on);
}

House::House(World& world) : world_(world) {
  Dice& dice = world.dice;
  static constexpr Micros least[] = {0, 0, minute_us, 4 * minute_us};
  static constexpr SafeState safe[] = {SafeState::off, SafeState::off, SafeState::on, SafeState::as_it_is};
  static constexpr std::int64_t capacities[] = {0, 2000, 10000};
  DeviceRegistered battery = device("battery", DeviceKind::battery), meter = device("grid", DeviceKind::meter);
  battery.can_set_power = true, battery.nominal_w = 3000, battery.lease = dice.chance(50) ? minute_us : 0, battery.hardware = "hw-battery";
  const std::int64_t capacity_wh = dice.one_of(capacities);
  battery.capacity_wh = capacity_wh;
  DeviceRegistered heater = plug(dice, "heater", 2000), pump = plug(dice, "pump", 1000), node = plug(dice, "node-1", 500);
  pump.min_on = dice.one_of(least), pump.min_off = dice.one_of(least), pump.safe_state = dice.one_of(safe);
  if (dice.chance(3)) pump.environment = "test";
  node.kind = DeviceKind::node, node.needs_approval = false;
  for (const DeviceRegistered& each : {battery, meter, heater, pump, node}) {
    Box& box = boxes_.emplace_back();
    box.about = each, box.hardware = each.hardware.empty() ? "hw-" + each.device.text : each.hardware;
    box.on = box.is_switch() && dice.chance(30), box.began_on = box.on, box.says_hardware = dice.chance(70);
  }
  capacity_ = (capacity_wh == 0 ? 4000 : capacity_wh) * hour_us;
  node_capacity_ = 500 * hour_us;
  // Most of what matters happens where a limit is near.
  static constexpr std::int64_t near[] = {200, 203, 300, 500, 800};
  const auto some_soc = [&dice](std::int64_t usual) { return dice.chance(usual) ? dice.between(450, 950) : dice.one_of(near) + dice.between(-2, 8); };
  energy_ = capacity_ / 1000 * some_soc(55);
  node_energy_ = node_capacity_ / 1000 * some_soc(70);
  base_w_ = dice.between(1, 15) * 100, pv_w_ = dice.chance(50) ? dice.between(0, 40) * 100 : 0;
}

std::vector<DeviceRegistered> House::devices() const {
  std::vector<DeviceRegistered> out;
  for (const Box& box : boxes_) out.push_back(box.about);
  return out;
}

Box* House::find(const std::string& id) {
  const auto found = std::find_if(boxes_.begin(), boxes_.end(), [&](const Box& box) { return box.about.device.text == id; });
  return found == boxes_.end() ? nullptr : &*found;
}

// ---- energy --------------------------------------------------------------------------------------------------------

std::int64_t House::grid_w() const {
  std::int64_t load = base_w_;
  for (const Box& box : boxes_)
    if (box.is_switch() && box.on) load += box.about.nominal_w;
  return load - pv_w_ - boxes_[0].power_w;
}

void House::flow() {
  const Micros span = world_.now() - flowed_;
  flowed_ = world_.now();
  Box& battery = boxes_[0];
  energy_ -= battery.power_w * span;
  // Its own management ends what cannot be: empty gives nothing, full takes nothing.
  if (energy_ < 0) energy_ = 0, battery.power_w = std::min<std::int64_t>(0, battery.power_w);
  if (energy_ > capacity_) energy_ = capacity_, battery.power_w = std::max<std::int64_t>(0, battery.power_w);
  const bool on = boxes_[4].on;
  node_energy_ = std::clamp<std::int64_t>(node_energy_ + (on ? -500 : 100) * span, 0, node_capacity_);
}

// ---- what turns a device ---------------------------------------------------------------------------------------------

void House::set(Box& box, bool on, std::int64_t power_w, const std::string& by) {
  if (box.on == on && box.power_w == power_w) return;
  flow();
  box.on = on, box.power_w = power_w;
  box.changes.push_back({world_.now(), on, power_w, by});
  if (world_.traced())
    world_.trace("  " + box.about.device.text + (box.is_switch() ? (on ? " is on" : " is off") : " at " + std::to_string(power_w) + " W") + " by " + by);
}

void House::to_safe_state(Box& box, const char* by) {
  if (!box.is_switch()) return set(box, false, 0, by);
  if (box.about.safe_state != SafeState::as_it_is) set(box, box.about.safe_state == SafeState::on, 0, by);
}

void House::press(Box& box) {
  box.lease_until = 0;  // who presses the switch takes over from the timer
  set(box, !box.on, 0, "hand");
}

void House::reboot(Box& box) {
  box.done.clear(), box.refused.clear();
  box.rebooted_at = world_.now();
  box.lease_until = 0;
  box.down_until = world_.now() + world_.dice.between(5, 60) * second_us;
  to_safe_state(box, "boot");
}

void House::start_timer(Box& box) {
  const std::string device = box.about.device.text;
  world_.after(box.lease_until - world_.now(), [this, device] {
    Box& mine = *find(device);
    if (mine.lease_until == 0 || world_.now() < mine.lease_until) return;
    mine.lease_until = 0;
    world_.counters.add("lease ran out in the device");
    if (lease_ran_out) lease_ran_out(mine);
    to_safe_state(mine, "lease");
  });
}

void House::carry_out(Box& box, const CommandDispatched& command, const Effect& effect) {
  box.done.push_back(command.command.text);
  const bool by_switch = command.action != Action::set_power;
  const bool on = by_switch ? command.action == Action::switch_on : box.on;
  const std::int64_t power_w = by_switch ? box.power_w : command.power_w;
  const bool changes = box.on != on || box.power_w != power_w;
  set(box, on, power_w, command.command.text);
  box.lease_until = 0;
  if (command.lease > 0) {
    box.lease_until = world_.now() + command.lease, box.leased_by = command.command.text;
    start_timer(box);
  }
  effect(box, command, changes);
}

std::optional<Said> House::hear(const CommandDispatched& command, const Effect& effect) {
  Box& box = *find(command.device.text);
  const bool stranger = world_.now() < box.stranger_until;
  const std::string hardware = stranger ? "hw-stranger" : box.says_hardware ? box.hardware : std::string();
  if (stranger) return Said{DeviceAnswer::Kind::accepted, "done", hardware};  // whatever it did, it was not our device
  if (!answers(box)) return std::nullopt;
  if (world_.now() >= command.expires_at) {
    world_.counters.add("device ignored what had expired");
    return Said{DeviceAnswer::Kind::device_error, "too late", hardware};
  }
  if (std::find(box.done.begin(), box.done.end(), command.command.text) != box.done.end()) {
    world_.counters.add("device ignored what it had done");
    return Said{DeviceAnswer::Kind::accepted, "known", hardware};
  }
  if (std::find(box.refused.begin(), box.refused.end(), command.command.text) != box.refused.end()) return std::nullopt;
  if (world_.strikes(world_.faults.refusing)) box.refused.push_back(command.command.text), world_.counters.add("device refused");
  if (!box.refused.empty() && box.refused.back() == command.command.text) return Said{DeviceAnswer::Kind::device_error, "interlock", hardware};
  if (world_.strikes(world_.faults.lying)) {
    world_.counters.add("device lied");
    return Said{DeviceAnswer::Kind::accepted, "done", hardware};
  }
  if (world_.strikes(world_.faults.slow)) {
    world_.counters.add("device was slow");
    const std::string device = command.device.text;
    box.done.push_back(command.command.text);  // it has it, and will not take it twice
    world_.after(world_.dice.between(1, 25) * second_us, [this, device, command, effect] {
      Box& mine = *find(device);
      if (answers(mine) && world_.now() < command.expires_at) carry_out(mine, command, effect);
    });
    return Said{DeviceAnswer::Kind::accepted, "in a moment", hardware};
  }
  carry_out(box, command, effect);
  return Said{DeviceAnswer::Kind::accepted, "done", hardware};
}

void House::renew(const LeaseRenewed& renewal) {
  Box& box = *find(renewal.device.text);
  if (!answers(box) || world_.now() < box.stranger_until || box.lease_until == 0 || box.leased_by != renewal.command.text) return;
  box.lease_until = world_.now() + box.about.lease;
  start_timer(box);
}

std::string House::hardware(const DeviceId& device) {
  const Box& box = *find(device.text);
  if (!box.says_hardware) return {};
  return world_.now() < box.stranger_until ? "hw-stranger" : box.hardware;
}

// ---- what the devices show ----------------------------------------------------------------------------------------------

void House::row(ReadingBuilder& builder, const Box& box, Micros source) {
  if (!answers(box) || world_.now() < box.stranger_until) return;
  builder.row(box.about.device.text, source);
  const auto soc = [&](std::int64_t permille) {
    if (world_.strikes(world_.faults.suspect)) return builder.suspect(Metric::soc_permille, Quality::unreadable, "85%");
    if (world_.strikes(world_.faults.stuck) && stuck_soc_ < 0) stuck_soc_ = permille;
    const bool stuck = box.about.kind == DeviceKind::battery && stuck_soc_ >= 0 && !world_.calm;
    builder.set(Metric::soc_permille, stuck ? stuck_soc_ : permille);
  };
  switch (box.about.kind) {
    case DeviceKind::battery:
      soc(soc_permille());
      builder.set(Metric::battery_w, box.power_w);
      break;
    case DeviceKind::meter:
      if (world_.strikes(world_.faults.suspect)) builder.suspect(Metric::grid_w, Quality::implausible, "1e309");
      else builder.set(Metric::grid_w, grid_w());
      break;
    case DeviceKind::node:
      soc(node_energy_ / (node_capacity_ / 1000));
      builder.set(Metric::switch_on, box.on);
      break;
    default: builder.set(Metric::switch_on, box.on);
  }
}

ReadingBatch House::measure(bool of_all, const std::string& only) {
  flow();
  if (world_.dice.chance(10)) pv_w_ = world_.dice.chance(60) ? world_.dice.between(0, 40) * 100 : 0, base_w_ = world_.dice.between(1, 15) * 100;
  ReadingBuilder builder;
  // A link that died upstream repeats what it knew, under the old time.
  const bool repeats = of_all && last_source_ != 0 && world_.strikes(world_.faults.repeated_readings);
  if (repeats) world_.counters.add("reading repeated");
  const Micros source = repeats ? last_source_ : world_.now();
  if (of_all) last_source_ = source;
  for (const Box& box : boxes_) {
    if (!of_all && box.about.device.text != only) continue;
    if (of_all && world_.strikes(world_.faults.lost_readings / 3)) continue;
    row(builder, box, source);
  }
  return builder.take();
}

}  // namespace heliograph::simulator
