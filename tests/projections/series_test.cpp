// Series: what is read is what was measured, the correction where there was one; and the view's bytes depend on the log
// alone, not on when it was saved.
#include "projections/series.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "events/digest.hpp"
#include "tests/projections/series_fixture.hpp"

using namespace heliograph;
using heliograph::test::house;
using heliograph::test::random_life;
using heliograph::test::SeriesLog;
using heliograph::test::SeriesUnderTest;
using heliograph::test::ToldPoint;

namespace {

constexpr std::size_t plenty = 10'000'000;
constexpr Micros for_ever = 9'000'000'000'000'000'000;
const Micros january = from_civil(2024, 1, 1);
const DeviceId meter{"meter"}, plug{"plug"};
constexpr std::array metrics{Metric::grid_w, Metric::soc_permille, Metric::import_price_micro, Metric::power_w};

/// Of the meter, at all times.
template <class Series>
Result<std::vector<Point>> asked(Series& series, Metric metric, std::size_t limit) {
  const auto blocks = series->blocks(house, meter, 0, for_ever, {});
  if (!blocks) return fail(blocks.error());
  return points_of(*blocks, metric, 0, for_ever, limit);
}

/// As points_of answers them, with the position that their blocks give them.
std::vector<ToldPoint> points(SeriesUnderTest& series, const DeviceId& device, Metric metric, Micros from = 0,
                              Micros to = for_ever) {
  const auto blocks = series->blocks(house, device, from, to, {});
  REQUIRE(blocks.has_value());
  const auto found = points_of(*blocks, metric, from, to, plenty);
  REQUIRE(found.has_value());
  std::vector<ToldPoint> told;
  for (const auto& block : *blocks) {
    if (!block->has(metric)) continue;
    const auto at = block->at().value();
    const auto positions = block->positions().value();
    const auto values = block->values(metric).value();
    for (std::size_t i = 0; i < at.size(); ++i)
      if (values[i] != missing && at[i] >= from && at[i] < to) told.push_back({at[i], values[i], positions[i]});
  }
  const auto alone = series->blocks(house, device, from, to, {&metric, 1});
  REQUIRE(alone.has_value());
  REQUIRE(points_of(*alone, metric, from, to, plenty).value() == *found);
  REQUIRE(found->size() == told.size());
  for (std::size_t i = 0; i < told.size(); ++i) REQUIRE((*found)[i] == Point{told[i].at, told[i].value});
  return told;
}

/// Blocks come in order, do not overlap, know their extremes, and hold each metric once a time.
void check_blocks(SeriesUnderTest& series, const DeviceId& device, Micros from, Micros to) {
  auto blocks = series->blocks(house, device, from, to, {});
  REQUIRE(blocks.has_value());
  Micros before = -1;
  for (const auto& block : *blocks) {
    const auto at = block->at();
    REQUIRE(at.has_value());
    REQUIRE(at->size() == block->size());
    REQUIRE(block->positions().value().size() == block->size());
    REQUIRE(block->first_at() == at->front());
    REQUIRE(block->last_at() == at->back());
    REQUIRE(block->first_at() > before);
    REQUIRE(block->last_at() >= from);
    REQUIRE(block->first_at() < to);
    REQUIRE(std::is_sorted(at->begin(), at->end()));
    before = block->last_at();
    for (const MetricInfo& about : all_metrics()) {
      if (!block->has(about.metric)) continue;
      const auto values = block->values(about.metric);
      REQUIRE(values.has_value());
      std::set<std::int64_t> seen;
      std::set<Micros> times;
      for (std::size_t i = 0; i < values->size(); ++i) {
        if ((*values)[i] == missing) continue;
        seen.insert((*values)[i]);
        REQUIRE(times.insert((*at)[i]).second);
      }
      REQUIRE_FALSE(seen.empty());
      REQUIRE(block->min(about.metric) == *seen.begin());
      REQUIRE(block->max(about.metric) == *seen.rbegin());
    }
  }
}

void matches(SeriesUnderTest& series, const SeriesLog& log, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (const DeviceId& device : {meter, plug}) {
    for (const Metric metric : metrics) {
      INFO("seed " << seed << " device " << device.text << " metric " << info(metric).name);
      REQUIRE(points(series, device, metric) == log.points(device.text, metric, 0, for_ever));
      for (int i = 0; i < 8; ++i) {
        const Micros from = january + static_cast<Micros>(random() % 40) * day_us / 2 - 20 * day_us;
        const Micros to = from + static_cast<Micros>(random() % 3000) * minute_us;
        REQUIRE(points(series, device, metric, from, to) == log.points(device.text, metric, from, to));
      }
    }
    check_blocks(series, device, 0, for_ever);
    check_blocks(series, device, january + day_us, january + 2 * day_us);
  }
}

}  // namespace

