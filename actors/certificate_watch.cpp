#include "actors/certificate_watch.hpp"

namespace heliograph {

std::string certificate_sentence(Micros ends, Micros now) {
  const Micros days = (ends - now) / day_us;
  const std::string when = ends <= now ? "The certificate has ended, at " : days == 0 ? "The certificate ends within a day, at " : "The certificate ends in " + std::to_string(days) + (days == 1 ? " day, at " : " days, at ");
  return when + format_time(ends) + (ends - now < certificate_notice ? ": put a new one in its place and send SIGHUP, or nobody's browser will come here without a warning." : ".");
}

std::optional<Event> CertificateWatch::look(std::optional<Micros> ends, Micros now) const {
  const bool near = ends && *ends - now < certificate_notice;
  if (!open_ && near) return AlertRaised{certificate_alert, Severity::warning, certificate_sentence(*ends, now)};
  if (open_ && !near) return AlertCleared{certificate_alert};
  return std::nullopt;
}

}  // namespace heliograph
