#include "api/self_readings.hpp"

#include "actors/process_log.hpp"

namespace heliograph::api {

SelfReadings::SelfReadings(Engine& engine, std::shared_ptr<const Metrics> metrics, CertificateEnds certificate_ends)
    : engine_(engine), metrics_(std::move(metrics)), certificate_ends_(std::move(certificate_ends)) {
  bool disk = false, certificate = false;
  engine_.query_and_wait([&](const Views& views) {
    for (const AlertEntry& alert : views.alerts.of(engine_site())) {
      disk = disk || (alert.alert == disk_alert && alert.cleared_at == 0);
      certificate = certificate || (alert.alert == certificate_alert && alert.cleared_at == 0);
    }
  });
  disk_ = std::make_shared<DiskWatch>(disk);
  certificate_ = std::make_shared<CertificateWatch>(certificate);
}

void SelfReadings::look_at_the_disk() {
  const auto event = disk_->look(engine_.store().free_bytes());
  if (!event) return;
  engine_.request(engine_site(), RecordFact{"site-" + engine_site().site.text, *event, {}, {}}, [disk = disk_, event](const Result<SiteReply>& reply) {
    if (reply) disk->recorded(*event);
  });
}

void SelfReadings::look_at_the_certificate(Micros now) {
  const auto event = certificate_->look(certificate_ends_ ? certificate_ends_() : std::nullopt, now);
  if (!event) return;
  if (const auto* raised = std::get_if<AlertRaised>(&*event)) process_log::write(process_log::Level::warn, "tls", "The certificate ends soon.", {{"detail", raised->text}});
  engine_.request(engine_site(), RecordFact{"site-" + engine_site().site.text, *event, {}, {}}, [certificate = certificate_, event](const Result<SiteReply>& reply) {
    if (reply) certificate->recorded(*event);
  });
}

Result<ReadingBatch> SelfReadings::poll(Micros now) {
  look_at_the_disk();
  look_at_the_certificate(now);
  ReadingBuilder rows;
  for (const auto& [figure, value] : metrics_->figures(engine_.store(), engine_.writer_stats())) {
    rows.row(figure, now);
    rows.set(Metric::count, static_cast<std::int64_t>(value));
  }
  return rows.take();
}

}  // namespace heliograph::api
