#include "storage/disk_room.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <limits>

#include "storage/file.hpp"

namespace heliograph {
namespace {

std::string megabytes(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MB"; }

}  // namespace

DiskRoom::DiskRoom(std::string directory, std::uint64_t reserve_bytes, std::uint64_t free_bytes_min,
                   FreeBytes free_bytes)
    : directory_(std::move(directory)),
      reserve_bytes_(reserve_bytes),
      free_bytes_min_(free_bytes_min),
      measure_free_(std::move(free_bytes)) {}

std::uint64_t DiskRoom::free_bytes() const {
  if (measure_free_) return measure_free_();
  struct statvfs info {};
  // A file system that cannot be asked will answer the write itself; guessing "full" would stop a working house.
  if (::statvfs(directory_.c_str(), &info) != 0) return std::numeric_limits<std::uint64_t>::max();
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

Status DiskRoom::prepare() {
  std::lock_guard lock(mutex_);
  struct stat info {};
  const std::string reserve = directory_ + "/reserve";
  held_ = ::stat(reserve.c_str(), &info) == 0 && static_cast<std::uint64_t>(info.st_size) == reserve_bytes_ &&
          static_cast<std::uint64_t>(info.st_blocks) * 512 >= reserve_bytes_;
  if (auto measured = measure(); !measured) return measured;
  if (free_ < floor())
    return fail(Errc::full, "The disk of " + directory_ + " has " + megabytes(free_) +
                                " left, too little to start: free at least " + megabytes(wanted()) + ".");
  return {};
}

Status DiskRoom::measure() {
  free_ = free_bytes();
  if (held_ && free_ < free_bytes_min_) {
    give_reserve_back();
    free_ = free_bytes();
  } else if (!held_ && free_ >= wanted()) {
    if (auto held = hold_reserve(); !held) return held;
    free_ = free_bytes();
  }
  return {};
}

Status DiskRoom::hold_reserve() {
  const std::string path = directory_ + "/reserve";
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.open()) return fail(system_error("create", path));
  const int error = reserve_bytes_ == 0 ? 0 : ::posix_fallocate(fd.get(), 0, static_cast<off_t>(reserve_bytes_));
  if (error == ENOSPC || error == EDQUOT) {  // somebody was faster: go on without, the next measurement tells
    give_reserve_back();
    return {};
  }
  errno = error;
  if (error != 0) return fail(system_error("reserve space in", path));
  held_ = true;
  return {};
}

void DiskRoom::give_reserve_back() {
  ::unlink((directory_ + "/reserve").c_str());
  held_ = false;
}

Status DiskRoom::may_begin(Reserve reserve) {
  std::lock_guard lock(mutex_);
  if (free_ < wanted()) {
    if (auto measured = measure(); !measured) return measured;
  }
  const std::uint64_t needed = reserve == Reserve::use ? floor() : wanted();
  if (free_ >= needed) return {};
  return fail(Errc::full, "The disk of " + directory_ + " is nearly full (" + megabytes(free_) +
                              " left): nothing new is recorded until " + megabytes(wanted()) +
                              " are free. STOP still works.");
}

Status DiskRoom::may_write(std::uint64_t bytes) {
  std::lock_guard lock(mutex_);
  if (auto measured = measure(); !measured) return measured;
  // Twice the bytes: the write-ahead file now and its table later.
  if (free_ >= floor() + 2 * bytes) return {};
  return fail(Errc::full, "The disk of " + directory_ + " is full (" + megabytes(free_) + " left): free at least " +
                              megabytes(wanted()) + ", then start Heliograph again.");
}

}  // namespace heliograph
