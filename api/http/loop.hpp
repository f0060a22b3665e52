// Inside of the HTTP server: one thread with its sockets, and what is shared by all of them. Not for routes.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "api/http/seats.hpp"
#include "api/http/server.hpp"
#include "api/http/transport.hpp"

namespace boost::asio {
class io_context;
}

namespace heliograph::http {

class ServerLoop;

/// One socket that a loop looks after. All calls on the loop's thread.
class Served {
 public:
  virtual ~Served() = default;
  virtual void on_sweep() = 0;   // has a deadline passed?
  virtual void stop_soon() = 0;  // the server stops: finish what is under way
  virtual void abort() = 0;      // now
  /// Gives its place to somebody else. False when a request of it is being answered.
  virtual bool give_way() { return false; }

 private:
  friend class ServerLoop;
  std::size_t place_ = 0;
};

/// The certificate in use. None on a plain port. Any thread.
class TlsInUse {
 public:
  std::shared_ptr<const TlsContext> get() const {
    std::lock_guard lock(mutex_);
    return context_;
  }
  void set(std::shared_ptr<const TlsContext> context) {
    std::lock_guard lock(mutex_);
    context_.swap(context);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const TlsContext> context_;  // guarded by mutex_
};

/// Read by all loops of one server.
struct ServerShared {
  ServerOptions options;
  std::vector<std::string> hosts;
  Handler handler;
  TlsInUse tls;
  std::shared_ptr<Seats> seats = std::make_shared<Seats>();
  std::shared_ptr<ServerLoop> stream_loop;
  std::deque<std::weak_ptr<Served>> reserved;  // of the door's thread only: who is there beyond the limit, oldest first
  std::atomic<std::uint64_t> accepted{0}, turned_away{0}, requests{0}, refused{0}, timeouts{0}, open{0}, streams{0};
};

class ServerLoop final : public Loop, public std::enable_shared_from_this<ServerLoop> {
 public:
  explicit ServerLoop(const Limits& limits);
  ~ServerLoop() override;

  void run_in_thread();
  /// From outside: asks everything served to finish; after `grace` it is aborted. Then `join`.
  void stop(std::chrono::milliseconds grace);
  void join();

  void post(Task task) override;
  void after(std::chrono::milliseconds delay, Task task) override;
  bool is_this_thread() const override { return std::this_thread::get_id() == thread_id_.load(); }

  boost::asio::io_context& context();
  bool stopping() const { return stopping_; }
  void add(std::shared_ptr<Served> served);
  void remove(Served& served);
  /// The sweep that first comes when `span` has passed. Sweeps replace one timer per socket: coarse and free.
  std::uint64_t sweep_after(std::chrono::milliseconds span) const;
  std::uint64_t sweep() const { return sweep_; }

 private:
  struct Inside;  // what needs Asio's headers
  void drain_inbox();
  void arm_sweep();
  void begin_stop(std::chrono::milliseconds grace);
  void finish_stop_if_empty();

  std::unique_ptr<Inside> inside_;
  std::thread thread_;
  std::atomic<std::thread::id> thread_id_{};
  std::mutex inbox_mutex_;
  std::vector<Task> inbox_;  // guarded by inbox_mutex_
  bool closed_ = false;      // guarded by inbox_mutex_: the thread is gone
  std::chrono::milliseconds period_{1000};
  std::uint64_t sweep_ = 0;
  bool stopping_ = false;
  std::vector<std::shared_ptr<Served>> served_;
};

/// Takes over a connected socket. `reserved`: it is there for one urgent request, everything else gets 503. On the loop's thread.
std::shared_ptr<Served> serve_connection(ServerLoop& loop, std::shared_ptr<ServerShared> shared, Wire wire,
                                         std::string peer, std::string own_address, bool reserved);

/// Hears what comes in on a stream. All calls on the stream loop's thread.
class StreamReader {
 public:
  virtual ~StreamReader() = default;
  virtual void on_bytes(std::string_view bytes) = 0;
  virtual void on_sweep() = 0;
  virtual void on_progress() = 0;  // a delayed write went through
  virtual void on_stop() = 0;      // the server stops: the last chance to queue something
  virtual void on_end() = 0;       // once
};

/// A stream whose socket comes later.
class SocketStream : public Stream {
 public:
  /// `early`: what had come in already. On the stream loop's thread.
  virtual void attach(Wire wire, std::string_view early) = 0;
  /// Queues bytes and takes no more afterwards. On the stream loop's thread.
  virtual void push_last(SharedText bytes) = 0;
};
/// Without a reader, what comes in is thrown away.
std::shared_ptr<SocketStream> make_stream(std::shared_ptr<ServerShared> shared,
                                          std::shared_ptr<StreamReader> reader = nullptr);
/// The stream keeps the socket, which keeps the watch.
std::pair<SocketHandle, std::shared_ptr<SocketStream>> make_socket(std::shared_ptr<ServerShared> shared,
                                                                   SocketWatch watch);

/// What a connection becomes instead of being answered.
struct Takeover {
  Headers headers;
  std::optional<std::string> accept;  // of a WebSocket's handshake
  std::shared_ptr<SocketStream> stream;
};

/// Waits for the answer to a request. Both do nothing when `request` is not the one being answered.
class Asker {
 public:
  virtual ~Asker() = default;
  virtual void answer(std::uint64_t request, Response response) = 0;
  virtual void hand_over(std::uint64_t request, const Takeover& takeover) = 0;
};
std::shared_ptr<Answer> pending_answer(std::weak_ptr<Asker> asker, std::shared_ptr<ServerLoop> loop,
                                       std::weak_ptr<ServerShared> shared, std::uint64_t request);

/// Stand in when there is nobody to speak to.
StreamHandle ended_stream();
SocketHandle ended_socket();

}  // namespace heliograph::http
