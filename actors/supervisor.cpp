#include "actors/supervisor.hpp"

#include <caf/all.hpp>
#include <deque>

#include "actors/adapter_actor.hpp"
#include "actors/device_actor.hpp"
#include "actors/process_log.hpp"

namespace heliograph {
namespace {

// Sites look after their snapshots so often: what a quiet one has not said, a start after a kill need not read.
constexpr auto beat = std::chrono::seconds(10);

class Supervisor : public SupervisorActor::base {
 public:
  Supervisor(caf::actor_config& config, HouseParts house, std::map<SiteKey, RecoveredSite> sites)
      : SupervisorActor::base(config), house_(std::move(house)), recovered_(std::move(sites)) {}

  behavior_type make_behavior() override {
    set_down_handler([this](caf::scheduled_actor*, caf::down_msg& down) { fallen(down); });
    monitor(house_.writer);
    monitor(house_.alarms);
    monitor(house_.projector);
    monitor(house_.people);
    for (auto& [key, site] : recovered_) start_site(key, std::move(site));
    recovered_.clear();
    starting_ = false;
    delayed_send(this, beat, beat_atom_v);
    return {
        [this](const SiteKey& key, const SiteRequestPtr& request) { pass_on(key, request); },
        [this](adopt_atom, const SiteKey& key, const std::string& device, const PortPtr& port) {
          ports_[{key, device}] = port;
          if (sites_.contains(key)) start_device(key, device, {});
        },
        [this](adopt_atom, const SiteKey& key, const SourcePtr& source) { start_adapter(key, source); },
        [this](beat_atom) {
          for (const auto& [key, site] : sites_) send(site, beat_atom_v);
          send(house_.people, beat_atom_v);
          delayed_send(this, beat, beat_atom_v);
        },
        [this](save_atom) { return save_all(); },
    };
  }

  void on_exit() override {
    for (const auto& [adapter, what] : adapters_) send_exit(adapter, caf::exit_reason::user_shutdown);
    adapters_.clear();
    for (const auto& [key, device] : devices_) send_exit(device, caf::exit_reason::user_shutdown);
    for (const auto& [key, site] : sites_) {
      house_.directory.remove(key);
      send_exit(site, caf::exit_reason::user_shutdown);
    }
    devices_.clear();
    sites_.clear();
  }

 private:
  using DeviceKey = std::pair<SiteKey, std::string>;

  void pass_on(const SiteKey& key, const SiteRequestPtr& request) {
    if (const auto site = returning_.find(key); site != returning_.end()) return site->second.push_back(request);
    auto site = sites_.find(key);
    if (site == sites_.end()) {
      if (fatal_) return request->reply(fail(Errc::closed, "The engine cannot go on: start it again."));
      Site fresh(key);
      fresh.set_limits(limits_for(key));
      if (auto made = may_begin(fresh, request->command); !made) return request->reply(fail(made.error()));
      start_site(key, {std::move(fresh), 0});
      site = sites_.find(key);
    }
    if (std::holds_alternative<EngageStop>(request->command)) send<caf::message_priority::high>(site->second, request);
    else send(site->second, request);
  }

  /// A site is there from its first settings on. What would be refused makes none: nothing of it would be on record.
  static Status may_begin(const Site& site, const SiteCommand& command) {
    const std::string& id = site.key().site.text;
    const auto* first = std::get_if<Configure>(&command);
    if (first == nullptr) return fail(Errc::not_found, "There is no site \"" + id + "\": configure it first (PUT /api/v1/sites/" + id + ").");
    if (auto as_read = site.expect("settings", first->expected); !as_read) return as_read;
    return site.check_settings(first->settings);
  }

  const HostLimits& limits_for(const SiteKey& key) const {
    const auto own = house_.limits_of.find(key);
    return own == house_.limits_of.end() ? house_.limits : own->second;
  }

  void start_site(const SiteKey& key, RecoveredSite recovered) {
    std::map<std::string, Sent> in_flight;
    for (const DeviceState& device : recovered.site.devices())
      if (device.in_flight) in_flight[device.about.device.text] = {device.in_flight->command, device.in_flight->retry};
    const SiteContext context{house_.store.log(), house_.store.views(), house_.clock, house_.committer, house_.writer, house_.alarms, house_.directory.stop_flag(key),
                              limits_for(key), house_.safe_mode, doubt_for(key), house_.stats, house_.book};
    const SiteActor site = spawn_site(system(), std::move(recovered.site), recovered.covered, context);
    monitor(site);
    sites_[key] = site;
    house_.directory.place(key, site);
    for (const auto& [device, port] : ports_)
      if (device.first == key) start_device(key, device.second, in_flight[device.second]);
  }

  /// What the log says against the clock is told once, to the sites of the log; after that a person may have trusted it.
  Micros doubt_for(const SiteKey& key) const {
    if (key == engine_site()) return 0;
    return starting_ ? house_.clock_doubt : clock_doubt(house_.clock.wall().now(), 0);
  }

  void start_device(const SiteKey& key, const std::string& device, const Sent& in_flight) {
    const DeviceActor actor = spawn_device(system(), ports_.at({key, device}), sites_.at(key), house_.clock,
                                           house_.directory.stop_flag(key), in_flight);
    monitor(actor);
    DeviceActor& driver = devices_[{key, device}];
    if (driver) send_exit(driver, caf::exit_reason::user_shutdown);  // another port took over
    driver = actor;
    send(sites_.at(key), adopt_atom_v, device, actor);
  }

