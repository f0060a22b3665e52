// Any mix of turns, over both logs: the same facts in the same places with the same seals, whole after opening again.
#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include <iostream>
#include <sstream>

#include "storage/verify.hpp"
#include "tests/storage/storage_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

struct PlannedDraft {
  bool readings = false;
  int stream = 0;
  int rows = 1;
  int key = -1;
};
struct PlannedTurn {
  std::vector<PlannedDraft> drafts;
  Micros now = 0;
  bool staged = true;
  bool commits = true;
};

rc::Gen<PlannedDraft> any_draft() {
  return rc::gen::apply(
      [](bool readings, int stream, int rows, int key) { return PlannedDraft{readings, stream, rows, key}; },
      rc::gen::arbitrary<bool>(), rc::gen::inRange(0, 4), rc::gen::inRange(0, 9), rc::gen::inRange(-20, 20));
}

rc::Gen<PlannedTurn> any_turn() {
  return rc::gen::apply(
      [](std::vector<PlannedDraft> drafts, Micros now, bool staged, bool commits) {
        return PlannedTurn{std::move(drafts), start_of_2025 + now, staged, commits};
      },
      rc::gen::container<std::vector<PlannedDraft>>(any_draft()), rc::gen::inRange<Micros>(-1000, 1000),
      rc::gen::arbitrary<bool>(), rc::gen::arbitrary<bool>());
}

Draft draft_of(const PlannedDraft& plan) {
  const std::string name = std::to_string(plan.stream);
  Draft d = plan.readings ? readings_draft("meter-" + name, static_cast<std::size_t>(plan.rows), plan.rows)
                          : event_draft("plan-" + name, name);
  if (plan.key >= 0) d.idempotency_key = "key-" + std::to_string(plan.key);
  return d;
}

/// Answers every code that `add` gave, 255 for success: both logs must say the same.
std::vector<int> run(EventLog& log, const std::vector<PlannedTurn>& turns) {
  std::vector<int> answers;
  for (const PlannedTurn& plan : turns) {
    {
      auto turn = log.begin(home, plan.now);
      RC_ASSERT(turn.has_value());
      for (const PlannedDraft& draft : plan.drafts) {
        auto added = turn->add(draft_of(draft));
        answers.push_back(added ? 255 : static_cast<int>(added.error().code));
      }
      if (plan.staged) turn->stage();
    }
    if (plan.commits) RC_ASSERT(log.commit().has_value());
  }
  RC_ASSERT(log.commit().has_value());
  RC_ASSERT(log.durable() == log.staged());
  return answers;
}

std::vector<std::pair<Position, Digest>> seals(const EventLog& log) {
  std::vector<std::pair<Position, Digest>> out;
  RC_ASSERT(log.scan_stored(1, ~Position{0}, Part::all, [&](const EventLog::Stored& s) {
                 out.emplace_back(s.position, s.seal);
                 return true;
               }).has_value());
  return out;
}

}  // namespace

TEST_CASE("any turns give the same log in memory, on disk and after opening again", "[log][property]") {
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  params.maxSuccess = 40;
  params.maxSize = 30;
  std::cout << "property seed " << params.seed << "\n";
  const auto result = rc::detail::checkTestable(
      [] {
        const auto turns = *rc::gen::container<std::vector<PlannedTurn>>(any_turn());
        Memory memory;
        Rocks rocks;
        const auto memory_answers = run(memory.log(), turns);
        RC_ASSERT(memory_answers == run(rocks.log(), turns));
        RC_ASSERT(seals(memory.log()) == seals(rocks.log()));
        RC_ASSERT(verify_store(memory.store(), {}).ok());
        const auto before = seals(rocks.log());
        const Position last = rocks.log().durable();
        rocks.reopen();
        RC_ASSERT(rocks.log().durable() == last);
        RC_ASSERT(seals(rocks.log()) == before);
        RC_ASSERT(verify_store(rocks.store(), {}).ok());
      },
      rc::detail::TestMetadata{"log", ""}, params);
  std::ostringstream message;
  rc::detail::printResultMessage(result, message);
  INFO(message.str());
  CHECK(result.is<rc::detail::SuccessResult>());
}
