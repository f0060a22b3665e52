#include "actors/log_search.hpp"

namespace heliograph {

Position first_after(const EventLog& log, Micros at) {
  Position low = 1, high = log.durable() + 1;
  while (low < high) {
    const Position middle = low + (high - low) / 2;
    const auto record = log.at(middle);
    if (record && (*record)->envelope.recorded_at < at) low = (*record)->last() + 1;
    else high = middle;
  }
  return low;
}

}  // namespace heliograph
