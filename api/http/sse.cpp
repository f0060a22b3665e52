#include "api/http/sse.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "api/http/problem.hpp"
#include "api/http/socket_stream.hpp"

namespace heliograph::http {
namespace {

SharedText shared_text(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

SharedText gap_frame(Position from, Position to) {
  return shared_text("event: gap\ndata: {\"from\":" + std::to_string(from) + ",\"to\":" + std::to_string(to) + "}\n\n");
}

/// Carries an id: the client's own was from another log, or from a part that is gone.
SharedText reset_frame(Position asked, Position at) {
  return shared_text("event: reset\nid: " + std::to_string(at) + "\ndata: {\"after\":" + std::to_string(asked) +
                     ",\"at\":" + std::to_string(at) + "}\n\n");
}

const Headers stream_headers = {{"Content-Type", "text/event-stream"}, {"X-Accel-Buffering", "no"}};

}  // namespace

SharedText sse_frame(Position id, std::string_view event, std::string_view json) {
  ensure(json.find_first_of("\r\n") == std::string_view::npos, "an event's data is one line", "api/http/sse.cpp");
  std::string text;
  text.reserve(json.size() + event.size() + 48);
  text.append("event: ").append(event).append("\nid: ").append(std::to_string(id));
  text.append("\ndata: ").append(json).append("\n\n");
  return shared_text(std::move(text));
}

bool SseFilter::matches(const SseFrame& frame) const {
  if ((frame.topics & topics) == 0 || (group != 0 && frame.group != group)) return false;
  return sites.empty() || frame.site == 0 || std::find(sites.begin(), sites.end(), frame.site) != sites.end();
}

/// The hub's own thread for reading the log, when nobody lends it one.
class SseHub::Reader {
 public:
  Reader() : thread_([this] { run(); }) {}
  ~Reader() { stop(); }
  /// Waits for the page being read; tasks given later are dropped.
  void stop() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
  }
  void run_task(Loop::Task task) {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    tasks_.push_back(std::move(task));
    wake_.notify_one();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
      if (stopping_) return;
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      task = nullptr;
      lock.lock();
    }
  }
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Loop::Task> tasks_;  // guarded by mutex_
  bool stopping_ = false;         // guarded by mutex_
  std::thread thread_;
};

/// Everything below `on the loop` runs on the loop's thread only.
class SseHub::State : public std::enable_shared_from_this<State> {
 public:
  State(std::shared_ptr<Loop> loop, Position live, CatchUp catch_up, SseOptions options,
        std::function<void(Loop::Task)> off_loop)
      : loop_(std::move(loop)),
        catch_up_(std::make_shared<const CatchUp>(std::move(catch_up))),
        options_(options),
        off_loop_(std::move(off_loop)),
        live_(live) {}

  void start() { arm_tick(); }
  void publish(std::vector<SseFrame> frames, Position through, bool missed = false);
  bool skip(Position through);
  void subscribe(std::optional<Position> after, SseFilter filter, const Responder& responder, std::function<StreamHandle()> open);
  void stop();
  SseStats stats() const { return {subscribers_, behind_, published_, fell_behind_, stuck_, turned_away_}; }

 private:
  struct Subscriber {
    StreamHandle stream;
    SseFilter filter;
    Position at = 0;  // behind: has everything up to here. Live: at least so much
    bool behind = false;
    bool telemetry = true;  // wanted in the next page
    bool resuming = false;  // its id has not been seen by the log yet
    bool reading = false;   // a page is on its way
    bool dirty = false;     // holds pushed bytes that were not flushed
    unsigned pages = 0;     // since it fell behind
    std::uint64_t written = 0;
    std::chrono::milliseconds quiet{0}, stuck{0};
  };
  struct Batch {
    std::vector<SseFrame> frames;
    Position through = 0;
    bool missed = false;  // there were more, and no frames of them
  };

  // on the loop
  void adopt(const std::function<StreamHandle()>& open, std::optional<Position> after, SseFilter filter);
  void take_batches();
  void all_behind();
  bool deliver(const SseFrame& frame);
  void offer(Subscriber& subscriber, const SseFrame& frame);
  void push(Subscriber& subscriber, const SharedText& text);
  void flush_all();
  void open_window();
  void set_behind(Subscriber& subscriber, bool behind);
  void advance(std::uint64_t key, Subscriber& subscriber);
  void on_page(std::uint64_t key, Position asked, Result<CatchUpPage> page);
  void take_page(Subscriber& subscriber, Position asked, const CatchUpPage& page);
  void arm_tick();
  void tick();
  void forget(std::uint64_t key);

