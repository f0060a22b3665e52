// Files that may hold secrets: ours, and readable by nobody else. What is in them is never part of a sentence.
#pragma once

#include <cstddef>
#include <string>

#include "events/result.hpp"

namespace heliograph {

inline constexpr std::size_t secret_bytes_max = 8'192;

struct OwnFile {
  std::string text;
  bool is_private = false;  // of this process's user, without rights for anybody else
};

/// A plain file of at most so many bytes, and whether secrets may stand in it. Both are of what was opened, not of its name.
Result<OwnFile> read_own_file(const std::string& path, std::size_t bytes_max);
/// The text of a private file without its line end. One that others could read is refused with the commands that mend it.
Result<std::string> read_secret_file(const std::string& path);

}  // namespace heliograph
