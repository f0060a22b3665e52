// The disk as an alert of the installation: told while the log still takes it (H47).
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "events/event.hpp"

namespace heliograph {

/// With less than this free people hear of it; at half of it the log takes nothing but stops (StoreOptions::free_bytes_min).
inline constexpr std::uint64_t disk_low_bytes = 256ull << 20;

class DiskWatch {
 public:
  /// `open`: the alert was raised before, and not cleared.
  explicit DiskWatch(bool open) : open_(open) {}
  /// What is to be recorded: alert.raised below the limit, alert.cleared a quarter above it; nothing while nothing changes.
  std::optional<Event> look(std::uint64_t free_bytes) const;
  /// It is on record. Any thread.
  void recorded(const Event& event) { open_ = std::holds_alternative<AlertRaised>(event); }

 private:
  std::atomic<bool> open_;
};

inline constexpr const char* disk_alert = "disk";

}  // namespace heliograph
