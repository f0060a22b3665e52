// Where projections keep their views: ordered bytes, written together with the projection's checkpoint.
// Views are disposable: deleting them all and folding the log again gives the same bytes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "events/ids.hpp"
#include "events/result.hpp"

namespace heliograph {

/// Changes of one projection's view since its last save.
struct ViewBatch {
  std::map<std::string, std::optional<std::string>> changes;  // key -> value; nullopt erases
  void put(std::string key, std::string value) { changes[std::move(key)] = std::move(value); }
  void erase(std::string key) { changes[std::move(key)] = std::nullopt; }
  bool empty() const { return changes.empty(); }
};

class ViewStore {
 public:
  virtual ~ViewStore() = default;
  /// Writes the changes and the checkpoint of `view` in one atomic batch (not synced: the log is the record).
  virtual Status save(std::string_view view, const ViewBatch& batch, Position checkpoint) = 0;
  /// 0 when the view was never saved.
  virtual Result<Position> checkpoint(std::string_view view) const = 0;
  virtual Result<std::optional<std::string>> get(std::string_view view, std::string_view key) const = 0;
  /// Entries with `from` <= key < `to` (empty `to` = to the end of the view), ascending, until `visit` answers false.
  using Visit = std::function<bool(std::string_view key, std::string_view value)>;
  virtual Status scan(std::string_view view, std::string_view from, std::string_view to, const Visit& visit) const = 0;
  /// Same, descending from the last key below `to`.
  virtual Status scan_back(std::string_view view, std::string_view from, std::string_view to, const Visit& visit) const = 0;
  /// Deletes the view and its checkpoint, and gives the disk back what they took: a view is as large again when it is rebuilt.
  virtual Status wipe(std::string_view view) = 0;
  /// All views as they stand now, for readers on other threads (dry runs); read-only. The store outlives it.
  virtual std::unique_ptr<ViewStore> snapshot() const = 0;
};

/// First key after every key that starts with `prefix`; empty when there is none.
std::string prefix_end(std::string_view prefix);
/// Big-endian, so that byte order is number order. `put_be64(out, time ^ sign)` for signed times: see ordered_time.
void put_be64(std::string& out, std::uint64_t value);
std::uint64_t get_be64(std::string_view bytes);  // Requires: at least 8 bytes
inline std::uint64_t ordered_time(std::int64_t at) { return static_cast<std::uint64_t>(at) ^ (1ull << 63); }
inline std::int64_t from_ordered_time(std::uint64_t at) { return static_cast<std::int64_t>(at ^ (1ull << 63)); }

}  // namespace heliograph
