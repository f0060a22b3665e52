#include "actors/secret_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace heliograph {
namespace {

enum class Read : std::uint8_t { whole, larger, failed };

Read read_all(int file, std::size_t bytes_max, std::string& out) {
  char piece[4'096];
  for (ssize_t n; (n = ::read(file, piece, sizeof piece)) != 0;) {
    if (n < 0) return Read::failed;
    out.append(piece, static_cast<std::size_t>(n));
    if (out.size() > bytes_max) return Read::larger;
  }
  return Read::whole;
}

}  // namespace

Result<OwnFile> read_own_file(const std::string& path, std::size_t bytes_max) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe would wait for its writer
  if (file < 0) return fail(Errc::not_found, "The file \"" + path + "\" cannot be read: check its name and rights.");
  struct stat about {};
  const bool plain = ::fstat(file, &about) == 0 && S_ISREG(about.st_mode);
  OwnFile out{{}, about.st_uid == ::geteuid() && (about.st_mode & 077) == 0};
  const Read read = plain ? read_all(file, bytes_max, out.text) : Read::failed;
  ::close(file);
  if (!plain) return fail(Errc::invalid, "\"" + path + "\" is no plain file: name one.");
  if (read == Read::failed) return fail(Errc::io, "The file \"" + path + "\" cannot be read: check the disk.");
  if (read == Read::larger) return fail(Errc::invalid, "The file \"" + path + "\" has more than " + std::to_string(bytes_max) + " bytes: is it the right one?");
  return out;
}

Result<std::string> read_secret_file(const std::string& path) {
  auto file = read_own_file(path, secret_bytes_max);
  if (!file) return fail(file.error());
  if (!file->is_private)
    return fail(Errc::refused, "The file \"" + path + "\" can be read by others, or belongs to another user: chown it to the user that runs Heliograph, and chmod 600.");
  std::string text = std::move(file->text);
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace heliograph
