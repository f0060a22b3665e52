#include "sim/dry_run_findings.hpp"

#include <algorithm>
#include <unordered_map>

namespace heliograph {
namespace {

std::string hours_text(Micros span) {
  JsonWriter json;
  json.decimal(rounded_quotient(span, 360'000'000), 1);
  return json.str() + " h";
}

class Decisions {
 public:
  Decisions(const DryRunScene& scene, DryRunReport& report) : scene_(scene), report_(report) {}

  void read(const Record& record) {
    const Event& event = record.event();
    if (const auto* fired = std::get_if<RuleFired>(&event)) {
      ++report_.firings[fired->rule.text][std::string(name(fired->outcome))];
      if (fired->outcome == RuleOutcome::acted) trigger_ = fired->reading;
    } else if (std::holds_alternative<NotificationRaised>(event)) {
      ++report_.notifications;
    } else if (const auto* request = std::get_if<CommandRequested>(&event)) {
      begin(record.envelope, *request);
    } else if (const auto* allowed = std::get_if<CommandAllowed>(&event)) {
      if (DryRunCommand* command = find(allowed->command))
        for (const Position position : allowed->readings) add_reading(*command, position);
    } else if (const auto* refused = std::get_if<CommandRefused>(&event)) {
      ++report_.would_refuse;
      if (DryRunCommand* command = find(refused->command))
        for (const Refusal& refusal : refused->refusals)
          command->refusals.push_back(
              {refusal, refusal.reading == 0 ? std::nullopt : std::optional(seen(refusal.reading))});
    } else if (const auto* sent = std::get_if<CommandDispatched>(&event); sent && sent->retry == 0) {
      ++report_.would_send;
      if (DryRunCommand* command = find(sent->command)) command->would_send = true;
    }
  }

 private:
  void begin(const Envelope& envelope, const CommandRequested& request) {
    if (report_.commands.size() >= DryRunReport::commands_max) return;
    at_[request.command] = report_.commands.size();
    auto& command = report_.commands.emplace_back();
    command.at = envelope.occurred_at;
    command.command = request.command;
    command.device = request.device;
    command.action = request.action;
    command.power_w = request.power_w, command.mode = request.mode;
    command.principal = envelope.principal;
    command.reason = request.reason;
    if (envelope.principal.kind == PrincipalKind::rule && trigger_ != 0) add_reading(command, trigger_);
  }
  DryRunCommand* find(const CommandId& id) {
    const auto known = at_.find(id);
    return known == at_.end() ? nullptr : &report_.commands[known->second];
  }
  Seen seen(Position position) const {
    const bool simulated = position > scene_.input.log_end;
    return {simulated ? scene_.journal.behind(position) : position, simulated};
  }
  void add_reading(DryRunCommand& command, Position position) const {
    const Seen one = seen(position);
    if (std::find(command.readings.begin(), command.readings.end(), one) == command.readings.end())
      command.readings.push_back(one);
  }

  const DryRunScene& scene_;
  Position trigger_ = 0;  // of the firing that is acting
  std::unordered_map<CommandId, std::size_t> at_;
  DryRunReport& report_;
};

class Caveats {
 public:
  Caveats(const DryRunScene& scene, const StepsOutcome& outcome, DryRunReport& report)
      : scene_(scene), outcome_(outcome), report_(report) {}

  void tell() {
    imports();
    descriptions();
    means();
    books();
    battery();
    devices();
    add("suspects",
        "Values that were found implausible when they were recorded are not in the series: safety could not see them "
        "here.");
  }

 private:
  void add(std::string code, std::string text) { report_.caveats.push_back({std::move(code), std::move(text)}); }

  void imports() {
    for (const RecordPtr& record : scene_.past.imports) {
      const auto& import = std::get<HistoryImported>(record->event());
      add("imported-history",
          std::to_string(import.rows_kept) + " rows of \"" + import.file + "\" were recorded on " +
              format_time(record->envelope.recorded_at) +
              ", after they were true: a live engine would have known each of them later than this run assumes.");
    }
  }

  void descriptions() {
    if (scene_.past.settings_after_start)
      add("settings-from-later",
          "The site's settings were written after the period began; they are used as if they had stood from its "
          "begin.");
    if (scene_.past.devices_after_start)
      add("devices-from-later",
          "Devices were registered after the period began; they are used as if they had been so from its begin.");
  }

