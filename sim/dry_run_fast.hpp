// The fast way through a dry run whose rules have threshold triggers without `for`: blocks that cannot change a
// trigger's memory are skipped by their smallest and largest value, and the core sees only the readings that can.
// Safety's inputs are looked up when a trigger fires. Same decisions as the ordinary way (tests/sim/dry_run_fast_test).
#pragma once

#include <deque>
#include <queue>

#include "sim/dry_run_scene.hpp"
#include "sim/dry_run_steps.hpp"

namespace heliograph {

/// True when nothing that rules or safety look at can differ from the record, and nothing runs by timer.
bool can_run_fast(const DryRunScene& scene);

class DryRunFast {
 public:
  explicit DryRunFast(DryRunScene& scene) : scene_(scene) {}
  Result<StepsOutcome> run();

 private:
  struct Series {
    std::uint32_t device = 0;
    std::vector<std::unique_ptr<SeriesBlock>> blocks;
  };
  /// A place in a series: a row of a block.
  struct At {
    std::size_t block = 0, row = 0;
  };
  /// One threshold trigger on one device, and the next row that can change its memory.
  struct Watcher {
    std::uint32_t rule = 0, trigger = 0, series = 0;
    Metric metric{};
    bool above = false;
    std::int64_t threshold = 0, rearm = 0;
    std::optional<std::size_t> memory;  // index into RuleEngine::watch_memory()
    At next;
    std::int64_t value = missing;
  };
  struct Candidate {
    Micros at;
    Position position;
    Metric metric;
    std::size_t watcher;
    bool operator>(const Candidate& o) const {
      if (at != o.at) return at > o.at;
      if (position != o.position) return position > o.position;
      if (metric != o.metric) return metric > o.metric;
      return watcher > o.watcher;
    }
  };
  /// A metric whose newest value safety or a condition may ask for.
  struct Lookup {
    std::uint32_t series = 0;
    Metric metric{};
    bool only_own = false;  // of a node: asked only for its own commands
    At passed{};            // no row before it is newer than what is known
  };
  struct Switch {
    Micros at;
    std::size_t played;
    bool on;
  };

  Status open();
  void make_watchers();
  void make_lookups();
  Status start();
  /// Finds the watcher's next row and queues it.
  Status seek(std::size_t watcher);
  Result<bool> seek_in(Watcher& watcher, SeriesBlock& block, bool edge);
  Status fire(Micros t);
  Status look_up(Micros t);
  Status fold_newest(Lookup& lookup, Micros t);
  Status answer_until(Micros t);
  void settle(Micros t);
  Status count_rows();
  Status book();

  DryRunScene& scene_;
  StepsOutcome outcome_;
  std::vector<Series> series_;
  std::vector<Watcher> watchers_;
  std::vector<Lookup> lookups_;
  std::vector<std::uint32_t> firing_;  // devices with readings of this moment that matter
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue_;
  std::deque<Switch> answers_;    // confirmations on their way
  std::vector<Switch> switches_;  // for the books
  std::size_t seen_records_ = 0;
};

}  // namespace heliograph
