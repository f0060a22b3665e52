#include "sim/dry_run_scene.hpp"

#include <algorithm>
#include <cmath>

namespace heliograph {
namespace {

constexpr Micros warm_up_max = 2 * day_us;
const Principal dry_runner{PrincipalKind::system, "dry-run"};

std::size_t slot(Metric metric) { return static_cast<std::size_t>(metric); }

void add_conditions(const std::vector<Condition>& conditions, MetricSet& out) {
  for (const Condition& c : conditions) {
    if (c.kind == Condition::Kind::metric) add(out, c.metric);
    add_conditions(c.of, out);
  }
}

class SceneBuilder {
 public:
  SceneBuilder(const DryRunInput& input, DryRunScene::Rules rules) : input_(input), rules_(rules) {}

  Result<std::unique_ptr<DryRunScene>> build() {
    if (input_.from >= input_.to)
      return fail(Errc::invalid, "The period of a dry run must end after it begins: check \"from\" and \"to\".", "/to");
    World::Options options{input_.from, input_.to, input_.scenario.tariff, input_.scenario.battery};
    auto price_device = choose_prices();
    if (!price_device) return fail(price_device.error());
    if (no_prices_) options.tariff.reset();
    scene_ = std::make_unique<DryRunScene>(input_, rules_, std::move(options));
    scene_->no_prices = no_prices_;
    scene_->past = read_past(input_.decisions, input_.from, input_.to, rules_ == DryRunScene::Rules::as_recorded);
    list_devices();
    if (auto done = choose_battery(); !done) return fail(done.error());
    introduce_devices();
    if (auto done = describe_scenario(); !done) return fail(done.error());
    add_sources(*price_device);
    add_played();
    if (auto done = save_rules(); !done) return fail(done.error());
    list_needed();
    return std::move(scene_);
  }

 private:
  /// The device whose spot prices count, if any.
  Result<std::optional<DeviceId>> choose_prices() {
    const auto& scenario = input_.scenario;
    std::vector<DeviceId> priced;
    for (const DeviceId& device : input_.series->devices(input_.site)) {
      const auto metrics = input_.series->metrics(input_.site, device);
      if (std::find(metrics.begin(), metrics.end(), Metric::spot_price_micro) != metrics.end())
        priced.push_back(device);
    }
    if (scenario.prices) {
      if (std::find(priced.begin(), priced.end(), *scenario.prices) == priced.end())
        return fail(Errc::invalid,
                    "Device \"" + scenario.prices->text +
                        "\" has no spot prices: import a price series for it, or name another.",
                    "/prices");
      return std::optional(*scenario.prices);
    }
    if (!scenario.tariff || !scenario.tariff->needs_spot()) return std::optional<DeviceId>();
    if (priced.empty()) no_prices_ = "the tariff needs spot prices and the record has none: import a price series";
    if (priced.size() > 1)
      return fail(Errc::invalid,
                  "Several devices have spot prices (\"" + priced[0].text + "\", \"" + priced[1].text +
                      "\"): name the one that counts under \"prices\".",
                  "/prices");
    return priced.empty() ? std::optional<DeviceId>() : std::optional(priced.front());
  }

  std::uint32_t device_at(const DeviceId& id) {
    auto& devices = scene_->devices;
    const auto found = std::find(devices.begin(), devices.end(), id);
    if (found != devices.end()) return static_cast<std::uint32_t>(found - devices.begin());
    devices.push_back(id);
    return static_cast<std::uint32_t>(devices.size() - 1);
  }

  void list_devices() {
    scene_->devices = input_.series->devices(input_.site);
    scene_->recorded_devices = scene_->devices.size();
    for (std::uint32_t i = 0; i < scene_->recorded_devices; ++i)
      for (const Metric metric : input_.series->metrics(input_.site, scene_->devices[i])) {
        ++scene_->owners[slot(metric)];
        scene_->owner[slot(metric)] = i;
      }
    for (std::size_t m = 0; m < metric_slots; ++m)
      if (scene_->owners[m] != 1) scene_->owner[m].reset();
    for (const ScenarioDevice& device : input_.scenario.devices) device_at(device.id);
    // What can be told something has its place, even if it was never heard of.
    for (const auto* facts : {&scene_->past.before, &scene_->past.during})
      for (const RecordPtr& fact : *facts)
        if (const auto* about = std::get_if<DeviceRegistered>(&fact->event());
            about && (about->can_switch || about->can_set_power || !about->modes.empty()))
          device_at(about->device);
  }

