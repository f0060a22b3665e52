// The way out, against a real server that answers well and badly: bounds hold, certificates and addresses are checked,
// and what is not known is called unknown.
#include "actors/notify/transport.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/notify/outside.hpp"

using namespace heliograph;
using namespace heliograph::notify;
using heliograph::testing::answer;
using heliograph::testing::HttpDouble;
using heliograph::testing::Script;

namespace {

HttpRequest post(const std::string& url) {
  HttpRequest request;
  request.url = url;
  request.headers = {"Content-Type: application/json", "X-Own: 1"};
  request.body = "{\"a\":1}";
  return request;
}

}  // namespace

TEST_CASE("a request goes out over TLS as it was made, to a name that is looked up once") {
  Outside outside;
  HttpDouble server({answer(200, "fine")}, &outside.certificate);
  const HttpAnswer reply = exchange(post(outside.url(server, "/a/../b?x=1")), outside.transport());
  CHECK(reply.exchange == Exchange::answered);
  CHECK(reply.status == 200);
  CHECK(reply.body == "fine");
  CHECK_FALSE(reply.cut);
  CHECK(outside.looked_up == 1);
  const auto asked = server.asked();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].method == "POST");
  CHECK(asked[0].target == "/a/../b?x=1");
  CHECK(asked[0].body == "{\"a\":1}");
  CHECK(asked[0].headers.at("host") == "service.test:" + std::to_string(server.port()));
  CHECK(asked[0].headers.at("x-own") == "1");
  CHECK(asked[0].headers.at("user-agent") == "Heliograph");
  CHECK(asked[0].headers.count("expect") == 0);
  CHECK(asked[0].headers.count("accept-encoding") == 0);
}

TEST_CASE("a certificate of a stranger, or for another name, ends the exchange before anything is said") {
  Outside outside;
  heliograph::testing::Authority stranger(outside.folder.path(), "stranger");
  const auto unknown = stranger.issue("unknown", "DNS:service.test");
  const auto other = outside.authority.issue("other", "DNS:other.test");
  for (const auto* certificate : {&unknown, &other}) {
    HttpDouble server({answer(200, "ok")}, certificate);
    const HttpAnswer reply = exchange(post(outside.url(server)), outside.transport());
    CHECK(reply.exchange == Exchange::unreachable);
    CHECK(reply.detail == "The certificate of service.test is not one to trust for that name.");
    CHECK(server.asked().empty());
    CHECK(server.connections() == 1);
  }
}

TEST_CASE("a name that leads inside is not connected to, whatever it led to before") {
  Outside outside;
  HttpDouble server({answer(200, "ok")}, &outside.certificate);
  TransportOptions options = outside.transport();
  CHECK(exchange(post(outside.url(server)), options).status == 200);
  options.policy = {};  // loopback is inside now
  const HttpAnswer reply = exchange(post(outside.url(server)), options);
  CHECK(reply.exchange == Exchange::forbidden_address);
  CHECK(reply.detail.find("127.0.0.1") != std::string::npos);
  CHECK(server.connections() == 1);
  // The second answer of a resolver that changes its mind is never asked for.
  int calls = 0;
  options = outside.transport();
  options.resolve = [&](const std::string&) -> Result<std::vector<Address>> {
    return std::vector<Address>{address_v4(++calls == 1 ? 0x7F000001 : 0xA9FEA9FE)};
  };
  CHECK(exchange(post(outside.url(server)), options).status == 200);
  CHECK(calls == 1);
}

TEST_CASE("every address that was checked may be tried, of both families") {
  Outside outside;
  HttpDouble server({answer(200, "ok")}, &outside.certificate);
  TransportOptions options = outside.transport();
  options.resolve = [](const std::string&) -> Result<std::vector<Address>> {
    return std::vector<Address>{parse_address("::1").value(), address_v4(0x7F000002), address_v4(0x7F000001)};
  };
  CHECK(exchange(post(outside.url(server)), options).status == 200);  // only the last one listens
}

TEST_CASE("URLs that are none and names without an address go nowhere") {
  Outside outside;
  for (const char* url : {"file:///etc/passwd", "gopher://service.test/", "http://service.test/",
                          "https://u@service.test/", "https://service.test:25/", "https://2130706433/"}) {
    CAPTURE(url);
    const HttpAnswer reply = exchange(post(url), outside.transport());
    CHECK(reply.exchange == Exchange::wrong_address);
    CHECK_FALSE(reply.detail.empty());
  }
  CHECK(outside.looked_up == 0);
  TransportOptions options = outside.transport();
  options.resolve = [](const std::string&) -> Result<std::vector<Address>> { return fail(Errc::io, "No such name."); };
  CHECK(exchange(post("https://service.test/"), options).exchange == Exchange::unreachable);
}

TEST_CASE("a redirect is an answer, and is not followed") {
  Outside outside;
  HttpDouble inside({answer(200, "secret")}, &outside.certificate);
  HttpDouble server({answer(302, "", "Location: " + outside.url(inside) + "\r\n")}, &outside.certificate);
  const HttpAnswer reply = exchange(post(outside.url(server)), outside.transport());
  CHECK(reply.status == 302);
  CHECK(inside.connections() == 0);
}

