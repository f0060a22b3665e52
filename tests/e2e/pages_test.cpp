// What the shipped binary serves to browsers: each file byte for byte in both forms, and the two pages about the API as a browser shows
// them, under a policy that lets in nothing from elsewhere.
#include <rapidjson/document.h>

#include <algorithm>
#include <set>

#include "api/http/coding.hpp"
#include "api/web_assets.hpp"
#include "tests/e2e/browser.hpp"
#include "tests/e2e/served_house.hpp"
#include "tests/support/eventually.hpp"

using namespace heliograph;
using namespace heliograph::e2e;
using test::HttpClient;
using testing::eventually;

namespace {

struct Demo {
  Demo() : server({binary(), "demo", "--data", scratch / "demo", "--past-days", "1", "--listen", "127.0.0.1:0"}), client(server.port()) { REQUIRE(server.port() != 0); }
  TempDir scratch;
  Server server;
  HttpClient client;
};

/// Summaries of the served document's operations.
std::vector<std::string> operations(HttpClient& client) {
  rapidjson::Document document;
  document.Parse(client.request("GET", "/openapi.json").body.c_str());
  std::vector<std::string> out;
  for (const auto& path : document["paths"].GetObject())
    for (const auto& each : path.value.GetObject())
      if (each.value.IsObject() && each.value.HasMember("operationId")) out.emplace_back(each.value["summary"].GetString());
  REQUIRE(out.size() > 60);
  return out;
}

/// Asks until so many elements are there; how many there are in the end.
std::size_t count(Browser& browser, const std::string& selector, std::size_t wanted) {
  std::size_t found = 0;
  eventually([&] { return (found = browser.find(selector).size()) >= wanted; });
  return found;
}

/// Every summary stands on the page, once it has drawn everything.
void check_shown(Browser& browser, const std::vector<std::string>& listed) {
  std::string text;
  const auto missing = [&](const std::string& summary) { return !has(text, summary); };
  eventually([&] { return text = browser.text(), std::none_of(listed.begin(), listed.end(), missing); });
  for (const std::string& summary : listed) {
    INFO(summary);
    CHECK(!missing(summary));
  }
}

bool is_breach(const std::string& line) { return line.find("Content Security Policy") != std::string::npos || line.find("Refused to") != std::string::npos; }

void check_quiet(Browser& browser) {
  for (const std::string& line : browser.said()) {
    INFO(line);
    CHECK(!is_breach(line));
    CHECK(line.find("SEVERE") == std::string::npos);
  }
}

}  // namespace

TEST_CASE("every file in the binary comes whole in both forms, and as 304 and in parts to who has it") {
  Demo demo;
  std::set<std::string> paths;
  std::size_t stored = 0;
  for (const api::WebAsset& asset : api::web_assets()) {
    const std::string path(asset.path);
    INFO(path);
    paths.insert(path);
    stored += asset.stored.bytes.size();
    const auto plain = demo.client.request("GET", path), packed = demo.client.request("GET", path, {}, {{"Accept-Encoding", "gzip"}});
    REQUIRE(plain.status == 200);
    REQUIRE(packed.status == 200);
    CHECK(plain.body.size() == asset.stored.size);
    CHECK(plain.header("ETag") == "\"" + std::string(asset.stored.tag.substr(0, 32)) + "\"");
    CHECK(plain.header("Content-Type") == asset.content_type);
    CHECK(plain.header("Content-Security-Policy").find("default-src '") == 0);
    if (asset.stored.is_gzip) {
      CHECK(packed.header("Content-Encoding") == "gzip");
      CHECK(http::gunzip(packed.body, plain.body.size()) == plain.body);
      CHECK(packed.header("ETag") != plain.header("ETag"));
    } else {
      CHECK(packed.body == plain.body);
    }
    const auto same = demo.client.request("GET", path, {}, {{"If-None-Match", plain.header("ETag")}});
    CHECK(same.status == 304);
    // A browser takes it over: another policy would stop the page's own scripts from its second visit on.
    CHECK((same.header("Content-Security-Policy").empty() || same.header("Content-Security-Policy") == plain.header("Content-Security-Policy")));
    const auto part = demo.client.request("GET", path, {}, {{"Range", "bytes=1-3"}, {"If-Range", plain.header("ETag")}});
    CHECK(part.status == 206);
    CHECK(part.body == plain.body.substr(1, 3));
    demo.client.send("HEAD " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const auto head = demo.client.read_reply(true);
    CHECK(head.header("Content-Length") == std::to_string(plain.body.size()));
    CHECK(head.header("ETag") == plain.header("ETag"));
  }
  for (const char* path : {"/", "/docs", "/redoc", "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/redoc/redoc.standalone.js", "/docs/swagger-ui-bundle.js.LICENSE.txt", "/redoc/redoc.standalone.js.LICENSE.txt"}) CHECK(paths.count(path) == 1);
  CHECK(stored < 1'500'000);  // the binary is for small machines, too
}

TEST_CASE("the library's pages let in nothing from elsewhere, and no script but files of this server") {
  Demo demo;
  for (const char* path : {"/docs", "/redoc"}) {
    INFO(path);
    const auto reply = demo.client.request("GET", path);
    const std::string policy = reply.header("Content-Security-Policy");
    for (const char* part : {"default-src 'none'", "script-src 'self';", "connect-src 'self';", "base-uri 'none'", "frame-ancestors 'none'"}) CHECK(has(policy, part));
    for (const char* part : {"unsafe", "http:", "https:", "*", "blob:"}) CHECK(!has(policy, part));
    CHECK(!has(reply.body, "://"));
    CHECK(!has(reply.body, "style="));
  }
  CHECK(!has(demo.client.request("GET", "/redoc/redoc.standalone.js").body, "cdn.redoc"));
}

TEST_CASE("Swagger UI shows every operation of the served document, breaks no rule of its policy, and asks this server") {
  Browser browser;
  if (!browser.ready()) {
    WARN("chromedriver is not installed: /docs was not looked at");
    return;
  }
  Demo demo;
  const auto listed = operations(demo.client);
  browser.open(demo.server.url() + "/docs");
  CHECK(count(browser, ".opblock", listed.size()) == listed.size());
  check_shown(browser, listed);
  const auto press = [&](const std::string& selector) {
    REQUIRE(count(browser, selector, 1) >= 1);
    browser.click(browser.find(selector).front());
  };
  press("[id$='-health'] .opblock-summary-control");
  press("[id$='-health'] .try-out__btn");
  press("[id$='-health'] .execute");
  CHECK(count(browser, "[id$='-health'] .live-responses-table .response-col_status", 1) >= 1);
  CHECK(browser.says("safe_mode"));
  check_quiet(browser);
}

TEST_CASE("ReDoc shows every operation of the served document and breaks no rule of its policy") {
  Browser browser;
  if (!browser.ready()) {
    WARN("chromedriver is not installed: /redoc was not looked at");
    return;
  }
  Demo demo;
  const auto listed = operations(demo.client);
  browser.open(demo.server.url() + "/redoc");
  CHECK(count(browser, "[id*='operation/']", listed.size()) >= listed.size());
  check_shown(browser, listed);
  check_quiet(browser);
}
