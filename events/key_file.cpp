#include "events/key_file.hpp"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

namespace heliograph {
namespace {

Status write_new_file(const std::string& path, const std::string& what, std::string_view bytes) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return fail(Errc::io, "The " + what + " " + path + " cannot be written: check the rights of the data directory.");
  const bool good = ::write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) && ::fsync(file) == 0;
  ::close(file);
  if (!good) return fail(Errc::io, "The " + what + " " + path + " cannot be written: check the free space of the disk.");
  return {};
}

}  // namespace

Result<Digest> open_key_file(const std::string& path, const std::string& what) {
  Digest key{};
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file >= 0) {
    struct stat about {};
    const bool whole = ::fstat(file, &about) == 0 && about.st_size == static_cast<off_t>(key.size()) &&
                       ::read(file, key.data(), key.size()) == static_cast<ssize_t>(key.size());
    ::close(file);
    if (!whole)
      return fail(Errc::corrupt, "The " + what + " " + path + " is not 32 bytes long: restore it from a backup, or move it away to start a new one.");
    return key;
  }
  if (RAND_priv_bytes(key.data(), static_cast<int>(key.size())) != 1)
    return fail(Errc::io, "The system gave no random bytes for a " + what + ": try again.");
  if (auto done = write_new_file(path, what, bytes_of(key)); !done) return fail(done.error());
  return key;
}

}  // namespace heliograph