TEST_CASE("every reading comes back, late and corrected ones too, saved or not") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const SeriesLog log = random_life(seed, january, 4000);
    SeriesUnderTest series;
    series.apply_all(log);
    matches(series, log, seed);
    series.save();
    matches(series, log, seed);
    series.restart();
    matches(series, log, seed);
  }
}

TEST_CASE("the view's bytes do not depend on when it was saved or the process restarted") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    INFO("seed " << seed);
    const SeriesLog log = random_life(seed, january, 4000);
    SeriesUnderTest once;
    once.apply_all(log);
    once.save();
    const auto expected = once.entries();
    for (const std::uint64_t often : {3, 17, 80}) {
      std::mt19937_64 random(seed * often);
      SeriesUnderTest series;
      for (const auto& record : log.records()) {
        series.apply(*record);
        if (random() % often == 0) series.save();
        if (random() % (often * 2) == 0) {
          series.save();
          series.restart();
        }
      }
      series.save();
      const auto entries = series.entries();
      REQUIRE(entries.size() == expected.size());
      for (const auto& [key, value] : entries) {
        INFO("key " << hex(key));
        REQUIRE(expected.at(key) == value);
      }
    }
  }
}

TEST_CASE("the view's bytes do not depend on how many threads shared the work") {
  // Seven devices in batches that are worth several threads; late rows, words, and a hold that changes half-way.
  SeriesLog log;
  std::mt19937_64 random(11);
  for (int part = 0; part < 6; ++part) {
    ReadingBuilder builder;
    for (int row = 0; row < 20'000; ++row) {
      const int device = row % 7;
      const Micros step = part * 20'000 + row - (row % 50 == 0 ? 3'000 : 0);
      builder.row("meter-" + std::to_string(device), january + std::max<Micros>(step, 0) * 17 * second_us);
      builder.set(Metric::grid_w, static_cast<std::int64_t>(random() % 5'000) - 2'000);
      if (row % 3 == 0) builder.set(Metric::soc_permille, static_cast<std::int64_t>(random() % 1'000));
      if (row % 11 == 0) builder.set_text(Metric::mode, random() % 2 == 0 ? "eco" : "boost");
    }
    log.readings(builder.take());
    if (part == 2) log.registered("meter-3", 5 * minute_us);
  }
  SeriesUnderTest alone, shared;
  alone.apply_all(log);
  alone.save();
  shared.apply_all(log.records(), 3);
  shared.save();
  const auto expected = alone.entries(), entries = shared.entries();
  CHECK(expected.size() > 80);
  REQUIRE(entries.size() == expected.size());
  for (const auto& [key, value] : entries) {
    INFO("key " << hex(key));
    REQUIRE(expected.at(key) == value);
  }
}

TEST_CASE("asking changes no byte") {
  const SeriesLog log = random_life(5, january, 3000);
  SeriesUnderTest asked, silent;
  for (const auto& record : log.records()) {
    asked.apply(*record);
    silent.apply(*record);
    points(asked, meter, Metric::grid_w);
    CHECK(asked->rollups(house, meter, Metric::grid_w, 0, for_ever, Step::hour, Zone::utc(), [](const Rollup&) {}).has_value());
  }
  asked.save();
  silent.save();
  CHECK(asked.entries() == silent.entries());
}

TEST_CASE("a segment is closed when a device has as many rows as a block, and only then is there something to save") {
  SeriesLog log;
  for (int i = 0; i < 719; ++i) log.reading("meter", january + i * minute_us, Metric::grid_w, i);
  SeriesUnderTest series;
  series.apply_all(log);
  ViewBatch nothing, closed, again, plug_only;
  series->save(nothing);
  CHECK(nothing.empty());
  CHECK(series->take_closed().empty());
  CHECK(series->settled(719) == 0);
  SeriesLog more = log;
  more.reading("meter", january + 719 * minute_us, Metric::grid_w, 3);
  series.apply(*more.records().back());
  const auto ranges = series->take_closed();
  REQUIRE(ranges.size() == 1);
  CHECK(ranges[0].from == 1);
  CHECK(ranges[0].end == 721);
  CHECK(series->settled(720) == 720);
  series->save(closed);
  std::set<std::string> keys;
  for (const auto& [key, value] : closed.changes) keys.insert(key.substr(0, key.find('\0')));
  CHECK(keys == std::set<std::string>{"dacme/house/meter", "bacme/house/meter"});
  series->save(again);
  CHECK(again.empty());
  for (int i = 0; i < 720; ++i) {
    more.reading("plug", january + i * minute_us, Metric::power_w, 3);
    series.apply(*more.records().back());
  }
  series->save(plug_only);
  for (const auto& [key, value] : plug_only.changes) CHECK(key.find("plug") != std::string::npos);
  CHECK(plug_only.changes.size() >= 2);
}

TEST_CASE("a device that is registered again after its segment was closed is saved as it was then") {
  const auto grown = [](SeriesUnderTest& series, SeriesLog& log, int rows) {
    const std::size_t before = log.records().size();
    for (int i = 0; i < rows; ++i) log.reading("meter", january + static_cast<Micros>(log.records().size()) * minute_us, Metric::grid_w, i);
    for (std::size_t i = before; i < log.records().size(); ++i) series.apply(*log.records()[i]);
  };
  SeriesLog log;
  SeriesUnderTest changed, plain;
  grown(changed, log, 730);
  plain.apply_all(log);
  log.registered("meter", 3 * minute_us);
  changed.apply(*log.records().back());
  changed.save();
  plain.save();
  CHECK(changed.entries() == plain.entries());  // as of the segment's end, whatever came since
  CHECK(changed->hold(house, meter) == 3 * minute_us);
  changed.restart();
  CHECK(changed->hold(house, meter) == 3 * minute_us);
  grown(changed, log, 730);
  changed.save();
  CHECK(changed.entries() != plain.entries());
}

TEST_CASE("the later of two readings of one time counts") {
  SeriesLog log;
  log.reading("meter", january, Metric::grid_w, 100);
  log.reading("meter", january, Metric::soc_permille, 500);
  log.reading("meter", january + minute_us, Metric::grid_w, 200);
  log.reading("meter", january, Metric::grid_w, 150);
  SeriesUnderTest series;
  series.apply_all(log);
  CHECK(points(series, meter, Metric::grid_w) ==
        std::vector<ToldPoint>{{january, 150, 4}, {january + minute_us, 200, 3}});
  CHECK(points(series, meter, Metric::soc_permille) == std::vector<ToldPoint>{{january, 500, 2}});
  CHECK(series->extent(house, meter)->readings == 4);
}

TEST_CASE("a correction of a closed reading counts, before and after its own segment is closed") {
  SeriesLog log;
  for (int i = 0; i < 2000; ++i) log.reading("meter", january + i * minute_us, Metric::grid_w, i);
  log.reading("meter", january + 10 * minute_us, Metric::grid_w, -1);
  SeriesUnderTest series;
  series.apply_all(log);
  CHECK(points(series, meter, Metric::grid_w)[10] == ToldPoint{january + 10 * minute_us, -1, 2001});
  SeriesLog more = log;
  for (int i = 0; i < 1000; ++i) more.reading("meter", january + i * minute_us + 1, Metric::grid_w, 7);
  for (std::size_t i = log.records().size(); i < more.records().size(); ++i) series.apply(*more.records()[i]);
  CHECK(points(series, meter, Metric::grid_w) == more.points("meter", Metric::grid_w, 0, for_ever));
  const auto blocks = series->blocks(house, meter, january, january + hour_us, {});
  REQUIRE(blocks.has_value());
  CHECK(std::any_of(blocks->begin(), blocks->end(), [](const auto& b) { return b->min(Metric::grid_w) == -1; }));
}

TEST_CASE("a device with a clock in the future does not spoil what follows") {
  SeriesLog log;
  log.reading("meter", from_civil(2099, 1, 1), Metric::grid_w, 1);
  for (int i = 0; i < 5000; ++i) log.reading("meter", january + i * minute_us, Metric::grid_w, i);
  SeriesUnderTest series;
  series.apply_all(log);
  CHECK(points(series, meter, Metric::grid_w) == log.points("meter", Metric::grid_w, 0, for_ever));
  series.save();
  series.restart();
  CHECK(points(series, meter, Metric::grid_w) == log.points("meter", Metric::grid_w, 0, for_ever));
}

TEST_CASE("times that cannot be are left out rather than overflow") {
  SeriesLog log;
  log.reading("meter", january, Metric::grid_w, 1);
  ReadingBuilder builder;
  builder.row("meter", std::numeric_limits<Micros>::max());
  builder.set(Metric::grid_w, 2);
  builder.row("meter", std::numeric_limits<Micros>::min());
  builder.set(Metric::grid_w, 3);
  log.readings(builder.take());
  SeriesUnderTest series;
  series.apply_all(log);
  CHECK(points(series, meter, Metric::grid_w).size() == 1);
  CHECK(series->extent(house, meter)->readings == 1);
}

TEST_CASE("suspects are not in the series") {
  ReadingBuilder builder;
  builder.row("meter", january);
  builder.set(Metric::battery_mv, 0);
  builder.row("meter", january + 1);
  builder.set(Metric::battery_mv, 51'000);
  SeriesLog log;
  log.readings(builder.take());
  SeriesUnderTest series;
  series.apply_all(log);
  CHECK(points(series, meter, Metric::battery_mv) == std::vector<ToldPoint>{{january + 1, 51'000, 2}});
}

TEST_CASE("words keep their number in a site, whatever batch they came in") {
  SeriesUnderTest series;
  SeriesLog log;
  for (const char* word : {"idle", "export", "idle"}) {
    ReadingBuilder builder;
    builder.row("meter", january + static_cast<Micros>(log.records().size()));
    builder.set_text(Metric::mode, word);
    log.readings(builder.take());
    series.apply(*log.records().back());
    series.save();
  }
  series.restart();
  const auto modes = points(series, meter, Metric::mode);
  REQUIRE(modes.size() == 3);
  CHECK(series->word(house, modes[0].value) == "idle");
  CHECK(series->word(house, modes[1].value) == "export");
  CHECK(modes[2].value == modes[0].value);
  CHECK(series->word(house, 2).empty());
  CHECK(series->word(house, -1).empty());
  CHECK(series->word({TenantId{"acme"}, SiteId{"barn"}}, 0).empty());
}

TEST_CASE("the reader knows devices, metrics, extent and hold") {
  SeriesLog log;
  log.registered("silent", 5 * minute_us);
  log.reading("plug", january, Metric::power_w, 5);
  log.reading("meter", january + 2, Metric::soc_permille, 5);
  log.reading("meter", january + 1, Metric::grid_w, 5);
  SeriesUnderTest series;
  series.apply_all(log);
  for (int round = 0; round < 2; ++round) {
    CHECK(series->devices(house) == std::vector<DeviceId>{meter, plug});
    CHECK(series->metrics(house, meter) == std::vector<Metric>{Metric::grid_w, Metric::soc_permille});
    CHECK(series->extent(house, meter)->first == january + 1);
    CHECK(series->extent(house, meter)->last == january + 2);
    CHECK_FALSE(series->extent(house, DeviceId{"silent"}).has_value());
    CHECK(series->hold(house, DeviceId{"silent"}) == 5 * minute_us);
    CHECK(series->hold(house, meter) == 15 * minute_us);
    CHECK(series->devices({TenantId{"acme"}, SiteId{"barn"}}).empty());
    CHECK(series->blocks(house, DeviceId{"nobody"}, 0, for_ever, {})->empty());
    series.save();
    series.restart();
  }
}

TEST_CASE("more points than the limit is an error that says so") {
  SeriesLog log;
  for (int i = 0; i < 5; ++i) log.reading("meter", january + i, Metric::grid_w, i);
  SeriesUnderTest series;
  series.apply_all(log);
  CHECK(asked(series, Metric::grid_w, 5).has_value());
  const auto refused = asked(series, Metric::grid_w, 4);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::invalid);
  CHECK(refused.error().sentence.find("4 points") != std::string::npos);
}

TEST_CASE("regular readings cost a few bytes, and the view next to nothing") {
  SeriesLog log;
  std::mt19937_64 random(1);
  for (int day = 0; day < 4; ++day) {
    ReadingBuilder builder;
    for (int i = 0; i < 720; ++i) {
      builder.row("meter", january + day * day_us + i * 2 * minute_us);
      builder.set(Metric::soc_permille, 500 + i / 4);
      builder.set(Metric::battery_mv, 51'000 + static_cast<std::int64_t>(random() % 16) * 10);
      builder.set(Metric::import_price_micro, 120'000 + i / 30 * 1000);
    }
    log.readings(builder.take());
  }
  SeriesUnderTest series;
  series.apply_all(log);
  series.save();
  std::size_t bytes = 0, parts = 0;
  for (const auto& [key, value] : series.entries())
    if (key[0] == 'b') {
      bytes += key.size() + value.size();
      ++parts;
    }
  CHECK(parts == 4);
  CHECK(bytes < 4 * 60);
  const std::array<EventLog::Range, 1> first{{{1, 721}}};
  const auto blocks = series.log().device_blocks(first, "acme/house/meter");
  REQUIRE(blocks);
  REQUIRE(blocks->size() == 1);
  CHECK(blocks->front().size() < 720);  // 4 bits of noise, and little else
}

TEST_CASE("what is condensed is read as what is not") {
  for (std::uint64_t seed = 21; seed <= 24; ++seed) {
    const SeriesLog log = random_life(seed, january, 5000);
    SeriesUnderTest series;
    std::mt19937_64 random(seed);
    for (const auto& record : log.records()) {
      series.apply(*record);
      if (random() % 40 == 0) series.condense();
      if (random() % 30 == 0) series.save();
    }
    matches(series, log, seed);
    series.condense();
    series.save();
    series.restart();
    matches(series, log, seed);
    SeriesUnderTest never;
    never.apply_all(log);
    never.save();
    CHECK(series.entries() == never.entries());
  }
}

TEST_CASE("damaged entries of the view are refused and never crash") {
  const SeriesLog log = random_life(3, january, 4000);
  SeriesUnderTest series;
  series.apply_all(log);
  series.save();
  std::mt19937_64 random(2);
  for (const auto& [key, value] : series.entries()) {
    for (int round = 0; round < 6; ++round) {
      std::string damaged = value;
      if (round < 2)
        damaged.resize(random() % value.size());
      else
        damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
      series.overwrite(key, damaged);
      auto fresh = make_series(series.views(), series.log());
      const auto loaded = fresh->load(series.views());
      if (loaded) {
        for (const Step step : {Step::minute, Step::hour})
          static_cast<void>(fresh->rollups(house, meter, Metric::grid_w, 0, for_ever, step, Zone::utc(), [](const Rollup&) {}).has_value());
        static_cast<void>(asked(fresh, Metric::mode, plenty).has_value());
      } else {
        CHECK(loaded.error().code == Errc::corrupt);
      }
    }
    series.overwrite(key, value);
  }
  series.restart();
  matches(series, log, 3);
}

TEST_CASE("a cut entry is an error, not fewer readings") {
  SeriesLog log;
  for (int i = 0; i < 2000; ++i) log.reading("meter", january + i * minute_us, Metric::grid_w, i * 7 % 100);
  SeriesUnderTest series;
  series.apply_all(log);
  series.save();
  for (const auto& [key, value] : series.entries()) {
    if (key[0] != 'b') continue;
    series.overwrite(key, value.substr(0, value.size() - 1));
    series.restart();
    const auto refused = asked(series, Metric::grid_w, plenty);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == Errc::corrupt);
    series.overwrite(key, value);
  }
}

TEST_CASE("steps are words") {
  CHECK(parse_step("minute").value() == Step::minute);
  CHECK(parse_step("month").value() == Step::month);
  CHECK(parse_step("fortnight").error().code == Errc::invalid);
  CHECK_FALSE(parse_step("").has_value());
}
