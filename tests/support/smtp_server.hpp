// aiosmtpd as a process of its own: started with fork and exec, ended by its pid, never left behind.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/certificates.hpp"
#include "tests/support/temp_dir.hpp"

namespace heliograph::testing {

struct ReceivedMail {
  std::string from, hello, message;
  std::vector<std::string> to;
  bool login = false, tls = false;
};

class SmtpServer {
 public:
  /// Modes: see smtp_server.py.
  explicit SmtpServer(const std::string& mode, const ServerCertificate* certificate = nullptr);
  ~SmtpServer();
  SmtpServer(const SmtpServer&) = delete;
  SmtpServer& operator=(const SmtpServer&) = delete;
  std::uint16_t port() const { return port_; }
  /// What it has taken, in order.
  std::vector<ReceivedMail> received() const;
  /// Waits until so many mails came; false after a minute: then something hangs.
  bool wait_for(std::size_t mails);

 private:
  TempDir folder_;
  pid_t pid_ = -1;
  int said_ = -1;
  std::size_t came_ = 0;
  std::uint16_t port_ = 0;
};

}  // namespace heliograph::testing
