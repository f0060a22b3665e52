// WebSockets on a real server, plain and over TLS: messages both ways, the rules that end one, and how it ends.
#include <catch2/catch.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "api/http/server.hpp"
#include "tests/api/echo.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/socket_client.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/tls_client.hpp"

namespace heliograph::http {
namespace {

using std::chrono::milliseconds;
using test::close_bytes;
using test::frame_bytes;
using test::HttpClient;
using test::read_frame;

/// Sends every message back. "bye" closes with 4401, "abort" ends at once, "throw" throws.
class EchoSocket {
 public:
  explicit EchoSocket(Limits limits = quick(), std::optional<TlsOptions> tls = {}, unsigned threads = 1) {
    ServerOptions options;
    options.limits = limits;
    options.tls = std::move(tls);
    options.threads = threads;
    const auto started = server.start(
        "127.0.0.1:0", [this](Request&& request, Responder responder) { open(request, responder); }, options);
    REQUIRE(started.has_value());
  }
  ~EchoSocket() { server.stop(); }

  SocketHandle socket() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return socket_ != nullptr; });
    return socket_;
  }
  /// The code that the last socket ended with, once it has.
  Close ended() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended_.has_value(); });
    return *std::exchange(ended_, {});
  }

  Server server;

 private:
  void open(const Request& request, const Responder& responder) {
    SocketWatch watch;
    watch.message = [](const SocketHandle& from, std::string&& text) {
      if (text == "throw") throw std::runtime_error("a handler's mistake");
      if (text == "bye") from->close(Close::not_authenticated, "the token has run out");
      if (text == "abort") from->abort();
      from->send(SocketMessage(text));
    };
    watch.ended = [this](Close code) {
      std::lock_guard lock(mutex_);
      ended_ = code;
      changed_.notify_all();
    };
    auto opened = responder.open_socket(request, std::move(watch), {{"Sec-WebSocket-Protocol", "heliograph"}});
    std::lock_guard lock(mutex_);
    socket_ = std::move(opened);
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  SocketHandle socket_;         // guarded by mutex_
  std::optional<Close> ended_;  // guarded by mutex_
};

struct Opened : HttpClient {
  explicit Opened(const EchoSocket& echo, int receive_buffer = 0) : HttpClient(echo.server.port(), receive_buffer) {
    REQUIRE(test::open_socket(*this, "/ws").status == 101);
  }
};

/// The close frame's code, after whatever comes before it; then the connection must end.
int read_close(HttpClient& client) {
  while (const auto frame = read_frame(client)) {
    if (frame->opcode != 8) continue;
    const int code = frame->close_code();
    CHECK(client.read_all().empty());
    return code;
  }
  return 1006;
}

}  // namespace

