#include "actors/device_actor.hpp"

#include <caf/all.hpp>

namespace heliograph {
namespace {

class DeviceShell : public DeviceActor::base {
 public:
  DeviceShell(caf::actor_config& config, std::shared_ptr<DevicePort> port, SiteActor site, const Clock& clock, StopFlag stop,
              CommandId in_flight)
      : DeviceActor::base(config),
        port_(std::move(port)),
        site_(std::move(site)),
        clock_(clock),
        stop_(std::move(stop)),
        last_(std::move(in_flight)) {}

  behavior_type make_behavior() override {
    return {[this](const RecordPtr& record) { carry_out(std::get<CommandDispatched>(record->event()), record->envelope.principal); }};
  }

  void on_exit() override {
    // Site and device hold each other; whoever ends lets go, or neither would ever be freed.
    site_ = SiteActor();
    port_.reset();
  }

 private:
  void carry_out(const CommandDispatched& command, const Principal& owner) {
    if (command.command == last_) return;  // seen before: the device acts at most once per command
    last_ = command.command;
    if (clock_.now() >= command.expires_at)
      return tell(site_, {command.command, DeviceAnswer::Kind::not_sent, "it expired before it could be sent"});
    // The answer may come from any thread and after this actor's end.
    const auto send = [&] { port_->send(command, [site = site_](DeviceAnswer answer) { tell(site, std::move(answer)); }); };
    if (is_person(owner.kind) && !energises(command.action, command.power_w)) return send();
    // A stop may have been asked while this message waited: the site handed it over before it knew (H28).
    if (!stop_->unless_engaged(send)) tell(site_, {command.command, DeviceAnswer::Kind::not_sent, "the emergency stop came first"});
  }

  static void tell(const SiteActor& site, DeviceAnswer answer) {
    caf::anon_send(site, std::make_shared<SiteRequest>(SiteRequest{std::move(answer), [](Result<SiteReply>) {}}));
  }

  std::shared_ptr<DevicePort> port_;
  SiteActor site_;
  const Clock& clock_;
  StopFlag stop_;
  CommandId last_;
};

}  // namespace

DeviceActor spawn_device(caf::actor_system& system, std::shared_ptr<DevicePort> port, const SiteActor& site, const Clock& clock,
                         StopFlag stop, CommandId in_flight) {
  return system.spawn<DeviceShell>(std::move(port), site, clock, std::move(stop), std::move(in_flight));
}

}  // namespace heliograph
