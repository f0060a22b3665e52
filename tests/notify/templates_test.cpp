// What people read: everything they need to decide, in the site's time, escaped for where it stands, and the secrets of
// an approval only where they belong.
#include "actors/notify/templates.hpp"

#include <catch2/catch.hpp>

#include "actors/notify/gsm7.hpp"
#include "actors/notify/text.hpp"
#include "tests/notify/notices.hpp"

using namespace heliograph;
using namespace heliograph::notify;

namespace {
bool has(const std::string& text, std::string_view piece) { return text.find(piece) != std::string::npos; }
}  // namespace

TEST_CASE("an approval mail says what, who, why and until when, and gives the code apart from the link") {
  const Notice notice = approval_notice();
  const MailText mail = mail_text(notice);
  CHECK(mail.subject == "Approval needed - Villa: Pause miner 1");
  for (const std::string* body : {&mail.text, &mail.html})
    for (const char* piece : {"Pause Miner 1 for 2 hours.", "rule miner-guard", "The battery is at 21 %.",
                              "Mon 2 Jun 2025, 12:15 (Europe/Warsaw)", "K7P2QX", "Opening the page decides nothing."}) {
      CAPTURE(piece);
      CHECK(has(*body, piece));
      CHECK(has(*body, notice.approval->url.reveal()));
    }
  CHECK_FALSE(has(notice.approval->url.reveal(), "K7P2QX"));
  CHECK_FALSE(has(mail.subject, "K7P2QX"));
  CHECK_FALSE(has(mail.text + mail.html, "4821"));  // the other channel's code
}

TEST_CASE("a mail brings nothing from elsewhere and no way to be followed") {
  for (const Notice& notice : {approval_notice(), alert_notice()}) {
    const std::string html = mail_text(notice).html;
    for (const char* piece : {"<img", "<script", "<link", "<iframe", "src=", "url(", "@import", "<form"})
      CHECK_FALSE(has(html, piece));
    std::size_t links = 0;
    for (auto at = html.find("href="); at != std::string::npos; at = html.find("href=", at + 1)) ++links;
    CHECK(links == (notice.approval ? 1 : 0));
  }
}

TEST_CASE("names that are HTML stay text, and line ends in names stay on their line") {
  Notice notice = approval_notice();
  const std::string evil = "<img src=x onerror=alert(1)>\"'&\r\nExpires: never";
  notice.title = notice.site_name = notice.approval->sentence = notice.approval->why = notice.approval->asked_by = evil;
  notice.text = evil;
  const MailText mail = mail_text(notice);
  CHECK_FALSE(has(mail.html, "<img"));
  CHECK(has(mail.html, "&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;"));
  CHECK_FALSE(has(mail.subject, "\n"));
  CHECK_FALSE(has(mail.text, "\nExpires: never"));
  CHECK(has(slack_text(notice), "&lt;img"));
  CHECK_FALSE(has(slack_text(notice), "<img"));
}

