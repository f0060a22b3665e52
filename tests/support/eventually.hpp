// Waiting for what another thread, process or page does, when nothing tells that it is done.
#pragma once

#include <poll.h>

namespace heliograph::testing {

/// Asks again and again, for a minute at least, until it holds; whether it did in the end.
template <class Holds>
bool eventually(Holds&& holds) {
  for (int i = 0; i < 3'000; ++i) {
    if (holds()) return true;
    ::poll(nullptr, 0, 20);
  }
  return holds();
}

}  // namespace heliograph::testing
