// A server for tests of the server itself, plain or over TLS: what it answers says what it was asked.
#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "api/http/server.hpp"

namespace heliograph::http {

inline Limits quick() {
  Limits limits;
  limits.linger_timeout = std::chrono::milliseconds(500);
  limits.stop_grace = std::chrono::milliseconds(200);
  limits.reserved_timeout = std::chrono::milliseconds(300);
  return limits;
}

/// Answers method, path and body; "/late" from another thread, "/never" not at all, "/big" 8 MiB, "/throw" badly,
/// "/secure" whether it came over TLS, "/stream" with a stream of 1,000 lines.
class Echo {
 public:
  explicit Echo(Limits limits = quick(), unsigned threads = 1, std::optional<TlsOptions> tls = {}) {
    ServerOptions options;
    options.limits = limits;
    options.threads = threads;
    options.tls = std::move(tls);
    options.urgent = [](const Request& request) { return request.path == "/urgent"; };
    const auto started = server.start(
        "127.0.0.1:0", [this](Request&& r, Responder a) { answer(std::move(r), std::move(a)); }, options);
    REQUIRE(started.has_value());
  }
  ~Echo() {
    server.stop();
    for (auto& thread : threads_) thread.join();
  }
  std::uint16_t port() const { return server.port(); }

  Server server;
  std::atomic<int> seen{0};

 private:
  void answer(Request&& request, Responder responder) {
    ++seen;
    if (request.path == "/never") return;
    if (request.path == "/throw") throw std::runtime_error("a handler's mistake");
    if (request.path == "/big") {
      static const auto big = std::make_shared<const std::string>(8 << 20, 'b');
      responder.send(Response{200, {{"Content-Type", "text/plain"}}, {}, big});
      return;
    }
    if (request.path == "/secure") {
      responder.send(text_response(200, "text/plain", request.secure ? "yes" : "no"));
      return;
    }
    if (request.path == "/stream") {
      threads_.emplace_back([stream = responder.open_stream({{"Content-Type", "text/plain"}})] {
        for (int i = 0; i < 1000; ++i) stream->push(std::make_shared<const std::string>(std::to_string(i) + "\n"));
        stream->close();
      });
      return;
    }
    auto text = std::string(name(request.method)) + " " + request.path + " " + request.body;
    if (request.path != "/late") {
      responder.send(text_response(200, "text/plain", std::move(text)));
      return;
    }
    threads_.emplace_back([responder = std::move(responder), text = std::move(text)] {
      responder.send(text_response(200, "text/plain", text));
    });
  }
  std::vector<std::thread> threads_;  // touched by the loop, then by the destructor after stop
};

inline std::string get(const std::string& path, const std::string& extra = {}) {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + extra + "\r\n";
}

}  // namespace heliograph::http
