// Where a connection's bytes go in and out: one socket, plain or under TLS. Whoever reads and writes does not know
// which. All calls on the thread of its loop; nothing waits.
#pragma once

#include <cstddef>
#include <memory>

#include "api/http/tls.hpp"

namespace heliograph::http {

class ServerLoop;

/// A socket between two owners, with its TLS. Closes it when nobody takes it: a task that is dropped must not leak one.
struct Wire {
  Wire() = default;
  Wire(int fd, bool v6) : socket(fd), ipv6(v6) {}
  Wire(Wire&& other) noexcept;
  Wire& operator=(Wire&&) = delete;
  ~Wire();

  int socket = -1;
  bool ipv6 = false;
  std::unique_ptr<TlsSession> tls;
  std::shared_ptr<void> seat = {};  // held for as long as there is a connection
};

/// Gets told what came of what was asked for. Kept alive until then.
class TransportUser {
 public:
  virtual ~TransportUser() = default;
  /// `flow` is moved, over or not_tls.
  virtual void on_read(Flow flow, std::size_t bytes) = 0;
  virtual void on_writable(bool open) = 0;
};

class Transport {
 public:
  Transport(ServerLoop& loop, Wire wire);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  bool secure() const { return tls_ != nullptr; }
  /// `user` is told once, later. One read at a time; the buffer stays until then.
  void read(std::shared_ptr<TransportUser> user, char* into, std::size_t room);
  /// As much as goes now: moved, wants_room or over.
  Moved write(const Part* parts, std::size_t count);
  void when_writable(std::shared_ptr<TransportUser> user);
  /// After `not_tls`: the answer to whoever speaks plain HTTP.
  void go_plain() { tls_.reset(); }
  /// All was said. What is read afterwards is only good for being thrown away.
  void finish_sending();
  /// `all_said`: the other end may know that nothing is missing.
  void close(bool all_said);
  /// Requires: no read or wait is under way.
  Wire release();

 private:
  struct Inside;  // what needs Asio's headers
  void fetch(std::shared_ptr<TransportUser> user, char* into, std::size_t room);
  void decrypt(std::shared_ptr<TransportUser> user, char* into, std::size_t room);

  std::unique_ptr<Inside> inside_;
  std::unique_ptr<TlsSession> tls_;
  std::shared_ptr<void> seat_;
  int socket_;  // -1: closed
  bool finished_ = false;
};

}  // namespace heliograph::http
