#include "api/http/tls.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace heliograph::http {
namespace {

constexpr std::size_t record_bytes = 16 * 1024;          // TLS's largest; one write makes one
constexpr std::size_t inbox_bytes = record_bytes + 512;  // a whole record with its frame
constexpr char handshake_record = 0x16;

}  // namespace

/// OpenSSL's way to bytes: reads take what the transport has brought, writes go to the socket and never wait.
struct SessionBytes {
  static TlsSession& of(BIO* bio) { return *static_cast<TlsSession*>(BIO_get_data(bio)); }

  static int write(BIO* bio, const char* bytes, int count) {
    BIO_clear_retry_flags(bio);
    const auto sent = ::send(of(bio).socket_, bytes, static_cast<std::size_t>(count), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) BIO_set_retry_write(bio);
    return static_cast<int>(sent);
  }

  static int read(BIO* bio, char* into, int room) {
    BIO_clear_retry_flags(bio);
    auto& session = of(bio);
    const auto n = std::min<std::size_t>(session.end_ - session.begin_, static_cast<std::size_t>(room));
    if (n == 0) {
      BIO_set_retry_read(bio);
      return -1;
    }
    std::memcpy(into, session.inbox_.data() + session.begin_, n);
    session.begin_ += n;
    return static_cast<int>(n);
  }

  static long control(BIO*, int what, long, void*) { return what == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO_METHOD* method() {
    static BIO_METHOD* const method = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connection");
      ensure(made != nullptr, "there is no memory for TLS", "api/http/tls.cpp");
      BIO_meth_set_write(made, &SessionBytes::write);
      BIO_meth_set_read(made, &SessionBytes::read);
      BIO_meth_set_ctrl(made, &SessionBytes::control);
      return made;
    }();
    return method;
  }
};

TlsSession::TlsSession(ssl_ctx_st* context, int socket) : socket_(socket), inbox_(inbox_bytes), ssl_(SSL_new(context)) {
  BIO* const bio = BIO_new(SessionBytes::method());
  ensure(ssl_ != nullptr && bio != nullptr, "there is no memory for a TLS session", "api/http/tls.cpp");
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_accept_state(ssl_);
}

TlsSession::~TlsSession() { SSL_free(ssl_); }

std::span<char> TlsSession::inbox() {
  if (begin_ > 0) {
    std::memmove(inbox_.data(), inbox_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  ensure(end_ < inbox_.size(), "TLS left a full buffer", "api/http/tls.cpp");
  return std::span(inbox_).subspan(end_);
}

void TlsSession::arrived(std::size_t bytes) {
  end_ += bytes;
  may_have_more_ = true;
}

Moved TlsSession::read(char* into, std::size_t room) {
  if (!seen_any_ && begin_ < end_) {
    seen_any_ = true;
    const char first = inbox_[begin_];
    // A method's letter or an empty line in front of one: a browser that was told http://.
    if (first != handshake_record && (first == '\r' || first == '\n' || (first >= 'A' && first <= 'Z')))
      return {Flow::not_tls, 0};
  }
  std::size_t total = 0;
  while (total < room) {
    ERR_clear_error();
    std::size_t n = 0;
    const int done = SSL_read_ex(ssl_, into + total, room - total, &n);
    if (done == 1) {
      total += n;
      continue;
    }
    const int why = SSL_get_error(ssl_, done);
    if (why == SSL_ERROR_WANT_READ) may_have_more_ = false;
    if (why == SSL_ERROR_SSL || why == SSL_ERROR_SYSCALL) failed_ = true;
    if (total > 0) break;  // what is in the way comes up again with the next read
    if (why == SSL_ERROR_WANT_READ) return {Flow::wants_input, 0};
    return {why == SSL_ERROR_WANT_WRITE ? Flow::wants_room : Flow::over, 0};
  }
  return {Flow::moved, total};
}

Moved TlsSession::write(const Part* parts, std::size_t count) {
  if (failed_ || SSL_is_init_finished(ssl_) == 0) return {Flow::over, 0};
  // A record for each header would cost more than copying it; what fills a record by itself is not copied.
  char together[record_bytes];
  const char* from = parts[0].data;
  std::size_t size = std::min(parts[0].size, record_bytes);
  if (count > 1 && size < record_bytes) {
    size = 0;
    for (std::size_t i = 0; i < count && size < record_bytes; ++i) {
      const auto n = std::min(parts[i].size, record_bytes - size);
      std::memcpy(together + size, parts[i].data, n);
      size += n;
    }
    from = together;
  }
  ERR_clear_error();
  std::size_t sent = 0;
  const int done = SSL_write_ex(ssl_, from, size, &sent);
  if (done == 1) return {Flow::moved, sent};
  if (SSL_get_error(ssl_, done) == SSL_ERROR_WANT_WRITE) return {Flow::wants_room, 0};
  failed_ = true;
  return {Flow::over, 0};
}

void TlsSession::goodbye() {
  if (failed_ || SSL_is_init_finished(ssl_) == 0) return;
  ERR_clear_error();
  SSL_shutdown(ssl_);  // whether it can still be told changes nothing: the connection ends
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

}  // namespace heliograph::http
