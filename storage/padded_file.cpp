#include "storage/padded_file.hpp"

#include <rocksdb/file_system.h>

#include <string>

namespace heliograph {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

constexpr std::uint64_t step = 256u << 10;  // about 150 commits of one reading each; synced with the commit that needs it

class PaddedFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  using Base = rocksdb::FSWritableFileOwnerWrapper;
  explicit PaddedFile(std::unique_ptr<rocksdb::FSWritableFile> file) : Base(std::move(file)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* dbg) override {
    if (IOStatus s = make_room(size_ + data.size(), options, dbg); !s.ok()) return s;
    IOStatus s = Base::Append(data, options, dbg);
    if (s.ok()) size_ += data.size();
    return s;
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&, IODebugContext* dbg) override {
    return Append(data, options, dbg);
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions& options, IODebugContext* dbg) override {
    IOStatus s = Base::Truncate(size, options, dbg);
    if (s.ok()) size_ = padded_ = size;
    return s;
  }
  IOStatus Close(const IOOptions& options, IODebugContext* dbg) override {
    if (padded_ > size_) {
      // What is cut off are zeros: a cut that fails loses nothing.
      Base::Truncate(size_, options, dbg).PermitUncheckedError();
      padded_ = size_;
    }
    return Base::Close(options, dbg);
  }
  std::uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return size_; }
  // The zeros are the preallocation; another below would be cut to a length that the file below does not know.
  void PrepareWrite(std::size_t, std::size_t, const IOOptions&, IODebugContext*) override {}
  IOStatus Allocate(std::uint64_t, std::uint64_t, const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

 private:
  IOStatus make_room(std::uint64_t end, const IOOptions& options, IODebugContext* dbg) {
    static const std::string zeros(step, '\0');
    while (padded_ < end) {
      if (IOStatus s = Base::PositionedAppend(zeros, padded_, options, dbg); !s.ok()) return s;
      padded_ += step;
    }
    return IOStatus::OK();
  }

  std::uint64_t size_ = 0;    // written
  std::uint64_t padded_ = 0;  // length of the file
};

}  // namespace

std::unique_ptr<rocksdb::FSWritableFile> padded(std::unique_ptr<rocksdb::FSWritableFile> file) {
  return std::make_unique<PaddedFile>(std::move(file));
}

}  // namespace heliograph
