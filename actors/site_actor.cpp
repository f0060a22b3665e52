#include "actors/site_actor.hpp"

#include <caf/all.hpp>
#include <deque>

#include "actors/turn_journal.hpp"

namespace heliograph {
namespace {

// What was on its way is looked after once its device has had the time to be adopted.
constexpr Micros settling_in = 2 * second_us;
constexpr std::uint64_t snapshot_after = 100'000;  // positions: bounds what a start after a kill folds again

/// What a command leaves besides the log.
struct Decided {
  std::optional<CommandAnswer> command;
};

class SiteShell : public SiteActor::base {
 public:
  SiteShell(caf::actor_config& config, Site recovered, Position covered, const SiteContext& context)
      : SiteActor::base(config), site_(std::move(recovered)), c_(context), snapshot_at_(covered) {
    site_.set_limits(c_.limits);
    site_.set_safe_mode(c_.safe_mode);
    if (site_.stopped() && !c_.stop->engaged()) c_.stop->engage();  // never cleared here: a stop that was not yet durable still holds
    if (covered == 0) save_snapshot();  // the entry that precedes the first fact (site_recovery.cpp)
  }

  behavior_type make_behavior() override {
    site_.woke(c_.clock.now());
    no_alarm_before_ = c_.clock.now() + settling_in;
    set_alarm();
    if (c_.clock_step != 0)
      send<caf::message_priority::high>(caf::actor_cast<SiteActor>(this), std::make_shared<SiteRequest>(SiteRequest{SuspectClock{c_.clock_step}, [](Result<SiteReply>) {}}));
    return {
        [this](const SiteRequestPtr& request) { take(*request); },
        [this](wake_atom, std::uint64_t generation) {
          if (generation != alarm_) return;
          alarm_at_.reset();  // used up: the same moment may be due again
          tick();
        },
        [this](beat_atom) {
          if (c_.log.durable() >= snapshot_at_ + snapshot_after) snapshot_when_durable(c_.log.durable());
        },
        [this](adopt_atom, const std::string& device, const DeviceActor& actor) { adapters_[device] = actor; },
        [this](save_atom) -> caf::result<Position> {
          save_snapshot();
          return snapshot_at_;
        },
    };
  }

  void on_exit() override {
    // Others may hold this actor for long: whoever waits for a reply must hear now that none will come.
    waiting_.clear();
    adapters_.clear();
    c_.writer = LogWriterActor();
    c_.alarms = ClockActor();
  }

 private:
  /// The site's state after everything of it up to a position.
  struct Snapshot {
    Position covered;
    std::string state;
  };
  /// A turn that is staged and waits to be durable.
  struct Staged {
    SiteReply reply;
    Reply answer;
    std::vector<RecordPtr> for_devices;  // told once all of it is durable
  };

  void take(SiteRequest& request) {
    if (std::holds_alternative<EngageStop>(request.command)) {
      if (!c_.stop->engaged()) c_.stop->engage();
      c_.stop->settle();
    }
    const Result<std::optional<SiteReply>> before = repeated(request.command);
    if (!before) return request.reply(fail(before.error()));
    if (*before) {  // answered when the first use is durable, after everything that was staged before
      waiting_.push_back({**before, std::move(request.reply), {}});
      return flush();
    }
    if (auto* readings = std::get_if<TakeReadings>(&request.command); readings != nullptr && readings->packed.bytes.empty() && readings->batch->size() > 0)
      readings->packed = pack_readings(*readings->batch);  // before the turn: others wait for its lock
    run_turn(reserve_for(request.command), [&](Micros at, Journal& journal) { return decide(request.command, at, journal); }, std::move(request.reply), std::move(request.trace));
  }

  void tick() {
    run_turn(Reserve::use, [&](Micros at, Journal& journal) -> Result<Decided> {
      if (auto ticked = site_.tick(at, journal); !ticked) return fail(ticked.error());
      return Decided{};
    }, [](Result<SiteReply>) {});
  }

