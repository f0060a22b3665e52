// The conventions of the tree as functions over (path, text): which way includes point, where third-party headers live,
// what may not be called, how a file opens. Every finding says what to do instead. Read-only; knows no build system.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace heliograph::layout {

struct Finding {
  std::string path;
  std::size_t line = 0;  // from 1
  std::string sentence;
};

struct Include {
  std::string target;  // "storage/event_log.hpp", "caf/all.hpp"
  bool quoted = false;
  std::size_t line = 0;
};

/// `text` with comments and the contents of strings replaced by blanks: same length, same lines.
std::string blanked(std::string_view text);
std::vector<Include> includes_of(std::string_view text);

/// "events", "storage", "projections", "core", "actors", "api", "sim", "tests"; "main" for files at the root; "" else.
std::string room_of(std::string_view path);

/// Everything that is wrong with one file. `path` is relative to the root, with '/'.
std::vector<Finding> check_file(const std::string& path, std::string_view text);

/// Path -> text of every .hpp and .cpp of the tree.
using Tree = std::map<std::string, std::string>;
/// The dry run cannot reach a device: nothing that sim/replay* and sim/dry_run* include, directly or through others,
/// may be the device port, CAF or Asio. A header brings the .cpp of its name with it.
std::vector<Finding> check_dry_run(const Tree& tree);
/// Outside actors/ nobody sees an actor: no header of CAF is included there, directly or through others.
std::vector<Finding> check_no_actor(const Tree& tree);

}  // namespace heliograph::layout