TEST_CASE("a proxy in the environment is not used") {
  Outside outside;
  HttpDouble server({answer(200, "ok")}, &outside.certificate);
  const std::string proxy = "http://127.0.0.1:" + std::to_string(heliograph::testing::closed_port());
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "ALL_PROXY"}) ::setenv(name, proxy.c_str(), 1);
  const HttpAnswer reply = exchange(post(outside.url(server)), outside.transport());
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "ALL_PROXY"}) ::unsetenv(name);
  CHECK(reply.status == 200);
}

TEST_CASE("an answer that does not end is read to 64 KiB and no further") {
  Outside outside;
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n";
  HttpDouble server({Script{std::string(8192, 'x'), Script::Then::repeat, head}}, &outside.certificate);
  const HttpAnswer reply = exchange(post(outside.url(server)), outside.transport());
  CHECK(reply.exchange == Exchange::answered);
  CHECK(reply.status == 200);
  CHECK(reply.cut);
  CHECK(reply.body.size() == 64 * 1024);
}

TEST_CASE("a head that does not end, in one line or in many, is given up") {
  Outside outside;
  const std::string status = "HTTP/1.1 200 OK\r\n";
  for (const Script& script :
       {Script{std::string(8192, 'x'), Script::Then::repeat, status + "X-Long: "},
        Script{"X-More: " + std::string(100, 'y') + "\r\n", Script::Then::repeat, status},
        Script{status + "X-Big: " + std::string(10 << 20, 'z') + "\r\n\r\n", Script::Then::close, {}},
        Script{"HTTP/1.1 100 Continue\r\n\r\n", Script::Then::repeat, {}}}) {
    HttpDouble server({script}, &outside.certificate);
    const HttpAnswer reply = exchange(post(outside.url(server)), outside.transport());
    CHECK(reply.exchange == Exchange::unknown);
    CHECK(reply.status == 0);
    CHECK_FALSE(reply.detail.empty());
  }
}

TEST_CASE("a head of 16 KiB is taken, a longer one is not, though it ends") {
  Outside outside;
  const auto reply_with = [&](std::size_t bytes) {
    HttpDouble server({answer(200, "ok", "X-Long: " + std::string(bytes, 'x') + "\r\n")}, &outside.certificate);
    return exchange(post(outside.url(server)), outside.transport());
  };
  CHECK(reply_with(16'000).status == 200);
  const HttpAnswer longer = reply_with(17'000);
  CHECK(longer.exchange == Exchange::unknown);
  CHECK(longer.detail == "The answer of service.test has too long a head.");
}

TEST_CASE("a compressed answer stays compressed") {
  Outside outside;
  const std::string packed("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
  HttpDouble server({answer(200, packed, "Content-Encoding: gzip\r\n")}, &outside.certificate);
  CHECK(exchange(post(outside.url(server)), outside.transport()).body == packed);
}

TEST_CASE("nobody there is unreachable, silence, a reset and half an answer are unknown") {
  Outside outside;
  TransportOptions options = outside.transport();
  const std::string nowhere = "https://service.test:" + std::to_string(heliograph::testing::closed_port()) + "/";
  CHECK(exchange(post(nowhere), options).exchange == Exchange::unreachable);
  const std::string half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
  for (const Script& script : {Script{"", Script::Then::reset, {}}, Script{half, Script::Then::reset, {}},
                               Script{half, Script::Then::close, {}}, Script{"", Script::Then::close, {}}}) {
    HttpDouble server({script}, &outside.certificate);
    const HttpAnswer reply = exchange(post(outside.url(server)), options);
    CHECK(reply.exchange == Exchange::unknown);
    CHECK(server.asked().size() == 1);
  }
  options.total_timeout = 300'000;
  for (const std::string& said : {std::string(), half}) {
    HttpDouble server({Script{said, Script::Then::stall, {}}}, &outside.certificate);
    const HttpAnswer reply = exchange(post(outside.url(server)), options);
    // On a machine so busy that not even TLS came about in time nothing was sent, and that is known.
    CHECK((reply.exchange == Exchange::unknown || (reply.exchange == Exchange::unreachable && server.asked().empty())));
    CHECK_FALSE(reply.detail.empty());
  }
}

TEST_CASE("plain HTTP only where it is allowed") {
  Outside outside;
  HttpDouble server({answer(200, "ok")});
  const std::string url = "http://127.0.0.1:" + std::to_string(server.port()) + "/";
  CHECK(exchange(post(url), outside.transport()).exchange == Exchange::wrong_address);
  CHECK(server.connections() == 0);
  TransportOptions options = outside.transport();
  options.policy.allow_http = true;
  CHECK(exchange(post(url), options).status == 200);
  options.resolve = [](const std::string&) -> Result<std::vector<Address>> {
    return std::vector<Address>{address_v4(0x08080808)};
  };
  const HttpAnswer away = exchange(post("http://hooks.example/"), options);
  CHECK(away.exchange == Exchange::forbidden_address);
  CHECK(away.detail == "Without TLS nothing goes to the public internet: use https.");
}

TEST_CASE("Retry-After is handed on as it was written") {
  Outside outside;
  HttpDouble server({answer(429, "", "RETRY-after:  17 \r\n")}, &outside.certificate);
  const HttpAnswer reply = exchange(post(outside.url(server)), outside.transport());
  CHECK(reply.status == 429);
  CHECK(reply.retry_after == "17");
}
