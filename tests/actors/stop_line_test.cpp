// The stop's own line on real threads, over disks that hang, are full or fail: acknowledged in memory all the same, nothing that
// energises is sent after that, and what is said about the record is true.
#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <future>
#include <thread>

#include "actors/stop_line.hpp"
#include "actors/stop_order.hpp"
#include "storage/file.hpp"
#include "storage/store_opening.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/fault_fs.hpp"
#include "tests/support/temp_dir.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

/// A device that counts what energises it, before and after a stop was acknowledged.
class Miner : public DevicePort {
 public:
  void send(const CommandDispatched& command, Answer answer) override {
    if (energises(command.action, command.power_w)) ++(acknowledged ? after : before);
    answer({command.command, DeviceAnswer::Kind::device_error, "it takes nothing, so it is asked again"});
  }
  std::atomic<bool> acknowledged = false;
  std::atomic<int> before = 0, after = 0;
};

struct HouseOnDisk {
  explicit HouseOnDisk(std::uint64_t free = 1ull << 40) : free_bytes(free) {
    StoreSeams seams;
    seams.env = &env;
    seams.free_bytes = [this] { return free_bytes.load(); };
    auto opened = open_store_with(dir / "data", {.create = true, .reserve_bytes = 1 << 16, .free_bytes_min = 1 << 16}, seams);
    REQUIRE(opened);
    store = std::move(*opened);
    EngineOptions options;
    options.threads = 4;
    options.stop_mark = dir / "data";
    options.fatal = [this](const Error&) { ++fatal; };
    auto started = Engine::start(*store, clock, options);
    REQUIRE(started);
    engine = std::move(*started);
    REQUIRE(engine->request_and_wait(villa, Configure{SiteConfigured{}, anna}));
    REQUIRE(engine->request_and_wait(villa, RegisterDevice{battery("battery"), anna}));
    REQUIRE(engine->request_and_wait(villa, RegisterDevice{plug("miner-1"), anna}));
    REQUIRE(engine->request_and_wait(villa, readings({{"battery", Metric::soc_permille, 900}, {"miner-1", Metric::switch_on, 0}}, clock.now())));
    engine->drive(villa, {"miner-1"}, miner);
    // The port is adopted by messages: commands that overtake them find nobody.
    while (miner->before == 0) REQUIRE(engine->request_and_wait(villa, ask_for("miner-1", Action::switch_on)));
    auto opened_line = StopLine::open(*engine, dir / "data");
    REQUIRE(opened_line);
    line = std::move(*opened_line);
  }
  ~HouseOnDisk() {
    pressing = false;
    if (crowd.joinable()) crowd.join();
    fs->resume();
  }
  /// From now on somebody asks for power again and again, whatever is answered.
  void press() {
    pressing = true;
    crowd = std::thread([this] {
      while (pressing) {
        const auto answered = std::make_shared<std::promise<void>>();
        engine->request(villa, ask_for("miner-1", Action::switch_on), [answered](const Result<SiteReply>&) { answered->set_value(); });
        auto future = answered->get_future();
        while (pressing && future.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready) continue;
      }
    });
  }
  StopHeard stop() {
    auto heard = ask_for_stop(dir / "data", "anna", "smoke", [this](const std::string&) { miner->acknowledged = true; });
    REQUIRE(heard);
    return *heard;
  }

  TempDir dir;
  std::shared_ptr<FaultFs> fs = std::make_shared<FaultFs>();
  FaultEnv env{fs};
  std::atomic<std::uint64_t> free_bytes;
  SystemClock clock;
  std::atomic<int> fatal = 0;
  std::shared_ptr<Miner> miner = std::make_shared<Miner>();
  std::unique_ptr<Store> store;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<StopLine> line;
  std::atomic<bool> pressing = false;
  std::thread crowd;
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Commands without an answer in between, so that many are on their way when the stop comes.
void ask_many(HouseOnDisk& house, int n) {
  for (int i = 0; i < n; ++i) house.engine->request(villa, ask_for("miner-1", Action::switch_on), [](const Result<SiteReply>&) {});
}

}  // namespace

