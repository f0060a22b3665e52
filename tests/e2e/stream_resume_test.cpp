// 200 clients follow the stream while the server is ended and started again, in order and by kill -9: afterwards each has every event
// of the log, in order, once. Who comes back says the last id that it has seen, as browsers do.
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "events/ids.hpp"
#include "tests/e2e/served_house.hpp"

using namespace heliograph;
using namespace heliograph::e2e;

namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr int restarts = 12, clients = 50;  // each start takes several times as long
#else
constexpr int restarts = 100, clients = 200;
#endif

/// Ids of the events of a stream, as its text comes in.
class Follower {
 public:
  void take(std::string_view bytes) {
    text_.append(bytes);
    if (!answered_) {
      const auto end = text_.find("\r\n\r\n");
      if (end == std::string::npos) return;
      refused_ = !text_.starts_with("HTTP/1.1 200");
      text_.erase(0, end + 4);
      answered_ = true;
    }
    for (auto end = text_.find("\n\n"); end != std::string::npos && !refused_; end = text_.find("\n\n")) {
      take_block(std::string_view(text_).substr(0, end + 1));
      text_.erase(0, end + 2);
    }
  }
  /// The connection is over: what came of an event that is not whole is nothing.
  void cut() { text_.clear(), answered_ = refused_ = false; }
  bool refused() const { return refused_; }
  const std::string& last_id() const { return last_id_; }
  const std::vector<Position>& seen() const { return seen_; }
  int strange() const { return strange_; }

 private:
  static std::string_view value(std::string_view block, std::string_view name) {
    const auto at = block.find(name);
    if (at == std::string_view::npos || (at != 0 && block[at - 1] != '\n')) return {};
    return block.substr(at + name.size(), block.find('\n', at) - at - name.size());
  }
  void take_block(std::string_view block) {
    const std::string_view id = value(block, "id: "), event = value(block, "event: ");
    if (!id.empty()) last_id_ = id;
    if (event == "gap" || event == "reset") ++strange_;
    else if (!event.empty()) seen_.push_back(std::stoull(last_id_));
  }
  std::string text_, last_id_ = "0";
  bool answered_ = false, refused_ = false;
  std::vector<Position> seen_;
  int strange_ = 0;
};

/// All of them on one thread: whoever has lost the server tries again until it is there.
class Crowd {
 public:
  Crowd(std::uint16_t port, std::string token) : port_(port), token_(std::move(token)), members_(clients), thread_([this] { run(); }) {}
  ~Crowd() { end(); }
  void end() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }
  /// False when not everybody has got so far within a minute.
  bool reached(Position position) {
    std::unique_lock lock(mutex_);
    return moved_.wait_for(lock, std::chrono::seconds(60), [&] { return slowest_ >= position; });
  }
  // After end().
  const std::vector<Position>& seen(std::size_t i) const { return members_[i].follower.seen(); }
  int strange(std::size_t i) const { return members_[i].follower.strange(); }
  std::uint64_t connections() const { return connections_; }

 private:
  struct Member {
    int socket = -1;
    bool asked = false;
    Follower follower;
  };

  void connect(Member& member) {
    member.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET, address.sin_port = htons(port_), address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    member.asked = false;
    if (::connect(member.socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS) lose(member);
  }
  void lose(Member& member) {
    ::close(std::exchange(member.socket, -1));
    member.follower.cut();
  }
  void ask(Member& member) {
    const std::string request = "GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token_ + "\r\nLast-Event-ID: " + member.follower.last_id() + "\r\n\r\n";
    member.asked = ::send(member.socket, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size());
    if (member.asked) ++connections_;
    else lose(member);
  }
  void read(Member& member) {
    char bytes[64 * 1024];
    const ssize_t n = ::recv(member.socket, bytes, sizeof bytes, 0);
    if (n > 0) member.follower.take({bytes, static_cast<std::size_t>(n)});
    if (n == 0 || (n < 0 && errno != EAGAIN) || member.follower.refused()) lose(member);
  }
  void run() {
    std::vector<pollfd> waits(members_.size());
    while (!stopping_) {
      for (std::size_t i = 0; i < members_.size(); ++i) {
        if (members_[i].socket < 0) connect(members_[i]);
        waits[i] = {members_[i].socket, static_cast<short>(members_[i].asked ? POLLIN : POLLOUT), 0};
      }
      ::poll(waits.data(), waits.size(), 20);
      Position slowest = ~Position{0};
      for (std::size_t i = 0; i < members_.size(); ++i) {
        if (members_[i].socket >= 0 && waits[i].revents != 0) members_[i].asked ? read(members_[i]) : ask(members_[i]);
        const auto& seen = members_[i].follower.seen();
        slowest = std::min(slowest, seen.empty() ? 0 : seen.back());
      }
      const std::lock_guard lock(mutex_);
      slowest_ = slowest;
      moved_.notify_all();
    }
    for (Member& member : members_)
      if (member.socket >= 0) ::close(member.socket);
  }

  const std::uint16_t port_;
  const std::string token_;
  std::vector<Member> members_;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> connections_ = 0;
  std::mutex mutex_;
  std::condition_variable moved_;
  Position slowest_ = 0;  // guarded by mutex_
  std::thread thread_;
};

