// Where a turn's facts go. Live it is the log's turn, in a dry run a list: the core never sees more of the log, so
// the same decisions run in both.
#pragma once

#include <string>

#include "storage/event_log.hpp"

namespace heliograph {

class Journal {
 public:
  virtual ~Journal() = default;
  /// Position that the next draft will have.
  virtual Position next() const = 0;
  /// The correlation of a chain that began with the record at `root`: when it is of this turn, the trace of whoever brought that from
  /// outside; else made from where it stands.
  virtual std::string chain_from(Position root) const { return "p" + std::to_string(root); }
  /// Of a chain that begins with the next draft.
  std::string new_chain() const { return chain_from(next()); }
  /// The record as it stands in the log, position final. Errors: as EventLog::Turn::add.
  virtual Result<RecordPtr> append(Draft draft) = 0;
};

}  // namespace heliograph
