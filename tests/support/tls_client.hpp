// The test client over TLS: with old versions, odd ciphers, or none of the manners that a server may expect.
#pragma once

#include <string>
#include <utility>

#include "tests/support/http_client.hpp"

struct ssl_st;
struct ssl_ctx_st;
struct ssl_session_st;

namespace heliograph::test {

struct TlsAsk {
  int version = 0;             // the only one, as OpenSSL numbers them; 0 = what is usual
  std::string ciphers = {};    // of TLS 1.2
  std::string protocols = {};  // ALPN, as on the wire: "\x08http/1.1"
  std::string authority = {};  // file of whom to trust; empty = anybody
  ssl_session_st* resume = nullptr;
};

class TlsClient final : public HttpClient {
 public:
  explicit TlsClient(std::uint16_t port, const TlsAsk& ask = {}, int receive_buffer = 0);
  ~TlsClient() override;

  bool shaken() const { return shaken_; }
  /// Why hands were not shaken, in OpenSSL's words.
  const std::string& reason() const { return reason_; }
  std::string version() const;
  std::string protocol() const;
  /// Serial number of what the server showed, and its end as "20270131235959Z".
  long serial() const;
  std::string ends() const;
  int chain_length() const;
  bool renegotiate();
  /// Begins with new keys and asks the other end to do so, too (TLS 1.3).
  bool change_keys();
  bool resumed() const;
  /// Of this connection, to resume by; the caller frees it. After something was read.
  ssl_session_st* session() const;
  /// The other end has said that nothing is missing.
  bool heard_goodbye() const;

  void finish_sending() override;

 protected:
  long receive(char* into, std::size_t room) override;
  long transmit(const char* from, std::size_t size) override;

 private:
  ssl_ctx_st* context_;
  ssl_st* ssl_;
  bool shaken_ = false;
  std::string reason_;
};

/// The first bytes that a TLS client sends.
std::string client_hello();

}  // namespace heliograph::test
