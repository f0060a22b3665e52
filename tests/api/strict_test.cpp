// The strict layer: the 40 nasty requests of the measurement that made us write it, and the rule that whatever is
// accepted ends where an independent reader says it ends.
#include "api/http/strict.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "api/http/message.hpp"
#include "tests/support/http_reference.hpp"

namespace heliograph::http {
namespace {

struct Nasty {
  const char* what;
  std::string bytes;
  int status;  // 0 = accepted
};

const std::string host = "Host: localhost\r\n";

std::string get(const std::string& target, const std::string& headers = host) {
  return "GET " + target + " HTTP/1.1\r\n" + headers + "\r\n";
}
std::string post(const std::string& headers, const std::string& body) {
  return "POST /x HTTP/1.1\r\n" + host + headers + "\r\n" + body;
}
std::string many_headers(int n) {
  std::string text;
  for (int i = 0; i < n; ++i) text += "X-" + std::to_string(i) + ": 1\r\n";
  return text;
}

std::vector<Nasty> forty() {
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  return {
      {"Transfer-Encoding that only looks like chunked", post("Transfer-Encoding: xchunked\r\n", "HELLO"), 501},
      {"chunked, then identity", post("Transfer-Encoding: chunked, identity\r\n", "HELLO"), 501},
      {"identity, then chunked", post("Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n"), 501},
      {"gzip transfer coding", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501},
      {"chunked in other letters", post("Transfer-Encoding: Chunked\r\n", "0\r\n\r\n"), 501},
      {"two Transfer-Encoding headers", post(chunked + chunked, "0\r\n\r\n"), 400},
      {"Transfer-Encoding in HTTP/1.0", "POST /x HTTP/1.0\r\n" + host + chunked + "\r\n0\r\n\r\n", 400},
      {"Content-Length and Transfer-Encoding", post("Content-Length: 4\r\n" + chunked, "0\r\n\r\n"), 400},
      {"Transfer-Encoding and Content-Length", post(chunked + "Content-Length: 4\r\n", "0\r\n\r\n"), 400},
      {"Content-Length as a list of equals", post("Content-Length: 4, 4\r\n", "HELO"), 400},
      {"two equal Content-Length headers", post("Content-Length: 4\r\nContent-Length: 4\r\n", "HELO"), 400},
      {"two differing Content-Length headers", post("Content-Length: 4\r\nContent-Length: 5\r\n", "HELO"), 400},
      {"Content-Length with a plus", post("Content-Length: +4\r\n", "HELO"), 400},
      {"Content-Length with a minus", post("Content-Length: -4\r\n", "HELO"), 400},
      {"Content-Length in hexadecimal", post("Content-Length: 0x4\r\n", "HELO"), 400},
      {"empty Content-Length", post("Content-Length: \r\n", ""), 400},
      {"Content-Length beyond 64 bits", post("Content-Length: 99999999999999999999\r\n", ""), 413},
      {"Content-Length beyond the limit", post("Content-Length: 8388609\r\n", ""), 413},
      {"no Host", get("/", ""), 400},
      {"two Hosts", get("/", host + host), 400},
      {"Host that is no host", get("/", "Host: a b\r\n"), 400},
      {"Host with a port that is none", get("/", "Host: localhost:8x\r\n"), 400},
      {"Host of somebody else (DNS rebinding)", get("/", "Host: evil.example\r\n"), 421},
      {"folded header", get("/", host + "X-A: 1\r\n  2\r\n"), 400},
      {"space before the colon", get("/", "Host : localhost\r\n"), 400},
      {"header without a name", get("/", host + ": x\r\n"), 400},
      {"header name with a blank inside", get("/", host + "X A: 1\r\n"), 400},
      {"NUL in a header value", get("/", host + std::string("X-A: 1\0002\r\n", 11)), 400},
      {"bare CR in a header value", get("/", host + "X-A: 1\r2\r\n"), 400},
      {"bare LF as line end", "GET / HTTP/1.1\nHost: localhost\n\n", 400},
      {"more than 64 headers", get("/", host + many_headers(64)), 431},
      {"300 headers", get("/", host + many_headers(300)), 431},
      {"a head over 8 KiB", get("/", host + "X-A: " + std::string(9000, 'a') + "\r\n"), 431},
      {"a target over 2 KiB", get("/" + std::string(2100, 'a')), 414},
      {"a target over 2 KiB in a head that does not end", "GET /" + std::string(2100, 'a') + " HTTP/1.1\r\nHost", 414},
      {"TRACE", "TRACE / HTTP/1.1\r\n" + host + "\r\n", 405},
      {"a method nobody knows", "BREW / HTTP/1.1\r\n" + host + "\r\n", 501},
      {"CONNECT with an authority", "CONNECT localhost:80 HTTP/1.1\r\n" + host + "\r\n", 405},
      {"absolute form of somebody else", get("http://evil.example/"), 421},
      {"absolute form of somebody else, alike in its Host", get("http://evil.example/", "Host: evil.example\r\n"), 421},
      {"absolute form of another scheme", get("gopher://localhost/"), 400},
      {"absolute form with a user", get("http://localhost@localhost/"), 421},
      {"absolute form without a host", get("http:///"), 421},
      {"absolute form of ours", get("http://LOCALHOST/x"), 0},
      {"absolute form of ours, without a path", get("https://localhost"), 0},
      {"asterisk with GET", get("*"), 400},
      {"encoded NUL in the path", get("/a%00b"), 400},
      {"encoded slash after dots", get("/a/..%2fb"), 400},
      {"dot segments", get("/a/../b"), 400},
      {"encoded dot segments", get("/a/%2e%2E/b"), 400},
      {"single dot segment", get("/./b"), 400},
      {"backslash in the path", get("/a\\..\\b"), 400},
      {"encoded backslash", get("/a%5cb"), 400},
      {"overlong UTF-8 for a dot", get("/%c0%ae%c0%ae/"), 400},
      {"half a percent triplet", get("/a%2"), 400},
      {"encoded line end in the query", get("/?a=%0d%0aX"), 400},
      {"fragment in the target", get("/a#b"), 400},
      {"chunk extension of 257 bytes", post(chunked, "4;" + std::string(257, 'x') + "\r\nHELO\r\n0\r\n\r\n"), 400},
      {"chunk extension with a bare LF", post(chunked, "4;x\nHELO\r\n0\r\n\r\n"), 400},
      {"chunk extension with a bare CR", post(chunked, "4;x\ry\r\nHELO\r\n0\r\n\r\n"), 400},
      {"chunk extension before any digit", post(chunked, ";x\r\nHELO\r\n0\r\n\r\n"), 400},
      {"chunk extensions of 256 bytes", post(chunked, "4;" + std::string(256, 'x') + "\r\nHELO\r\n0;last\r\n\r\n"), 0},
      {"chunk size with a blank", post(chunked, "4 \r\nHELO\r\n0\r\n\r\n"), 400},
      {"chunk size beyond 64 bits", post(chunked, "fffffffffffffffff\r\n"), 400},
      {"chunk size with 0x", post(chunked, "0x4\r\nHELO\r\n0\r\n\r\n"), 400},
      {"chunk without its line end", post(chunked, "4\r\nHELOXX0\r\n\r\n"), 400},
      {"chunk size line that never ends", post(chunked, std::string(400, '0')), 400},
      {"trailer", post(chunked, "0\r\nHost: evil\r\n\r\n"), 400},
      {"HTTP/2.0", "GET / HTTP/2.0\r\n" + host + "\r\n", 505},
      {"HTTP/0.9", "GET /\r\n\r\n", 400},
      {"two spaces in the request line", "GET  / HTTP/1.1\r\n" + host + "\r\n", 400},
      {"an empty line first", "\r\nGET / HTTP/1.1\r\n" + host + "\r\n", 400},
      {"an Expect that is none", post("Expect: tea\r\nContent-Length: 4\r\n", "HELO"), 417},
      {"plain GET", get("/"), 0},
      {"HTTP/1.0 with Host", "GET / HTTP/1.0\r\n" + host + "\r\n", 0},
      {"double encoding stays text", get("/a%252e%252e"), 0},
      {"asterisk with OPTIONS", "OPTIONS * HTTP/1.1\r\n" + host + "\r\n", 0},
      {"POST with a length", post("Content-Length: 4\r\n", "HELO"), 0},
      {"POST in chunks", post(chunked, "4\r\nHELO\r\nA\r\n0123456789\r\n0\r\n\r\n"), 0},
  };
}

const std::vector<std::string> our_hosts = {"localhost", "127.0.0.1", "[::1]"};
const BodyRuleOf no_rule;

/// What comes out when the bytes arrive in pieces of the given size.
struct Outcome {
  std::vector<Request> requests;
  std::vector<std::size_t> ends;  // in the whole of the bytes
  int refused = 0;
  std::string rule;
};
Outcome feed(const std::string& bytes, std::size_t piece, const Limits& limits = {}) {
  MessageReader reader(limits, our_hosts, "127.0.0.1", no_rule);
  Outcome outcome;
  std::size_t begin = 0, arrived = 0;
  while (outcome.refused == 0) {
    std::size_t eaten = 0;
    const auto step = reader.feed(std::string_view(bytes).substr(begin, arrived - begin), eaten);
    begin += eaten;
    if (step == MessageReader::Step::complete) {
      outcome.requests.push_back(reader.take());
      outcome.ends.push_back(begin);
      if (begin < arrived) continue;
    }
    if (step == MessageReader::Step::refused) {
      outcome.refused = reader.refusal().status;
      outcome.rule = std::string(reader.refusal().rule);
    }
    if (arrived == bytes.size()) break;
    arrived = std::min(bytes.size(), arrived + piece);
  }
  return outcome;
}

}  // namespace

TEST_CASE("nasty requests are refused with the right status, however they arrive") {
  for (const auto& nasty : forty()) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
      INFO(nasty.what << ", in pieces of " << piece);
      // A second request behind it must never be believed once the first was refused.
      const auto outcome = feed(nasty.bytes + (nasty.status == 0 ? "" : get("/smuggled")), piece);
      CHECK(outcome.refused == nasty.status);
      CHECK(outcome.requests.size() == (nasty.status == 0 ? 1u : 0u));
    }
  }
}

