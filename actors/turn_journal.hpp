// The log's turn as a core sees it.
#pragma once

#include <vector>

#include "actors/core/journal.hpp"

namespace heliograph {

/// Remembers what was appended.
class TurnJournal : public Journal {
 public:
  /// `trace`: of the request that the turn is made for; empty = none was sent with it.
  TurnJournal(EventLog::Turn& turn, std::string trace) : turn_(turn), first_(turn.next()), trace_(std::move(trace)) {}
  Position next() const override { return turn_.next(); }
  /// What stood there before this turn was not brought by its request.
  std::string chain_from(Position root) const override { return trace_.empty() || root < first_ ? Journal::chain_from(root) : trace_; }
  Result<RecordPtr> append(Draft draft) override {
    auto record = turn_.add(std::move(draft));
    if (record) records_.push_back(*record);
    return record;
  }
  bool empty() const { return records_.empty(); }
  Position first() const { return first_; }
  const std::vector<RecordPtr>& records() const { return records_; }

 private:
  EventLog::Turn& turn_;
  Position first_;
  std::string trace_;
  std::vector<RecordPtr> records_;
};

}  // namespace heliograph
