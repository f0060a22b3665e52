// The live stream: exactly what must be delivered, in order, once, whoever is slow; first with a loop and sockets made
// of plain data and a seed, then over real ones.
#include "api/http/sse.hpp"

#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <random>
#include <set>

#include "tests/support/http_client.hpp"

namespace heliograph::http {
namespace {

using std::chrono::milliseconds;

/// A loop whose time is a number and whose thread is the test.
class HandLoop final : public Loop {
 public:
  void post(Task task) override { tasks.push_back(std::move(task)); }
  void after(milliseconds delay, Task task) override { timers.emplace(now + delay, std::move(task)); }
  bool is_this_thread() const override { return true; }
  void run() {
    while (!tasks.empty()) {
      auto task = std::move(tasks.front());
      tasks.pop_front();
      task();
    }
  }
  void advance(milliseconds span) {
    const auto until = now + span;
    run();
    while (!timers.empty() && timers.begin()->first <= until) {
      now = timers.begin()->first;
      auto task = std::move(timers.begin()->second);
      timers.erase(timers.begin());
      task();
      run();
    }
    now = until;
  }
  std::deque<Task> tasks;
  std::multimap<milliseconds, Task> timers;
  milliseconds now{0};
};

/// A socket whose other end takes as many bytes as the test lets it.
class HandStream final : public Stream {
 public:
  void push(SharedText bytes, bool hold) override {
    if (over) return;
    waiting += *bytes;
    held_bytes.push_back(bytes->size());
    if (!hold) flush();
    most = std::max(most, waiting.size());
  }
  void flush() override { take(instant); }
  /// The other end's kernel takes some; a real socket then reports progress.
  void take(std::size_t bytes) {
    const auto n = std::min(bytes, waiting.size());
    received += waiting.substr(0, n);
    waiting.erase(0, n);
    written += n;
    if (waiting.empty()) held_bytes.clear();
    if (closing && waiting.empty()) abort();
  }
  void close() override {
    closing = true;
    if (waiting.empty()) abort();
  }
  void abort() override {
    if (std::exchange(over, true)) return;
    waiting.clear();
    if (on_end) on_end();
  }
  bool closed() const override { return over; }
  std::size_t queued_bytes() const override { return waiting.size(); }
  std::size_t queued_count() const override { return held_bytes.size(); }
  std::uint64_t written_bytes() const override { return written; }
  void watch(std::function<void()> progress, std::function<void()> ended) override {
    on_progress = std::move(progress);
    on_end = std::move(ended);
  }
  std::string waiting, received;
  std::vector<std::size_t> held_bytes;
  std::size_t instant = 0, most = 0;  // bytes that a flush gets rid of at once
  std::uint64_t written = 0;
  bool over = false, closing = false;
  std::function<void()> on_progress, on_end;
};

class HandAnswer final : public Answer {
 public:
  void send(Response response) override { sent = std::move(response); }
  StreamHandle open_stream(Headers) override { return stream; }
  std::shared_ptr<HandStream> stream = std::make_shared<HandStream>();
  std::optional<Response> sent;
};

/// The log behind the hub: every position is a decision or telemetry, of one of two topics.
struct Fact {
  bool decision = false;
  std::uint32_t topic = 1;
};
using Facts = std::vector<Fact>;  // position = index + 1

SseFrame frame_of(const Facts& facts, Position position) {
  const auto& fact = facts[position - 1];
  return {position, fact.topic, 0, fact.decision, sse_frame(position, fact.decision ? "decision" : "telemetry", "{}")};
}

CatchUp reader_of(const Facts& facts) {
  return [&facts](const CatchUpRequest& request) -> Result<CatchUpPage> {
    CatchUpPage page;
    page.through = std::min<Position>(request.after, facts.size());
    std::size_t bytes = 0;
    for (auto p = request.after + 1; p <= facts.size() && bytes < request.max_bytes; ++p) {
      page.through = p;
      auto frame = frame_of(facts, p);
      if (!request.filter.matches(frame)) continue;
      if (!frame.must_deliver && !request.telemetry) {
        if (page.skipped_from == 0) page.skipped_from = p;
        page.skipped_to = p;
        continue;
      }
      bytes += frame.text->size();
      page.frames.push_back(std::move(frame));
    }
    return page;
  };
}

struct Received {
  std::vector<Position> ids;
  std::vector<std::pair<Position, Position>> gaps;
  int resets = 0, comments = 0;
};
Received read(const std::string& text) {
  Received out;
  for (std::size_t at = 0, end; (end = text.find("\n\n", at)) != std::string::npos; at = end + 2) {
    const auto block = text.substr(at, end - at);
    const auto id = block.find("\nid: ");
    if (block.rfind("event: gap", 0) == 0) {
      Position from = 0, to = 0;
      REQUIRE(std::sscanf(block.c_str() + block.find('{'), "{\"from\":%lu,\"to\":%lu}", &from, &to) == 2);
      out.gaps.emplace_back(from, to);
    } else if (block.rfind("event: reset", 0) == 0) {
      ++out.resets;
    } else if (block.rfind("event: ", 0) == 0) {
      out.ids.push_back(std::stoul(block.substr(id + 5)));
    } else if (block[0] == ':') {
      ++out.comments;
    }
  }
  return out;
}

Request ask(const std::string& after = {}, bool as_header = false) {
  Request request;
  request.path = "/stream";
  if (!after.empty() && as_header)
    request.headers.emplace_back("Last-Event-ID", after);
  else if (!after.empty())
    request.query.emplace_back("after", after);
  return request;
}

struct Bench {
  explicit Bench(SseOptions o = {}) : options(o) {}
  ~Bench() {  // what hubs posted when they went
    loop->run();
    loop->timers.clear();
  }
  std::shared_ptr<SseHub> hub() {
    return std::make_shared<SseHub>(loop, facts.size(), reader_of(facts), options,
                                    [this](Loop::Task task) { reads.push_back(std::move(task)); });
  }
  void run_reads() {
    while (!reads.empty()) {
      auto task = std::move(reads.front());
      reads.pop_front();
      task();
      loop->run();
    }
  }
  SseOptions options;
  Facts facts;
  std::shared_ptr<HandLoop> loop = std::make_shared<HandLoop>();
  std::deque<Loop::Task> reads;
};

}  // namespace

TEST_CASE("every subscriber gets each decision once and in order, and hears of every telemetry gap") {
  std::size_t overtaken = 0, gaps = 0, resumed = 0, missed = 0;
  for (unsigned seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
    SseOptions options;
    options.queue_bytes = 400 + below(1500);
    options.queue_frames = 5 + below(40);
    options.page_bytes = 60 + below(600);
    options.pages_with_telemetry = 1 + static_cast<unsigned>(below(20));
    options.stuck_timeout = std::chrono::hours(10);
    options.heartbeat = milliseconds(3000);
    Bench bench(options);
    const auto more = [&](std::size_t n) {
      while (n-- > 0) bench.facts.push_back({below(4) == 0, below(3) == 0 ? 2u : 1u});
    };
    more(below(60));
    auto hub = bench.hub();

    struct Client {
      std::shared_ptr<HandStream> stream;
      Position start = 0;
      std::uint32_t topics = ~0u;
      std::size_t speed = 0;
    };
    std::vector<Client> clients;
    Position published = bench.facts.size();
    for (int step = 0; step < 300; ++step) {
      switch (below(6)) {
        case 0: more(1 + below(12)); break;  // durable, not yet published
        case 1:
        case 2: {
          more(below(3));
          const auto through = published + below(bench.facts.size() - published + 1);
          std::vector<SseFrame> frames;
          const auto again = published - std::min<Position>(published, below(3));  // a publisher that repeats itself
          for (auto p = again + 1; p <= through; ++p)
            if (p > 0 && below(50) != 50) frames.push_back(frame_of(bench.facts, p));
          if (below(6) == 0) hub->missed(through), ++missed;
          else hub->publish(std::move(frames), through);
          published = through;
          break;
        }
        case 3: {
          if (clients.size() >= 6) break;
          Client client;
          auto answer = std::make_shared<HandAnswer>();
          client.stream = answer->stream;
          client.stream->instant = below(3) == 0 ? 1u << 20 : below(80);
          client.topics = below(2) == 0 ? ~0u : 1u;
          client.speed = 10 + below(300);
          const bool resume = below(2) == 0;
          client.start = resume ? below(bench.facts.size() + 1) : 0;
          bench.loop->run();  // a plain subscriber starts where the hub then is
          if (!resume)
            client.start = published;
          else
            ++resumed;
          hub->subscribe(ask(resume ? std::to_string(client.start) : "", below(2) == 0), {client.topics, {}},
                         Responder(answer));
          bench.loop->run();
          clients.push_back(client);
          break;
        }
        case 4:
          for (auto& client : clients)
            if (below(2) == 0) {
              client.stream->take(client.speed);
              if (client.stream->on_progress) client.stream->on_progress();
            }
          break;
        default:
          if (!bench.reads.empty() && below(2) == 0) {
            auto task = std::move(bench.reads.front());
            bench.reads.pop_front();
            task();
          }
          bench.loop->advance(milliseconds(below(200)));
      }
      if (below(2) == 0) bench.loop->run();
    }
    std::vector<SseFrame> rest;
    for (auto p = published + 1; p <= bench.facts.size(); ++p) rest.push_back(frame_of(bench.facts, p));
    hub->publish(std::move(rest), bench.facts.size());
    for (int i = 0; i < 2000; ++i) {  // everybody may finish
      bench.loop->advance(milliseconds(100));
      bench.run_reads();
      for (auto& client : clients) {
        client.stream->take(1000);
        client.stream->on_progress();
      }
    }
    overtaken += hub->stats().fell_behind;
    CHECK(hub->stats().behind == 0);
    for (const auto& client : clients) {
      const auto got = read(client.stream->received);
      CHECK(got.resets == 0);
      CHECK(client.stream->waiting.empty());
      // One frame or page may go over the bound, never the backlog.
      CHECK(client.stream->most <= options.queue_bytes + options.queue_bytes / 4 + options.page_bytes + 200);
      CHECK(std::is_sorted(got.ids.begin(), got.ids.end()));
      const std::set<Position> ids(got.ids.begin(), got.ids.end());
      CHECK(ids.size() == got.ids.size());
      gaps += got.gaps.size();
      for (Position p = 1; p <= bench.facts.size(); ++p) {
        const auto& fact = bench.facts[p - 1];
        const bool mine = p > client.start && (fact.topic & client.topics) != 0;
        const bool in_gap = std::any_of(got.gaps.begin(), got.gaps.end(),
                                        [p](const auto& gap) { return gap.first <= p && p <= gap.second; });
        if (!mine)
          REQUIRE_FALSE(ids.count(p));
        else if (fact.decision)
          REQUIRE(ids.count(p));
        else
          REQUIRE((ids.count(p) == 1) != in_gap);
      }
    }
    hub->stop();
    bench.loop->run();
  }
  CHECK(overtaken > 100);  // otherwise nothing was tested
  CHECK(gaps > 100);
  CHECK(resumed > 100);
  CHECK(missed > 1'000);
}

TEST_CASE("whoever hears that the stream is open is told of everything after") {
  auto loop = std::make_shared<HandLoop>();
  Facts facts;
  auto hub = std::make_unique<SseHub>(loop, 0, reader_of(facts), SseOptions{}, [](Loop::Task task) { task(); });
  /// As quick as can be: something becomes durable in the moment in which the answer's head leaves.
  struct QuickAnswer final : Answer {
    void send(Response) override {}
    StreamHandle open_stream(Headers) override {
      opened();
      return stream;
    }
    std::function<void()> opened;
    std::shared_ptr<HandStream> stream = std::make_shared<HandStream>();
  };
  auto answer = std::make_shared<QuickAnswer>();
  answer->stream->instant = 1 << 20;
  answer->opened = [&] {
    facts.push_back({true, 1});
    hub->publish({frame_of(facts, 1)}, 1);
  };
  hub->subscribe(Request{}, {}, Responder(answer));
  loop->advance(milliseconds(100));
  CHECK(read(answer->stream->received).ids == std::vector<Position>{1});
  hub.reset();
  loop->run();  // what it still had to say
}

TEST_CASE("a position from the future resets, one that is none is refused") {
  Bench bench;
  bench.facts.resize(5, {true, 1});
  auto hub = bench.hub();
  auto answer = std::make_shared<HandAnswer>();
  answer->stream->instant = 1 << 20;
  hub->subscribe(ask("900"), {}, Responder(answer));
  bench.loop->run();
  bench.run_reads();
  CHECK(read(answer->stream->received).resets == 1);
  CHECK(answer->stream->received.find("id: 5\n") != std::string::npos);
  bench.facts.push_back({true, 1});
  hub->publish({frame_of(bench.facts, 6)}, 6);
  bench.loop->run();
  CHECK(read(answer->stream->received).ids == std::vector<Position>{6});

  for (const auto* bad : {"-1", "abc", "18446744073709551616", "1.5", " 1"}) {
    auto refused = std::make_shared<HandAnswer>();
    hub->subscribe(ask(bad, true), {}, Responder(refused));
    INFO(bad);
    REQUIRE(refused->sent.has_value());
    CHECK(refused->sent->status == 400);
  }
  CHECK(hub->stats().subscribers == 1);
}

TEST_CASE("a subscriber too many gets 503, and a place is free again when one leaves") {
  SseOptions options;
  options.subscribers = 1;
  Bench bench(options);
  auto hub = bench.hub();
  auto first = std::make_shared<HandAnswer>(), second = std::make_shared<HandAnswer>(),
       third = std::make_shared<HandAnswer>();
  hub->subscribe(ask(), {}, Responder(first));
  bench.loop->run();
  hub->subscribe(ask(), {}, Responder(second));
  REQUIRE(second->sent.has_value());
  CHECK(second->sent->status == 503);
  CHECK(find_header(second->sent->headers, "Retry-After") != nullptr);
  first->stream->abort();
  bench.loop->run();
  hub->subscribe(ask(), {}, Responder(third));
  CHECK_FALSE(third->sent.has_value());
}

TEST_CASE("quiet streams get a comment, stuck ones are cut") {
  SseOptions options;
  Bench bench(options);
  auto hub = bench.hub();
  auto quiet = std::make_shared<HandAnswer>(), stuck = std::make_shared<HandAnswer>();
  quiet->stream->instant = 1 << 20;
  hub->subscribe(ask(), {}, Responder(quiet));
  hub->subscribe(ask(), {}, Responder(stuck));
  bench.loop->advance(milliseconds(29'000));
  CHECK(read(quiet->stream->received).comments == 1);
  CHECK(quiet->stream->received.rfind("retry: 3000\nid: 0\n\n", 0) == 0);
  CHECK_FALSE(stuck->stream->closed());
  bench.loop->advance(milliseconds(2'000));
  CHECK(read(quiet->stream->received).comments == 2);
  CHECK(stuck->stream->closed());
  CHECK(hub->stats().stuck == 1);
  CHECK(hub->stats().subscribers == 1);
}

TEST_CASE("telemetry within a window leaves in one write, a decision leaves at once") {
  Bench bench;
  bench.facts = {{false, 1}, {false, 1}, {false, 1}, {true, 1}, {false, 1}};
  auto hub = std::make_shared<SseHub>(bench.loop, 0, reader_of(bench.facts), SseOptions{}, [](const Loop::Task&) {});
  auto answer = std::make_shared<HandAnswer>();
  answer->stream->instant = 1 << 20;
  hub->subscribe(ask(), {}, Responder(answer));
  const auto publish = [&](Position p) {
    hub->publish({frame_of(bench.facts, p)}, p);
    bench.loop->run();
    return read(answer->stream->received).ids.size();
  };
  bench.loop->run();
  CHECK(publish(1) == 1);
  CHECK(publish(2) == 1);
  CHECK(publish(3) == 1);
  CHECK(publish(4) == 4);
  CHECK(publish(5) == 4);
  bench.loop->advance(milliseconds(50));
  CHECK(read(answer->stream->received).ids.size() == 5);
}

TEST_CASE("filters choose by topic and site") {
  const SseFilter filter{2, {7}};
  CHECK(filter.matches({1, 2, 7, true, {}}));
  CHECK(filter.matches({1, 3, 0, true, {}}));
  CHECK_FALSE(filter.matches({1, 1, 7, true, {}}));
  CHECK_FALSE(filter.matches({1, 2, 8, true, {}}));
}

TEST_CASE("over real sockets a slow reader loses no decision and a reconnect goes on where it was") {
  Server server;
  std::unique_ptr<SseHub> hub;
  ServerOptions server_options;
  server_options.limits.stop_grace = milliseconds(200);
  REQUIRE(server
              .start(
                  "127.0.0.1:0",
                  [&](Request&& request, Responder responder) { hub->subscribe(request, {}, responder); },
                  server_options)
              .has_value());
  constexpr Position count = 20'000;
  Facts facts;
  for (Position p = 0; p < count; ++p) facts.push_back({p % 10 == 0, 1});
  SseOptions options;
  options.queue_bytes = 16 * 1024;
  options.tick = milliseconds(20);
  hub = std::make_unique<SseHub>(server.loop(), 0, reader_of(facts), options);

  test::HttpClient slow(server.port(), 2048);
  REQUIRE(slow.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  const auto head = slow.read_stream_head();
  CHECK(head.header("Content-Type") == "text/event-stream");
  CHECK(head.header("Cache-Control") == "no-store");
  CHECK(head.header("X-Accel-Buffering") == "no");
  CHECK(slow.read_event()->id == "0");
  for (Position p = 1; p <= count; p += 100) {
    std::vector<SseFrame> frames;
    for (auto q = p; q < p + 100; ++q) frames.push_back(frame_of(facts, q));
    hub->publish(std::move(frames), p + 99);
  }
  const auto read_until = [](test::HttpClient& client, Position last, Position from) {
    auto expected = (from + 9) / 10 * 10 + 1;
    while (expected <= last) {
      const auto event = client.read_event();
      REQUIRE(event.has_value());
      if (event->event != "decision") continue;
      REQUIRE(event->id == std::to_string(expected));
      expected += 10;
    }
  };
  read_until(slow, 10'001, 0);
  slow.close();
  test::HttpClient again(server.port());
  REQUIRE(again.send("GET /stream HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 10001\r\n\r\n"));
  CHECK(again.read_stream_head().status == 200);
  read_until(again, count, 10'001);
  hub->stop();
  CHECK(again.read_all().find("decision\nid: 20001") == std::string::npos);
  server.stop();
}

}  // namespace heliograph::http
