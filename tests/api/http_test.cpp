// The server over real loopback sockets: what is answered, what is refused, and that nothing hangs or leaks.
#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "api/http/server.hpp"
#include "api/http/writer.hpp"
#include "api/http/problem.hpp"
#include "tests/api/echo.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/http_client.hpp"

namespace heliograph::http {
namespace {

using std::chrono::milliseconds;
using test::HttpClient;
using testing::eventually;

}  // namespace

TEST_CASE("one connection serves a thousand requests in order") {
  Echo echo;
  HttpClient client(echo.port());
  for (int i = 0; i < 1000; ++i) {
    const auto reply = client.request(i % 2 ? "POST" : "GET", "/" + std::to_string(i), i % 2 ? "body" : "");
    REQUIRE(reply.status == 200);
    REQUIRE(reply.body == (i % 2 ? "POST /" : "GET /") + std::to_string(i) + " " + (i % 2 ? "body" : ""));
  }
  CHECK(echo.server.stats().accepted == 1);
  CHECK(echo.server.stats().requests == 1000);
}

TEST_CASE("pipelined requests are answered in order, also when some answers come later from other threads") {
  Echo echo;
  HttpClient client(echo.port());
  std::string all;
  for (int i = 0; i < 50; ++i) all += get(i % 5 == 0 ? "/late" : "/" + std::to_string(i));
  REQUIRE(client.send(all));
  client.finish_sending();  // half-closed: everything asked is still answered
  for (int i = 0; i < 50; ++i)
    REQUIRE(client.read_reply().body == "GET /" + (i % 5 == 0 ? std::string("late") : std::to_string(i)) + " ");
  CHECK(client.read_all().empty());
}

TEST_CASE("every answer carries the security headers and its length") {
  Echo echo;
  HttpClient client(echo.port());
  for (const auto* path : {"/a", "/never", "/%00"}) {
    const auto reply = client.request("GET", path);
    INFO(path);
    CHECK(reply.header("X-Content-Type-Options") == "nosniff");
    CHECK(reply.header("Referrer-Policy") == "no-referrer");
    CHECK(reply.header("X-Frame-Options") == "DENY");
    CHECK(reply.header("Cache-Control") == "no-store");
    CHECK(reply.header("Cross-Origin-Opener-Policy") == "same-origin");
    CHECK(reply.header("Permissions-Policy").find("camera=()") != std::string::npos);
    CHECK(reply.header("Content-Security-Policy") == "default-src 'none'; frame-ancestors 'none'");
    CHECK(reply.header("Content-Length") == std::to_string(reply.body.size()));
    CHECK(reply.header("Server").empty());
  }
}

TEST_CASE("a header value cannot begin a header of its own") {
  std::string out;
  append_head(out,
              Response{200, {{"X-Name", "a\r\nSet-Cookie: b"}, {"Content-Type", "text/html; charset=utf-8"}}, "", {}},
              true);
  CHECK(out.find("\r\nSet-Cookie") == std::string::npos);
  CHECK(out.find("default-src 'self'") != std::string::npos);  // a page gets the policy of pages
}

TEST_CASE("a handler that never answers, or throws, costs its client a 500 and nobody else anything") {
  Echo echo;
  HttpClient client(echo.port());
  for (const auto* path : {"/never", "/throw"}) {
    const auto reply = client.request("GET", path);
    CHECK(reply.status == 500);
    CHECK(reply.header("Content-Type") == "application/problem+json");
    CHECK(reply.body.find("mistake") == std::string::npos);
  }
  CHECK(client.request("GET", "/x").status == 200);
}

TEST_CASE("a 10 MB header gets 431 and the server goes on") {
  Echo echo;
  HttpClient client(echo.port());
  const std::string head = "GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ";
  REQUIRE(client.send(head));
  CHECK(client.send(std::string(10'000'000, 'a') + "\r\n\r\n" + get("/smuggled")));
  const auto reply = client.read_reply();
  CHECK(reply.status == 431);
  CHECK(client.read_all().empty());
  CHECK(HttpClient(echo.port()).request("GET", "/x").status == 200);
  CHECK(echo.seen == 1);
}

TEST_CASE("a body over the limit gets 413 before it is read") {
  auto limits = quick();
  limits.body_bytes = 1000;
  Echo echo(limits);
  HttpClient announced(echo.port());
  REQUIRE(announced.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1001\r\n\r\n"));
  CHECK(announced.read_reply().status == 413);
  HttpClient fits(echo.port());
  CHECK(fits.request("POST", "/", std::string(1000, 'x')).status == 200);
  CHECK(echo.seen == 1);
}

TEST_CASE("Expect: 100-continue is answered before the body, or with the refusal") {
  Echo echo;
  HttpClient client(echo.port());
  REQUIRE(client.send("POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"));
  CHECK(client.read_reply().status == 100);
  REQUIRE(client.send("BODY"));
  CHECK(client.read_reply().body == "POST /x BODY");
  HttpClient big(echo.port());
  REQUIRE(big.send("POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n"));
  CHECK(big.read_reply().status == 413);
}

TEST_CASE("slow heads and slow bodies get 408, silent connections are closed") {
  auto limits = quick();
  limits.head_timeout = limits.body_timeout = limits.idle_timeout = milliseconds(40);
  Echo echo(limits);
  HttpClient slow_head(echo.port()), slow_body(echo.port()), silent(echo.port()), idle(echo.port());
  REQUIRE(slow_head.send("GET / HTTP/1.1\r\nHost: loc"));
  REQUIRE(slow_body.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nBO"));
  REQUIRE(idle.request("GET", "/x").status == 200);
  CHECK(slow_head.read_reply().status == 408);
  CHECK(slow_body.read_reply().status == 408);
  CHECK(silent.read_all().empty());
  CHECK(idle.read_all().empty());
  CHECK(echo.seen == 1);
}

TEST_CASE("connections beyond the limit get 503 and Retry-After") {
  auto limits = quick();
  limits.connections = 2;
  Echo echo(limits);
  HttpClient first(echo.port()), second(echo.port());
  REQUIRE(first.request("GET", "/").status == 200);
  REQUIRE(second.request("GET", "/").status == 200);
  HttpClient silent(echo.port());  // gets it too, once its time is over
  HttpClient third(echo.port());
  const auto reply = third.request("GET", "/");
  CHECK(reply.status == 503);
  CHECK(reply.header("Retry-After") == "5");
  CHECK(first.request("GET", "/").status == 200);
  CHECK(silent.read_reply().status == 503);
}

TEST_CASE("one address takes no more than its share, and gets its places back, a crowd may take all") {
  auto limits = quick();
  limits.per_address = 3;
  Echo echo(limits);
  std::vector<std::unique_ptr<HttpClient>> held;
  for (int i = 0; i < 3; ++i) {
    held.push_back(std::make_unique<HttpClient>(echo.port()));
    REQUIRE(held.back()->request("GET", "/x").status == 200);
  }
  CHECK(HttpClient(echo.port()).request("GET", "/x").status == 503);
  CHECK(HttpClient(echo.port()).request("GET", "/urgent").status == 200);  // a stop is taken whoever has the places
  held.pop_back();
  CHECK(eventually([&] { return HttpClient(echo.port()).request("GET", "/x").status == 200; }));  // as soon as the end was seen
  ServerOptions options;
  options.limits = limits;
  options.seat_of = [](const std::string& address) { return address == "127.0.0.1" ? "" : address; };
  Server server;
  REQUIRE(server.start("127.0.0.1:0", [](Request&&, const Responder& responder) { responder.send(Response{204, {}, {}, {}}); }, options));
  for (int i = 0; i < 10; ++i) {
    held.push_back(std::make_unique<HttpClient>(server.port()));
    CHECK(held.back()->request("GET", "/x").status == 204);
  }
  server.stop();
}

TEST_CASE("an urgent request is served however many slow connections there are, also when they fill the reserve") {
  auto limits = quick();
  limits.connections = 4;
  limits.reserved = 3;
  limits.reserved_timeout = milliseconds(60'000);  // nobody goes because of time
  Echo echo(limits);
  std::vector<std::unique_ptr<HttpClient>> slow;
  for (int i = 0; i < 40; ++i) {
    slow.push_back(std::make_unique<HttpClient>(echo.port()));
    slow.back()->send("POST /urgent HTTP/1.1\r\nHost: loc");
  }
  HttpClient plain(echo.port());
  CHECK(plain.request("GET", "/").status == 503);
  for (int i = 0; i < 10; ++i) {
    HttpClient client(echo.port());
    const auto reply = client.request("POST", "/urgent", "now", {{"Content-Type", "text/plain"}});
    CHECK(reply.status == 200);
    CHECK(reply.body == "POST /urgent now");
    CHECK(reply.header("Connection") == "close");
    slow.push_back(std::make_unique<HttpClient>(echo.port()));
    slow.back()->send("POST /urgent HTTP/1.1\r\n");
  }
  CHECK(slow[0]->send("alhost\r\nContent-Length: 0\r\n\r\n"));  // who had a place has kept it
  CHECK(slow[0]->read_reply().status == 200);
}

TEST_CASE("a foreign Host is misdirected, the address itself is ours") {
  Echo echo;
  HttpClient foreign(echo.port()), own(echo.port());
  REQUIRE(foreign.send("GET / HTTP/1.1\r\nHost: rebound.example:8080\r\n\r\n"));
  CHECK(foreign.read_reply().status == 421);
  REQUIRE(own.send("GET / HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(echo.port()) + "\r\n\r\n"));
  CHECK(own.read_reply().status == 200);
}

TEST_CASE("HEAD has the length of GET and no body, HTTP/1.0 ends with the connection") {
  Echo echo;
  HttpClient client(echo.port());
  const auto head = client.request("HEAD", "/abc");
  CHECK(head.header("Content-Length") == std::to_string(std::string("HEAD /abc ").size()));
  CHECK(client.request("GET", "/abc").body == "GET /abc ");
  HttpClient old(echo.port());
  REQUIRE(old.send("GET /x HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n"));
  CHECK(old.read_reply().header("Connection") == "close");
  CHECK(old.read_all().empty());
}

TEST_CASE("a large shared answer reaches a slow reader whole") {
  Echo echo;
  HttpClient client(echo.port(), 4096);
  REQUIRE(client.send(get("/big") + get("/after")));
  CHECK(client.read_reply().body == std::string(8 << 20, 'b'));
  CHECK(client.read_reply().body == "GET /after ");
}

TEST_CASE("clients that vanish at any moment leave nothing behind") {
  Echo echo;
  const auto whole = "POST /late HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nBODY";
  for (std::size_t cut = 0; cut <= std::string(whole).size(); cut += 3) {
    HttpClient client(echo.port());
    REQUIRE(client.send(std::string(whole).substr(0, cut)));
  }
  HttpClient big(echo.port(), 4096);
  REQUIRE(big.send(get("/big")));
  big.close();
  CHECK(HttpClient(echo.port()).request("GET", "/x").status == 200);
}

TEST_CASE("several loops serve many clients at once") {
  Echo echo(quick(), 2);
  std::vector<std::thread> clients;
  std::atomic<int> good{0};
  for (int c = 0; c < 8; ++c)
    clients.emplace_back([&] {
      HttpClient client(echo.port());
      for (int i = 0; i < 100; ++i) good += client.request("GET", "/x").status == 200;
    });
  for (auto& client : clients) client.join();
  CHECK(good == 800);
}

TEST_CASE("addresses that are none, and ports that are taken, are said clearly") {
  Server server;
  CHECK(server.start("localhost", {}).error().code == Errc::invalid);
  CHECK(server.start("127.0.0.1:99999", {}).error().code == Errc::invalid);
  CHECK(server.start("example.org:80", {}).error().code == Errc::invalid);
  Echo echo;
  const auto taken = server.start("127.0.0.1:" + std::to_string(echo.port()), {});
  REQUIRE_FALSE(taken.has_value());
  CHECK(taken.error().code == Errc::busy);
}

TEST_CASE("stopping answers what is under way, and a late answer hurts nobody") {
  Server server;
  std::mutex mutex;
  std::condition_variable arrived;
  std::vector<Responder> held;
  ServerOptions options;
  options.limits = quick();
  options.limits.stop_grace = milliseconds(10'000);  // not reached: the answer ends the wait
  REQUIRE(server
              .start(
                  "127.0.0.1:0",
                  [&](Request&&, Responder responder) {
                    std::lock_guard lock(mutex);
                    held.push_back(std::move(responder));
                    arrived.notify_one();
                  },
                  options)
              .has_value());
  HttpClient client(server.port());
  REQUIRE(client.send(get("/x")));
  std::unique_lock lock(mutex);
  arrived.wait(lock, [&] { return !held.empty(); });
  std::thread stopping([&] { server.stop(); });
  CHECK(held[0].send(text_response(200, "text/plain", "done")));
  CHECK(client.read_reply().body == "done");
  client.close();
  lock.unlock();
  stopping.join();
  CHECK_FALSE(held[0].send(Response{}));
}

TEST_CASE("a responder answers once") {
  Server server;
  std::atomic<int> taken{0};
  REQUIRE(server
              .start("127.0.0.1:0",
                     [&](Request&&, Responder responder) {
                       taken += responder.send(text_response(200, "text/plain", "first"));
                       taken += responder.send(text_response(200, "text/plain", "second"));
                       taken += responder.open_stream({})->closed() ? 0 : 1;
                     })
              .has_value());
  HttpClient client(server.port());
  CHECK(client.request("GET", "/").body == "first");
  CHECK(client.request("GET", "/").body == "first");
  CHECK(taken == 2);
}

TEST_CASE("a stream goes on until it is closed, from any thread") {
  for (const unsigned threads : {1u, 3u}) {
    Server server;
    std::thread writer;
    ServerOptions options;
    options.limits = quick();
    options.threads = threads;
    REQUIRE(server
                .start(
                    "127.0.0.1:0",
                    [&](Request&&, Responder responder) {
                      auto stream = responder.open_stream({{"Content-Type", "text/plain"}});
                      writer = std::thread([stream] {
                        for (int i = 0; i < 1000; ++i)
                          stream->push(std::make_shared<const std::string>(std::to_string(i) + "\n"));
                        stream->close();
                      });
                    },
                    options)
                .has_value());
    HttpClient client(server.port());
    REQUIRE(client.send(get("/")));
    CHECK(client.read_stream_head().header("Content-Length").empty());
    std::string expected;
    for (int i = 0; i < 1000; ++i) expected += std::to_string(i) + "\n";
    CHECK(client.read_all() == expected);
    client.close();
    server.stop();
    writer.join();
  }
}

TEST_CASE("problems carry both shapes and nothing of the machine") {
  const auto io = problem_response(Error{Errc::io, "/var/lib/heliograph/000012.sst: input/output error"});
  CHECK(io.status == 500);
  CHECK(io.body.find("/var/lib") == std::string::npos);
  auto problem = problem_of(Error{Errc::invalid, "limit must be positive", "/limit"});
  problem.extra.emplace_back("actual", "-1");
  const auto response = problem_response(problem);
  CHECK(response.status == 400);
  CHECK(
      response.body ==
      R"({"type":"/problems/invalid","title":"Invalid","status":400,"detail":"limit must be positive","success":false,)"
      R"("error":"limit must be positive","errors":[{"pointer":"#/limit","detail":"limit must be positive"}],"actual":-1})");
  CHECK(*find_header(problem_response(Error{Errc::busy, "later"}).headers, "retry-after") == "1");
}

}  // namespace heliograph::http
