// The house as one object: opens on a store, runs the actors, takes requests and questions from any thread, stops in
// order. Everybody outside actors/ (API, verbs, simulated house) talks to this and to no actor.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "actors/clock.hpp"
#include "actors/device_port.hpp"
#include "actors/house_stats.hpp"
#include "actors/people_book.hpp"
#include "actors/requests.hpp"
#include "actors/stop_mark.hpp"
#include "events/checkpoint.hpp"
#include "projections/projector.hpp"
#include "storage/store.hpp"

namespace heliograph {

class Retention;

struct EngineOptions {
  std::string version, commit;
  /// Signs a checkpoint of the log at each start and ordered stop; none in memory-only stores.
  std::optional<SigningKey> key = {};
  std::size_t threads = std::thread::hardware_concurrency() + 1;  // one may wait for the disk while others work
  /// Called once when the engine cannot go on; the process should end with an error and be started again.
  std::function<void(const Error&)> fatal = {};
  Progress catching_up = {};  // views folding what they missed
  std::string stop_mark = {};  // directory of the file that outlives a stop without a record (stop_mark.hpp); empty = none
  HostLimits limits = {};     // of the host's configuration, for every site
  std::map<SiteKey, HostLimits> limits_of = {};  // sites that have others: a simulated one, which cannot harm anything
  bool polling = true;        // false: no device, account or house is asked for readings
  std::chrono::milliseconds between_looks = std::chrono::seconds(10);  // at whether readings are to be let go (actors/retention.hpp)
};

class Engine {
 public:
  /// Recovers sites and views from the store and starts. The store and the wall clock outlive the engine.
  static Result<std::unique_ptr<Engine>> start(Store& store, const Clock& wall, EngineOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// One turn of a site. `reply` is called once, when the turn is durable or was refused. `trace`: the correlation of what begins in the
  /// turn (SiteRequest). Any thread.
  void request(const SiteKey& site, SiteCommand command, Reply reply, std::string trace = {});
  /// Stops every site that is meant, in memory: from any thread, whatever the log and the actors do. Says which, and which of them
  /// have a send under way that does not end. Each must still be told (EngageStop), so that it is on record: see StopOrder.
  void stop_in_memory(const Meant& meant, std::vector<SiteKey>& stopped, std::vector<SiteKey>& sending);
  /// Keeps what is stopped beside the log, until it is on record. Null in memory-only houses.
  StopMark* stop_mark() { return mark_.get(); }
  /// The same, waiting for the reply. Not from an actor or an I/O thread.
  Result<SiteReply> request_and_wait(const SiteKey& site, SiteCommand command);
  /// One turn about the people of a tenant. `reply` and `trace` as for `request`.
  void request_people(const TenantId& tenant, std::function<Status(People&, Micros at, Journal&)> decide, Reply reply, Reserve reserve = Reserve::keep, std::string trace = {});
  /// People as they are now, for any thread.
  const PeopleBook& people() const { return *people_; }

  /// Asks the views. Sees everything that was acknowledged before this call. Any thread.
  void query(Query query);
  void query_and_wait(const Query& query);
  /// Tells every record after a position that is durable, in order and once, on an actor's thread, until `stop`: it waits for no
  /// follower. Who must miss nothing keeps the position up to which it was told, and goes on after it at the next start.
  void follow(Position after, std::function<void(const News&)> told);
  /// Drives a device of a site through this port from now on.
  void drive(const SiteKey& site, const DeviceId& device, PortPtr port);

  /// Asks this source for the site's readings from now on; with polling off only the engine's own.
  void listen(const SiteKey& site, SourcePtr source);

  Store& store() { return store_; }
  const Clock& clock() const { return *clock_; }
  const Clock& wall_clock() const { return wall_; }  // that of the machine, which may jump
  const WriterStats& writer_stats() const { return stats_; }
  const HouseStats& house_stats() const { return house_stats_; }
  const HostLimits& limits() const { return options_.limits; }
  bool polling() const { return options_.polling; }
  /// Views and STOP work, nothing is commanded (actors/safe_mode.hpp).
  bool safe_mode() const { return safe_mode_; }

  /// Ordered stop: sites and views save, the log says that it was stopped. Idempotent.
  Status stop();

 private:
  Engine(Store& store, const Clock& wall, EngineOptions options);
  Status look_back();
  void take_over_stops(const std::vector<SiteKey>& sites);
  /// Records a fact about the engine itself and, with a key, a signed checkpoint that covers it.
  Status say(Event fact);
  struct Running;

  Store& store_;
  const Clock& wall_;
  std::optional<SteadyClock> clock_;  // once the log has said how late it is at least
  EngineOptions options_;
  bool clean_ = true;  // nothing before this start ended badly
  bool safe_mode_ = false;
  Micros clock_doubt_ = 0;
  std::unique_ptr<StopMark> mark_;
  WriterStats stats_;
  HouseStats house_stats_;
  std::unique_ptr<Views> views_;
  std::unique_ptr<PeopleBook> people_;
  std::unique_ptr<Running> running_;
  std::unique_ptr<Retention> retention_;
};

}  // namespace heliograph
