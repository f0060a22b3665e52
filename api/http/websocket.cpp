#include "api/http/websocket.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <utility>

#include "api/http/problem.hpp"
#include "api/http/strict.hpp"
#include "events/base64.hpp"
#include "events/result.hpp"

namespace heliograph::http {
namespace {

constexpr std::size_t control_bytes = 125;

bool has_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    auto each = list.substr(0, comma);
    while (!each.empty() && (each.front() == ' ' || each.front() == '\t')) each.remove_prefix(1);
    while (!each.empty() && (each.back() == ' ' || each.back() == '\t')) each.remove_suffix(1);
    if (same_ignoring_case(each, token)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

bool any_header_has(const Request& request, std::string_view name, std::string_view token) {
  return std::any_of(request.headers.begin(), request.headers.end(), [&](const auto& header) {
    return same_ignoring_case(header.first, name) && has_token(header.second, token);
  });
}

auto times(const Request& request, std::string_view name) {
  return std::count_if(request.headers.begin(), request.headers.end(),
                       [&](const auto& header) { return same_ignoring_case(header.first, name); });
}

Response not_a_handshake(std::string detail) { return problem_response(400, "no-websocket", std::move(detail)); }

Response upgrade_required(std::string detail) {
  auto response = problem_response(426, "websocket-only", std::move(detail));
  response.headers.emplace_back("Upgrade", "websocket");
  response.headers.emplace_back("Sec-WebSocket-Version", "13");
  return response;
}

/// What may stand in a close frame: what RFC 6455 and the registry have defined, and what is left to applications.
bool may_be_sent(unsigned code) {
  if (code == 1004 || code == 1005 || code == 1006) return false;
  return (code >= 1000 && code <= 1014) || (code >= 3000 && code <= 4999);
}

}  // namespace

std::string accept_key(std::string_view key) {
  const auto text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  ensure(EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()), &size, EVP_sha1(),
                    nullptr) == 1,
         "OpenSSL knows SHA-1", "api/http/websocket.cpp");
  return base64({digest.data(), size});
}

std::optional<Response> refuse_handshake(const Request& request) {
  if (!any_header_has(request, "Upgrade", "websocket"))
    return upgrade_required("This address speaks WebSocket: open it as one.");
  if (request.method != Method::get || request.minor_version < 1 || !request.body.empty() ||
      !any_header_has(request, "Connection", "upgrade"))
    return not_a_handshake("A WebSocket is opened by GET, HTTP/1.1, \"Connection: Upgrade\" and no body.");
  if (times(request, "Sec-WebSocket-Version") != 1 || request.header("Sec-WebSocket-Version") != "13")
    return upgrade_required("Only version 13 of WebSocket is spoken here.");
  const auto key = from_base64(request.header("Sec-WebSocket-Key").value_or(""));
  if (times(request, "Sec-WebSocket-Key") != 1 || !key || key->size() != 16)
    return not_a_handshake("Sec-WebSocket-Key must be 16 bytes in base64, and sent once.");
  return std::nullopt;
}

std::string socket_frame(Opcode opcode, std::string_view payload) {
  const auto size = payload.size();
  ensure(static_cast<std::uint8_t>(opcode) < 8 || size <= control_bytes, "a control frame is short",
         "api/http/websocket.cpp");
  std::string out;
  out.reserve(size + 10);
  out.push_back(static_cast<char>(0x80u | static_cast<unsigned>(opcode)));
  unsigned size_bytes = 0;
  if (size <= control_bytes) {
    out.push_back(static_cast<char>(size));
  } else {
    size_bytes = size <= 0xffff ? 2 : 8;
    out.push_back(size_bytes == 2 ? 126 : 127);
  }
  for (unsigned i = size_bytes; i-- > 0;) out.push_back(static_cast<char>(static_cast<std::uint64_t>(size) >> (8 * i)));
  out.append(payload);
  return out;
}

std::string close_frame(Close code, std::string_view reason) {
  if (code == Close::no_code) return socket_frame(Opcode::close, {});
  const auto number = static_cast<unsigned>(code);
  ensure(may_be_sent(number), "this code is never sent", "api/http/websocket.cpp");
  std::string payload = {static_cast<char>(number >> 8), static_cast<char>(number & 0xff)};
  payload += reason.substr(0, control_bytes - 2);
  while (!is_utf8(std::string_view(payload).substr(2))) payload.pop_back();  // cut in the middle of a character
  return socket_frame(Opcode::close, payload);
}

bool FrameReader::fail(Close code, std::string_view why) {
  failure_ = Failure{code, why};
  message_ = {};
  control_ = {};
  return false;
}

