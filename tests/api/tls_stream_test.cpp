// Streams over TLS: whole, in order, bounded, and honest about whether they were whole.
#include <catch2/catch.hpp>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>

#include "api/http/server.hpp"
#include "tests/api/secure_echo.hpp"
#include "tests/support/tls_client.hpp"

namespace heliograph::http {
namespace {

using test::TlsClient;

}  // namespace

TEST_CASE("TLS: a stream goes on until it is closed, and ends with a goodbye") {
  for (const unsigned threads : {1u, 3u}) {
    SecureEcho echo(quick(), threads);
    for (const int receive_buffer : {0, 4096}) {
      TlsClient client(echo.port(), {}, receive_buffer);
      REQUIRE(client.send(get("/stream")));
      CHECK(client.read_stream_head().header("Content-Length").empty());
      CHECK(client.read_all() == thousand_lines());
      CHECK(client.heard_goodbye());
    }
  }
}

TEST_CASE("TLS: a stream that nobody reads is cut at its limit, without a goodbye, its end is told") {
  auto limits = quick();
  limits.stream_queue_bytes = 1 << 20;
  std::mutex mutex;
  std::condition_variable changed;
  StreamHandle stream;
  bool ended = false;
  Server server;
  ServerOptions options;
  options.limits = limits;
  options.tls = house();
  REQUIRE(server
              .start(
                  "127.0.0.1:0",
                  [&](Request&&, Responder responder) {
                    std::lock_guard lock(mutex);
                    stream = responder.open_stream({});
                    stream->watch({}, [&] {
                      std::lock_guard inner(mutex);
                      ended = true;
                      changed.notify_all();
                    });
                    changed.notify_all();
                  },
                  options)
              .has_value());
  TlsClient client(server.port(), {}, 4096);
  REQUIRE(client.send(get("/")));
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return stream != nullptr; });
  const auto piece = std::make_shared<const std::string>(256 * 1024, 's');
  for (int i = 0; i < 200; ++i) stream->push(piece);
  changed.wait(lock, [&] { return ended; });
  CHECK(stream->closed());
  lock.unlock();
  client.read_all();
  CHECK_FALSE(client.heard_goodbye());
}

TEST_CASE("TLS: what is pushed while a record waits for a slow reader comes out in order") {
  std::promise<StreamHandle> opened;
  Server server;
  ServerOptions options;
  options.limits = quick();
  options.tls = house();
  REQUIRE(server
              .start(
                  "127.0.0.1:0", [&](Request&&, Responder responder) { opened.set_value(responder.open_stream({})); },
                  options)
              .has_value());
  TlsClient client(server.port(), {}, 4096);
  REQUIRE(client.send(get("/")));
  const auto stream = opened.get_future().get();
  std::string all;
  for (std::size_t i = 0; all.size() < 4'000'000; ++i) {
    const auto piece =
        std::make_shared<const std::string>(std::to_string(i) + std::string(i % 7 == 0 ? i % 20'000 : i % 50, '.'));
    all += *piece;
    stream->push(piece);
  }
  stream->close();
  CHECK(client.read_stream_head().status == 200);
  CHECK(client.read_all() == all);
  CHECK(client.heard_goodbye());
}

TEST_CASE("TLS: a stream that is broken off does not say that it was whole") {
  std::promise<StreamHandle> opened;
  Server server;
  ServerOptions options;
  options.tls = house();
  REQUIRE(server
              .start(
                  "127.0.0.1:0", [&](Request&&, Responder responder) { opened.set_value(responder.open_stream({})); },
                  options)
              .has_value());
  TlsClient client(server.port());
  REQUIRE(client.send(get("/")));
  CHECK(client.read_stream_head().status == 200);
  const auto stream = opened.get_future().get();
  stream->push(std::make_shared<const std::string>("the rest"), true);
  stream->abort();
  CHECK(client.read_all().empty());
  CHECK_FALSE(client.heard_goodbye());
}

}  // namespace heliograph::http
