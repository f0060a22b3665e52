// The engine measures itself: once a minute its own figures become readings of the site "heliograph", one device a
// figure, metric `count`. So they are kept, rolled up and charted like everything else (LOG-15).
// A disk that fills up, and a certificate that ends soon, become alerts of that site.
#pragma once

#include <memory>

#include "actors/certificate_watch.hpp"
#include "actors/device_port.hpp"
#include "actors/disk_watch.hpp"
#include "actors/engine.hpp"
#include "api/metrics.hpp"

namespace heliograph::api {

class SelfReadings : public ReadingSource {
 public:
  /// When the server's certificate ends; nothing without TLS. Any thread, also when the server is gone.
  using CertificateEnds = std::function<std::optional<Micros>()>;
  SelfReadings(Engine& engine, std::shared_ptr<const Metrics> metrics, CertificateEnds certificate_ends = {});
  std::string_view kind() const override { return "engine"; }
  Micros interval() const override { return minute_us; }
  Result<ReadingBatch> poll(Micros now) override;

 private:
  Engine& engine_;
  void look_at_the_disk();
  void look_at_the_certificate(Micros now);

  std::shared_ptr<const Metrics> metrics_;
  CertificateEnds certificate_ends_;
  // A reply may come when this is gone.
  std::shared_ptr<DiskWatch> disk_;
  std::shared_ptr<CertificateWatch> certificate_;
};

}  // namespace heliograph::api
