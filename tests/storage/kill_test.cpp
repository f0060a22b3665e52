// kill -9 at any moment: nothing acknowledged is lost, the log opens strictly and verifies. The victim is a process of
// its own (fork and exec), each round proves that it worked and died of signal 9, and a lying victim must be caught.
#include <catch2/catch.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iostream>
#include <random>

#include "storage/file.hpp"
#include "storage/verify.hpp"
#include "tests/storage/storage_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

class Victim {
 public:
  Victim(const std::string& directory, bool lies) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      const char* flag = lies ? "--acknowledge-early" : nullptr;
      ::execl(STORAGE_WRITER, STORAGE_WRITER, directory.c_str(), flag, nullptr);
      ::_exit(99);
    }
    out_ = Fd(ends[0]);
    Fd closes_the_other_end(ends[1]);
  }

  /// Reads up to `count` acknowledgements; fewer when the victim is gone.
  int listen(int count) {
    int heard = 0;
    for (char bytes[8]; heard < count && read_all(bytes); ++heard) acked_ = get_be64({bytes, 8});
    return heard;
  }

  /// Kills, collects what was still in the pipe, and says whether signal 9 it was.
  bool kill() {
    ::kill(pid_, SIGKILL);
    listen(1 << 30);
    int status = 0;
    REQUIRE(::waitpid(pid_, &status, 0) == pid_);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  }
  Position acked() const { return acked_; }

 private:
  bool read_all(char (&bytes)[8]) {
    std::size_t got = 0;
    while (got < 8) {
      const ssize_t n = ::read(out_.get(), bytes + got, 8 - got);
      if (n <= 0) return false;
      got += static_cast<std::size_t>(n);
    }
    return true;
  }
  pid_t pid_ = -1;
  Fd out_;
  Position acked_ = 0;
};

int rounds(int usual) {
  const char* more = std::getenv("HELIOGRAPH_STRESS");
  return usual * (more ? std::max(1, std::atoi(more)) : 1);
}

}  // namespace

TEST_CASE("kill -9 loses nothing acknowledged", "[kill]") {
  TempDir dir;
  std::mt19937 random(20250101);
  Position before = 0;
  std::uint64_t commits = 0;
  int durable_beyond = 0;
  std::size_t woven = 0;
  const int all = rounds(40);
  for (int round = 0; round < all; ++round) {
    INFO("round " << round);
    // Every eighth dies while it is still opening; its work is proved by the rounds around it.
    const int wanted = round % 8 == 7 ? 0 : 100 + static_cast<int>(random() % 100);
    Victim victim(dir / "data", false);
    const int heard = victim.listen(wanted);
    REQUIRE(heard == wanted);
    REQUIRE(victim.kill());
    commits += static_cast<std::uint64_t>(heard);

    if (round == 0 || wanted > 0) REQUIRE(victim.acked() > before);
    auto opened = open_store(dir / "data", small_options(false));
    INFO((opened ? "" : opened.error().sentence));
    REQUIRE(opened);
    if (wanted > 0) CHECK_FALSE((*opened)->was_clean());
    CHECK((*opened)->notes().empty());  // strict opening sufficed
    const Position found = (*opened)->log().durable();
    CHECK(found >= victim.acked());
    CHECK(found >= before);
    durable_beyond += found > victim.acked() ? 1 : 0;
    const VerifyReport report = verify_store(**opened, {});
    INFO((report.findings.empty() ? "" : report.findings.front().sentence));
    REQUIRE(report.ok());
    CHECK(*(*opened)->views().checkpoint("audit") <= found);
    woven = 0;
    REQUIRE((*opened)->log().scan_stored(1, found, Part::readings, [&](const EventLog::Stored& s) { return woven += s.woven ? 1 : 0, true; }));
    before = found;
  }
  CHECK(woven > commits / 4);  // batches that lie in segments: the kills came between
  CHECK(commits >= static_cast<std::uint64_t>(all) * 80);
  std::cout << all << " kills, " << commits << " commits heard, " << woven << " batches in segments, last position " << before << ", "
            << durable_beyond << " kills left a commit durable that nobody had heard of\n";
}

TEST_CASE("control: a victim that acknowledges too early is caught", "[kill]") {
  TempDir dir;
  Victim victim(dir / "data", true);
  REQUIRE(victim.listen(200) == 200);  // each of the first 50 it says twice
  REQUIRE(victim.kill());
  auto opened = open_store(dir / "data", small_options(false));
  REQUIRE(opened);
  CHECK((*opened)->log().durable() > 0);
  CHECK((*opened)->log().durable() < victim.acked());
}
