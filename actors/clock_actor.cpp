#include "actors/clock_actor.hpp"

#include <caf/all.hpp>
#include <limits>
#include <map>

namespace heliograph {
namespace {

// Wall time may be stepped, so a far alarm is looked at again this often instead of slept through, and so is the clock itself.
constexpr Micros look_again = 10 * second_us;

class ClockShell : public ClockActor::base {
 public:
  ClockShell(caf::actor_config& config, const SteadyClock& clock, SiteDirectory& directory)
      : ClockActor::base(config), clock_(clock), watch_(clock.wall()), directory_(directory) {}

  behavior_type make_behavior() override {
    arm();
    return {
        [this](wake_atom, Micros at, const SiteActor& who, std::uint64_t generation) {
          alarms_.insert_or_assign(who->id(), Alarm{at, caf::actor_cast<caf::weak_actor_ptr>(who), generation});
          arm();
        },
        [this](beat_atom, std::uint64_t generation) {
          if (generation != generation_) return;
          armed_for_ = 0;
          look();  // before the bell: what a step skipped must not ring
          ring();
        },
    };
  }

 private:
  /// One per site: a newer alarm replaces the older. Held weakly, so that a site that ended is forgotten.
  struct Alarm {
    Micros at = 0;
    caf::weak_actor_ptr who;
    std::uint64_t generation = 0;
  };

  /// A site that is on its way back is told when it is there.
  void look() {
    if (const Micros step = watch_.look(); step != 0)
      for (const SiteKey& site : directory_.sites()) untold_[site] = step;
    std::erase_if(untold_, [this](const auto& each) {
      const SiteActor site = directory_.find(each.first);
      if (site) send<caf::message_priority::high>(site, std::make_shared<SiteRequest>(SiteRequest{SuspectClock{each.second}, [](Result<SiteReply>) {}}));
      return static_cast<bool>(site);
    });
  }

  void ring() {
    const Micros now = clock_.now();
    for (auto it = alarms_.begin(); it != alarms_.end();) {
      if (it->second.at > now) {
        ++it;
        continue;
      }
      if (auto site = caf::actor_cast<SiteActor>(it->second.who)) send(site, wake_atom_v, it->second.generation);
      it = alarms_.erase(it);
    }
    arm();
  }

  void arm() {
    Micros first = std::numeric_limits<Micros>::max();
    for (const auto& [id, alarm] : alarms_) first = std::min(first, alarm.at);
    if (armed_for_ != 0 && armed_for_ <= first) return;
    armed_for_ = first;
    ++generation_;
    const Micros wait = alarms_.empty() ? look_again : clock_.outside(std::clamp<Micros>(first - clock_.now(), 0, look_again));
    delayed_send(this, std::chrono::microseconds(wait), beat_atom_v, generation_);
  }

  const SteadyClock& clock_;
  ClockWatch watch_;
  SiteDirectory& directory_;
  std::map<SiteKey, Micros> untold_;
  std::map<caf::actor_id, Alarm> alarms_;
  std::uint64_t generation_ = 0;
  Micros armed_for_ = 0;
};

}  // namespace

ClockActor spawn_clock(caf::actor_system& system, const SteadyClock& clock, SiteDirectory& directory) {
  return system.spawn<ClockShell>(clock, directory);
}

}  // namespace heliograph
