// What a data directory is from outside: its marker and format number, its lock, and that every file in it is a real
// file of ours. It knows nothing of what the log holds.
#pragma once

#include <string>
#include <vector>

#include "storage/file.hpp"

namespace heliograph {

class DataDirectory {
 public:
  static constexpr int format_number = 1;

  /// Opens an existing directory, or makes one when `create` and there is none (or an empty one).
  /// `read_only` takes no lock and changes nothing.
  /// Errors: not_found, busy, refused (holds other things, or is not ours alone), corrupt, unsupported (a newer format), io, full.
  static Result<DataDirectory> open(const std::string& path, bool create, bool read_only);

  /// Whether a process has the directory open for writing at this moment.
  static bool in_use(const std::string& path);

  const std::string& path() const { return path_; }
  std::string file(const char* name) const { return path_ + "/" + name; }
  std::string db() const { return file("db"); }
  std::string watermark() const { return file("watermark"); }
  std::string reserve() const { return file("reserve"); }
  /// True while the directory is being made: finish_creation makes it a data directory, not before.
  bool fresh() const { return fresh_; }
  Status finish_creation();
  /// Something to tell the operator: others may read the directory.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  explicit DataDirectory(std::string path) : path_(std::move(path)) {}
  enum class Content { nothing, unfinished, ours };
  Result<Content> look() const;
  Status check_files() const;
  Status check_format(const std::string& name) const;
  Status make();
  Status lock();
  Status start_creation(Content content);
  Status check_owner() const;
  void look_at_mode();

  std::string path_;
  Fd lock_;
  bool fresh_ = false;
  std::vector<std::string> notes_;
};

}  // namespace heliograph
