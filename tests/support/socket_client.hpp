// The client's end of a WebSocket for tests, over any HttpClient: it can say everything that a client may say, and
// everything that it may not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/http_client.hpp"

namespace heliograph::test {

struct SocketFrame {
  int opcode = 0;  // as on the wire
  bool last = true, masked = false;
  std::string payload;
  int close_code() const;  // 1005 when there is none
};

/// A frame's bytes; unmasked when `masked` is false, which a client must not send.
std::string frame_bytes(int opcode, std::string_view payload, bool last = true, bool masked = true);
std::string close_bytes(int code, std::string_view reason = {});

/// Asks for the socket; the answer's head.
Reply open_socket(HttpClient& client, const std::string& path,
                  const std::vector<std::pair<std::string, std::string>>& more = {});
/// The next frame; nothing when the connection has ended.
std::optional<SocketFrame> read_frame(HttpClient& client);

}  // namespace heliograph::test
