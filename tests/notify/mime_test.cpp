// Mails as bytes: nothing that is put into one can add a header, a recipient or a part, and every line fits.
#include "actors/notify/mime.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "actors/notify/text.hpp"
#include "events/base64.hpp"
#include "tests/support/mail_reader.hpp"

using namespace heliograph;
using namespace heliograph::notify;
using heliograph::testing::unquoted;

namespace {

Mail plain_mail() {
  Mail mail;
  mail.from_name = "Heliograph";
  mail.from = "hub@example.org";
  mail.to_name = "Anna";
  mail.to = "anna@example.net";
  mail.subject = "Villa: Miner 1 is offline";
  mail.message_id = "n-4711.anna@example.org";
  mail.date = 1'748'858'400 * second_us;
  mail.text = "Line one.\nLine two.\n";
  mail.html = "<p>Line one.</p>\n";
  return mail;
}

std::vector<std::string> lines_of(const std::string& message) {
  std::vector<std::string> lines;
  std::size_t at = 0;
  for (std::size_t end; (end = message.find("\r\n", at)) != std::string::npos; at = end + 2)
    lines.push_back(message.substr(at, end - at));
  CHECK(at == message.size());  // it ends with a line end
  return lines;
}

/// Names of the headers before the first empty line.
std::vector<std::string> header_names(const std::string& message) {
  std::vector<std::string> names;
  for (const std::string& line : lines_of(message)) {
    if (line.empty()) break;
    if (line[0] != ' ' && line[0] != '\t') names.push_back(line.substr(0, line.find(':')));
  }
  return names;
}

const std::vector<std::string> wanted_headers = {
    "Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Auto-Submitted", "Content-Type"};

/// What a reader makes of encoded words and folding.
std::string decoded_header(std::string header) {
  std::string out;
  for (std::size_t at; (at = header.find("\r\n ")) != std::string::npos;) header.erase(at, 3);
  static constexpr std::string_view open = "=?UTF-8?B?";
  for (std::size_t at = 0; at < header.size();) {
    if (header.compare(at, open.size(), open) != 0) {
      out += header[at++];
      continue;
    }
    const auto end = header.find("?=", at + open.size());
    out += from_base64(header.substr(at + open.size(), end - at - open.size())).value();
    at = end + 2;
  }
  return out;
}

}  // namespace

TEST_CASE("a plain mail is what RFC 5322 and MIME ask for") {
  const std::string message = message_of(plain_mail());
  CHECK(header_names(message) == wanted_headers);
  CHECK(message.find("Date: Mon, 2 Jun 2025 10:00:00 +0000\r\n") == 0);
  CHECK(message.find("\r\nFrom: Heliograph <hub@example.org>\r\n") != std::string::npos);
  CHECK(message.find("\r\nSubject: Villa: Miner 1 is offline\r\n") != std::string::npos);
  CHECK(message.find("\r\nMessage-ID: <n-4711.anna@example.org>\r\n") != std::string::npos);
  CHECK(message.find("Line one.\r\nLine two.\r\n") != std::string::npos);
  CHECK(message_of(plain_mail()) == message);
}

TEST_CASE("line ends in any value make no header, no recipient and no part") {
  for (const std::string& evil :
       {std::string("x\r\nBcc: all@example.com"), std::string("x\nBcc: all@example.com"),
        std::string("x\rBcc: a@example.com"), std::string("x\r\n\r\n<script>"), std::string("x\0\r\nBcc: y", 11),
        std::string("x\xE2\x80\xA8"
                    "Bcc: y"),
        std::string("x\xC2\x85"
                    "Bcc: y"),
        std::string("\r\n.\r\nMAIL FROM:<x@example.com>\r\n"), std::string("x\"\r\n <evil@example.com>, \""),
        std::string("=?UTF-8?B?DQpCY2M6IHg=?="), std::string("a, evil@example.com <b"),
        std::string(5000, 'x') + "\r\nBcc: y"}) {
    CAPTURE(evil);
    Mail mail = plain_mail();
    mail.from_name = mail.to_name = mail.subject = evil;
    const std::string message = message_of(mail);
    CHECK(header_names(message) == wanted_headers);
    const auto lines = lines_of(message);
    CHECK(std::all_of(lines.begin(), lines.end(), [](const std::string& line) {
      return line.size() <= 76 && line.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos;
    }));
    // The mailbox is a name and one address, whatever the name says.
    const auto to = message.find("\r\nTo: ") + 6, to_end = message.find("\r\nSubject:");
    const std::string recipient = message.substr(to, to_end - to);
    CHECK(std::count(recipient.begin(), recipient.end(), '<') == 1);
    CHECK(recipient.find(',') == std::string::npos);
    CHECK(recipient.ends_with(" <anna@example.net>"));
    const auto subject = message.find("\r\nSubject: ") + 11;
    CHECK(decoded_header(message.substr(subject, message.find("\r\nMessage-ID") - subject)) == clean_line(evil));
  }
}

TEST_CASE("a header that is not plain is read back from encoded words of at most 75 characters") {
  for (const std::string& text :
       {std::string("Łódź: falownik 1 wyłączony"), std::string("\xF0\x9F\x94\x8B battery at 21 %"),
        std::string(300, 'a'), std::string("=?odd?="), std::string("ą") + std::string(61, 'b')}) {
    CAPTURE(text);
    const std::string header = header_text(text);
    CHECK(decoded_header(header) == text);
    for (const std::string& line : lines_of(header + "\r\n")) CHECK(line.size() <= 76);
  }
  CHECK(header_text("Plain") == "Plain");
  CHECK(header_text("bad \xFF byte").find("=?UTF-8?B?") == 0);
}

TEST_CASE("quoted-printable gives back every byte and keeps its lines short") {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i == '\n' ? ' ' : i);
  for (const std::string& text :
       {all, std::string("trailing space \nand \t\n"), std::string(998, '='), std::string(2000, 'x'),
        std::string(".\n..\nFrom here"), std::string("ż") + std::string(74, 'y') + "ó"}) {
    const std::string quoted = quoted_printable(text);
    std::string expected;
    for (const char c : text) expected += c == '\n' ? std::string("\r\n") : std::string(1, c);
    CHECK(unquoted(quoted) == expected);
    for (const std::string& line : lines_of(quoted + "\r\n")) CHECK(line.size() <= 76);
  }
}

TEST_CASE("a mail address is a plain one") {
  for (const char* good : {"anna@example.org", "a.b+tag@sub.example.org", "root@localhost", "x_y-z@example.co.uk"}) {
    CAPTURE(good);
    CHECK(is_mail_address(good));
  }
  for (const char* bad : {"",
                          "anna",
                          "@example.org",
                          "anna@",
                          "anna@@example.org",
                          "an na@example.org",
                          "anna@example.org>",
                          "<anna@example.org>",
                          "anna@example.org\r\nRCPT TO:<x@y.z>",
                          "anna@exa\nmple.org",
                          ".anna@example.org",
                          "anna.@example.org",
                          "an..na@example.org",
                          "anna@example..org",
                          "anna@.org",
                          "\"anna\"@example.org",
                          "anna@[127.0.0.1]",
                          "anna@ex\xC3\xA4mple.org",
                          "anna,bob@example.org",
                          "anna@example.org,bob@example.org",
                          "anna@example.org NOTIFY=NEVER"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_mail_address(bad));
  }
  CHECK_FALSE(is_mail_address(std::string(65, 'a') + "@example.org"));
  CHECK_FALSE(is_mail_address("a@" + std::string(260, 'b')));
}
