// What exists: the newest word on each site, device and rule, and the record that said so.
#include "projections/catalog.hpp"

#include <catch2/catch.hpp>

#include "tests/support/view_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

struct House : LoggedStory {
  void catch_up() {
    append_all();
    REQUIRE(views.catch_up(log().durable()));
  }
};

constexpr std::string_view rule = R"({"id":"r","triggers":[{"id":"t","at":"12:00"}],"actions":[{"do":"notify","text":"x"}]})";

}  // namespace

TEST_CASE("devices and settings are as they were last said") {
  House house;
  house.story.add(plug("miner-1", 2500));
  house.story.settings.name = "Renamed";
  house.story.configure(house.story.settings);
  house.catch_up();
  const DevicesView& view = house.views.devices;
  CHECK(view.sites() == std::vector<SiteKey>{villa});
  REQUIRE(view.site(villa) != nullptr);
  CHECK(view.site(villa)->name == "Renamed");
  REQUIRE(view.devices(villa).size() == 3);
  CHECK(view.device(villa, {"miner-1"})->nominal_w == 2500);
  CHECK(view.device(villa, {"nobody"}) == nullptr);
  CHECK(view.site({{"acme"}, {"other"}}) == nullptr);
  CHECK(view.devices({{"acme"}, {"vill"}}).empty());
}

TEST_CASE("a stop is there while it is engaged") {
  House house;
  house.catch_up();
  CHECK(house.views.devices.stop(villa) == nullptr);
  house.story.stop();
  house.catch_up();
  REQUIRE(house.views.devices.stop(villa) != nullptr);
  CHECK(house.views.devices.stop(villa)->envelope.principal == anna);
  house.story.lift();
  house.catch_up();
  CHECK(house.views.devices.stop(villa) == nullptr);
}

TEST_CASE("rules are listed as they stand, with the position that said so") {
  House house;
  house.story.save(rule);
  house.story.save(rule);
  house.catch_up();
  REQUIRE(house.views.rules.rules(villa).size() == 1);
  const RecordPtr saved = house.views.rules.rule(villa, {"r"});
  REQUIRE(saved);
  CHECK(std::get<RuleSaved>(saved->event()).rule_version == 2);
  CHECK(line(**house.log().at(saved->envelope.position)) == "saved r v2");
  house.story.remove("r");
  house.catch_up();
  CHECK(house.views.rules.rules(villa).empty());
  CHECK(house.views.rules.rule(villa, {"r"}) == nullptr);
}

TEST_CASE("the catalog comes back from its view, and says so when that is damaged") {
  House house;
  house.story.save(rule);
  house.story.stop();
  house.catch_up();
  {
    Views again(house.store->views(), house.log());
    REQUIRE(again.load());
    CHECK(again.devices.devices(villa).size() == 3);
    CHECK(again.devices.stop(villa) != nullptr);
    CHECK(again.rules.rules(villa).size() == 1);
  }
  for (const std::string& bad : {std::string("cut"), std::string(40, 'x')}) {
    ViewBatch batch;
    batch.put("acme/villa/r", bad);
    REQUIRE(house.store->views().save("rules", batch, house.log().durable()));
    Views again(house.store->views(), house.log());
    const auto loaded = again.load();
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().code == Errc::corrupt);
    CHECK(loaded.error().sentence.find("rebuild --projection rules") != std::string::npos);
  }
}
