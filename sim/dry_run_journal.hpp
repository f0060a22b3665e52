// Where the facts of a dry run go: a list in memory. It has a log's positions after the real log's end and the time of
// the run; nothing of it is ever written, and nothing in it can be sent.
#pragma once

#include <vector>

#include "actors/core/journal.hpp"

namespace heliograph {

class DryRunJournal : public Journal {
 public:
  /// Positions above `log_end` are the dry run's own.
  DryRunJournal(SiteKey site, Position log_end) : site_(std::move(site)), next_(log_end + 1) {}

  void set_time(Micros at) { now_ = at; }
  Position next() const override { return next_; }
  Result<RecordPtr> append(Draft draft) override;
  /// The newest recorded reading that the run has seen.
  void saw(Position recorded) { newest_ = recorded; }
  /// A position for a reading that was simulated, after everything recorded that was seen so far.
  Position take_position();
  /// The recorded reading behind a simulated one; 0 = it was there from the start. Requires: position > log_end.
  Position behind(Position simulated) const;
  const std::vector<RecordPtr>& records() const { return records_; }

  static constexpr std::size_t records_max = 500'000;

 private:
  SiteKey site_;
  Position next_;
  Micros now_ = 0;
  std::vector<RecordPtr> records_;
  Position newest_ = 0;
  struct Behind {
    Position from, recorded;  // simulated positions from here on
  };
  std::vector<Behind> behind_;
};

}  // namespace heliograph
