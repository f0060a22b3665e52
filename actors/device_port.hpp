// What we need from a device that can be told something. One adapter per kind of hardware, or the simulated house.
// An adapter sends absolute commands only, with the id as given, and never repeats one under another id.
#pragma once

#include <functional>

#include "actors/core/site.hpp"

namespace heliograph {

class DevicePort {
 public:
  virtual ~DevicePort() = default;
  /// Hands the command over and answers once, from any thread: accepted (a reading will show the rest), or an error.
  /// Must not block. The device has to ignore the command after `expires_at`.
  using Answer = std::function<void(DeviceAnswer)>;
  virtual void send(const CommandDispatched& command, Answer answer) = 0;
};

}  // namespace heliograph
