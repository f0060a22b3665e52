// An approval by mail from end to end: the real binary, a real SMTP server, a real browser. Whoever only has the link, and
// whoever only looks, approves nothing.
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>

#include "actors/clock.hpp"
#include "tests/e2e/browser.hpp"
#include "tests/e2e/process.hpp"
#include "tests/support/mail_reader.hpp"
#include "tests/support/smtp_server.hpp"

using namespace heliograph;
using namespace heliograph::e2e;
using testing::line_after;
using testing::plain_text;

namespace {

const std::string home = "/api/v1/sites/home";
const std::vector<std::pair<std::string, std::string>> json_type{{"Content-Type", "application/json"}}, form_type{{"Content-Type", "application/x-www-form-urlencoded"}};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
std::size_t times(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

struct Mail {
  std::string path, token, code, text;
};

/// A site whose automation needs a yes, and somebody with a mailbox.
class House {
 public:
  House() {
    write_file(scratch_ / "host.toml", "notify.base_url = \"https://hub.example\"\n[notify.mail]\nhost = \"127.0.0.1\"\nsecurity = \"plain_loopback\"\nport = " +
                                           std::to_string(smtp_.port()) + "\nfrom = \"heliograph@example.org\"\n");
    start();
    REQUIRE(send("PUT", home, R"({"name":"Villa"})").status == 200);
    REQUIRE(send("PUT", home + "/devices/plug-1", R"({"kind":"plug","name":"Miner <b>1</b>","can_switch":true,"nominal_w":100,"needs_approval":true})").status == 200);
    REQUIRE(send("PUT", home + "/preferences", R"({"mail":"anna@example.org"})").status == 200);
    REQUIRE(send("POST", home + "/readings", R"({"device":"plug-1","timestamp":")" + format_time(SystemClock().now()) + R"(","switch_on":false})").status == 200);
  }
  void start() {
    server_.reset();
    server_ = std::make_unique<Server>(std::vector<std::string>{binary(), "serve", "--data", data(), "--listen", "127.0.0.1:0", "--config", scratch_ / "host.toml"});
    REQUIRE(server_->port() != 0);
  }
  Server& server() { return *server_; }
  std::string data() const { return scratch_ / "data"; }
  test::Reply send(const std::string& method, const std::string& path, const std::string& body = {}, const std::vector<std::pair<std::string, std::string>>& headers = json_type) {
    test::HttpClient client(server_->port());
    return client.request(method, path, body, body.empty() ? std::vector<std::pair<std::string, std::string>>{} : headers);
  }
  test::Reply answer(const Mail& mail, const std::string& code, const std::string& word) {
    return send("POST", mail.path, "code=" + code + "&answer=" + word, form_type);
  }
  /// Asks, and answers the command's path.
  std::string ask() {
    const auto asked = send("POST", home + "/commands", R"({"device":"plug-1","action":"switch_on","reason":"the sun is out"})",
                            {{"Content-Type", "application/json"}, {"Idempotency-Key", "k" + std::to_string(++keys_)}});
    REQUIRE(asked.status == 202);
    const auto at = asked.body.find("\"command\":\"") + 11;
    return home + "/commands/" + asked.body.substr(at, asked.body.find('"', at) - at);
  }
  /// The mail that follows the `known` first ones.
  std::string next_mail(std::size_t known) {
    REQUIRE(smtp_.wait_for(known + 1));
    const auto mails = smtp_.received();
    CHECK(mails[known].to == std::vector<std::string>{"anna@example.org"});
    return plain_text(mails[known].message);
  }
  Mail invitation(std::size_t known) {
    Mail mail;
    mail.text = next_mail(known);
    const std::string url = line_after(mail.text, "To decide, open this page:");
    REQUIRE(url.starts_with("https://hub.example/approve/"));
    mail.path = url.substr(std::string("https://hub.example").size());
    mail.token = mail.path.substr(mail.path.rfind('/') + 1);
    mail.code = line_after(mail.text, "It asks for this code:");
    REQUIRE(mail.code.size() == 6);
    return mail;
  }
  /// Reads the record, from its beginning on, up to an event of this type.
  void wait_for(const std::string& type) {
    test::HttpClient stream(server_->port());
    stream.send("GET /api/v1/stream?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    REQUIRE(stream.read_stream_head().status == 200);
    for (auto event = stream.read_event(); event; event = stream.read_event())
      if (has(event->data, "\"" + type + "\"")) return;
    FAIL("no " << type << " came");
  }
  std::size_t mails() const { return smtp_.received().size(); }

 private:
  TempDir scratch_;
  testing::SmtpServer smtp_{"plain"};
  std::unique_ptr<Server> server_;
  int keys_ = 0;
};

/// Every byte under the folder.
std::string everything_in(const std::string& folder) {
  std::string out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) out += read_file(entry.path().string());
  return out;
}

}  // namespace

TEST_CASE("an approval by mail: asked, looked at, answered with the code, done once, told") {
  House house;
  const std::string command = house.ask();
  const Mail mail = house.invitation(0);
  CHECK(has(mail.text, "the sun is out"));
  CHECK(mail.token.size() == 43);
  CHECK_FALSE(has(mail.path, mail.code));

  for (const char* look : {"GET", "HEAD"}) CHECK(house.send(look, mail.path).status == 200);
  const auto page = house.send("GET", mail.path + "?utm_source=scanner");
  CHECK(page.status == 200);
  CHECK(has(page.body, "Miner &lt;b&gt;1&lt;/b&gt;"));
  CHECK_FALSE(has(page.body, "<script"));
  CHECK_FALSE(has(page.body, mail.code));
  CHECK(page.header("Referrer-Policy") == "no-referrer");
  CHECK(has(page.header("Cache-Control"), "no-store"));
  CHECK(house.send("GET", "/approve/" + std::string(43, 'A')).status == 404);

  CHECK(house.send("POST", mail.path, "code=&answer=approve", form_type).status == 422);
  CHECK(house.answer(mail, "222222", "approve").status == 403);
  const std::string before = house.send("GET", command).body;
  CHECK(times(before, "\"approval.attempt_failed\"") == 1);  // what was no code at all is not counted
  CHECK_FALSE(has(before, "\"approval.decided\""));

  const auto yes = house.answer(mail, mail.code, "approve"), again = house.answer(mail, mail.code, "approve");
  CHECK(yes.status == 200);
  CHECK(again.status == 200);
  CHECK(has(yes.body, "Approved"));
  CHECK(has(again.body, "Approved"));
  CHECK(has(house.send("GET", mail.path).body, "Approved"));
  const std::string story = house.send("GET", command).body;
  CHECK(times(story, "\"approval.decided\"") == 1);
  CHECK(times(story, "\"command.dispatched\"") == 1);
  CHECK(has(story, "anna@example.org"));
  CHECK(has(story, "\"mail\""));

  // Nothing drives the plug here: the person hears that, too.
  CHECK(has(house.next_mail(1), "Failed"));
  const Ended ended = house.server().end(SIGTERM);
  CHECK(ended.exit == 0);
  for (const std::string& secret : {mail.token, mail.code}) {
    CAPTURE(secret.size());
    CHECK_FALSE(has(everything_in(house.data()), secret));
    CHECK_FALSE(has(ended.out + ended.err, secret));
    CHECK_FALSE(has(story + before, secret));
  }
}

TEST_CASE("a no by mail, a fifth wrong code, and a link of another question") {
  House house;
  const std::string first = house.ask();
  const Mail mail = house.invitation(0);
  CHECK(house.answer(mail, mail.code, "deny").status == 200);
  CHECK(has(house.send("GET", first).body, "\"denied\""));
  CHECK(house.answer(mail, mail.code, "approve").status == 200);  // the first answer stands
  CHECK_FALSE(has(house.send("GET", first).body, "\"command.dispatched\""));

  const std::size_t known = house.mails();
  const std::string second = house.ask();
  const Mail other = house.invitation(known);
  CHECK(other.token != mail.token);
  CHECK(house.answer(other, mail.code, "approve").status == 403);  // the code of another question
  for (const char* wrong : {"AAAAAA", "BBBBBB", "CCCCCC", "DDDDDD"}) CHECK(house.answer(other, wrong, "approve").status == 403);
  const auto shut = house.answer(other, other.code, "approve");
  CHECK(shut.status == 403);
  CHECK(has(shut.body, "Too many wrong codes"));
  CHECK_FALSE(has(house.send("GET", second).body, "\"approval.decided\""));
  CHECK(house.send("POST", second + "/approve", R"({})").status == 200);  // another way stays open
}

TEST_CASE("a link outlives a kill, is not mailed twice, and dies with the device that was shown") {
  House house;
  const std::string command = house.ask();
  const Mail mail = house.invitation(0);
  house.wait_for("notification.settled");
  CHECK(house.server().end(SIGKILL).signal == SIGKILL);
  house.start();
  CHECK(house.send("GET", mail.path).status == 200);
  // Another relay behind the same name: what anna read is not what would happen (H27).
  REQUIRE(house.send("PUT", home + "/devices/plug-1", R"({"kind":"plug","name":"Miner <b>1</b>","can_switch":true,"nominal_w":100,"needs_approval":true,"hardware":"another"})",
                     {{"Content-Type", "application/json"}, {"If-Match", "*"}}).status == 200);
  const auto late = house.answer(mail, mail.code, "approve");
  CHECK(late.status == 410);
  const std::string story = house.send("GET", command).body;
  CHECK(has(story, "\"replaced\""));
  CHECK_FALSE(has(story, "\"command.dispatched\""));
  // Whatever the second life had to send again would have come before this.
  CHECK(has(house.next_mail(1), "called off"));
}

TEST_CASE("a browser that clicks everything on the page approves nothing without the code") {
  Browser browser;
  if (!browser.ready()) {
    WARN("chromedriver is not installed (packages-test.txt): the browser was not tried");
    return;
  }
  House house;
  const std::string command = house.ask();
  const Mail mail = house.invitation(0);
  const std::string url = house.server().url() + mail.path;
  std::mt19937_64 random(2026);
  int clicks = 0, visits = 0;
  for (; visits < 24; ++visits) {
    browser.open(url);
    const std::size_t buttons = browser.find("button, a, input[type=submit]").size();
    if (visits == 0) REQUIRE(buttons == 2);
    for (std::size_t b = 0; b < buttons; ++b) {
      browser.open(url);
      const auto fields = browser.find("input, textarea, select");
      // A scanner fills in nothing, or anything.
      if (visits % 3 != 0)
        for (const auto& field : fields) browser.type(field, visits % 3 == 1 ? std::to_string(random() % 1'000'000) : "test@example.org");
      const auto now = browser.find("button, a, input[type=submit]");
      if (b < now.size()) browser.click(now[b]), ++clicks;
    }
  }
  CHECK(clicks >= 40);
  const std::string story = house.send("GET", command).body;
  CHECK(has(story, "\"approval.requested\""));
  CHECK_FALSE(has(story, "\"approval.decided\""));
  CHECK_FALSE(has(story, "\"command.dispatched\""));

  SECTION("a person with the code does, in the same browser") {
    const std::size_t known = house.mails();
    const std::string other = house.ask();
    const Mail good = house.invitation(known);
    browser.open(house.server().url() + good.path);
    CHECK(has(browser.text(), "Switch"));
    REQUIRE(browser.find("#code").size() == 1);
    browser.type(browser.find("#code").front(), good.code);
    browser.click(browser.find("button[value=approve]").front());
    // The click only begins it: the page changes when the answer is there.
    const bool approved = browser.says("Approved");
    INFO(browser.text());
    CHECK(approved);
    CHECK(has(house.send("GET", other).body, "\"approval.decided\""));
  }
}
