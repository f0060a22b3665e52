// The page of a house that is new: a browser makes the owner, sees the house, logs out and in again.
#include "tests/e2e/browser.hpp"
#include "tests/e2e/served_house.hpp"

using namespace heliograph;
using namespace heliograph::e2e;

namespace {

void fill(Browser& browser, const std::string& name, const std::string& text) {
  const auto found = browser.find("#login input[name=" + name + "]");
  REQUIRE(found.size() == 1);
  browser.type(found.front(), text);
}

void press(Browser& browser, const std::string& selector) {
  const auto found = browser.find(selector);
  REQUIRE(found.size() == 1);
  browser.click(found.front());
}

}  // namespace

TEST_CASE("the page of a new house: the owner is made, the house is seen, out and in again") {
  Browser browser;
  if (!browser.ready()) {
    WARN("chromedriver is not installed: the login page was not looked at");
    return;
  }
  const TempDir scratch;
  Server server({binary(), "serve", "--data", scratch / "data", "--listen", "127.0.0.1:0", "--simulate", "home"}, {}, false);
  REQUIRE(server.port() != 0);
  browser.open(server.url() + "/");
  REQUIRE(browser.says("Make the owner"));
  fill(browser, "user", "anna");
  fill(browser, "password", "four words of a house");
  press(browser, "#login button");
  const bool seen = browser.says("Hot water boiler");
  INFO(browser.text());
  REQUIRE(seen);
  REQUIRE(browser.says("Live"));
  press(browser, "#log-out");
  REQUIRE(browser.says("Log in"));
  fill(browser, "user", "anna");
  fill(browser, "password", "not the password at all");
  press(browser, "#login button");
  REQUIRE(browser.says("do not fit"));
  CHECK(browser.text().find("Hot water boiler") == std::string::npos);
  browser.open(server.url() + "/?site=home");
  REQUIRE(browser.says("Log in"));
  fill(browser, "user", "anna");
  fill(browser, "password", "four words of a house");
  press(browser, "#login button");
  CHECK(browser.says("Hot water boiler"));
}
