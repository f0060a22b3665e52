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
    changed_.notify_all();
  }
  void one_left() {
    const std::lock_guard lock(mutex_);
    ++left_;
    changed_.notify_all();
  }
  /// Until enough was done, or all workers have gone (the server ended by itself).
  void wait(std::size_t workers) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_ >= wanted_ || left_ == workers; });
  }
  void wait_for(std::uint64_t events) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_ >= events || left_ != 0; });
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
  bool stopped = false;

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

  /// Asks for what needs a yes (switching on does), and gives it.
  void couple() {
    test::HttpClient client(load.port);
    for (bool on = true;; on = !on) {
      Asked a{Asked::Kind::command, "/api/v1/sites/home/commands", "application/json", "y-" + std::to_string(number++), {}, 0, {}, {}, "plug-2"};
      a.body = std::string(R"({"device":"plug-2","action":")") + (on ? "switch_on" : "switch_off") + "\"}";
      if (!say(client, std::move(a), 1)) return;
      rapidjson::Document answer;
      answer.Parse(asked.back().answer.c_str());
      const bool taken = asked.back().status == 202 && answer.IsObject() && answer.HasMember("command") && answer.HasMember("state");
      if (taken && std::string_view(answer["state"].GetString()) == "awaiting_approval") {
        Asked yes{Asked::Kind::yes, {}, "application/json", "yes-" + std::to_string(number++), R"({})"};
        yes.command = answer["command"].GetString();
        yes.target = "/api/v1/sites/home/commands/" + yes.command + "/approve";
        if (!say(client, std::move(yes), 1)) return;
      }
      if (!say(client, readings("plug-2", 1, "switch_on", taken == on), 1)) return;
      if (!taken && !say(client, readings("plug-2", 1, "switch_on", on), 1)) return;
    }
  }

  /// Ends with the stop; the others go on asking, and are refused.
  void alarmed() {
    count.wait_for(load.stop_after);
    test::HttpClient client(load.port);
    stopped = client.request("POST", "/api/v1/stop", R"({"reason":"smoke"})", {{"Content-Type", "application/json"}}).status == 200;
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
    if (auto one = seen_in(*event)) seen.push_back(std::move(*one));
}

}  // namespace

std::optional<Seen> seen_in(const test::StreamEvent& event) {
  rapidjson::Document data;
  data.Parse(event.data.c_str());
  const auto number = [&](const char* name) { return data.IsObject() && data.HasMember(name) ? data[name].GetUint64() : 0; };
  if (event.event == "gap") return Seen{number("from"), number("to"), event.event, event.data};
  if (event.id.empty() || event.data.empty()) return std::nullopt;  // an id alone says where a stream begins
  return Seen{number("position"), std::stoull(event.id), event.event, event.data};
}

test::Reply ask(test::HttpClient& client, const Asked& asked) {
  return client.request("POST", asked.target, asked.body,
                        {{"Content-Type", asked.content_type}, {"Idempotency-Key", "\"" + asked.key + "\""}});
}

Taken run_load(const Load& load, const std::function<void()>& kill) {
  Count count(load.wanted);
  std::atomic<std::uint64_t> number{load.first_number};
  Taken taken;
  std::vector<Worker> workers(5 + (load.approves ? 1 : 0), Worker{load, count, number});
  Worker alarmed{load, count, number};
  std::vector<std::thread> threads;
  const auto go = [&](std::size_t i, auto work) {
    threads.emplace_back([&, i, work] {
      work(workers[i]);
      count.one_left();
    });
  };
  go(0, [](Worker& w) { w.meter("meter-0"); });
  go(1, [](Worker& w) { w.meter("meter-1"); });
  go(2, [](Worker& w) { w.person("plug-0"); });
  go(3, [](Worker& w) { w.person("plug-1"); });
  go(4, [](Worker& w) { w.author(); });
  if (load.approves) go(5, [](Worker& w) { w.couple(); });
  if (load.stop_after != 0) threads.emplace_back([&] { alarmed.alarmed(); });
  threads.emplace_back([&] { follow(load, taken.seen); });
  count.wait(workers.size());
  kill();
  for (std::thread& thread : threads) thread.join();
  for (Worker& worker : workers)
    for (Asked& a : worker.asked) taken.asked.push_back(std::move(a));
  taken.stopped = alarmed.stopped;
  taken.acked = count.done();
  taken.next_number = number;
  return taken;
}

}  // namespace heliograph::e2e
