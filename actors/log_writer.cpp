#include "actors/log_writer.hpp"

#include <caf/all.hpp>

namespace heliograph {
namespace {

class LogWriter : public LogWriterActor::base {
 public:
  LogWriter(caf::actor_config& config, EventLog& log, const Clock& clock, WriterStats& stats, Fatal fatal)
      : LogWriterActor::base(config), log_(log), clock_(clock), stats_(stats), fatal_(std::move(fatal)) {}

  behavior_type make_behavior() override {
    return {
        [this](flush_atom) { return flush(); },
        [this](commit_atom) { commit(); },
        [this](follow_atom, const FollowerActor& who) { follow(who); },
        [this](credit_atom, std::uint64_t who, std::uint32_t more) { credit(who, more); },
    };
  }

  void on_exit() override { followers_.clear(); }  // they hold the writer, too

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
    const Micros started = clock_.monotonic();
    auto records = log_.commit();
    auto waiting = std::exchange(waiting_, {});
    if (!records) {
      for (auto& promise : waiting) promise.deliver(caf::make_error(caf::sec::runtime_error, records.error().sentence));
      fatal_(records.error());
      return;
    }
    if (!records->empty()) count(clock_.monotonic() - started, records->size());
    const Position durable = log_.durable();
    // Who waits comes first: a command may be on its way to a device, and followers only watch.
    for (auto& promise : waiting) promise.deliver(durable);
    if (!records->empty()) tell(std::make_shared<const News>(News{durable, std::move(*records), false}));
  }

  void count(Micros took, std::uint64_t records) {
    std::size_t bucket = 0;
    while (bucket < WriterStats::bounds.size() && took > WriterStats::bounds[bucket]) ++bucket;
    ++stats_.commits[bucket];
    stats_.micros += static_cast<std::uint64_t>(took);
    stats_.records += records;
  }

  void tell(const NewsPtr& news) {
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
    send(follower.actor, news_atom_v, std::make_shared<const News>(News{log_.durable(), {}, true}));
  }

  EventLog& log_;
  const Clock& clock_;
  WriterStats& stats_;
  Fatal fatal_;
  bool gathering_ = false;
  std::vector<caf::typed_response_promise<Position>> waiting_;
  std::vector<Follower> followers_;
};

}  // namespace

LogWriterActor spawn_log_writer(caf::actor_system& system, EventLog& log, const Clock& clock, WriterStats& stats, Fatal fatal) {
  return system.spawn<LogWriter>(log, clock, stats, std::move(fatal));
}

}  // namespace heliograph
