#include "tests/e2e/kill_load.hpp"

#include <rapidjson/document.h>

#include <atomic>
#include <thread>

#include "actors/clock.hpp"

namespace heliograph::e2e {
namespace {

/// Counts what all got acknowledged and wakes the one who kills.
class Count {
 public:
  explicit Count(std::uint64_t wanted) : wanted_(wanted) {}
  void add(std::uint64_t n) {
    const std::lock_guard lock(mutex_);
    done_ += n;
    if (done_ >= wanted_) changed_.notify_all();
  }
  void one_left(std::size_t of) {
    const std::lock_guard lock(mutex_);
    if (++left_ == of) changed_.notify_all();
  }
  /// Until enough was done, or all workers have gone (the server ended by itself).
  void wait(std::size_t workers) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_ >= wanted_ || left_ == workers; });
  }
  std::uint64_t done() const { return done_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t done_ = 0, wanted_;
  std::size_t left_ = 0;
};

struct Worker {
  const Load& load;
  Count& count;
  std::atomic<std::uint64_t>& number;
  std::vector<Asked> asked = {};

  /// False when no answer came.
  bool say(test::HttpClient& client, Asked what, std::uint64_t events) {
    const auto reply = ask(client, what);
    what.status = reply.status;
    what.answer = reply.body;
    asked.push_back(std::move(what));
    if (reply.status == 0) return false;
    count.add(events);
    return true;
  }

  Asked readings(const std::string& device, std::size_t rows, const char* metric, std::int64_t value) {
    const std::uint64_t n = number++;
    Asked a{Asked::Kind::readings, "/api/v1/sites/home/readings", "application/x-ndjson", "r-" + std::to_string(n), {}, 0, {}, {}, device};
    const Micros now = SystemClock().now();
    for (std::size_t i = 0; i < rows; ++i) {
      const std::string at = format_time(now - static_cast<Micros>(rows - 1 - i));
      const std::int64_t v = rows == 1 ? value : static_cast<std::int64_t>(n * 10 + i) % 900'000;
      a.body += R"({"device":")" + device + R"(","timestamp":")" + at + R"(",")" + metric + "\":" + std::to_string(v) + "}\n";
      a.rows.emplace_back(at, v);
    }
    return a;
  }

  void meter(const std::string& device) {
    test::HttpClient client(load.port);
    while (say(client, readings(device, 5, "grid_w", 0), 5)) {}
  }

  void person(const std::string& device) {
    test::HttpClient client(load.port);
    for (bool on = true;; on = !on) {
      Asked a{Asked::Kind::command, "/api/v1/sites/home/commands", "application/json", "c-" + std::to_string(number++), {}, 0, {}, {}, device};
      a.body = R"({"device":")" + device + R"(","action":")" + (on ? "switch_on" : "switch_off") + "\"}";
      if (!say(client, std::move(a), 1)) return;
      const bool sent = asked.back().status == 202;
      if (sent && load.confirm && !say(client, readings(device, 1, "switch_on", on), 1)) return;
      // Busy: a command from before a kill waits for its reading, and nobody remembers which way it went.
      if (!sent && (!say(client, readings(device, 1, "switch_on", 0), 1) || !say(client, readings(device, 1, "switch_on", 1), 1))) return;
    }
  }

  void author() {
    test::HttpClient client(load.port);
    for (;;) {
      const std::uint64_t n = number++;
      Asked a{Asked::Kind::rule, "/api/v1/sites/home/rules", "application/json", "u-" + std::to_string(n), {}, 0, {}, {}, {}};
      a.body = R"({"id":"rule-)" + std::to_string(n % 7) + R"(","name":"n)" + std::to_string(n) +
               R"(","triggers":[{"metric":"soc_percent","device":"battery","below":50,"rearm":80}],"actions":[{"do":"notify","text":"low"}]})";
      if (!say(client, std::move(a), 1)) return;
    }
  }
};

void follow(const Load& load, std::vector<Seen>& seen) {
  test::HttpClient client(load.port);
  client.send("GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: " + std::to_string(load.resume_after) + "\r\n\r\n");
  if (client.read_stream_head().status != 200) return;
  while (auto event = client.read_event())
    if (!event->id.empty() && !event->data.empty()) {  // an id alone says where a stream begins
      rapidjson::Document data;
      data.Parse(event->data.c_str());
      Seen s{0, std::stoull(event->id), event->event, event->data};
      if (data.IsObject() && data.HasMember("position")) s.first = data["position"].GetUint64();
      seen.push_back(std::move(s));
    }
}

}  // namespace

test::Reply ask(test::HttpClient& client, const Asked& asked) {
  return client.request("POST", asked.target, asked.body,
                        {{"Content-Type", asked.content_type}, {"Idempotency-Key", "\"" + asked.key + "\""}});
}

Taken run_load(const Load& load, const std::function<void()>& kill) {
  Count count(load.wanted);
  std::atomic<std::uint64_t> number{load.first_number};
  Taken taken;
  std::vector<Worker> workers(5, Worker{load, count, number});
  std::vector<std::thread> threads;
  const auto go = [&](std::size_t i, auto work) {
    threads.emplace_back([&, i, work] {
      work(workers[i]);
      count.one_left(workers.size());
    });
  };
  go(0, [](Worker& w) { w.meter("meter-0"); });
  go(1, [](Worker& w) { w.meter("meter-1"); });
  go(2, [](Worker& w) { w.person("plug-0"); });
  go(3, [](Worker& w) { w.person("plug-1"); });
  go(4, [](Worker& w) { w.author(); });
  threads.emplace_back([&] { follow(load, taken.seen); });
  count.wait(workers.size());
  kill();
  for (std::thread& thread : threads) thread.join();
  for (Worker& worker : workers)
    for (Asked& a : worker.asked) taken.asked.push_back(std::move(a));
  taken.acked = count.done();
  taken.next_number = number;
  return taken;
}

}  // namespace heliograph::e2e
