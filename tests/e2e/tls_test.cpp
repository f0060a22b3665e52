// The shipped binary over TLS: nothing in plain text, cookies bound to the host, a certificate that is renewed while it serves, and
// what a proxy may say.
#include <signal.h>

#include "tests/e2e/served_house.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/tls_client.hpp"

using namespace heliograph;
using namespace heliograph::e2e;
using test::TlsClient;

namespace {

const std::vector<std::pair<std::string, std::string>> json_type{{"Content-Type", "application/json"}};
const std::string anna = R"({"user":"anna","password":"four words of a house")";

std::string cookies_of(const test::Reply& reply) {
  std::string all;
  for (const auto& [key, value] : reply.headers)
    if (key == "Set-Cookie") all += value + "\n";
  return all;
}

}  // namespace

TEST_CASE("over TLS: a login has cookies of this host alone, and the certificate is read again without a restart") {
  const TempDir scratch;
  testing::Authority authority(scratch.path(), "authority");
  const auto first = authority.issue("server", "IP:127.0.0.1,DNS:localhost");
  Server server({binary(), "serve", "--data", scratch / "data", "--listen", "127.0.0.1:0"},
                {{"HELIOGRAPH_TLS_CERTIFICATE", first.certificate_file}, {"HELIOGRAPH_TLS_KEY", first.key_file}});
  REQUIRE(server.port() != 0);
  TlsClient client(server.port(), {.authority = authority.file()});
  REQUIRE(client.shaken());
  const auto made = client.request("POST", "/api/v1/setup", anna + R"(,"cookie":true})", json_type);
  REQUIRE(made.status == 201);
  CHECK(made.header("Strict-Transport-Security") == "max-age=31536000; includeSubDomains");
  CHECK(has(cookies_of(made), "__Host-heliograph="));
  CHECK(has(cookies_of(made), "; Secure"));
  const std::string cookie = cookies_of(made).substr(0, cookies_of(made).find(';'));
  CHECK(client.request("GET", "/api/v1/sites", "", {{"Cookie", cookie}}).status == 200);
  CHECK(client.request("PUT", "/api/v1/sites/home", "{}", {{"Cookie", cookie}, {"Content-Type", "application/json"}, {"Origin", "https://localhost"}}).status == 200);

  const long serial = client.serial();
  const auto next = authority.issue("next", "IP:127.0.0.1,DNS:localhost");
  write_file(first.certificate_file, read_file(next.certificate_file));
  write_file(first.key_file, read_file(next.key_file));
  server.tell(SIGHUP);
  long shown = serial;
  for (int i = 0; i < 2'000 && shown == serial; ++i) shown = TlsClient(server.port()).serial();
  CHECK(shown != serial);
  CHECK(client.request("GET", "/api/v1/sites", "", {{"Cookie", cookie}}).status == 200);  // the old connection lives on
  write_file(first.key_file, "no key at all");
  server.tell(SIGHUP);
  const Ended ended = server.end(SIGTERM);
  CHECK(ended.exit == 0);
  CHECK(has(ended.out, "https://127.0.0.1:"));
  CHECK(has(ended.err, "The certificate was read again"));
}

TEST_CASE("L10: behind a proxy the owner needs the code, and only what our own proxy says of a peer is believed", "[reliability]") {
  const TempDir scratch;
  Server server({binary(), "serve", "--data", scratch / "data", "--listen", "127.0.0.1:0"}, {{"HELIOGRAPH_SERVER_BEHIND_PROXY", "true"}});
  REQUIRE(server.port() != 0);
  test::HttpClient client(server.port());
  const auto refused = client.request("POST", "/api/v1/setup", anna + "}", json_type);
  CHECK(refused.status == 403);
  CHECK(has(refused.body, "setup_code"));
  CHECK(client.request("POST", "/api/v1/setup", anna + R"(,"setup_code":"0000000000000000"})", json_type).status == 403);
  auto wrong = [&, name = 0](const std::string& peer) mutable {  // another name each time: it is the address that is slowed
    return client.request("POST", "/api/v1/auth/login", R"({"user":"nobody-)" + std::to_string(++name) + R"(","password":"x"})", {{"Content-Type", "application/json"}, {"X-Forwarded-For", "1.1.1.1, " + peer}}).status;
  };
  for (int i = 0; i < 20; ++i) CHECK(wrong("203.0.113.7") == 401);
  CHECK(wrong("203.0.113.7") == 429);
  CHECK(wrong("198.51.100.7") == 401);  // somebody else
  const Ended ended = server.end(SIGTERM);
  const auto at = ended.out.find("this code: ");
  REQUIRE(at != std::string::npos);
  CHECK(ended.out.substr(at + 11, 16).find_first_not_of("0123456789abcdef") == std::string::npos);
}

TEST_CASE("without a proxy nobody is believed to be somebody else") {
  const TempDir scratch;
  ServedHouse house(scratch / "data");
  test::HttpClient client(house.server.port());
  for (int i = 0; i < 20; ++i)
    CHECK(client.request("POST", "/api/v1/auth/login", R"({"user":"nobody-)" + std::to_string(i) + R"(","password":"x"})", {{"Content-Type", "application/json"}, {"X-Forwarded-For", "203.0.113." + std::to_string(i)}}).status == 401);
  CHECK(client.request("POST", "/api/v1/auth/login", R"({"user":"nobody","password":"x"})", {{"Content-Type", "application/json"}, {"X-Forwarded-For", "203.0.113.200"}}).status == 429);
}
