// Answers that are packed for those who ask for it, over a real server: what is, what never is, and that the order of answers stays.
#include <catch2/catch.hpp>
#include <thread>
#include <zstd.h>

#include "api/http/coding.hpp"
#include "api/http/router.hpp"
#include "tests/support/http_client.hpp"

namespace heliograph::http {
namespace {

using test::HttpClient;

const std::string& numbers() {
  static const std::string text = [] {
    std::string out = "[0";
    for (int i = 1; i < 5000; ++i) out += "," + std::to_string(i);
    return out + "]";
  }();
  return text;
}

std::string unpacked(const test::Reply& reply) {
  const std::string coding = reply.header("Content-Encoding");
  if (coding == "gzip") return gunzip(reply.body, numbers().size());
  if (coding != "zstd") return reply.body;
  std::string out(numbers().size(), '\0');
  CHECK(ZSTD_decompress(out.data(), out.size(), reply.body.data(), reply.body.size()) == out.size());
  return out;
}

/// A table with one route for each kind of answer.
class Table {
 public:
  Table() {
    std::vector<Route> routes;
    const auto add = [&](const std::string& path, Handler handler) {
      routes.push_back({.path = path, .operation_id = path, .summary = path, .handler = std::move(handler)});
    };
    const auto say = [](std::string type, std::string body, Headers more = {}) {
      return [type, body, more](Request&&, Responder responder) {
        Response response = text_response(200, type, body);
        response.headers.insert(response.headers.end(), more.begin(), more.end());
        responder.send(std::move(response));
      };
    };
    add("/long", say("application/json", numbers()));
    add("/shared", [](Request&&, Responder responder) { responder.send(Response{200, {{"Content-Type", "application/json"}}, {}, std::make_shared<const std::string>(numbers())}); });
    add("/late", [this](Request&&, Responder responder) { threads_.emplace_back([responder = std::move(responder)] { responder.send(json_response(numbers())); }); });
    add("/short", say("application/json", std::string(pack_from_bytes - 1, '1')));
    add("/huge", say("text/plain", std::string(pack_up_to_bytes + 1, 'x')));
    add("/image", say("image/png", numbers()));
    add("/packed", say("text/plain", numbers(), {{"Content-Encoding", "br"}}));
    add("/tagged", say("text/plain", numbers(), {{"ETag", "\"one\""}}));
    add("/noise", say("text/plain", noise()));
    add("/secret", say("application/json", numbers()));
    routes.back().secret = true;
    add("/stream", [](Request&&, Responder responder) {
      const auto stream = responder.open_stream({{"Content-Type", "text/event-stream"}});
      stream->push(std::make_shared<const std::string>(numbers()));
      stream->close();
    });
    REQUIRE(server_.start("127.0.0.1:0", handler_of(std::make_shared<Router>(std::move(routes)))));
  }
  ~Table() {
    server_.stop();
    for (auto& thread : threads_) thread.join();
  }
  std::uint16_t port() const { return server_.port(); }

 private:
  /// What no coding makes smaller.
  static std::string noise() {
    std::string out;
    for (std::uint64_t i = 0, x = 88172645463325252u; i < 4096; ++i) {
      x ^= x << 13, x ^= x >> 7, x ^= x << 17;
      out.push_back(static_cast<char>(x >> 24));
    }
    return out;
  }
  std::vector<std::thread> threads_;  // touched by the loop, then by the destructor after stop
  Server server_;
};

}  // namespace

TEST_CASE("an answer is packed as its client prefers, with its true length, and says what it depends on") {
  Table table;
  HttpClient client(table.port());
  for (const auto* path : {"/long", "/shared", "/late"})
    for (const auto& [accepted, coding] : {std::pair{"gzip", "gzip"}, {"zstd, gzip", "zstd"}, {"gzip, zstd;q=0.5", "gzip"}, {"br", ""}, {"identity", ""}}) {
      INFO(path << " " << accepted);
      const auto reply = client.request("GET", path, {}, {{"Accept-Encoding", accepted}});
      CHECK(reply.header("Content-Encoding") == coding);
      CHECK(reply.header("Vary") == "Accept-Encoding");
      CHECK(reply.header("Content-Length") == std::to_string(reply.body.size()));
      CHECK(unpacked(reply) == numbers());
      CHECK((std::string(coding).empty() || reply.body.size() < numbers().size() / 2));
    }
  CHECK(client.request("GET", "/long").header("Content-Encoding").empty());
}

TEST_CASE("what is short, huge, packed, tagged, no text, streamed or secret goes as it is") {
  Table table;
  for (const auto* path : {"/short", "/huge", "/image", "/tagged", "/noise", "/secret"}) {
    HttpClient client(table.port());
    INFO(path);
    const auto reply = client.request("GET", path, {}, {{"Accept-Encoding", "gzip, zstd"}});
    CHECK(reply.status == 200);
    CHECK(reply.header("Content-Encoding").empty());
    CHECK(reply.header("Vary") == (std::string(path) == "/noise" ? "Accept-Encoding" : ""));
  }
  HttpClient client(table.port());
  const auto packed = client.request("GET", "/packed", {}, {{"Accept-Encoding", "gzip, br"}});
  CHECK(packed.header("Content-Encoding") == "br");
  CHECK(packed.body == numbers());
  client.send("GET /stream HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n");
  CHECK(client.read_stream_head().header("Content-Encoding").empty());
  CHECK(client.read_all() == numbers());
}

TEST_CASE("a HEAD tells of the length that the GET would have") {
  Table table;
  HttpClient client(table.port());
  const auto got = client.request("GET", "/long", {}, {{"Accept-Encoding", "gzip"}});
  client.send("HEAD /long HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n");
  const auto told = client.read_reply(true);
  CHECK(told.header("Content-Length") == got.header("Content-Length"));
  CHECK(told.header("Content-Encoding") == "gzip");
  CHECK(client.request("GET", "/short").status == 200);  // nothing of a body was sent
}

TEST_CASE("pipelined answers keep their order, packed or not, from whichever thread") {
  Table table;
  HttpClient client(table.port());
  const char* paths[] = {"/long", "/late", "/short", "/shared"};
  const char* codings[] = {"gzip", "zstd", "identity"};
  std::string all;
  for (int i = 0; i < 60; ++i) all += std::string("GET ") + paths[i % 4] + " HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: " + codings[i % 3] + "\r\n\r\n";
  REQUIRE(client.send(all));
  for (int i = 0; i < 60; ++i) {
    const auto reply = client.read_reply();
    INFO(i);
    REQUIRE(reply.status == 200);
    const bool is_short = i % 4 == 2;
    CHECK(reply.header("Content-Encoding") == (is_short || i % 3 == 2 ? "" : codings[i % 3]));
    CHECK(unpacked(reply).size() == (is_short ? pack_from_bytes - 1 : numbers().size()));
  }
}

}  // namespace heliograph::http
