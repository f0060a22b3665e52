#include "actors/house_stats.hpp"

namespace heliograph {

void HouseStats::polled(const void* source, const SiteKey& site, std::string_view kind, Micros interval, Micros at, const std::string* error) {
  const std::lock_guard lock(mutex_);
  SourceState& state = sources_[source];
  if (state.since == 0) state.since = at, state.site = site, state.kind = kind;
  state.interval = interval;
  state.last_error = error == nullptr ? std::string() : *error;
  if (error != nullptr) {
    ++state.failed, ++state.failed_in_row;
  } else {
    ++state.succeeded, state.failed_in_row = 0;
    state.succeeded_at = at;
  }
}

std::vector<SourceState> HouseStats::sources() const {
  const std::lock_guard lock(mutex_);
  std::vector<SourceState> out;
  for (const auto& [source, state] : sources_) out.push_back(state);
  return out;
}

}  // namespace heliograph
