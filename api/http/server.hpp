// A small HTTP/1.1 server that knows nothing of what it serves: strict in what it takes, bounded in everything it
// holds, and never waiting inside its own thread. A handler runs on that thread, so it may not block: it passes the
// Responder to whoever can answer, and that may be any thread, later.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/http/exchange.hpp"
#include "api/http/types.hpp"
#include "events/result.hpp"
#include "events/time.hpp"

namespace heliograph::http {

/// The server's first thread, where streams live. Tasks posted after the server stopped are dropped.
class Loop {
 public:
  using Task = std::function<void()>;
  virtual ~Loop() = default;
  /// From any thread; tasks run in the order of posting.
  virtual void post(Task task) = 0;
  /// Runs `task` once, not before `delay` has passed.
  virtual void after(std::chrono::milliseconds delay, Task task) = 0;
  virtual bool is_this_thread() const = 0;
};

/// The open end of a streamed answer. All calls are safe from any thread; callbacks run on the server's loop.
class Stream {
 public:
  virtual ~Stream() = default;
  /// Queues bytes. They leave at once unless `hold`, which waits for the next push or flush.
  virtual void push(SharedText bytes, bool hold = false) = 0;
  virtual void flush() = 0;
  /// Ends the stream after what is queued.
  virtual void close() = 0;
  /// Ends it now.
  virtual void abort() = 0;
  virtual bool closed() const = 0;
  virtual std::size_t queued_bytes() const = 0;
  virtual std::size_t queued_count() const = 0;
  /// Bytes that the other end's kernel has taken.
  virtual std::uint64_t written_bytes() const = 0;
  /// `progress`: a delayed write went through. `ended`: once, when the stream is over, also when it is so already.
  virtual void watch(std::function<void()> progress, std::function<void()> ended) = 0;
};
using StreamHandle = std::shared_ptr<Stream>;

/// Why a socket ends. 1005 and 1006 are never sent: the other end gave no code, or no close at all.
enum class Close : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  unsupported = 1003,
  no_code = 1005,
  abnormal = 1006,
  not_utf8 = 1007,
  policy = 1008,
  too_big = 1009,
  internal_error = 1011,
  try_again_later = 1013,
  not_authenticated = 4401,
  forbidden = 4403,
  authentication_timeout = 4408,
  too_many = 4429,
};

/// A whole message, rendered once and shared by all sockets it is sent to. Requires: `text` is UTF-8.
struct SocketMessage {
  explicit SocketMessage(std::string_view text);
  SharedText frame;
};

/// The open end of a WebSocket, for text messages. All calls are safe from any thread.
class Socket {
 public:
  virtual ~Socket() = default;
  /// Queues a message. It leaves at once unless `hold`, which waits for the next send or flush. A socket whose queue
  /// grows beyond Limits::stream_queue_bytes is cut: who sends much looks at the queue first, as with streams.
  virtual void send(const SocketMessage& message, bool hold = false) = 0;
  virtual void flush() = 0;
  /// Says why after what is queued, and waits a while for the other end to say it, too. Not with no_code or abnormal.
  virtual void close(Close code, std::string reason = {}) = 0;
  /// Ends it now.
  virtual void abort() = 0;
  virtual bool closed() const = 0;
  virtual std::size_t queued_bytes() const = 0;
  virtual std::size_t queued_count() const = 0;
};
using SocketHandle = std::shared_ptr<Socket>;

/// What a handler is told of its socket, on the server's loop, so quickly; perhaps before it has the handle.
struct SocketWatch {
  /// A whole message, UTF-8, at most Limits::socket_message_bytes.
  std::function<void(const SocketHandle& from, std::string&& text)> message = {};
  std::function<void()> progress = {};  // a delayed write went through
  /// Once, when the socket is over: with the other end's code, with ours when it broke a rule, or abnormal.
  std::function<void(Close code)> ended = {};
};

/// What a Responder leads to. The server has its own; tests of routes bring theirs.
class Answer {
 public:
  virtual ~Answer() = default;
  virtual void send(Response response) = 0;
  virtual StreamHandle open_stream(Headers headers) = 0;
  /// An ended one unless somebody overrides it.
  virtual SocketHandle open_socket(Headers headers, std::string accept, SocketWatch watch);
};

