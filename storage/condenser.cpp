#include "storage/condenser.hpp"

#include <chrono>

#include "storage/background.hpp"

namespace heliograph {
namespace {

constexpr std::chrono::milliseconds between_looks = std::chrono::seconds(1), after_a_failure = std::chrono::minutes(10);
// While more readings than these come between two looks, what is planned waits; but not for ever.
constexpr Position busy_positions = 100'000;
constexpr std::size_t planned_most = 64;

}  // namespace

Condenser::Condenser(EventLog& log) : thread_([&log](const std::stop_token& stopped) { work(stopped, log); }) {}

void Condenser::work(const std::stop_token& stopped, EventLog& log) {
  let_others_go_first();
  Position seen = log.durable();
  const auto busy = [&log, &seen] { return log.durable() - seen > busy_positions && log.planned() < planned_most; };
  while (!stopped.stop_requested()) {
    // A failure changes nothing: the readings stay as batches. A full disk may have room later; damage is verify's to tell.
    bool failed = false;
    while (!failed && log.planned() > 0 && !busy() && !stopped.stop_requested()) failed = !log.condense_next();
    seen = log.durable();
    wait_unless_stopped(stopped, failed ? after_a_failure : between_looks);
  }
}

}  // namespace heliograph
