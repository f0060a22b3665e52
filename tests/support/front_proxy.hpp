// A proxy from Debian in front of a server of ours, on loopback and a free port: it marks every request that it passes on with a header
// "X-Front", keeps its connections to us, and gives up quickly on what does not end. Ended by its pid with the object.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "tests/support/temp_dir.hpp"

namespace heliograph::test {

class FrontProxy {
 public:
  enum class Kind : std::uint8_t { nginx, haproxy };
  /// Throws when the program is not installed (packages-test.txt).
  FrontProxy(Kind kind, std::uint16_t behind);
  ~FrontProxy();
  FrontProxy(const FrontProxy&) = delete;
  FrontProxy& operator=(const FrontProxy&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  bool start(Kind kind, std::uint16_t behind);
  bool runs();
  void end();
  testing::TempDir folder_;
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace heliograph::test