  template <class Do>
  Loop::Task weakly(Do what) {
    return [weak = weak_from_this(), what = std::move(what)]() mutable {
      if (auto self = weak.lock()) what(*self);
    };
  }

  std::shared_ptr<Loop> loop_;
  std::shared_ptr<const CatchUp> catch_up_;
  SseOptions options_;
  std::function<void(Loop::Task)> off_loop_;

  std::mutex inbox_mutex_;
  std::vector<Batch> inbox_;  // guarded by inbox_mutex_
  bool waking_ = false;       // guarded by inbox_mutex_: the loop will take the inbox

  Position live_;
  std::map<std::uint64_t, Subscriber> all_;
  std::uint64_t next_key_ = 1;
  bool window_open_ = false, stopped_ = false;

  std::atomic<std::uint64_t> subscribers_{0}, behind_{0}, published_{0}, fell_behind_{0}, stuck_{0}, turned_away_{0};
};

void SseHub::State::publish(std::vector<SseFrame> frames, Position through, bool missed) {
  {
    std::lock_guard lock(inbox_mutex_);
    if (subscribers_ == 0) {  // the loop is not woken for nobody: who comes takes this first
      if (inbox_.empty()) inbox_.push_back({});
      inbox_.back().through = through;
      return;
    }
    inbox_.push_back({std::move(frames), through, missed});
    if (std::exchange(waking_, true)) return;
  }
  loop_->post(weakly([](State& s) { s.take_batches(); }));
}

bool SseHub::State::skip(Position through) {
  std::lock_guard lock(inbox_mutex_);
  if (subscribers_ != 0) return false;
  if (inbox_.empty()) inbox_.push_back({});
  inbox_.back().through = through;
  return true;
}

void SseHub::State::take_batches() {
  std::vector<Batch> batches;
  {
    std::lock_guard lock(inbox_mutex_);
    batches.swap(inbox_);
    waking_ = false;
  }
  bool urgent = false, news = false;
  for (const auto& batch : batches) {
    if (batch.missed) all_behind();
    for (const auto& frame : batch.frames) urgent = deliver(frame) || urgent;
    news = news || !batch.frames.empty();
    live_ = std::max(live_, batch.through);
  }
  if (urgent || (news && !window_open_)) flush_all();
  if (news && !window_open_) open_window();
  for (auto& [key, subscriber] : all_) advance(key, subscriber);
}

/// Who is live has what there is up to the hub's position, and goes on in the log.
void SseHub::State::all_behind() {
  for (auto& [key, subscriber] : all_) {
    if (subscriber.behind) continue;
    subscriber.at = std::max(subscriber.at, live_);
    subscriber.pages = 0;
    set_behind(subscriber, true);
  }
}

/// True when it may not wait for the next telemetry window.
bool SseHub::State::deliver(const SseFrame& frame) {
  if (frame.position <= live_) return false;
  for (auto& [key, subscriber] : all_)
    if (!subscriber.behind && frame.position > subscriber.at && subscriber.filter.matches(frame))
      offer(subscriber, frame);
  live_ = frame.position;
  ++published_;
  return frame.must_deliver;
}

void SseHub::State::offer(Subscriber& subscriber, const SseFrame& frame) {
  const auto full = [&] {
    const auto waiting = subscriber.stream->queued_bytes();
    return waiting != 0 && (waiting + frame.text->size() > options_.queue_bytes ||
                            subscriber.stream->queued_count() >= options_.queue_frames);
  };
  // What is only held back for the window is not the client's fault.
  if (subscriber.dirty && full()) {
    subscriber.dirty = false;
    subscriber.stream->flush();
  }
  if (!full()) return push(subscriber, frame.text);
  // Nothing of this frame was queued, everything before it was: the log goes on from there.
  subscriber.at = std::max(subscriber.at, live_);
  subscriber.telemetry = false;
  subscriber.pages = 0;
  ++fell_behind_;
  set_behind(subscriber, true);
}

void SseHub::State::push(Subscriber& subscriber, const SharedText& text) {
  subscriber.stream->push(text, true);
  subscriber.dirty = true;
  subscriber.quiet = {};
}

void SseHub::State::flush_all() {
  for (auto& [key, subscriber] : all_)
    if (std::exchange(subscriber.dirty, false)) subscriber.stream->flush();
}

