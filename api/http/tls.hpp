// TLS of a server: the certificate it shows, and the session of one connection. A session is given the bytes that came
// and writes to its socket itself; it never waits. OpenSSL stays in the .cpp files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "api/http/server.hpp"
#include "events/result.hpp"
#include "events/time.hpp"

struct ssl_st;
struct ssl_ctx_st;

namespace heliograph::http {

/// Bytes of somebody else's, to be sent.
struct Part {
  Part() = default;  // not set: gathering fills arrays of them
  Part(const char* from, std::size_t count) : data(from), size(count) {}
  const char* data;
  std::size_t size;
};

/// What came of moving bytes.
enum class Flow : std::uint8_t {
  moved,
  wants_input,  // nothing more can be read before the other end sends
  wants_room,   // nothing can go on before the kernel takes bytes again
  over,         // nothing will move any more
  not_tls,      // the other end speaks plain HTTP
};
struct Moved {
  Flow flow = Flow::over;
  std::size_t bytes = 0;
};

class TlsSession {
 public:
  /// `socket` is not owned and must stay open as long as the session is used.
  TlsSession(ssl_ctx_st* context, int socket);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// Where the next bytes of the socket belong; then `arrived` says how many came.
  std::span<char> inbox();
  void arrived(std::size_t bytes);
  /// Whether a read may find something without new bytes.
  bool may_have_more() const { return may_have_more_; }
  /// Shakes hands first, by itself.
  Moved read(char* into, std::size_t room);
  /// Over before the hands are shaken. After `wants_room` the next write must begin with the same bytes.
  Moved write(const Part* parts, std::size_t count);
  /// Tells the other end that all was said. Requires: no write has been left waiting for room.
  void goodbye();

 private:
  friend struct SessionBytes;  // what OpenSSL calls for bytes
  int socket_;
  std::vector<char> inbox_;
  std::size_t begin_ = 0, end_ = 0;  // of what OpenSSL has not taken
  bool seen_any_ = false, may_have_more_ = false, failed_ = false;
  ssl_st* ssl_;
};

/// A certificate with its key, and the rules of every session that shows it.
class TlsContext {
 public:
  explicit TlsContext(ssl_ctx_st* context, Micros ends) : context_(context), ends_(ends) {}  // takes it over
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  std::unique_ptr<TlsSession> begin(int socket) const { return std::make_unique<TlsSession>(context_, socket); }
  Micros ends() const { return ends_; }

 private:
  ssl_ctx_st* context_;
  Micros ends_;
};

/// Reads both files. Errors are sentences that name the file and what to do.
Result<std::shared_ptr<const TlsContext>> load_tls(const TlsOptions& files);

}  // namespace heliograph::http
