// The host's flags `control` and `automation`: what is refused while they are off, and what is still let through, so that turning a
// flag off is a way back at any moment.
#include <catch2/catch.hpp>
#include <set>

#include "tests/support/core_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

const Principal guard{PrincipalKind::rule, "guard"}, agent{PrincipalKind::agent, "planner"};

void flags(Story& story, bool control, bool automation) {
  HostLimits limits;
  limits.control = control, limits.automation = automation;
  story.site.set_limits(limits);
}

Story calm(DeviceRegistered miner = plug("miner-1")) {
  Story story;
  story.add(miner);
  story.read({{"battery", Metric::soc_permille, 900}, {"grid", Metric::grid_w, 0}, {"miner-1", Metric::switch_on, 0}});
  story.pass(second_us);
  return story;
}

std::set<std::string> refused(const Story& story, Proposal proposal) {
  std::set<std::string> out;
  for (const Refusal& refusal : check(story.site.view(story.at), proposal, story.at).refusals) out.insert(refusal.rule);
  return out;
}

}  // namespace

TEST_CASE("control off: nobody commands anything, shedding included, and the refusal says how to turn it on") {
  Story story = calm();
  flags(story, false, true);
  for (const Principal& who : {anna, guard, agent, Principal{PrincipalKind::apikey, "k"}, Principal{PrincipalKind::schedule, "s"}})
    for (const Action action : {Action::switch_on, Action::switch_off}) CHECK(refused(story, {{"miner-1"}, action, 0, who}).contains("control-off"));
  CHECK(story.ask("miner-1", Action::switch_off).back() == "refused control-off");
  CHECK(story.last<CommandRefused>()->refusals.front().sentence.find("HELIOGRAPH_FEATURES_CONTROL=true") != std::string::npos);
}

TEST_CASE("automation off: people command, rules and agents do not") {
  Story story = calm();
  flags(story, true, false);
  CHECK(refused(story, {{"miner-1"}, Action::switch_on, 0, guard}) == std::set<std::string>{"automation-not-enabled"});
  CHECK(refused(story, {{"miner-1"}, Action::switch_off, 0, agent}) == std::set<std::string>{"automation-not-enabled"});
  CHECK(story.ask("miner-1", Action::switch_on).back() == "dispatched miner-1 switch_on");
}

TEST_CASE("a rule fires while automation is off: what it would have done is on record, and nothing is sent") {
  Story story = calm();
  flags(story, true, false);
  story.save(R"({"id":"low","triggers":[{"id":"low","metric":"soc_percent","device":"battery","below":50,"rearm":60}],"actions":[{"do":"switch_off","device":"miner-1"}]})");
  story.pass(second_us);
  story.read({{"miner-1", Metric::switch_on, 1}});
  story.pass(second_us);
  const Lines told = story.soc(400);
  CHECK(std::find(told.begin(), told.end(), "fired low/low acted") != told.end());
  CHECK(std::any_of(told.begin(), told.end(), [](const std::string& each) { return each.starts_with("refused automation-not-enabled"); }));
  CHECK(story.count<CommandDispatched>() == 0);
}

TEST_CASE("the flag is turned off while a command is on its way: not told again, and what was before is put back") {
  Story story = calm();
  REQUIRE(story.ask("miner-1", Action::switch_on, 0, guard).back() == "dispatched miner-1 switch_on");
  const CommandDispatched first = *story.last<CommandDispatched>();
  flags(story, false, false);
  CHECK(story.site.why_not_send(first, story.at)->starts_with("control-off"));
  story.answer(first.command, DeviceAnswer::Kind::unreachable);
  const Lines told = story.live_until(story.at + 3 * second_us);
  CHECK(story.last<CommandFailed>()->kind == FailureKind::outcome_unknown);
  CHECK(told.back() == "dispatched miner-1 switch_off");
  CHECK(story.last<CommandDispatched>()->purpose == Purpose::rollback);
}

TEST_CASE("the emergency stop brings what was on its way to its safe state with both flags off") {
  Story story = calm();
  REQUIRE(story.ask("miner-1", Action::switch_on).back() == "dispatched miner-1 switch_on");
  flags(story, false, false);
  story.stop();
  CHECK(story.last<CommandDispatched>()->purpose == Purpose::safe_state);
  CHECK(story.last<CommandDispatched>()->action == Action::switch_off);
}

TEST_CASE("leases run out when control is off") {
  DeviceRegistered leased = plug("miner-1");
  leased.lease = 15 * minute_us;
  Story story = calm(leased);
  story.ask("miner-1", Action::switch_on);
  story.pass(second_us);
  story.read({{"battery", Metric::soc_permille, 900}, {"miner-1", Metric::switch_on, 1}});
  REQUIRE(story.device("miner-1").lease);
  flags(story, false, true);
  CHECK(story.live_until(story.at + 6 * minute_us) == Lines{"lease ended"});
  CHECK(story.last<LeaseEnded>()->why.starts_with("control-off"));
}

TEST_CASE("what waits for a yes when the flag is turned off is refused when the yes comes") {
  DeviceRegistered asked = plug("miner-1");
  asked.needs_approval = true;
  Story story = calm(asked);
  story.ask("miner-1", Action::switch_on);
  const CommandId command = story.last<ApprovalRequested>()->command;
  flags(story, false, true);
  CHECK(story.approve(command).back() == "refused control-off");
}
