// Times and durations as text: what is read is what was meant, what is ambiguous is refused.
#include <catch2/catch.hpp>
#include <random>

#include "events/time.hpp"

using namespace heliograph;

TEST_CASE("RFC 3339 with an offset is read to the microsecond") {
  CHECK(*parse_time("1970-01-01T00:00:00Z") == 0);
  CHECK(*parse_time("2024-03-31T02:30:00+02:00") == *parse_time("2024-03-31T00:30:00Z"));
  CHECK(*parse_time("2024-03-31 00:30:00.125Z") == *parse_time("2024-03-31t00:30:00z") + 125'000);
  CHECK(*parse_time("2024-03-31T00:30:00.000001Z") == *parse_time("2024-03-31T00:30:00Z") + 1);
  CHECK(*parse_time("2024-03-31T00:30:00.123456789Z") == *parse_time("2024-03-31T00:30:00Z") + 123'456);
  CHECK(*parse_time("2024-02-29T12:00:00-05:30") == from_civil(2024, 2, 29, 17, 30));
  CHECK(*parse_time("2016-12-31T23:59:60Z") == from_civil(2016, 12, 31, 23, 59, 59));  // no leap seconds in the log
  CHECK(*parse_time("2261-12-31T23:59:59Z") > 0);
}

TEST_CASE("what is no time, or would have to be guessed, is refused with an example") {
  for (const char* text : {"", "2024", "2024-03-31", "2024-03-31T02:30:00", "2024-3-31T02:30:00Z", "2023-02-29T00:00:00Z",
                           "2024-13-01T00:00:00Z", "2024-00-10T00:00:00Z", "2024-04-31T00:00:00Z", "2024-03-31T24:00:00Z",
                           "2024-03-31T23:60:00Z", "2024-03-31T23:59:61Z", "2024-03-31T02:30:00.Z", "2024-03-31T02:30:00.1234567891Z",
                           "2024-03-31T02:30:00+2", "2024-03-31T02:30:00+24:00", "2024-03-31T02:30:00Z ", " 2024-03-31T02:30:00Z",
                           "1969-12-31T23:59:59Z", "2262-01-01T00:00:00Z", "2024-03-31T02:30Z", "31/03/2024 02:30"}) {
    CAPTURE(text);
    const auto parsed = parse_time(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == Errc::invalid);
    CHECK(parsed.error().sentence.find("RFC 3339") != std::string::npos);
  }
}

TEST_CASE("any moment survives its text") {
  std::mt19937_64 random(6);
  for (int i = 0; i < 20'000; ++i) {
    const Micros at = static_cast<Micros>(random() % 9'000'000'000'000'000ull) / (i % 2 == 0 ? 1 : 1000) * (i % 2 == 0 ? 1 : 1000);
    const auto back = parse_time(format_time(at));
    REQUIRE(back);
    CHECK(*back == at);
  }
  CHECK(format_time(0) == "1970-01-01T00:00:00.000Z");
  CHECK(format_time(1) == "1970-01-01T00:00:00.000001Z");
}

TEST_CASE("civil dates agree with the calendar") {
  CHECK(from_civil(1970, 1, 1) == 0);
  CHECK(from_civil(2000, 3, 1) - from_civil(2000, 2, 28) == 2 * day_us);
  CHECK(from_civil(2100, 3, 1) - from_civil(2100, 2, 28) == day_us);
  CHECK(to_civil(from_civil(2025, 6, 2)).weekday == 1);
  CHECK(to_civil(from_civil(2025, 6, 8)).weekday == 7);
  CHECK(to_civil(-1).year == 1969);
  CHECK(to_civil(-1).micros == 999'999);
  int weekday = 4;
  for (Micros day = 0; day < from_civil(2101, 1, 1); day += day_us, weekday = weekday % 7 + 1) {
    const Civil c = to_civil(day);
    REQUIRE(from_civil(c.year, c.month, c.day) == day);
    REQUIRE(c.weekday == weekday);
  }
}

TEST_CASE("durations: days to seconds, each unit once and in order") {
  CHECK(*parse_duration("PT0S") == 0);
  CHECK(*parse_duration("PT5M") == 5 * minute_us);
  CHECK(*parse_duration("P1DT12H") == 36 * hour_us);
  CHECK(*parse_duration("PT1H30M15S") == 5415 * second_us);
  CHECK(*parse_duration("P400D") == 400 * day_us);
  CHECK(*parse_duration("PT90M") == 90 * minute_us);
  for (const char* text : {"", "P", "PT", "5M", "PT5", "P5M", "PT-5M", "P-0D", "PT5M5M", "PT5S5M", "P1DT", "P401D", "PT1.5H", "p1d",
                           "P1W", "P1Y", "PT99999999999999999999S", "P1D1H", "PTT5M", "PT5M "}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
  }
  std::mt19937_64 random(8);
  for (int i = 0; i < 5'000; ++i) {
    const Micros span = static_cast<Micros>(random() % (400ull * 86'400)) * second_us;
    REQUIRE(parse_duration(format_duration(span)));
    CHECK(*parse_duration(format_duration(span)) == span);
  }
  CHECK(format_duration(0) == "PT0S");
  CHECK(format_duration(day_us + 500'000) == "P1D");  // below a second nothing is promised, but the text stays a duration
  CHECK(format_duration(500'000) == "PT0S");
}
