// How each version has done (OBS-10), folded from the log: what was recorded between the start of one version and that of the next.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "actors/requests.hpp"

namespace heliograph::api {

struct VersionFigures {
  std::string version;
  Micros first_at = 0, last_at = 0;  // of its first start, and of the last thing on record
  std::uint64_t starts = 0, unclean_starts = 0;
  std::uint64_t verified = 0, failed = 0, unknown = 0, refused = 0, cancelled = 0;  // commands that ended
  std::uint64_t dispatched = 0, dispatch_micros = 0;  // from the request to the first try, what it waited for included
  std::uint64_t confirm_micros = 0;                   // of the verified: from the first try to the confirming reading
  std::uint64_t answered = 0, answer_micros = 0;      // approvals: from the question to the yes or no
  std::uint64_t firings = 0, alerts = 0, safety_blocks = 0;
  Micros ran = 0;        // time between decisions while an engine ran: what came before an unclean end is missing after the last of them
  Micros automated = 0;  // of it, while no site was stopped
};

class VersionBook {
 public:
  /// Any thread, like all here. Requires: records in order.
  void apply(const Record& record);
  /// By first start.
  std::vector<VersionFigures> all() const;

  static constexpr std::size_t under_way_max = 10'000;

 private:
  struct Times { Micros requested = 0, asked = 0, dispatched = 0; };
  VersionFigures& current();
  void command(const Record& record, VersionFigures& figures);

  mutable std::mutex mutex_;
  std::vector<VersionFigures> versions_;        // guarded by mutex_, like all here
  std::string running_;                         // empty = an engine was stopped in order, or none has started
  std::map<SiteKey, bool> stopped_;
  Micros at_ = 0;                               // of the last record while an engine ran; 0 = none
  std::map<std::string, Times> under_way_;
};

}  // namespace heliograph::api
