// The words of HTTP that every route uses: request, response, limits. No socket, no thread, no library types.
// A request that a handler sees has passed the strict layer: its path is decoded, has no dot segments and is UTF-8.
// Sizes are bytes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heliograph::http {

/// The only methods that are served; everything else is refused before a handler could see it.
enum class Method : std::uint8_t { get, head, post, put, del, options };
std::string_view name(Method method);
std::optional<Method> parse_method(std::string_view text);

using Headers = std::vector<std::pair<std::string, std::string>>;
using Pairs = std::vector<std::pair<std::string, std::string>>;
/// Bytes rendered once and shared by everybody they are sent to.
using SharedText = std::shared_ptr<const std::string>;

/// ASCII only, as header names and media types are.
bool same_ignoring_case(std::string_view a, std::string_view b);
const std::string* find_header(const Headers& headers, std::string_view name);

/// Who asks, as the owner of the routes knows it.
class Caller {
 public:
  virtual ~Caller() = default;
  virtual std::string name() const = 0;  // for the process's own log: no secret
};

struct Request {
  Method method = Method::get;
  int minor_version = 1;  // of HTTP/1.x
  bool keep_alive = true;
  std::string target;  // as sent, at most Limits::target_bytes
  std::string path;    // percent-decoded, starts with '/' (or is "*")
  Pairs query;         // decoded, in order, duplicates kept
  Headers headers;
  std::string body;
  Pairs path_params;            // filled by the router
  std::string idempotency_key;  // filled by the router: unquoted, empty when not sent
  std::string peer;             // address of the other end, without the port
  bool secure = false;          // it came over TLS
  std::shared_ptr<const Caller> caller;  // set by RouterOptions::admit

  std::optional<std::string_view> header(std::string_view name) const;
  /// First value of that query parameter.
  std::optional<std::string_view> query_value(std::string_view name) const;
  std::vector<std::string_view> query_values(std::string_view name) const;
  /// Value of "{name}" in the route's path. Requires: the route has it.
  std::string_view param(std::string_view name) const;
};

/// What is taken of the body that a head announces.
struct BodyRule {
  std::size_t most = 0;
  bool let_in = true;  // false: from whoever sent this head nothing large is
};
using BodyRuleOf = std::function<BodyRule(const Request& head)>;

struct Response {
  int status = 200;
  Headers headers = {};
  std::string body = {};
  SharedText shared_body = {};  // sent instead of `body` when set; never copied
};

inline Response text_response(int status, std::string content_type, std::string body) {
  return Response{status, {{"Content-Type", std::move(content_type)}}, std::move(body), {}};
}
inline Response json_response(std::string body, int status = 200) {
  return text_response(status, "application/json", std::move(body));
}

/// Every bound of the server, in one place. Times are rounded up to the server's sweep (at most one second).
struct Limits {
  std::size_t head_bytes = 8 * 1024;
  std::size_t target_bytes = 2 * 1024;
  std::size_t headers = 64;
  std::size_t body_bytes = 8 * 1024 * 1024;
  std::size_t connections = 1024;
  std::size_t per_address = 0;  // of them from one address, or whoever it counts as (ServerOptions::seat_of); 0 = all of them
  std::size_t reserved = 64;  // beyond these: for urgent requests only; everything else there is told to come again
  std::size_t stream_queue_bytes = 4 * 1024 * 1024;  // what one stream may have waiting before it is cut
  std::size_t socket_message_bytes = 64 * 1024;       // of a WebSocket's message that comes in
  std::uint64_t socket_frames = 500;                  // that may come in on a WebSocket within socket_window
  std::size_t linger_bytes = 64 * 1024 * 1024;       // read and thrown away so that a refusal reaches its sender
  std::chrono::milliseconds head_timeout{10'000};     // for the first one, with the handshake of TLS
  std::chrono::milliseconds reserved_timeout{2'000};  // for all of a request on a reserved connection
  std::chrono::milliseconds body_timeout{30'000};  // per 32 KiB of body, or for all of a smaller one
  std::chrono::milliseconds idle_timeout{75'000};
  std::chrono::milliseconds write_timeout{30'000};  // without a byte taken by the other end
  std::chrono::milliseconds linger_timeout{5'000};
  std::chrono::milliseconds socket_window{10'000};
  std::chrono::milliseconds socket_ping{25'000};  // between two pings; two without a pong, and it is dropped
  std::chrono::milliseconds stop_grace{1'000};  // for answers under way when the server stops
};

}  // namespace heliograph::http