/// While it is open telemetry only queues; a subscriber then gets one write for many frames.
void SseHub::State::open_window() {
  if (options_.coalesce.count() == 0) return;
  window_open_ = true;
  loop_->after(options_.coalesce, weakly([](State& s) {
                 s.window_open_ = false;
                 const bool waiting =
                     std::any_of(s.all_.begin(), s.all_.end(), [](const auto& e) { return e.second.dirty; });
                 if (!waiting) return;
                 s.flush_all();
                 s.open_window();
                 for (auto& [key, subscriber] : s.all_) s.advance(key, subscriber);
               }));
}

void SseHub::State::set_behind(Subscriber& subscriber, bool behind) {
  if (subscriber.behind == behind) return;
  subscriber.behind = behind;
  if (behind)
    ++behind_;
  else
    --behind_;
}

void SseHub::State::subscribe(std::optional<Position> after, SseFilter filter, const Responder& responder, std::function<StreamHandle()> open) {
  if (subscribers_.fetch_add(1) >= options_.subscribers) {
    --subscribers_;
    ++turned_away_;
    Problem problem{
        503, "too-many-subscribers", {}, "The live stream has all the subscribers it takes: try again later."};
    problem.headers.emplace_back("Retry-After", "30");
    responder.send(problem_response(problem));
    return;
  }
  loop_->post(weakly([open = std::move(open), after, filter = std::move(filter)](State& s) { s.adopt(open, after, filter); }));
}

void SseHub::State::adopt(const std::function<StreamHandle()>& open, std::optional<Position> after, SseFilter filter) {
  if (stopped_) {
    open()->close();
    --subscribers_;
    return;
  }
  take_batches();  // how far the log is: nobody was woken for it while nobody listened
  const auto key = next_key_++;
  // From here on nothing passes by: whoever hears that the stream is open is told of all that comes after.
  const auto stream = open();
  auto& subscriber = all_[key];
  subscriber.stream = stream;
  subscriber.filter = std::move(filter);
  subscriber.at = after.value_or(live_);
  subscriber.resuming = subscriber.at != live_;
  set_behind(subscriber, subscriber.resuming);
  // An id alone is no event, but the browser keeps it: a reconnect before the first event then loses nothing.
  const auto id = subscriber.resuming ? std::string{} : "id: " + std::to_string(live_) + "\n";
  push(subscriber, shared_text("retry: 3000\n" + id + "\n"));
  subscriber.dirty = false;
  stream->flush();
  advance(key, subscriber);
  auto progress = weakly([key](State& s) {
    if (const auto it = s.all_.find(key); it != s.all_.end()) s.advance(key, it->second);
  });
  // Later, not now: the stream may end in the middle of a walk over all subscribers.
  auto ended = weakly([key](State& s) { s.loop_->post(s.weakly([key](State& later) { later.forget(key); })); });
  stream->watch(std::move(progress), std::move(ended));
}

void SseHub::State::forget(std::uint64_t key) {
  const auto it = all_.find(key);
  if (it == all_.end()) return;
  set_behind(it->second, false);
  all_.erase(it);
  --subscribers_;
}

/// Asks for the next page as soon as there is room for one.
void SseHub::State::advance(std::uint64_t key, Subscriber& subscriber) {
  if (!subscriber.behind || subscriber.reading || subscriber.stream->closed()) return;
  if (subscriber.stream->queued_bytes() > options_.queue_bytes / 4) return;
  subscriber.reading = true;
  CatchUpRequest request{subscriber.at, subscriber.filter, subscriber.telemetry, options_.page_bytes};
  off_loop_([weak = weak_from_this(), loop = loop_, catch_up = catch_up_, key, request = std::move(request)] {
    auto page = std::make_shared<Result<CatchUpPage>>((*catch_up)(request));
    loop->post([weak, key, asked = request.after, page] {
      if (auto self = weak.lock()) self->on_page(key, asked, std::move(*page));
    });
  });
}

void SseHub::State::on_page(std::uint64_t key, Position asked, Result<CatchUpPage> page) {
  const auto it = all_.find(key);
  if (it == all_.end()) return;
  auto& subscriber = it->second;
  subscriber.reading = false;
  if (!page) return subscriber.stream->close();  // the client comes back with its last id
  take_page(subscriber, asked, *page);
  subscriber.dirty = false;
  subscriber.stream->flush();
  if (page->through != asked) advance(key, subscriber);  // else the next tick tries again
}