TEST_CASE("the line stops a house that is asked for power all the time: on record, and nothing energises after the word") {
  HouseOnDisk house;
  house.press();
  ask_many(house, 200);
  const StopHeard heard = house.stop();
  CHECK(has(heard.in_memory, R"("sites":["villa"])"));
  CHECK(has(heard.record, R"("on_record":true)"));
  ask_many(house, 200);
  CHECK(house.engine->request_and_wait(villa, ask_for("miner-1", Action::switch_on)));
  CHECK(house.miner->after == 0);
}

namespace {

/// A house as it would be after a restart: what was durable, and the files beside the log.
bool stopped_after_a_restart(const std::string& directory, const SiteKey& site = villa) {
  const auto store = open_memory_store();
  SystemClock clock;
  {
    auto before = Engine::start(*store, clock, {});
    REQUIRE(before);
    REQUIRE((*before)->request_and_wait(site, Configure{SiteConfigured{}, anna}));
    REQUIRE((*before)->request_and_wait(site, RegisterDevice{plug("miner-1"), anna}));
    REQUIRE((*before)->stop());
  }
  EngineOptions options;
  options.stop_mark = directory;
  auto engine = Engine::start(*store, clock, options);
  REQUIRE(engine);
  bool stopped = false;
  (*engine)->query_and_wait([&](const Views& views) { stopped = views.devices.stop(site) != nullptr; });
  const auto answer = (*engine)->request_and_wait(site, ask_for("miner-1", Action::switch_on));
  REQUIRE(answer);
  const auto& refusals = answer->command->refusals;
  CHECK(stopped == std::any_of(refusals.begin(), refusals.end(), [](const Refusal& r) { return r.rule == "stop"; }));
  return stopped;
}

}  // namespace

TEST_CASE("a stop that the log did not take outlives the process") {
  HouseOnDisk house;
  house.fs->stall();
  const StopHeard heard = house.stop();
  CHECK(has(heard.record, R"("on_record":false)"));
  // The file is written beside the answer.
  const std::string mark = house.dir / "data/stopped";
  REQUIRE(eventually([&] { return kind_of(mark) == FileKind::regular; }));
  TempDir next;
  std::filesystem::copy_file(mark, next / "stopped");
  CHECK(stopped_after_a_restart(next / ""));
  CHECK(kind_of(next / "stopped") == FileKind::none);  // it is on record now
  CHECK_FALSE(stopped_after_a_restart(next / ""));
  house.fs->resume();
  CHECK(house.engine->request_and_wait(villa, Configure{SiteConfigured{}, anna}));
  REQUIRE(house.engine->stop());
  house.line.reset(), house.engine.reset();  // waits for the file
  CHECK(kind_of(mark) == FileKind::none);
}

TEST_CASE("a mark of a stop that cannot be read stops every site, one of another site stops none") {
  for (const std::string text : {"", "heliograph stopped 1\n", "heliograph stopped 1\nlocal vil", "heliograph stopped 1\nnonsense\nend\n", "heliograph stopped 2\nend\n"}) {
    INFO(text);
    TempDir dir;
    REQUIRE(write_file(dir / "stopped", text));
    CHECK(stopped_after_a_restart(dir / ""));
    CHECK(kind_of(dir / "stopped") == FileKind::none);
  }
  TempDir dir;
  REQUIRE(write_file(dir / "stopped", "heliograph stopped 1\nlocal elsewhere\nend\n"));
  CHECK_FALSE(stopped_after_a_restart(dir / ""));
  CHECK(kind_of(dir / "stopped") == FileKind::none);
}

TEST_CASE("the line stops a house whose disk hangs: in memory at once, said to be not on record, on record when the disk comes back") {
  HouseOnDisk house;
  ask_many(house, 5);
  house.fs->stall();
  ask_many(house, 200);
  const StopHeard heard = house.stop();
  CHECK(has(heard.in_memory, R"("stopped":true)"));
  CHECK(has(heard.record, R"("on_record":false)"));
  CHECK(has(heard.record, R"("in_memory_only":["villa"])"));
  const StopHeard again = house.stop();  // the line is free for the next one
  CHECK(has(again.record, R"("in_memory_only":["villa"])"));
  house.fs->resume();
  CHECK(house.engine->request_and_wait(villa, ask_for("miner-1", Action::switch_on)));
  CHECK(house.miner->after == 0);
  RecordPtr stop;
  house.engine->query_and_wait([&](const Views& views) { stop = views.devices.stop(villa); });
  REQUIRE(stop);
  CHECK(to_string(stop->envelope.principal) == "user:anna");
}

