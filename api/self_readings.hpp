// The engine measures itself: once a minute its own figures become readings of the site "heliograph", one device a
// figure, metric `count`. So they are kept, rolled up and charted like everything else (LOG-15).
// A disk that fills up becomes an alert of that site.
#pragma once

#include <memory>

#include "actors/device_port.hpp"
#include "actors/disk_watch.hpp"
#include "actors/engine.hpp"
#include "api/metrics.hpp"

namespace heliograph::api {

class SelfReadings : public ReadingSource {
 public:
  SelfReadings(Engine& engine, std::shared_ptr<const Metrics> metrics);
  Micros interval() const override { return minute_us; }
  Result<ReadingBatch> poll(Micros now) override;

 private:
  Engine& engine_;
  void look_at_the_disk();

  std::shared_ptr<const Metrics> metrics_;
  std::shared_ptr<DiskWatch> disk_;  // a reply may come when this is gone
};

}  // namespace heliograph::api
