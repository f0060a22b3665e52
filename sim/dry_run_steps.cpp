#include "sim/dry_run_steps.hpp"

#include <algorithm>

namespace heliograph {
namespace {

constexpr std::uint64_t rows_between_reports = 16'384;

std::size_t slot(Metric metric) { return static_cast<std::size_t>(metric); }

}  // namespace

Result<StepsOutcome> DryRunSteps::run() {
  const DryRunInput& input = scene_.input;
  auto timeline = Timeline::open(*input.series, input.site, std::span(scene_.devices).first(scene_.recorded_devices),
                                 scene_.needed, input.from - scene_.warm_up, input.to);
  if (!timeline) return fail(timeline.error());
  timeline_.emplace(std::move(*timeline));
  hidden_.resize(scene_.devices.size());
  look_at_rules();
  warm_up();
  if (auto done = start(); !done) return fail(done.error());
  for (Micros t = next_moment(); t < input.to; t = next_moment()) {
    if (auto done = live(t); !done) return fail(done.error());
    if (!go_on(t)) return fail(Errc::closed, "The dry run was cancelled.");
  }
  if (!timeline_->status()) return fail(timeline_->status().error());
  scene_.world.advance(input.to);
  return outcome_;
}

bool DryRunSteps::go_on(Micros t) {
  const auto& input = scene_.input;
  if (!input.progress || outcome_.readings - reported_ < rows_between_reports) return true;
  reported_ = outcome_.readings;
  return input.progress(
      {static_cast<double>(t - input.from) / static_cast<double>(input.to - input.from), t, outcome_.readings});
}

void DryRunSteps::look_at_rules() {
  timers_ = false;
  // What nobody asks for need not be shown: safety asks for the charge and the grid, an answer for the battery's power.
  looked_at_.reset();
  for (const Metric metric : {Metric::soc_permille, Metric::grid_w, Metric::battery_w}) add(looked_at_, metric);
  for (const RuleEntry& entry : scene_.site.rules().rules()) {
    looked_at_ |= metrics_of({entry.rule});
    for (const Trigger& trigger : entry.rule.triggers)
      if (trigger.time || trigger.threshold->hold_for > 0) timers_ = true;
  }
}

// What was read shortly before the period still stands when it begins, and no rule may act on it.
void DryRunSteps::warm_up() {
  more_ = timeline_->next(row_);
  for (; more_ && row_.at < scene_.input.from; more_ = timeline_->next(row_))
    for (const auto& cell : row_.cells) {
      scene_.world.take(row_.device, cell.metric, cell.value, row_.at);
      scene_.site.now().fold(scene_.index_of[row_.device], cell.metric, value_of(cell), row_.at, row_.position);
    }
}

std::int64_t DryRunSteps::value_of(const Timeline::Cell& cell) {
  if (info(cell.metric).kind != Kind::text) return cell.value;
  return scene_.site.now().intern(scene_.input.series->word(scene_.input.site, cell.value));
}

Status DryRunSteps::start() {
  const Micros from = scene_.input.from;
  settle(from);
  for (PlayedDevice& device : scene_.played) {
    if (!device.start) continue;
    play(device, *device.start, from);
    put(device.device, Metric::switch_on, *device.start ? 1 : 0, from);
  }
  if (scene_.battery && !scene_.battery_recorded) differs(from);
  return react(from);
}

Micros DryRunSteps::next_moment() {
  const Micros from = scene_.input.from;
  Micros t = scene_.input.to;
  if (more_) t = std::min(t, row_.at);
  if (fact_ < scene_.past.during.size())
    t = std::min(t, std::max(from, scene_.past.during[fact_]->envelope.occurred_at));
  if (sent_ < scene_.past.sent.size()) t = std::min(t, scene_.past.sent[sent_].at);
  if (!answers_.empty()) t = std::min(t, answers_.front().at);
  if (due_unknown_) {
    due_ = scene_.site.next_due(from);
    due_unknown_ = false;
  }
  // A timer that a tick did not clear waits for the next moment, or time would stand still.
  if (due_ && (!ticked_ || *due_ > *ticked_)) t = std::min(t, std::max(from, *due_));
  return t;
}

Status DryRunSteps::live(Micros t) {
  scene_.world.advance(t);
  scene_.journal.set_time(t);
  if (auto done = facts(t); !done) return done;
  missed_commands(t);
  if (due_ && *due_ <= t) {
    ticked_ = t;
    due_unknown_ = true;
    if (auto done = scene_.site.tick(t, scene_.journal); !done) return done;
    if (auto done = react(t); !done) return done;
  }
  while (!answers_.empty() && answers_.front().at <= t) {
    const Answer answer = answers_.front();
    answers_.pop_front();
    put(answer.device, answer.metric, answer.value, t);
    if (auto done = react(t); !done) return done;
  }
  if (!more_ || row_.at != t) return {};
  if (auto done = rows(t); !done) return done;
  return simulating() ? show(t) : Status{};
}

Status DryRunSteps::facts(Micros t) {
  const auto& during = scene_.past.during;
  for (; fact_ < during.size() && during[fact_]->envelope.occurred_at <= t; ++fact_)
    if (auto done = apply(during[fact_], t); !done) return done;
  return {};
}

Status DryRunSteps::apply(const RecordPtr& fact, Micros t) {
  due_unknown_ = true;
  if (const auto* request = std::get_if<CommandRequested>(&fact->event())) {
    const Ask ask{
        {request->device, request->action, request->power_w, fact->envelope.principal, Purpose::ordinary, {}, request->mode}, request->reason, {}, {}, {}};
    auto answer = scene_.site.ask(ask, t, scene_.journal);
    if (!answer) return fail(answer.error());
    return react(t);
  }
  if (const auto* about = std::get_if<DeviceRegistered>(&fact->event())) {
    const PlayedDevice* device = played(about->device);
    const bool scenarios =
        (device && device->start) || (scene_.battery && scene_.devices[*scene_.battery] == about->device);
    if (scenarios) return {};  // the scenario's description stands
  }
  scene_.site.evolve(fact);
  scene_.site.settle();
  look_at_rules();
  return {};
}

// A command that was really sent and that the candidate did not send: from here on the device goes its own way.
void DryRunSteps::missed_commands(Micros t) {
  auto& sent = scene_.past.sent;
  for (; sent_ < sent.size() && sent[sent_].at <= t; ++sent_) {
    const RecordedCommand& command = sent[sent_];
    if (command.matched) continue;
    if (!is_switch(command.action)) {
      differs(t);
      continue;
    }
    PlayedDevice* device = played(command.device);
    if (!device || scene_.world.plays(device->in_world)) continue;
    const DeviceState* state = scene_.site.device(command.device);
    play(*device, state && state->on ? *state->on : command.action != Action::switch_on, t);
  }
}

// Rows of the same source time are one moment of the house: rules see all of it before they react, as they do live.
Status DryRunSteps::rows(Micros t) {
  for (; more_ && row_.at == t; more_ = timeline_->next(row_)) {
    ++outcome_.readings;
    scene_.journal.saw(row_.position);
    take(row_);
  }
  return react(t);
}

void DryRunSteps::take(const Timeline::Row& row) {
  const DeviceIndex index = scene_.index_of[row.device];
  for (const auto& cell : row.cells) {
    scene_.world.take(row.device, cell.metric, cell.value, row.at);
    if (has(hidden_[row.device], cell.metric)) continue;
    scene_.site.observe(index, cell.metric, value_of(cell), row.at, row.position);
    if (timers_ && scene_.site.rules().watches(cell.metric)) due_unknown_ = true;
    if (simulate_all_) simulate_from(row.device, cell);
  }
}

// The state that the record shows first is where a simulation of everything begins.
void DryRunSteps::simulate_from(std::uint32_t device, const Timeline::Cell& cell) {
  if (cell.metric == Metric::soc_permille && device == scene_.battery) differs(row_.at);
  if (cell.metric != Metric::switch_on) return;
  const auto& sent = scene_.past.sent;
  const auto ours = [&](const RecordedCommand& command) { return command.device == scene_.devices[device]; };
  if (std::none_of(sent.begin(), sent.end(), ours)) return;  // never ours to switch: it stays as recorded
  PlayedDevice* plug = played(scene_.devices[device]);
  if (plug && !scene_.world.plays(plug->in_world)) play(*plug, cell.value != 0, row_.at);
}

Status DryRunSteps::react(Micros t) {
  settle(t);
  // An answer at the same moment may be a trigger again; a second reading of one moment is no news, so this ends.
  while (scene_.site.has_reactions()) {
    if (auto done = scene_.site.react(t, scene_.journal); !done) return done;
    settle(t);
  }
  return {};
}

void DryRunSteps::settle(Micros t) {
  const auto& records = scene_.journal.records();
  if (seen_records_ == records.size()) return;
  due_unknown_ = true;
  for (; seen_records_ < records.size(); ++seen_records_) {
    const RecordPtr record = records[seen_records_];  // what follows may append
    if (const auto* command = std::get_if<CommandDispatched>(&record->event())) dispatched(*command, t);
    else if (const auto* question = std::get_if<ApprovalRequested>(&record->event())) scene_.suppose_yes(*question, t);
  }
}

void DryRunSteps::dispatched(const CommandDispatched& command, Micros t) {
  const bool same = recorded_too(command, t);
  scene_.accept(command, t);
  if (command.action == Action::set_power) return set_power(command, same, t);
  if (command.action == Action::set_mode) return set_mode(command, same, t);
  PlayedDevice* device = played(command.device);
  if (!device) return;
  if (same && !scene_.world.plays(device->in_world)) return;  // the record shows what followed
  const bool on = command.action == Action::switch_on;
  play(*device, on, t);
  // It obeys at once, and says so a moment later: only a reading newer than the command confirms it.
  put(device->device, Metric::switch_on, on ? 1 : 0, t);
  answers_.push_back({t + 1, device->device, Metric::switch_on, on ? 1 : 0});
}

void DryRunSteps::set_power(const CommandDispatched& command, bool recorded, Micros t) {
  const auto device = std::find(scene_.devices.begin(), scene_.devices.end(), command.device);
  if (device == scene_.devices.end() || (recorded && !scene_.world.simulates_battery())) return;
  const auto index = static_cast<std::uint32_t>(device - scene_.devices.begin());
  differs(t);
  std::int64_t power_w = command.power_w;
  if (index == scene_.battery) {
    scene_.world.command_battery(power_w);
    power_w = scene_.world.shown().battery_w.value_or(power_w);
  } else {
    outcome_.unsimulated_power = true;
  }
  answers_.push_back({t + 1, index, Metric::battery_w, power_w});
}

/// The device says that it has changed; what it draws then is not known, and stays as it was recorded.
void DryRunSteps::set_mode(const CommandDispatched& command, bool recorded, Micros t) {
  const auto device = std::find(scene_.devices.begin(), scene_.devices.end(), command.device);
  if (device == scene_.devices.end()) return;
  const auto index = static_cast<std::uint32_t>(device - scene_.devices.begin());
  if (!recorded) {
    outcome_.unsimulated_mode = true;
    differs(t);
    add(hidden_[index], Metric::mode);  // the record's modes are those of another past
  }
  answers_.push_back({t + 1, index, Metric::mode, scene_.site.now().intern(command.mode)});
}

bool DryRunSteps::recorded_too(const CommandDispatched& command, Micros t) {
  for (RecordedCommand& recorded : scene_.past.sent) {
    if (recorded.at > t + same_command_within) return false;
    if (recorded.matched || recorded.at < t || recorded.device != command.device || recorded.action != command.action ||
        recorded.power_w != command.power_w || recorded.mode != command.mode)
      continue;
    recorded.matched = true;
    return true;
  }
  return false;
}

PlayedDevice* DryRunSteps::played(const DeviceId& id) {
  for (PlayedDevice& device : scene_.played)
    if (device.id == id) return &device;
  return nullptr;
}

void DryRunSteps::play(PlayedDevice& device, bool on, Micros t) {
  scene_.world.play(device.in_world, on);
  scene_.site.now().assume_alive(scene_.index_of[device.device]);
  differs(t);
}

// The battery that really was answered another demand: from the first difference on it is simulated.
void DryRunSteps::differs(Micros t) {
  if (!outcome_.first_difference) outcome_.first_difference = t;
  if (scene_.battery) scene_.world.simulate_battery();
  hide();
}

void DryRunSteps::hide() {
  const auto hide_at = [&](std::optional<std::uint32_t> device, Metric metric) {
    if (device) add(hidden_[*device], metric);
  };
  for (const Metric metric : {Metric::load_w, Metric::grid_w, Metric::grid_import_w, Metric::grid_export_w})
    hide_at(scene_.owner[slot(metric)], metric);
  if (scene_.world.simulates_battery())
    for (const Metric metric :
         {Metric::battery_w, Metric::soc_permille, Metric::battery_charge_w, Metric::battery_discharge_w})
      hide_at(scene_.battery, metric);
  for (const PlayedDevice& device : scene_.played)
    if (scene_.world.plays(device.in_world)) {
      hide_at(device.device, Metric::switch_on);
      hide_at(device.device, Metric::power_w);
    }
}

void DryRunSteps::put(std::optional<std::uint32_t> device, Metric metric, std::optional<std::int64_t> value, Micros t) {
  if (!device || !value) return;
  scene_.site.observe(scene_.index_of[*device], metric, *value, t, scene_.journal.take_position());
  if (timers_ && scene_.site.rules().watches(metric)) due_unknown_ = true;
}

Status DryRunSteps::show(Micros t) {
  const World::Shown shown = scene_.world.shown();
  const auto owner = [&](Metric metric) { return scene_.owner[slot(metric)]; };
  put(owner(Metric::load_w), Metric::load_w, shown.load_w, t);
  // A site whose meter counts both directions apart still has one grid power, and safety asks for it.
  const bool meter_of_two = scene_.owners[slot(Metric::grid_w)] == 0;
  put(meter_of_two ? owner(Metric::grid_import_w) : owner(Metric::grid_w), Metric::grid_w, shown.grid_w, t);
  if (shown.grid_w) {
    put(owner(Metric::grid_import_w), Metric::grid_import_w, std::max<std::int64_t>(*shown.grid_w, 0), t);
    put(owner(Metric::grid_export_w), Metric::grid_export_w, std::max<std::int64_t>(-*shown.grid_w, 0), t);
  }
  const bool plugs = has(looked_at_, Metric::power_w) || has(looked_at_, Metric::switch_on);
  for (const PlayedDevice& device : scene_.played) {
    if (!plugs || !scene_.world.plays(device.in_world)) continue;
    put(device.device, Metric::power_w, scene_.world.draw_w(device.in_world), t);
    put(device.device, Metric::switch_on, scene_.world.is_on(device.in_world) ? 1 : 0, t);
  }
  if (scene_.world.simulates_battery()) {
    put(scene_.battery, Metric::battery_w, shown.battery_w, t);
    put(scene_.battery, Metric::soc_permille, shown.soc_permille, t);
  }
  return react(t);
}

}  // namespace heliograph
