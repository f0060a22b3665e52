// Stands at the port, beside the devices and beside the people: what left, what had an effect, what people were told. Compares it
// with the books (account.hpp), never with what the site believes.
#pragma once

#include <map>
#include <memory>

#include "tests/simulator/account.hpp"
#include "tests/simulator/house.hpp"
#include "tests/simulator/world.hpp"

namespace heliograph::simulator {

class Witness {
 public:
  Witness(World& world, House& house, const SimLog& log);

  const Account& account() const { return *account_; }

  // The hub.
  void staged(const RecordPtr& record);
  void turn_ended() { account_->turn_ended(); }
  void crashed();
  void started(const Site& site, Micros wall, bool safe_mode);
  void acknowledged(Position last);

  // The port.
  void last_look_passed(const RecordPtr& record, Micros wall);
  void leaves(const RecordPtr& record, const CommandDispatched& command, const std::string& hardware_there);
  void renewal_passed(const RecordPtr& record, Micros wall);
  void renewal_leaves(const LeaseRenewed& renewal);
  void answering(const DeviceAnswer& answer);

  // The devices.
  void effect(const Box& box, const CommandDispatched& command, bool changed);
  void lease_ran_out(const Box& box);

  // The people.
  int stop_asked() { return ++stops_asked_; }
  void stop_acknowledged(int number) { stops_told_ = std::max(stops_told_, number), stop_told_at_ = world_.now(); }
  int stops_known() const { return stops_asked_; }
  void lift_acknowledged(int known) { stops_lifted_ = std::max(stops_lifted_, known); }
  bool stop_in_force() const { return stops_told_ > stops_lifted_; }
  void clicked(bool proven, const Principal& by) { account_->clicked(proven, by); }

  void calm_begins() { calm_since_ = world_.now(); }
  /// Everything has had its time to settle. `gone`: the hub is dead.
  void finish(bool gone, Micros hub_died_at);

 private:
  void wrong(const std::string& what) { world_.violated(what); }
  void count(const Record& record);
  std::string against_sum(const Trail& trail, Micros at);
  void settled();

  World& world_;
  House& house_;
  const SimLog& log_;
  std::unique_ptr<Account> account_;
  bool silent_ = false;  // reads the log again: its violations are known
  RecordPtr told_;       // the last record that anybody was told about
  Position before_this_life_ = 0;
  Micros started_at_ = 0, started_hub_ = 0, calm_since_ = 0;  // the hub's start by the true time and by its own
  int stops_asked_ = 0, stops_told_ = 0, stops_lifted_ = 0;
  Micros stop_told_at_ = 0;
  struct Sends {
    std::set<std::uint32_t> tries;
    bool passed = false;
    int stops = 0;  // asked for before its last look
  };
  std::map<std::string, Sends> sends_;
  struct Effect {
    Micros at = 0;
    bool changed = false;
    int times = 0;
  };
  std::map<std::string, Effect> effects_;
  std::optional<DeviceAnswer> answering_;
};

}  // namespace heliograph::simulator