TEST_CASE("a mention or a link cannot be made in Slack") {
  Notice notice = alert_notice();
  notice.title = "<!channel> <https://evil.example|click>";
  CHECK_FALSE(has(slack_text(notice), "<"));
  CHECK(has(slack_text(notice), "&lt;!channel&gt;"));
  notice.text = std::string(20'000, '&');
  CHECK(slack_text(notice).size() <= 3000);
}

TEST_CASE("Slack and summaries carry no secret of an approval") {
  const Notice notice = approval_notice();
  CHECK(has(slack_text(notice), "Pause Miner 1 for 2 hours."));
  CHECK_FALSE(mentions_a_secret(slack_text(notice), notice));
  CHECK_FALSE(mentions_a_secret(summary(notice), notice));
  CHECK_FALSE(has(sms_text(notice).value(), notice.approval->url.reveal()));
  CHECK_FALSE(has(sms_text(notice).value(), "K7P2QX"));
}

TEST_CASE("an approval by text message is one segment with the sentence whole") {
  Notice notice = approval_notice();
  CHECK(sms_text(notice) == "Villa: Pause Miner 1 for 2 hours. Reply YES 4821 or NO 4821 until 2 Jun 12:15");
  notice.approval->sentence = "Wyłącz koparkę nr 1 na 2 godziny – „Łódź”.";
  CHECK(sms_text(notice) ==
        "Villa: Wylacz koparke nr 1 na 2 godziny - \"Lodz\". Reply YES 4821 or NO 4821 until 2 Jun 12:15");
  notice.approval->sentence = std::string(200, 'x');
  CHECK_FALSE(sms_text(notice));
  std::size_t fits = 0;
  for (std::size_t length = 1; length <= 160; ++length) {
    notice.approval->sentence = std::string(length, 'x');
    if (!sms_text(notice)) break;
    fits = length;
    CHECK(has(*sms_text(notice), notice.approval->sentence));
    CHECK(septets(*sms_text(notice)) <= 160);
  }
  CHECK(fits > 90);
  notice.approval->sentence = std::string(fits / 2 + 10, '{');  // each counts twice
  CHECK_FALSE(sms_text(notice));
}

TEST_CASE("an alert by text message is cut to one segment") {
  Notice notice = alert_notice();
  CHECK(sms_text(notice) == "Heliograph Villa: Miner 1 is offline (2 Jun 12:00)");
  for (const char* piece : {"x", "ż", "{", "\xE4\xB8\xAD", "\xF0\x9F\x94\x8B", "Ü"}) {
    notice.title.clear();
    for (int i = 0; i < 300; ++i) notice.title += piece;
    const std::string text = sms_text(notice).value();
    CAPTURE(text);
    CHECK(septets(text) <= 160);
    CHECK(septets(text) >= 70);
    CHECK(to_gsm7(text) == text);
  }
}

TEST_CASE("the plain alphabet: likenesses, question marks, double width") {
  CHECK(to_gsm7("Zażółć gęślą jaźń") == "Zazolc gesla jazn");
  CHECK(to_gsm7("Ärger über 5 €") == "Ärger über 5 €");
  CHECK(to_gsm7("21 °C → 40") == "21  deg C -> 40");
  CHECK(to_gsm7("a\r\nb\xF0\x9F\x94\x8B\xFF") == "a  b??");
  CHECK(to_gsm7("e\xCC\x81") == "e");
  CHECK(septets("{}€a") == 7);
  CHECK(one_segment(std::string(160, 'a')) == std::string(160, 'a'));
  CHECK(one_segment(std::string(161, 'a')) == std::string(157, 'a') + "...");
  CHECK(septets(one_segment(std::string(100, '{'))) <= 160);
}

TEST_CASE("hidden characters cannot change how a sentence reads") {
  CHECK(clean_line("pause\xE2\x80\xAE"
                   "gnp.exe\xE2\x80\xAC") == "pause gnp.exe");
  CHECK(clean_line("a\xE2\x80\x8B"
                   "b\xEF\xBB\xBF") == "a b");
  CHECK(clean_line("\t a \r\n") == "a");
  CHECK(clean_text("a\r\nb\nc\td\x07") == "a\nb\nc d");
  CHECK(shortened("żółw", 6) == "ż...");
  CHECK(shortened("abc", 3) == "abc");
}

TEST_CASE("times are the site's, on both sides of a change of clocks") {
  const Zone warsaw = Zone::find("Europe/Warsaw").value();
  CHECK(local_time(warsaw, parse_time("2024-03-31T00:59:00Z").value()) == "Sun 31 Mar 2024, 01:59 (Europe/Warsaw)");
  CHECK(local_time(warsaw, parse_time("2024-03-31T01:00:00Z").value()) == "Sun 31 Mar 2024, 03:00 (Europe/Warsaw)");
}

TEST_CASE("an alert that is over says so") {
  Notice notice = alert_notice();
  notice.phase = Phase::resolved;
  CHECK(summary(notice) == "Resolved: Villa: Miner 1 is offline");
  CHECK(has(mail_text(notice).text, "Resolved: Miner 1 is offline"));
}
