// Texts that want to be something else: paths that want to be files (P1), names that want to be scripts (S12).
#include <filesystem>

#include "tests/e2e/browser.hpp"
#include "tests/e2e/served_house.hpp"

using namespace heliograph;
using namespace heliograph::e2e;

TEST_CASE("P1: no path leads out of what the binary holds", "[reliability]") {
  const TempDir scratch;
  ServedHouse house(scratch / "data");
  write_file(scratch / "data/canary.html", "<p>not to be seen</p>");
  std::filesystem::create_symlink("/etc/passwd", scratch / "data/link");
  const std::vector<std::string> ups{"../", "..%2f", "%2e%2e/", "%2e%2e%2f", "%252e%252e%252f", "..\\", "..%5c", "%c0%ae%c0%ae/", "%c0%ae%c0%ae%c0%af", "....//", "..;/", ".%00./", "%uff0e%uff0e/", "%e0%80%ae%e0%80%ae/"};
  const std::vector<std::string> ends{"etc/passwd", "canary.html", "people.key", "link"};
  std::vector<std::string> paths{"/etc/passwd", "//etc/passwd", "/%2fetc%2fpasswd", "/.git/config", "/.env", "/index.html%00.css", "/index.html/", "/index.html;/", "/CON", "/dev/random", "/proc/self/environ", "/data/people.key",
                                 "/" + std::string(1500, 'a'), "/./././people.key", "/status.css/../../people.key", "/docs/../../../etc/passwd", "/problems/../../people.key", "/approve/..%2f..%2fpeople.key"};
  for (const std::string& up : ups)
    for (const std::string& end : ends) {
      paths.push_back("/" + up + up + up + up + up + end);
      paths.push_back("/docs/" + up + up + up + up + up + end);
    }
  CHECK(paths.size() >= 60);
  for (const std::string& path : paths) {
    test::HttpClient client(house.server.port());
    REQUIRE(client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    const auto reply = client.read_reply();
    INFO(path << " " << reply.status);
    CHECK((reply.status == 404 || reply.status == 400));
    CHECK_FALSE(has(reply.body, "root:"));
    CHECK_FALSE(has(reply.body, "not to be seen"));
  }
  CHECK(house.get("/").status == 200);
}

TEST_CASE("S12: whatever a name says, a page shows it and does not do it", "[reliability]") {
  Browser browser;
  if (!browser.ready()) {
    WARN("chromedriver is not installed: no page was looked at");
    return;
  }
  const TempDir scratch;
  ServedHouse house(scratch / "data");
  house.furnish();
  const std::string evil = "<img src=x onerror=document.body.replaceChildren('taken')>", quote = R"(\"'><script>document.body.replaceChildren('taken')</script>)";
  REQUIRE(house.replace(home, R"({"name":"Site )" + evil + "\"}").status == 200);
  REQUIRE(house.replace(home + "/devices/plug-1", R"({"kind":"plug","name":"Plug )" + evil + quote + R"(","can_switch":true,"nominal_w":100})").status == 200);
  REQUIRE(house.post(home + "/rules", R"({"id":"r","name":"Rule )" + evil + R"(","triggers":[{"at":"10:00"}],"actions":[{"do":"notify","text":"Text )" + quote + R"("}]})", "rule").status == 201);
  REQUIRE(house.post(commands, R"({"device":"plug-1","action":"switch_on","reason":"Reason )" + evil + quote + R"("})", "command").status == 202);
  REQUIRE(house.post("/api/v1/users", R"({"user":"eve","name":"User )" + evil + R"(","role":"viewer"})").status == 201);
  browser.open(house.server.url() + "/?site=home");
  REQUIRE(browser.says("Log in"));
  for (const auto& [name, text] : {std::pair{"user", std::string("anna")}, std::pair{"password", std::string(test::owners_password)}}) {
    const auto found = browser.find("#login input[name=" + std::string(name) + "]");
    REQUIRE(found.size() == 1);
    browser.type(found.front(), text);
  }
  browser.click(browser.find("#login button").front());
  const bool shown = browser.says("Plug <img src=x onerror=");
  INFO(browser.text());
  CHECK(shown);
  REQUIRE(house.post(home + "/stop", R"({"reason":"Stop )" + evil + R"("})").status == 200);
  CHECK(browser.says("Stop <img src=x"));
  CHECK(browser.find("img[src=x]").empty());
  CHECK_FALSE(browser.text() == "taken");
  for (const std::string& line : browser.said()) {
    INFO(line);
    CHECK_FALSE(has(line, "Content Security Policy"));
  }
}
