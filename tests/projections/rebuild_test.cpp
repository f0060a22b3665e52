// The invariant of every projection: views that were saved at any points while the log grew are, byte for byte, the views
// that are folded from the whole log again; and a wrong byte is found.
#include <catch2/catch.hpp>

#include "tests/support/view_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

ReadingBatch history(int turn) {
  ReadingBuilder builder;
  builder.historic(true);
  for (int row = 0; row < 700; ++row) {
    builder.row("meter-1", from_civil(2024, 1, 1) + (turn * 700 + row) * minute_us);
    builder.set(Metric::grid_w, row % 300);
    if (row % 50 == 0) builder.set_text(Metric::mode, row % 100 == 0 ? "eco" : "boost");
  }
  return builder.take();
}

/// Grows a log and its views; saves, restarts and single rebuilds come at random.
std::size_t live(Logged<RandomStory>& house, std::mt19937_64& random) {
  auto views = std::make_unique<Views>(house.store->views(), house.log());
  REQUIRE(views->load());
  views->plans(house.log());
  std::size_t restarts = 0;
  for (int i = 0; i < 150; ++i) {
    house.story.turn();
    if (i % 10 == 9) house.story.take(history(i));  // so much that segments are closed on the way
    house.append_all();
    const auto what = random() % 10;
    if (what < 6) {
      // As the projector does with news: record by record, saved some time later.
      REQUIRE(house.log().scan(views->applied() + 1, house.log().durable(), Part::all, [&](const RecordPtr& r) { return views->apply({&r, 1}), true; }));
      if (what < 2) REQUIRE(views->save());
    } else if (what < 8) {
      REQUIRE(views->catch_up(house.log().durable()));
    } else if (what == 8) {
      views = std::make_unique<Views>(house.store->views(), house.log());  // what was not saved is folded again
      REQUIRE(views->load());
      ++restarts;
    } else {
      REQUIRE(views->catch_up(house.log().durable()));
      REQUIRE(views->save());
      const auto names = Views::names();
      REQUIRE(rebuild(house.store->views(), house.log(), names[random() % names.size()]));
      views = std::make_unique<Views>(house.store->views(), house.log());
      REQUIRE(views->load());
    }
  }
  REQUIRE(views->catch_up(house.log().durable()));
  REQUIRE(views->save());
  return restarts;
}

}  // namespace

TEST_CASE("live views are the rebuilt views, whenever they were saved") {
  std::size_t restarts = 0, records = 0;
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    Logged<RandomStory> house(seed);
    std::mt19937_64 random(seed);
    restarts += live(house, random);
    records += house.story.journal.records().size();
    const auto differences = compare_views(house.store->views(), house.log());
    CAPTURE(seed);
    REQUIRE(differences);
    CHECK(*differences == Lines{});
  }
  CHECK(restarts > 100);
  CHECK(records > 5'000);
}

TEST_CASE("a wrong byte, a missing and an extra entry are found in every view, and a rebuild mends them") {
  Logged<RandomStory> house(std::uint64_t{5});
  std::mt19937_64 random(5);
  live(house, random);
  // Something is pending at the end, and an alert was raised, so that every view holds an entry.
  house.story.site.woke(house.story.at);
  house.story.stop();
  house.story.tick();
  house.story.lift();
  house.story.pass(2 * verify_deadline);
  house.story.tick();
  house.story.ask("miner-1", Action::switch_off);
  house.append_all();
  REQUIRE(rebuild(house.store->views(), house.log(), ""));
  REQUIRE(compare_views(house.store->views(), house.log())->empty());
  const Position at = house.log().durable();
  for (const std::string& view : Views::names()) {
    std::vector<std::pair<std::string, std::string>> entries;
    REQUIRE(house.store->views().scan(view, "", "", [&](std::string_view key, std::string_view value) {
      return entries.emplace_back(key, value), true;
    }));
    CAPTURE(view);
    REQUIRE_FALSE(entries.empty());
    const auto& [key, value] = entries[entries.size() / 2];
    std::string wrong = value;
    wrong.empty() ? wrong.push_back('x') : void(wrong.back() = static_cast<char>(wrong.back() ^ 1));
    for (const std::optional<std::string>& planted : {std::optional(wrong), std::optional<std::string>()}) {
      ViewBatch batch;
      batch.changes[key] = planted;
      REQUIRE(house.store->views().save(view, batch, at));
      const auto found = compare_views(house.store->views(), house.log());
      REQUIRE(found);
      REQUIRE(found->size() == 1);
      CHECK(found->front().find("The view " + view + " ") == 0);
      REQUIRE(rebuild(house.store->views(), house.log(), view));
      CHECK(compare_views(house.store->views(), house.log())->empty());
    }
    ViewBatch extra;
    extra.put(key + "zz", "x");
    REQUIRE(house.store->views().save(view, extra, at));
    CHECK(compare_views(house.store->views(), house.log())->size() == 1);
    REQUIRE(rebuild(house.store->views(), house.log(), view));
  }
  CHECK_FALSE(rebuild(house.store->views(), house.log(), "no_such_view"));
}

TEST_CASE("views that are behind are told apart from views that are wrong") {
  Logged<RandomStory> house(std::uint64_t{6});
  std::mt19937_64 random(6);
  live(house, random);
  house.story.soc(444);
  house.append_all();
  const auto found = compare_views(house.store->views(), house.log());
  REQUIRE(found);
  CHECK(found->empty());
  for (const std::string& view : Views::names()) CHECK(*house.store->views().checkpoint(view) < house.log().durable());
  for (const std::string& view : Views::names()) {
    const Position at = *house.store->views().checkpoint(view);
    ViewBatch planted;
    planted.put("zz", "x");
    REQUIRE(house.store->views().save(view, planted, at));
    const auto wrong = compare_views(house.store->views(), house.log());
    REQUIRE(wrong);
    REQUIRE(wrong->size() == 1);
    CHECK(wrong->front().find("The view " + view + " ") == 0);
    REQUIRE(rebuild(house.store->views(), house.log(), view));
  }
  CHECK(compare_views(house.store->views(), house.log())->empty());
}
