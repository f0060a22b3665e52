// Who asks, says yes, stops, lifts and edits: people, programs with keys, agents, schedules. Some click twice, late, or not at all;
// a mail scanner opens every link.
#pragma once

#include "tests/simulator/hub.hpp"

namespace heliograph::simulator {

class People {
 public:
  People(World& world, House& house, Hub& hub, Witness& witness);

  /// The site as it is set up on its first day.
  void furnish();
  /// One of them does something.
  void act();
  /// Looks at what waits for a yes (the hub's notice), and answers it or not.
  void look_at_notices();

 private:
  void ask();
  void flip();
  void send(const Ask& ask);
  void answer(const CommandId& command, Micros asked_until);
  void click(const CommandId& command, bool granted, ApprovalChannel channel, bool proven);
  void cancel();
  void stop();
  void lift();
  void prefer();
  void configure();
  void edit_rule();
  void register_again();
  void press();
  void step_clock();

  World& world_;
  House& house_;
  Hub& hub_;
  Witness& witness_;
  SiteConfigured settings_;
  std::vector<DeviceRegistered> registered_;
  std::set<std::string> noticed_;
  std::uint64_t keys_ = 0;
  bool night_shift_;  // nobody is up, and a schedule switches to and fro
};

}  // namespace heliograph::simulator
