// Opening with the seams that fault tests need, and opening what is damaged. The product opens stores with open_store.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "storage/store.hpp"

namespace rocksdb {
class Env;
}

namespace heliograph {

/// Everything as the product has it unless a test says otherwise.
struct StoreSeams {
  rocksdb::Env* env = nullptr;             // a file system that loses, refuses or delays
  std::size_t write_buffer = 0;            // bytes; small: tables are written all the time. 0 = as the product has it
  bool sync = true;                        // false: commits are not synced, so power loss must lose some
  bool compare_watermark = true;           // false: a deleted write-ahead file must go unnoticed
  std::function<int(int fd)> sync_file;    // instead of fdatasync, for the watermark
  std::function<std::uint64_t()> free_bytes;  // instead of the file system's answer
};
Result<std::unique_ptr<Store>> open_store_with(const std::string& directory, const StoreOptions& options,
                                               const StoreSeams& seams);

/// What can still be read of a directory, read-only, and all that is wrong with it. `store` is null when nothing can.
struct Salvage {
  std::unique_ptr<Store> store;
  std::vector<Error> damage;
};
Salvage open_damaged(const std::string& directory);

}  // namespace heliograph
