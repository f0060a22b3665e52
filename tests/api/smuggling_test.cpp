// S2: a request hidden in another one's body is never answered, however the framing is disguised: sent to us directly, and through proxies
// that may read it otherwise than we do. The proxies mark what they pass on, so what comes without the mark was never a request to them.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <thread>

#include "api/http/server.hpp"
#include "tests/api/echo.hpp"
#include "tests/support/front_proxy.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/http_reference.hpp"

namespace heliograph::http {
namespace {

using test::FrontProxy;
using test::HttpClient;

const std::string hidden = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";

struct Variant {
  std::string head, body;
  std::string bytes() const { return "POST /outer HTTP/1.1\r\nHost: localhost\r\n" + head + "\r\n" + body; }
};

/// Every way to say how long, times every way to say "in chunks", times every place to hide.
std::vector<Variant> variants() {
  const std::string in_chunk = "2b\r\n" + hidden + "\r\n0\r\n\r\n";
  ensure(hidden.size() == 0x2b, "the chunk's size is right", "smuggling_test");
  const std::string all = std::to_string(hidden.size());
  const std::vector<std::string> lengths{"", "Content-Length: 0\r\n", "Content-Length: 5\r\n", "Content-Length: " + all + "\r\n", "Content-Length: +" + all + "\r\n", "Content-Length: 0, " + all + "\r\n",
                                         "Content-Length: 0\r\nContent-Length: " + all + "\r\n", "Content-Length : " + all + "\r\n"};
  const std::vector<std::string> encodings{"", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding : chunked\r\n", "Transfer-Encoding:\tchunked\r\n", "Transfer-Encoding: xchunked\r\n", "transfer-encoding: CHUNKED\r\n",
                                           "Transfer-Encoding: chunked, identity\r\n", "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding:\r\n chunked\r\n",
                                           "X: y\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: \x0b" "chunked\r\n", "Transfer_Encoding: chunked\r\n"};
  const std::vector<std::string> bodies{hidden, "0\r\n\r\n" + hidden, in_chunk, "2b;x=\"\r\n" + hidden + "\r\n0\r\n\r\n", "0" + in_chunk};
  std::vector<Variant> out;
  for (const auto& length : lengths)
    for (const auto& encoding : encodings)
      for (const auto& body : bodies) out.push_back({length + encoding, body});
  return out;
}

/// What came in, over which way.
struct Seen {
  std::mutex mutex;
  std::vector<std::pair<std::string, bool>> requests;  // path, with the proxy's mark; guarded by mutex
  void add(const std::string& path, bool marked) {
    const std::lock_guard lock(mutex);
    requests.emplace_back(path, marked);
  }
  std::size_t count(const std::string& path, bool marked) {
    const std::lock_guard lock(mutex);
    return static_cast<std::size_t>(std::count(requests.begin(), requests.end(), std::pair(path, marked)));
  }
};

/// A server of ours that says what it was asked.
class Backend {
 public:
  explicit Backend(Seen& seen) {
    ServerOptions options;
    options.limits = quick();
    const auto started = server_.start("127.0.0.1:0", [&seen](Request&& request, const Responder& responder) {
      seen.add(request.path, request.header("X-Front").has_value());
      responder.send(text_response(200, "text/plain", request.path));
    }, options);
    REQUIRE(started.has_value());
  }
  ~Backend() { server_.stop(); }
  std::uint16_t port() const { return server_.port(); }

 private:
  Server server_;
};

/// One that takes no notice of bodies: what stands in them is its next request. Planted, to see that it is found.
class Careless {
 public:
  explicit Careless(Seen& seen) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
    REQUIRE(::listen(listener_, 64) == 0);
    REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) == 0);
    port_ = ntohs(at.sin_port);
    accepting_ = std::thread([this, &seen] {
      for (int socket; (socket = ::accept(listener_, nullptr, nullptr)) >= 0;) serving_.emplace_back([socket, &seen] { serve(socket, seen); });
    });
  }
  /// Requires: nobody is connected any more, or will end soon.
  ~Careless() {
    ::shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    for (auto& thread : serving_) thread.join();
    ::close(listener_);
  }
  std::uint16_t port() const { return port_; }

 private:
  static void serve(int socket, Seen& seen) {
    std::string text;
    char piece[4096];
    for (long n; (n = ::recv(socket, piece, sizeof piece, 0)) > 0;) {
      text.append(piece, static_cast<std::size_t>(n));
      for (std::size_t end; (end = text.find("\r\n\r\n")) != std::string::npos; text.erase(0, end + 4)) {
        const auto begin = text.find(' ') + 1;
        const std::string path = text.substr(begin, text.find(' ', begin) - begin), head = text.substr(0, end);
        seen.add(path, head.find("X-Front") != std::string::npos || head.find("x-front") != std::string::npos);
        const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(path.size()) + "\r\n\r\n" + path;
        if (::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) break;
      }
    }
    ::close(socket);
  }
  int listener_;
  std::uint16_t port_ = 0;
  std::thread accepting_;
  std::vector<std::thread> serving_;
};

