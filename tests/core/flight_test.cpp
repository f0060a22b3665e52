// Commands on their way: tries, what readings show, rollback, leases, and what is switched by hand.
#include <catch2/catch.hpp>

#include "tests/support/core_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

const Principal guard{PrincipalKind::rule, "guard"};

/// A miner that was read as off, and is told to switch on.
Story on_its_way(DeviceRegistered miner = plug("miner-1"), const Principal& who = anna) {
  Story story;
  story.add(miner);
  story.read({{"battery", Metric::soc_permille, 900}, {"miner-1", Metric::switch_on, 0}});
  story.pass(second_us);
  CHECK(story.ask("miner-1", Action::switch_on, 0, who).back() == "dispatched miner-1 switch_on");
  return story;
}

std::size_t tries(const Story& story) {
  std::size_t n = 0;
  for (const RecordPtr& record : story.journal.records())
    if (!record->is_readings())
      if (const auto* sent = std::get_if<CommandDispatched>(&record->event())) n += sent->purpose == Purpose::ordinary;
  return n;
}

}  // namespace

// ---- tries -----------------------------------------------------------------------------------------------------------

TEST_CASE("a device that does not answer is told three times under one id, never after the expiry, and then nobody knows (H7)") {
  Story story = on_its_way();
  const CommandDispatched first = *story.last<CommandDispatched>();
  const Lines told = story.live_until(story.at + 2 * (command_expiry + verify_deadline));
  CHECK(tries(story) == 3);
  std::vector<Micros> sent;
  for (const RecordPtr& record : story.journal.records()) {
    if (record->is_readings()) continue;
    const auto* again = std::get_if<CommandDispatched>(&record->event());
    if (again == nullptr || again->purpose != Purpose::ordinary) continue;
    CHECK(again->command == first.command);
    CHECK(again->expires_at == first.expires_at);
    CHECK(again->retry == sent.size());
    CHECK(record->envelope.occurred_at < first.expires_at);
    sent.push_back(record->envelope.occurred_at);
  }
  CHECK(sent[1] - sent[0] >= answer_within + retry_after[0]);
  CHECK(sent[2] - sent[1] >= answer_within + retry_after[1]);
  CHECK(std::count(told.begin(), told.end(), "failed outcome_unknown") == 2);  // it, and its rollback
}

TEST_CASE("an unreachable device is tried again sooner, an accepted command is not, an error ends it") {
  Story story = on_its_way();
  const CommandId command = story.last<CommandDispatched>()->command;
  SECTION("unreachable") {
    CHECK(story.answer(command, DeviceAnswer::Kind::unreachable) == Lines{"answered unreachable"});
    CHECK(story.live_until(story.at + 2 * second_us) == Lines{"dispatched miner-1 switch_on"});
    SECTION("the answer to the first try comes late: it says nothing of the second") {
      CHECK(story.answer(command, DeviceAnswer::Kind::device_error, 0) == Lines{});
    }
    SECTION("an error now: the first may have been heard") {
      CHECK(story.answer(command, DeviceAnswer::Kind::device_error, 1).front() == "failed outcome_unknown");
    }
    SECTION("a reading shows it after all") {
      story.pass(second_us);
      CHECK(story.read({{"miner-1", Metric::switch_on, 1}}) == Lines{"verified"});
    }
  }
  SECTION("accepted") {
    story.answer(command, DeviceAnswer::Kind::accepted);
    story.live_until(story.at + minute_us);
    CHECK(tries(story) == 1);
  }
  SECTION("an error") {
    CHECK(story.answer(command, DeviceAnswer::Kind::device_error) == Lines{"failed device_error"});
  }
  SECTION("unsafe by the time of the next try: not sent again") {
    story.answer(command, DeviceAnswer::Kind::unreachable);
    story.soc(190);
    const Lines told = story.live_until(story.at + 2 * second_us);
    REQUIRE_FALSE(told.empty());
    CHECK(told.front() == "failed outcome_unknown");
    CHECK(tries(story) == 1);
  }
}

// ---- what readings show ---------------------------------------------------------------------------------------------------

