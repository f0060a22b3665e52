// Rollups: whatever way they are kept, they say what folding every single reading by hand says.
#include "projections/rollup.hpp"

#include <catch2/catch.hpp>

#include "tests/projections/series_fixture.hpp"

using namespace heliograph;
using heliograph::test::house;
using heliograph::test::random_life;
using heliograph::test::SeriesLog;
using heliograph::test::SeriesUnderTest;

namespace {

constexpr Micros for_ever = 9'000'000'000'000'000'000;
const Micros january = from_civil(2024, 1, 1);
const DeviceId meter{"meter"}, plug{"plug"};

Zone zone(const char* name) { return Zone::find(name).value(); }

TimeSpan bucket_by_hand(Step step, const Zone& where, Micros at) {
  switch (step) {
    case Step::minute: return {at - at % minute_us, at - at % minute_us + minute_us};
    case Step::hour: return {at - at % hour_us, at - at % hour_us + hour_us};
    case Step::day: return {where.day_start(at), where.next_day_start(at)};
    case Step::month: break;
  }
  return {where.month_start(at), where.next_month_start(at)};
}

/// The straight way: for every reading, walk over the buckets that its hold touches.
std::vector<Rollup> by_hand(const SeriesLog& log, const std::string& device, Metric metric, Micros from, Micros to,
                            Step step, const Zone& where) {
  const auto& values = log.values(device, metric);
  std::map<Micros, Bucket> buckets;
  const auto bucket = [&](Micros at) -> Bucket& {
    const TimeSpan span = bucket_by_hand(step, where, at);
    Bucket& found = buckets[span.from];
    found.from = span.from;
    found.to = span.to;
    return found;
  };
  for (auto it = values.begin(); it != values.end(); ++it) {
    const auto [at, said] = *it;
    Bucket& own = bucket(at);
    own.min = own.count == 0 ? said.value : std::min(own.min, said.value);
    own.max = own.count == 0 ? said.value : std::max(own.max, said.value);
    own.last = said.value;
    own.sum += said.value;
    ++own.count;
    if (info(metric).kind != Kind::power) continue;
    Micros end = at + log.hold(device);
    if (std::next(it) != values.end()) end = std::min(end, std::next(it)->first);
    for (Micros moment = at; moment < end;) {
      Bucket& part = bucket(moment);
      const Micros stop = std::min(end, part.to);
      const Wide energy = static_cast<Wide>(said.value) * (stop - moment);
      (said.value > 0 ? part.energy_in : part.energy_out) += said.value > 0 ? energy : -energy;
      moment = stop;
    }
  }
  std::vector<Rollup> rollups;
  for (const auto& [start, b] : buckets)
    if (b.count > 0 && b.to > from && b.from < to)
      rollups.push_back({b.from, b.to, b.count, b.min, b.max, b.last,
                         static_cast<double>(b.sum) / static_cast<double>(b.count),
                         static_cast<std::int64_t>(b.energy_in / 1000), static_cast<std::int64_t>(b.energy_out / 1000)});
  return rollups;
}

std::vector<Rollup> rollups(SeriesUnderTest& series, const DeviceId& device, Metric metric, Micros from, Micros to,
                            Step step, const Zone& where) {
  std::vector<Rollup> told;
  REQUIRE(series->rollups(house, device, metric, from, to, step, where, [&told](const Rollup& each) { told.push_back(each); }).has_value());
  return told;
}

void matches(SeriesUnderTest& series, const SeriesLog& log, std::uint64_t seed, Micros start) {
  std::mt19937_64 random(seed);
  for (const char* name : {"UTC", "Europe/Amsterdam", "Asia/Kolkata", "Australia/Lord_Howe", "America/New_York"}) {
    const Zone where = zone(name);
    for (const Step step : {Step::minute, Step::hour, Step::day, Step::month}) {
      if (step == Step::minute && where.name() != "UTC") continue;
      for (const Metric metric : {Metric::grid_w, Metric::soc_permille, Metric::import_price_micro, Metric::power_w}) {
        for (const DeviceId& device : {meter, plug}) {
          INFO("seed " << seed << " zone " << name << " step " << static_cast<int>(step) << " " << info(metric).name
                       << " of " << device.text);
          REQUIRE(rollups(series, device, metric, 0, for_ever, step, where) ==
                  by_hand(log, device.text, metric, 0, for_ever, step, where));
          const Micros from = start + static_cast<Micros>(random() % 20'000) * minute_us;
          const Micros to = from + static_cast<Micros>(random() % 5'000) * minute_us;
          REQUIRE(rollups(series, device, metric, from, to, step, where) ==
                  by_hand(log, device.text, metric, from, to, step, where));
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("rollups equal folding by hand: gaps, late data, corrections, changed holds, clock changes") {
  for (const Micros start : {from_civil(2024, 3, 28), from_civil(2024, 10, 24), from_civil(2023, 12, 30)}) {
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
      const SeriesLog log = random_life(seed + static_cast<std::uint64_t>(start / day_us), start, 2500);
      SeriesUnderTest series;
      std::mt19937_64 random(seed);
      for (const auto& record : log.records()) {
        series.apply(*record);
        if (random() % 25 == 0) series.save();
        if (random() % 60 == 0) {
          series.save();
          series.restart();
        }
      }
      matches(series, log, seed, start - 10 * day_us);  // with what is not saved yet
      series.save();
      series.restart();
      matches(series, log, seed, start - 10 * day_us);
    }
  }
}

TEST_CASE("energy is split at the border between hours") {
  SeriesLog log;
  log.reading("meter", january + 50 * minute_us, Metric::grid_w, 600);
  log.reading("meter", january + 62 * minute_us, Metric::grid_w, -1200);
  SeriesUnderTest series;
  series.apply_all(log);
  const auto hours = rollups(series, meter, Metric::grid_w, january, january + day_us, Step::hour, Zone::utc());
  REQUIRE(hours.size() == 2);
  CHECK(hours[0].energy_in_mj == 600ll * 10 * 60 * 1000);
  CHECK(hours[0].energy_out_mj == 0);
  CHECK(hours[1].energy_in_mj == 600ll * 2 * 60 * 1000);
  CHECK(hours[1].energy_out_mj == 1200ll * 15 * 60 * 1000);  // the default hold: 15 minutes
  CHECK(hours[1].count == 1);
  CHECK(hours[1].last == -1200);
}

TEST_CASE("a gap stays a gap, and an hour without readings is absent though energy reached into it") {
  SeriesLog log;
  log.registered("meter", 30 * minute_us);
  log.reading("meter", january + 45 * minute_us, Metric::grid_w, 1000);
  log.reading("meter", january + 5 * hour_us, Metric::grid_w, 0);
  SeriesUnderTest series;
  series.apply_all(log);
  const auto hours = rollups(series, meter, Metric::grid_w, january, january + day_us, Step::hour, Zone::utc());
  REQUIRE(hours.size() == 2);
  CHECK(hours[0].energy_in_mj == 1000ll * 15 * 60 * 1000);
  CHECK(hours[1].from == january + 5 * hour_us);
  const auto days = rollups(series, meter, Metric::grid_w, january, january + day_us, Step::day, Zone::utc());
  REQUIRE(days.size() == 1);
  CHECK(days[0].energy_in_mj == 1000ll * 30 * 60 * 1000);
  CHECK(days[0].mean == 500);
}

TEST_CASE("days of a clock change are 23 and 25 hours of energy") {
  SeriesLog log;
  ReadingBuilder builder;
  for (Micros at = from_civil(2024, 2, 28); at < from_civil(2024, 4, 5); at += 15 * minute_us) {
    builder.row("meter", at);
    builder.set(Metric::pv_w, 1000);
  }
  log.readings(builder.take());
  SeriesUnderTest series;
  series.apply_all(log);
  const auto days = rollups(series, meter, Metric::pv_w, from_civil(2024, 3, 30, 12), from_civil(2024, 4, 1), Step::day,
                            zone("Europe/Amsterdam"));
  REQUIRE(days.size() == 3);
  CHECK(days[0].energy_in_mj == 24ll * 3600 * 1000 * 1000);
  CHECK(days[1].energy_in_mj == 23ll * 3600 * 1000 * 1000);
  CHECK(days[1].count == 92);
  CHECK(days[2].from == from_civil(2024, 3, 31, 22));
  const auto months = rollups(series, meter, Metric::pv_w, from_civil(2024, 3, 15), from_civil(2024, 3, 16),
                              Step::month, zone("Europe/Amsterdam"));
  REQUIRE(months.size() == 1);
  CHECK(months[0].energy_in_mj == (31ll * 24 - 1) * 3600 * 1000 * 1000);
}

TEST_CASE("a metric or device that never was has no rollups") {
  SeriesLog log;
  log.reading("meter", january, Metric::grid_w, 1);
  SeriesUnderTest series;
  series.apply_all(log);
  CHECK(rollups(series, meter, Metric::pv_w, 0, for_ever, Step::hour, Zone::utc()).empty());
  CHECK(rollups(series, plug, Metric::pv_w, 0, for_ever, Step::hour, Zone::utc()).empty());
  CHECK(rollups(series, meter, Metric::grid_w, january + 1, january, Step::hour, Zone::utc()).empty());
  CHECK(rollups(series, meter, Metric::grid_w, january + day_us, for_ever, Step::day, Zone::utc()).empty());
}

TEST_CASE("a year of hours does not read the blocks of readings") {
  SeriesLog log;
  ReadingBuilder builder;
  for (int i = 0; i < 20'000; ++i) {
    builder.row("meter", january + i * 10 * minute_us);
    builder.set(Metric::grid_w, i % 777);
    if (i % 100 == 99) log.readings(builder.take());
  }
  SeriesUnderTest series;
  series.apply_all(log);
  series.save();
  const auto before = rollups(series, meter, Metric::grid_w, 0, for_ever, Step::hour, Zone::utc());
  CHECK(before.size() == 3334);
  std::string last_block;
  for (const auto& [key, value] : series.entries())
    if (key[0] == 'b') last_block = key;
  for (const auto& [key, value] : series.entries())
    if (key[0] == 'b' && key != last_block) series.overwrite(key, "not a part of a segment");
  series.restart();
  const Micros recent = january + 19'000 * 10 * minute_us;
  CHECK(rollups(series, meter, Metric::grid_w, 0, recent, Step::hour, Zone::utc()).size() == 3167);
  CHECK_FALSE(series->rollups(house, meter, Metric::grid_w, 0, recent, Step::minute, Zone::utc(), [](const Rollup&) {}).has_value());
}

TEST_CASE("stored hours survive, odd numbers too") {
  std::mt19937_64 random(4);
  for (const bool with_energy : {true, false}) {
    std::vector<Bucket> hours;
    for (int i = 0; i < hours_per_chunk; ++i) {
      Bucket hour;
      hour.from = chunk_start(january) + i * hour_us;
      hour.to = hour.from + hour_us;
      hour.count = random() % 3 == 0 ? 0 : random() % 4000;
      hour.min = static_cast<std::int64_t>(random());
      hour.max = static_cast<std::int64_t>(random());
      hour.last = static_cast<std::int64_t>(random());
      hour.sum = static_cast<Wide>(static_cast<std::int64_t>(random())) << (random() % 40);
      if (with_energy) {
        hour.energy_in = static_cast<Wide>(random()) << (random() % 40);
        hour.energy_out = random() % 1000;
      }
      if (random() % 4 != 0) hours.push_back(hour);
    }
    const std::string bytes = encode_hours(hours, with_energy);
    const auto decoded = [&](std::string_view stored) -> std::optional<std::vector<Bucket>> {
      std::vector<Bucket> out;
      return decode_hours(stored, chunk_start(january), with_energy, out) ? std::optional(out) : std::nullopt;
    };
    const auto taken = [&](std::string_view stored) -> std::optional<std::vector<Bucket>> {
      std::vector<Bucket> out;
      return take_hours(stored, chunk_start(january), with_energy, out) ? std::optional(out) : std::nullopt;
    };
    CHECK(decoded(bytes) == hours);
    for (std::size_t size = 0; size < bytes.size(); size += 11) CHECK_FALSE(decoded(bytes.substr(0, size)));
    CHECK_FALSE(decoded(bytes + "x"));
    std::string grown;
    for (const Bucket& hour : hours) put_hour(hour, with_energy, grown);
    CHECK(taken(grown) == hours);
    CHECK_FALSE(taken(std::string_view(grown).substr(0, grown.size() - 1)));
    CHECK_FALSE(taken(grown + grown));
  }
}

TEST_CASE("a set of hours is the same however it grew") {
  std::mt19937_64 random(8);
  for (int round = 0; round < 300; ++round) {
    HourSet set;
    std::vector<bool> hours(60, false);
    for (int i = 0; i < 12; ++i) {
      const auto from = static_cast<Micros>(random() % 50), length = static_cast<Micros>(random() % 9);
      set.add(from * hour_us, (from + length) * hour_us);
      for (Micros h = from; h < from + length; ++h) hours[static_cast<std::size_t>(h)] = true;
    }
    const auto cut = static_cast<Micros>(random() % 60);
    set.cut_before(cut * hour_us);
    HourSet rebuilt;
    for (Micros h = 59; h >= cut; --h)
      if (hours[static_cast<std::size_t>(h)]) rebuilt.add(h * hour_us + 1, h * hour_us + 2);
    std::string one, other;
    set.encode(one);
    rebuilt.encode(other);
    CHECK(one == other);
    std::string_view bytes = one;
    std::string again;
    HourSet::decode(bytes)->encode(again);
    CHECK(again == one);
    const auto parts = set.within(10 * hour_us, 20 * hour_us);
    for (Micros h = 10; h < 20; ++h) {
      const bool in = std::any_of(parts.begin(), parts.end(),
                                  [h](const TimeSpan& p) { return p.from <= h * hour_us && h * hour_us < p.to; });
      CHECK(in == (h >= cut && hours[static_cast<std::size_t>(h)]));
    }
  }
}