  /// The last space of the disk is for stopping, shedding and what devices answered (H47).
  static Reserve reserve_for(const SiteCommand& command) {
    if (const auto* ask = std::get_if<Ask>(&command))
      return energises(ask->proposal.action, ask->proposal.power_w) ? Reserve::keep : Reserve::use;
    const bool cautious = std::holds_alternative<EngageStop>(command) || std::holds_alternative<SuspectClock>(command);
    return cautious || std::holds_alternative<DeviceAnswer>(command) ? Reserve::use : Reserve::keep;
  }

  template <class Decide>
  void run_turn(Reserve reserve, Decide decide_turn, Reply reply, std::string trace = {}) {
    look_who_left();
    Result<Staged> turn = stage_turn(reserve, decide_turn, std::move(trace));
    if (turn && turn->reply.last != 0) {
      turn->answer = std::move(reply);
      waiting_.push_back(std::move(*turn));
      flush();  // before anything else: a command may wait for it
    } else {
      reply(turn ? Result<SiteReply>(turn->reply) : fail(turn.error()));
    }
    set_alarm();
  }

  /// Before the turn, which asks nobody: what waited is not sent for who was removed meanwhile.
  void look_who_left() {
    if (c_.people == nullptr || site_.pending().empty()) return;
    const Micros at = c_.clock.now();
    std::vector<Principal> left;
    c_.people->read([&](const People& people) {
      for (const PendingCommand& each : site_.pending())
        if (!people.may_command_still(site_.key(), each.proposal.principal, at)) left.push_back(each.proposal.principal);
    });
    site_.set_left(std::move(left));
  }

  /// Holds the log's lock from here to its end, and calls nobody else meanwhile.
  template <class Decide>
  Result<Staged> stage_turn(Reserve reserve, Decide& decide_turn, std::string trace) {
    auto turn = c_.log.begin(site_.key(), c_.clock.now(), reserve);
    no_alarm_before_ = turn ? 0 : c_.clock.now() + second_us;  // a log that takes nothing is not asked in a hot loop
    if (!turn) return fail(turn.error());
    TurnJournal journal(*turn, std::move(trace));
    const Micros at = turn->recorded_at();
    const std::uint64_t looked = site_.rules().evaluations();
    auto decided = decide_turn(at, journal);
    if (c_.stats != nullptr) ++c_.stats->turns, c_.stats->rule_evaluations += site_.rules().evaluations() - looked;
    if (!decided) {
      // Half a turn was folded but will not be written: only the log knows the truth now.
      if (!journal.empty()) quit(caf::make_error(caf::sec::runtime_error, decided.error().sentence));
      return fail(decided.error());
    }
    if (journal.empty()) return Staged{{0, 0, at, false, decided->command}, {}, {}};
    turn->stage();
    Staged waiting{{journal.first(), journal.records().back()->last(), at, false, decided->command}, {}, {}};
    for (const RecordPtr& record : journal.records())
      if (is_for_device(*record)) waiting.for_devices.push_back(record);
    return waiting;
  }

  // What a command replaces, as Site::version names it.
  static std::string replaced_by(const Prefer&) { return "preferences"; }
  static std::string replaced_by(const Configure&) { return "settings"; }
  static std::string replaced_by(const RegisterDevice& c) { return "device/" + c.device.device.text; }
  static std::string replaced_by(const SaveRule& c) { return "rule/" + c.rule.id.text; }
  static std::string replaced_by(const RemoveRule& c) { return "rule/" + c.rule.text; }