  Status choose_battery() {
    std::vector<std::uint32_t> recorded;
    for (std::uint32_t i = 0; i < scene_->recorded_devices; ++i) {
      const auto metrics = input_.series->metrics(input_.site, scene_->devices[i]);
      const bool is_battery = std::any_of(metrics.begin(), metrics.end(), [](Metric m) {
        return m == Metric::soc_permille || m == Metric::battery_w || m == Metric::battery_charge_w ||
               m == Metric::battery_discharge_w;
      });
      if (is_battery) recorded.push_back(i);
    }
    scene_->battery_recorded = !recorded.empty();
    if (!input_.scenario.battery) return {};
    if (recorded.size() > 1)
      return fail(Errc::invalid,
                  "The record has batteries on " + std::to_string(recorded.size()) +
                      " devices, and a dry run can simulate one: leave \"battery\" out.",
                  "/battery");
    scene_->battery = recorded.empty() ? device_at(DeviceId{"battery"}) : recorded.front();
    return {};
  }

  /// Gives every device its place in the site, in one order, by a batch without rows.
  void introduce_devices() {
    auto batch = std::make_shared<ReadingBatch>();
    batch->devices = scene_->devices;
    batch->historic = true;
    auto record = std::make_shared<Record>();
    record->envelope.site = input_.site;
    record->envelope.type = readings_type;
    record->body = ReadingsPtr(std::move(batch));
    scene_->site.evolve(record);
    scene_->site.settle();
    for (const DeviceId& device : scene_->devices) scene_->index_of.push_back(*scene_->site.now().find(device.text));
    for (const RecordPtr& fact : scene_->past.before) scene_->site.evolve(fact);
    scene_->site.settle();
    scene_->journal.set_time(input_.from);
  }

  DeviceRegistered about(const DeviceId& id) const {
    if (const DeviceState* known = scene_->site.device(id)) return known->about;
    DeviceRegistered fresh;
    fresh.device = id;
    fresh.name = id.text;
    return fresh;
  }

  Status describe_scenario() {
    for (const ScenarioDevice& device : input_.scenario.devices) {
      DeviceRegistered registered = about(device.id);
      if (!scene_->site.device(device.id)) registered.kind = DeviceKind::plug;
      registered.can_switch = true;
      registered.nominal_w = device.nominal_w;
      registered.min_on = device.min_on;
      registered.min_off = device.min_off;
      if (auto done = scene_->site.register_device(registered, dry_runner, input_.from, scene_->journal); !done)
        return done;
    }
    if (!scene_->battery) return {};
    const ScenarioBattery& battery = *input_.scenario.battery;
    DeviceRegistered registered = about(scene_->devices[*scene_->battery]);
    registered.kind = DeviceKind::battery;
    registered.can_set_power = battery.strategy == BatteryStrategy::rules;
    registered.nominal_w = std::llround(std::max(battery.spec.charge_w_max, battery.spec.discharge_w_max));
    return scene_->site.register_device(registered, dry_runner, input_.from, scene_->journal);
  }

  Micros hold_of(const DeviceId& id) const {
    const DeviceState* known = scene_->site.device(id);
    return known ? known->about.hold : input_.series->hold(input_.site, id);
  }

  void add_sources(const std::optional<DeviceId>& price_device) {
    for (std::uint32_t i = 0; i < scene_->recorded_devices; ++i) {
      const DeviceId& id = scene_->devices[i];
      const auto extent = input_.series->extent(input_.site, id);
      if (!extent) continue;
      const Micros hold = hold_of(id);
      scene_->warm_up = std::max(scene_->warm_up, std::min(hold, warm_up_max));
      for (const Metric metric : input_.series->metrics(input_.site, id)) {
        if (metric == Metric::spot_price_micro && id != price_device) continue;
        if (metric == Metric::soc_permille && i != scene_->battery) continue;
        if (metric == Metric::power_w && !switchable(id) && !played_by_scenario(id)) continue;
        scene_->world.add_source(i, metric, hold, extent->first, extent->last + hold);
      }
    }
  }

