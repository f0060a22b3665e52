#include "actors/projector_actor.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <caf/all.hpp>

#include "actors/log_writer.hpp"

namespace heliograph {
namespace {

// A save writes the head of every series that changed: at 1,000 nodes it costs what folding 200,000 readings does. Both
// bounds only say how much a start after a kill folds again; a million readings take it about a third of a second.
constexpr auto save_interval = std::chrono::seconds(5);
constexpr std::uint64_t save_after = 1'000'000;  // positions
constexpr int nice_value = 10;                    // about a tenth of the share of those that acknowledge, when both want all

class ProjectorShell : public ProjectorActor::base {
 public:
  ProjectorShell(caf::actor_config& config, Views& views, LogWriterActor writer, std::function<void(const Error&)> fatal, bool own_thread)
      : ProjectorActor::base(config), views_(views), writer_(std::move(writer)), fatal_(std::move(fatal)), own_thread_(own_thread) {}

  behavior_type make_behavior() override {
    if (own_thread_) give_way();
    send(writer_, follow_atom_v, caf::actor_cast<FollowerActor>(this));
    return {
        [this](news_atom, const NewsPtr& news) { fold(*news); },
        [this](const QueryPtr& query, Position asked_at) {
          // News may have been withheld for want of credit; what was acknowledged before the question still counts.
          if (views_.applied() < asked_at) check(views_.catch_up(asked_at));
          (*query)(views_);
        },
        [this](beat_atom) {
          timer_running_ = false;
          check(views_.save());
        },
        [this](save_atom) -> caf::result<Position> {
          check(views_.save());
          return views_.applied();
        },
    };
  }

  void on_exit() override { writer_ = LogWriterActor(); }

 private:
  /// Linux keeps a priority for each thread. Views may lag; an acknowledgement that waits for them would be late for nothing.
  static void give_way() { ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), nice_value); }

  void fold(const News& news) {
    if (news.read_the_log) {
      check(views_.catch_up(news.durable));
    } else {
      const auto fresh = std::find_if(news.records.begin(), news.records.end(),
                                      [this](const RecordPtr& record) { return record->envelope.position > views_.applied(); });
      views_.apply({fresh, news.records.end()});
    }
    if (const auto credit = credit_.worked_off(); credit > 0) send(writer_, credit_atom_v, id(), credit);
    if (views_.unsaved() >= save_after) check(views_.save());
    // One pending save at a time; views on disk lag behind the log by the interval at most.
    if (views_.unsaved() > 0 && !timer_running_) {
      timer_running_ = true;
      delayed_send(this, save_interval, beat_atom_v);
    }
  }

  void check(const Status& status) {
    if (!status) fatal_(status.error());
  }

  Views& views_;
  LogWriterActor writer_;
  std::function<void(const Error&)> fatal_;
  CreditCount credit_;
  bool own_thread_;
  bool timer_running_ = false;
};

class FollowerShell : public FollowerActor::base {
 public:
  FollowerShell(caf::actor_config& config, const EventLog& log, LogWriterActor writer, Position after, std::function<void(const News&)> told,
                std::function<void(const Error&)> fatal)
      : FollowerActor::base(config), log_(log), writer_(std::move(writer)), at_(after), told_(std::move(told)), fatal_(std::move(fatal)) {}

  behavior_type make_behavior() override {
    send(writer_, follow_atom_v, caf::actor_cast<FollowerActor>(this));
    return {[this](news_atom, const NewsPtr& news) {
      if (news->durable > at_) take(*news);
      if (const auto credit = credit_.worked_off(); credit > 0) send(writer_, credit_atom_v, id(), credit);
    }};
  }

  void on_exit() override { writer_ = LogWriterActor(); }

 private:
  void take(const News& news) {
    if (news.read_the_log || news.records.front()->envelope.position <= at_) read_up_to(news.durable);
    else told_(news);
    at_ = news.durable;
  }

  /// What was withheld for want of credit, a page at a time.
  void read_up_to(Position durable) {
    constexpr std::size_t page = 256;
    News missed;
    missed.read_the_log = true;
    const auto tell = [&](Position to) {
      missed.durable = to;
      told_(missed);
      missed.records.clear();
    };
    const Status read = log_.scan(at_ + 1, durable, Part::all, [&](const RecordPtr& record) {
      missed.records.push_back(record);
      if (missed.records.size() == page) tell(record->last());
      return true;
    });
    if (!read) return fatal_(read.error());
    tell(durable);
  }

  const EventLog& log_;
  LogWriterActor writer_;
  Position at_;  // everything up to here was told
  std::function<void(const News&)> told_;
  std::function<void(const Error&)> fatal_;
  CreditCount credit_;
};

}  // namespace

ProjectorActor spawn_projector(caf::actor_system& system, Views& views, const LogWriterActor& writer,
                               std::function<void(const Error&)> fatal, ProjectorThread thread) {
  if (thread == ProjectorThread::shared) return system.spawn<ProjectorShell>(views, writer, std::move(fatal), false);
  return system.spawn<ProjectorShell, caf::detached>(views, writer, std::move(fatal), true);
}

FollowerActor spawn_follower(caf::actor_system& system, const EventLog& log, const LogWriterActor& writer, Position after,
                             std::function<void(const News&)> told, std::function<void(const Error&)> fatal) {
  return system.spawn<FollowerShell>(log, writer, after, std::move(told), std::move(fatal));
}

}  // namespace heliograph
