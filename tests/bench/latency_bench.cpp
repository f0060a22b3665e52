// From a reading to a device that was told (performance.md W2a): in one process, on RocksDB, with every part of the
// house: reading -> durable -> rule -> safety -> command durable -> handed to the port. Beside it, in the same round,
// what one write and fdatasync of as many bytes costs in a preallocated file: nothing durable can be faster.
//   latency_bench SCRATCH_FOLDER [ROUNDS [PAUSE_MS]]      microseconds; a pause lets every thread fall asleep
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "actors/engine.hpp"

namespace {

using namespace heliograph;
using Moment = std::chrono::steady_clock::time_point;

const SiteKey site{{"local"}, {"bench"}};
const Principal anna{PrincipalKind::user, "anna"};
constexpr std::size_t warm_up = 100;

constexpr std::string_view rule = R"({"id": "charge-guard",
  "triggers": [{"id": "low", "metric": "soc_percent", "device": "battery", "below": 50, "rearm": 80},
               {"id": "high", "metric": "soc_percent", "device": "battery", "above": 80, "rearm": 50}],
  "actions": [{"when": ["low"], "do": "set_power", "device": "battery", "power_w": -2000},
              {"when": ["high"], "do": "set_power", "device": "battery", "power_w": 2000}]})";

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "latency_bench: %s\n", why.c_str());
  std::exit(1);
}

double micros_since(Moment begin, Moment end) { return std::chrono::duration<double, std::micro>(end - begin).count(); }

/// Notes when it was told something, and what; accepts at once.
class Witness : public DevicePort {
 public:
  explicit Witness(const EventLog& log) : log_(log) {}
  void send(const CommandDispatched& command, Answer answer) override {
    const Moment now = std::chrono::steady_clock::now();
    {
      const std::lock_guard lock(mutex_);
      told_ = now;
      power_w_ = command.power_w;
      durable_ = log_.durable() == log_.staged();
      ++sends_;
    }
    told_one_.notify_one();
    answer({command.command, DeviceAnswer::Kind::accepted, {}});
  }
  struct Told {
    Moment at;
    std::int64_t power_w;
    bool durable;
  };
  Told wait_for(std::size_t sends) {
    std::unique_lock lock(mutex_);
    if (!told_one_.wait_for(lock, std::chrono::seconds(10), [&] { return sends_ >= sends; }))
      give_up("send " + std::to_string(sends) + " did not reach the device within 10 s");
    return {told_, power_w_, durable_};
  }

 private:
  const EventLog& log_;
  std::mutex mutex_;
  std::condition_variable told_one_;
  Moment told_;
  std::int64_t power_w_ = 0;
  bool durable_ = false;
  std::size_t sends_ = 0;
};

TakeReadings reading(const Clock& clock, Metric metric, std::int64_t value) {
  ReadingBuilder builder;
  builder.row("battery", clock.now());
  builder.set(metric, value);
  auto batch = std::make_shared<const ReadingBatch>(builder.take());
  PackedReadings packed = pack_readings(*batch);
  return {std::move(batch), std::move(packed), {PrincipalKind::apikey, "collector"}, {}, {}};
}

void must(const Result<SiteReply>& reply) {
  if (!reply) give_up(reply.error().sentence);
}

void furnish(Engine& engine) {
  SiteConfigured settings;
  settings.name = "bench";
  must(engine.request_and_wait(site, Configure{settings, anna}));
  DeviceRegistered battery;
  battery.device.text = "battery";
  battery.kind = DeviceKind::battery;
  battery.name = "battery";
  battery.can_set_power = true;
  battery.nominal_w = 5'000;
  must(engine.request_and_wait(site, RegisterDevice{battery, anna}));
  ParsedRule parsed = parse_rule(rule);
  if (!parsed.rule) give_up("the rule cannot be read");
  must(engine.request_and_wait(site, SaveRule{std::move(*parsed.rule), anna, {}, {}}));
}