  bool played_by_scenario(const DeviceId& id) const {
    return std::any_of(input_.scenario.devices.begin(), input_.scenario.devices.end(),
                       [&](const auto& d) { return d.id == id; });
  }

  /// The device as it stands, or as it will be registered in the period.
  const DeviceRegistered* switchable(const DeviceId& id) const {
    if (const DeviceState* known = scene_->site.device(id)) return known->about.can_switch ? &known->about : nullptr;
    for (const RecordPtr& fact : scene_->past.during)
      if (const auto* about = std::get_if<DeviceRegistered>(&fact->event());
          about && about->device == id && about->can_switch)
        return about;
    return nullptr;
  }

  void add_played() {
    for (const ScenarioDevice& device : input_.scenario.devices) {
      const std::uint32_t at = device_at(device.id);
      scene_->played.push_back(
          {device.id, at, scene_->world.add_played(at, device.nominal_w, false), device.on_at_start});
    }
    for (std::uint32_t i = 0; i < scene_->devices.size(); ++i) {
      const DeviceRegistered* about = switchable(scene_->devices[i]);
      if (!about || played_by_scenario(scene_->devices[i])) continue;
      scene_->played.push_back(
          {scene_->devices[i], i, scene_->world.add_played(i, about->nominal_w, true), std::nullopt});
    }
  }

  Status save_rules() {
    if (rules_ == DryRunScene::Rules::as_recorded) return {};
    if (input_.rules) {
      scene_->trying = *input_.rules;
    } else {
      for (const auto& [id, record] : scene_->past.rules_now) {
        const auto& saved = std::get<RuleSaved>(record->event());
        auto parsed = parse_rule(saved.document);
        if (!parsed.rule)
          return fail(Errc::corrupt,
                      "The saved rule \"" + id.text + "\" cannot be read: save it again, or give the rules to try.");
        parsed.rule->enabled = saved.enabled;
        scene_->trying.push_back(std::move(*parsed.rule));
      }
    }
    for (const Rule& rule : scene_->trying) {
      auto saved = scene_->site.save_rule(rule, dry_runner, input_.from, scene_->journal);
      if (!saved) return fail(saved.error());
    }
    return {};
  }

  void list_needed() {
    MetricSet& needed = scene_->needed;
    needed = metrics_of(scene_->trying);
    if (rules_ == DryRunScene::Rules::as_recorded)
      for (const RuleEntry& entry : scene_->site.rules().rules()) needed |= metrics_of({entry.rule});
    for (const RecordPtr& fact : scene_->past.during)
      if (const auto* saved = std::get_if<RuleSaved>(&fact->event()))
        if (const auto parsed = parse_rule(saved->document); parsed.rule) needed |= metrics_of({*parsed.rule});
    for (const Metric metric : {Metric::soc_permille, Metric::grid_w, Metric::switch_on, Metric::battery_w})
      add(needed, metric);
    for (const auto& about : all_metrics())
      if (World::role_of(about.metric)) add(needed, about.metric);
  }

  const DryRunInput& input_;
  DryRunScene::Rules rules_;
  std::optional<std::string> no_prices_;
  std::unique_ptr<DryRunScene> scene_;
};

}  // namespace

MetricSet metrics_of(const std::vector<Rule>& rules) {
  MetricSet out;
  for (const Rule& rule : rules) {
    for (const Trigger& trigger : rule.triggers)
      if (trigger.threshold) add(out, trigger.threshold->metric);
    add_conditions(rule.conditions, out);
    for (const RuleAction& action : rule.actions)
      if (action.kind == RuleAction::Kind::command && action.action == Action::set_mode) add(out, Metric::mode);
  }
  return out;
}

Result<std::unique_ptr<DryRunScene>> make_scene(const DryRunInput& input, DryRunScene::Rules rules) {
  ensure(input.series != nullptr, "a dry run needs the site's series");
  return SceneBuilder(input, rules).build();
}

}  // namespace heliograph
