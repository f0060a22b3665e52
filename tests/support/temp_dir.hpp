// A directory below the system's temporary one, new for each object and gone with it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "events/result.hpp"

namespace heliograph::testing {

class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "heliograph-test-XXXXXX").string();
    ensure(::mkdtemp(pattern.data()) != nullptr, "a temporary directory can be made", "TempDir");
    path_ = pattern;
  }
  ~TempDir() {
    std::error_code ignored;  // a test's litter is no reason to fail it
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

}  // namespace heliograph::testing
