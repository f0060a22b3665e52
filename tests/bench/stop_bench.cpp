// How long the emergency stop takes when nothing else goes well (H31: p99 <= 500 ms, max <= 2 s): over its own line until "stopped
// in memory", and over HTTP until the answer. Engine, door and line are those of `serve`; the crowd is in the same process and on
// the same processors.
//   stop_bench SCRATCH_FOLDER [ROUNDS]      milliseconds
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <list>
#include <string>
#include <thread>
#include <vector>

#include "actors/stop_line.hpp"
#include "api/web_server.hpp"
#include "storage/store_opening.hpp"
#include "tests/support/fault_fs.hpp"
#include "tests/support/http_client.hpp"

namespace {

using namespace heliograph;
using Moment = std::chrono::steady_clock::time_point;
using test::HttpClient;

const SiteKey site{{"local"}, {"home"}};

double ms_since(Moment begin) { return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count(); }

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "stop_bench: %s\n", why.c_str());
  std::exit(1);
}

struct House {
  /// Syncs are real unless the disk is to be stalled: that file system only notes them.
  explicit House(const std::string& folder, bool stallable = false) : data(folder) {
    std::filesystem::remove_all(data);
    StoreSeams seams;
    if (stallable) seams.env = &env;
    seams.free_bytes = [this] { return free_bytes.load(); };
    auto opened = open_store_with(data, {.create = true, .reserve_bytes = 1 << 16, .free_bytes_min = 1 << 20}, seams);
    if (!opened) give_up(opened.error().sentence);
    store = std::move(*opened);
    auto started = Engine::start(*store, clock, {});
    if (!started) give_up(started.error().sentence);
    engine = std::move(*started);
    if (!engine->request_and_wait(site, Configure{SiteConfigured{}, {PrincipalKind::user, "anna"}})) give_up("no site");
    auto served = api::WebServer::start(*engine, "127.0.0.1:0", api::Service{*engine, "bench", "none"});
    if (!served) give_up(served.error().sentence);
    web = std::move(*served);
    if (!test::enter(web->port())) give_up("nobody can log in");
    auto opened_line = StopLine::open(*engine, data);
    if (!opened_line) give_up(opened_line.error().sentence);
    line = std::move(*opened_line);
  }
  ~House() {
    fs->resume();
    line.reset();
    web->stop();
    static_cast<void>(engine->stop());  // before the door goes, which it still tells its news
  }
  double by_line() {
    const Moment begin = std::chrono::steady_clock::now();
    double took = 0;
    if (!ask_for_stop(data, "anna", "bench", [&](const std::string&) { took = ms_since(begin); })) give_up("the line is dead");
    return took;
  }
  double by_http() {
    const Moment begin = std::chrono::steady_clock::now();
    HttpClient client(web->port());
    const auto reply = client.request("POST", "/api/v1/stop", R"({})", {{"Content-Type", "application/json"}});
    if (reply.status != 200 && reply.status != 202) give_up("POST /stop was answered " + std::to_string(reply.status));
    return ms_since(begin);
  }

  std::string data;
  std::shared_ptr<testing::FaultFs> fs = std::make_shared<testing::FaultFs>();
  testing::FaultEnv env{fs};
  std::atomic<std::uint64_t> free_bytes{1ull << 40};
  SystemClock clock;
  std::unique_ptr<Store> store;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<api::WebServer> web;
  std::unique_ptr<StopLine> line;
};

constexpr double gate = 500;  // ms

void figure(const char* what, const char* way, std::vector<double> all) {
  std::sort(all.begin(), all.end());
  const double p99 = all[std::min(all.size() - 1, all.size() * 99 / 100)];
  std::printf("%-28s %-5s n=%zu p50=%.2f p99=%.2f max=%.2f ms, p99 is %.3f of the gate of %.0f ms\n", what, way, all.size(), all[all.size() / 2], p99,
              all.back(), p99 / gate, gate);
  std::fflush(stdout);
}

void measure(House& house, const char* what, int rounds) {
  std::vector<double> line, http;
  for (int i = 0; i < rounds; ++i) line.push_back(house.by_line()), http.push_back(house.by_http());
  figure(what, "line", line);
  figure(what, "http", http);
}

/// Readings as fast as they are taken, on many connections: far more work than two processors get done.
class Crowd {
 public:
  Crowd(std::uint16_t port, int connections) {
    std::string body;
    for (int i = 0; i < 200; ++i)
      body += std::string(i == 0 ? "[" : ",") + R"({"device":"n)" + std::to_string(i) + R"(","timestamp":"2024-01-01T00:00:)" + std::to_string(10 + i % 50) + R"(Z","power_w":1})";
    body += "]";
    for (int c = 0; c < connections; ++c)
      threads_.emplace_back([this, port, body] {
        HttpClient client(port);
        while (!over_) {
          const auto reply = client.request("POST", "/api/v1/sites/home/readings", body, {{"Content-Type", "application/json"}});
          if (reply.status != 200 && reply.status != 202) return;
          ++served_;
        }
      });
  }
  ~Crowd() {
    over_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  int served() const { return served_; }

 private:
  std::atomic<bool> over_ = false;
  std::atomic<int> served_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) give_up("usage: stop_bench SCRATCH_FOLDER [ROUNDS]");
  const std::string data = std::string(argv[1]) + "/stop_bench";
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 200;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  {
    House house(data);
    measure(house, "quiet", rounds);
    {
      Crowd crowd(house.web->port(), 64);
      while (crowd.served() < 100) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      measure(house, "64 writers at full speed", rounds);
    }
    std::list<HttpClient> slow;
    for (int i = 0; i < 2'000; ++i) slow.emplace_back(house.web->port()).send("POST /api/v1/st");
    measure(house, "2,000 slow connections", rounds);
  }
  {
    House house(data);
    house.free_bytes = 1 << 19;
    measure(house, "full disk", rounds);
  }
  House house(data, true);
  house.fs->stall();
  measure(house, "disk that hangs", std::min(rounds, 10));  // the line's second word waits two seconds each time
  std::filesystem::remove_all(data);
}
