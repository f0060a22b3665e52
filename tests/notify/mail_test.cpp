// Mail to a real SMTP server: what arrives, what is never said to a server that is not trusted, and what its refusals
// mean for the next try.
#include "actors/notify/mail.hpp"

#include <catch2/catch.hpp>

#include "tests/notify/notices.hpp"
#include "tests/notify/outside.hpp"
#include "tests/support/smtp_server.hpp"

using namespace heliograph;
using namespace heliograph::notify;
using heliograph::testing::ServerCertificate;
using heliograph::testing::SmtpServer;

namespace {

using Outcome = Delivery::Outcome;

MailOptions options_for(std::uint16_t port, MailSecurity security = MailSecurity::starttls) {
  MailOptions options;
  options.server.host = "service.test";
  options.server.port = port;
  options.server.security = security;
  options.server.user = "hub@example.org";
  options.server.password = Secret("right horse");
  options.server.hello_name = "hub.example";
  options.from = "hub@example.org";
  options.policy.allow_loopback = true;
  return options;
}

Delivery deliver(Outside& outside, const MailOptions& options, const std::string& address = "anna@example.net",
                 const Notice& notice = approval_notice()) {
  MailChannel channel(options, {"anna", "Anna", address}, outside.transport());
  CHECK(channel.name() == "mail/anna");
  return channel.deliver(notice, {1, monday_noon});
}

}  // namespace

TEST_CASE("an approval arrives by mail over STARTTLS, after login, as it was written") {
  Outside outside;
  SmtpServer server("starttls", &outside.certificate);
  const Delivery delivery = deliver(outside, options_for(server.port()));
  CHECK(delivery.outcome == Outcome::delivered);
  CHECK(delivery.reference == "n-4712.anna@example.org");
  const auto mails = server.received();
  REQUIRE(mails.size() == 1);
  CHECK(mails[0].from == "hub@example.org");
  CHECK(mails[0].to == std::vector<std::string>{"anna@example.net"});
  CHECK(mails[0].hello == "hub.example");
  CHECK(mails[0].login);
  CHECK(mails[0].tls);
  CHECK(mails[0].message.find("Message-ID: <n-4712.anna@example.org>\r\n") != std::string::npos);
  CHECK(mails[0].message.find("K7P2QX") != std::string::npos);
  CHECK(mails[0].message.find("Auto-Submitted: auto-generated\r\n") != std::string::npos);
}

TEST_CASE("mail goes over TLS from the first byte on the other port") {
  Outside outside;
  SmtpServer server("tls", &outside.certificate);
  CHECK(deliver(outside, options_for(server.port(), MailSecurity::tls)).outcome == Outcome::delivered);
  REQUIRE(server.received().size() == 1);
  CHECK(server.received()[0].tls);
  CHECK(server.received()[0].login);
}

TEST_CASE("a relay on this machine takes mail without TLS, any other address does not get it") {
  Outside outside;
  SmtpServer server("plain");
  MailOptions options = options_for(server.port(), MailSecurity::plain_loopback);
  options.policy = {};
  options.server.user.clear();
  CHECK(deliver(outside, options).outcome == Outcome::delivered);
  CHECK(server.received().size() == 1);
  TransportOptions transport = outside.transport();
  transport.resolve = [](const std::string&) -> Result<std::vector<Address>> {
    return std::vector<Address>{address_v4(0x7F000001), address_v4(0x08080808)};
  };
  MailChannel channel(options, {"anna", "Anna", "anna@example.net"}, transport);
  const Delivery delivery = channel.deliver(alert_notice(), {1, monday_noon});
  CHECK(delivery.outcome == Outcome::later);
  CHECK(delivery.detail == "Mail without TLS goes to a relay on this machine only.");
  CHECK(server.received().size() == 1);
}

TEST_CASE("without STARTTLS nothing is sent, neither password nor mail") {
  Outside outside;
  SmtpServer server("plain");
  const Delivery delivery = deliver(outside, options_for(server.port()));
  CHECK(delivery.outcome == Outcome::later);
  CHECK(delivery.detail.find("offers no STARTTLS") != std::string::npos);
  CHECK(server.received().empty());
}

TEST_CASE("a certificate of a stranger or for another name ends it before the login") {
  Outside outside;
  heliograph::testing::Authority stranger(outside.folder.path(), "stranger");
  const auto unknown = stranger.issue("unknown", "DNS:service.test");
  const auto other = outside.authority.issue("other", "DNS:other.test");
  for (const ServerCertificate* certificate : {&unknown, &other})
    for (const bool implicit : {false, true}) {
      SmtpServer server(implicit ? "tls" : "starttls", certificate);
      const Delivery delivery =
          deliver(outside, options_for(server.port(), implicit ? MailSecurity::tls : MailSecurity::starttls));
      CHECK(delivery.outcome == Outcome::later);
      CHECK(delivery.detail == "The certificate of service.test is not one to trust for that name.");
      CHECK(server.received().empty());
    }
}

