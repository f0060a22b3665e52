#include "tests/simulator/run.hpp"

#include "tests/simulator/people.hpp"

namespace heliograph::simulator {
namespace {

/// Between the last fault and the end: an approval, a deadline, and what follows it have run out by then.
constexpr Micros calm_lasts = 9 * minute_us;

class Story {
 public:
  Story(const Options& options, Counters& counters)
      : options_(options), world_(options.seed, options.plant.shell, options.traced, counters), house_(world_), log_(house_key),
        witness_(world_, house_, log_), hub_(world_, house_, log_, witness_), people_(world_, house_, hub_, witness_) {
    if (options.faults) world_.faults = *options.faults;
    Dice& dice = world_.dice;
    const std::int64_t length = dice.below(100);
    lasts_ = (length < 70 ? dice.between(3, 10) : length < 95 ? dice.between(10, 25) : dice.between(60, 90)) * minute_us;
    interval_ = dice.between(12, 45) * second_us;
    gap_ = (dice.chance(30) ? dice.between(2, 8) : dice.between(8, 60)) * second_us;
  }

  Report play() {
    hub_.start();
    people_.furnish();
    measure();
    somebody_acts();
    plan_crashes();
    world_.play(world_begins + lasts_, options_.until);
    if (world_.steps() < options_.until) calm();
    if (world_.steps() < options_.until) end();
    return {world_.violations(), world_.told(), world_.steps(), log_.records().size()};
  }

 private:
  // ---- what goes on ------------------------------------------------------------------------------------------------------

  void measure() {
    const Faults& f = world_.faults;
    ReadingBatch batch = house_.measure(true);
    if (world_.strikes(f.old_readings)) batch.historic = true, world_.counters.add("history");
    if (!batch.suspects.empty()) world_.counters.add("suspect value");
    if (world_.strikes(f.lost_readings)) world_.counters.add("readings lost");
    else if (world_.strikes(f.late_readings)) bring(batch, world_.dice.heavy(minute_us)), world_.counters.add("readings late");
    else bring(batch, world_.dice.between(1, 40) * 1000);
    people_.look_at_notices();
    world_.after(world_.calm ? 15 * second_us : interval_ + world_.dice.below(2 * second_us), [this] { measure(); });
  }

  void bring(const ReadingBatch& batch, Micros takes) {
    world_.after(takes, [this, batch] { hub_.take(batch, {PrincipalKind::apikey, "gateway"}); });
  }

  void somebody_acts() {
    if (world_.calm) return;
    people_.act();
    world_.after(world_.dice.below(2 * gap_) + 1000, [this] { somebody_acts(); });
  }

  void plan_crashes() {
    Dice& dice = world_.dice;
    for (int n = world_.faults.crashes; n > 0; --n) {
      const Micros when = dice.below(lasts_), down = dice.chance(85) ? dice.heavy(40 * second_us) + 50'000 : dice.between(1, 8) * minute_us;
      const bool writing = dice.chance(50);
      world_.after(when, [this, down, writing] {
        if (writing) hub_.while_writing([this, down] { fall(down); });
        else fall(down);
      });
    }
    if (!world_.faults.gone) return;
    world_.after(dice.below(lasts_), [this] {
      hub_.crash();
      gone_ = true, died_at_ = world_.now();
      world_.counters.add("hub gone for ever");
    });
  }

  void fall(Micros down) {
    if (world_.calm || !hub_.up()) return;
    hub_.crash();
    world_.after(down, [this] {
      if (!gone_ && !hub_.up()) hub_.start(), world_.counters.add("start after a crash");
    });
  }

  // ---- how it ends ----------------------------------------------------------------------------------------------------------

  /// The faults stop. The wall clock tells the truth again; a hub whose time ran ahead of it has as much of its own time to settle.
  void calm() {
    world_.calm = true;
    world_.trace("calm");
    if (world_.wall() != world_.now()) world_.step_clock(0);
    witness_.calm_begins();
    const Micros ahead = std::max<Micros>(0, log_.stamp() - world_.wall());
    if (!gone_ && hub_.up() && hub_.site().safe_mode()) hub_.crash();  // an ordered stop and start ends it
    if (!gone_ && !hub_.up()) hub_.start();
    hub_.look_at_the_clock();
    if (!gone_ && hub_.site().clock_suspect())
      hub_.turn([](Site& site, Micros at, Journal& journal) -> Hub::Decided {
        if (auto trusted = site.trust_clock({PrincipalKind::user, "anna"}, at, journal); !trusted) return fail(trusted.error());
        return std::optional<CommandAnswer>{};
      }, {});
    world_.play(world_.now() + calm_lasts + std::min(ahead, calm_lasts), options_.until);
  }

  void end() {
    world_.counters.add(witness_.stop_in_force() ? "ended stopped" : "ended running");
    witness_.finish(gone_, died_at_);
    if (!gone_) hub_.crash();  // once more from the log: the same state, and nothing leaves for it
    if (gone_ || options_.seed % 8 != 0) return;
    const std::uint64_t sent = world_.counters.of("sent");
    hub_.start();
    const std::string once = hub_.site().snapshot();
    hub_.crash();
    hub_.start();
    if (hub_.site().snapshot() != once) world_.violated("I17 two restarts without input differ");
    if (world_.counters.of("sent") != sent) world_.violated("I15 reading the log again sent something");
  }

  Options options_;
  World world_;
  House house_;
  SimLog log_;
  Witness witness_;
  Hub hub_;
  People people_;
  Micros lasts_ = 0, interval_ = 0, gap_ = 0, died_at_ = 0;
  bool gone_ = false;
};

}  // namespace

Report run(const Options& options, Counters& counters) {
#ifdef HELIOGRAPH_PLANTS
  selected_plant = options.plant.core;
#endif
  return Story(options, counters).play();
}

}  // namespace heliograph::simulator
