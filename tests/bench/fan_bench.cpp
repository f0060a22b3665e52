// Fan-out: N subscribers of server-sent events on one epoll thread and one publisher, which writes its clock into what it publishes, as
// the number after MARK; a delivery is that number read again. The same client for ours and for a peer.
//   fan_bench HOST:PORT SUBSCRIBERS EVENTS_PER_S SECONDS MARK SUB_REQUEST PUB_REQUEST PUB_BODY
// EVENTS_PER_S 0 = closed loop: the next event when all have the last. Requests are whole heads without their blank line, "\n" for line
// ends; %C in the body is the clock (us since the start), %T the time (RFC 3339). Content-Length is added.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "actors/clock.hpp"

namespace {

using Clock = std::chrono::steady_clock;
const auto started = Clock::now();
std::uint64_t clock_us() { return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started).count()); }

sockaddr_in address{};

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::exit(1);
}

int connect_once() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0), on = 1;
  if (socket < 0 || ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) give_up("connect");
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

void send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) give_up("send");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) text.replace(at, what.size(), by);
  return text;
}

std::string head_of(const char* argument) { return replaced(replaced(argument, "\\n", "\n"), "\n", "\r\n") + "\r\n"; }

/// Finds numbers after the mark, also across reads.
class Reader {
 public:
  template <class F>
  void take(std::string_view bytes, std::string_view mark, F found) {
    std::string_view text = bytes;
    if (!rest_.empty()) {
      rest_.append(bytes);
      text = rest_;
    }
    std::string kept;
    for (;;) {
      const auto at = text.find(mark);
      if (at == std::string_view::npos) {
        kept = text.substr(text.size() - std::min(text.size(), mark.size() - 1));
        break;
      }
      std::size_t end = at + mark.size();
      std::uint64_t number = 0;
      while (end < text.size() && text[end] >= '0' && text[end] <= '9') number = number * 10 + static_cast<std::uint64_t>(text[end++] - '0');
      if (end == text.size()) {
        kept = text.substr(at);
        break;
      }
      found(number);
      text.remove_prefix(end);
    }
    rest_ = std::move(kept);
  }

 private:
  std::string rest_;
};

}  // namespace

int main(int count, char** argument) {
  if (count != 9) return std::fprintf(stderr, "usage: fan_bench HOST:PORT SUBSCRIBERS EVENTS_PER_S SECONDS MARK SUB_REQUEST PUB_REQUEST PUB_BODY\n"), 2;
  const std::string host = argument[1], mark = argument[5], subscribe = head_of(argument[6]) + "\r\n", publish = head_of(argument[7]), body = argument[8];
  const auto subscribers = static_cast<std::size_t>(std::atoi(argument[2]));
  const double rate = std::atof(argument[3]), seconds = std::atof(argument[4]);
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(host.substr(host.find(':') + 1).c_str())));
  ::inet_pton(AF_INET, host.substr(0, host.find(':')).c_str(), &address.sin_addr);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);

  const int poll = ::epoll_create1(0);
  std::vector<Reader> readers;
  for (std::size_t i = 0; i < subscribers; ++i) {
    const int socket = connect_once();
    send_all(socket, subscribe);
    char answer[4096];
    const ssize_t n = ::recv(socket, answer, sizeof answer, 0);
    if (n < 12 || std::string_view(answer, 12) != "HTTP/1.1 200") return std::fprintf(stderr, "subscriber %zu: %.*s\n", i, static_cast<int>(std::max<ssize_t>(n, 0)), answer), 1;
    ::fcntl(socket, F_SETFL, O_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN;
    if (static_cast<std::size_t>(socket) >= readers.size()) readers.resize(static_cast<std::size_t>(socket) + 1);
    event.data.fd = socket;
    ::epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event);
  }
  const double connecting = static_cast<double>(clock_us()) / 1e6;

  std::atomic<std::uint64_t> delivered{0}, published{0};
  std::atomic<bool> done{false};
  const heliograph::SystemClock wall;
  std::thread publisher([&] {
    const int socket = connect_once();
    char answer[4096];
    const std::uint64_t begin = clock_us();
    const auto over = [&] { return static_cast<double>(clock_us() - begin) / 1e6 >= seconds; };
    for (std::uint64_t n = 0; !over(); ++n) {
      if (rate > 0) {
        const std::uint64_t due = begin + static_cast<std::uint64_t>(static_cast<double>(n) * 1e6 / rate);
        for (std::uint64_t now = clock_us(); now < due; now = clock_us()) std::this_thread::sleep_for(std::chrono::microseconds(due - now));
      } else {
        while (delivered < n * subscribers && !over()) std::this_thread::sleep_for(std::chrono::microseconds(20));
        if (over()) break;
      }
      const std::string text = replaced(replaced(body, "%C", std::to_string(clock_us())), "%T", heliograph::format_time(wall.now()));
      send_all(socket, publish + "Content-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text);
      const ssize_t got = ::recv(socket, answer, sizeof answer, 0);
      if (got < 12 || answer[9] != '2') return std::fprintf(stderr, "published: %.*s\n", static_cast<int>(std::max<ssize_t>(got, 0)), answer), std::exit(1);
      published = n + 1;
    }
    const std::uint64_t since = clock_us();
    while (delivered < published * subscribers && clock_us() - since < 8'000'000) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    done = true;
    ::close(socket);
  });

  std::vector<std::uint32_t> took;
  took.reserve(20'000'000);
  std::vector<epoll_event> events(4096);
  static char bytes[256 * 1024];
  std::uint64_t first = 0, last = 0;
  while (!done) {
    const int n = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), 50);
    for (int i = 0; i < n; ++i) {
      const int socket = events[static_cast<std::size_t>(i)].data.fd;
      const ssize_t got = ::recv(socket, bytes, sizeof bytes, 0);
      if (got == 0) ::epoll_ctl(poll, EPOLL_CTL_DEL, socket, nullptr);
      if (got <= 0) continue;
      const std::uint64_t now = clock_us();
      std::uint64_t found = 0;
      readers[static_cast<std::size_t>(socket)].take({bytes, static_cast<std::size_t>(got)}, mark, [&](std::uint64_t then) {
        took.push_back(static_cast<std::uint32_t>(now - std::min(now, then)));
        ++found;
      });
      if (found == 0) continue;
      if (first == 0) first = now;
      last = now;
      delivered += found;
    }
  }
  publisher.join();
  if (took.empty()) return std::puts("nothing was delivered"), 1;
  std::sort(took.begin(), took.end());
  const auto at = [&](double part) { return took[static_cast<std::size_t>(static_cast<double>(took.size() - 1) * part)] / 1e3; };
  std::printf("fan subs=%zu rate=%g events=%llu delivered=%zu (%.2f%%) deliveries_per_s=%.0f ms_p50=%.2f ms_p99=%.2f ms_max=%.2f connect_s=%.2f\n", subscribers, rate,
              static_cast<unsigned long long>(published.load()), took.size(), 100.0 * static_cast<double>(took.size()) / (static_cast<double>(published) * static_cast<double>(subscribers)),
              static_cast<double>(took.size()) / (static_cast<double>(last - first) / 1e6 + 1e-9), at(0.5), at(0.99), at(1.0), connecting);
  std::fflush(stdout);
  std::_Exit(0);
}
