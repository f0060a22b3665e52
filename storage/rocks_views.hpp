// Views in RocksDB: family `series` for the view of that name, `views` for all others, in the log's write-ahead file.
#pragma once

#include "storage/disk_room.hpp"
#include "storage/rocks_db.hpp"
#include "storage/view_store.hpp"

namespace rocksdb {
class Snapshot;
}

namespace heliograph {

class RocksViews : public ViewStore {
 public:
  /// `room` may be nullptr for a read-only store.
  RocksViews(RocksDb& rocks, DiskRoom* room, bool sync) : rocks_(rocks), room_(room), sync_(sync) {}
  Status save(std::string_view view, const ViewBatch& batch, Position checkpoint) override;
  Result<Position> checkpoint(std::string_view view) const override;
  Result<std::optional<std::string>> get(std::string_view view, std::string_view key) const override;
  Status scan(std::string_view view, std::string_view from, std::string_view to, const Visit& visit) const override;
  Status scan_back(std::string_view view, std::string_view from, std::string_view to,
                   const Visit& visit) const override;
  Status wipe(std::string_view view) override;
  std::unique_ptr<ViewStore> snapshot() const override;

 private:
  rocksdb::ColumnFamilyHandle* family(std::string_view view) const;
  Status writable(std::uint64_t bytes) const;
  RocksDb& rocks_;
  DiskRoom* room_;
  bool sync_;
  std::shared_ptr<const rocksdb::Snapshot> snapshot_;  // set in a snapshot: reads see that moment
};

}  // namespace heliograph
