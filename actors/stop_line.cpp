#include "actors/stop_line.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <list>
#include <thread>

#include "actors/core/document.hpp"
#include "actors/stop_order.hpp"
#include "events/json.hpp"
#include "storage/file.hpp"

namespace heliograph {
namespace {

constexpr const char* socket_name = "stop.sock";
constexpr std::size_t callers_max = 16, order_bytes_max = 4096;
constexpr Micros order_wait = second_us;  // for the one line that a caller has to send
constexpr int answer_wait_ms = 5'000;

/// A path of any length as an address: sun_path has 108 bytes, so a longer one goes by way of the open directory.
struct Address {
  Fd directory;  // keeps the way open
  sockaddr_un at{};
};
Result<Address> address_of(const std::string& directory) {
  Address address{Fd(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)), {}};
  if (!address.directory.open()) return fail(Errc::not_found, "There is no data directory at " + directory + ": check the path.");
  std::string path = directory + "/" + socket_name;
  if (path.size() >= sizeof address.at.sun_path) path = "/proc/self/fd/" + std::to_string(address.directory.get()) + "/" + socket_name;
  address.at.sun_family = AF_UNIX;
  std::memcpy(address.at.sun_path, path.c_str(), path.size() + 1);
  return address;
}

const sockaddr* plain(const sockaddr_un& at) { return reinterpret_cast<const sockaddr*>(&at); }

Fd new_socket(int more) { return Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | more, 0)); }

/// Small enough for any socket's buffer: it never blocks, and who does not read it misses it.
void say(int socket, const std::string& line) {
  const std::string text = line + "\n";
  static_cast<void>(::send(socket, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

struct Order {
  std::string by, reason;
};
/// A stop is never refused for its form: whatever could be read of it stands.
Order order_of(const std::string& line) {
  Order order;
  const ParsedDocument document = parse_document(line);
  if (!document.root || document.root->kind != Document::Kind::object) return order;
  for (const DocumentField& field : document.root->fields) {
    if (field.value.kind != Document::Kind::text) continue;
    if (field.key == "by" && is_id(field.value.string)) order.by = field.value.string;
    if (field.key == "reason") order.reason = field.value.string;
  }
  return order;
}

struct Caller {
  Fd socket;
  std::string text;
  Micros until = 0;                  // then it has said nothing, or the record did not come
  std::shared_ptr<StopOrder> order;  // none until its line is there
  std::shared_ptr<std::atomic<bool>> answered = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace

struct StopLine::Parts {
  Engine& engine;
  Address address;
  Fd listener;
  std::shared_ptr<Fd> bell;  // rung by actors when a record is there, and to end the thread
  std::atomic<bool> ending = false;
  SystemClock clock;
  std::list<Caller> callers;  // of the thread only
  std::thread thread;

  void run();
  void accept_one();
  /// False when there is nothing more to do for this caller.
  bool serve(Caller& caller, bool readable);
  bool take_order(Caller& caller);
  static void ring(const std::shared_ptr<Fd>& bell) {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(bell->get(), &one, sizeof one));
  }
};

void StopLine::Parts::run() {
  while (!ending) {
    std::vector<pollfd> waiting{{listener.get(), POLLIN, 0}, {bell->get(), POLLIN, 0}};
    int wait_ms = -1;
    for (const Caller& caller : callers) {
      waiting.push_back({caller.socket.get(), static_cast<short>(caller.order ? 0 : POLLIN), 0});
      const int left = static_cast<int>(std::max<Micros>(0, caller.until - clock.monotonic()) / 1000 + 1);
      wait_ms = wait_ms < 0 ? left : std::min(wait_ms, left);
    }
    if (::poll(waiting.data(), waiting.size(), wait_ms) < 0 && errno != EINTR) return;
    std::uint64_t rings = 0;
    static_cast<void>(!::read(bell->get(), &rings, sizeof rings));
    std::size_t i = 2;
    for (auto caller = callers.begin(); caller != callers.end(); ++i) caller = serve(*caller, waiting[i].revents != 0) ? std::next(caller) : callers.erase(caller);
    if (waiting[0].revents != 0) accept_one();
  }
}

void StopLine::Parts::accept_one() {
  Fd socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket.open()) return;
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) != 0 || (who.uid != 0 && who.uid != ::geteuid())) return;
  if (callers.size() == callers_max) {  // who comes now may have something to say; who said nothing yet goes first
    const auto silent = std::find_if(callers.begin(), callers.end(), [](const Caller& caller) { return !caller.order; });
    callers.erase(silent == callers.end() ? callers.begin() : silent);
  }
  Caller& caller = callers.emplace_back();
  caller.socket = std::move(socket);
  caller.until = clock.monotonic() + order_wait;
}

