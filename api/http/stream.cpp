// A streamed answer: a queue of shared texts in front of one socket. It writes directly and waits for the socket only
// when the kernel's buffer is full. It reads only to learn that the other end has gone.
#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <optional>

#include "api/http/loop.hpp"
#include "api/http/send_queue.hpp"

namespace heliograph::http {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

class LiveStream final : public SocketStream, public Served, public std::enable_shared_from_this<LiveStream> {
 public:
  explicit LiveStream(std::shared_ptr<ServerShared> shared)
      : limits_(shared->options.limits), loop_(shared->stream_loop), shared_(std::move(shared)) {}
  ~LiveStream() override { leave_counts(); }

  void push(SharedText bytes, bool hold) override {
    if (ended_ || !bytes) return;
    queued_bytes_ += bytes->size();
    ++queued_count_;
    if (loop_->is_this_thread()) return enqueue(std::move(bytes), hold);
    loop_->post([self = shared_from_this(), bytes = std::move(bytes), hold] { self->enqueue(bytes, hold); });
  }
  void flush() override {
    on_loop([](LiveStream& s) { s.write_out(); });
  }
  void close() override {
    on_loop([](LiveStream& s) {
      s.closing_ = true;
      s.write_out();
    });
  }
  void abort() override {
    over_ = true;
    on_loop([](LiveStream& s) { s.end(); });
  }
  bool closed() const override { return over_; }
  std::size_t queued_bytes() const override { return queued_bytes_; }
  std::size_t queued_count() const override { return queued_count_; }
  std::uint64_t written_bytes() const override { return written_; }
  void watch(std::function<void()> progress, std::function<void()> ended) override {
    on_loop([progress = std::move(progress), ended = std::move(ended)](LiveStream& s) {
      if (s.ended_) {
        if (ended) ended();
        return;
      }
      s.progress_ = progress;
      s.on_end_ = ended;
    });
  }

  void attach(int socket, bool ipv6) override;
  void on_sweep() override {
    if (deadline_ != 0 && loop_->sweep() >= deadline_) end();
  }
  void stop_soon() override {
    write_out();
    end();
  }

 private:
  template <class Do>
  void on_loop(Do what) {
    if (loop_->is_this_thread())
      what(*this);
    else
      loop_->post([self = shared_from_this(), what = std::move(what)] { what(*self); });
  }
  void enqueue(SharedText bytes, bool hold);
  void write_out();
  void taken(std::size_t n);
  void read_on();
  void end();
  void leave_counts();

  const Limits& limits_;
  std::shared_ptr<ServerLoop> loop_;
  std::shared_ptr<ServerShared> shared_;
  std::optional<tcp::socket> socket_;
  SendQueue queue_;
  std::array<char, 256> ignored_{};
  std::function<void()> progress_, on_end_;
  std::atomic<std::size_t> queued_bytes_{0}, queued_count_{0};
  std::atomic<std::uint64_t> written_{0};
  std::atomic<bool> ended_{false}, over_{false};  // over: nobody need push any more
  std::uint64_t deadline_ = 0;
  bool writing_ = false, closing_ = false, said_goodbye_ = false, counted_ = false;
};

void LiveStream::attach(int socket, bool ipv6) {
  HeldSocket held(socket);
  if (ended_ || over_ || loop_->stopping()) return end();
  error_code ec;
  socket_.emplace(loop_->context());
  if (socket_->assign(ipv6 ? tcp::v6() : tcp::v4(), socket, ec); ec) {
    socket_.reset();
    return end();
  }
  held.take();
  socket_->non_blocking(true, ec);
  counted_ = true;
  ++shared_->streams;
  ++shared_->open;
  loop_->add(shared_from_this());
  read_on();
  write_out();
}

void LiveStream::enqueue(SharedText bytes, bool hold) {
  if (ended_) return;
  queue_.push(std::move(bytes));
  if (queue_.bytes() > limits_.stream_queue_bytes) return end();  // nobody watched it: bounded all the same
  if (!hold) write_out();
}

void LiveStream::taken(std::size_t n) {
  const auto before = queue_.count();
  queue_.consume(n);
  queued_bytes_ -= n;
  queued_count_ -= before - queue_.count();
  written_ += n;
}

void LiveStream::write_out() {
  if (!socket_ || ended_ || writing_) return;
  while (!queue_.empty()) {
    std::array<asio::const_buffer, 32> parts;
    queue_.gather(parts.data(), parts.size());
    error_code ec;
    const auto sent = socket_->write_some(parts, ec);
    if (ec == asio::error::would_block) {
      writing_ = true;
      deadline_ = loop_->sweep_after(limits_.write_timeout);
      socket_->async_write_some(parts, [self = shared_from_this()](error_code failed, std::size_t n) {
        self->writing_ = false;
        if (self->ended_) return;
        if (failed) return self->end();
        self->deadline_ = 0;
        self->taken(n);
        self->write_out();
        if (self->progress_) self->progress_();
      });
      return;
    }
    if (ec) return end();
    taken(sent);
  }
  if (!closing_ || said_goodbye_) return;
  said_goodbye_ = true;
  over_ = true;
  error_code ec;
  socket_->shutdown(tcp::socket::shutdown_send, ec);
  deadline_ = loop_->sweep_after(limits_.linger_timeout);  // the other end closes, or we do
}

void LiveStream::read_on() {
  socket_->async_read_some(asio::buffer(ignored_), [self = shared_from_this()](error_code ec, std::size_t) {
    if (self->ended_) return;
    if (ec)
      self->end();
    else
      self->read_on();
  });
}

void LiveStream::end() {
  if (ended_.exchange(true)) return;
  over_ = true;
  queue_.clear();
  queued_bytes_ = queued_count_ = 0;
  const auto ended = std::exchange(on_end_, nullptr);
  progress_ = nullptr;
  if (socket_) {
    error_code ec;
    socket_->close(ec);
    leave_counts();
    loop_->remove(*this);
  }
  if (ended) ended();
}

void LiveStream::leave_counts() {
  if (!std::exchange(counted_, false)) return;
  --shared_->streams;
  --shared_->open;
}

}  // namespace

std::shared_ptr<SocketStream> make_stream(std::shared_ptr<ServerShared> shared) {
  return std::make_shared<LiveStream>(std::move(shared));
}

}  // namespace heliograph::http
