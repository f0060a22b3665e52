#include "actors/core/strangers.hpp"

#include <algorithm>

namespace heliograph {

Micros Strangers::locked_for(const Digest& name, Micros at) const {
  const auto found = tries_.find(name);
  if (found == tries_.end()) return 0;
  const std::vector<Micros>& tries = found->second;
  const auto counted = std::count_if(tries.begin(), tries.end(), [at](Micros when) { return when > at - failures_window; });
  return lock_after(static_cast<std::size_t>(counted), failures_of_user_max, tries.back(), at);
}

void Strangers::failed(const Digest& name, Micros at) {
  std::vector<Micros>& tries = tries_[name];
  std::erase_if(tries, [at](Micros when) { return when <= at - failures_window; });
  tries.push_back(at);
  if (tries_.size() <= kept_max) return;
  std::erase_if(tries_, [at](const auto& each) { return each.second.back() <= at - failures_window; });
  if (tries_.size() <= kept_max) return;
  const auto last_tried = [](const auto& a, const auto& b) { return a.second.back() < b.second.back(); };
  tries_.erase(std::min_element(tries_.begin(), tries_.end(), last_tried));
}

}  // namespace heliograph
