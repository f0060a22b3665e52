// Thousands of schedules of the whole house, each from a seed that is printed when an invariant breaks, and planted bugs
// that the same invariants must find. HELIOGRAPH_SEEDS runs more, HELIOGRAPH_SEED one.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/actors/schedule_world.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

// Sanitizers make a schedule about ten times slower.
#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t seeds_by_default = 500;
#else
constexpr std::uint64_t seeds_by_default = 5'000;
#endif

std::uint64_t number(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

TEST_CASE("in every order of messages the command path keeps its promises") {
  const std::uint64_t only = number("HELIOGRAPH_SEED", 0), seeds = only != 0 ? 1 : number("HELIOGRAPH_SEEDS", seeds_by_default);
  std::map<std::string, std::size_t> did;
  std::size_t steps = 0;
  for (std::uint64_t i = 1; i <= seeds; ++i) {
    const std::uint64_t seed = only != 0 ? only : i;
    const ScheduleReport report = run_schedule(seed);
    for (const std::string& violation : report.violations) FAIL_CHECK("HELIOGRAPH_SEED=" << seed << ": " << violation);
    for (const auto& [what, n] : report.did) did[what] += n;
    steps += report.steps;
  }
  if (only != 0) return;
  if (std::getenv("HELIOGRAPH_SHOW_COUNTS") != nullptr)
    for (const auto& [what, n] : did) WARN(what << ": " << n);
  CHECK(steps > seeds * 100);
  for (const char* what : {"sent", "readings", "asked", "asked again", "stopped", "lifted", "answered late", "site died", "port threw",
                           "done", "refused", "command.refused", "command.verified", "command.failed", "rule.fired", "sent again", "command.answered", "approval.requested"}) {
    CAPTURE(what);
    CHECK(did[what] >= seeds / 5);
  }
}

TEST_CASE("the same seed is the same run, another seed another") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const ScheduleReport once = run_schedule(seed), twice = run_schedule(seed);
    CHECK(once.trace == twice.trace);
    CHECK(once.did == twice.did);
    CHECK(once.trace != run_schedule(seed + 1'000).trace);
  }
}

TEST_CASE("planted bugs are found") {
  struct Bug { Plant plant; const char* name; const char* found_as; };
  for (const Bug& bug : {Bug{Plant::sends_twice, "the port sends twice", "sent twice"},
                         Bug{Plant::sends_late, "the port sends when it likes", "after"},
                         Bug{Plant::durable_too_early, "the log says durable too early", "sent without a durable dispatch"},
                         Bug{Plant::forgets_keys, "the log forgets idempotency keys", "two effects"},
                         Bug{Plant::loses_dispatches, "recovery loses what was dispatched", "two commands in flight"},
                         Bug{Plant::view_keeps_erased, "a view keeps what was erased", "The view"},
                         Bug{Plant::replies_twice, "a reply is given twice", "2 times"}}) {
    std::size_t found = 0;
    std::uint64_t seed = 1;
    for (; seed <= 200 && found == 0; ++seed)
      for (const std::string& violation : run_schedule(seed, bug.plant).violations) found += violation.find(bug.found_as) != std::string::npos;
    INFO(bug.name << ", looked for in " << seed - 1 << " schedules");
    CHECK(found > 0);
  }
}