TEST_CASE("a socket is opened with the answer to its key, and sends messages back") {
  EchoSocket echo;
  HttpClient client(echo.server.port());
  const auto head = test::open_socket(client, "/ws");
  CHECK(head.status == 101);
  CHECK(head.header("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  CHECK(head.header("Upgrade") == "websocket");
  CHECK(head.header("Connection") == "Upgrade");
  CHECK(head.header("Sec-WebSocket-Protocol") == "heliograph");
  CHECK(head.header("Sec-WebSocket-Extensions").empty());
  CHECK(head.header("X-Content-Type-Options") == "nosniff");
  CHECK(head.header("Content-Length").empty());
  for (const auto& text : {std::string("hello"), std::string(), std::string(65'536, 'x'), std::string("gr\xc3\xbcn")}) {
    REQUIRE(client.send(frame_bytes(1, text)));
    const auto back = read_frame(client);
    REQUIRE(back.has_value());
    CHECK(back->opcode == 1);
    CHECK(back->last);
    CHECK_FALSE(back->masked);
    CHECK(back->payload == text);
  }
  CHECK(echo.server.stats().streams == 1);
}

TEST_CASE("what is no handshake is refused on a connection that goes on") {
  EchoSocket echo;
  HttpClient client(echo.server.port());
  const auto plain = client.request("GET", "/ws");
  CHECK(plain.status == 426);
  CHECK(plain.header("Upgrade") == "websocket");
  const auto old = client.request(
      "GET", "/ws", "", {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Version", "8"}});
  CHECK(old.status == 426);
  CHECK(old.header("Sec-WebSocket-Version") == "13");
  const auto keyless = client.request(
      "GET", "/ws", "", {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Version", "13"}});
  CHECK(keyless.status == 400);
  CHECK(echo.socket()->closed());
  CHECK(test::open_socket(client, "/ws").status == 101);
}

TEST_CASE("frames that come with the handshake, in pieces and out of order with control frames are all heard") {
  EchoSocket echo(quick(), {}, 3);
  HttpClient client(echo.server.port());
  const std::string ask =
      "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  REQUIRE(client.send(ask + frame_bytes(1, "early")));
  CHECK(client.read_stream_head().status == 101);
  CHECK(read_frame(client)->payload == "early");
  const auto bytes = frame_bytes(1, "frag", false) + frame_bytes(9, "are you there") + frame_bytes(0, "men", false) +
                     frame_bytes(0, "ts");
  for (const char c : bytes) REQUIRE(client.send({&c, 1}));
  const auto pong = read_frame(client);
  REQUIRE(pong.has_value());
  CHECK(pong->opcode == 10);
  CHECK(pong->payload == "are you there");
  CHECK(read_frame(client)->payload == "fragments");
}

TEST_CASE("what may not be said ends the socket with its code, and the handler hears it") {
  EchoSocket echo;
  struct Case {
    std::string what, bytes;
    int code;
  };
  const std::vector<Case> cases = {
      {"an unmasked frame", frame_bytes(1, "a", true, false), 1002},
      {"a ping of 126 bytes", frame_bytes(9, std::string(126, 'p')), 1002},
      {"binary", frame_bytes(2, "a"), 1003},
      {"no UTF-8", frame_bytes(1, "\xff"), 1007},
      {"64 KiB and one byte", frame_bytes(1, std::string(65'537, 'x')), 1009},
      {"a handler's mistake", frame_bytes(1, "throw"), 1011},
  };
  for (const auto& each : cases) {
    INFO(each.what);
    Opened client(echo);
    client.send(each.bytes + frame_bytes(1, "after"));
    CHECK(read_close(client) == each.code);
    client.close();
    CHECK(static_cast<int>(echo.ended()) == each.code);
    CHECK(echo.socket()->closed());
  }
}

TEST_CASE("too many frames end the socket with 1008, be they messages, pings or fragments") {
  auto limits = quick();
  limits.socket_frames = 100;
  limits.socket_window = milliseconds(600'000);
  EchoSocket echo(limits);
  std::string pings, messages, fragments = frame_bytes(1, "", false);
  for (int i = 0; i < 200; ++i) {
    pings += frame_bytes(9, "");
    messages += frame_bytes(1, "m");
    fragments += frame_bytes(0, "f", false);
  }
  for (const auto* flood : {&pings, &messages, &fragments}) {
    Opened client(echo);
    client.send(*flood);
    CHECK(read_close(client) == 1008);
    client.close();
    CHECK(echo.ended() == Close::policy);
  }
  Opened calm(echo);
  for (int i = 0; i < 50; ++i) {
    REQUIRE(calm.send(frame_bytes(1, "m")));
    CHECK(read_frame(calm)->payload == "m");
  }
}

TEST_CASE("a window of frames passes, and the next begins") {
  auto limits = quick();
  limits.socket_frames = 20;
  limits.socket_window = milliseconds(40);
  limits.socket_ping = milliseconds(100);  // tells that windows have passed
  EchoSocket echo(limits);
  Opened client(echo);
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 10; ++i) REQUIRE(client.send(frame_bytes(1, "m")));
    for (int i = 0; i < 10;) {
      const auto frame = read_frame(client);
      REQUIRE(frame.has_value());
      i += frame->opcode == 1;
      if (frame->opcode == 9) REQUIRE(client.send(frame_bytes(10, "")));
    }
    for (auto frame = read_frame(client); true; frame = read_frame(client)) {
      REQUIRE(frame.has_value());
      if (frame->opcode == 9) break;
    }
    REQUIRE(client.send(frame_bytes(10, "")));
  }
}

TEST_CASE("the client closes: its code comes back, and the connection ends") {
  EchoSocket echo;
  for (const int code : {1000, 1001, 4000}) {
    Opened client(echo);
    REQUIRE(client.send(frame_bytes(1, "last") + close_bytes(code, "bye") + frame_bytes(1, "after")));
    CHECK(read_frame(client)->payload == "last");
    CHECK(read_close(client) == code);
    client.close();
    CHECK(static_cast<int>(echo.ended()) == code);
  }
  Opened silent(echo);
  REQUIRE(silent.send(frame_bytes(8, "")));
  const auto back = read_frame(silent);
  REQUIRE(back.has_value());
  CHECK(back->payload.empty());
  silent.close();
  CHECK(echo.ended() == Close::no_code);
}

TEST_CASE("the handler closes: the code goes out after what was queued, and nothing comes after it") {
  auto limits = quick();
  limits.linger_timeout = milliseconds(60'000);  // nobody is cut because of time
  EchoSocket echo(limits);
  Opened client(echo);
  REQUIRE(client.send(frame_bytes(1, "bye")));
  const auto frame = read_frame(client);
  REQUIRE(frame.has_value());
  CHECK(frame->opcode == 8);
  CHECK(frame->close_code() == 4401);
  CHECK(frame->payload.substr(2) == "the token has run out");
  CHECK(echo.socket()->closed());
  echo.socket()->send(SocketMessage("too late"));
  REQUIRE(client.send(frame_bytes(1, "not heard any more") + close_bytes(4401)));
  CHECK(client.read_all().empty());
  client.close();
  CHECK(echo.ended() == Close::not_authenticated);
}

TEST_CASE("who does not answer a close is left after a while") {
  auto limits = quick();
  limits.linger_timeout = milliseconds(40);
  EchoSocket echo(limits);
  Opened client(echo);
  echo.socket()->close(Close::going_away, "moving");
  CHECK(read_close(client) == 1001);  // and the connection ends although we say nothing
  CHECK(echo.ended() == Close::abnormal);
}

TEST_CASE("two pings without a pong, and the socket is dropped, with pongs it lives") {
  auto limits = quick();
  limits.socket_ping = milliseconds(20);
  EchoSocket echo(limits);
  {
    Opened deaf(echo);
    int pings = 0;
    while (const auto frame = read_frame(deaf)) pings += frame->opcode == 9;
    CHECK(pings == 2);
    CHECK(echo.ended() == Close::abnormal);
  }
  Opened alive(echo);
  for (int i = 0; i < 10; ++i) {
    const auto frame = read_frame(alive);
    REQUIRE(frame.has_value());
    CHECK(frame->opcode == 9);
    REQUIRE(alive.send(frame_bytes(10, frame->payload)));
  }
}

TEST_CASE("one rendered message goes to many sockets, from any thread") {
  EchoSocket echo(quick(), {}, 3);
  std::vector<std::unique_ptr<Opened>> clients;
  std::vector<SocketHandle> sockets;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::make_unique<Opened>(echo));
    sockets.push_back(echo.socket());
  }
  const SocketMessage shared(std::string(100'000, 's'));
  const auto users = shared.frame.use_count();
  std::thread writer([&] {
    for (int round = 0; round < 20; ++round)
      for (const auto& socket : sockets) socket->send(shared, round % 2 == 0);
    for (const auto& socket : sockets) socket->flush();
  });
  for (const auto& client : clients)
    for (int round = 0; round < 20; ++round) {
      const auto frame = read_frame(*client);
      REQUIRE(frame.has_value());
      REQUIRE(frame->payload.size() == 100'000);
    }
  writer.join();
  clients.clear();
  CHECK(users == 1);
}

TEST_CASE("a socket that does not read is cut at its limit") {
  auto limits = quick();
  limits.stream_queue_bytes = 1 << 20;
  EchoSocket echo(limits);
  Opened client(echo, 4096);
  const auto socket = echo.socket();
  const SocketMessage piece(std::string(256 * 1024, 's'));
  for (int i = 0; i < 200; ++i) socket->send(piece);
  CHECK(echo.ended() == Close::abnormal);
  CHECK(socket->closed());
  CHECK(socket->queued_bytes() == 0);
}

TEST_CASE("sockets end with whoever vanishes, with an abort, and with the server") {
  EchoSocket echo;
  {
    Opened vanishes(echo);
    vanishes.send(frame_bytes(1, "half").substr(0, 5));
  }
  CHECK(echo.ended() == Close::abnormal);
  Opened aborted(echo);
  REQUIRE(aborted.send(frame_bytes(1, "abort")));
  CHECK(aborted.read_all().empty());
  CHECK(echo.ended() == Close::abnormal);
  Opened last(echo);
  const auto socket = echo.socket();
  echo.server.stop();
  CHECK(read_close(last) == 1001);
  CHECK(echo.ended() == Close::abnormal);
  CHECK(socket->closed());
  socket->send(SocketMessage("nobody hears it"));
  socket->close(Close::normal);
}

TEST_CASE("a socket over TLS does what one without does") {
  testing::TempDir folder;
  testing::Authority authority(folder.path(), "house");
  const auto pair = authority.issue("hub", "DNS:localhost");
  EchoSocket echo(quick(), TlsOptions{pair.certificate_file, pair.key_file}, 2);
  test::TlsClient client(echo.server.port());
  const auto head = test::open_socket(client, "/ws");
  CHECK(head.status == 101);
  CHECK(head.header("Strict-Transport-Security") == "max-age=31536000; includeSubDomains");
  for (const std::size_t size : {0u, 5u, 65'536u}) {
    REQUIRE(client.send(frame_bytes(1, std::string(size, 'x'))));
    CHECK(read_frame(client)->payload == std::string(size, 'x'));
  }
  REQUIRE(client.send(close_bytes(1000)));
  CHECK(read_close(client) == 1000);
  CHECK(client.heard_goodbye());
  client.close();
  CHECK(echo.ended() == Close::normal);
}

TEST_CASE("an answered request opens no socket") {
  Server server;
  std::mutex mutex;
  bool closed = false;
  REQUIRE(server
              .start("127.0.0.1:0",
                     [&](Request&& request, Responder responder) {
                       responder.send(text_response(200, "text/plain", "first"));
                       std::lock_guard lock(mutex);
                       closed = responder.open_socket(request, {})->closed();
                     })
              .has_value());
  HttpClient client(server.port());
  CHECK(test::open_socket(client, "/ws").status == 200);
  server.stop();
  CHECK(closed);
}

}  // namespace heliograph::http