/// Everything that the log tells this listener, read at once.
std::vector<Position> whole_story(std::uint16_t port, const std::string& token, Position until) {
  test::HttpClient client(port);
  REQUIRE(client.send("GET /api/v1/stream?after=0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token + "\r\n\r\n"));
  REQUIRE(client.read_stream_head().status == 200);
  std::vector<Position> story;
  while (story.empty() || story.back() < until) {
    const auto event = client.read_event();
    REQUIRE(event);
    if (!event->event.empty()) story.push_back(std::stoull(event->id));
  }
  return story;
}

Position position_of(const test::Reply& reply) {
  const auto at = reply.body.find("position\":");
  return at == std::string::npos ? 0 : std::stoull(reply.body.substr(at + 10));
}

}  // namespace

TEST_CASE("the stream goes on over restarts without a gap and without a repeat, for everybody") {
  const TempDir scratch;
  auto server = std::make_unique<Server>(ServedHouse::line(scratch / "data", {}));
  const std::uint16_t port = server->port();
  REQUIRE(port != 0);
  const std::string token = test::owners_token(port);
  const std::vector<std::string> again{binary(), "serve", "--data", scratch / "data", "--listen", "127.0.0.1:" + std::to_string(port)};
  const std::vector<std::pair<std::string, std::string>> headers{{"Content-Type", "application/json"}, {"If-Match", "*"}, {"Authorization", "Bearer " + token}};
  REQUIRE(test::HttpClient(port).request("PUT", home, "{}", {headers[0], headers[2]}).status == 200);
  Crowd crowd(port, token);
  Position last = 0;
  std::size_t written = 0;
  for (int life = 0; life < restarts; ++life) {
    {
      test::HttpClient client(port);
      for (int i = 0; i < 4; ++i) {
        const std::string row = R"({"device":"meter-)" + std::to_string(i % 2) + R"(","timestamp":")" + format_time(SystemClock().now()) + R"(","grid_w":)" + std::to_string(life) + "}";
        const auto read = client.request("POST", home + "/readings", row, headers);
        const auto said = client.request("PUT", home, R"({"name":"Life )" + std::to_string(life) + "\"}", headers);
        REQUIRE(read.status == 200);
        REQUIRE(said.status == 200);
        last = position_of(said);
        written += 2;
      }
    }
    // Sometimes everybody is there when it ends, sometimes they are on their way.
    if (life % 3 == 0) REQUIRE(crowd.reached(last));
    const bool killed = life % 2 == 0;
    const Ended ended = server->end(killed ? SIGKILL : SIGTERM);
    REQUIRE((killed ? ended.signal == SIGKILL : ended.exit == 0));
    server = std::make_unique<Server>(again, Environment{}, false);
    INFO(life);
    REQUIRE(server->port() == port);
  }
  REQUIRE(crowd.reached(last));
  crowd.end();
  const auto story = whole_story(port, token, last);
  CHECK(written == static_cast<std::size_t>(restarts) * 8);
  CHECK(story.size() >= written);
  CHECK(crowd.connections() >= static_cast<std::uint64_t>(restarts) * clients / 2);  // they did come back, again and again
  int whole = 0;
  for (std::size_t i = 0; i < clients; ++i) {
    INFO("client " << i);
    CHECK(crowd.strange(i) == 0);
    const auto& seen = crowd.seen(i);
    const std::size_t upto = std::min(seen.size(), story.size());  // a few were told of what came after `last`, too
    const bool same = std::equal(seen.begin(), seen.begin() + static_cast<std::ptrdiff_t>(upto), story.begin());
    CHECK(same);
    CHECK(seen.size() >= story.size());
    whole += same && seen.size() >= story.size();
  }
  CHECK(whole == clients);
  std::printf("stream: %d clients, %d restarts, %zu events each, %llu connections\n", clients, restarts, story.size(), static_cast<unsigned long long>(crowd.connections()));
}
