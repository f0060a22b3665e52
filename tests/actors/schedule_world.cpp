#include "tests/actors/schedule_world.hpp"

#include <algorithm>
#include <set>

namespace heliograph::testing {
namespace {

const SiteKey annex{{"acme"}, {"annex"}};
const std::vector<SiteKey> sites = {villa, annex};
const std::vector<std::string> devices = {"miner-1", "heater"};
constexpr std::string_view guard_rule = R"({"id":"guard","triggers":[
  {"id":"low","metric":"soc_percent","device":"battery","below":50,"rearm":55},
  {"id":"high","metric":"soc_percent","device":"battery","above":60,"rearm":55,"for":"PT5S"}],
  "actions":[{"when":["low"],"do":"pause","device":"miner-1"},{"when":["high"],"do":"resume","device":"miner-1"}]})";

class PlantedLog : public WatchedLog {
 public:
  explicit PlantedLog(Plant plant) : plant_(plant) {}
  Status scan(Position from, Position to, Part part, const Visit& visit) const override {
    if (plant_ != Plant::loses_dispatches || part != Part::all) return WatchedLog::scan(from, to, part, visit);
    return WatchedLog::scan(from, to, part, [&](const RecordPtr& record) {
      const bool lost = !record->is_readings() && std::holds_alternative<CommandDispatched>(record->event());
      return lost || visit(record);
    });
  }

 protected:
  Status write_group(const std::vector<Write>& group, const Heads& after) override {
    if (plant_ == Plant::durable_too_early && ++groups_ > 20 && groups_ % 3 == 0) return {};
    return WatchedLog::write_group(group, after);
  }
  Result<std::optional<KeyUse>> stored_key(std::string_view key) const override {
    if (plant_ == Plant::forgets_keys) return std::optional<KeyUse>{};
    return WatchedLog::stored_key(key);
  }

 private:
  Plant plant_;
  std::size_t groups_ = 0;
};

class PlantedViews : public MemoryViews {
 public:
  explicit PlantedViews(Plant plant) : plant_(plant) {}
  Status save(std::string_view view, const ViewBatch& batch, Position checkpoint) override {
    if (plant_ != Plant::view_keeps_erased) return MemoryViews::save(view, batch, checkpoint);
    ViewBatch kept;
    for (const auto& [key, value] : batch.changes)
      if (value) kept.changes[key] = value;
    return MemoryViews::save(view, kept, checkpoint);
  }

 private:
  Plant plant_;
};

class Schedule {
 public:
  Schedule(std::uint64_t seed, Plant plant)
      : random_(seed), plant_(plant), store_(std::make_unique<PlantedLog>(plant), std::make_unique<PlantedViews>(plant)) {}

  ScheduleReport run() {
    start();
    const int actions = 60 + below(60);
    for (int i = 0; i < actions; ++i) {
      act();
      for (int n = below(12); n > 0; --n) report_.steps += world_->step(random_);
    }
    finish();
    return std::move(report_);
  }

 private:
  struct Heard {
    SiteKey site;
    std::string device;
    std::shared_ptr<WitnessPort> port;
  };

  int below(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }
  bool chance(int percent) { return below(100) < percent; }
  const SiteKey& a_site() { return sites[chance(80) ? 0 : 1]; }
  void wrong(const std::string& what) { report_.violations.push_back(what); }

  void start() {
    world_ = std::make_unique<World>(store_, clock_);
    for (const SiteKey& site : sites) {
      furnish(*world_, site);
      DeviceRegistered heater = plug("heater", 1000);
      heater.min_on = 2 * second_us;
      world_->ask(RegisterDevice{heater, anna}, site);
      world_->ask(SaveRule{rule_of(guard_rule), anna, {}, {}}, site);
      for (const std::string& device : devices) {
        auto port = std::make_shared<WitnessPort>(store_.log(), [this, site](const WitnessPort::Send& send) { heard(site, send); });
        ports_.push_back({site, device, port});
        world_->drive(device, wrapped(port), site);
      }
    }
  }

  // ---- ports -------------------------------------------------------------------------------------------------

  class Twice : public DevicePort {
   public:
    explicit Twice(PortPtr inner) : inner_(std::move(inner)) {}
    void send(const CommandDispatched& command, Answer answer) override {
      inner_->send(command, answer);
      inner_->send(command, answer);
    }

   private:
    PortPtr inner_;
  };
  struct Later : DevicePort {
    explicit Later(Schedule& in) : schedule(in) {}
    void send(const CommandDispatched& command, Answer answer) override {
      schedule.held_back_.push_back([port = inner, command, answer] { port->send(command, answer); });
    }
    Schedule& schedule;
    PortPtr inner;
  };

