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
  FollowerShell(caf::actor_config& config, LogWriterActor writer, std::function<void(const News&)> told)
      : FollowerActor::base(config), writer_(std::move(writer)), told_(std::move(told)) {}

  behavior_type make_behavior() override {
    send(writer_, follow_atom_v, caf::actor_cast<FollowerActor>(this));
    return {[this](news_atom, const NewsPtr& news) {
      told_(*news);
      if (const auto credit = credit_.worked_off(); credit > 0) send(writer_, credit_atom_v, id(), credit);
    }};
  }

  void on_exit() override { writer_ = LogWriterActor(); }

 private:
  LogWriterActor writer_;
  std::function<void(const News&)> told_;
  CreditCount credit_;
};

}  // namespace

ProjectorActor spawn_projector(caf::actor_system& system, Views& views, const LogWriterActor& writer,
                               std::function<void(const Error&)> fatal, ProjectorThread thread) {
  if (thread == ProjectorThread::shared) return system.spawn<ProjectorShell>(views, writer, std::move(fatal), false);
  return system.spawn<ProjectorShell, caf::detached>(views, writer, std::move(fatal), true);
}

FollowerActor spawn_follower(caf::actor_system& system, const LogWriterActor& writer, std::function<void(const News&)> told) {
  return system.spawn<FollowerShell>(writer, std::move(told));
}

}  // namespace heliograph
