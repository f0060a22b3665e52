// The server over TLS: who is let in, and that everything that works in plain works here, too.
#include <openssl/ssl.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "api/http/server.hpp"
#include "tests/api/secure_echo.hpp"
#include "tests/support/tls_client.hpp"

namespace heliograph::http {
namespace {

using std::chrono::milliseconds;
using test::HttpClient;
using test::TlsClient;

}  // namespace

TEST_CASE("TLS 1.2 and 1.3 are spoken, older ones are refused") {
  SecureEcho echo;
  struct Case {
    int version;
    bool good;
  };
  for (const auto& [version, good] :
       {Case{TLS1_VERSION, false}, {TLS1_1_VERSION, false}, {TLS1_2_VERSION, true}, {TLS1_3_VERSION, true}}) {
    INFO(std::hex << version);
    TlsClient client(echo.port(), {.version = version});
    REQUIRE(client.shaken() == good);
    if (good)
      CHECK(client.request("GET", "/x").body == "GET /x ");
    else
      CHECK(client.reason() == "tlsv1 alert protocol version");
  }
  CHECK(TlsClient(echo.port()).version() == "TLSv1.3");
}

TEST_CASE("only authenticated ciphers with a key that is thrown away") {
  SecureEcho echo;
  for (const auto* good :
       {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"})
    CHECK(TlsClient(echo.port(), {.version = TLS1_2_VERSION, .ciphers = good}).shaken());
  for (const auto* weak : {"ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA", "AES128-GCM-SHA256",
                           "AECDH-AES128-SHA", "ECDHE-ECDSA-NULL-SHA"}) {
    INFO(weak);
    CHECK_FALSE(TlsClient(echo.port(), {.version = TLS1_2_VERSION, .ciphers = weak}).shaken());
  }
}

TEST_CASE("hands are shaken once, and for HTTP/1.1 only") {
  SecureEcho echo;
  TlsClient again(echo.port(), {.version = TLS1_2_VERSION});
  REQUIRE(again.request("GET", "/x").status == 200);
  CHECK_FALSE(again.renegotiate());
  CHECK(again.reason() == "no renegotiation");
  TlsClient both(echo.port(), {.protocols = "\x02h2\x08http/1.1"}), none(echo.port());
  CHECK(both.protocol() == "http/1.1");
  CHECK(both.request("GET", "/x").status == 200);
  CHECK(none.protocol().empty());
  CHECK(none.request("GET", "/x").status == 200);
  TlsClient other(echo.port(), {.protocols = "\x02h2"});
  CHECK_FALSE(other.shaken());
  CHECK(other.reason() == "tlsv1 alert no application protocol");
}

TEST_CASE("keys may change under way, also on a stream and while a large answer waits") {
  SecureEcho echo;
  TlsClient client(echo.port(), {}, 4096);
  for (int i = 0; i < 20; ++i) {
    REQUIRE(client.change_keys());
    REQUIRE(client.request("GET", "/x").body == "GET /x ");
  }
  REQUIRE(client.send(get("/big")));
  REQUIRE(client.change_keys());
  CHECK(client.read_reply().body == std::string(8 << 20, 'b'));
  REQUIRE(client.send(get("/stream")));
  REQUIRE(client.change_keys());
  CHECK(client.read_stream_head().status == 200);
  CHECK(client.read_all() == thousand_lines());
}

TEST_CASE("a ticket spares the second handshake its work") {
  SecureEcho echo;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient first(echo.port(), {.version = version});
    REQUIRE(first.request("GET", "/x").status == 200);
    auto* ticket = first.session();
    TlsClient second(echo.port(), {.version = version, .resume = ticket});
    CHECK(second.resumed());
    CHECK(second.request("GET", "/x").status == 200);
    SSL_SESSION_free(ticket);
  }
}

TEST_CASE("a handler knows whether it is TLS, and every answer tells browsers to stay with it") {
  SecureEcho secure;
  Echo plain;
  CHECK(TlsClient(secure.port()).request("GET", "/secure").body == "yes");
  CHECK(HttpClient(plain.port()).request("GET", "/secure").body == "no");
  for (const auto* path : {"/x", "/never", "/stream", "/%00"}) {  // an answer, an error, a stream, a refusal
    INFO(path);
    TlsClient client(secure.port());
    HttpClient other(plain.port());
    CHECK(client.request("GET", path).header("Strict-Transport-Security") == "max-age=31536000; includeSubDomains");
    CHECK(other.request("GET", path).header("Strict-Transport-Security").empty());
  }
}

TEST_CASE("TLS: one connection serves a thousand requests in order") {
  SecureEcho echo;
  TlsClient client(echo.port());
  for (int i = 0; i < 1000; ++i) {
    const auto reply = client.request(i % 2 ? "POST" : "GET", "/" + std::to_string(i), i % 2 ? "body" : "");
    REQUIRE(reply.status == 200);
    REQUIRE(reply.body == (i % 2 ? "POST /" : "GET /") + std::to_string(i) + " " + (i % 2 ? "body" : ""));
  }
  CHECK(echo.server.stats().accepted == 1);
}

TEST_CASE("TLS: pipelined requests are answered in order, in one record or one record a byte") {
  SecureEcho echo;
  for (const bool in_bytes : {false, true}) {
    TlsClient client(echo.port());
    std::string all;
    for (int i = 0; i < 50; ++i) all += get(i % 5 == 0 ? "/late" : "/" + std::to_string(i));
    if (in_bytes)
      for (const char c : all) REQUIRE(client.send({&c, 1}));
    else
      REQUIRE(client.send(all));
    client.finish_sending();  // half-closed: everything asked is still answered
    for (int i = 0; i < 50; ++i)
      REQUIRE(client.read_reply().body == "GET /" + (i % 5 == 0 ? std::string("late") : std::to_string(i)) + " ");
    CHECK(client.read_all().empty());
    CHECK(client.heard_goodbye());
  }
}

TEST_CASE("TLS: large bodies arrive whole, both ways, also at a slow reader") {
  SecureEcho echo;
  std::string body(5'000'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + (i * 7919 >> 8) % 26);
  for (const int receive_buffer : {0, 4096}) {
    TlsClient client(echo.port(), {}, receive_buffer);
    CHECK(client.request("POST", "/x", body).body == "POST /x " + body);
    REQUIRE(client.send(get("/big") + get("/after")));
    CHECK(client.read_reply().body == std::string(8 << 20, 'b'));
    CHECK(client.read_reply().body == "GET /after ");
  }
}

TEST_CASE("TLS: what is too large is refused, and the refusal arrives") {
  auto limits = quick();
  limits.body_bytes = 1000;
  SecureEcho echo(limits);
  TlsClient body(echo.port()), head(echo.port());
  REQUIRE(body.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1001\r\n\r\n"));
  CHECK(body.read_reply().status == 413);
  REQUIRE(head.send("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: "));
  CHECK(head.send(std::string(5'000'000, 'a')));
  CHECK(head.read_reply().status == 431);
  CHECK(head.read_all().empty());
  CHECK(head.heard_goodbye());
  CHECK(echo.seen == 0);
}

TEST_CASE("a slow handshake is given up, and so is whoever shakes hands and says nothing") {
  auto limits = quick();
  limits.head_timeout = limits.body_timeout = limits.idle_timeout = milliseconds(40);
  SecureEcho echo(limits);
  const auto hello = test::client_hello();
  HttpClient half(echo.port()), whole(echo.port()), silent(echo.port());
  REQUIRE(half.send(hello.substr(0, hello.size() / 2)));
  REQUIRE(whole.send(hello));  // and nothing more: hands are not shaken
  CHECK(half.read_all().empty());
  CHECK_FALSE(whole.read_all().empty());
  CHECK(silent.read_all().empty());
  TlsClient shaken(echo.port()), slow_head(echo.port()), slow_body(echo.port());
  REQUIRE(slow_head.send("GET / HTTP/1.1\r\nHost: loc"));
  REQUIRE(slow_body.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nBO"));
  CHECK(shaken.read_all().empty());
  CHECK(shaken.heard_goodbye());
  CHECK(slow_head.read_reply().status == 408);
  CHECK(slow_body.read_reply().status == 408);
  CHECK(echo.seen == 0);
}

TEST_CASE("who speaks plain HTTP to a TLS port is told so, other noise is not answered") {
  SecureEcho echo;
  HttpClient plain(echo.port()), slow(echo.port()), noise(echo.port());
  const auto reply = plain.request("GET", "/x");
  CHECK(reply.status == 400);
  CHECK(reply.body.find("https://") != std::string::npos);
  CHECK(reply.header("Strict-Transport-Security").empty());
  CHECK(plain.read_all().empty());
  REQUIRE(slow.send("P"));
  CHECK(slow.read_reply().status == 400);
  REQUIRE(noise.send(std::string("\x80\x01\xff\x00", 4) + std::string(400, '\x55')));
  CHECK(noise.read_all().find("HTTP") == std::string::npos);
  CHECK(echo.seen == 0);
  CHECK(TlsClient(echo.port()).request("GET", "/x").status == 200);
}

TEST_CASE("a TLS client to a plain port is refused without a word of TLS") {
  Echo echo;
  TlsClient client(echo.port());
  CHECK_FALSE(client.shaken());
  CHECK(HttpClient(echo.port()).request("GET", "/x").status == 200);
}

TEST_CASE("clients that vanish in the handshake or after it leave nothing behind") {
  SecureEcho echo;
  const auto hello = test::client_hello();
  for (std::size_t cut = 0; cut <= hello.size(); cut += 7) {
    HttpClient client(echo.port());
    REQUIRE(client.send(hello.substr(0, cut)));
  }
  for (int i = 0; i < 20; ++i) {
    TlsClient client(echo.port());
    REQUIRE(
        client.send("POST /late HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(i) + "\r\n\r\nBODY"));
  }
  TlsClient big(echo.port(), {}, 4096);
  REQUIRE(big.send(get("/big")));
  big.close();
  CHECK(TlsClient(echo.port()).request("GET", "/x").status == 200);
}

TEST_CASE("TLS: an urgent request is served however many connections there are, shaken or not") {
  auto limits = quick();
  limits.connections = 2;
  limits.reserved = 2;
  SecureEcho echo(limits);
  const auto hello = test::client_hello();
  std::vector<std::unique_ptr<HttpClient>> slow;
  for (int i = 0; i < 10; ++i) {
    slow.push_back(std::make_unique<HttpClient>(echo.port()));
    slow.back()->send(hello.substr(0, 20));
  }
  TlsClient other(echo.port());
  CHECK(other.request("GET", "/").status == 503);
  TlsClient urgent(echo.port());
  const auto reply = urgent.request("POST", "/urgent", "now");
  CHECK(reply.status == 200);
  CHECK(reply.body == "POST /urgent now");
  CHECK(reply.header("Connection") == "close");
  CHECK(slow.back()->read_all().empty());  // its time on a reserved place is over: closed, with nothing to say yet
}

TEST_CASE("TLS: stopping answers what is under way and says goodbye to the others") {
  auto server = std::make_unique<Server>();
  std::mutex mutex;
  std::condition_variable arrived;
  std::vector<Responder> held;
  ServerOptions options;
  options.limits = quick();
  options.limits.stop_grace = milliseconds(10'000);  // not reached: the answer ends the wait
  options.tls = house();
  REQUIRE(server
              ->start(
                  "127.0.0.1:0",
                  [&](Request&& request, Responder responder) {
                    if (request.path != "/held") {
                      responder.send(Response{});
                      return;
                    }
                    std::lock_guard lock(mutex);
                    held.push_back(std::move(responder));
                    arrived.notify_one();
                  },
                  options)
              .has_value());
  TlsClient idle(server->port()), client(server->port());
  REQUIRE(idle.request("GET", "/x").status == 200);
  HttpClient shaking(server->port());
  REQUIRE(client.send(get("/held")));
  std::unique_lock lock(mutex);
  arrived.wait(lock, [&] { return !held.empty(); });
  std::thread stopping([&] { server->stop(); });
  CHECK(idle.read_all().empty());
  CHECK(idle.heard_goodbye());
  CHECK(shaking.read_all().empty());
  CHECK(held[0].send(text_response(200, "text/plain", "done")));
  CHECK(client.read_reply().body == "done");
  client.close();
  lock.unlock();
  stopping.join();
}

TEST_CASE("TLS: several loops serve many clients at once") {
  SecureEcho echo(quick(), 2);
  std::vector<std::thread> clients;
  std::atomic<int> good{0};
  for (int c = 0; c < 8; ++c)
    clients.emplace_back([&] {
      TlsClient client(echo.port());
      for (int i = 0; i < 50; ++i) good += client.request("GET", "/x").status == 200;
    });
  for (auto& client : clients) client.join();
  CHECK(good == 400);
}

}  // namespace heliograph::http
