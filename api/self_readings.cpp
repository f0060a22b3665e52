#include "api/self_readings.hpp"

namespace heliograph::api {

Result<ReadingBatch> SelfReadings::poll(Micros now) {
  ReadingBuilder rows;
  for (const auto& [figure, value] : metrics_->figures(engine_.store(), engine_.writer_stats())) {
    rows.row(figure, now);
    rows.set(Metric::count, static_cast<std::int64_t>(value));
  }
  return rows.take();
}

}  // namespace heliograph::api
