// A data directory: the log and the views in one RocksDB, a watermark file, a lock, a reserve file.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/event_log.hpp"
#include "storage/view_store.hpp"

namespace heliograph {

struct StoreOptions {
  bool create = false;     // make the directory (mode 0700) when it is missing
  bool read_only = false;  // verify, export: never writes, takes no lock away from nobody
  bool condense = false;   // condense what is planned, on a thread that gives way to all others (storage/condenser.hpp)
  std::uint64_t reserve_bytes = 64ull << 20;   // reserve file, given back when the disk fills (H47)
  std::uint64_t free_bytes_min = 128ull << 20;  // below this the log answers `full`
};

/// A log position with the seals that prove it: what the watermark file says was durable.
struct Mark {
  Position position = 0;
  Position decision = 0, reading = 0;  // where the last record of each chain starts; 0 = none
  Digest decisions_seal{}, readings_seal{};
  bool operator==(const Mark&) const = default;
};

class Store {
 public:
  virtual ~Store() = default;
  virtual EventLog& log() = 0;
  virtual ViewStore& views() = 0;
  /// True when the previous process closed the store in order.
  virtual bool was_clean() const = 0;
  /// Bytes on disk, and free bytes of the file system (gauges).
  virtual std::uint64_t bytes() const = 0;
  virtual std::uint64_t free_bytes() const = 0;
  /// Sentences for the operator about what was found on opening and did not stop it ("the last write was torn ...").
  virtual const std::vector<std::string>& notes() const = 0;
  /// What the watermark said when the store was opened; nullopt in memory or when no slot of it could be read.
  virtual std::optional<Mark> mark() const = 0;
  /// Reads every stored byte and compares it with its checksum. Errors: corrupt, io.
  virtual Status check_files() const = 0;
};

/// Errors: not_found, busy (another process has it), refused (not a data directory), corrupt (bits, tail, deleted files:
/// says which and what to do), unsupported (written by a newer Heliograph), io, full.
Result<std::unique_ptr<Store>> open_store(const std::string& directory, const StoreOptions& options);
/// The same contract in memory: tests, dry runs and `demo` without --data.
std::unique_ptr<Store> open_memory_store();

}  // namespace heliograph
