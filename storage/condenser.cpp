#include "storage/condenser.hpp"

#include <sched.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace heliograph {
namespace {

constexpr auto between_looks = std::chrono::seconds(1);
constexpr auto after_a_failure = std::chrono::minutes(10);
// While more readings than these come between two looks, what is planned waits; but not for ever.
constexpr Position busy_positions = 100'000;
constexpr std::size_t planned_most = 64;

}  // namespace

Condenser::Condenser(EventLog& log) : thread_([&log](const std::stop_token& stopped) { work(stopped, log); }) {}

void Condenser::work(const std::stop_token& stopped, EventLog& log) {
  const sched_param none{};
  ::sched_setscheduler(0, SCHED_IDLE, &none);  // this thread: it runs where nobody else wants to
  std::mutex mutex;
  std::condition_variable_any wakes;
  const auto pause = [&](auto span) {
    std::unique_lock lock(mutex);
    wakes.wait_for(lock, stopped, span, [] { return false; });
  };
  Position seen = log.durable();
  const auto busy = [&log, &seen] { return log.durable() - seen > busy_positions && log.planned() < planned_most; };
  while (!stopped.stop_requested()) {
    // A failure changes nothing: the readings stay as batches. A full disk may have room later; damage is verify's to tell.
    bool failed = false;
    while (!failed && log.planned() > 0 && !busy() && !stopped.stop_requested()) failed = !log.condense_next();
    seen = log.durable();
    failed ? pause(after_a_failure) : pause(between_looks);
  }
}

}  // namespace heliograph