  PortPtr wrapped(const std::shared_ptr<WitnessPort>& port) {
    if (plant_ == Plant::sends_twice) return std::make_shared<Twice>(port);
    if (plant_ != Plant::sends_late) return port;
    auto later = std::make_shared<Later>(*this);
    later->inner = port;
    return later;
  }

  /// The device hears something: the invariants of a send.
  void heard(const SiteKey& site, const WitnessPort::Send& send) {
    const std::string id = send.command.command.text;
    ++report_.did["sent"];
    if (!send.on_record) wrong("sent without a durable dispatch: " + id);
    if (++sends_[site.site.text + "/" + id + "/" + std::to_string(send.command.retry)] > 1) wrong("sent twice: " + id);
    if (send.command.retry > 0) ++report_.did["sent again"];
    if (send.command.retry > retries_max) wrong("tried too often: " + id);
    if (send.command.expires_at <= clock_.now()) wrong("sent after it expired: " + id);
    if (energises(send.command.action, send.command.power_w) && stops_[site].in_force()) wrong("energised after the stop was acknowledged: " + id);
    if (chance(60)) ports_[static_cast<std::size_t>(below(4))].port->way = static_cast<WitnessPort::Way>(below(4));
  }

  // ---- what people, devices and fate do -----------------------------------------------------------------------

  void act() {
    const int what = below(100);
    if (what < 30) measure();
    else if (what < 55) command();
    else if (what < 62) stop();
    else if (what < 70) lift();
    else if (what < 80) answer();
    else if (what < 90) world_->pass_without_running(below(8) * second_us);
    else if (what < 93) crash_site();
    else if (what < 95) crash_device();
    else if (what < 98) again();
    else late_send();
  }

  /// Counts an outcome when it comes; each must come once.
  void expect(OutcomePtr outcome) { expected_.push_back(std::move(outcome)); }

