#include "actors/people_actor.hpp"

#include <caf/all.hpp>
#include <deque>

#include "actors/turn_journal.hpp"
#include "events/codec.hpp"

namespace heliograph {
namespace {

constexpr std::uint64_t snapshot_after = 100'000;  // positions: bounds what a start after a kill folds again
constexpr std::string_view snapshot_key = "kept";

}  // namespace

class PeopleShell : public PeopleActor::base {
 public:
  PeopleShell(caf::actor_config& config, Position covered, const PeopleContext& context) : PeopleActor::base(config), c_(context), snapshot_at_(covered) {}

  behavior_type make_behavior() override {
    return {
        [this](const PeopleRequestPtr& request) { take(*request); },
        [this](beat_atom) {
          if (waiting_.empty() && c_.log.durable() >= snapshot_at_ + snapshot_after) save_snapshot();
        },
        [this](save_atom) -> caf::result<Position> {
          if (waiting_.empty()) save_snapshot();
          return snapshot_at_;
        },
    };
  }

  void on_exit() override {
    waiting_.clear();  // who waits for a reply hears that none will come
    c_.writer = LogWriterActor();
  }

 private:
  struct Staged {
    SiteReply reply;
    Reply answer;
  };

  void take(PeopleRequest& request) {
    Result<SiteReply> staged = stage(request);
    if (!staged || staged->last == 0) return request.reply(std::move(staged));
    waiting_.push_back({*staged, std::move(request.reply)});
    this->request(c_.writer, caf::infinite, flush_atom_v)
        .then([this](Position durable) { became_durable(durable); }, [this](const caf::error& error) { lost(error); });
  }

  Result<SiteReply> stage(PeopleRequest& request) {
    auto turn = c_.log.begin({request.tenant, {}}, c_.clock.now(), request.reserve);
    if (!turn) return fail(turn.error());
    TurnJournal journal(*turn, request.trace);
    const Micros at = turn->recorded_at();
    Status decided;
    {
      const std::unique_lock lock(c_.book.mutex_);
      decided = request.decide(c_.book.people_, at, journal);
    }
    if (!decided && !journal.empty()) {
      // Half a turn was folded but will not be written: only the log knows the truth now.
      c_.fatal(decided.error());
      quit(caf::make_error(caf::sec::runtime_error, decided.error().sentence));
    }
    if (!decided) return fail(decided.error());
    if (journal.empty()) return SiteReply{0, 0, at, false, {}};
    turn->stage();
    return SiteReply{journal.first(), journal.records().back()->last(), at, false, {}};
  }

  void became_durable(Position durable) {
    while (!waiting_.empty() && waiting_.front().reply.last <= durable) {
      Staged ready = std::move(waiting_.front());
      waiting_.pop_front();
      ready.answer(ready.reply);
    }
  }

  void lost(const caf::error& error) {
    for (Staged& waiting : std::exchange(waiting_, {}))
      waiting.answer(fail(Errc::closed, "The log could not be written: the outcome is unknown until the engine was started again."));
    quit(error);
  }

  void save_snapshot() {
    ViewBatch batch;
    std::string value;
    const Position covered = c_.log.durable();  // nothing of ours is staged beyond it
    put_be64(value, covered);
    for (const RecordPtr& record : c_.book.people_.kept()) {
      const std::string payload = encode_record(*record);
      put_be64(value, record->envelope.position);
      put_be64(value, payload.size());
      value += payload;
    }
    batch.put(std::string(snapshot_key), std::move(value));
    // One that cannot be written costs time at the next start, nothing else: the log is the record.
    if (c_.views.save(people_view, batch, covered)) snapshot_at_ = covered;
  }

  PeopleContext c_;
  Position snapshot_at_;
  std::deque<Staged> waiting_;
};

namespace {

/// Nothing when it is not as it was written.
std::optional<RecoveredPeople> read_snapshot(std::string_view bytes) {
  if (bytes.size() < 8) return std::nullopt;
  RecoveredPeople out{{}, get_be64(bytes)};
  for (bytes.remove_prefix(8); !bytes.empty();) {
    if (bytes.size() < 16) return std::nullopt;
    const Position position = get_be64(bytes);
    const std::uint64_t size = get_be64(bytes.substr(8));
    bytes.remove_prefix(16);
    if (size > bytes.size()) return std::nullopt;
    auto record = decode_record(bytes.substr(0, size), position, {});
    if (!record) return std::nullopt;
    out.people.evolve(std::make_shared<const Record>(std::move(*record)));
    bytes.remove_prefix(size);
  }
  return out;
}

}  // namespace

Result<RecoveredPeople> recover_people(const EventLog& log, const ViewStore& views) {
  RecoveredPeople out;
  auto stored = views.get(people_view, snapshot_key);
  if (!stored) return fail(stored.error());
  if (*stored)
    if (auto read = read_snapshot(**stored); read && read->covered <= log.durable()) out = std::move(*read);
  auto done = log.scan(out.covered + 1, log.durable(), Part::decisions, [&](const RecordPtr& record) {
    out.people.evolve(record);
    return true;
  });
  if (!done) return fail(done.error());
  out.covered = log.durable();
  return out;
}

PeopleActor spawn_people(caf::actor_system& system, Position covered, const PeopleContext& context) { return system.spawn<PeopleShell>(covered, context); }

}  // namespace heliograph
