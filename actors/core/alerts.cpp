#include "actors/core/alerts.hpp"

#include <algorithm>
#include <array>

namespace heliograph {
namespace {

std::string percent(std::int64_t permille) { return std::to_string(permille / 10) + "." + std::to_string(permille % 10) + " %"; }

std::string list(const std::vector<RuleId>& rules) {
  std::string out;
  for (const RuleId& rule : rules) out += (out.empty() ? "\"" : ", \"") + rule.text + "\"";
  return out;
}

class Look {
 public:
  Look(const AlertView& view, Micros at) : view_(view), s_(view.safety), at_(at) {}

  std::vector<Trouble> run() {
    if (s_.stopped) add("stop", Severity::critical, "The emergency stop is engaged: nothing is switched on until a named person lifts it.", s_.stop_position);
    if (s_.safe_mode) add("safe-mode", Severity::critical, "Heliograph ended unexpectedly several times in a row: it watches, and commands nothing.", 0);
    if (view_.clock_suspect) {
      add("clock", Severity::critical, "The clock jumped: schedules pause until a person has looked at it.", view_.clock_position);
    } else {  // otherwise nobody knows how old anything is
      silence();
      charge();
      commands();
      implausible();
    }
    std::sort(out_.begin(), out_.end(), [](const Trouble& a, const Trouble& b) { return a.alert < b.alert; });
    return std::move(out_);
  }

 private:
  void add(std::string alert, Severity severity, std::string text, Position cause) { out_.push_back({std::move(alert), severity, std::move(text), cause}); }
  bool is_open(const std::string& alert) const {
    return std::any_of(view_.open.begin(), view_.open.end(), [&](const OpenAlert& open) { return open.alert == alert; });
  }
  const std::string& id(DeviceIndex device) const { return s_.now.devices()[device].id.text; }
  std::string title(DeviceIndex device) const { return s_.devices[device].about.name.empty() ? id(device) : s_.devices[device].about.name; }

  Position last_reading(DeviceIndex device) const {
    Position last = 0;
    for (const MetricInfo& metric : all_metrics()) last = std::max(last, s_.now.latest(device, metric.metric).position);
    return last;
  }

  // One alarm instead of a storm when more than half fall silent together: then it is our own connection (H42).
  void silence() {
    std::vector<DeviceIndex> silent;
    std::size_t reporting = 0;
    for (DeviceIndex i = 0; i < s_.devices.size(); ++i) {
      const Micros seen = s_.now.devices()[i].seen_at;
      if (!s_.devices[i].registered || seen == 0) continue;
      ++reporting;
      if (at_ - std::max(seen, view_.woke_at) > std::max(offline_after, s_.devices[i].about.freshness)) silent.push_back(i);
    }
    if (reporting >= connection_devices && silent.size() * 2 > reporting)
      return add(std::string(connection_alert), Severity::critical, std::to_string(silent.size()) + " of " + std::to_string(reporting) +
                     " devices are silent: look at the network of this machine first.", last_reading(silent.front()));
    for (const DeviceIndex i : silent)
      add("device-offline/" + id(i), Severity::warning, title(i) + " is silent since " + format_time(s_.now.devices()[i].seen_at) + ".", last_reading(i));
  }

  void charge() {
    const std::int32_t floor = strictest_floor(s_.settings, s_.limits);
    const Latest *lowest = nullptr, *highest = nullptr;
    for (DeviceIndex i = 0; i < s_.devices.size(); ++i) {
      const Latest& soc = s_.now.latest(i, Metric::soc_permille);
      if (!is_fresh(s_.devices[i], soc, at_)) continue;
      below("soc-floor/" + id(i), Severity::critical, title(i) + " is at its floor: nothing may drain it.", soc, floor);
      if (s_.wishes.min_soc_permille > floor)
        below("soc-low/" + id(i), Severity::warning, title(i) + " is at the charge that the preferences keep back.", soc, s_.wishes.min_soc_permille);
      if (is_stuck(s_.now, i, s_.devices[i], at_))
        add("stuck/" + id(i), Severity::warning, "The charge of " + title(i) + " has not moved for half an hour although its battery works.", soc.position);
      if (s_.devices[i].about.kind == DeviceKind::node) continue;  // a battery of its own
      if (lowest == nullptr || soc.value < lowest->value) lowest = &soc;
      if (highest == nullptr || soc.value > highest->value) highest = &soc;
    }
    const auto apart = is_open("disagree") ? agree_within : disagree_above;
    if (lowest != nullptr && highest->value - lowest->value > apart)
      add("disagree", Severity::warning, "Two sources of the charge disagree: " + percent(lowest->value) + " and " + percent(highest->value) + ". The lower one counts.",
          std::max(lowest->position, highest->position));
  }

  void below(const std::string& alert, Severity severity, std::string text, const Latest& soc, std::int32_t limit) {
    if (soc.value > limit + (is_open(alert) ? soc_recovers : 0)) return;
    add(alert, severity, text + " It is " + percent(soc.value) + ", the limit " + percent(limit) + ".", soc.position);
  }

  void commands() {
    for (DeviceIndex i = 0; i < s_.devices.size(); ++i) {
      const DeviceState& device = s_.devices[i];
      if (const auto rules = fighters(device); !rules.empty())
        add("fighting/" + id(i), Severity::warning, "Rules switched " + title(i) + " against each other " + std::to_string(opposite_switches_max + 1) + " times within an hour and are paused: " +
            list(rules) + ". Change them, then enable them again.", device.by_rules.back().dispatched);
      if (device.failed_at != 0)
        add("failed/" + id(i), Severity::warning, title(i) + " did not do what it was told, or nobody knows: look at it before asking again.", device.failed);
      if (device.refused_at != 0 && at_ - device.refused_at < refusal_fades)
        add("refused/" + id(i), Severity::warning, "Safety refuses what automation wants of " + title(i) + ": " + device.refused_by + ".", device.refused);
    }
  }

  void implausible() {
    for (const SafetyView::SuspectSeen& seen : s_.suspects) {
      const Latest& good = s_.now.latest(seen.device, seen.metric);
      if (seen.device >= s_.devices.size() || good.at >= seen.at || at_ - seen.at > hour_us) continue;
      add("implausible/" + id(seen.device) + "/" + std::string(info(seen.metric).api_name), Severity::warning,
          title(seen.device) + " measures something that cannot be: the value is on record and used by nothing.", seen.position);
    }
  }

  const AlertView& view_;
  const SafetyView& s_;
  Micros at_;
  std::vector<Trouble> out_;
};

}  // namespace

std::vector<Trouble> troubles(const AlertView& view, Micros at) { return Look(view, at).run(); }

bool is_trouble(std::string_view safety_rule) {
  static constexpr std::array rules{"soc-floor", "soc-forecast", "grid-limit", "stale", "quality", "stuck", "unknown", "unknown-device",
                                    "capability", "range", "environment", "device-offline", "switch-rate"};
  return std::find(rules.begin(), rules.end(), safety_rule) != rules.end();
}

}  // namespace heliograph