  void measure() {
    const SiteKey& site = a_site();
    std::vector<Value> row = {{"battery", Metric::soc_permille, chance(10) ? 150 : 400 + below(500)}};
    if (chance(60)) {
      const std::string& device = devices[static_cast<std::size_t>(below(2))];
      row.push_back({device, Metric::switch_on, below(2)});
    }
    ++report_.did["readings"];
    expect(world_->request(readings(row, clock_.now() - below(3) * 1'000), site));
  }

  void command() {
    static const std::vector<Principal> who = {anna, {PrincipalKind::schedule, "s"}, {PrincipalKind::agent, "a"}};
    const std::string device = devices[static_cast<std::size_t>(below(2))];
    keyed_.push_back({a_site(), device, chance(65) ? Action::switch_on : Action::switch_off, who[static_cast<std::size_t>(below(3))],
                      "key-" + std::to_string(keyed_.size())});
    ++report_.did["asked"];
    repeat(keyed_.back());
  }

  struct Keyed { SiteKey site; std::string device; Action action; Principal who; std::string key; };
  void repeat(const Keyed& k) { expect(world_->request(ask_for(k.device, k.action, k.who, k.key, 1), k.site)); }
  void again() {
    if (keyed_.empty()) return;
    ++report_.did["asked again"];
    repeat(keyed_[static_cast<std::size_t>(below(static_cast<int>(keyed_.size())))]);
  }

  /// Which stops are acknowledged and not lifted by anything that knew of them.
  struct Stops {
    int asked = 0, acknowledged = 0, lifted = 0;
    bool in_force() const { return acknowledged > lifted; }
  };

  void stop() {
    const SiteKey& site = a_site();
    Stops& stops = stops_[site];
    const int number = ++stops.asked;
    send(site, EngageStop{anna, "smoke"}, [this, &stops, number](bool done) {
      if (done) stops.acknowledged = std::max(stops.acknowledged, number), ++report_.did["stopped"];
    });
  }

  void lift() {
    const SiteKey& site = a_site();
    Stops& stops = stops_[site];
    const int known = stops.asked;
    send(site, LiftStop{anna, "clear"}, [this, &stops, known](bool done) {
      if (done) stops.lifted = std::max(stops.lifted, known), ++report_.did["lifted"];
    });
  }

  void send(const SiteKey& site, SiteCommand command, std::function<void(bool)> then) {
    auto outcome = std::make_shared<Outcome>();
    expect(outcome);
    bring(world_->directory, world_->supervisor, site, std::move(command), [outcome, then = std::move(then)](Result<SiteReply> result) {
      ++outcome->delivered;
      then(result.has_value());
      outcome->result = std::move(result);
    });
  }

  void answer() {
    const auto found = std::find_if(ports_.begin(), ports_.end(), [](const Heard& h) { return !h.port->late.empty(); });
    if (found == ports_.end()) return;
    Heard& heard = *found;
    ++report_.did["answered late"];
    const auto [id, tell] = heard.port->late.back();
    heard.port->late.pop_back();
    tell({id, chance(50) ? DeviceAnswer::Kind::accepted : DeviceAnswer::Kind::device_error, "late"});
  }

  bool may_crash() { return crashes_ < 3 ? ++crashes_ > 0 : false; }
  void crash_site() {
    if (!may_crash()) return;
    ++report_.did["site died"];
    world_->kill(a_site());
  }
  void crash_device() {
    if (!may_crash()) return;
    ++report_.did["port threw"];
    ports_[static_cast<std::size_t>(below(4))].port->way = WitnessPort::Way::crash;
  }
  void late_send() {
    if (held_back_.empty()) return;
    const auto go = held_back_.front();
    held_back_.erase(held_back_.begin());
    try {
      go();
    } catch (const std::runtime_error&) {  // a port that is to crash: here it has no actor to take along
    }
  }

  // ---- the end ---------------------------------------------------------------------------------------------------

  void finish() {
    if (plant_ == Plant::replies_twice && !expected_.empty()) ++expected_.front()->delivered;
    for (Heard& heard : ports_) heard.port->way = WitnessPort::Way::accept;
    while (!held_back_.empty()) late_send();
    world_->run();
    // Everything under way ends, for better or worse: tries, the deadline of the last, and a rollback after it.
    world_->pass(2 * (command_expiry + verify_deadline) + minute_us);
    if (!world_->fatal.empty()) wrong("ended by: " + world_->fatal.front().sentence);
    if (!world_->save_all()) wrong("sites and views could not be saved");
    records();
    views();
    world_.reset();
    for (const OutcomePtr& outcome : expected_) {
      if (outcome->delivered != 1) wrong("a reply was given " + std::to_string(outcome->delivered) + " times");
      report_.did[outcome->ok() ? "done" : "refused"] += 1;
    }
  }

  void records() {
    std::map<std::string, int> uses;
    for (const SiteKey& site : sites) {
      const auto all = store_.records(site);
      for (const std::string& device : devices) {
        if (most_in_flight(all, device) > 1) wrong("two commands in flight on " + device);
        if (const auto open = still_open(all, device); open != 0) wrong("a command of " + device + " never ended");
      }
      Site fresh(site);
      for (const RecordPtr& record : all) {
        fresh.evolve(record);
        ++report_.did[record->envelope.type];
        report_.trace += line(*record) + "\n";
        if (!record->envelope.idempotency_key.empty() && ++uses[record->envelope.idempotency_key] > 1)
          wrong("two effects of " + record->envelope.idempotency_key);
      }
      fresh.settle();
      const auto saved = store_.views().get(snapshot_view, site.tenant.text + "/" + site.site.text);
      if (!saved || !*saved || (*saved)->substr(8) != fresh.snapshot()) wrong("the site is not what its log says");
    }
  }

  static std::size_t still_open(const std::vector<RecordPtr>& all, const std::string& device) {
    std::set<std::string> open;
    for (const RecordPtr& record : all) {
      if (record->is_readings()) continue;
      if (const auto* e = std::get_if<CommandDispatched>(&record->event()); e != nullptr && e->device.text == device) open.insert(e->command.text);
      if (const auto* e = std::get_if<CommandVerified>(&record->event())) open.erase(e->command.text);
      if (const auto* e = std::get_if<CommandFailed>(&record->event())) open.erase(e->command.text);
    }
    return open.size();
  }

  void views() {
    const auto differences = compare_views(store_.views(), store_.log());
    if (!differences) return wrong("the views cannot be compared: " + differences.error().sentence);
    for (const std::string& difference : *differences) wrong(difference);
  }

  std::mt19937_64 random_;
  Plant plant_;
  ScheduleReport report_;
  TestStore store_;
  ManualClock clock_{monday_noon};
  std::unique_ptr<World> world_;
  std::vector<Heard> ports_;
  std::map<std::string, int> sends_;
  std::map<SiteKey, Stops> stops_;
  std::vector<Keyed> keyed_;
  std::vector<OutcomePtr> expected_;
  std::vector<std::function<void()>> held_back_;
  int crashes_ = 0;
};

}  // namespace

ScheduleReport run_schedule(std::uint64_t seed, Plant plant) { return Schedule(seed, plant).run(); }

}  // namespace heliograph::testing
