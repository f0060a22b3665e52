#include "actors/device_actor.hpp"

#include <caf/all.hpp>

namespace heliograph {
namespace {

class DeviceShell : public DeviceActor::base {
 public:
  DeviceShell(caf::actor_config& config, std::shared_ptr<DevicePort> port, SiteActor site, const Clock& clock, CommandId in_flight)
      : DeviceActor::base(config), port_(std::move(port)), site_(std::move(site)), clock_(clock), last_(std::move(in_flight)) {}

  behavior_type make_behavior() override {
    return {[this](const RecordPtr& record) { carry_out(std::get<CommandDispatched>(record->event())); }};
  }

 private:
  void carry_out(const CommandDispatched& command) {
    if (command.command == last_) return;  // seen before: the device acts at most once per command
    last_ = command.command;
    if (clock_.now() >= command.expires_at)
      return tell(site_, {command.command, DeviceAnswer::Kind::not_sent, "it expired before it could be sent"});
    // The answer may come from any thread and after this actor's end.
    port_->send(command, [site = site_](DeviceAnswer answer) { tell(site, std::move(answer)); });
  }

  static void tell(const SiteActor& site, DeviceAnswer answer) {
    caf::anon_send(site, std::make_shared<SiteRequest>(SiteRequest{std::move(answer), [](Result<SiteReply>) {}}));
  }

  std::shared_ptr<DevicePort> port_;
  SiteActor site_;
  const Clock& clock_;
  CommandId last_;
};

}  // namespace

DeviceActor spawn_device(caf::actor_system& system, std::shared_ptr<DevicePort> port, const SiteActor& site, const Clock& clock,
                         CommandId in_flight) {
  return system.spawn<DeviceShell>(std::move(port), site, clock, std::move(in_flight));
}

}  // namespace heliograph
