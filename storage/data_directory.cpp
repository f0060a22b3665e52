#include "storage/data_directory.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>

#include "events/digest.hpp"

namespace heliograph {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view title = "heliograph data directory\nformat ";

std::string marker(int number) {
  std::string text = std::string(title) + std::to_string(number) + "\n";
  const Digest sum = sha256({text});
  return text + "sha256 " + hex(bytes_of(sum)) + "\n";
}

/// The format number, when the text is a marker that no bit was flipped in.
std::optional<int> number_in(std::string_view text) {
  if (!text.starts_with(title)) return std::nullopt;
  int number = 0;
  const char* first = text.data() + title.size();
  auto [end, error] = std::from_chars(first, text.data() + text.size(), number);
  if (error != std::errc{} || text != marker(number)) return std::nullopt;
  return number;
}

bool one_of(const std::string& name, std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(), [&](const char* n) { return name == n; });
}

}  // namespace

Result<DataDirectory> DataDirectory::open(const std::string& path, bool create, bool read_only) {
  DataDirectory d(path);
  std::error_code error;
  if (!fs::exists(path, error)) {
    if (error) return fail(Errc::io, "Could not look at " + path + ": " + error.message() + ".");
    if (!create || read_only)
      return fail(Errc::not_found, "There is no data directory at " + path + ": check the path.");
    if (auto made = d.make(); !made) return fail(made.error());
  }
  if (!fs::is_directory(path, error))
    return fail(Errc::refused, path + " is not a directory: name a directory for the data.");

  // Look before locking, so that a directory that is not ours does not even get a lock file; look again behind the lock.
  auto content = d.look();
  if (!content) return fail(content.error());
  if (*content != Content::ours && (!create || read_only))
    return fail(Errc::not_found, path + " holds no Heliograph data: check the path.");
  if (!read_only) {
    if (auto locked = d.lock(); !locked) return fail(locked.error());
    content = d.look();
    if (!content) return fail(content.error());
  }
  if (*content == Content::ours) {
    if (auto ok = d.check_format("format"); !ok) return fail(ok.error());
    if (auto ok = d.check_files(); !ok) return fail(ok.error());
    if (read_only) d.look_at_mode();
    else if (auto ok = d.check_owner(); !ok) return fail(ok.error());
  } else {
    if (auto started = d.start_creation(*content); !started) return fail(started.error());
  }
  return d;
}

Status DataDirectory::make() {
  std::error_code error;
  const fs::path parent = fs::absolute(path_).parent_path();
  fs::create_directories(parent, error);
  if (error) return fail(Errc::io, "Could not make " + parent.string() + ": " + error.message() + ".");
  if (::mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST) return fail(system_error("make the directory", path_));
  return sync_directory(parent.string());
}

Result<DataDirectory::Content> DataDirectory::look() const {
  auto names = names_in(path_);
  if (!names) return fail(names.error());
  auto has = [&](const char* name) { return std::find(names->begin(), names->end(), name) != names->end(); };
  if (has("format")) return Content::ours;
  const bool only_traces = std::all_of(names->begin(), names->end(), [](const std::string& n) {
    return one_of(n, {"lock", "format.new", "lost+found"});
  });
  if (only_traces) return has("format.new") ? Content::unfinished : Content::nothing;
  // A directory whose making was cut short never held anything acknowledged: it may be made anew.
  if (has("format.new") && check_format("format.new")) return Content::unfinished;
  if (has("watermark") || has("db"))
    return fail(Errc::corrupt, path_ + " is a Heliograph data directory whose file \"format\" is missing: restore a "
                               "backup; nothing was changed.");
  return fail(Errc::refused, path_ + " holds files that are not Heliograph's: choose an empty or a new directory.");
}

Status DataDirectory::check_format(const std::string& name) const {
  auto text = read_file(path_ + "/" + name, 4096);
  if (!text) return fail(text.error());
  const auto number = number_in(*text);
  if (!number)
    return fail(Errc::corrupt, path_ + "/" + name + " is damaged: restore it or the whole directory from a backup; "
                               "nothing was changed.");
  if (*number != format_number)
    return fail(Errc::unsupported, path_ + " was written in format " + std::to_string(*number) +
                                       ", this Heliograph knows format " + std::to_string(format_number) +
                                       ": use the newer Heliograph that wrote it.");
  return {};
}