TEST_CASE("a wrong password disables the channel and is not repeated") {
  Outside outside;
  SmtpServer server("starttls", &outside.certificate);
  MailOptions options = options_for(server.port());
  options.server.password = Secret("wrong horse");
  const Delivery delivery = deliver(outside, options);
  CHECK(delivery.outcome == Outcome::disabled);
  CHECK(delivery.detail == "service.test answered 535: it does not accept the user name and password.");
  options.server.user.clear();  // the server wants a login: 530
  CHECK(deliver(outside, options).outcome == Outcome::disabled);
  CHECK(server.received().empty());
}

TEST_CASE("4xx is tried later and 5xx is not, for the recipient and for the message") {
  Outside outside;
  SmtpServer server("starttls", &outside.certificate);
  const MailOptions options = options_for(server.port());
  const auto outcome = [&](const char* address) {
    const Delivery delivery = deliver(outside, options, address);
    UNSCOPED_INFO(address << ": " << delivery.detail);
    return delivery.outcome;
  };
  CHECK(outcome("later-anna@example.net") == Outcome::later);
  CHECK(outcome("closing-anna@example.net") == Outcome::later);
  CHECK(outcome("data-later-anna@example.net") == Outcome::later);
  CHECK(outcome("refuse-anna@example.net") == Outcome::refused);
  CHECK(outcome("data-refuse-anna@example.net") == Outcome::refused);
  CHECK(server.received().empty());
  CHECK(outcome("anna@example.net") == Outcome::delivered);
}

TEST_CASE("nobody there is later, and so is a server that says nothing") {
  Outside outside;
  CHECK(deliver(outside, options_for(heliograph::testing::closed_port())).outcome == Outcome::later);
  heliograph::testing::HttpDouble silent(
      {heliograph::testing::Script{}});  // waits for a request, as the client waits for a greeting
  TransportOptions transport = outside.transport();
  transport.total_timeout = 300'000;
  MailChannel channel(options_for(silent.port()), {"anna", "", "anna@example.net"}, transport);
  CHECK(channel.deliver(alert_notice(), {1, monday_noon}).outcome == Outcome::later);
}

TEST_CASE("an expired approval is not sent") {
  Outside outside;
  MailChannel channel(options_for(1), {"anna", "Anna", "anna@example.net"}, outside.transport());
  const Notice notice = approval_notice();
  CHECK(channel.deliver(notice, {1, notice.approval->expires_at}).outcome == Outcome::refused);
  CHECK(outside.looked_up == 0);
}

TEST_CASE("names with line ends, dots and HTML arrive as one clean mail to one recipient") {
  Outside outside;
  SmtpServer server("starttls", &outside.certificate);
  Notice notice = alert_notice();
  notice.title = "Miner\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>";
  notice.site_name = "Villa\r\nRCPT TO:<all@example.com>";
  notice.text = "one\r\n.\r\nMAIL FROM:<x@example.com>\r\n.two\n..\n" + std::string(3000, 'x');
  MailOptions options = options_for(server.port());
  options.from_name = "Hub\r\nBcc: all@example.com";
  MailChannel channel(options, {"anna", "Anna\"\r\nCc: all@example.com", "anna@example.net"}, outside.transport());
  CHECK(channel.deliver(notice, {1, monday_noon}).outcome == Outcome::delivered);
  const auto mails = server.received();
  REQUIRE(mails.size() == 1);
  CHECK(mails[0].to == std::vector<std::string>{"anna@example.net"});
  const std::string& message = mails[0].message;
  const std::string head = message.substr(0, message.find("\r\n\r\n"));
  CHECK(head.find("\r\nBcc:") == std::string::npos);
  CHECK(head.find("\r\nCc:") == std::string::npos);
  CHECK(message.find("<script>", message.find("text/html")) == std::string::npos);
  CHECK(message.find("\r\n  | .\r\n  | MAIL FROM:<x@example.com>\r\n  | .two\r\n") != std::string::npos);
  CHECK(message.find("<br>\r\n.<br>\r\n") != std::string::npos);  // dots at the beginning of a line, as they were
  CHECK(message.find("\r\n..<br>\r\n") != std::string::npos);
}
