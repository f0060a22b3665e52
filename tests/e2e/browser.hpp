// A real browser without a window, driven through WebDriver (W3C) on loopback: what a mail scanner with scripts would do.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/http_client.hpp"
#include "tests/support/temp_dir.hpp"

namespace heliograph::e2e {

class Browser {
 public:
  /// Where there is no chromedriver, `ready` stays false.
  Browser();
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;
  bool ready() const { return !session_.empty(); }

  void open(const std::string& url);
  std::string url();
  std::string text();  // of the body, as a person sees it
  /// Asks the page again and again, until it says so; false after a while.
  bool says(const std::string& words);
  /// References of the elements that fit the CSS selector.
  std::vector<std::string> find(const std::string& selector);
  /// What the page's console said since the last time, breaches of its policy among it.
  std::vector<std::string> said();
  void click(const std::string& element);
  void type(const std::string& element, const std::string& text);

 private:
  std::string ask(const std::string& method, const std::string& path, const std::string& body);
  testing::TempDir folder_;
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
  std::string session_;
};

}  // namespace heliograph::e2e
