#include "tests/support/http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

namespace heliograph::test {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

struct Tokens {
  std::mutex mutex;
  std::map<std::uint16_t, std::string> of_port;  // guarded by mutex
};
Tokens& tokens() {
  static Tokens all;
  return all;
}

std::string field(const std::string& json, const std::string& name) {
  const std::string mark = "\"" + name + "\":\"";
  const auto at = json.find(mark);
  return at == std::string::npos ? "" : json.substr(at + mark.size(), json.find('"', at + mark.size()) - at - mark.size());
}

/// With the token after the request's first line, when the whole of that line is there and nothing else says who asks.
std::string with_token(std::string_view bytes, std::uint16_t port) {
  const auto line = bytes.find("\r\n");
  const std::string token = owners_token(port);
  const bool is_request = line != std::string_view::npos && bytes.substr(0, line).ends_with(" HTTP/1.1");
  if (token.empty() || !is_request || bytes.find("\r\nAuthorization:") != std::string_view::npos || bytes.find("\r\nCookie:") != std::string_view::npos ||
      bytes.find("\r\nX-API-Key:") != std::string_view::npos)
    return std::string(bytes);
  return std::string(bytes.substr(0, line)) + "\r\nAuthorization: Bearer " + token + std::string(bytes.substr(line));
}

}  // namespace

std::string owners_token(std::uint16_t port) {
  const std::lock_guard lock(tokens().mutex);
  const auto found = tokens().of_port.find(port);
  return found == tokens().of_port.end() ? "" : found->second;
}

bool enter(std::uint16_t port) {
  {
    const std::lock_guard lock(tokens().mutex);
    tokens().of_port.erase(port);  // of another house that had it before
  }
  HttpClient client(port);
  const std::vector<std::pair<std::string, std::string>> type{{"Content-Type", "application/json"}};
  const std::string proof = "\"user\":\"anna\",\"password\":\"" + std::string(owners_password) + "\"";
  Reply in = client.request("POST", "/api/v1/setup", "{" + proof + "}", type);
  if (in.status == 409) in = client.request("POST", "/api/v1/auth/login", "{" + proof + "}", type);
  const std::string token = field(in.body, "access_token");
  if (token.empty()) return false;
  {
    const std::lock_guard lock(tokens().mutex);
    tokens().of_port[port] = token;
  }
  return client.request("POST", "/api/v1/auth/step-up", "{\"password\":\"" + std::string(owners_password) + "\"}", type).status == 200;
}

std::string Reply::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (lower(key) == lower(name)) return value;
  return {};
}

HttpClient::HttpClient(std::uint16_t port, int receive_buffer)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), port_(port) {
  const int on = 1;
  const timeval patience{20, 0};
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (receive_buffer > 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) close();
}

HttpClient::~HttpClient() { close(); }

void HttpClient::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

void HttpClient::finish_sending() { ::shutdown(socket_, SHUT_WR); }

long HttpClient::receive(char* into, std::size_t room) { return ::recv(socket_, into, room, 0); }

long HttpClient::transmit(const char* from, std::size_t size) { return ::send(socket_, from, size, MSG_NOSIGNAL); }

bool HttpClient::send(std::string_view given) {
  const std::string text = with_token(given, port_);
  std::string_view bytes = text;
  while (!bytes.empty()) {
    const auto n = transmit(bytes.data(), bytes.size());
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool HttpClient::fill() {
  char piece[64 * 1024];
  const auto n = receive(piece, sizeof piece);
  gave_up_ = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  if (n <= 0) return false;
  buffer_.append(piece, static_cast<std::size_t>(n));
  return true;
}

std::optional<std::string> HttpClient::take_until(std::string_view mark) {
  std::size_t at = 0;
  while ((at = buffer_.find(mark)) == std::string::npos)
    if (!fill()) return std::nullopt;
  auto text = buffer_.substr(0, at);
  buffer_.erase(0, at + mark.size());
  return text;
}

Reply HttpClient::parse_head(const std::string& head) const {
  Reply reply;
  if (head.size() > 12) reply.status = std::atoi(head.c_str() + 9);
  for (auto at = head.find("\r\n"); at != std::string::npos;) {
    at += 2;
    const auto end = head.find("\r\n", at);
    const auto line = head.substr(at, end == std::string::npos ? end : end - at);
    const auto colon = line.find(':'), value = colon == std::string::npos ? colon : line.find_first_not_of(' ', colon + 1);
    if (colon != std::string::npos) reply.headers.emplace_back(line.substr(0, colon), value == std::string::npos ? "" : line.substr(value));
    at = end;
  }
  return reply;
}

Reply HttpClient::read_reply(bool to_head) {
  const auto head = take_until("\r\n\r\n");
  if (!head) return {};
  auto reply = parse_head(*head);
  if (reply.status == 100) return reply;
  const auto length = std::strtoull(reply.header("Content-Length").c_str(), nullptr, 10);
  if (to_head) return reply;
  while (buffer_.size() < length)
    if (!fill()) return {};
  reply.body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  return reply;
}

Reply HttpClient::request(std::string_view method, std::string_view target, std::string_view body,
                          const std::vector<std::pair<std::string, std::string>>& headers) {
  std::string text(method);
  text.append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n");
  for (const auto& [key, value] : headers) text.append(key).append(": ").append(value).append("\r\n");
  if (!body.empty()) text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  text.append("\r\n").append(body);
  if (!send(text)) return {};
  return read_reply(method == "HEAD");
}

std::string HttpClient::read_all() {
  while (fill()) {}
  return std::exchange(buffer_, {});
}

std::optional<std::string> HttpClient::read_bytes(std::size_t count) {
  while (buffer_.size() < count)
    if (!fill()) return std::nullopt;
  auto bytes = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return bytes;
}

Reply HttpClient::read_stream_head() {
  const auto head = take_until("\r\n\r\n");
  return head ? parse_head(*head) : Reply{};
}

std::optional<StreamEvent> HttpClient::read_event() {
  auto block = take_until("\n\n");
  if (!block) return std::nullopt;
  StreamEvent event;
  *block += '\n';
  for (std::size_t at = 0, end; (end = block->find('\n', at)) != std::string::npos; at = end + 1) {
    const auto line = block->substr(at, end - at);
    if (line.rfind("event: ", 0) == 0)
      event.event = line.substr(7);
    else if (line.rfind("id: ", 0) == 0)
      event.id = line.substr(4);
    else if (line.rfind("data: ", 0) == 0)
      event.data = line.substr(6);
    else if (!line.empty() && line[0] == ':')
      event.comment = true;
  }
  return event;
}

}  // namespace heliograph::test
