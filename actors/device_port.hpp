// What we need from a device that can be told something. One adapter per kind of hardware, or the simulated house.
// An adapter sends absolute commands only, with the id as given, and never repeats one under another id.
#pragma once

#include <functional>

#include "actors/core/site.hpp"

namespace heliograph {

class DevicePort {
 public:
  virtual ~DevicePort() = default;
  /// Hands the command over and answers once, from any thread: accepted (a reading will show the rest), or an error. An error
  /// says whether the device can have heard. Must not block. The device has to ignore the command after `expires_at`, and what
  /// it has done before under the same id. With a lease its own timer is set.
  using Answer = std::function<void(DeviceAnswer)>;
  virtual void send(const CommandDispatched& command, Answer answer) = 0;
  /// Starts the device's own timer again. Nobody waits for an answer: without one it runs out, and the device is safe.
  virtual void renew(const LeaseRenewed&) {}
  /// Asks what the device's state is now. Answers once, from any thread, or never. Must not block.
  using ReadBack = std::function<void(ReadingBatch)>;
  virtual void read_back(const DeviceId&, ReadBack) {}
  /// Serial or MAC of the device that would be told now; empty = it cannot say. Must not block.
  virtual std::string hardware(const DeviceId&) const { return {}; }
};

/// What we need from a device, account or house that can be asked for readings. Units and signs are turned round here
/// and nowhere else; only a new source time makes a new reading.
class ReadingSource {
 public:
  virtual ~ReadingSource() = default;
  /// What it is, in one word of ours: few different ones, for they name figures.
  virtual std::string_view kind() const { return "device"; }
  /// How often to ask. Above zero.
  virtual Micros interval() const = 0;
  /// What is new since the last call; empty when nothing is. Must not block for long.
  virtual Result<ReadingBatch> poll(Micros now) = 0;
};

}  // namespace heliograph
