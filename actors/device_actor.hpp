// The shell of one controllable device: hands durable commands to its port and brings the answer back to the site.
// It decides nothing. Its state is in the log (the site's command in flight); it may die and start again at any time.
#pragma once

#include "actors/actors.hpp"
#include "actors/clock.hpp"
#include "actors/device_port.hpp"
#include "actors/site_actor.hpp"

namespace heliograph {

/// A try of a command.
struct Sent {
  CommandId command;
  std::uint32_t retry = 0;
};

/// `last`: the try that the log says was dispatched and has not ended. It is not made again: whether the device heard it is
/// unknown until a reading tells or the site decides on another try. `stop` is looked at last, before the port.
DeviceActor spawn_device(caf::actor_system& system, std::shared_ptr<DevicePort> port, const SiteActor& site, const Clock& clock,
                         StopFlag stop, Sent last);

}  // namespace heliograph
