// Options that cannot work are refused before anything is sent, with the place where they are wrong.
#include "actors/notify/options.hpp"

#include <catch2/catch.hpp>
#include <sstream>
#include <type_traits>

using namespace heliograph;
using namespace heliograph::notify;

namespace {

NotifyOptions all_options() {
  NotifyOptions options;
  options.base_url = "https://hub.example";
  MailOptions& mail = options.mail.emplace();
  mail.server.host = "smtp.example.org";
  mail.server.user = "hub";
  mail.server.password = Secret("x");
  mail.from = "hub@example.org";
  mail.to = {{"anna", "Anna", "anna@example.net"}, {"bob", "Bob", "bob@example.net"}};
  TwilioOptions& twilio = options.twilio.emplace();
  twilio.account_sid = "AC" + std::string(32, 'a');
  twilio.password = Secret("12345");
  twilio.from = "+15005550006";
  twilio.to = {{"anna", "+15558675310"}};
  options.slack = {{"ops", Secret("https://hooks.slack.com/services/T0/B0/secret")}};
  options.pagerduty = {{"ops", Secret(std::string(32, 'k'))}};
  options.webhooks = {{"home", "https://hooks.example/x", {Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")}, {}}};
  return options;
}

std::string pointer_of(const NotifyOptions& options) {
  const auto channels = make_channels(options);
  if (channels) return "made";
  CHECK_FALSE(channels.error().sentence.empty());
  return channels.error().pointer;
}

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};
template <class T>
concept Comparable = requires(const T& a, const T& b) {
  a == b;
};

}  // namespace

TEST_CASE("there is one channel for each contact, hook and service") {
  const auto channels = make_channels(all_options());
  REQUIRE(channels.has_value());
  std::vector<std::string> names;
  for (const auto& channel : *channels) {
    names.emplace_back(channel->name());
    CHECK(names.back().starts_with(name(channel->kind())));
  }
  CHECK(names ==
        std::vector<std::string>{"mail/anna", "mail/bob", "sms/anna", "slack/ops", "pagerduty/ops", "webhook/home"});
  CHECK(make_channels({}).value().empty());
}

TEST_CASE("options that cannot work are refused with their place") {
  const auto with = [](auto change) {
    NotifyOptions options = all_options();
    change(options);
    return pointer_of(options);
  };
  CHECK(with([](auto&) {}) == "made");
  CHECK(with([](auto& o) { o.base_url = "hub.example"; }) == "/base_url");
  CHECK(with([](auto& o) { o.mail->server.host = "127.0.0.1"; }) == "/mail/server/host");
  CHECK(with([](auto& o) { o.mail->server.host = "smtp.example.org\r\n"; }) == "/mail/server/host");
  CHECK(with([](auto& o) { o.mail->server.port = 0; }) == "/mail/server/port");
  CHECK(with([](auto& o) { o.mail->server.hello_name = "a\r\nMAIL FROM:<x>"; }) == "/mail/server/hello_name");
  CHECK(with([](auto& o) { o.mail->server.user.clear(); }) == "/mail/server/user");
  CHECK(with([](auto& o) { o.mail->from = "hub"; }) == "/mail/from");
  CHECK(with([](auto& o) { o.mail->to[1].address = "bob@example.net\r\nBcc: x@y.z"; }) == "/mail/to/1/address");
  CHECK(with([](auto& o) { o.mail->to[1].id = "anna"; }) == "/mail/to/1/id");
  CHECK(with([](auto& o) { o.twilio->account_sid = "AC../.."; }) == "/twilio/account_sid");
  CHECK(with([](auto& o) { o.twilio->user = "SK\r\n"; }) == "/twilio/user");
  CHECK(with([](auto& o) { o.twilio->from = "Heliograph"; }) == "/twilio/from");
  CHECK(with([](auto& o) { o.twilio->to[0].number = "+1 555"; }) == "/twilio/to/0/number");
  CHECK(with([](auto& o) { o.twilio->base = "https://169.254.169.254"; }) == "/twilio/base");
  CHECK(with([](auto& o) { o.slack[0].url = Secret("http://hooks.slack.com/x"); }) == "/slack/0/url");
  CHECK(with([](auto& o) { o.slack[0].id = "Ops"; }) == "/slack/0/id");
  CHECK(with([](auto& o) { o.pagerduty[0].routing_key = Secret("short"); }) == "/pagerduty/0/routing_key");
  CHECK(with([](auto& o) { o.webhooks[0].url = "https://192.168.1.1/"; }) == "/webhooks/0/url");
  CHECK(with([](auto& o) {
          o.webhooks[0].url = "https://192.168.1.1/";
          o.webhooks[0].policy.allow_lan = true;
        }) == "made");
  CHECK(with([](auto& o) { o.webhooks[0].secrets.clear(); }) == "/webhooks/0/secrets");
  CHECK(with([](auto& o) { o.webhooks[0].secrets = {Secret("whsec_x")}; }) == "/webhooks/0/secrets");
}

TEST_CASE("ten thousand recipients are refused") {
  NotifyOptions options = all_options();
  options.mail->to.clear();
  for (int i = 0; i < 10'000; ++i)
    options.mail->to.push_back({"c" + std::to_string(i), "", "c" + std::to_string(i) + "@example.net"});
  CHECK(pointer_of(options) == "/mail/to");
  options.mail->to.resize(contacts_max);
  CHECK(pointer_of(options) == "made");
}

TEST_CASE("a secret can be neither printed nor compared") {
  STATIC_REQUIRE_FALSE(Printable<Secret>);
  STATIC_REQUIRE_FALSE(Comparable<Secret>);
  STATIC_REQUIRE(Printable<std::string>);
}

TEST_CASE("an error does not repeat the secret that is wrong") {
  NotifyOptions options = all_options();
  options.slack[0].url = Secret("https://hooks.slack.com:22/services/T0/B0/hidden");
  CHECK(make_channels(options).error().sentence.find("hidden") == std::string::npos);
}
