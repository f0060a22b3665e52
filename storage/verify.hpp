// Proves or refutes that a log is what was written: both chains recomputed over the stored bytes, positions, versions and
// stamps in order, every payload decoded, the index, the files' checksums and the watermark. Reads only, repairs nothing.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "storage/store.hpp"

namespace heliograph {

struct Finding {
  Position position = 0;  // where; 0 = not at one place
  std::string sentence;   // what is wrong and what it means
};

struct VerifyReport {
  static constexpr std::size_t findings_kept = 100;
  std::vector<Finding> findings;     // the first findings_kept
  std::uint64_t findings_total = 0;
  std::vector<std::string> notes;    // seen, and no damage
  std::uint64_t decisions = 0, batches = 0, readings = 0;
  std::uint64_t dropped = 0;         // readings that are no longer kept
  Position last = 0;                 // last position that was read
  Digest decisions_seal{}, readings_seal{};  // recomputed, at the end of each chain
  bool complete = false;             // false when progress said stop
  bool ok() const { return complete && findings_total == 0; }
  void add(Position position, std::string sentence);
};

/// One JSON object; and lines for a terminal that end in "OK" or "NOT OK".
std::string to_json(const VerifyReport& report);
std::string to_text(const VerifyReport& report);

/// Told about every thousand records and at the end; positions. False stops the verification.
using VerifyProgress = std::function<bool(Position done, Position total)>;

/// The log alone; `end` is the position it must reach (its own end, or the watermark's when that is higher).
VerifyReport verify_log(EventLog& log, Position end, const VerifyProgress& progress);
/// Every signed checkpoint in the log against the chain and the key (32 bytes) that should have made it.
void verify_checkpoints(const EventLog& log, std::string_view public_key, VerifyReport& report);
/// The log, its files and its watermark.
VerifyReport verify_store(Store& store, const VerifyProgress& progress);
/// A directory that nobody has open, whatever state it is in: what cannot be opened is a finding.
VerifyReport verify_directory(const std::string& directory, const VerifyProgress& progress);

}  // namespace heliograph