/// A preallocated file that is written and synced from front to back, over and over.
class OneSync {
 public:
  explicit OneSync(const std::string& path) : fd_(::open(path.c_str(), O_CREAT | O_TRUNC | O_RDWR, 0600)) {
    const std::string zeros(1u << 20, '\0');
    for (int i = 0; i < 8; ++i)
      if (fd_ < 0 || ::write(fd_, zeros.data(), zeros.size()) < 0) give_up("the scratch folder cannot be written");
    ::fsync(fd_);
  }
  ~OneSync() { ::close(fd_); }
  OneSync(const OneSync&) = delete;
  OneSync& operator=(const OneSync&) = delete;
  double micros(const std::string& bytes) {
    if (at_ + static_cast<off_t>(bytes.size()) > (8 << 20)) at_ = 0;
    const Moment begin = std::chrono::steady_clock::now();
    if (::pwrite(fd_, bytes.data(), bytes.size(), at_) < 0 || ::fdatasync(fd_) != 0) give_up("fdatasync failed");
    at_ += static_cast<off_t>(bytes.size());
    return micros_since(begin, std::chrono::steady_clock::now());
  }

 private:
  int fd_;
  off_t at_ = 0;
};

struct Quantiles {
  double p50, p99;
};
Quantiles quantiles(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {values[values.size() / 2], values[values.size() * 99 / 100]};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) give_up("usage: latency_bench SCRATCH_FOLDER [ROUNDS]");
  const std::size_t rounds = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 2'000;
  const std::chrono::milliseconds pause(argc > 3 ? std::atoi(argv[3]) : 0);
  if (rounds < 100) give_up("at least 100 rounds");
  const std::filesystem::path scratch = std::filesystem::path(argv[1]) / "latency";
  std::filesystem::remove_all(scratch);
  std::filesystem::create_directories(scratch);
  StoreOptions options;
  options.create = true;
  options.reserve_bytes = 1 << 20;
  auto store = open_store((scratch / "data").string(), options);
  if (!store) give_up(store.error().sentence);
  SystemClock clock;
  auto engine = Engine::start(**store, clock, {.version = "bench", .commit = "none"});
  if (!engine) give_up(engine.error().sentence);
  furnish(**engine);
  auto witness = std::make_shared<Witness>((*store)->log());
  (*engine)->drive(site, {"battery"}, witness);

  OneSync one_sync((scratch / "one-sync").string());
  const std::string payload(1'500, 'x');  // about what the chain of five records takes in the write-ahead file
  std::vector<double> chain, sync;
  for (std::size_t round = 0; round < warm_up + rounds; ++round) {
    const bool low = round % 2 == 0;
    const std::int64_t wanted = low ? -2'000 : 2'000;
    std::this_thread::sleep_for(pause);
    const Moment begin = std::chrono::steady_clock::now();
    (*engine)->request(site, reading(clock, Metric::soc_permille, low ? 400 : 900), [](Result<SiteReply> reply) { must(reply); });
    const Witness::Told told = witness->wait_for(round + 1);
    if (told.power_w != wanted) give_up("the device was told something else");
    if (!told.durable) give_up("the device heard a command before it was durable");
    // The device shows what it does: the command ends, and the next may come. Not measured.
    must((*engine)->request_and_wait(site, reading(clock, Metric::battery_w, wanted)));
    const double ceiling = one_sync.micros(payload);
    if (round < warm_up) continue;
    chain.push_back(micros_since(begin, told.at));
    sync.push_back(ceiling);
  }
  if (!(*engine)->stop()) give_up("the engine did not stop in order");
  const WriterStats& writes = (*engine)->writer_stats();
  std::uint64_t commits = 0;
  for (const auto& bucket : writes.commits) commits += bucket;
  const Quantiles c = quantiles(chain), s = quantiles(sync);
  std::printf("chain rounds=%zu us_p50=%.0f us_p99=%.0f one_sync us_p50=%.0f us_p99=%.0f ratio p50=%.2f p99=%.2f commit us_mean=%.0f\n", rounds,
              c.p50, c.p99, s.p50, s.p99, c.p50 / s.p50, c.p99 / s.p99,
              static_cast<double>(writes.micros) / static_cast<double>(std::max<std::uint64_t>(commits, 1)));
  engine->reset();
  store->reset();
  std::filesystem::remove_all(scratch);
  return 0;
}
