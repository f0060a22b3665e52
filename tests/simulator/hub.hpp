// The hub as the shells make it (actors/site_actor.cpp, actors/device_actor.cpp), without actors: a turn is decided and staged at
// once; replies, dispatch and acknowledgements wait until it is durable; a last look and the stop in memory stand before the port.
// A crash loses what is staged; a start folds the log.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>

#include "tests/simulator/house.hpp"
#include "tests/simulator/sim_log.hpp"
#include "tests/simulator/witness.hpp"

namespace heliograph::simulator {

/// What somebody hears when their request is durable, or was turned down.
struct Outcome {
  bool done = false;
  Errc error = Errc::invalid;
  std::optional<CommandAnswer> command;
  bool repeated = false;
  Position last = 0;
};
using Reply = std::function<void(const Outcome&)>;

class Hub {
 public:
  Hub(World& world, House& house, SimLog& log, Witness& witness);

  /// Folds what is in the log and wakes.
  void start();
  void crash();
  /// Calls `then` while the next turn is being written: crashes like to come then.
  void while_writing(std::function<void()> then) { while_writing_ = std::move(then); }
  bool up() const { return site_.has_value(); }
  const Site& site() const { return *site_; }
  bool stop_engaged() const { return asked_ > lifted_; }

  // Requests. While the hub is down nobody hears anything.
  using Decided = Result<std::optional<CommandAnswer>>;
  using Decide = std::function<Decided(Site&, Micros at, Journal&)>;
  void turn(const Decide& decide, Reply reply);
  void ask(const Ask& ask, Reply reply);
  void take(ReadingBatch batch, const Principal& from);
  void engage_stop(const Principal& principal, Reply reply);
  void lift_stop(const Principal& principal, Reply reply);
  /// The wall clock has moved: alarms are looked at again.
  void look_at_the_clock() { set_alarm(); }

 private:
  struct Staged {
    Position last = 0;
    Outcome outcome;
    Reply reply;
    std::vector<RecordPtr> for_devices;
  };
  /// A device's own shell: which try it has made.
  struct Shell {
    bool adopted = false;
    CommandId command;
    std::uint32_t retry = 0;
  };
  struct Snapshot {
    Position covered = 0;
    std::string state;
  };

  void in_this_life(Micros delay, std::function<void()> then);
  void flush();
  void became_durable();
  void answer_waiting(Staged& ready);
  void set_alarm();
  void tick();
  void snapshot();
  Site folded(const Snapshot* from) const;

  void hand_over(const RecordPtr& record);
  void carry_out(const RecordPtr& record, const CommandDispatched& command, std::uint64_t stops);
  void send(const RecordPtr& record, const CommandDispatched& command);
  void hear(const CommandDispatched& command, std::uint32_t retry);
  void tell(DeviceAnswer answer);
  void renew(const LeaseRenewed& renewal, std::uint64_t stops);
  void read_back(const std::string& device);
  void wire(const std::string& device, std::function<void()> arrives);

  World& world_;
  House& house_;
  SimLog& log_;
  Witness& witness_;
  std::optional<Site> site_;
  std::uint64_t life_ = 0;
  std::deque<Staged> waiting_;
  bool flushing_ = false;
  std::function<void()> while_writing_;
  int starts_ = 0;
  std::uint64_t asked_ = 0, lifted_ = 0;  // the stop in memory
  std::map<std::string, Shell> shells_;
  std::map<std::string, Micros> last_arrival_;  // of a wire, where it keeps its order
  std::map<std::string, Micros> last_mail_;     // to a device's shell: actors keep their order
  std::uint64_t alarm_ = 0;
  Micros no_alarm_before_ = 0;
  int idle_ticks_ = 0;
  std::optional<Snapshot> taken_, saved_;
};

}  // namespace heliograph::simulator
