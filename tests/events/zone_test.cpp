// Local time: what a civil time means when the clock is changed, and where days and months begin.
#include "events/zone.hpp"

#include <catch2/catch.hpp>

using namespace heliograph;

namespace {
Zone zone(std::string_view name) {
  auto found = Zone::find(name);
  REQUIRE(found.has_value());
  return *found;
}
Micros utc(std::string_view text) { return parse_time(text).value(); }
}  // namespace

TEST_CASE("offsets follow the zone's summer time") {
  const Zone amsterdam = zone("Europe/Amsterdam");
  CHECK(amsterdam.name() == "Europe/Amsterdam");
  CHECK(amsterdam.offset_at(utc("2024-01-15T12:00:00Z")) == 1 * hour_us);
  CHECK(amsterdam.offset_at(utc("2024-07-15T12:00:00Z")) == 2 * hour_us);
  CHECK(amsterdam.offset_at(utc("2024-03-31T00:59:59.999999Z")) == 1 * hour_us);
  CHECK(amsterdam.offset_at(utc("2024-03-31T01:00:00Z")) == 2 * hour_us);
  CHECK(amsterdam.offset_at(utc("2024-10-27T00:59:59.999999Z")) == 2 * hour_us);
  CHECK(amsterdam.offset_at(utc("2024-10-27T01:00:00Z")) == 1 * hour_us);
  CHECK(zone("America/New_York").offset_at(utc("2024-07-04T00:00:00Z")) == -4 * hour_us);
  CHECK(zone("Europe/Warsaw").offset_at(utc("2026-06-01T00:00:00Z")) == 2 * hour_us);
  CHECK(zone("Asia/Kolkata").offset_at(utc("2024-07-04T00:00:00Z")) == 5 * hour_us + 30 * minute_us);
  CHECK(zone("Australia/Lord_Howe").offset_at(utc("2024-07-04T00:00:00Z")) == 10 * hour_us + 30 * minute_us);
  CHECK(zone("Australia/Lord_Howe").offset_at(utc("2024-01-04T00:00:00Z")) == 11 * hour_us);
  CHECK(Zone::utc().offset_at(utc("2024-07-04T00:00:00Z")) == 0);
  CHECK(zone("UTC").offset_at(utc("2024-07-04T00:00:00Z")) == 0);
}

TEST_CASE("the order of questions does not change the answers") {
  const Zone amsterdam = zone("Europe/Amsterdam");
  const Micros summer = utc("2024-07-15T12:00:00Z"), winter = utc("2021-01-15T12:00:00Z");
  for (int i = 0; i < 3; ++i) {
    CHECK(amsterdam.offset_at(summer) == 2 * hour_us);
    CHECK(amsterdam.offset_at(winter) == 1 * hour_us);
    CHECK(amsterdam.offset_at(0) == 1 * hour_us);
  }
}

TEST_CASE("a local time in spring's gap has no moment") {
  const auto none = zone("Europe/Amsterdam").moments_of(from_civil(2024, 3, 31, 2, 30));
  CHECK(none.count == 0);
  const auto edge = zone("Europe/Amsterdam").moments_of(from_civil(2024, 3, 31, 3, 0));
  CHECK(edge.count == 1);
  CHECK(edge.first == utc("2024-03-31T01:00:00Z"));
  CHECK(zone("Australia/Lord_Howe").moments_of(from_civil(2024, 10, 6, 2, 15)).count == 0);
  CHECK(zone("Australia/Lord_Howe").moments_of(from_civil(2024, 10, 6, 2, 30)).count == 1);
}

TEST_CASE("a local time in autumn's fold has two moments, the earlier first") {
  const auto two = zone("Europe/Amsterdam").moments_of(from_civil(2024, 10, 27, 2, 30));
  REQUIRE(two.count == 2);
  CHECK(two.first == utc("2024-10-27T00:30:00Z"));
  CHECK(two.second == utc("2024-10-27T01:30:00Z"));
  CHECK(zone("Europe/Amsterdam").moments_of(from_civil(2024, 10, 27, 3, 0)).count == 1);
  const auto half = zone("Australia/Lord_Howe").moments_of(from_civil(2024, 4, 7, 1, 45));
  REQUIRE(half.count == 2);
  CHECK(half.second - half.first == 30 * minute_us);
  const auto york = zone("America/New_York").moments_of(from_civil(2024, 11, 3, 1, 0));
  REQUIRE(york.count == 2);
  CHECK(york.first == utc("2024-11-03T05:00:00Z"));
  CHECK(york.second == utc("2024-11-03T06:00:00Z"));
}

