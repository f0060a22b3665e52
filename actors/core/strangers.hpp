// Names that nobody has, as they were tried: each is slowed as one that somebody has, so that trying does not tell which is which.
// Kept as keyed digests and in memory only, for what was typed as a name may have been a password. Pure.
#pragma once

#include <map>
#include <vector>

#include "actors/core/people.hpp"
#include "events/digest.hpp"

namespace heliograph {

class Strangers {
 public:
  /// How long a login by this name is refused; 0 = not. The same rule as for the failures of a user.
  Micros locked_for(const Digest& name, Micros at) const;
  void failed(const Digest& name, Micros at);
  std::size_t size() const { return tries_.size(); }

  static constexpr std::size_t kept_max = 10'000;  // then the one that was tried longest ago is forgotten

 private:
  std::map<Digest, std::vector<Micros>> tries_;  // of the last failures_window, oldest first
};

}  // namespace heliograph
