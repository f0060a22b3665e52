// A blocking HTTP client for tests, on plain POSIX sockets and loopback only. It can send any bytes, right or wrong, in
// any pieces, and read answers and event streams. Every read gives up after 20 s, so a hang is a failure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heliograph::test {

struct Reply {
  int status = 0;  // 0: the connection ended before an answer
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string header(std::string_view name) const;  // empty when absent
};

struct StreamEvent {
  std::string event, id, data;
  bool comment = false;
};

/// Becomes the owner of the house that serves this port ("anna", made if the house is new), with a session that has just been stepped
/// up. From now on every request to the port carries her token, unless it brings credentials of its own. False when that fails.
bool enter(std::uint16_t port);
/// Her token there; empty when nobody entered.
std::string owners_token(std::uint16_t port);
inline constexpr std::string_view owners_password = "four words of a house";

class HttpClient {
 public:
  /// `receive_buffer` > 0 makes the kernel take little: a slow reader.
  explicit HttpClient(std::uint16_t port, int receive_buffer = 0);
  virtual ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Nobody's token is carried from now on.
  HttpClient& as_nobody() {
    port_ = 0;
    return *this;
  }
  /// False when the other end no longer takes it.
  bool send(std::string_view bytes);
  virtual void finish_sending();  // half-close
  void close();
  Reply read_reply(bool to_head = false);
  Reply request(std::string_view method, std::string_view target, std::string_view body = {},
                const std::vector<std::pair<std::string, std::string>>& headers = {});
  /// Everything up to the end of the connection.
  std::string read_all();
  /// Status line and headers of a streamed answer.
  Reply read_stream_head();
  /// Exactly so many; nothing when the connection ends before.
  std::optional<std::string> read_bytes(std::size_t count);
  /// True when nothing came for so long that a read gave up: the other end has not ended the connection.
  bool gave_up() const { return gave_up_; }
  /// The next event or comment; nothing when the stream has ended.
  std::optional<StreamEvent> read_event();

 protected:
  /// As ::recv and ::send do.
  virtual long receive(char* into, std::size_t room);
  virtual long transmit(const char* from, std::size_t size);
  int socket_ = -1;

 private:
  bool fill();
  std::optional<std::string> take_until(std::string_view mark);
  Reply parse_head(const std::string& head) const;
  std::uint16_t port_ = 0;
  bool gave_up_ = false;
  std::string buffer_;
};

}  // namespace heliograph::test