TEST_CASE("the first old value of a slow cloud proves nothing, a settled one contradicts, and is tried again") {
  DeviceRegistered cloud = plug("miner-1");
  cloud.settle = 30 * second_us;
  Story story = on_its_way(cloud);
  CHECK(story.last<CommandDispatched>()->expires_at - story.journal.records().back()->envelope.occurred_at == cloud_command_expiry);
  story.answer(story.last<CommandDispatched>()->command, DeviceAnswer::Kind::accepted);
  story.pass(20 * second_us);
  CHECK(story.read({{"miner-1", Metric::switch_on, 0}}) == Lines{});
  story.pass(11 * second_us);
  CHECK(story.read({{"miner-1", Metric::switch_on, 0}}) == Lines{"dispatched miner-1 switch_on"});
  story.pass(second_us);
  CHECK(story.read({{"miner-1", Metric::switch_on, 1}}) == Lines{"verified"});
}

TEST_CASE("contradicted after all tries: failed, and nothing to put back") {
  Story story = on_its_way();
  for (std::uint32_t retry = 0; retry <= retries_max; ++retry) {
    story.answer(story.last<CommandDispatched>()->command, DeviceAnswer::Kind::accepted, retry);
    story.pass(settle_least + second_us);
    const Lines said = story.read({{"miner-1", Metric::switch_on, 0}});
    // The last try may still be on the wire: nothing is said before it has expired.
    CHECK(said == (retry < retries_max ? Lines{"dispatched miner-1 switch_on"} : Lines{}));
  }
  story.pass(command_expiry);
  CHECK(story.read({{"miner-1", Metric::switch_on, 0}}) == Lines{"failed contradicted", "not rolled back"});
  CHECK(story.last<RollbackSkipped>()->why == "The device is as it was before.");
}

TEST_CASE("a switch that nobody of ours touched is recorded, and automation keeps off it (H18)") {
  Story story;
  story.read({{"battery", Metric::soc_permille, 900}, {"miner-1", Metric::switch_on, 0}});
  story.pass(second_us);
  CHECK(story.read({{"miner-1", Metric::switch_on, 1}}) == Lines{"miner-1 on by hand"});
  const auto& last = *story.journal.records().back();
  CHECK(last.envelope.cause == story.last<DeviceChanged>()->reading);
  CHECK(story.ask("miner-1", Action::switch_off, 0, guard).back() == "refused manual-hold");
  CHECK(story.ask("miner-1", Action::switch_off).back() == "dispatched miner-1 switch_off");
}

// ---- rollback -----------------------------------------------------------------------------------------------------------------

TEST_CASE("what could not be confirmed is put back through the gate, and says so when it is") {
  Story story = on_its_way();
  const CommandId command = story.last<CommandDispatched>()->command;
  story.answer(command, DeviceAnswer::Kind::accepted);
  CHECK(story.live_until(story.at + verify_deadline + second_us) ==
        Lines{"failed outcome_unknown", "requested miner-1 switch_off", "allowed", "dispatched miner-1 switch_off"});
  CHECK(story.last<CommandRequested>()->purpose == Purpose::rollback);
  CHECK(story.last<CommandRequested>()->about == command);
  story.pass(second_us);
  CHECK(story.read({{"miner-1", Metric::switch_on, 0}}) == Lines{"verified", "rolled back"});
  CHECK(story.last<CommandRolledBack>()->command == command);
}

