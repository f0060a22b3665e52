// The echo server over TLS, with one certificate for all tests.
#pragma once

#include <string>

#include "tests/api/echo.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/temp_dir.hpp"

namespace heliograph::http {

/// One pair for all tests.
inline TlsOptions house() {
  static testing::TempDir folder;
  static testing::Authority authority(folder.path(), "house");
  static const auto pair = authority.issue("hub", "DNS:localhost,IP:127.0.0.1");
  return {pair.certificate_file, pair.key_file};
}

struct SecureEcho : Echo {
  explicit SecureEcho(Limits limits = quick(), unsigned threads = 1) : Echo(limits, threads, house()) {}
};

inline std::string thousand_lines() {
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += std::to_string(i) + "\n";
  return lines;
}

}  // namespace heliograph::http
