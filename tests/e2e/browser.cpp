#include "tests/e2e/browser.hpp"

#include <fcntl.h>
#include <signal.h>
#include <simdjson.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "events/json.hpp"
#include "tests/support/eventually.hpp"

namespace heliograph::e2e {
namespace {

constexpr const char* driver = "/usr/bin/chromedriver";
constexpr std::string_view element_key = "element-6066-11e4-a52e-4f735466cecf";  // W3C WebDriver, 12.1

/// Started with a group of its own, so that the browsers that it starts end with it.
pid_t start(const std::string& home, int out) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(out, STDOUT_FILENO);
  const int null = ::open("/dev/null", O_WRONLY);
  ::dup2(null, STDERR_FILENO);
  ::setenv("HOME", home.c_str(), 1);
  ::execl(driver, driver, "--port=0", nullptr);
  ::_exit(127);
}

/// "ChromeDriver was started successfully on port 41234."
std::uint16_t port_of(int out) {
  std::string said;
  for (char c; ::read(out, &c, 1) == 1;) {
    said += c;
    const auto at = said.rfind("on port ");
    if (c == '\n' && at != std::string::npos && said.find("successfully") != std::string::npos) return static_cast<std::uint16_t>(std::atoi(said.c_str() + at + 8));
  }
  return 0;
}

}  // namespace

Browser::Browser() {
  if (!std::filesystem::exists(driver)) return;
  int ends[2];
  ensure(::pipe2(ends, O_CLOEXEC) == 0, "a pipe can be made", "Browser");
  pid_ = start(folder_.path(), ends[1]);
  ::close(ends[1]);
  port_ = port_of(ends[0]);
  ::close(ends[0]);
  ensure(port_ != 0, "chromedriver starts", "Browser");
  const std::string profile = folder_ / "profile";
  const std::string answer = ask("POST", "/session",
      R"({"capabilities":{"alwaysMatch":{"browserName":"chrome","goog:loggingPrefs":{"browser":"ALL"},"goog:chromeOptions":{"binary":"/usr/bin/chromium","args":["--headless=new","--no-sandbox",)"
      R"("--disable-gpu","--disable-dev-shm-usage","--user-data-dir=)" + profile + R"("]}}}})");
  simdjson::dom::parser parser;
  std::string_view id;
  if (parser.parse(answer)["value"]["sessionId"].get(id) == simdjson::SUCCESS) session_ = std::string(id);
  ensure(!session_.empty(), answer.c_str(), "Browser");
}

Browser::~Browser() {
  if (pid_ <= 0) return;
  if (!session_.empty()) ask("DELETE", "/session/" + session_, "");
  ::kill(-pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::string Browser::ask(const std::string& method, const std::string& path, const std::string& body) {
  test::HttpClient client(port_);
  return client.request(method, path, body, {{"Content-Type", "application/json"}}).body;
}

void Browser::open(const std::string& url) {
  JsonWriter json;
  json.begin_object().field("url", url).end_object();
  ask("POST", "/session/" + session_ + "/url", json.str());
}

std::string Browser::url() {
  simdjson::dom::parser parser;
  const std::string answer = ask("GET", "/session/" + session_ + "/url", "");
  std::string_view value;
  return parser.parse(answer)["value"].get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
}

std::string Browser::text() {
  const auto body = find("body");
  if (body.empty()) return {};
  simdjson::dom::parser parser;
  const std::string answer = ask("GET", "/session/" + session_ + "/element/" + body.front() + "/text", "");
  std::string_view value;
  return parser.parse(answer)["value"].get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
}

bool Browser::says(const std::string& words) {
  return testing::eventually([&] { return text().find(words) != std::string::npos; });
}

std::vector<std::string> Browser::find(const std::string& selector) {
  JsonWriter json;
  json.begin_object().field("using", "css selector").field("value", selector).end_object();
  const std::string answer = ask("POST", "/session/" + session_ + "/elements", json.str());
  simdjson::dom::parser parser;
  std::vector<std::string> out;
  simdjson::dom::array found;
  if (parser.parse(answer)["value"].get(found) != simdjson::SUCCESS) return out;
  for (const simdjson::dom::element each : found) {
    std::string_view id;
    if (each[element_key].get(id) == simdjson::SUCCESS) out.emplace_back(id);
  }
  return out;
}

std::vector<std::string> Browser::said() {
  simdjson::dom::parser parser;
  const std::string answer = ask("POST", "/session/" + session_ + "/se/log", R"({"type":"browser"})");
  std::vector<std::string> out;
  simdjson::dom::array lines;
  ensure(parser.parse(answer)["value"].get(lines) == simdjson::SUCCESS, answer.c_str(), "Browser");
  for (const simdjson::dom::element each : lines) {
    std::string_view text;
    if (each["message"].get(text) == simdjson::SUCCESS) out.emplace_back(text);
  }
  return out;
}

void Browser::click(const std::string& element) { ask("POST", "/session/" + session_ + "/element/" + element + "/click", "{}"); }

void Browser::type(const std::string& element, const std::string& text) {
  JsonWriter json;
  json.begin_object().field("text", text).end_object();
  ask("POST", "/session/" + session_ + "/element/" + element + "/value", json.str());
}

}  // namespace heliograph::e2e