void SseHub::State::take_page(Subscriber& subscriber, Position asked, const CatchUpPage& page) {
  if (std::exchange(subscriber.resuming, false) && page.through < asked) {  // an id from the future
    push(subscriber, reset_frame(asked, page.through));
    subscriber.at = page.through;
  } else if (page.reset) {
    push(subscriber, reset_frame(asked, asked));
  }
  if (page.skipped_from != 0) push(subscriber, gap_frame(page.skipped_from, page.skipped_to));
  for (const auto& frame : page.frames)
    if (frame.position > subscriber.at) push(subscriber, frame.text);
  subscriber.at = std::max(subscriber.at, page.through);
  if (++subscriber.pages >= options_.pages_with_telemetry) subscriber.telemetry = false;
  if (subscriber.at < live_) return;
  set_behind(subscriber, false);
  subscriber.telemetry = true;
  subscriber.pages = 0;
}

void SseHub::State::arm_tick() {
  loop_->after(options_.tick, weakly([](State& s) {
                 if (s.stopped_) return;
                 s.tick();
                 s.arm_tick();
               }));
}

void SseHub::State::tick() {
  static const auto heartbeat = shared_text(":\n\n");
  for (auto& [key, subscriber] : all_) {
    auto& stream = *subscriber.stream;
    const auto written = stream.written_bytes();
    const bool moves = written != std::exchange(subscriber.written, written) || stream.queued_bytes() == 0;
    subscriber.stuck = moves ? std::chrono::milliseconds{0} : subscriber.stuck + options_.tick;
    if (subscriber.stuck >= options_.stuck_timeout) {
      ++stuck_;
      stream.abort();
      continue;
    }
    subscriber.quiet += options_.tick;
    if (subscriber.quiet >= options_.heartbeat && stream.queued_bytes() == 0) {
      push(subscriber, heartbeat);
      subscriber.dirty = false;
      stream.flush();
    }
    advance(key, subscriber);
  }
}

void SseHub::State::stop() {
  loop_->post([self = shared_from_this()] {
    self->stopped_ = true;
    for (auto& [key, subscriber] : self->all_) subscriber.stream->close();
  });
}

SseHub::SseHub(std::shared_ptr<Loop> loop, Position live, CatchUp catch_up, SseOptions options,
               std::function<void(Loop::Task)> off_loop) {
  if (!off_loop) {
    reader_ = std::make_shared<Reader>();
    off_loop = [reader = reader_](Loop::Task task) { reader->run_task(std::move(task)); };
  }
  state_ = std::make_shared<State>(std::move(loop), live, std::move(catch_up), options, std::move(off_loop));
  state_->start();
}

SseHub::~SseHub() { stop(); }

void SseHub::stop() {
  state_->stop();
  if (reader_) reader_->stop();
}

void SseHub::publish(std::vector<SseFrame> frames, Position through) { state_->publish(std::move(frames), through); }

void SseHub::missed(Position through) { state_->publish({}, through, true); }

bool SseHub::skip(Position through) { return state_->skip(through); }

void SseHub::subscribe(const Request& request, SseFilter filter, const Responder& responder) {
  if (const auto after = resume_position(request))
    state_->subscribe(*after, std::move(filter), responder, [responder] { return responder.open_stream(stream_headers); });
  else responder.send(after.error());
}

void SseHub::subscribe_socket(const Request& request, SseFilter filter, const Responder& responder) {
  if (const auto after = resume_position(request))
    state_->subscribe(*after, std::move(filter), responder, [request, responder] { return open_socket_stream(request, responder); });
  else responder.send(after.error());
}

SseStats SseHub::stats() const { return state_->stats(); }

Result<std::optional<Position>> SseHub::resume_position(const Request& request) {
  const auto header = request.header("Last-Event-ID");
  const bool from_header = header && !header->empty();  // a reconnect knows better than the first URL
  const auto text = from_header ? header : request.query_value("after");
  if (!text) return std::optional<Position>{};
  Position position = 0;
  const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), position);
  if (text->empty() || ec != std::errc{} || end != text->data() + text->size())
    return fail(Errc::invalid, "The position to go on after must be the id of an event: a whole number, 0 or more.",
                from_header ? "header/Last-Event-ID" : "query/after");
  return std::optional<Position>{position};
}

}  // namespace heliograph::http
