#include "api/self_readings.hpp"

namespace heliograph::api {

SelfReadings::SelfReadings(Engine& engine, std::shared_ptr<const Metrics> metrics) : engine_(engine), metrics_(std::move(metrics)) {
  bool open = false;
  engine_.query_and_wait([&open](const Views& views) {
    for (const AlertEntry& alert : views.alerts.of(engine_site())) open = open || (alert.alert == disk_alert && alert.cleared_at == 0);
  });
  disk_ = std::make_shared<DiskWatch>(open);
}

void SelfReadings::look_at_the_disk() {
  const auto event = disk_->look(engine_.store().free_bytes());
  if (!event) return;
  engine_.request(engine_site(), RecordFact{"site-" + engine_site().site.text, *event, {}, {}}, [disk = disk_, event](const Result<SiteReply>& reply) {
    if (reply) disk->recorded(*event);
  });
}

Result<ReadingBatch> SelfReadings::poll(Micros now) {
  look_at_the_disk();
  ReadingBuilder rows;
  for (const auto& [figure, value] : metrics_->figures(engine_.store(), engine_.writer_stats())) {
    rows.row(figure, now);
    rows.set(Metric::count, static_cast<std::int64_t>(value));
  }
  return rows.take();
}

}  // namespace heliograph::api
