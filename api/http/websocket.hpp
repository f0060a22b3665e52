// The words of WebSocket (RFC 6455): the handshake, frames out, frames in. Pure: bytes in, events or one failure out.
// Text messages only, no extensions. Sizes are bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/http/server.hpp"

namespace heliograph::http {

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// The answer to a Sec-WebSocket-Key.
std::string accept_key(std::string_view key);
/// Why `request` does not open a WebSocket (400, or 426 with the version that is spoken), or nothing.
std::optional<Response> refuse_handshake(const Request& request);

/// A whole frame of a server, so never masked. Requires: a control frame's payload has at most 125 bytes.
std::string socket_frame(Opcode opcode, std::string_view payload);
std::string close_frame(Close code, std::string_view reason);

/// What the other end said, once all of it was there.
struct SocketEvent {
  Opcode kind = Opcode::text;  // text, ping, pong or close
  std::string payload = {};    // of a close: the reason
  Close code = Close::no_code;
};

/// Reads what a client sends. After a failure it takes everything and says nothing more.
class FrameReader {
 public:
  explicit FrameReader(std::size_t message_bytes) : message_bytes_(message_bytes) {}

  /// Takes bytes off the front until something was said. Nothing: all are taken, or it failed.
  std::optional<SocketEvent> next(std::string_view& bytes);
  struct Failure {
    Close code = Close::protocol_error;
    std::string_view why;  // a literal
  };
  const std::optional<Failure>& failure() const { return failure_; }
  /// Frames that have begun, of all kinds.
  std::uint64_t frames() const { return frames_; }

 private:
  bool read_head(std::string_view& bytes);
  bool head_is_whole();
  bool begin_frame();
  bool begin_payload(std::uint64_t size);
  std::optional<SocketEvent> finish_frame();
  std::optional<SocketEvent> finish_close();
  bool fail(Close code, std::string_view why);
  bool is_control() const { return static_cast<std::uint8_t>(opcode_) >= 8; }

  const std::size_t message_bytes_;
  unsigned char head_[14] = {};
  std::size_t have_ = 0, wanted_ = 2;  // of the head
  bool in_payload_ = false, last_ = false, in_message_ = false;
  Opcode opcode_ = Opcode::text;
  unsigned char mask_[4] = {};
  std::size_t left_ = 0, at_ = 0;  // of the frame's payload
  std::string message_, control_;
  std::uint64_t frames_ = 0;
  std::optional<Failure> failure_;
};

}  // namespace heliograph::http
