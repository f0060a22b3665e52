// People as they are now, for every thread that has to know who asks. Changed by the people actor alone, turn by turn. A turn shows
// here a moment before it is durable; whoever acted is answered only when it is.
#pragma once

#include <shared_mutex>
#include <utility>

#include "actors/core/people.hpp"

namespace heliograph {

class PeopleBook {
 public:
  explicit PeopleBook(People people) : people_(std::move(people)) {}
  /// `look` must be quick and keep nothing that it was shown.
  template <class Look>
  auto read(const Look& look) const {
    const std::shared_lock lock(mutex_);
    return look(std::as_const(people_));
  }

 private:
  friend class PeopleShell;
  mutable std::shared_mutex mutex_;
  People people_;  // guarded by mutex_
};

}  // namespace heliograph
