// The simulated house behind the same ports as real hardware: it is asked for readings and it is told commands.
// The only part of sim/ that can be commanded; dry runs do not know it.
#pragma once

#include <memory>
#include <mutex>

#include "actors/device_port.hpp"
#include "actors/engine.hpp"
#include "sim/house.hpp"

namespace heliograph {

/// What simulated devices say they are. Commands of a simulated site are bound to it: a real device there would not be told.
inline constexpr std::string_view simulated_hardware = "simulated";

class HouseAdapter : public ReadingSource, public DevicePort {
 public:
  HouseAdapter(HouseOptions options, const Clock& clock) : house_(std::move(options)), clock_(clock) {}
  std::string_view kind() const override { return "simulated"; }
  Micros interval() const override;
  Result<ReadingBatch> poll(Micros now) override;
  void send(const CommandDispatched& command, Answer answer) override;
  void read_back(const DeviceId& device, ReadBack answer) override;
  std::string hardware(const DeviceId&) const override { return std::string(simulated_hardware); }

 private:
  mutable std::mutex mutex_;
  House house_;  // guarded by mutex_
  const Clock& clock_;
};

/// Makes `site` a simulated house with a past: settings, devices, the miner guard, `past` of history, then a life of its
/// own. A site that exists already only comes to life again, where its record ends.
Status settle_house(Engine& engine, const SiteKey& site, std::uint64_t seed, Micros past);

/// The same at real speed and without a past, for people to command: named as what it is, its boiler asks for approval, and no rule
/// interferes. Refused for a site that is not a simulated one: its real devices must not be mixed with invented readings.
Status simulate_house(Engine& engine, const SiteKey& site, std::uint64_t seed);

}  // namespace heliograph
