#include "storage/background.hpp"

#include <sched.h>

#include <condition_variable>
#include <mutex>

namespace heliograph {

bool wait_unless_stopped(const std::stop_token& stopped, std::chrono::milliseconds span) {
  std::mutex mutex;
  std::condition_variable_any wakes;
  std::unique_lock lock(mutex);
  return !wakes.wait_for(lock, stopped, span, [&stopped] { return stopped.stop_requested(); });
}

void let_others_go_first() {
  const sched_param none{};
  ::sched_setscheduler(0, SCHED_IDLE, &none);  // of this thread
}

}  // namespace heliograph