  Result<Decided> decide(SiteCommand& command, Micros at, Journal& journal) {
    const auto plain = [](const Status& status) -> Result<Decided> {
      if (!status) return fail(status.error());
      return Decided{};
    };
    return std::visit([&](auto& c) -> Result<Decided> {
      using C = std::decay_t<decltype(c)>;
      if constexpr (requires { c.expected; })
        if (auto as_read = site_.expect(replaced_by(c), c.expected); !as_read) return fail(as_read.error());
      if constexpr (std::is_same_v<C, TakeReadings>) {
        return plain(site_.take_readings(std::move(c.batch), std::move(c.packed), c.principal, at, journal, std::move(c.idempotency_key), c.fingerprint));
      } else if constexpr (std::is_same_v<C, Ask>) {
        auto answer = site_.ask(c, at, journal);
        if (!answer) return fail(answer.error());
        return Decided{std::move(*answer)};
      } else if constexpr (std::is_same_v<C, DeviceAnswer>) {
        return plain(site_.answered(c, at, journal));
      } else if constexpr (std::is_same_v<C, Approve>) {
        auto answer = site_.approve(c.answer, at, journal, std::move(c.idempotency_key), c.fingerprint);
        if (!answer) return fail(answer.error());
        return Decided{std::move(*answer)};
      } else if constexpr (std::is_same_v<C, AcknowledgeAlert>) {
        return plain(site_.acknowledge(c.alert, c.principal, at, journal));
      } else if constexpr (std::is_same_v<C, CancelCommand>) {
        return plain(site_.cancel(c.command, c.principal, at, journal));
      } else if constexpr (std::is_same_v<C, Prefer>) {
        return plain(site_.prefer(c.wishes, c.principal, at, journal));
      } else if constexpr (std::is_same_v<C, SuspectClock>) {
        return plain(site_.suspect_clock(c.step, at, journal));
      } else if constexpr (std::is_same_v<C, TrustClock>) {
        return plain(site_.trust_clock(c.principal, at, journal));
      } else if constexpr (std::is_same_v<C, EngageStop>) {
        return plain(site_.engage_stop(c.principal, c.reason, at, journal));
      } else if constexpr (std::is_same_v<C, LiftStop>) {
        return plain(site_.lift_stop(c.principal, c.reason, at, journal));
      } else if constexpr (std::is_same_v<C, SaveRule>) {
        auto saved = site_.save_rule(c.rule, c.principal, at, journal, std::move(c.idempotency_key), c.fingerprint);
        if (!saved) return fail(saved.error());
        return Decided{};
      } else if constexpr (std::is_same_v<C, RemoveRule>) {
        return plain(site_.remove_rule(c.rule, c.principal, at, journal));
      } else if constexpr (std::is_same_v<C, Configure>) {
        return plain(site_.configure(c.settings, c.principal, at, journal));
      } else if constexpr (std::is_same_v<C, RegisterDevice>) {
        return plain(site_.register_device(c.device, c.principal, at, journal));
      } else {
        static_assert(std::is_same_v<C, RecordFact>);
        Draft fact;
        fact.stream = c.stream;
        fact.occurred_at = at;
        fact.principal = c.principal;
        fact.cause = c.cause;
        fact.correlation = c.correlation.empty() ? journal.new_chain() : c.correlation;
        fact.body = std::move(c.event);
        auto record = journal.append(std::move(fact));
        if (!record) return fail(record.error());
        return Decided{};
      }
    }, command);
  }

  /// The earlier outcome when the request's idempotency key was used before; conflict when for something else.
  Result<std::optional<SiteReply>> repeated(const SiteCommand& command) {
    const auto [key, fingerprint] = std::visit([](const auto& c) -> std::pair<std::string, Digest> {
      if constexpr (requires { c.idempotency_key; c.fingerprint; }) return {c.idempotency_key, c.fingerprint};
      else return {};
    }, command);
    if (key.empty()) return std::optional<SiteReply>{};
    auto use = c_.log.find_key(site_.key().tenant, key);
    if (!use) return fail(use.error());
    if (!*use) return std::optional<SiteReply>{};
    if ((*use)->fingerprint != fingerprint)
      return fail(Errc::conflict, "This Idempotency-Key was used for another request: take a new key for a new request.", "/idempotency-key");
    if ((*use)->position > c_.log.durable()) return in_writing((*use)->position);
    return recall((*use)->position);
  }