  void means() {
    Micros longest = 0;
    std::string which;
    for (std::size_t i = 0; i < scene_.recorded_devices; ++i) {
      const DeviceState* known = scene_.site.device(scene_.devices[i]);
      const Micros hold = known ? known->about.hold : scene_.input.series->hold(scene_.input.site, scene_.devices[i]);
      if (hold > longest) longest = hold, which = scene_.devices[i].text;
    }
    if (longest >= 15 * minute_us)
      add("long-intervals",
          "Readings stand for up to " + format_duration(longest) + " (\"" + which +
              "\"): what happened within such an interval is not known, import and export within it cancel, and a mean "
              "is used from the begin of its interval although it was known only at its end.");
  }

  void books() {
    Micros gaps = 0;
    for (const Gap& gap : report_.gaps) gaps += gap.to - gap.from;
    if (gaps > 0)
      add("gaps",
          "For " + hours_text(gaps) + " in " + std::to_string(report_.gaps.size()) +
              " gaps the site's demand is not known: that time is in no figure, and the battery rests through it.");
    if (scene_.world.measures(World::Role::load) && !scene_.world.measures(World::Role::pv))
      add("no-pv", "The record has no PV power: the site's load is taken as its demand.");
    for (const auto& [role, what] : {std::pair{World::Role::load, "load_w"}, std::pair{World::Role::grid, "grid_w"}})
      if (scene_.world.sources(role) > 1)
        add("summed", std::string("Several devices have ") + what + ": their sum is taken as the site's.");
    const Account* priced = report_.no_battery.value();
    if (report_.tariff && priced && priced->unpriced() > 0)
      add("no-price", "For " + hours_text(priced->unpriced()) +
                          " there is no price: that time is in the energies and not in the money.");
  }

  void battery() {
    const auto& battery = scene_.input.scenario.battery;
    if (!battery) {
      if (scene_.battery_recorded && scene_.world.knows_demand() && report_.first_difference)
        add("battery-as-recorded",
            "The recorded battery's size is not known, so its power stays as recorded and every difference goes to "
            "the grid: describe it under \"battery\" in the scenario to have it simulated.");
      return;
    }
    add("battery-model",
        "The simulated battery is ideal within its limits: constant efficiency, no standby draw, no temperature, no "
        "ageing; "
        "the energy left in it at the end has no value in the money.");
    if (scene_.world.used_start_charge())
      add("battery-start",
          "The battery starts with the scenario's charge, because the record has none at that moment.");
    if (battery->strategy == BatteryStrategy::rules)
      add("battery-hold", "A power that a rule sets is held until the next one is set.");
  }

  void devices() {
    if (scene_.supposed > 0)
      add("approvals-supposed", std::to_string(scene_.supposed) + " of the commands need a person's yes: here somebody says it at once, every time.");
    const bool played = std::any_of(scene_.played.begin(), scene_.played.end(),
                                    [&](const PlayedDevice& d) { return scene_.world.plays(d.in_world); });
    if (outcome_.unsimulated_power)
      add("power-not-simulated",
          "A rule set the power of a device that is not simulated: the command counts as done, its energy is in no "
          "figure.");
    if (outcome_.unsimulated_mode)
      add("mode-not-simulated", "A mode was set that the record does not show: the command counts as done, what the device draws in it is in no figure.");
    if (played)
      add("played-devices",
          "Devices that are switched otherwise than in the record obey at once and draw their nominal power, or what "
          "they "
          "drew in the record at that time; their own later switchings in the record are not followed.");
  }

  const DryRunScene& scene_;
  const StepsOutcome& outcome_;
  DryRunReport& report_;
};

}  // namespace

void tell_decisions(const DryRunScene& scene, DryRunReport& report) {
  Decisions decisions(scene, report);
  for (const RecordPtr& record : scene.journal.records()) decisions.read(*record);
}

void tell_caveats(const DryRunScene& scene, const StepsOutcome& outcome, DryRunReport& report) {
  Caveats(scene, outcome, report).tell();
}

}  // namespace heliograph