/// Answers one request, once, from any thread. When every copy is gone without an answer the client gets a 500.
class Responder {
 public:
  /// Without an exchange it gets one of its own, of which nobody is told.
  explicit Responder(std::shared_ptr<Answer> answer, std::shared_ptr<Exchange> exchange = nullptr);
  /// The request that this answers.
  Exchange& exchange() const;
  /// Only the first answer counts; false for any later one.
  bool send(Response response) const;
  bool send(const Error& error) const;
  /// Answers 200 with a body that goes on until the stream is closed. A closed stream when already answered.
  StreamHandle open_stream(Headers headers) const;
  /// Makes the connection a WebSocket, pinged and held to Limits. Answers 400 or 426 when `request` is no handshake; then,
  /// and when already answered, the socket is an ended one and `watch` is never called. A subprotocol is chosen by a
  /// header. Requires: the origin was found to be ours. Browsers let any page open a socket, with our cookies, so the
  /// router refuses foreign origins here although the method is GET.
  SocketHandle open_socket(const Request& request, SocketWatch watch, Headers headers = {}) const;
  /// Headers that every later answer of this request gets as well. Before the request is passed on.
  void add_header(std::string name, std::string value) const;
  /// Every later answer of this request may be packed as its sender prefers (coding.hpp). Before the request is passed on.
  void may_pack_for(const Request& request) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

using Handler = std::function<void(Request&&, Responder)>;

/// PEM files. The server's own certificate comes first, then those that lead to its authority. The key is the owner's
/// alone (mode 600) and has no passphrase.
struct TlsOptions {
  std::string certificate_file;
  std::string key_file;
};

struct ServerOptions {
  Limits limits = {};
  /// Nothing but TLS (1.2 and 1.3) on this port; without it, plain HTTP.
  std::optional<TlsOptions> tls = {};
  /// Names accepted in Host, without port, besides loopback names and the address listened on. "*" accepts any, which
  /// gives up the protection against DNS rebinding.
  std::vector<std::string> allowed_hosts = {};
  unsigned threads = 1;
  /// What reserved connections are for (Limits::reserved); nothing when empty. On the door's thread, so quickly.
  std::function<bool(const Request&)> urgent = {};
  /// How large a body may be that a head announces; without it, as large as Limits says. On the connection's thread, so quickly.
  BodyRuleOf body_rule = {};
  /// Whose places a connection from the address takes (Limits::per_address): alike for all of one network, empty for nobody's, as where many
  /// people come from. When not set, the address's own. On the door's thread, so quickly.
  std::function<std::string(const std::string& address)> seat_of = {};
  /// Counts every request; may be null.
  std::shared_ptr<RequestStats> stats = {};
  /// Told of every answer when it was rendered, refusals of the strict layer too: for the log. On the connection's thread, so quickly.
  std::function<void(const Exchange&)> answered = {};
  /// Called with the loop of the streams before the first connection is taken.
  std::function<void(const std::shared_ptr<Loop>&)> opening = {};
};

struct ServerStats {
  std::uint64_t accepted = 0, turned_away = 0, requests = 0, refused = 0, timeouts = 0;
  std::uint64_t open = 0, streams = 0;
};

class Server {
 public:
  Server();
  ~Server();  // stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// `address` is "127.0.0.1:8080", "[::1]:8080" or "localhost:0"; port 0 takes a free one. Errors: invalid for an
  /// address that is none, busy for a port that is taken, io; and whatever is wrong with the certificate.
  Status start(const std::string& address, Handler handler, ServerOptions options = {});
  std::uint16_t port() const;
  /// Accepts no more, lets answers under way finish for Limits::stop_grace, closes all, joins its threads. Not from a
  /// handler. Afterwards no handler and no task of the loop runs.
  void stop();
  /// Requires: started. Outlives the server.
  std::shared_ptr<Loop> loop() const;
  ServerStats stats() const;
  /// Reads both files again, from any thread: connections from now on are shown the new certificate, the others live on.
  /// An error says why the pair cannot be used; the one before stays in use. Requires: started.
  Status reload_certificate();
  /// When the certificate in use ends (notAfter, UTC); nothing without TLS. It is not asked whether it still holds: a
  /// house whose certificate has run out must still be reachable by those who accept that.
  std::optional<Micros> certificate_ends() const;
  /// The same for who may outlive the server; nothing when it has stopped. Any thread. Requires: started.
  std::function<std::optional<Micros>()> certificate_watch() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace heliograph::http
