// The emergency stop of every site, in the order that matters: in memory, then the word that it is so, then on record.
// Never waits for the log, for an actor or for a lock that either holds: it works when all of them hang (H31).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "actors/engine.hpp"

namespace heliograph {

/// Who waits for a record hears after this at the latest, whatever the disk does: who has heard already that all is stopped, and
/// who gets one answer for both (p99 of 500 ms).
inline constexpr Micros stop_record_wait = 2 * second_us, stop_answer_wait = 400'000;

class StopOrder : public std::enable_shared_from_this<StopOrder> {
 public:
  /// Every site that is meant. When this returns no device hears anything more that energises, but for those of `still_sending`.
  StopOrder(Engine& engine, const Meant& meant);

  /// Asks for the record, as part of `trace` (SiteRequest); `answered` is called once, on an actor's thread, when every site has answered. Never when one hangs.
  void record(const Principal& principal, const std::string& reason, std::function<void()> answered, const std::string& trace = {});

  struct State {
    std::vector<SiteKey> stopped;         // in memory: holds until lifted, or until the process ends
    std::vector<SiteKey> still_sending;   // among them: a device is being told something at this moment, and its adapter does not return
    std::vector<SiteKey> on_record;       // survives a restart
    std::vector<SiteKey> in_memory_only;  // not on record, or not yet
    Position position = 0;
    std::vector<Error> errors;            // of those that said why
  };
  State state() const;

 private:
  Engine& engine_;
  mutable std::mutex mutex_;
  State state_;           // guarded by mutex_
  std::size_t open_ = 0;  // guarded by mutex_
};

/// {"stopped": true, "on_record": ..., "position": ..., "sites": [...], "in_memory_only": [...]}, for people's programs.
std::string to_json(const StopOrder::State& state);

}  // namespace heliograph
