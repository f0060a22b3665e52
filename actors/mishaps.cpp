#include "actors/mishaps.hpp"

#include <algorithm>

namespace heliograph {

void Mishaps::add(Micros at, process_log::Level level, std::string component, std::string message, std::string fields) {
  const std::lock_guard lock(mutex_);
  ++totals_[{level, component}];
  Key key{level, component, message};
  auto [each, is_new] = known_.try_emplace(key);
  Mishap& mishap = each->second;
  if (is_new) {
    mishap.level = level, mishap.component = std::move(component), mishap.message = std::move(message), mishap.first_at = at;
  } else {
    const auto [from, to] = by_last_.equal_range(mishap.last_at);
    by_last_.erase(std::find_if(from, to, [&](const auto& entry) { return entry.second == key; }));
    if (at - mishap.last_at > kept_for) mishap.count = 0, mishap.first_at = at;
  }
  mishap.latest = std::move(fields);
  mishap.last_at = std::max(mishap.last_at, at);  // a clock that was set back makes nothing older
  ++mishap.count;
  by_last_.emplace(mishap.last_at, std::move(key));
  forget(at);
}

void Mishaps::forget(Micros now) {
  while (!by_last_.empty() && (known_.size() > kept || by_last_.begin()->first < now - kept_for)) {
    known_.erase(by_last_.begin()->second);
    by_last_.erase(by_last_.begin());
  }
}

std::vector<Mishap> Mishaps::since_yesterday(Micros now) const {
  const std::lock_guard lock(mutex_);
  std::vector<Mishap> out;
  for (auto each = by_last_.rbegin(); each != by_last_.rend() && each->first >= now - kept_for; ++each) out.push_back(known_.at(each->second));
  return out;
}

std::map<std::pair<process_log::Level, std::string>, std::uint64_t> Mishaps::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

Mishaps& recent_mishaps() {
  static Mishaps mishaps;
  return mishaps;
}

}  // namespace heliograph
