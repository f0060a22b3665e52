// A WebSocket that lives: messages of a handler into frames, frames of the other end into messages, pings, and the end
// of it with its code. A stream carries its bytes.
#include <atomic>
#include <exception>
#include <utility>

#include "api/http/loop.hpp"
#include "api/http/websocket.hpp"

namespace heliograph::http {
namespace {

SharedText shared_text(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

/// The stream owns it, so it knows its stream only as long as that lives. Everything but the calls of Socket happens on
/// the stream loop's thread.
class LiveSocket final : public Socket, public StreamReader, public std::enable_shared_from_this<LiveSocket> {
 public:
  LiveSocket(const std::shared_ptr<ServerShared>& shared, SocketWatch watch)
      : loop_(shared->stream_loop),
        limits_(shared->options.limits),
        watch_(std::move(watch)),
        reader_(limits_.socket_message_bytes) {}

  void carry_by(const std::shared_ptr<SocketStream>& stream) { stream_ = stream; }

  void send(const SocketMessage& message, bool hold) override {
    if (const auto stream = stream_.lock()) stream->push(message.frame, hold);
  }
  void flush() override {
    if (const auto stream = stream_.lock()) stream->flush();
  }
  void close(Close code, std::string reason) override {
    if (!loop_->is_this_thread())
      loop_->post([self = shared_from_this(), code, reason = std::move(reason)] { self->begin_close(code, reason); });
    else
      begin_close(code, reason);
  }
  void abort() override {
    if (const auto stream = stream_.lock()) stream->abort();
  }
  bool closed() const override {
    const auto stream = stream_.lock();
    return leaving_ || !stream || stream->closed();
  }
  std::size_t queued_bytes() const override {
    const auto stream = stream_.lock();
    return stream ? stream->queued_bytes() : 0;
  }
  std::size_t queued_count() const override {
    const auto stream = stream_.lock();
    return stream ? stream->queued_count() : 0;
  }

  void on_bytes(std::string_view bytes) override;
  void on_sweep() override;
  void on_progress() override {
    if (watch_.progress) watch_.progress();
  }
  void on_stop() override {
    if (state_ == State::open) say_close(Close::going_away, "the server stops");
  }
  void on_end() override {
    state_ = State::over;
    leaving_ = true;
    const auto watch = std::exchange(watch_, {});
    if (watch.ended) watch.ended(ended_with_);
  }

 private:
  enum class State : std::uint8_t { open, closing, over };  // closing: we have said so, the other end has not

  void hear(SocketEvent said);
  void hear_message(std::string&& text);
  void begin_close(Close code, std::string_view reason);
  void say_close(Close code, std::string_view reason);
  void finish(Close code, std::string_view reason);
  void fail(Close code, std::string_view why);
  bool too_many() const { return reader_.frames() - frames_before_ > limits_.socket_frames; }

  std::shared_ptr<ServerLoop> loop_;
  const Limits limits_;
  SocketWatch watch_;
  FrameReader reader_;
  std::weak_ptr<SocketStream> stream_;  // set before anybody else knows of us
  State state_ = State::open;
  Close ended_with_ = Close::abnormal;
  std::uint64_t window_ends_ = 0, frames_before_ = 0;
  std::uint64_t next_ping_ = 0, give_up_ = 0;
  int unanswered_ = 0;
  std::atomic<bool> leaving_{false};
};

void LiveSocket::on_bytes(std::string_view bytes) {
  while (state_ != State::over) {
    auto said = reader_.next(bytes);
    if (reader_.failure()) return fail(reader_.failure()->code, reader_.failure()->why);
    if (too_many()) return fail(Close::policy, "too many frames: send fewer");
    if (!said) return;
    hear(std::move(*said));
  }
}

void LiveSocket::hear(SocketEvent said) {
  switch (said.kind) {
    case Opcode::close: return finish(said.code, {});
    case Opcode::pong: unanswered_ = 0; return;
    case Opcode::ping:
      if (const auto stream = stream_.lock(); stream && state_ == State::open)
        stream->push(shared_text(socket_frame(Opcode::pong, said.payload)), false);
      return;
    default:
      if (state_ == State::open) hear_message(std::move(said.payload));
  }
}

void LiveSocket::hear_message(std::string&& text) {
  if (!watch_.message) return;
  try {
    const auto message = watch_.message;  // the socket may end within
    message(shared_from_this(), std::move(text));
  } catch (const std::exception&) { fail(Close::internal_error, "the server lost this message"); }
}

void LiveSocket::begin_close(Close code, std::string_view reason) {
  if (state_ != State::open) return;
  say_close(code, reason);
  state_ = State::closing;
  give_up_ = loop_->sweep_after(limits_.linger_timeout);
}

void LiveSocket::say_close(Close code, std::string_view reason) {
  leaving_ = true;
  if (const auto stream = stream_.lock()) stream->push_last(shared_text(close_frame(code, reason)));
}

/// The last word of both is said, or ours was the last that the other end gets.
void LiveSocket::finish(Close code, std::string_view reason) {
  if (state_ == State::open) say_close(code, reason);
  state_ = State::over;
  ended_with_ = code;
  if (const auto stream = stream_.lock()) stream->close();
}

void LiveSocket::fail(Close code, std::string_view why) {
  if (state_ != State::over) finish(code, why);
}

void LiveSocket::on_sweep() {
  const auto now = loop_->sweep();
  if (now >= window_ends_) {
    window_ends_ = loop_->sweep_after(limits_.socket_window);
    frames_before_ = reader_.frames();
  }
  if (state_ == State::closing && now >= give_up_) return abort();
  if (state_ != State::open) return;
  if (next_ping_ == 0) next_ping_ = loop_->sweep_after(limits_.socket_ping);
  if (now < next_ping_) return;
  next_ping_ = loop_->sweep_after(limits_.socket_ping);
  if (unanswered_ == 2) return abort();
  ++unanswered_;
  if (const auto stream = stream_.lock()) stream->push(shared_text(socket_frame(Opcode::ping, {})), false);
}

}  // namespace

SocketMessage::SocketMessage(std::string_view text) : frame(shared_text(socket_frame(Opcode::text, text))) {}

std::pair<SocketHandle, std::shared_ptr<SocketStream>> make_socket(std::shared_ptr<ServerShared> shared,
                                                                   SocketWatch watch) {
  auto socket = std::make_shared<LiveSocket>(shared, std::move(watch));
  auto stream = make_stream(std::move(shared), socket);
  socket->carry_by(stream);
  return {std::move(socket), std::move(stream)};
}

}  // namespace heliograph::http