struct Found {
  std::size_t sent = 0, outer = 0, unmarked = 0, crossed = 0;  // crossed: somebody else's request got another answer
};

/// Every variant through a proxy, and after each an innocent request of somebody else.
Found through(FrontProxy::Kind kind, std::uint16_t behind, Seen& seen, std::size_t every) {
  const FrontProxy proxy(kind, behind);
  Found found;
  const auto all = variants();
  for (std::size_t i = 0; i < all.size(); i += every) {
    HttpClient attacker(proxy.port());
    attacker.send(all[i].bytes());
    attacker.read_all();
    const std::string path = "/innocent-" + std::to_string(i);
    const auto reply = HttpClient(proxy.port()).request("GET", path);
    INFO(all[i].bytes() << "\nthen " << path << ": " << reply.status << " " << reply.body);
    found.crossed += reply.status != 200 || reply.body != path;
    ++found.sent;
  }
  found.outer = seen.count("/outer", true);
  found.unmarked = seen.count("/smuggled", false) + seen.count("/outer", false);
  return found;
}

}  // namespace

TEST_CASE("S2: directly, a hidden request is answered only where it is none: behind a body whose end every reader sees", "[reliability]") {
  Seen seen;
  std::size_t pipelined = 0, refused = 0;
  const Backend backend(seen);
  const auto all = variants();
  REQUIRE(all.size() >= 200);
  for (const Variant& variant : all) {
    const std::string bytes = variant.bytes();
    const auto before = seen.count("/smuggled", false);
    HttpClient client(backend.port());
    client.send(bytes);
    client.finish_sending();
    const std::string answers = client.read_all();
    const auto end = test::reference_message_end(bytes);
    const bool plain = end && std::string_view(bytes).substr(*end).starts_with(hidden);
    INFO(bytes);
    const auto answered = seen.count("/smuggled", false) - before;
    REQUIRE(answered <= (plain ? 1u : 0u));
    std::size_t heads = 0;
    for (auto at = answers.find("HTTP/1.1 "); at != std::string::npos; at = answers.find("HTTP/1.1 ", at + 1)) ++heads;
    REQUIRE(heads <= (plain ? 3u : end ? 2u : 1u));  // what follows is refused once
    pipelined += answered;
    refused += answers.rfind("HTTP/1.1 4", 0) == 0 || answers.rfind("HTTP/1.1 5", 0) == 0;
  }
  CHECK(pipelined >= 3);
  CHECK(refused >= 200);
}

TEST_CASE("S2: behind nginx and behind HAProxy, nothing that they did not pass on as a request is answered", "[reliability]") {
  for (const auto kind : {FrontProxy::Kind::nginx, FrontProxy::Kind::haproxy}) {
    INFO((kind == FrontProxy::Kind::nginx ? "nginx" : "HAProxy"));
    Seen seen;
    const Backend backend(seen);
    const Found found = through(kind, backend.port(), seen, 1);
    CHECK(found.sent >= 200);
    CHECK(found.outer >= 20);  // the proxy passed on what it could make sense of
    CHECK(found.unmarked == 0);
    CHECK(found.crossed == 0);
  }
}

TEST_CASE("S2: a server that takes a body for its next request is found out") {
  for (const auto kind : {FrontProxy::Kind::nginx, FrontProxy::Kind::haproxy}) {
    INFO((kind == FrontProxy::Kind::nginx ? "nginx" : "HAProxy"));
    Seen seen;
    Careless careless(seen);
    const Found found = through(kind, careless.port(), seen, 7);
    CHECK(found.unmarked > 0);
    CHECK(found.crossed > 0);
  }
}

}  // namespace heliograph::http
