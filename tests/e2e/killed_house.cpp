// A house made to be killed: engine and door as in `serve`, and a device that is a process of its own (tests/e2e/witness.cpp). Some
// flags plant a fault, so that the kill harness can be seen to find it; `--at` kills the house at a named moment after SIGUSR1.
//   killed_house DATA WITNESS_PORT [--twice | --memory | --leave | --at POINT NTH REACHED]
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "actors/engine.hpp"
#include "api/web_server.hpp"
#include "storage/store_opening.hpp"
#include "tests/e2e/kill_points.hpp"

namespace {

using namespace heliograph;
namespace asio = boost::asio;
using asio::ip::tcp;

/// Tells the witness one line for each try, and waits until it has acted.
class Wire : public DevicePort {
 public:
  Wire(std::uint16_t port, int times, bool leaves, e2e::KillSwitch& kill) : witness_(asio::ip::make_address("127.0.0.1"), port), times_(times), leaves_(leaves), kill_(kill) {}
  void send(const CommandDispatched& command, Answer answer) override {
    const std::string line = command.command.text + "/" + std::to_string(command.retry) + " " + std::string(name(command.action)) + "\n";
    bool acted = true;
    for (int i = 0; i < times_; ++i) acted = acted && tell(line);
    if (leaves_ && ++sent_ == 5) ::_exit(3);
    answer({command.command, acted ? DeviceAnswer::Kind::accepted : DeviceAnswer::Kind::unreachable, "", command.retry});
  }

 private:
  bool tell(const std::string& line) {
    asio::io_context io;
    tcp::socket socket(io);
    boost::system::error_code failed;
    socket.connect(witness_, failed);
    if (failed) return false;
    kill_.meet(e2e::Moment::connected);
    const std::size_t half = line.size() / 2;
    asio::write(socket, asio::buffer(line.data(), half), failed);
    kill_.meet(e2e::Moment::half_sent);
    asio::write(socket, asio::buffer(line.data() + half, line.size() - half), failed);
    asio::streambuf heard;
    asio::read_until(socket, heard, '\n', failed);
    if (!failed) kill_.meet(e2e::Moment::sent);
    return !failed;
  }

  tcp::endpoint witness_;
  int times_;
  bool leaves_;
  e2e::KillSwitch& kill_;
  std::atomic<int> sent_{0};
};

int complain(const Error& error) {
  std::fprintf(stderr, "killed_house: %s\n", error.sentence.c_str());
  return 1;
}

const e2e::KillPoint* find_point(std::string_view name) {
  for (const e2e::KillPoint& point : e2e::kill_points())
    if (point.name == name) return &point;
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::string fault = argc > 3 ? argv[3] : "";
  const e2e::KillPoint* point = fault == "--at" && argc == 7 ? find_point(argv[4]) : nullptr;
  if (fault == "--at" && point == nullptr) return 2;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  e2e::KillSwitch kill(point != nullptr ? *point : e2e::KillPoint{}, point != nullptr ? std::atoi(argv[5]) : 0, point != nullptr ? argv[6] : "");
  const auto env = e2e::watched_env(kill);
  StoreSeams seams;
  if (point != nullptr) seams.env = env.get();
  if (point != nullptr && point->moment == e2e::Moment::table) seams.write_buffer = 64 * 1024;
  std::unique_ptr<Store> store;
  if (fault == "--memory") {
    store = open_memory_store();
  } else {
    auto opened = open_store_with(argv[1], {.create = true, .condense = true}, seams);
    if (!opened) return complain(opened.error());
    store = std::move(*opened);
  }
  SystemClock clock;
  EngineOptions options;
  options.version = options.commit = "test";
  if (fault != "--memory") options.stop_mark = argv[1];
  options.fatal = [](const Error& error) { ::_exit(complain(error)); };
  auto engine = Engine::start(*store, clock, std::move(options));
  if (!engine) return complain(engine.error());
  const auto wire = std::make_shared<Wire>(static_cast<std::uint16_t>(std::atoi(argv[2])), fault == "--twice" ? 2 : 1, fault == "--leave", kill);
  for (const char* plug : {"plug-0", "plug-1", "plug-2"}) (*engine)->drive({{"local"}, {"home"}}, {plug}, wire);
  api::Service service{**engine, "test", "test"};
  service.people_key = Digest{1};           // the same after every start
  service.config.requests_per_minute = 0;  // one person does it all, as fast as she can
  auto web = api::WebServer::start(**engine, "127.0.0.1:0", std::move(service));
  if (!web) return complain(web.error());
  std::printf("http://127.0.0.1:%d/\n", (*web)->port());
  std::fflush(stdout);
  int signal = 0;
  for (sigwait(&signals, &signal); signal == SIGUSR1; sigwait(&signals, &signal)) kill.ready();
  (*web)->stop();
  if (auto done = (*engine)->stop(); !done) return complain(done.error());
  return 0;
}
