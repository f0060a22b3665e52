// The server's certificate as an alert of the installation: told while there is still time to get a new one.
#pragma once

#include <atomic>
#include <optional>

#include "events/event.hpp"

namespace heliograph {

/// So long before its end people hear of it.
inline constexpr Micros certificate_notice = 14 * day_us;

class CertificateWatch {
 public:
  /// `open`: the alert was raised before, and not cleared.
  explicit CertificateWatch(bool open) : open_(open) {}
  /// What is to be recorded of a certificate that ends then (none = there is no TLS any more); nothing while nothing changes.
  std::optional<Event> look(std::optional<Micros> ends, Micros now) const;
  /// It is on record. Any thread.
  void recorded(const Event& event) { open_ = std::holds_alternative<AlertRaised>(event); }

 private:
  std::atomic<bool> open_;
};

/// What people read of it: "The certificate ends in 13 days, at 2026-03-14T00:00:00.000Z: ...".
std::string certificate_sentence(Micros ends, Micros now);

inline constexpr const char* certificate_alert = "certificate";

}  // namespace heliograph
