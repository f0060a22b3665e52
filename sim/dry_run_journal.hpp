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
  /// A position for a reading that was simulated.
  Position take_position() { return next_++; }
  const std::vector<RecordPtr>& records() const { return records_; }

  static constexpr std::size_t records_max = 2'000'000;

 private:
  SiteKey site_;
  Position next_;
  Micros now_ = 0;
  std::vector<RecordPtr> records_;
};

}  // namespace heliograph
