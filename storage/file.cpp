#include "storage/file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

namespace heliograph {

Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}

Error system_error(const std::string& doing, const std::string& path) {
  const int code = errno;
  const std::string why = std::system_category().message(code);
  if (code == ENOSPC || code == EDQUOT)
    return {Errc::full, "Could not " + doing + " " + path + ": the disk is full. Free some space and start again.", {}};
  return {Errc::io, "Could not " + doing + " " + path + ": " + why + ". Check the disk and its permissions.", {}};
}

FileKind kind_of(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return FileKind::none;
  if (S_ISREG(info.st_mode)) return FileKind::regular;
  if (S_ISDIR(info.st_mode)) return FileKind::directory;
  return S_ISLNK(info.st_mode) ? FileKind::link : FileKind::other;
}

Result<std::vector<std::string>> names_in(const std::string& directory) {
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(directory.c_str()), ::closedir);
  if (!dir) return fail(system_error("read the directory", directory));
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir.get())) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.open()) {
    if (errno == ENOENT) return fail(Errc::not_found, path + " is missing.");
    if (errno == ELOOP) return fail(Errc::corrupt, path + " is a symbolic link; it must be a file of its own.");
    return fail(system_error("open", path));
  }
  std::string bytes(limit + 1, '\0');
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t n = ::read(fd.get(), bytes.data() + size, bytes.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(system_error("read", path));
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  if (size > limit) return fail(Errc::corrupt, path + " is larger than it can be.");
  bytes.resize(size);
  return bytes;
}

Status write_file(const std::string& path, std::string_view bytes) {
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.open()) return fail(system_error("create", path));
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(system_error("write", path));
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::fsync(fd.get()) != 0) return fail(system_error("sync", path));
  return {};
}

Status sync_directory(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.open() || ::fsync(fd.get()) != 0) return fail(system_error("sync the directory", path));
  return {};
}

}  // namespace heliograph
