#include "tests/simulator/crew.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

namespace heliograph::simulator {
namespace {

constexpr std::uint64_t portion = 50;

/// Runs `work` on every core and waits for all.
void on_all_cores(const std::function<void()>& work) {
  const unsigned cores = std::clamp(std::thread::hardware_concurrency(), 1u, 64u);
  std::vector<std::thread> crew;
  for (unsigned i = 1; i < cores; ++i) crew.emplace_back(work);
  work();
  for (std::thread& each : crew) each.join();
}

}  // namespace

Played play(std::uint64_t first, std::uint64_t count, const PlantedBug& plant) {
  Played all;
  all.seeds = count;
  std::atomic<std::uint64_t> next{0};
  std::mutex joining;
  on_all_cores([&] {
    Played mine;
    for (std::uint64_t from = next.fetch_add(portion); from < count; from = next.fetch_add(portion))
      for (std::uint64_t i = from; i < std::min(count, from + portion); ++i) {
        Report report = run({first + i, plant}, mine.counters);
        mine.steps += report.steps, mine.facts += report.facts;
        if (!report.violations.empty()) mine.failed.emplace_back(first + i, std::move(report.violations.front()));
      }
    const std::lock_guard lock(joining);
    all.steps += mine.steps, all.facts += mine.facts;
    all.failed.insert(all.failed.end(), mine.failed.begin(), mine.failed.end());
    all.counters.merge(mine.counters);
  });
  std::sort(all.failed.begin(), all.failed.end());
  return all;
}

std::vector<Found> hunt(const std::vector<PlantedBug>& plants, std::uint64_t first, std::uint64_t most, std::uint64_t enough) {
  std::vector<Found> all(plants.size());
  std::atomic<std::size_t> next{0};
  on_all_cores([&] {
    Counters counters;
    for (std::size_t i = next.fetch_add(1); i < plants.size(); i = next.fetch_add(1)) {
      Found& found = all[i];
      found.plant = plants[i].name;
      for (; found.played < most && found.failing < enough; ++found.played) {
        const Report report = run({first + found.played, plants[i]}, counters);
        if (report.violations.empty()) continue;
        if (++found.failing > 1) continue;
        found.first = first + found.played, found.violation = report.violations.front();
      }
    }
  });
  return all;
}

}  // namespace heliograph::simulator
