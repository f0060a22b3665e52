// The latest values of a site: only a newer source time makes a new reading, and suspects never get in.
#include "projections/site_now.hpp"

#include <catch2/catch.hpp>

using namespace heliograph;

TEST_CASE("only a newer source time changes what is known") {
  SiteNow now;
  const DeviceIndex meter = now.index_of("meter");
  CHECK_FALSE(now.latest(meter, Metric::grid_w).known());
  CHECK(now.fold(meter, Metric::grid_w, 100, 1000, 1));
  CHECK_FALSE(now.fold(meter, Metric::grid_w, 200, 1000, 2));
  CHECK_FALSE(now.fold(meter, Metric::grid_w, 200, 999, 3));
  CHECK(now.latest(meter, Metric::grid_w).value == 100);
  CHECK(now.fold(meter, Metric::grid_w, 300, 1001, 4));
  CHECK(now.latest(meter, Metric::grid_w).position == 4);
  CHECK(now.fold(meter, Metric::soc_permille, 500, 500, 5));
  CHECK(now.devices()[meter].seen_at == 1001);
}

TEST_CASE("devices keep their index") {
  SiteNow now;
  CHECK_FALSE(now.find("a").has_value());
  CHECK(now.index_of("a") == 0);
  CHECK(now.index_of("b") == 1);
  CHECK(now.index_of("a") == 0);
  CHECK(now.find("b") == DeviceIndex{1});
  CHECK(now.devices()[1].id.text == "b");
}

TEST_CASE("of several batteries the lowest known charge counts, of other metrics the newest reading") {
  SiteNow now;
  const DeviceIndex a = now.index_of("a"), b = now.index_of("b");
  now.index_of("silent");
  CHECK_FALSE(now.site_metric(Metric::soc_permille).known());
  now.fold(a, Metric::soc_permille, 300, 10, 1);
  now.fold(b, Metric::soc_permille, 700, 20, 2);
  CHECK(now.site_metric(Metric::soc_permille).value == 300);
  now.fold(a, Metric::grid_w, 300, 10, 3);
  now.fold(b, Metric::grid_w, 700, 20, 4);
  CHECK(now.site_metric(Metric::grid_w).value == 700);
  now.fold(a, Metric::soc_permille, 700, 30, 5);
  CHECK(now.site_metric(Metric::soc_permille).position == 5);  // equal charge: the newer reading
}

TEST_CASE("a batch is folded with positions, words and without suspects") {
  ReadingBuilder builder;
  builder.row("battery", 100);
  builder.set(Metric::soc_permille, 400);
  builder.set_text(Metric::mode, "idle");
  builder.row("battery", 200);
  builder.set(Metric::soc_permille, 5000);  // a suspect: newer, and not believed
  builder.set_text(Metric::mode, "export");
  builder.row("battery", 150);
  builder.set(Metric::soc_permille, 410);
  builder.row("meter", 150);
  builder.set_text(Metric::mode, "idle");
  SiteNow now;
  now.intern("import");
  fold(now, builder.take(), 1000);
  const auto battery = now.find("battery"), meter = now.find("meter");
  REQUIRE(battery.has_value());
  REQUIRE(meter.has_value());
  CHECK(now.latest(*battery, Metric::soc_permille).value == 410);
  CHECK(now.latest(*battery, Metric::soc_permille).position == 1002);
  CHECK(now.word(now.latest(*battery, Metric::mode).value) == "export");
  CHECK(now.latest(*battery, Metric::mode).position == 1001);
  CHECK(now.word(now.latest(*meter, Metric::mode).value) == "idle");
  CHECK(now.word(0) == "import");
  CHECK(now.word(99).empty());
  CHECK(now.word(-1).empty());
}
