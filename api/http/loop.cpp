#include "api/http/loop.hpp"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <unordered_set>

namespace heliograph::http {
namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

struct ServerLoop::Inside {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  asio::steady_timer sweep_timer{context};
  asio::steady_timer grace_timer{context};
  std::unordered_set<std::shared_ptr<asio::steady_timer>> timers;
};

ServerLoop::ServerLoop(const Limits& limits) : inside_(std::make_unique<Inside>()) {
  const auto shortest = std::min(
      {limits.head_timeout, limits.body_timeout, limits.idle_timeout, limits.write_timeout, limits.linger_timeout,
       limits.socket_ping, limits.socket_window});
  period_ = std::clamp(shortest / 4, milliseconds(5), milliseconds(1000));
}

ServerLoop::~ServerLoop() = default;

asio::io_context& ServerLoop::context() { return inside_->context; }

void ServerLoop::run_in_thread() {
  arm_sweep();
  thread_ = std::thread([this] {
    thread_id_ = std::this_thread::get_id();
    inside_->context.run();
  });
}

void ServerLoop::post(Task task) {
  bool wake = false;
  {
    std::lock_guard lock(inbox_mutex_);
    if (closed_) return;  // the task dies after the lock: its destructor may post again
    wake = inbox_.empty();
    inbox_.push_back(std::move(task));
  }
  if (wake) asio::post(inside_->context, [this] { drain_inbox(); });
}

void ServerLoop::drain_inbox() {
  std::vector<Task> tasks;
  {
    std::lock_guard lock(inbox_mutex_);
    tasks.swap(inbox_);
  }
  for (auto& task : tasks) {
    task();
    task = nullptr;
  }
}

void ServerLoop::after(milliseconds delay, Task task) {
  if (!is_this_thread()) {
    post([this, delay, task = std::move(task)]() mutable { after(delay, std::move(task)); });
    return;
  }
  if (stopping_) return;
  auto timer = std::make_shared<asio::steady_timer>(inside_->context, delay);
  inside_->timers.insert(timer);
  timer->async_wait([this, timer, task = std::move(task)](error_code ec) {
    inside_->timers.erase(timer);
    if (!ec && !stopping_) task();
  });
}

void ServerLoop::add(std::shared_ptr<Served> served) {
  served->place_ = served_.size();
  served_.push_back(std::move(served));
}

void ServerLoop::remove(Served& served) {
  const auto place = served.place_;
  ensure(place < served_.size() && served_[place].get() == &served, "a socket left its loop twice",
         "api/http/loop.cpp");
  const auto kept_alive = std::move(served_[place]);
  if (place + 1 != served_.size()) {
    served_[place] = std::move(served_.back());
    served_[place]->place_ = place;
  }
  served_.pop_back();
  finish_stop_if_empty();
}

std::uint64_t ServerLoop::sweep_after(milliseconds span) const {
  return sweep_ + 1 + static_cast<std::uint64_t>((span + period_ - milliseconds(1)) / period_);
}

void ServerLoop::arm_sweep() {
  inside_->sweep_timer.expires_after(period_);
  inside_->sweep_timer.async_wait([this](error_code ec) {
    if (ec) return;
    ++sweep_;
    // Backwards: whoever leaves is replaced by the last, which had its turn.
    for (auto i = served_.size(); i-- > 0;) {
      if (i >= served_.size()) continue;
      const auto served = served_[i];
      served->on_sweep();
    }
    if (!(stopping_ && served_.empty())) arm_sweep();
  });
}

void ServerLoop::stop(milliseconds grace) {
  post([this, grace] { begin_stop(grace); });
}

void ServerLoop::begin_stop(milliseconds grace) {
  stopping_ = true;
  for (const auto& timer : inside_->timers) timer->cancel();
  const auto all = served_;
  for (const auto& served : all) served->stop_soon();
  inside_->grace_timer.expires_after(grace);
  inside_->grace_timer.async_wait([this](error_code ec) {
    if (ec) return;
    const auto left = served_;
    for (const auto& served : left) served->abort();
  });
  finish_stop_if_empty();
}

void ServerLoop::finish_stop_if_empty() {
  if (!stopping_ || !served_.empty()) return;
  inside_->grace_timer.cancel();
  inside_->sweep_timer.cancel();
  inside_->work.reset();
}

void ServerLoop::join() {
  if (thread_.joinable()) thread_.join();
  thread_id_ = std::thread::id{};
  std::vector<Task> dropped;
  std::lock_guard lock(inbox_mutex_);
  closed_ = true;
  dropped.swap(inbox_);
}

}  // namespace heliograph::http