TEST_CASE("an accepted request carries what was sent, decoded once") {
  const auto outcome = feed(
      "POST /a%20b/%C3%BC?x=1&x=%2B+&flag&y=%26 HTTP/1.1\r\nHost: LOCALHOST:80\r\nX-Q:  v \r\n"
      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
      5);
  REQUIRE(outcome.requests.size() == 1);
  const auto& request = outcome.requests[0];
  CHECK(request.method == Method::post);
  CHECK(request.path == "/a b/\xC3\xBC");
  CHECK(request.query == Pairs{{"x", "1"}, {"x", "+ "}, {"flag", ""}, {"y", "&"}});
  CHECK(request.body == "abcde");
  CHECK(request.header("x-q") == "v");
  CHECK(request.keep_alive);
}

TEST_CASE("an absolute form is its path, extensions of chunks say nothing") {
  const auto absolute = feed(get("http://localhost/a%20b?x=1"), 5);
  REQUIRE(absolute.requests.size() == 1);
  CHECK(absolute.requests[0].path == "/a b");
  CHECK(absolute.requests[0].query == Pairs{{"x", "1"}});
  const auto extended = feed(post("Transfer-Encoding: chunked\r\n", "3;a=\"b c\"\r\nabc\r\n2;d\r\nde\r\n0;e\r\n\r\n"), 4);
  REQUIRE(extended.requests.size() == 1);
  CHECK(extended.requests[0].body == "abcde");
}

