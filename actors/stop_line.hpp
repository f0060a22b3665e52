// The stop's own way in: a socket in the data directory, with a thread and nothing else. Whoever may read the data may stop the
// house, with `heliograph stop`, when HTTP is jammed, the log hangs or the disk is full. It cannot lift: that needs a person and a reason.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "actors/engine.hpp"

namespace heliograph {

class StopLine {
 public:
  /// Listens at DIRECTORY/stop.sock (mode 0600). The engine outlives it. Requires: this process holds the directory's lock.
  static Result<std::unique_ptr<StopLine>> open(Engine& engine, const std::string& directory);
  ~StopLine();
  StopLine(const StopLine&) = delete;
  StopLine& operator=(const StopLine&) = delete;

 private:
  struct Parts;
  explicit StopLine(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// What the other end of the line said, each a line of JSON as StopOrder has it.
struct StopHeard {
  std::string in_memory;  // at once
  std::string record;     // the last word, on_record or not; empty when the process ended before it
};
/// Asks the process that serves `directory`. `told` is called with the first line as soon as it is there. Errors: not_found (nobody
/// serves there), refused (rights), closed (no answer within five seconds).
Result<StopHeard> ask_for_stop(const std::string& directory, const std::string& by, const std::string& reason,
                               const std::function<void(const std::string& in_memory)>& told);

}  // namespace heliograph
