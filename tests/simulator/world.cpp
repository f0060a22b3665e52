#include "tests/simulator/world.hpp"

#include <algorithm>

namespace heliograph::simulator {

void World::after(Micros delay, std::function<void()> then) {
  queue_.push_back({now_ + std::max<Micros>(0, delay), ++order_, std::move(then)});
  std::push_heap(queue_.begin(), queue_.end(), later);
}

void World::play(Micros end, std::uint64_t steps) {
  while (!queue_.empty() && queue_.front().at <= end && steps_ < steps && steps_ < steps_most && violations_.size() < 5) {
    std::pop_heap(queue_.begin(), queue_.end(), later);
    const Due due = std::move(queue_.back());
    queue_.pop_back();
    now_ = due.at;
    if (++steps_ == steps_most) return violated("I18 the world does not come to rest");
    due.then();
  }
  if (steps_ < steps && violations_.size() < 5) now_ = std::max(now_, end);
}

void World::step_clock(Micros offset) {
  offset_ = offset;
  honest_since_ = now_ + 1;
  trace("the wall clock is off by " + std::to_string(offset / second_us) + " s");
}

void World::trace(const std::string& line) {
  if (!traced_) return;
  const Micros since = now_ - world_begins;
  std::string fraction = std::to_string(since % second_us);
  fraction.insert(0, 6 - fraction.size(), '0');
  trace_ += std::to_string(steps_) + " +" + std::to_string(since / second_us) + "." + fraction + " " + line + "\n";
}

void World::violated(const std::string& what) {
  trace("VIOLATED " + what);
  if (violations_.size() < 20) violations_.push_back("step " + std::to_string(steps_) + ": " + what);
}

}  // namespace heliograph::simulator
