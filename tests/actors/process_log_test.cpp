// What the process says of itself: one record is one line of printable characters whatever was said, no secret gets in, and mishaps are
// counted for a day.
#include "actors/process_log.hpp"

#include <catch2/catch.hpp>
#include <simdjson.h>

#include "actors/mishaps.hpp"

using namespace heliograph;
using namespace heliograph::process_log;

namespace {

constexpr Micros noon = 1'767'268'800'000'000;  // 2026-01-01T12:00:00Z

std::vector<std::string> lines_of(const Options& with, const std::function<void()>& say) {
  std::vector<std::string> lines;
  Options options = with;
  options.into = [&lines](std::string_view line) { lines.emplace_back(line); };
  open(options);
  say();
  close();
  return lines;
}

/// No byte that a terminal obeys, and none of the characters that end a line or turn its direction.
bool is_one_printable_line(const std::string& line) {
  for (const char c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  for (const char* bad : {"\xc2\x85", "\xc2\x9b", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xae", "\xe2\x80\xaa", "\xe2\x81\xa6", "\xe2\x81\xa9", "\xe2\x80\x8f", "\xd8\x9c", "\xef\xbb\xbf"})
    if (line.find(bad) != std::string::npos) return false;
  return simdjson::validate_utf8(line);
}

std::string text_of(const std::string& line, const char* key) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  REQUIRE(parser.parse(line).get(root) == simdjson::SUCCESS);
  std::string_view value;
  REQUIRE(root[key].get(value) == simdjson::SUCCESS);
  return std::string(value);
}

}  // namespace

TEST_CASE("a record is one line of JSON with time, level, component, message and fields") {
  const std::string line = render(Form::lines, noon, Level::warn, "http", "A request was put off.", {{"status", 503}, {"who", "local/user:anna"}, {"again", true}});
  CHECK(line == R"({"time":"2026-01-01T12:00:00.000Z","level":"warn","component":"http","message":"A request was put off.","status":503,"who":"local/user:anna","again":true})");
  CHECK(render(Form::text, noon, Level::info, "tls", "The certificate was read again.", {{"days", 13}, {"name", "a b"}}) ==
        R"(2026-01-01T12:00:00.000Z info tls: The certificate was read again. days=13 name="a b")");
}

TEST_CASE("whatever was said, a record is one line, and a program reads back what it was") {
  const std::vector<std::string> said{"curl\r\n2026-01-01 error: all is lost", "\x1b[2J\x1b[31mred\x07", std::string("a\0b", 3), "line\xe2\x80\xa8paragraph\xe2\x80\xa9", "\xe2\x80\xaegpj.exe\xe2\x80\xac",
                                      "\xe2\x81\xa6isolated\xe2\x81\xa9\xe2\x80\x8f", "next\xc2\x85 and C1 \xc2\x9b", "\x7f", "\",\"level\":\"critical", "zażółć 太阳 🌞"};
  for (const std::string& each : said) {
    for (const char* key : {"agent", "path", "who", "device"}) {
      const std::string line = render(Form::lines, noon, Level::info, "http", each, {{key, each}});
      INFO(line);
      CHECK(is_one_printable_line(line));
      CHECK(text_of(line, key) == each);
      CHECK(text_of(line, "message") == each);
      CHECK(text_of(line, "level") == "info");
    }
    CHECK(is_one_printable_line(render(Form::text, noon, Level::info, "http", each, {{"agent", each}})));
  }
  // What is no UTF-8 is told as such.
  const std::string broken = render(Form::lines, noon, Level::info, "http", "x", {{"agent", "\xff\xfe\x80 ok \xe2\x80"}});
  CHECK(is_one_printable_line(broken));
  CHECK(text_of(broken, "agent").find(" ok ") != std::string::npos);
  CHECK(render(Form::lines, noon, Level::info, "x", "x", {{"agent", std::string(100'000, 'a')}}).size() < 2'000);
}

TEST_CASE("secrets do not get into a line") {
  STATIC_REQUIRE_FALSE(std::is_constructible_v<Field, const char*, Secret>);
  for (const char* key : {"password", "token", "refresh_token", "setup-code", "code", "cookie", "authorization", "hook.secret"})
    for (const Form form : {Form::lines, Form::text}) {
      const std::string line = render(form, noon, Level::info, "x", "x", {{key, "correct horse"}});
      INFO(line);
      CHECK(line.find("horse") == std::string::npos);
      CHECK(line.find("***") != std::string::npos);
    }
  CHECK(render(Form::lines, noon, Level::info, "x", "x", {{"barcode", "correct horse"}}).find("horse") != std::string::npos);
  const std::string key = "hg_k7Qd_0123456789abcdefghijklmnopqrstuv", hook = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkw", bearer = "eyJhbGciOiJFZERTQSJ9.eyJzIjoiYSJ9.c2lnbmF0dXJl";
  for (const std::string& secret : {key, hook, bearer}) {
    const std::string line = render(Form::lines, noon, Level::info, "x", "went wrong with " + secret, {{"path", "/x/" + secret + "/y"}});
    INFO(line);
    CHECK(line.find(secret.substr(8, 12)) == std::string::npos);
    CHECK(line.find("/y") != std::string::npos);
  }
}

TEST_CASE("only what is loud enough is written, and nothing before it is open and after it is closed") {
  const auto say_all = [] {
    for (const Level level : {Level::debug, Level::info, Level::warn, Level::error, Level::critical}) write(level, "t", name(level));
  };
  say_all();
  CHECK(lines_of({.level = Level::debug}, say_all).size() == 5);
  CHECK(lines_of({.level = Level::warn, .form = Form::text}, say_all).size() == 3);
  CHECK(lines_of({.level = Level::error}, [&] {
          CHECK(says(Level::error));
          CHECK_FALSE(says(Level::warn));
          say_all();
        }).size() == 2);
  CHECK_FALSE(says(Level::critical));
  say_all();
}

TEST_CASE("a mishap is counted once for each time, since its first and until its last") {
  Mishaps mishaps;
  mishaps.add(noon, Level::warn, "mail", "A notice could not be delivered.", "status=421");
  mishaps.add(noon + hour_us, Level::error, "http", "A request failed.", "");
  mishaps.add(noon + 2 * hour_us, Level::warn, "mail", "A notice could not be delivered.", "status=550");
  const auto found = mishaps.since_yesterday(noon + 2 * hour_us);
  REQUIRE(found.size() == 2);
  CHECK(found[0].count == 2);
  CHECK(found[0].first_at == noon);
  CHECK(found[0].last_at == noon + 2 * hour_us);
  CHECK(found[0].latest == "status=550");
  CHECK(found[1].component == "http");
  CHECK(mishaps.totals().at({Level::warn, "mail"}) == 2);
}

TEST_CASE("mishaps are forgotten after a day, and there are never more than a thousand") {
  Mishaps mishaps;
  mishaps.add(noon, Level::warn, "t", "old", "");
  mishaps.add(noon + hour_us, Level::warn, "t", "newer", "");
  CHECK(mishaps.since_yesterday(noon + day_us).size() == 2);
  CHECK(mishaps.since_yesterday(noon + day_us + 1).size() == 1);
  mishaps.add(noon + 2 * day_us, Level::warn, "t", "newer", "");
  const auto again = mishaps.since_yesterday(noon + 2 * day_us);
  REQUIRE(again.size() == 1);
  CHECK(again[0].count == 1);  // of this day
  CHECK(again[0].first_at == noon + 2 * day_us);
  for (int i = 0; i < 3'000; ++i) mishaps.add(noon + 2 * day_us + i, Level::error, "t", "no " + std::to_string(i), "");
  const auto many = mishaps.since_yesterday(noon + 2 * day_us + 3'000);
  CHECK(many.size() == Mishaps::kept);
  CHECK(many.front().message == "no 2999");
  CHECK(many.back().message == "no 2000");
  CHECK(mishaps.totals().at({Level::error, "t"}) == 3'000);
}

TEST_CASE("what is written at warn and above is among the recent mishaps, also while nothing is written") {
  write(Level::info, "unheard", "all is well");
  write(Level::error, "unheard", "a mishap of this test", {{"password", "horse"}, {"who", "a\nb"}});
  bool found = false;
  for (const Mishap& each : recent_mishaps().since_yesterday(0)) {
    if (each.component != "unheard") continue;
    CHECK(each.message == "a mishap of this test");
    CHECK(each.latest == R"(password="***" who="a\nb")");
    found = true;
  }
  CHECK(found);
}