TEST_CASE("a rollback is skipped against a hand, for a newer command, and where it would switch on what was to be shed (H12)") {
  SECTION("a hand") {
    Story story = on_its_way();
    story.answer(story.last<CommandDispatched>()->command, DeviceAnswer::Kind::accepted);
    story.pass(second_us);
    story.read({{"miner-1", Metric::switch_on, 1}});
    CHECK(story.count<CommandVerified>() == 1);
    story.pass(second_us);
    story.ask("miner-1", Action::switch_off, 0, anna);
    story.answer(story.last<CommandDispatched>()->command, DeviceAnswer::Kind::accepted);
    const Lines told = story.live_until(story.at + verify_deadline + second_us);
    CHECK(told == Lines{"failed outcome_unknown", "not rolled back"});
    CHECK(story.last<RollbackSkipped>()->why == "What was to be shed is not switched on again.");
  }
  SECTION("what was before is not known") {
    Story story;
    story.soc(900);
    story.ask("miner-1", Action::switch_on);
    story.answer(story.last<CommandDispatched>()->command, DeviceAnswer::Kind::accepted);
    CHECK(story.live_until(story.at + verify_deadline + second_us) == Lines{"failed outcome_unknown", "not rolled back"});
  }
  SECTION("a newer command waits") {
    Story story = on_its_way(plug("miner-1"), guard);
    story.answer(story.last<CommandDispatched>()->command, DeviceAnswer::Kind::accepted);
    story.pass(verify_deadline - minute_us);
    CHECK(story.ask("miner-1", Action::switch_off, 0, anna).back() == "waiting device_busy");
    const Lines told = story.live_until(story.at + minute_us + second_us);
    CHECK(told == Lines{"failed outcome_unknown", "not rolled back", "allowed", "dispatched miner-1 switch_off"});
    CHECK(story.last<RollbackSkipped>()->why == "A newer command waits for the device.");
  }
}

// ---- leases -----------------------------------------------------------------------------------------------------------------------

TEST_CASE("a lease is set with the command, renewed while it is safe, and then left to run out (H17)") {
  DeviceRegistered leased = plug("miner-1");
  leased.lease = 15 * minute_us;
  Story story = on_its_way(leased);
  CHECK(story.last<CommandDispatched>()->lease == 15 * minute_us);
  story.pass(second_us);
  story.read({{"battery", Metric::soc_permille, 900}, {"miner-1", Metric::switch_on, 1}});
  REQUIRE(story.device("miner-1").lease);
  const auto minutes = [&](int n) {
    Lines out;
    for (int i = 0; i < n; ++i) {
      for (const std::string& line : story.live_until(story.at + minute_us)) out.push_back(line);
      story.read({{"battery", Metric::soc_permille, 900 - i}, {"miner-1", Metric::switch_on, 1}});
    }
    return out;
  };
  CHECK(minutes(11) == Lines{"lease renewed", "lease renewed"});
  CHECK(story.last<LeaseRenewed>()->until > story.at);
  SECTION("the floor") {
    story.pass(second_us);
    story.soc(150);
    const Lines told = story.live_until(story.at + 6 * minute_us);
    REQUIRE(told == Lines{"lease ended"});
    CHECK(story.last<LeaseEnded>()->why.starts_with("soc-floor"));
    story.at = story.last<LeaseEnded>()->until + second_us;
    CHECK(story.read({{"miner-1", Metric::switch_on, 0}}) == Lines{});  // by its own timer, not by hand
    CHECK_FALSE(story.device("miner-1").lease);
  }
  SECTION("a stop") {
    story.stop();
    CHECK(story.live_until(story.at + 6 * minute_us) == Lines{"lease ended"});
  }
  SECTION("switched off: no lease is left") {
    story.ask("miner-1", Action::switch_off);
    story.pass(second_us);
    CHECK(story.read({{"miner-1", Metric::switch_on, 0}}) == Lines{"verified"});
    story.pass(second_us);
    story.read({{"miner-1", Metric::switch_on, 0}});
    CHECK(minutes(0) == Lines{});
    CHECK(story.live_until(story.at + 20 * minute_us) == Lines{});
  }
}

TEST_CASE("another hardware answers than the one that commands are bound to: nobody knows what was told (H19)") {
  DeviceRegistered bound = plug("miner-1");
  bound.hardware = "aa:bb";
  Story story = on_its_way(bound);
  CHECK(story.last<CommandDispatched>()->hardware == "aa:bb");
  story.journal.begin(story.at);
  REQUIRE(story.site.answered({story.last<CommandDispatched>()->command, DeviceAnswer::Kind::accepted, "", 0, "cc:dd"}, story.at, story.journal));
  CHECK(lines(story.journal.turn()).front() == "failed outcome_unknown");
  CHECK(story.last<CommandFailed>()->detail.starts_with("identity-mismatch"));
}
