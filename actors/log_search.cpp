#include "actors/log_search.hpp"

namespace heliograph {

Position first_after(const EventLog& log, Micros at) {
  Position low = 1, high = log.durable() + 1;
  while (low < high) {
    const Position middle = low + (high - low) / 2;
    RecordPtr record;  // there or, where readings were dropped, the next
    static_cast<void>(log.scan(middle, high - 1, Part::all, [&record](const RecordPtr& found) { return record = found, false; }).has_value());
    if (record && record->envelope.recorded_at < at) low = record->last() + 1;
    else high = middle;
  }
  return low;
}

}  // namespace heliograph
