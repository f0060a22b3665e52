// The audit: pages of decisions, the story of a command, and why: from what was sent down to the reading and the rule.
#include "projections/audit.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/support/view_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

/// A story in which the guard pauses the miner, a reading confirms it, and a person is refused.
struct Told : LoggedStory {
  Told() {
    story.save(R"({"id":"guard","triggers":[{"id":"low","metric":"soc_percent","device":"battery","below":50}],
      "actions":[{"do":"pause","device":"miner-1"}]})");
    story.read({{"battery", Metric::soc_permille, 600}, {"miner-1", Metric::switch_on, 1}});
    story.pass(second_us);
    story.soc(450);
    story.pass(second_us);
    story.read({{"miner-1", Metric::switch_on, 0}});
    story.soc(150);
    story.pass(second_us);
    story.soc(150);
    story.ask("miner-1", Action::switch_on);
    append_all();
    REQUIRE(views.catch_up(log().durable()));
  }
  Position of(std::string_view words) const {
    for (const RecordPtr& record : story.journal.records())
      if (line(*record) == words) return record->envelope.position;
    FAIL("no record says " << words);
    return 0;
  }
};

Lines words(const std::vector<RecordPtr>& records) {
  Lines out;
  for (const RecordPtr& record : records) out.push_back(line(*record));
  return out;
}

}  // namespace

TEST_CASE("a page of the audit is newest first, and the next page goes on below it") {
  Told told;
  const auto first = audit_page(told.views.audit, told.views.store, told.log(), villa, {0, {}, 3, ""});
  REQUIRE(first);
  CHECK(words(*first) == Lines{"refused soc-floor", "requested miner-1 switch_on", "verified"});
  const auto second = audit_page(told.views.audit, told.views.store, told.log(), villa, {first->back()->envelope.position, {}, 3, ""});
  REQUIRE(second);
  CHECK(words(*second) == Lines{"dispatched miner-1 switch_off", "allowed", "requested miner-1 switch_off"});
  std::size_t all = 0;
  for (Position before = 0;;) {
    const auto page = audit_page(told.views.audit, told.views.store, told.log(), villa, {before, {}, 2, ""});
    REQUIRE(page);
    if (page->empty()) break;
    all += page->size();
    before = page->back()->envelope.position;
  }
  std::size_t decisions = 0;
  for (const RecordPtr& record : told.story.journal.records()) decisions += !record->is_readings();
  CHECK(all == decisions);
  CHECK(audit_page(told.views.audit, told.views.store, told.log(), villa, {0, {}, 0, ""})->empty());
}

TEST_CASE("the audit can be asked for one kind, and knows no other site's") {
  Told told;
  const auto commands = audit_page(told.views.audit, told.views.store, told.log(), villa, {0, {}, 100, "command."});
  REQUIRE(commands);
  CHECK(commands->size() == 6);
  CHECK(audit_page(told.views.audit, told.views.store, told.log(), villa, {0, {}, 100, "nothing."})->empty());
  CHECK(audit_page(told.views.audit, told.views.store, told.log(), {{"acme"}, {"vill"}}, {0, {}, 100, ""})->empty());
  CHECK(audit_page(told.views.audit, told.views.store, told.log(), {{"other"}, {"villa"}}, {0, {}, 100, ""})->empty());
}

TEST_CASE("whoever follows the audit forward sees each decision once, saved or not, also what comes meanwhile") {
  Told told;
  const auto page = [&](const AuditQuestion& question) {
    auto found = audit_page(told.views.audit, told.views.store, told.log(), villa, question);
    REQUIRE(found);
    return words(*found);
  };
  auto newest_first = page({0, {}, 100, ""});
  std::reverse(newest_first.begin(), newest_first.end());
  Lines followed;
  Position seen = 0;
  for (;;) {
    const auto next = audit_page(told.views.audit, told.views.store, told.log(), villa, {0, seen, 2, ""});
    REQUIRE(next);
    if (next->empty()) break;
    for (const std::string& line : words(*next)) followed.push_back(line);
    seen = next->back()->envelope.position;
  }
  CHECK(followed == newest_first);
  CHECK(page({0, seen, 2, ""}).empty());
  const auto commands = audit_page(told.views.audit, told.views.store, told.log(), villa, {0, Position{0}, 100, "command."});
  REQUIRE(commands);
  REQUIRE(commands->size() == 6);
  const Position third = (*commands)[2]->envelope.position;
  CHECK(page({third, Position{0}, 100, "command."}).size() == 2);  // between two positions
  CHECK(page({third, third, 100, ""}).empty());
}