TEST_CASE("local time and back meets the moment, all year round") {
  for (const char* name : {"Europe/Amsterdam", "Europe/Warsaw", "America/New_York", "Australia/Lord_Howe",
                           "Asia/Kolkata", "UTC", "Pacific/Apia", "America/Sao_Paulo"}) {
    const Zone place = zone(name);
    for (Micros at = utc("2011-11-01T00:00:00Z"); at < utc("2013-02-01T00:00:00Z"); at += 17 * minute_us) {
      const auto moments = place.moments_of(at + place.offset_at(at));
      INFO(name << " " << format_time(at));
      REQUIRE(moments.count >= 1);
      REQUIRE((moments.first == at || (moments.count == 2 && moments.second == at)));
    }
  }
}

TEST_CASE("days are 23, 24 or 25 hours long") {
  const Zone warsaw = zone("Europe/Warsaw");
  const auto length = [&](Micros at) { return warsaw.next_day_start(at) - warsaw.day_start(at); };
  CHECK(length(utc("2024-03-30T12:00:00Z")) == 24 * hour_us);
  CHECK(length(utc("2024-03-31T12:00:00Z")) == 23 * hour_us);
  CHECK(length(utc("2024-10-27T12:00:00Z")) == 25 * hour_us);
  CHECK(warsaw.day_start(utc("2024-03-31T12:00:00Z")) == utc("2024-03-30T23:00:00Z"));
  CHECK(warsaw.next_day_start(utc("2024-03-31T12:00:00Z")) == utc("2024-03-31T22:00:00Z"));
  CHECK(warsaw.day_start(utc("2024-03-30T23:00:00Z")) == utc("2024-03-30T23:00:00Z"));
  CHECK(warsaw.day_start(utc("2024-03-30T22:59:59.999999Z")) == utc("2024-03-29T23:00:00Z"));
  const Zone howe = zone("Australia/Lord_Howe");
  const Micros spring = utc("2024-10-06T03:00:00Z");
  CHECK(howe.next_day_start(spring) - howe.day_start(spring) == 23 * hour_us + 30 * minute_us);
}

TEST_CASE("a day begins after the gap where the clock skips midnight") {
  const Zone paulo = zone("America/Sao_Paulo");  // 2018-11-04 had no 00:00 to 00:59
  const Micros noon = utc("2018-11-04T15:00:00Z");
  CHECK(paulo.day_start(noon) == utc("2018-11-04T03:00:00Z"));
  CHECK(paulo.local(paulo.day_start(noon)).hour == 1);
  CHECK(paulo.next_day_start(noon) - paulo.day_start(noon) == 23 * hour_us);
}

TEST_CASE("days tile time without holes, also where a zone skipped a day or turned back over midnight") {
  for (const char* name : {"Pacific/Apia", "America/St_Johns", "America/Havana", "Europe/Amsterdam"}) {
    const Zone place = zone(name);
    Micros day = place.day_start(utc("2010-10-01T00:00:00Z"));
    while (day < utc("2012-06-01T00:00:00Z")) {
      const Micros next = place.next_day_start(day);
      INFO(name << " " << format_time(day));
      REQUIRE(next > day);
      REQUIRE(place.day_start(day) == day);
      REQUIRE(place.day_start(next - 1) == day);
      REQUIRE(place.next_day_start(next - 1) == next);
      day = next;
    }
  }
}

TEST_CASE("months begin at local midnight of the first") {
  const Zone kolkata = zone("Asia/Kolkata");
  const Micros at = utc("2024-02-29T20:00:00Z");  // already March there
  CHECK(kolkata.month_start(at) == utc("2024-02-29T18:30:00Z"));
  CHECK(kolkata.next_month_start(at) == utc("2024-03-31T18:30:00Z"));
  const Zone amsterdam = zone("Europe/Amsterdam");
  CHECK(amsterdam.month_start(utc("2024-12-31T23:30:00Z")) == utc("2024-12-31T23:00:00Z"));
  CHECK(amsterdam.next_month_start(utc("2024-12-15T00:00:00Z")) == utc("2024-12-31T23:00:00Z"));
  CHECK(amsterdam.next_month_start(utc("2024-03-15T00:00:00Z")) - amsterdam.month_start(utc("2024-03-15T00:00:00Z")) ==
        31 * day_us - hour_us);
}

TEST_CASE("an unknown zone is refused with an example") {
  for (const char* name : {"Mars/Olympus", "", "Europe", "europe/amsterdam", "../../etc/passwd", "CET+1"}) {
    const auto found = Zone::find(name);
    INFO(name);
    REQUIRE_FALSE(found.has_value());
    CHECK(found.error().code == Errc::invalid);
    CHECK(found.error().sentence.find("Europe/Amsterdam") != std::string::npos);
  }
}
