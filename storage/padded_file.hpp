// A write-ahead file that is kept longer than what is written: zeros are put ahead in large steps, so that a commit writes
// into space that the file already has. A sync then moves data only; where the file grows, every sync also commits its new
// length to the file system's journal, which costs another third of it (docs/PERFORMANCE.md).
#pragma once

#include <memory>

namespace rocksdb {
class FSWritableFile;
}

namespace heliograph {

/// Takes over `file`, which is new and empty. A file that is closed in order is cut to what was written; after a kill the
/// zeros stay, and RocksDB reads past them.
std::unique_ptr<rocksdb::FSWritableFile> padded(std::unique_ptr<rocksdb::FSWritableFile> file);

}  // namespace heliograph
