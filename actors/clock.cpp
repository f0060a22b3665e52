#include "actors/clock.hpp"

#include <chrono>

namespace heliograph {
namespace {

template <class C>
Micros read() {
  return std::chrono::duration_cast<std::chrono::microseconds>(C::now().time_since_epoch()).count();
}

}  // namespace

Micros SystemClock::now() const { return read<std::chrono::system_clock>(); }
Micros SystemClock::monotonic() const { return read<std::chrono::steady_clock>(); }

}  // namespace heliograph