Status DataDirectory::check_files() const {
  struct Expected {
    const char* name;
    FileKind kind;
    bool always;
  };
  for (const Expected& e : {Expected{"format", FileKind::regular, true}, Expected{"watermark", FileKind::regular, true},
                            Expected{"db", FileKind::directory, true}, Expected{"lock", FileKind::regular, false},
                            Expected{"reserve", FileKind::regular, false}}) {
    const FileKind kind = kind_of(file(e.name));
    if (kind == e.kind || (kind == FileKind::none && !e.always)) continue;
    return fail(Errc::corrupt, file(e.name) + (kind == FileKind::none ? " is missing" : " was replaced by something else") +
                                   ": restore a backup of the directory; nothing was changed.");
  }
  auto names = names_in(db());
  if (!names) return fail(names.error());
  for (const std::string& name : *names)
    if (kind_of(db() + "/" + name) != FileKind::regular)
      return fail(Errc::corrupt, db() + "/" + name + " is not a file of its own (a link or a directory): restore a "
                                 "backup of the directory; nothing was changed.");
  return {};
}

Status DataDirectory::lock() {
  const std::string path = file("lock");
  lock_ = Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock_.open()) {
    if (errno == ELOOP)
      return fail(Errc::corrupt, path + " is a symbolic link; remove it, it must be a file of its own.");
    return fail(system_error("open", path));
  }
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0) return {};
  if (errno == EWOULDBLOCK)
    return fail(Errc::busy, "Another Heliograph is using " + path_ + ": stop it first, or use another directory.");
  return fail(system_error("lock", path));
}

bool DataDirectory::in_use(const std::string& path) {
  Fd fd(::open((path + "/lock").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  return fd.open() && ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

Status DataDirectory::start_creation(Content content) {
  fresh_ = true;
  if (content == Content::unfinished) {
    std::error_code error;
    for (const char* name : {"db", "watermark", "reserve"}) fs::remove_all(file(name), error);
    if (error) return fail(Errc::io, "Could not clear the unfinished " + path_ + ": " + error.message() + ".");
  }
  if (::chmod(path_.c_str(), 0700) != 0) return fail(system_error("make private", path_));
  if (auto written = write_file(file("format.new"), marker(format_number)); !written) return written;
  if (auto synced = sync_directory(path_); !synced) return synced;
  if (::mkdir(db().c_str(), 0700) != 0) return fail(system_error("make the directory", db()));
  return {};
}

Status DataDirectory::finish_creation() {
  if (::rename(file("format.new").c_str(), file("format").c_str()) != 0)
    return fail(system_error("finish the making of", path_));
  fresh_ = false;
  return sync_directory(path_);
}

/// The keys in it open everything: nobody else may read or write there, and a file system whose locks and syncs are promises of another
/// machine keeps no log.
Status DataDirectory::check_owner() const {
  struct stat info {};
  if (::stat(path_.c_str(), &info) != 0) return fail(system_error("look at", path_));
  if (info.st_uid != ::geteuid())
    return fail(Errc::refused, path_ + " belongs to another user: start Heliograph as that user, or give it the directory (chown -R).");
  if ((info.st_mode & 077) != 0)
    return fail(Errc::refused, "Other users of this machine may look into " + path_ + ": run chmod 700 on it, then start again.");
  struct statfs system {};
  if (::statfs(path_.c_str(), &system) == 0 && system.f_type == NFS_SUPER_MAGIC)
    return fail(Errc::refused, path_ + " is on a network file system, whose locks and syncs cannot be relied on: use a disk of this machine.");
  return {};
}

void DataDirectory::look_at_mode() {
  struct stat info {};
  if (::stat(path_.c_str(), &info) == 0 && (info.st_mode & 077) != 0)
    notes_.push_back("Other users of this machine may look into " + path_ + ": run chmod 700 on it.");
}

}  // namespace heliograph
