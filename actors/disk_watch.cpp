#include "actors/disk_watch.hpp"

namespace heliograph {

std::optional<Event> DiskWatch::look(std::uint64_t free_bytes) const {
  if (!open_ && free_bytes < disk_low_bytes)
    return AlertRaised{disk_alert, Severity::critical, "Only " + std::to_string(free_bytes >> 20) + " MB of the disk are free: at " + std::to_string(disk_low_bytes >> 21) +
                           " MB the log takes nothing but stops. Delete what is not needed, or give it more room."};
  if (open_ && free_bytes > disk_low_bytes + disk_low_bytes / 4) return AlertCleared{disk_alert};
  return std::nullopt;
}

}  // namespace heliograph
