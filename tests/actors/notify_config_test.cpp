// The section "notify" of the host's configuration: what it says is what the channels get, secrets come from where they are
// named, and every mistake has its pointer.
#include "actors/notify_config.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "tests/support/temp_dir.hpp"

using namespace heliograph;
using heliograph::testing::TempDir;

namespace {

struct Read {
  notify::NotifyOptions options;
  std::vector<DocumentProblem> problems;
};

Read read(const std::string& json) {
  ParsedDocument document = parse_document(json);
  REQUIRE(document.root);
  Read out;
  out.problems = std::move(document.problems);
  const Place root;
  out.options = read_notify(*document.root, root, out.problems);
  return out;
}

std::vector<std::string> pointers(const std::string& json) {
  std::vector<std::string> out;
  for (const DocumentProblem& problem : read(json).problems) out.push_back(problem.pointer);
  return out;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("a whole section becomes options, and its channels can be made") {
  const TempDir folder;
  const auto secret = [&](const std::string& name, const std::string& text) {
    std::ofstream(folder / name) << text << "\n";
    return R"({"file":")" + (folder / name) + "\"}";
  };
  ::setenv("HELIOGRAPH_TEST_SMTP", "right horse", 1);
  const Read done = read(R"({"base_url":"https://hub.example","mail":{"host":"smtp.example.org","user":"hub","password":{"env":"HELIOGRAPH_TEST_SMTP"},)"
      R"("from":"hub@example.org","from_name":"Villa","to":[{"id":"anna","name":"Anna","address":"anna@example.org"}]},)"
      R"("twilio":{"account_sid":"AC)" + std::string(32, 'a') + R"(","password":)" + secret("twilio", "12345") + R"(,"from":"+15005550006","to":[{"id":"anna","number":"+48123456789"}]},)"
      R"("slack":[{"id":"ops","url":)" + secret("slack", "https://hooks.slack.com/services/T0/B0/x") + R"(}],"pagerduty":[{"id":"ops","routing_key":)" +
      secret("pd", std::string(32, 'p')) + R"(}],"webhooks":[{"id":"ops","url":"https://hooks.example.org/x","secret":)" +
      secret("hook", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz") + "}]}");
  for (const DocumentProblem& problem : done.problems) FAIL_CHECK(problem.pointer << ": " << problem.sentence);
  REQUIRE(done.options.mail);
  CHECK(done.options.mail->server.port == 587);
  CHECK(done.options.mail->server.password.reveal() == "right horse");
  CHECK(done.options.mail->from_name == "Villa");
  CHECK(done.options.twilio->password.reveal() == "12345");  // without the file's line end
  const auto channels = notify::make_channels(done.options);
  REQUIRE(channels);
  CHECK(channels->size() == 5);
}

TEST_CASE("a mistake in the section is a problem with its pointer, and no secret stands in a sentence") {
  CHECK(pointers(R"({"mial":{}})") == Strings{"/mial"});
  CHECK(pointers(R"({"mail":{"host":"smtp.example.org"}})") == Strings{"/mail/from"});
  CHECK(pointers(R"({"mail":{"host":"h.example","from":"a@b.example","security":"ssl"}})") == Strings{"/mail/security"});
  CHECK(pointers(R"({"mail":{"host":"h.example","from":"a@b.example","port":0}})") == Strings{"/mail/port"});
  CHECK(pointers(R"({"mail":{"host":"h.example","from":"a@b.example","to":{}}})") == Strings{"/mail/to"});
  CHECK(pointers(R"({"mail":{"host":"h.example","from":"a@b.example","to":[{"id":"anna"}]}})") == Strings{"/mail/to/0/address"});
  CHECK(pointers(R"({"webhooks":[{"id":"ops","url":"https://hooks.example.org/x"}]})") == Strings{"/webhooks/0/secret"});
  const Read typed = read(R"({"mail":{"host":"h.example","from":"a@b.example","user":"hub","password":"right horse"}})");
  REQUIRE_FALSE(typed.problems.empty());
  for (const DocumentProblem& problem : typed.problems) {
    CHECK(problem.pointer.starts_with("/mail/password"));
    CHECK(problem.sentence.find("horse") == std::string::npos);
  }
  ::unsetenv("HELIOGRAPH_TEST_NOTHING");
  CHECK(pointers(R"({"slack":[{"id":"ops","url":{"env":"HELIOGRAPH_TEST_NOTHING"}}]})").front() == "/slack/0/url");
  CHECK(pointers(R"({"slack":[{"id":"ops","url":{"file":"/nowhere/at/all"}}]})").front() == "/slack/0/url");
  CHECK(pointers(R"({"slack":[{"id":"ops","url":{}}]})") == Strings{"/slack/0/url"});
}