std::optional<SocketEvent> FrameReader::next(std::string_view& bytes) {
  while (!failure_) {
    if (!in_payload_ && !read_head(bytes)) break;
    const auto n = std::min(left_, bytes.size());
    auto& into = is_control() ? control_ : message_;
    into.append(bytes.substr(0, n));
    for (auto* byte = into.data() + into.size() - n; byte != into.data() + into.size(); ++byte)
      *byte = static_cast<char>(static_cast<unsigned char>(*byte) ^ mask_[at_++ % 4]);
    bytes.remove_prefix(n);
    left_ -= n;
    if (left_ > 0) return std::nullopt;
    in_payload_ = false;
    if (auto said = finish_frame()) return said;
  }
  bytes = {};
  return std::nullopt;
}

/// True when the payload begins.
bool FrameReader::read_head(std::string_view& bytes) {
  while (!bytes.empty()) {
    head_[have_++] = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    if (have_ == 2 && !begin_frame()) return false;
    if (have_ == wanted_) return head_is_whole();
  }
  return false;
}

/// All that can be wrong with the first two bytes is said at once.
bool FrameReader::begin_frame() {
  ++frames_;
  const unsigned number = head_[0] & 0x0fu, size = head_[1] & 0x7fu;
  opcode_ = static_cast<Opcode>(number);
  last_ = (head_[0] & 0x80u) != 0;
  if ((head_[0] & 0x70u) != 0) return fail(Close::protocol_error, "no extension was agreed on");
  if ((number > 2 && number < 8) || number > 10) return fail(Close::protocol_error, "unknown kind of frame");
  if ((head_[1] & 0x80u) == 0) return fail(Close::protocol_error, "frames of a client are masked");
  if (is_control() && (!last_ || size > control_bytes))
    return fail(Close::protocol_error, "a control frame is short and whole");
  if (opcode_ == Opcode::binary) return fail(Close::unsupported, "only text is taken");
  if (opcode_ == Opcode::text && in_message_) return fail(Close::protocol_error, "the message before is not complete");
  if (opcode_ == Opcode::continuation && !in_message_) return fail(Close::protocol_error, "nothing to continue");
  wanted_ = 2u + (size == 126 ? 2u : size == 127 ? 8u : 0u) + 4u;
  return true;
}

bool FrameReader::head_is_whole() {
  const std::size_t size_bytes = wanted_ - 6;
  std::uint64_t size = head_[1] & 0x7fu;
  if (size_bytes > 0) {
    size = 0;
    for (std::size_t i = 0; i < size_bytes; ++i) size = size << 8 | head_[2 + i];
    if (size < (size_bytes == 2 ? 126u : 65536u) || size >> 63 != 0)
      return fail(Close::protocol_error, "a size is written the shortest way");
  }
  std::copy_n(head_ + wanted_ - 4, 4, mask_);
  have_ = 0;
  wanted_ = 2;
  return begin_payload(size);
}

bool FrameReader::begin_payload(std::uint64_t size) {
  if (!is_control() && size > message_bytes_ - message_.size()) return fail(Close::too_big, "the message is too big");
  if (!is_control()) in_message_ = true;
  left_ = static_cast<std::size_t>(size);
  at_ = 0;
  in_payload_ = true;
  return true;
}

std::optional<SocketEvent> FrameReader::finish_frame() {
  if (opcode_ == Opcode::close) return finish_close();
  if (is_control()) return SocketEvent{opcode_, std::exchange(control_, {})};
  if (!last_) return std::nullopt;
  in_message_ = false;
  if (!is_utf8(message_)) {
    fail(Close::not_utf8, "the message is no UTF-8");
    return std::nullopt;
  }
  return SocketEvent{Opcode::text, std::exchange(message_, {})};
}

std::optional<SocketEvent> FrameReader::finish_close() {
  const auto payload = std::exchange(control_, {});
  if (payload.empty()) return SocketEvent{Opcode::close};
  const unsigned code = payload.size() < 2 ? 0
                                           : static_cast<unsigned>(static_cast<unsigned char>(payload[0])) << 8 |
                                                 static_cast<unsigned char>(payload[1]);
  if (!may_be_sent(code))
    fail(Close::protocol_error, "no such close code");
  else if (!is_utf8(std::string_view(payload).substr(2)))
    fail(Close::not_utf8, "the reason is no UTF-8");
  else
    return SocketEvent{Opcode::close, payload.substr(2), static_cast<Close>(code)};
  return std::nullopt;
}

}  // namespace heliograph::http