  void start_adapter(const SiteKey& key, const SourcePtr& source) {
    const AdapterActor adapter = spawn_adapter(system(), source, key, house_.directory, house_.clock, house_.stats);
    monitor(adapter);
    adapters_[adapter] = {key, source};
  }

  void fallen(const caf::down_msg& down) {
    if (down.reason == caf::exit_reason::user_shutdown) return;
    const std::string why = system().render(down.reason);
    process_log::write(process_log::Level::error, "supervisor", "A part of the house has ended and is started again.", {{"why", why}});
    for (const auto& [adapter, what] : adapters_)
      if (adapter.address() == down.source) return restart_adapter(adapter, why);
    for (const auto& [key, device] : devices_)
      if (device.address() == down.source) return restart_device(key, why);
    for (const auto& [key, site] : sites_)
      if (site.address() == down.source) return restart_site(key, why);
    // A device that fell together with its site, or was replaced, is nobody's any more.
    if (down.source != house_.writer.address() && down.source != house_.alarms.address() && down.source != house_.projector.address() &&
        down.source != house_.people.address())
      return;
    give_up({Errc::closed, "A part that nothing works without has ended (" + why + "): start the engine again.", {}});
  }

  bool may_restart(const std::string& what, const std::string& why) {
    const Micros now = house_.clock.monotonic();
    restarts_.push_back(now);
    while (!restarts_.empty() && restarts_.front() < now - restart_window) restarts_.pop_front();
    if (restarts_.size() <= static_cast<std::size_t>(restarts_max)) return true;
    give_up({Errc::closed, what + " failed again (" + why + "), more than " + std::to_string(restarts_max) +
                                   " restarts in a minute: see the audit before starting the engine again.", {}});
    return false;
  }

  void restart_adapter(const AdapterActor fallen_one, const std::string& why) {
    const auto [key, source] = adapters_.at(fallen_one);
    adapters_.erase(fallen_one);
    if (may_restart("An adapter of site " + key.site.text, why)) start_adapter(key, source);
  }

  void restart_device(const DeviceKey key, const std::string& why) {
    devices_.erase(key);
    if (!may_restart("Device " + key.second, why)) return;
    // What it was doing stands in the log; the site knows it, and this shell must not send it again.
    auto site = recover_site(house_.store.log(), house_.store.views(), key.first);
    if (!site) return give_up(site.error());
    const DeviceState* state = site->site.device({key.second});
    start_device(key.first, key.second, state != nullptr && state->in_flight ? Sent{state->in_flight->command, state->in_flight->retry} : Sent{});
  }

  void restart_site(const SiteKey key, const std::string& why) {
    sites_.erase(key);
    house_.directory.remove(key);
    for (auto it = devices_.begin(); it != devices_.end();) {
      if (it->first.first == key) send_exit(it->second, caf::exit_reason::user_shutdown), it = devices_.erase(it);
      else ++it;
    }
    if (!may_restart("Site " + key.site.text, why)) return;
    // What the old actor staged becomes durable without it: only then does the log say everything that happened.
    returning_[key];
    request(house_.writer, caf::infinite, flush_atom_v)
        .then([this, key](Position) { bring_back(key); },
              [this](const caf::error& error) { give_up({Errc::closed, "The log could not be written (" + system().render(error) + "): start the engine again.", {}}); });
  }

  void bring_back(const SiteKey& key) {
    auto recovered = recover_site(house_.store.log(), house_.store.views(), key);
    if (!recovered) return give_up(recovered.error());
    start_site(key, std::move(*recovered));
    const auto waited = std::move(returning_.extract(key).mapped());
    for (const SiteRequestPtr& request : waited) pass_on(key, request);
  }

  /// From here on nothing is started again, and no site is mistaken for a new one.
  void give_up(const Error& error) {
    fatal_ = true;
    returning_.clear();
    house_.fatal(error);
  }

  caf::result<Position> save_all() {
    auto promise = make_response_promise<Position>();
    auto open = std::make_shared<std::size_t>(sites_.size() + 2);
    const auto one_done = [this, promise, open](Position) mutable {
      if (--*open == 0) promise.deliver(house_.store.log().durable());
    };
    const auto one_failed = [promise](const caf::error& error) mutable { promise.deliver(error); };
    for (const auto& [key, site] : sites_) request(site, caf::infinite, save_atom_v).then(one_done, one_failed);
    request(house_.projector, caf::infinite, save_atom_v).then(one_done, one_failed);
    request(house_.people, caf::infinite, save_atom_v).then(one_done, one_failed);
    return promise;
  }

  HouseParts house_;
  std::map<SiteKey, RecoveredSite> recovered_;
  std::map<SiteKey, SiteActor> sites_;
  std::map<DeviceKey, PortPtr> ports_;
  std::map<DeviceKey, DeviceActor> devices_;
  std::map<AdapterActor, std::pair<SiteKey, SourcePtr>> adapters_;
  std::deque<Micros> restarts_;
  std::map<SiteKey, std::vector<SiteRequestPtr>> returning_;  // sites on their way back, and who waits for them
  bool fatal_ = false;
  bool starting_ = true;
};

}  // namespace

SupervisorActor spawn_supervisor(caf::actor_system& system, HouseParts house, std::map<SiteKey, RecoveredSite> sites) {
  return system.spawn<Supervisor>(std::move(house), std::move(sites));
}

}  // namespace heliograph