TEST_CASE("pipelined requests come out in order, each with its own body") {
  std::string bytes;
  for (int i = 0; i < 20; ++i) {
    const auto body = std::string(static_cast<std::size_t>(i), 'b');
    bytes += "POST /" + std::to_string(i) + " HTTP/1.1\r\n" + host + "Content-Length: " + std::to_string(i) +
             "\r\n\r\n" + body;
  }
  for (const std::size_t piece : {std::size_t{1}, std::size_t{13}, bytes.size()}) {
    const auto outcome = feed(bytes, piece);
    REQUIRE(outcome.requests.size() == 20);
    for (std::size_t i = 0; i < 20; ++i) {
      CHECK(outcome.requests[i].path == "/" + std::to_string(i));
      CHECK(outcome.requests[i].body.size() == i);
    }
  }
}

TEST_CASE("a chunked body over the limit is refused while it arrives") {
  Limits limits;
  limits.body_bytes = 10;
  CHECK(feed(post("Transfer-Encoding: chunked\r\n", "6\r\nabcdef\r\n6\r\nabcdef\r\n0\r\n\r\n"), 3, limits).refused ==
        413);
  CHECK(feed(post("Transfer-Encoding: chunked\r\n", "5\r\nabcde\r\n5\r\nabcde\r\n0\r\n\r\n"), 3, limits).refused == 0);
  CHECK(feed(post("Content-Length: 11\r\n", ""), 50, limits).refused == 413);
}

TEST_CASE("connections end after HTTP/1.0 and after Connection: close") {
  CHECK_FALSE(feed("GET / HTTP/1.0\r\n" + host + "Connection: keep-alive\r\n\r\n", 99).requests.at(0).keep_alive);
  CHECK_FALSE(feed(get("/", host + "Connection: x, Close\r\n"), 99).requests.at(0).keep_alive);
  CHECK(feed(get("/", host + "Connection: keep-alive\r\n"), 99).requests.at(0).keep_alive);
}

TEST_CASE("whatever is accepted ends where an independent reader says") {
  // Mutations of the table: bytes changed, dropped, doubled, lines swapped in from other requests.
  const auto seeds = forty();
  std::mt19937 random(20260701);
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  const std::string spice = " \t\r\n:;,%/.0123456789abcdefxX\0\x7f\x80";
  std::size_t accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = seeds[below(seeds.size())].bytes + seeds[below(seeds.size())].bytes;
    if (bytes.size() > 3000) continue;
    for (auto edits = below(4); edits > 0; --edits) {
      const auto at = below(bytes.size());
      switch (below(4)) {
        case 0: bytes[at] = spice[below(spice.size())]; break;
        case 1: bytes.erase(at, 1 + below(3)); break;
        case 2: bytes.insert(at, 1, spice[below(spice.size())]); break;
        default: bytes.insert(at, bytes.substr(below(bytes.size()), below(20))); break;
      }
      if (bytes.empty()) bytes = "x";
    }
    const auto whole = feed(bytes, bytes.size());
    const auto bitwise = feed(bytes, 1 + below(11));
    INFO("bytes: " << bytes);
    REQUIRE(whole.ends == bitwise.ends);
    REQUIRE((whole.refused != 0) == (bitwise.refused != 0));  // which fault is seen first may differ
    std::size_t begin = 0;
    for (const auto end : whole.ends) {
      REQUIRE(test::reference_message_end(std::string_view(bytes).substr(begin)) == end - begin);
      begin = end;
      ++accepted;
    }
  }
  CHECK(accepted > 1000);  // otherwise the comparison would be about nothing
}

}  // namespace heliograph::http
