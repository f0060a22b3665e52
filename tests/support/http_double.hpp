// A real HTTP or HTTPS server on loopback that answers as a script says, well or badly, and keeps what it was asked.
// One connection at a time, one request for each; nothing in it waits for time to pass.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/certificates.hpp"

namespace heliograph::testing {

struct Asked {
  std::string method, target, body;
  std::map<std::string, std::string> headers;  // names in lower case
};

struct Script {
  std::string bytes;  // written as they are
  enum class Then {
    close,
    stall,  // keeps silent until the client goes
    reset,  // ends the connection with a reset
    repeat  // writes `bytes` again and again until the client goes, after one `head`
  } then = Then::close;
  std::string head;
};

/// A whole answer with its length. `headers` end with CRLF each.
Script answer(int status, const std::string& body, const std::string& headers = {});

class HttpDouble {
 public:
  /// One script for each connection; the last one serves all that follow. With a certificate it speaks TLS.
  explicit HttpDouble(std::vector<Script> scripts, const ServerCertificate* certificate = nullptr);
  ~HttpDouble();
  HttpDouble(const HttpDouble&) = delete;
  HttpDouble& operator=(const HttpDouble&) = delete;
  std::uint16_t port() const;
  /// What came so far; complete when the client has its answer.
  std::vector<Asked> asked() const;
  /// Waits until so many requests came; false after a minute: then something hangs.
  bool wait_for(std::size_t requests) const;
  /// Connections, also those without a request.
  int connections() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A port on which nobody listens.
std::uint16_t closed_port();

}  // namespace heliograph::testing
