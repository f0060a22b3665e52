#include "sim/house_adapter.hpp"

#include "actors/core/rule.hpp"

namespace heliograph {
namespace {

constexpr Micros history_sample = 15 * minute_us;
constexpr Micros live_sample = 5 * second_us;
constexpr std::size_t history_rows = 50'000;  // of one batch

SiteConfigured settings() {
  SiteConfigured s;
  s.name = "The simulated house";
  s.time_zone = "Europe/Amsterdam";
  s.currency = "EUR";
  s.grid_import_w_max = 8000;
  return s;
}

const Principal founder{PrincipalKind::system, "demo"};

Status record_past(Engine& engine, const SiteKey& site, House& house, Micros to) {
  Status status;
  generate_history(house, to, history_rows, [&](ReadingBatch batch) {
    if (!status) return;
    TakeReadings readings;
    readings.packed = pack_readings(batch);
    readings.batch = std::make_shared<const ReadingBatch>(std::move(batch));
    readings.principal = founder;
    if (auto reply = engine.request_and_wait(site, std::move(readings)); !reply) status = fail(reply.error());
  });
  return status;
}

Status found(Engine& engine, const SiteKey& site, const SiteConfigured& about, const std::vector<DeviceRegistered>& devices, bool with_guard) {
  std::vector<SiteCommand> commands;
  commands.push_back(Configure{about, founder});
  for (const DeviceRegistered& device : devices) commands.push_back(RegisterDevice{device, founder});
  auto guard = parse_rule(miner_guard_example());
  ensure(guard.rule.has_value(), "the example rule is a rule", "sim/house_adapter.cpp");
  if (with_guard) commands.push_back(SaveRule{std::move(*guard.rule), founder, {}, {}});
  for (SiteCommand& command : commands)
    if (auto reply = engine.request_and_wait(site, std::move(command)); !reply) return fail(reply.error());
  return {};
}

Result<HouseOptions> house_options(std::uint64_t seed) {
  HouseOptions options;
  options.seed = seed;
  options.battery.stored_wh_min = options.battery.capacity_wh / 5;  // its inverter keeps the reserve that the site's floor asks for
  auto zone = Zone::find(settings().time_zone);
  if (!zone) return fail(zone.error());
  options.zone = *zone;
  return options;
}

/// From now on: readings come in, and what can be told something is driven.
void come_to_life(Engine& engine, const SiteKey& site, HouseOptions options, const std::vector<DeviceRegistered>& devices) {
  options.start = engine.clock().now() / live_sample * live_sample;
  options.sample = live_sample;
  const auto adapter = std::make_shared<HouseAdapter>(options, engine.clock());
  engine.listen(site, adapter);
  for (const DeviceRegistered& device : devices)
    if (device.can_switch || device.can_set_power) engine.drive(site, device.device, adapter);
}

}  // namespace

Micros HouseAdapter::interval() const {
  const std::lock_guard lock(mutex_);
  return house_.options().sample;
}

Result<ReadingBatch> HouseAdapter::poll(Micros now) {
  const std::lock_guard lock(mutex_);
  ReadingBuilder rows;
  house_.step(now, [&](const HouseSample& sample) { add_rows(rows, house_, sample); });
  return rows.take();
}

void HouseAdapter::send(const CommandDispatched& command, Answer answer) {
  SimulatedAnswer said;
  {
    const std::lock_guard lock(mutex_);
    said = house_.apply(command, clock_.now());
  }
  switch (said.kind) {
    case SimulatedAnswer::Kind::done: return answer({command.command, DeviceAnswer::Kind::accepted, said.detail});
    case SimulatedAnswer::Kind::refused:
    case SimulatedAnswer::Kind::failed: return answer({command.command, DeviceAnswer::Kind::device_error, said.detail});
    case SimulatedAnswer::Kind::silent: return;  // nobody will ever know from the answer; a reading may tell
  }
}

void HouseAdapter::read_back(const DeviceId&, ReadBack answer) {
  auto batch = poll(clock_.now());
  if (batch) answer(std::move(*batch));
}

Status settle_house(Engine& engine, const SiteKey& site, std::uint64_t seed, Micros past) {
  const Micros now = engine.clock().now();
  bool known = false;
  std::optional<Micros> recorded_to;
  engine.query_and_wait([&](const Views& views) {
    known = views.devices.site(site) != nullptr;
    if (const auto extent = views.series->extent(site, {"house"})) recorded_to = extent->last;
  });
  auto options = house_options(seed);
  if (!options) return fail(options.error());
  options->sample = history_sample;
  options->start = (now - past) / history_sample * history_sample;
  House house(*options);
  if (!known) {
    if (auto done = found(engine, site, settings(), house.registrations(), true); !done) return done;
  }
  if (!recorded_to) {
    if (auto done = record_past(engine, site, house, now); !done) return done;
  }
  options->stored_wh_at_start = house.stored_wh();
  for (std::size_t i = 0; i < options->plugs.size(); ++i) options->plugs[i].on_at_start = house.plugs()[i].on();
  come_to_life(engine, site, *options, house.registrations());
  return {};
}

Status simulate_house(Engine& engine, const SiteKey& site, std::uint64_t seed) {
  bool known = false, ours = false;
  engine.query_and_wait([&](const Views& views) {
    known = views.devices.site(site) != nullptr || views.site_now.site(site) != nullptr;
    const DeviceRegistered* boiler = views.devices.device(site, {"boiler"});
    ours = boiler != nullptr && boiler->hardware == simulated_hardware;
  });
  if (known && !ours)
    return fail(Errc::conflict, "The site \"" + site.site.text + "\" is not a simulated one: its record would be mixed with invented readings. Choose another --simulate SITE.");
  auto options = house_options(seed);
  if (!options) return fail(options.error());
  options->stored_wh_at_start = options->battery.capacity_wh * 7 / 10;  // day or night there is something to use
  auto devices = House(*options).registrations();
  for (DeviceRegistered& device : devices) {
    device.hardware = simulated_hardware;
    device.needs_approval = device.device.text == "boiler";
  }
  SiteConfigured about = settings();
  about.name = "Simulated house \"" + site.site.text + "\": nothing here is real";
  if (!known) {
    if (auto done = found(engine, site, about, devices, false); !done) return done;
  }
  come_to_life(engine, site, *options, devices);
  return {};
}

}  // namespace heliograph
