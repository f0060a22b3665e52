// Other programs as tests see them: started with fork and exec, watched by pid, ended by pid, never left behind.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/temp_dir.hpp"

namespace heliograph::e2e {

using testing::TempDir;

struct Ended {
  int exit = -1;   // -1: a signal ended it
  int signal = 0;
  std::string out, err;
};

/// Variables of a started program on top of ours. It may command devices and be root (HELIOGRAPH_FEATURES_CONTROL, _AUTOMATION and
/// HELIOGRAPH_SERVER_ALLOW_ROOT are true) unless the test says otherwise; an empty value counts as not set.
using Environment = std::map<std::string, std::string>;

/// Runs to its end.
Ended run(const std::vector<std::string>& argv, const Environment& environment = {});

/// A server: waits for the URL in its greeting. Killed and reaped at the latest with the object.
class Server {
 public:
  /// With `enters` the test becomes the owner at once (test::enter), unless it is a demo or speaks TLS.
  explicit Server(const std::vector<std::string>& argv, const Environment& environment = {}, bool enters = true);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  pid_t pid() const { return pid_; }
  std::uint16_t port() const { return port_; }  // 0: it ended before it listened
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  /// Sends a signal that does not end it.
  void tell(int signal) const;
  /// Sends the signal and waits for the end.
  Ended end(int signal);

 private:
  pid_t pid_ = -1;
  int out_ = -1, err_ = -1;
  std::uint16_t port_ = 0;
  std::string greeting_;
};

std::string read_file(const std::string& path);
void write_file(const std::string& path, std::string_view bytes);

/// The built binary, the house made to be killed and its witness; the environment may name others (HELIOGRAPH_BINARY,
/// HELIOGRAPH_KILLED_HOUSE, HELIOGRAPH_WITNESS).
std::string binary();
std::string killed_house();
std::string witness();

}  // namespace heliograph::e2e
