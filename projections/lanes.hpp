// Work on things that do not depend on each other, shared by a few threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <future>
#include <vector>

namespace heliograph {

/// Runs `work(i, lane)` for every i below `count`, those of a lane one after the other.
template <class Lane, class Work>
void share(std::size_t count, std::vector<Lane>& lanes, const Work& work) {
  const auto run = [&](std::size_t lane) {
    for (std::size_t i = lane; i < count; i += lanes.size()) work(i, lanes[lane]);
  };
  std::vector<std::future<void>> others;
  for (std::size_t lane = 1; lane < lanes.size(); ++lane) others.push_back(std::async(std::launch::async, run, lane));
  run(0);
  for (auto& other : others) other.get();
}

inline std::size_t lanes_for(std::size_t work, std::size_t worth_sharing, unsigned threads) {
  return work < worth_sharing ? 1 : std::max(threads, 1u);
}

}  // namespace heliograph
