// What is under way: a command is pending from its request to its end, and nothing else is.
#include "projections/pending_actions.hpp"

#include <catch2/catch.hpp>

#include "tests/support/view_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

struct Pending : LoggedStory {
  std::vector<PendingAction> now() {
    append_all();
    REQUIRE(views.catch_up(log().durable()));
    return views.pending.of(villa);
  }
};

}  // namespace

TEST_CASE("a dispatched command is pending until a reading, the device or the deadline ends it") {
  Pending house;
  house.story.soc(900);
  CHECK(house.now().empty());
  house.story.ask("miner-1", Action::switch_on);
  const auto pending = house.now();
  REQUIRE(pending.size() == 1);
  CHECK(pending.front().device.text == "miner-1");
  CHECK(pending.front().action == Action::switch_on);
  CHECK(pending.front().stage == CommandStage::dispatched);
  CHECK(pending.front().who == anna);
  CHECK(pending.front().reason == "a test asks");
  const auto asked = house.log().at(pending.front().requested);
  REQUIRE(asked);
  CHECK(line(**asked) == "requested miner-1 switch_on");
  CHECK(pending.front().since == (*asked)->envelope.occurred_at);
  SECTION("a reading") { house.story.pass(second_us), house.story.read({{"miner-1", Metric::switch_on, 1}}); }
  SECTION("the device") { house.story.answer(pending.front().command, DeviceAnswer::Kind::device_error); }
  SECTION("the deadline") { house.story.live_until(house.story.at + 2 * verify_deadline); }
  CHECK(house.now().empty());
  CHECK(house.views.pending.count() == 0);
}

TEST_CASE("a refused command was never pending") {
  Pending house;
  house.story.ask("nobody", Action::switch_on);
  CHECK(house.now().empty());
}

TEST_CASE("what is pending survives in the view, with negative power and all stages") {
  Pending house;
  house.story.soc(900);
  house.story.ask("battery", Action::set_power, -2500);
  house.story.ask("miner-1", Action::switch_on);
  REQUIRE(house.now().size() == 2);
  Views again(house.store->views(), house.log());
  REQUIRE(again.load());
  const auto before = house.views.pending.of(villa), after = again.pending.of(villa);
  REQUIRE(after.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(after[i].command == before[i].command);
    CHECK(after[i].power_w == before[i].power_w);
    CHECK(after[i].stage == before[i].stage);
    CHECK(after[i].since == before[i].since);
    CHECK(after[i].who == before[i].who);
  }
}

TEST_CASE("each stage is told apart") {
  PendingActions pending;
  Record record;
  record.envelope.site = villa;
  record.envelope.position = 5;
  const auto apply = [&](Event event) {
    record.body = std::move(event);
    pending.apply(record);
    return pending.of(villa).front().stage;
  };
  CHECK(apply(CommandRequested{{"c-1"}, {"d"}, Action::switch_on, 0, "why"}) == CommandStage::requested);
  CHECK(apply(ApprovalRequested{{"c-1"}, "Switch d on.", 77}) == CommandStage::awaiting_approval);
  CHECK(pending.of(villa).front().sentence == "Switch d on.");
  CHECK(pending.of(villa).front().until == 77);
  CHECK(apply(CommandWaiting{{"c-1"}, Waiting::device_busy, 78, 0}) == CommandStage::waiting);
  CHECK(pending.of(villa).front().sentence.empty());
  CHECK(apply(CommandAllowed{{"c-1"}, {}}) == CommandStage::allowed);
  CHECK(pending.of(villa).front().until == 0);
  CHECK(apply(CommandDispatched{{"c-1"}, {"d"}, Action::switch_on, 0, 0, 0}) == CommandStage::dispatched);
  CHECK(apply(CommandVerified{{"c-other"}, 1}) == CommandStage::dispatched);
  CHECK(name(CommandStage::allowed) == "allowed");
  CHECK(name(CommandStage::awaiting_approval) == "awaiting_approval");
  record.body = CommandCancelled{{"c-1"}, Cancelled::expired, ""};
  pending.apply(record);
  CHECK(pending.of(villa).empty());
}
