// The latest readings as a stored view: newest source time wins, words keep their meaning, damage is named.
#include "projections/site_view.hpp"

#include <catch2/catch.hpp>

#include "tests/support/view_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

struct House : LoggedStory {
  const SiteNow& now() {
    append_all();
    REQUIRE(views.catch_up(log().durable()));
    const SiteNow* site = views.site_now.site(villa);
    REQUIRE(site != nullptr);
    return *site;
  }
};

std::string mode_of(const SiteNow& now, const std::string& device) {
  return std::string(now.word(now.latest(*now.find(device), Metric::mode).value));
}

ReadingBatch modes(Micros at, const std::vector<std::pair<std::string, std::string>>& rows) {
  ReadingBuilder builder;
  for (const auto& [device, mode] : rows) builder.row(device, at), builder.set_text(Metric::mode, mode);
  return builder.take();
}

}  // namespace

TEST_CASE("the newest source time stands, whatever came last") {
  House house;
  CHECK(house.views.site_now.site(villa) == nullptr);
  house.story.soc(600);
  house.story.read_at(house.story.at - minute_us, {{"battery", Metric::soc_permille, 100}});
  const SiteNow& now = house.now();
  const Latest& latest = now.latest(*now.find("battery"), Metric::soc_permille);
  CHECK(latest.value == 600);
  CHECK(latest.at == house.story.at);
  auto record = house.log().at(latest.position);
  REQUIRE(record);
  CHECK((*record)->readings().value(Metric::soc_permille, latest.position - (*record)->envelope.position) == 600);
}

TEST_CASE("words of text metrics mean the same after a restart") {
  House house;
  house.story.take(modes(house.story.at, {{"n2", "boost"}, {"n1", "eco"}}));
  house.story.pass(second_us);
  house.story.take(modes(house.story.at, {{"n3", "off"}, {"n1", "boost"}}));
  CHECK(mode_of(house.now(), "n1") == "boost");
  Views again(house.store->views(), house.log());
  REQUIRE(again.load());
  const SiteNow& restored = *again.site_now.site(villa);
  CHECK(mode_of(restored, "n1") == "boost");
  CHECK(mode_of(restored, "n2") == "boost");
  CHECK(mode_of(restored, "n3") == "off");
  house.story.pass(second_us);
  house.story.take(modes(house.story.at, {{"n2", "night"}}));
  house.append_all();
  REQUIRE(again.catch_up(house.log().durable()));
  CHECK(mode_of(*again.site_now.site(villa), "n2") == "night");
  const auto differences = compare_views(house.store->views(), house.log());
  REQUIRE(differences);
  CHECK(*differences == Lines{});
}

TEST_CASE("a damaged view is named, with what to do") {
  House house;
  house.story.soc(600);
  house.now();
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{
           {"acme/villa/battery", "\x05"}, {"acme/villa/battery", "\x7f\x01\x01\x01"}, {"nonsense", "x"}, {"acme/villa/", "x"}}) {
    const auto store = open_memory_store();
    ViewBatch batch;
    batch.put(key, value);
    REQUIRE(store->views().save("site_now", batch, 1));
    SiteNowView view(store->log());
    const auto loaded = view.load(store->views());
    CAPTURE(key);
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().sentence.find("rebuild --projection site_now") != std::string::npos);
  }
}