TEST_CASE("the story of a command is everything about it, in order") {
  Told told;
  const CommandId id = std::get<CommandDispatched>((*told.log().at(told.of("dispatched miner-1 switch_off")))->event()).command;
  const auto story = command_story(told.views.audit, told.views.store, told.log(), villa, id);
  REQUIRE(story);
  CHECK(words(*story) == Lines{"requested miner-1 switch_off", "allowed", "dispatched miner-1 switch_off", "verified"});
  CHECK(command_story(told.views.audit, told.views.store, told.log(), villa, {"c-none"})->empty());
}

TEST_CASE("why walks from what was sent to the readings and the rule's version") {
  Told told;
  const auto steps = why(told.log(), told.of("dispatched miner-1 switch_off"));
  REQUIRE(steps);
  Lines chain;
  for (const Why& step : *steps) chain.push_back(std::to_string(step.depth) + " " + step.role + ": " + line(*step.record));
  CHECK(chain == Lines{"0 asked about: dispatched miner-1 switch_off", "1 caused by: allowed", "2 caused by: requested miner-1 switch_off",
                       "3 caused by: fired guard/low acted", "4 reading used: readings", "4 rule as it was: saved guard v1"});
  CHECK(steps->at(4).position == std::get<RuleFired>(steps->at(3).record->event()).reading);

  const auto refusal = why(told.log(), told.of("refused soc-floor"));
  REQUIRE(refusal);
  CHECK(refusal->at(1).role == "reading used");
  CHECK(refusal->at(1).record->readings().value(Metric::soc_permille, 0) == 150);
  const auto verified = why(told.log(), told.of("verified"));
  REQUIRE(verified);
  CHECK(verified->at(1).role == "reading used");
  CHECK_FALSE(why(told.log(), 999'999));
  CHECK_FALSE(why(told.log(), 0));
}

TEST_CASE("what is folded and not saved yet is in the audit at once, once, and in its place") {
  Told told;
  const auto saved = audit_page(told.views.audit, told.views.store, told.log(), villa, {0, {}, 100, ""});
  REQUIRE(saved);
  // The same story folded by views that save nothing after the first half.
  const auto memory = open_memory_store();
  Views live(memory->views(), told.log());
  REQUIRE(live.load());
  const Position half = told.log().durable() / 2;
  REQUIRE(live.catch_up(half));
  REQUIRE(told.log().scan(half + 1, told.log().durable(), Part::all, [&](const RecordPtr& record) {
    if (record->envelope.position > half) live.apply({&record, 1});
    return true;
  }));
  REQUIRE_FALSE(live.audit.unsaved().empty());
  const auto page = audit_page(live.audit, live.store, told.log(), villa, {0, {}, 100, ""});
  REQUIRE(page);
  CHECK(words(*page) == words(*saved));
  const auto three = audit_page(live.audit, live.store, told.log(), villa, {saved->front()->envelope.position, {}, 3, ""});
  REQUIRE(three);
  const Lines all = words(*saved);
  CHECK(words(*three) == Lines(all.begin() + 1, all.begin() + 4));
  const CommandId id = std::get<CommandRefused>(saved->front()->event()).command;
  CHECK(words(*command_story(live.audit, live.store, told.log(), villa, id)) ==
        words(*command_story(told.views.audit, told.views.store, told.log(), villa, id)));
  CHECK(command_story(live.audit, live.store, told.log(), villa, id)->size() == 2);
}