bool StopLine::Parts::serve(Caller& caller, bool readable) {
  const bool late = clock.monotonic() >= caller.until;
  if (!caller.order) return readable ? take_order(caller) : !late;
  if (!*caller.answered && !late) return true;
  say(caller.socket.get(), to_json(caller.order->state()));
  return false;
}

bool StopLine::Parts::take_order(Caller& caller) {
  char bytes[1024];
  const ssize_t n = ::recv(caller.socket.get(), bytes, sizeof bytes, MSG_DONTWAIT);
  if (n <= 0) return n < 0 && (errno == EAGAIN || errno == EINTR);
  caller.text.append(bytes, static_cast<std::size_t>(n));
  const auto end = caller.text.find('\n');
  if (end == std::string::npos && caller.text.size() < order_bytes_max) return true;
  caller.order = std::make_shared<StopOrder>(engine, [](const SiteKey&) { return true; });
  say(caller.socket.get(), to_json(caller.order->state()));
  const Order order = order_of(caller.text.substr(0, end));
  caller.until = clock.monotonic() + stop_record_wait;
  caller.order->record({PrincipalKind::user, order.by.empty() ? "local" : order.by}, order.reason, [answered = caller.answered, rung = bell] {
    *answered = true;
    ring(rung);
  });
  return true;
}

StopLine::StopLine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<StopLine>> StopLine::open(Engine& engine, const std::string& directory) {
  auto address = address_of(directory);
  if (!address) return fail(address.error());
  auto parts = std::unique_ptr<Parts>(new Parts{engine, std::move(*address), new_socket(SOCK_NONBLOCK), nullptr, {}, {}, {}, {}});
  const std::string path = directory + "/" + socket_name;
  if (!parts->listener.open()) return fail(system_error("make a socket for", path));
  ::unlink(parts->address.at.sun_path);  // of a process that was killed: nobody else holds this directory's lock
  // On Linux the mode of an unbound socket becomes that of its name: there is no moment at which others could connect.
  if (::fchmod(parts->listener.get(), 0600) != 0 || ::bind(parts->listener.get(), plain(parts->address.at), sizeof parts->address.at) != 0 ||
      ::listen(parts->listener.get(), 64) != 0)
    return fail(system_error("listen at", path));
  parts->bell = std::make_shared<Fd>(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!parts->bell->open()) return fail(system_error("make a bell for", path));
  parts->thread = std::thread([p = parts.get()] { p->run(); });
  return std::unique_ptr<StopLine>(new StopLine(std::move(parts)));
}

StopLine::~StopLine() {
  parts_->ending = true;
  Parts::ring(parts_->bell);
  parts_->thread.join();
  ::unlink(parts_->address.at.sun_path);
}

Result<StopHeard> ask_for_stop(const std::string& directory, const std::string& by, const std::string& reason,
                               const std::function<void(const std::string&)>& told) {
  auto address = address_of(directory);
  if (!address) return fail(address.error());
  const Fd socket = new_socket(0);
  if (!socket.open()) return fail(system_error("make a socket for", directory));
  const timeval wait{answer_wait_ms / 1000, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  if (::connect(socket.get(), plain(address->at), sizeof address->at) != 0) {
    if (errno == EACCES || errno == EPERM) return fail(Errc::refused, "Not allowed to stop what serves " + directory + ": ask as its user, or as root.");
    return fail(Errc::not_found, "No Heliograph serves " + directory + ": nothing is commanded from there. If it runs elsewhere, name its --data.");
  }
  JsonWriter order;
  order.begin_object().field("by", by).field("reason", reason).end_object();
  say(socket.get(), order.str());
  StopHeard heard;
  std::string text;
  char bytes[4096];
  for (ssize_t n; (n = ::recv(socket.get(), bytes, sizeof bytes, 0)) > 0;) {
    text.append(bytes, static_cast<std::size_t>(n));
    const auto first = text.find('\n');
    if (first == std::string::npos) continue;
    if (heard.in_memory.empty()) told(heard.in_memory = text.substr(0, first));
    const auto second = text.find('\n', first + 1);
    if (second != std::string::npos) heard.record = text.substr(first + 1, second - first - 1);
  }
  if (heard.in_memory.empty()) return fail(Errc::closed, "What serves " + directory + " does not answer: end the process (its devices fall back by their own timers).");
  return heard;
}

}  // namespace heliograph
