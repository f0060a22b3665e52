#include "tests/support/socket_client.hpp"

namespace heliograph::test {
namespace {

std::uint64_t number_of(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

void append_number(std::string& out, std::uint64_t number, int bytes) {
  while (bytes-- > 0) out.push_back(static_cast<char>(number >> (8 * bytes)));
}

}  // namespace

int SocketFrame::close_code() const {
  return payload.size() < 2 ? 1005 : static_cast<int>(number_of(payload.substr(0, 2)));
}

std::string frame_bytes(int opcode, std::string_view payload, bool last, bool masked) {
  std::string out;
  const int mask_bit = masked ? 0x80 : 0;
  out.push_back(static_cast<char>((last ? 0x80 : 0) | opcode));
  if (payload.size() < 126) {
    out.push_back(static_cast<char>(mask_bit | static_cast<int>(payload.size())));
  } else {
    const bool small = payload.size() < 65536;
    out.push_back(static_cast<char>(mask_bit | (small ? 126 : 127)));
    append_number(out, payload.size(), small ? 2 : 8);
  }
  const std::string mask = masked ? "\x37\xfa\x21\x3d" : std::string(4, '\0');
  if (masked) out += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) out.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
  return out;
}

std::string close_bytes(int code, std::string_view reason) {
  std::string payload;
  append_number(payload, static_cast<std::uint64_t>(code), 2);
  return frame_bytes(8, payload.append(reason));
}

Reply open_socket(HttpClient& client, const std::string& path,
                  const std::vector<std::pair<std::string, std::string>>& more) {
  std::string text = "GET " + path +
                     " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  for (const auto& [key, value] : more) text.append(key).append(": ").append(value).append("\r\n");
  if (!client.send(text + "\r\n")) return {};
  return client.read_stream_head();
}

std::optional<SocketFrame> read_frame(HttpClient& client) {
  const auto head = client.read_bytes(2);
  if (!head) return std::nullopt;
  const auto first = static_cast<unsigned char>((*head)[0]), second = static_cast<unsigned char>((*head)[1]);
  std::uint64_t size = second & 0x7fu;
  if (size >= 126) {
    const auto more = client.read_bytes(size == 126 ? 2 : 8);
    if (!more) return std::nullopt;
    size = number_of(*more);
  }
  SocketFrame frame{first & 0x0f, (first & 0x80u) != 0, (second & 0x80u) != 0, {}};
  auto payload = client.read_bytes(static_cast<std::size_t>(size));
  if (!payload) return std::nullopt;
  frame.payload = std::move(*payload);
  return frame;
}

}  // namespace heliograph::test