  /// The outcome of a turn that is staged but not durable yet.
  Result<std::optional<SiteReply>> in_writing(Position position) const {
    for (const Staged& waiting : waiting_)
      if (waiting.reply.first <= position && position <= waiting.reply.last) {
        SiteReply reply = waiting.reply;
        reply.repeated = true;
        return std::optional(reply);
      }
    return fail(Errc::busy, "The first request with this Idempotency-Key is still being written: ask again in a moment.");
  }

  Result<std::optional<SiteReply>> recall(Position position) {
    auto record = c_.log.at(position);
    if (!record && record.error().code == Errc::not_found)
      return fail(Errc::conflict, "This Idempotency-Key was used before, at position " + std::to_string(position) + ", for readings that are no longer kept: use another key for others.");
    if (!record) return fail(record.error());
    SiteReply reply{position, (*record)->last(), (*record)->envelope.recorded_at, true, {}};
    if ((*record)->is_readings()) return std::optional(reply);
    if (const auto* asked = std::get_if<CommandRequested>(&(*record)->event()))
      if (auto known = recall_answer(asked->command, (*record)->envelope, reply); !known) return fail(known.error());
    return std::optional(reply);
  }

  /// What the gate answered is among the facts of the request's own turn, which all have its stamp.
  Status recall_answer(const CommandId& command, const Envelope& request, SiteReply& reply) {
    reply.command = CommandAnswer{command, request.position, 0, {}, {}, 0};
    return c_.log.scan(request.position + 1, c_.log.durable(), Part::decisions, [&](const RecordPtr& each) {
      if (each->envelope.recorded_at != request.recorded_at) return false;
      const auto is = [&](const auto* event) { return event != nullptr && event->command == command; };
      CommandAnswer& answer = *reply.command;
      if (const auto* refused = std::get_if<CommandRefused>(&each->event()); is(refused)) answer.refusals = refused->refusals;
      else if (const auto* waiting = std::get_if<CommandWaiting>(&each->event()); is(waiting)) answer.waiting = waiting->what, answer.until = waiting->until;
      else if (const auto* invited = std::get_if<ApprovalRequested>(&each->event()); is(invited)) answer.waiting = Waiting::approval, answer.until = invited->expires_at;
      else if (!is(std::get_if<CommandDispatched>(&each->event()))) return true;
      if (answer.decided == 0) answer.decided = each->envelope.position;
      reply.last = each->envelope.position;
      return true;
    });
  }

  /// A site that nobody waits for commits itself.
  void flush() {
    if (mailbox().empty()) {
      const auto durable = c_.committer.try_commit([this](NewsPtr news) { send(c_.writer, news_atom_v, std::move(news)); });
      if (durable) return *durable ? became_durable(**durable) : lost(caf::make_error(caf::sec::runtime_error, durable->error().sentence));
    }
    request(c_.writer, caf::infinite, flush_atom_v)
        .then([this](Position durable) { became_durable(durable); },
              [this](const caf::error& error) { lost(error); });
  }

  void became_durable(Position durable) {
    while (!waiting_.empty() && waiting_.front().reply.last <= durable) {
      Staged ready = std::move(waiting_.front());
      waiting_.pop_front();
      for (const RecordPtr& record : ready.for_devices) hand_over(record);
      ready.answer(ready.reply);
    }
    if (durable >= snapshot_at_ + snapshot_after) snapshot_when_durable(durable);
  }

  /// A command or a lease goes to its device; after an answer that says nothing the device is read back.
  static bool is_for_device(const Record& record) {
    if (record.is_readings()) return false;
    const auto* answered = std::get_if<CommandAnswered>(&record.event());
    return std::holds_alternative<CommandDispatched>(record.event()) || std::holds_alternative<LeaseRenewed>(record.event()) ||
           (answered != nullptr && answered->answer == Answered::unreachable);
  }

