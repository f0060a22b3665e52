// Small files and directories by plain system calls: descriptors that close themselves, whole-file reads and synced
// writes. Symbolic links are never followed: a link in a data directory is damage.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/result.hpp"

namespace heliograph {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd();
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

enum class FileKind : std::uint8_t { none, regular, directory, link, other };
FileKind kind_of(const std::string& path);

/// Names in the directory, without "." and "..", sorted.
Result<std::vector<std::string>> names_in(const std::string& directory);
/// Errors: not_found, corrupt (a link, or larger than `limit`), io.
Result<std::string> read_file(const std::string& path, std::size_t limit);
/// Creates or truncates (mode 0600), writes and fsyncs.
Status write_file(const std::string& path, std::string_view bytes);
Status sync_directory(const std::string& path);
/// "Could not <doing> <path>: <strerror>." as `io`, or `full` for ENOSPC and EDQUOT.
Error system_error(const std::string& doing, const std::string& path);

}  // namespace heliograph
