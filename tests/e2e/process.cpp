#include "tests/e2e/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "tests/support/http_client.hpp"

namespace heliograph::e2e {
namespace {

std::vector<char*> for_exec(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> with_ours(Environment variables) {
  for (const char* name : {"HELIOGRAPH_FEATURES_CONTROL", "HELIOGRAPH_FEATURES_AUTOMATION", "HELIOGRAPH_SERVER_ALLOW_ROOT"}) variables.emplace(name, "true");
  for (char** each = environ; *each != nullptr; ++each)
    if (const std::string entry(*each); entry.find('=') != std::string::npos) variables.emplace(entry.substr(0, entry.find('=')), entry.substr(entry.find('=') + 1));
  std::vector<std::string> out;
  for (const auto& [name, value] : variables) out.push_back(name + "=" + value);
  return out;
}

pid_t start(const std::vector<std::string>& argv, const Environment& environment, int out, int err) {
  const std::vector<std::string> variables = with_ours(environment);
  const std::vector<char*> words = for_exec(argv), envp = for_exec(variables);  // made before the fork: afterwards nothing may allocate
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(words[0], words.data(), envp.data());
  ::_exit(127);
}

int memory_file() { return ::memfd_create("out", MFD_CLOEXEC); }

std::string text_of(int file) {
  std::string text;
  char piece[65536];
  ::lseek(file, 0, SEEK_SET);
  for (ssize_t n; (n = ::read(file, piece, sizeof piece)) > 0;) text.append(piece, static_cast<std::size_t>(n));
  return text;
}

Ended wait_for(pid_t pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  Ended ended;
  if (WIFEXITED(status)) ended.exit = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
  return ended;
}

std::string from_environment(const char* name, const char* built) {
  const char* set = std::getenv(name);
  return set ? set : built;
}

}  // namespace

Ended run(const std::vector<std::string>& argv, const Environment& environment) {
  const int out = memory_file(), err = memory_file();
  Ended ended = wait_for(start(argv, environment, out, err));
  ended.out = text_of(out);
  ended.err = text_of(err);
  ::close(out);
  ::close(err);
  return ended;
}

Server::Server(const std::vector<std::string>& argv, const Environment& environment, bool enters) : err_(memory_file()) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  out_ = ends[0];
  pid_ = start(argv, environment, ends[1], err_);
  ::close(ends[1]);
  const std::string mark = "://127.0.0.1:";
  char c = 0;
  // Byte by byte: the greeting is short, and its port ends at the first byte that is no digit.
  while (::read(out_, &c, 1) == 1) {
    greeting_ += c;
    const auto at = greeting_.find(mark);
    if (at == std::string::npos || (c >= '0' && c <= '9') || greeting_.size() <= at + mark.size()) continue;
    port_ = static_cast<std::uint16_t>(std::atoi(greeting_.c_str() + at + mark.size()));
    const bool has_people = enters && argv[0] != witness() && (argv.size() < 2 || argv[1] != "demo");  // the demo knows none
    if (has_people && greeting_.find("https://") == std::string::npos) test::enter(port_);
    return;
  }
}

Server::~Server() {
  if (pid_ > 0) end(SIGKILL);
  if (err_ >= 0) ::close(err_);
}

void Server::tell(int signal) const {
  if (pid_ > 0) ::kill(pid_, signal);
}

Ended Server::end(int signal) {
  if (pid_ <= 0) return {};
  ::kill(pid_, signal);
  // What it still says is read, so that a full pipe never keeps it from ending.
  char piece[4096];
  for (ssize_t n; (n = ::read(out_, piece, sizeof piece)) > 0;) greeting_.append(piece, static_cast<std::size_t>(n));
  ::close(out_);
  Ended ended = wait_for(std::exchange(pid_, -1));
  ended.out = greeting_;
  ended.err = text_of(err_);
  return ended;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_file(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string binary() { return from_environment("HELIOGRAPH_BINARY", HELIOGRAPH_BUILT_BINARY); }
std::string killed_house() { return from_environment("HELIOGRAPH_KILLED_HOUSE", HELIOGRAPH_BUILT_KILLED_HOUSE); }
std::string witness() { return from_environment("HELIOGRAPH_WITNESS", HELIOGRAPH_BUILT_WITNESS); }

}  // namespace heliograph::e2e
