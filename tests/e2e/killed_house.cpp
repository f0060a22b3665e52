// A house made to be killed: engine and door as in `serve`, with a device that writes every command it is told to a
// journal of its own before it answers. The journal is the witness of what reached a device. Some flags plant a fault,
// so that the kill harness can be seen to find it.
//   killed_house DATA WITNESS [--twice | --memory | --leave]
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <string>

#include "actors/engine.hpp"
#include "api/web_server.hpp"
#include "storage/store.hpp"

namespace {

using namespace heliograph;

class Witness : public DevicePort {
 public:
  Witness(const std::string& journal, int effects, bool leaves)
      : file_(::open(journal.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)), effects_(effects), leaves_(leaves) {}
  ~Witness() override { ::close(file_); }
  void send(const CommandDispatched& command, Answer answer) override {
    const std::string line = command.command.text + " " + std::string(name(command.action)) + "\n";
    for (int i = 0; i < effects_; ++i)
      if (::write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size()) || ::fsync(file_) != 0) ::_exit(4);
    if (leaves_ && ++sent_ == 5) ::_exit(3);
    answer({command.command, DeviceAnswer::Kind::accepted, ""});
  }

 private:
  int file_, effects_;
  bool leaves_;
  std::atomic<int> sent_{0};
};

int complain(const Error& error) {
  std::fprintf(stderr, "killed_house: %s\n", error.sentence.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::string fault = argc > 3 ? argv[3] : "";
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  std::unique_ptr<Store> store;
  if (fault == "--memory") {
    store = open_memory_store();
  } else {
    auto opened = open_store(argv[1], {.create = true, .condense = true});
    if (!opened) return complain(opened.error());
    store = std::move(*opened);
  }
  SystemClock clock;
  EngineOptions options;
  options.version = options.commit = "test";
  options.fatal = [](const Error& error) { ::_exit(complain(error)); };
  auto engine = Engine::start(*store, clock, std::move(options));
  if (!engine) return complain(engine.error());
  const auto witness = std::make_shared<Witness>(argv[2], fault == "--twice" ? 2 : 1, fault == "--leave");
  for (const char* plug : {"plug-0", "plug-1", "plug-2"}) (*engine)->drive({{"local"}, {"home"}}, {plug}, witness);
  auto web = api::WebServer::start(**engine, "127.0.0.1:0", api::Service{**engine, "test", "test"});
  if (!web) return complain(web.error());
  std::printf("http://127.0.0.1:%d/\n", (*web)->port());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  (*web)->stop();
  if (auto done = (*engine)->stop(); !done) return complain(done.error());
  return 0;
}
