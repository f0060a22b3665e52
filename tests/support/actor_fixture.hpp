// The actors of the house under a scheduler that the test drives: no threads, virtual time, any order of messages that a
// seed asks for. A store in memory whose log and views a test may replace, and ports that remember what they were sent.
#pragma once

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <functional>
#include <memory>
#include <random>

#include "actors/people_actor.hpp"
#include "actors/clock.hpp"
#include "actors/device_port.hpp"
#include "actors/log_writer.hpp"
#include "actors/supervisor.hpp"
#include "storage/memory_store.hpp"
#include "tests/support/core_fixture.hpp"

namespace heliograph::testing {

/// A log in memory that counts its writes and can be told to fail one.
class WatchedLog : public MemoryLog {
 public:
  std::size_t writes = 0;
  std::function<bool()> fails;  // asked before each write

 protected:
  Status write_group(const std::vector<Write>& group, const Heads& after) override;
};

/// What outlives a run of the house.
class TestStore : public Store {
 public:
  explicit TestStore(std::unique_ptr<WatchedLog> log = std::make_unique<WatchedLog>(),
                     std::unique_ptr<MemoryViews> views = std::make_unique<MemoryViews>())
      : log_(std::move(log)), views_(std::move(views)) {}
  WatchedLog& log() override { return *log_; }
  ViewStore& views() override { return *views_; }
  bool was_clean() const override { return true; }
  std::uint64_t bytes() const override { return 0; }
  std::uint64_t free_bytes() const override { return 0; }
  const std::vector<std::string>& notes() const override { return notes_; }
  std::optional<Mark> mark() const override { return std::nullopt; }
  Status check_files() const override { return {}; }
  std::vector<RecordPtr> records(const SiteKey& site) const;

 private:
  std::unique_ptr<WatchedLog> log_;
  std::unique_ptr<MemoryViews> views_;
  std::vector<std::string> notes_;
};

/// A store on disk whose reserve is quick to make. Throws when it does not open.
std::unique_ptr<Store> open_on_disk(const std::string& directory);

/// Remembers every send, with where the log stood. Answers as told.
class WitnessPort : public DevicePort {
 public:
  struct Send {
    CommandDispatched command;
    Position durable = 0;
    bool on_record = false;  // the log held this very command.dispatched when the device heard it
  };
  WitnessPort(const EventLog& log, std::function<void(const Send&)> seen = {}) : log_(log), seen_(std::move(seen)) {}
  void send(const CommandDispatched& command, Answer answer) override;

  enum class Way { accept, refuse, silent, late, crash };  // it crashes once
  Way way = Way::accept;
  std::vector<Send> sends;
  std::vector<std::pair<CommandId, Answer>> late;  // answers that are still out

 private:
  const EventLog& log_;
  std::function<void(const Send&)> seen_;
};

/// What became of one request.
struct Outcome {
  int delivered = 0;
  std::optional<Result<SiteReply>> result;
  bool ok() const { return result && result->has_value(); }
  Errc error() const { return result->error().code; }
};
using OutcomePtr = std::shared_ptr<Outcome>;

class World {
 public:
  World(TestStore& store, ManualClock& clock, HostLimits limits = {}, bool safe_mode = false);
  ~World();

  OutcomePtr request(SiteCommand command, const SiteKey& site = villa);
  /// Sent and run until nothing is left to do.
  OutcomePtr ask(SiteCommand command, const SiteKey& site = villa);
  void drive(const std::string& device, PortPtr port, const SiteKey& site = villa);
  void query(std::function<void(const Views&)> query);
  FollowerActor follow(std::function<void(const News&)> told);

  /// Works off every message.
  void run();
  /// Works off every message but those of this actor. Without the writer nothing becomes durable.
  void run_without(const caf::abstract_actor* held);
  /// One message of an actor that the seed picks, or the next timer. False when there was nothing to do.
  bool step(std::mt19937_64& random);
  /// Lets virtual time pass, timer by timer.
  void pass(Micros by);
  /// Virtual time passes and timers ring, but nobody works yet: their messages join the others that wait.
  void pass_without_running(Micros by);
  /// Sites and views save, as for an ordered stop.
  bool save_all();
  void kill(const SiteKey& site);

  SiteActor site(const SiteKey& key = villa) { return directory.find(key); }
  template <class Actor>
  static const caf::abstract_actor* raw(const Actor& actor) {
    return caf::actor_cast<caf::abstract_actor*>(actor);
  }

 private:
  struct Config : caf::actor_system_config {
    Config();
  };
  Config config_;

 public:
  caf::actor_system system;
  caf::scheduler::test_coordinator& scheduler;
  TestStore& store;
  ManualClock& clock;   // the machine's
  SteadyClock steady;   // the hub's
  SiteDirectory directory;
  std::unique_ptr<Views> views;
  WriterStats stats;
  std::vector<Error> fatal;
  Committer committer;
  LogWriterActor writer;
  ClockActor alarms;
  ProjectorActor projector;
  std::optional<PeopleBook> book;
  PeopleActor people;
  SupervisorActor supervisor;
  std::vector<FollowerActor> followers;
  std::vector<OutcomePtr> outcomes;

 private:
  void trigger_timer();
};

TakeReadings readings(std::vector<Value> row, Micros at, std::string key = {});
Ask ask_for(const std::string& device, Action action, Principal who = anna, std::string key = {}, std::uint8_t fingerprint = 0);
/// A site with a battery at 90 %, and a plug "miner-1" that is off.
void furnish(World& world, const SiteKey& site = villa);
/// Commands of a device that were dispatched and have not ended, at their most.
std::size_t most_in_flight(const std::vector<RecordPtr>& records, const std::string& device);

}  // namespace heliograph::testing