  /// The last look before a device hears something: the stop in memory, then the state as it is now.
  void hand_over(const RecordPtr& record) {
    const std::uint64_t stops = c_.stop->asked();  // before the look: a stop that comes from now on is found by the device's shell
    const std::string device = record->envelope.stream.substr(std::string_view("device-").size());
    const auto adapter = adapters_.find(device);
    const auto* command = std::get_if<CommandDispatched>(&record->event());
    const auto* renewal = std::get_if<LeaseRenewed>(&record->event());
    if (command == nullptr) {
      const bool still = renewal == nullptr || (!c_.stop->engaged() && !site_.why_not_renew(*renewal, c_.clock.now()));
      if (still && adapter != adapters_.end()) send(adapter->second, record, stops);
      return;
    }
    std::optional<std::string> obstacle = site_.why_not_send(*command, c_.clock.now());
    const bool sheds = !energises(command->action, command->power_w) && is_person(record->envelope.principal.kind);
    if (!obstacle && c_.stop->engaged() && !sheds && command->purpose != Purpose::safe_state) obstacle = "the emergency stop came first";
    if (!obstacle && adapter == adapters_.end()) obstacle = "no adapter drives this device";
    if (!obstacle) return send(adapter->second, record, stops);
    run_turn(Reserve::use, [&](Micros at, Journal& journal) -> Result<Decided> {
      const DeviceAnswer answer{command->command, DeviceAnswer::Kind::not_sent, *obstacle, command->retry};
      if (auto noted = site_.answered(answer, at, journal); !noted) return fail(noted.error());
      return Decided{};
    }, [](Result<SiteReply>) {});
  }

  void lost(const caf::error& error) {
    for (Staged& waiting : std::exchange(waiting_, {}))
      waiting.answer(fail(Errc::closed, "The log could not be written: the outcome is unknown until the engine was started again."));
    quit(error);
  }

  void set_alarm() {
    auto due = site_.next_due(c_.clock.now());
    if (due) due = std::max(*due, no_alarm_before_);
    if (due == alarm_at_) return;
    alarm_at_ = due;
    ++alarm_;
    if (due) send(c_.alarms, wake_atom_v, *due, caf::actor_cast<SiteActor>(this), alarm_);
  }

  /// Under load a turn always waits to be durable: the state is taken now and saved once all it holds is.
  void snapshot_when_durable(Position durable) {
    if (taken_ && durable < taken_->covered) return;
    if (!taken_) taken_ = Snapshot{waiting_.empty() ? durable : waiting_.back().reply.last, site_.snapshot()};
    if (durable >= taken_->covered) save_snapshot(*std::exchange(taken_, std::nullopt));
  }

  /// Of the state as it is, if all of it is durable; otherwise it is left for later.
  void save_snapshot() {
    if (waiting_.empty()) save_snapshot({c_.log.durable(), site_.snapshot()});
  }

  void save_snapshot(const Snapshot& snapshot) {
    std::string value;
    put_be64(value, snapshot.covered);
    value += snapshot.state;
    ViewBatch batch;
    batch.put(site_.key().tenant.text + "/" + site_.key().site.text, std::move(value));
    // A snapshot that cannot be written costs time at the next start, nothing else: the log is the record.
    if (c_.views.save(snapshot_view, batch, snapshot.covered)) snapshot_at_ = snapshot.covered;
  }

  Site site_;
  SiteContext c_;
  Position snapshot_at_ = 0;
  std::optional<Snapshot> taken_;  // not durable yet
  std::deque<Staged> waiting_;
  std::map<std::string, DeviceActor> adapters_;
  std::uint64_t alarm_ = 0;  // generation
  std::optional<Micros> alarm_at_;
  Micros no_alarm_before_ = 0;
};

}  // namespace

SiteActor spawn_site(caf::actor_system& system, Site recovered, Position covered, const SiteContext& context) {
  return system.spawn<SiteShell>(std::move(recovered), covered, context);
}

}  // namespace heliograph
