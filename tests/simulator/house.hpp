// The true house: devices that do as they are told (or not), a battery whose charge follows from what flows, and the meter. Each
// device keeps its own account of what happened to it: the witness that no log can talk round. W, permille, true time.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/core/site.hpp"
#include "tests/simulator/world.hpp"

namespace heliograph::simulator {

/// What turned a device: a command's id, or "hand", "lease", "boot".
struct Change {
  Micros at = 0;
  bool on = false;
  std::int64_t power_w = 0;
  std::string by;
};

/// One piece of hardware and what it remembers.
struct Box {
  DeviceRegistered about;  // as it was first registered
  std::string hardware;
  bool says_hardware = true;   // when asked what it is
  bool on = false, began_on = false;
  std::int64_t power_w = 0;    // set_power
  Micros lease_until = 0;      // 0 = its timer does not run
  std::string leased_by;       // the command that started it
  Micros down_until = 0;       // reboots, or is silent
  Micros stranger_until = 0;   // another box is at its address
  std::vector<std::string> done, refused;  // commands; forgotten at a reboot
  Micros rebooted_at = 0;
  std::vector<Change> changes;    // its wear counter
  bool is_switch() const { return about.can_switch; }
  bool is_safe() const;
};

inline const SiteKey house_key{{"acme"}, {"house"}};

/// What a box says about a command; nothing when it stays silent.
struct Said {
  DeviceAnswer::Kind kind = DeviceAnswer::Kind::accepted;
  std::string detail, hardware;
};

class House {
 public:
  explicit House(World& world);
  std::function<void(const Box&)> lease_ran_out;  // told before the box goes to its safe state

  std::vector<DeviceRegistered> devices() const;
  Box* find(const std::string& device);
  const std::vector<Box>& boxes() const { return boxes_; }
  /// Lets energy flow until now.
  void flow();
  std::int64_t soc_permille() const { return energy_ / (capacity_ / 1000); }
  std::int64_t grid_w() const;

  /// A command reaches the box. `effect` is called if and when it is carried out.
  using Effect = std::function<void(Box&, const CommandDispatched&, bool changed)>;
  std::optional<Said> hear(const CommandDispatched& command, const Effect& effect);
  void renew(const LeaseRenewed& renewal);
  std::string hardware(const DeviceId& device);
  void press(Box& box);  // the wall switch
  void reboot(Box& box);

  /// What the devices show now, as the gateway of the house sends it.
  ReadingBatch measure(bool of_all, const std::string& only = {});

 private:
  void set(Box& box, bool on, std::int64_t power_w, const std::string& by);
  void to_safe_state(Box& box, const char* by);
  void carry_out(Box& box, const CommandDispatched& command, const Effect& effect);
  void start_timer(Box& box);
  void row(ReadingBuilder& builder, const Box& box, Micros source);
  bool answers(const Box& box) const { return world_.now() >= box.down_until; }

  World& world_;
  std::vector<Box> boxes_;
  Micros flowed_ = world_begins;
  std::int64_t capacity_ = 0, energy_ = 0;  // W x microseconds
  std::int64_t node_energy_ = 0, node_capacity_ = 0;
  std::int64_t base_w_ = 0, pv_w_ = 0;
  std::int64_t stuck_soc_ = -1;
  Micros last_source_ = 0;
};

}  // namespace heliograph::simulator
