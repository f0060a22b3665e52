// The internet of these tests: every name stands for this machine, and one authority is trusted. Timeouts are long, so
// that a busy machine changes nothing; what tests a timeout sets a short one.
#pragma once

#include <string>

#include "actors/notify/transport.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/http_double.hpp"
#include "tests/support/temp_dir.hpp"

namespace heliograph::notify {

struct Outside {
  testing::TempDir folder;
  testing::Authority authority{folder.path(), "trusted"};
  testing::ServerCertificate certificate = authority.issue("service", "DNS:service.test,IP:127.0.0.1");
  int looked_up = 0;

  TransportOptions transport() {
    TransportOptions options;
    options.policy.allow_loopback = true;
    options.connect_timeout = options.total_timeout = 120 * second_us;
    options.ca_file = authority.file();
    options.resolve = [this](const std::string&) -> Result<std::vector<Address>> {
      ++looked_up;
      return std::vector<Address>{address_v4(0x7F000001)};
    };
    return options;
  }
  static std::string url(const testing::HttpDouble& server, const std::string& path = "") {
    return "https://service.test:" + std::to_string(server.port()) + path;
  }
};

}  // namespace heliograph::notify
