#include "actors/device_actor.hpp"

#include <caf/all.hpp>

namespace heliograph {
namespace {

class DeviceShell : public DeviceActor::base {
 public:
  DeviceShell(caf::actor_config& config, std::shared_ptr<DevicePort> port, SiteActor site, const Clock& clock, StopFlag stop, Sent last)
      : DeviceActor::base(config), port_(std::move(port)), site_(std::move(site)), clock_(clock), stop_(std::move(stop)), last_(std::move(last)) {}

  behavior_type make_behavior() override {
    return {[this](const RecordPtr& record, std::uint64_t stops) {
      if (const auto* command = std::get_if<CommandDispatched>(&record->event())) carry_out(*command, record->envelope.principal, stops);
      else if (const auto* renewal = std::get_if<LeaseRenewed>(&record->event())) renew(*renewal, stops);
      else read_back(DeviceId{record->envelope.stream.substr(std::string_view("device-").size())});
    }};
  }

  void on_exit() override {
    // Site and device hold each other; whoever ends lets go, or neither would ever be freed.
    site_ = SiteActor();
    port_.reset();
  }

 private:
  void carry_out(const CommandDispatched& command, const Principal& owner, std::uint64_t stops) {
    const Sent now{command.command, command.retry};
    if (now.command == last_.command && now.retry <= last_.retry) return;  // seen before: each try is made once
    last_ = now;
    const auto answer = [site = site_, retry = command.retry](DeviceAnswer said) {
      said.retry = retry;
      tell(site, std::move(said));
    };
    if (clock_.now() >= command.expires_at)
      return answer({command.command, DeviceAnswer::Kind::not_sent, "it expired before it could be sent"});
    if (const std::string there = port_->hardware(command.device); !command.hardware.empty() && !there.empty() && there != command.hardware)
      return answer({command.command, DeviceAnswer::Kind::not_sent, "identity-mismatch: \"" + there + "\" is there instead of \"" + command.hardware + "\""});
    // The answer may come from any thread and after this actor's end.
    const auto send = [&] { port_->send(command, answer); };
    const bool follows_stop = command.purpose == Purpose::safe_state;
    if (follows_stop || (is_person(owner.kind) && !energises(command.action, command.power_w))) return send();
    // A stop may have been asked while this message waited: the site handed it over before it knew (H28).
    if (!stop_->unless_engaged(stops, send)) answer({command.command, DeviceAnswer::Kind::not_sent, "the emergency stop came first"});
  }

  void renew(const LeaseRenewed& renewal, std::uint64_t stops) {
    static_cast<void>(stop_->unless_engaged(stops, [&] { port_->renew(renewal); }));
  }

  void read_back(const DeviceId& device) {
    port_->read_back(device, [site = site_, device](ReadingBatch batch) {
      if (batch.size() == 0) return;
      TakeReadings readings;
      readings.packed = pack_readings(batch);
      readings.batch = std::make_shared<const ReadingBatch>(std::move(batch));
      readings.principal = {PrincipalKind::device, device.text};
      caf::anon_send(site, std::make_shared<SiteRequest>(SiteRequest{std::move(readings), [](Result<SiteReply>) {}}));
    });
  }

  static void tell(const SiteActor& site, DeviceAnswer answer) {
    caf::anon_send(site, std::make_shared<SiteRequest>(SiteRequest{std::move(answer), [](Result<SiteReply>) {}}));
  }

  std::shared_ptr<DevicePort> port_;
  SiteActor site_;
  const Clock& clock_;
  StopFlag stop_;
  Sent last_;
};

}  // namespace

DeviceActor spawn_device(caf::actor_system& system, std::shared_ptr<DevicePort> port, const SiteActor& site, const Clock& clock,
                         StopFlag stop, Sent last) {
  return system.spawn<DeviceShell>(std::move(port), site, clock, std::move(stop), std::move(last));
}

}  // namespace heliograph
