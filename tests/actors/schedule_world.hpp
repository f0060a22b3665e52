// One house under one seed: people, devices, time and crashes in an order that the seed picks message by message, with the
// invariants of the command path checked at every send and at the end. Bugs can be planted, to show that they are found.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/support/actor_fixture.hpp"

namespace heliograph::testing {

enum class Plant {
  none,
  sends_twice,         // the port hands a command over twice
  sends_late,          // the port keeps a command and sends it when it likes
  durable_too_early,   // the log says durable and has not written
  forgets_keys,        // the log does not know idempotency keys again
  loses_dispatches,    // recovery does not see what was dispatched
  view_keeps_erased,   // the view store ignores erasures
  replies_twice,       // a reply is given again
};

struct ScheduleReport {
  std::vector<std::string> violations;
  std::map<std::string, std::size_t> did;  // what happened, counted: a quiet run proves nothing
  std::size_t steps = 0;
  std::string trace;  // the log's lines: the same seed must give the same
};

ScheduleReport run_schedule(std::uint64_t seed, Plant plant = Plant::none);

}  // namespace heliograph::testing