TEST_CASE("the line stops a house whose disk is full: the last space is kept for this, so it is on record") {
  HouseOnDisk house;
  house.free_bytes = 3 << 14;  // below what ordinary work leaves, above what even a stop needs
  // Space is measured with each write: the one that finds out still fits, and may be the device's.
  const auto write = [&](std::int64_t soc) { return house.engine->request_and_wait(villa, readings({{"battery", Metric::soc_permille, soc}}, house.clock.now())); };
  static_cast<void>(write(810));
  const auto refused = write(800);
  REQUIRE_FALSE(refused);
  INFO(refused.error().sentence);
  CHECK(refused.error().code == Errc::full);
  const StopHeard heard = house.stop();
  CHECK(has(heard.record, R"("on_record":true)"));
  CHECK(house.miner->after == 0);
}

TEST_CASE("the line stops a house whose disk fails under it: in memory, with the reason why it is not on record, and the process is told to end") {
  HouseOnDisk house;
  const Fault fault = GENERATE(Fault::no_space, Fault::write_error, Fault::sync_error);
  house.fs->arm(fault, 1);
  ask_many(house, 50);
  const StopHeard heard = house.stop();
  CHECK(has(heard.in_memory, R"("sites":["villa"])"));
  CHECK(has(heard.record, R"("on_record":false)"));
  CHECK(has(heard.record, R"("in_memory_only":["villa"])"));
  CHECK(house.fatal == 1);
  CHECK(house.miner->after == 0);
}

TEST_CASE("an adapter that hangs in a send is named, and does not keep the others from being stopped") {
  HouseOnDisk house;
  class Hanging : public DevicePort {
   public:
    void send(const CommandDispatched&, Answer) override {
      if (first.exchange(false)) inside.set_value(), out.get_future().wait();
    }
    std::atomic<bool> first = true;
    std::promise<void> inside, out;
  };
  const SiteKey barn{{"acme"}, {"barn"}};
  REQUIRE(house.engine->request_and_wait(barn, Configure{SiteConfigured{}, anna}));
  const auto port = std::make_shared<Hanging>();
  house.engine->drive(villa, {"miner-1"}, port);
  auto inside = port->inside.get_future();
  do ask_many(house, 1);
  while (inside.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready);
  const StopHeard heard = house.stop();
  CHECK(has(heard.in_memory, R"("sites":["barn","villa"])"));
  CHECK(has(heard.in_memory, R"("still_sending":["villa"])"));
  port->out.set_value();
  CHECK(has(house.stop().record, R"("on_record":true)"));
}

TEST_CASE("callers that say nothing, or nonsense, keep nobody from stopping, without a line nothing is stopped") {
  HouseOnDisk house;
  const auto connect = [&] {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    const std::string path = house.dir / "data/stop.sock";
    REQUIRE(path.size() < sizeof at.sun_path);
    path.copy(at.sun_path, path.size());
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
    return socket;
  };
  std::vector<Fd> silent;
  for (int i = 0; i < 60; ++i) {
    silent.push_back(connect());
    if (i % 2 == 0) CHECK(::send(silent.back().get(), "{", 1, MSG_NOSIGNAL) == 1);
  }
  const auto allowed = house.engine->request_and_wait(villa, ask_for("miner-1", Action::switch_on));
  REQUIRE(allowed);
  for (const Refusal& refusal : allowed->command->refusals) CHECK(refusal.rule != "stop");  // nobody has said a whole line
  CHECK(has(house.stop().record, R"("on_record":true)"));
  const Fd nonsense = connect();
  REQUIRE(::send(nonsense.get(), "\xff\x00 this is no order\n", 20, MSG_NOSIGNAL) == 20);
  char answer[256] = {};
  CHECK(::recv(nonsense.get(), answer, sizeof answer - 1, 0) > 0);
  CHECK(has(answer, R"("stopped":true)"));
}
