#include "actors/log_writer.hpp"

#include <caf/all.hpp>

namespace heliograph {

Result<Position> Committer::commit(const Tell& tell) {
  const Hold hold(*this);
  return commit_alone(tell);
}

std::optional<Result<Position>> Committer::try_commit(const Tell& tell) {
  if (!free_.try_acquire()) return std::nullopt;
  auto durable = commit_alone(tell);
  free_.release();
  return durable;
}

Result<Position> Committer::commit_alone(const Tell& tell) {
  const Micros started = clock_.monotonic();
  auto records = log_.commit();
  if (!records) {
    fatal_(records.error());
    return fail(records.error());
  }
  const Position durable = log_.durable();
  if (!records->empty()) {
    count(clock_.monotonic() - started, records->size());
    tell(std::make_shared<const News>(News{durable, std::move(*records), false}));
  }
  return durable;
}

void Committer::count(Micros took, std::uint64_t records) {
  std::size_t bucket = 0;
  while (bucket < WriterStats::bounds.size() && took > WriterStats::bounds[bucket]) ++bucket;
  ++stats_.commits[bucket];
  stats_.micros += static_cast<std::uint64_t>(took);
  stats_.records += records;
}

namespace {

class LogWriter : public LogWriterActor::base {
 public:
  LogWriter(caf::actor_config& config, EventLog& log, Committer& committer)
      : LogWriterActor::base(config), committer_(committer), told_(log.durable()) {}

  behavior_type make_behavior() override {
    return {
        [this](flush_atom) { return flush(); },
        [this](commit_atom) { commit(); },
        [this](news_atom, const NewsPtr& news) { tell(news); },
        [this](follow_atom, const FollowerActor& who) { follow(who); },
        [this](credit_atom, std::uint64_t who, std::uint32_t more) { credit(who, more); },
    };
  }

  // All of them hold the writer, too: a circle would keep the projector's thread for ever.
  void on_exit() override {
    followers_.clear();
    waiting_.clear();
  }

 private:
  struct Follower {
    FollowerActor actor;
    std::uint32_t credit = follower_credit;
    bool behind = false;  // missed news for want of credit
  };

  caf::result<Position> flush() {
    waiting_.push_back(make_response_promise<Position>());
    auto promise = waiting_.back();
    if (!gathering_) {
      gathering_ = true;
      send(this, commit_atom_v);
    }
    return promise;
  }

  void commit() {
    gathering_ = false;
    // News comes by the mailbox, so who waits is told first: a command may be on its way to a device, and followers only watch.
    const auto durable = committer_.commit([this](NewsPtr news) { send(this, news_atom_v, std::move(news)); });
    for (auto& promise : std::exchange(waiting_, {})) {
      if (durable) promise.deliver(*durable);
      else promise.deliver(caf::make_error(caf::sec::runtime_error, durable.error().sentence));
    }
  }

  void tell(const NewsPtr& news) {
    told_ = news->durable;
    for (Follower& follower : followers_) {
      // Once behind it gets nothing until it reads the log: news after a gap would be folded out of order.
      follower.behind = follower.behind || follower.credit == 0;
      if (follower.behind) continue;
      --follower.credit;
      send(follower.actor, news_atom_v, news);
    }
  }

  void follow(const FollowerActor& who) {
    followers_.push_back({who});
    send_catch_up(followers_.back());
  }

  void credit(std::uint64_t who, std::uint32_t more) {
    for (Follower& follower : followers_) {
      if (follower.actor.id() != who) continue;
      follower.credit += more;
      // What it still has is less than a bundle, and comes before this: nothing is folded twice or skipped.
      if (follower.behind && follower.credit > follower_credit - credit_bundle) send_catch_up(follower);
    }
  }

  void send_catch_up(Follower& follower) {
    follower.behind = false;
    --follower.credit;
    send(follower.actor, news_atom_v, std::make_shared<const News>(News{told_, {}, true}));
  }

  Committer& committer_;
  Position told_;  // not durable(): news of what was committed since may be on its way
  bool gathering_ = false;
  std::vector<caf::typed_response_promise<Position>> waiting_;
  std::vector<Follower> followers_;
};

}  // namespace

LogWriterActor spawn_log_writer(caf::actor_system& system, EventLog& log, Committer& committer) {
  return system.spawn<LogWriter>(log, committer);
}

}  // namespace heliograph
