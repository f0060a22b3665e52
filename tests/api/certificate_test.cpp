// Which pairs of certificate and key are taken, what is said of the others, and that a new pair is used without a
// restart.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <thread>

#include "api/http/server.hpp"
#include "tests/api/echo.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/tls_client.hpp"

namespace heliograph::http {
namespace {

using std::filesystem::perms;
using test::TlsClient;
using testing::Authority;
using testing::ServerCertificate;
using testing::TempDir;

std::string text_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::string& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }

TlsOptions files_of(const ServerCertificate& pair) { return {pair.certificate_file, pair.key_file}; }

std::string digits(const std::string& text) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out), [](unsigned char c) { return std::isdigit(c) != 0; });
  return out;
}

}  // namespace

TEST_CASE("a pair that cannot be used is said in one sentence that names the file") {
  TempDir folder;
  Authority authority(folder.path(), "house");
  struct Case {
    std::string what;
    std::function<void(ServerCertificate&)> spoil;
    Errc code;
    std::string says;
  };
  const auto other = authority.issue("other", "DNS:localhost");
  const std::vector<Case> cases = {
      {"no certificate file", [](auto& p) { p.certificate_file += "x"; }, Errc::not_found, "hub.pemx cannot be read"},
      {"no key file", [](auto& p) { p.key_file += "x"; }, Errc::not_found, "hub-key.pemx cannot be read"},
      {"a folder", [&](auto& p) { p.certificate_file = folder.path(); }, Errc::invalid, "is no PEM file"},
      {"an empty file", [](auto& p) { write(p.certificate_file, ""); }, Errc::invalid, "hub.pem holds no certificate"},
      {"no PEM", [](auto& p) { write(p.certificate_file, std::string(3000, '\x30')); }, Errc::invalid,
       "holds no certificate"},
      {"a key for a certificate", [](auto& p) { p.certificate_file = p.key_file; }, Errc::invalid,
       "holds no certificate"},
      {"a certificate for a key",
       [](auto& p) {
         p.key_file = p.certificate_file;
         std::filesystem::permissions(p.key_file, perms::owner_read);
       },
       Errc::invalid, "hub.pem holds no private key"},
      {"half a certificate",
       [](auto& p) {
         const auto text = text_of(p.certificate_file);
         write(p.certificate_file, text + text.substr(0, text.size() / 2));
       },
       Errc::invalid, "cannot be read"},
      {"somebody else's key", [&](auto& p) { p.key_file = other.key_file; }, Errc::invalid,
       "does not belong to the first certificate"},
      {"the authority's certificate first",
       [&](auto& p) { write(p.certificate_file, text_of(authority.file()) + text_of(p.certificate_file)); },
       Errc::invalid, "the server's own certificate first"},
      {"a passphrase", [](auto& p) { testing::lock_key(p.key_file); }, Errc::unsupported, "locked with a passphrase"},
      {"a weak key", [&](auto& p) { p = authority.issue("hub", "DNS:localhost", 1024); }, Errc::refused,
       "RSA with 2048 bits"},
      {"a key the group may read",
       [](auto& p) { std::filesystem::permissions(p.key_file, perms::owner_read | perms::group_read); }, Errc::refused,
       "chmod 600"},
      {"a key everybody may read",
       [](auto& p) { std::filesystem::permissions(p.key_file, perms::owner_read | perms::others_read); }, Errc::refused,
       "chmod 600"},
      {"a key everybody may write",
       [](auto& p) { std::filesystem::permissions(p.key_file, perms::owner_read | perms::others_write); },
       Errc::refused, "chmod 600"},
  };
  for (const auto& each : cases) {
    INFO(each.what);
    auto good = authority.issue("hub", "DNS:localhost");
    Echo running(quick(), 1, files_of(good));  // started while it was good
    const auto shown = TlsClient(running.port()).serial();
    auto spoilt = good;
    each.spoil(spoilt);
    ServerOptions options;
    options.tls = files_of(spoilt);
    Server server;
    const auto started = server.start(
        "127.0.0.1:0", [](Request&&, Responder) {}, options);
    REQUIRE_FALSE(started.has_value());
    CHECK(started.error().code == each.code);
    INFO(started.error().sentence);
    CHECK(started.error().sentence.find(each.says) != std::string::npos);
    CHECK(started.error().sentence.back() == '.');
    if (spoilt.certificate_file != good.certificate_file || spoilt.key_file != good.key_file) continue;
    const auto again = running.server.reload_certificate();  // the same files, spoilt under it
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().sentence == started.error().sentence);
    TlsClient client(running.port());
    CHECK(client.serial() == shown);
    CHECK(client.request("GET", "/x").status == 200);
  }
}

TEST_CASE("a new certificate is shown to new connections, and old connections live on") {
  TempDir folder;
  Authority authority(folder.path(), "house");
  Echo echo(quick(), 2, files_of(authority.issue("hub", "DNS:localhost")));
  TlsClient before(echo.port(), {.authority = authority.file()});
  REQUIRE(before.request("GET", "/x").status == 200);
  std::thread anybody([&] {
    authority.issue("hub", "DNS:localhost", 2048);
    CHECK(echo.server.reload_certificate().has_value());
  });
  anybody.join();
  TlsClient after(echo.port(), {.authority = authority.file()});
  CHECK(after.request("GET", "/x").status == 200);
  CHECK(after.serial() == before.serial() + 1);
  CHECK(before.request("GET", "/y").body == "GET /y ");
}

TEST_CASE("the certificates that lead to the authority are shown, too") {
  TempDir folder;
  Authority authority(folder.path(), "house");
  const auto pair = authority.issue("hub", "DNS:localhost");
  write(pair.certificate_file, text_of(pair.certificate_file) + text_of(authority.file()));
  Echo echo(quick(), 1, files_of(pair));
  TlsClient client(echo.port());
  CHECK(client.chain_length() == 2);
}

TEST_CASE("when the certificate ends is told, also after it was replaced") {
  TempDir folder;
  Authority authority(folder.path(), "house");
  Echo echo(quick(), 1, files_of(authority.issue("hub", "DNS:localhost")));
  const auto ends = echo.server.certificate_ends();
  REQUIRE(ends.has_value());
  CHECK(digits(format_time(*ends)) == digits(TlsClient(echo.port()).ends()) + "000");
  CHECK_FALSE(Server().certificate_ends().has_value());
}

TEST_CASE("a plain server has no certificate") {
  Echo echo;
  CHECK_FALSE(echo.server.certificate_ends().has_value());
  const auto nothing = echo.server.reload_certificate();
  REQUIRE_FALSE(nothing.has_value());
  CHECK(nothing.error().code == Errc::unsupported);
}

}  // namespace heliograph::http
