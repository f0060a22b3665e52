#include "api/http/server.hpp"

#include <sys/resource.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <charconv>
#include <optional>

#include "api/http/loop.hpp"

namespace heliograph::http {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t other_files = 192;  // of log, views and whatever else the process holds open

Result<tcp::endpoint> parse_address(const std::string& text) {
  const auto bad = [&] {
    return fail(Errc::invalid,
                "\"" + text + "\" is no address to listen on: write it as 127.0.0.1:8080 or [::1]:8080.");
  };
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return bad();
  auto host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  std::uint16_t port = 0;
  const auto* last = text.data() + text.size();
  const auto [end, wrong] = std::from_chars(text.data() + colon + 1, last, port);
  error_code ec;
  const auto address = asio::ip::make_address(host, ec);
  if (ec || wrong != std::errc{} || end != last || colon + 1 == text.size()) return bad();
  return tcp::endpoint(address, port);
}

/// Connections must not take the last file handle: then nobody could connect any more, not even to stop the house.
std::size_t connections_for(const Limits& limits) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return limits.connections;
  const std::size_t kept = other_files + limits.reserved;
  // Many systems give few at first and more to who asks.
  if (files.rlim_cur < limits.connections + kept) {
    files.rlim_cur = std::min<rlim_t>(files.rlim_max, limits.connections + kept);
    if (::setrlimit(RLIMIT_NOFILE, &files) != 0) ::getrlimit(RLIMIT_NOFILE, &files);
  }
  return std::min<std::size_t>(limits.connections, files.rlim_cur > 2 * kept ? files.rlim_cur - kept : kept);
}

/// IPv4 that came to a socket for both is IPv4; by which of our links an address is reached ("%eth0") is not part of who it is.
asio::ip::address plain(const asio::ip::address& address) {
  if (address.is_v4()) return address;
  const auto v6 = address.to_v6();
  if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6);
  return asio::ip::address_v6(v6.to_bytes());
}

std::string as_host(const asio::ip::address& address) {
  return address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
}

}  // namespace

struct Server::Impl {
  std::shared_ptr<ServerShared> shared = std::make_shared<ServerShared>();
  std::vector<std::shared_ptr<ServerLoop>> loops;
  // Accepts, and serves the reserved connections: a thread that no other request keeps busy.
  std::shared_ptr<ServerLoop> door;
  std::optional<tcp::acceptor> acceptor;
  std::uint16_t port = 0;
  std::size_t next_loop = 0;

  Status listen(const tcp::endpoint& endpoint, const std::string& address);
  void accept();
  void serve(tcp::socket socket);
  bool make_room();
};

Status Server::Impl::listen(const tcp::endpoint& endpoint, const std::string& address) {
  error_code ec;
  acceptor.emplace(door->context());
  if (acceptor->open(endpoint.protocol(), ec); !ec) acceptor->set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor->bind(endpoint, ec);
  if (!ec) acceptor->listen(asio::socket_base::max_listen_connections, ec);
  if (ec == asio::error::address_in_use)
    return fail(Errc::busy, address + " is already in use: stop the other program, or listen on another port.");
  if (ec == asio::error::access_denied)
    return fail(Errc::refused, "Not allowed to listen on " + address + ": choose a port above 1023.");
  if (ec) return fail(Errc::io, "Cannot listen on " + address + ": " + ec.message() + ".");
  port = acceptor->local_endpoint(ec).port();
  return {};
}

void Server::Impl::accept() {
  acceptor->async_accept(door->context(), [this](error_code ec, tcp::socket socket) {
    if (!acceptor->is_open() || door->stopping()) return;
    if (!ec) {
      serve(std::move(socket));
      accept();
    } else {  // mostly: no file handles left. Waiting lets some come back.
      door->after(std::chrono::milliseconds(50), [this] { accept(); });
    }
  });
}

/// For one more beyond the limit: whoever has been there longest without a whole request goes.
bool Server::Impl::make_room() {
  auto& reserved = shared->reserved;
  std::erase_if(reserved, [](const auto& each) { return each.expired(); });
  if (reserved.size() < shared->options.limits.reserved) return true;
  for (auto& each : reserved)
    if (const auto served = each.lock(); served && served->give_way()) return true;
  return false;
}

void Server::Impl::serve(tcp::socket socket) {
  error_code gone, gone_too, ec;
  const auto remote = socket.remote_endpoint(gone);
  const auto local = socket.local_endpoint(gone_too);
  if (gone || gone_too) return;
  ++shared->accepted;
  const std::string peer = plain(remote.address()).to_string();
  const auto& [limits, seat_of] = std::tie(shared->options.limits, shared->options.seat_of);
  const std::string whose = limits.per_address == 0 ? "" : seat_of ? seat_of(peer) : peer;
  auto seat = whose.empty() ? nullptr : shared->seats->take(whose, limits.per_address);
  // Who has all places of an address may still stop the house: what is urgent goes the reserved way.
  const bool full = (!whose.empty() && !seat) || shared->open.load() >= limits.connections;
  if (full && !make_room()) {
    ++shared->turned_away;
    return;
  }
  ++shared->open;
  const bool ipv6 = local.protocol() == tcp::v6();
  Wire wire(socket.release(ec), ipv6);
  wire.seat = std::move(seat);
  if (full) {
    shared->reserved.push_back(
        serve_connection(*door, shared, std::move(wire), peer, as_host(local.address()), true));
    return;
  }
  auto& loop = *loops[next_loop++ % loops.size()];
  auto held = std::make_shared<Wire>(std::move(wire));
  loop.post([&loop, shared = shared, held, peer, own = as_host(local.address())] {
    serve_connection(loop, shared, std::move(*held), peer, own, false);
  });
}

Server::Server() = default;
Server::~Server() { stop(); }

Status Server::start(const std::string& address, Handler handler, ServerOptions options) {
  ensure(!impl_, "a server is started once", "api/http/server.cpp");
  const auto endpoint = parse_address(address);
  if (!endpoint) return fail(endpoint.error());
  auto impl = std::make_unique<Impl>();
  auto& shared = *impl->shared;
  shared.options = std::move(options);
  shared.handler = std::move(handler);
  if (shared.options.tls) {
    auto loaded = load_tls(*shared.options.tls);
    if (!loaded) return fail(loaded.error());
    shared.tls.set(std::move(*loaded));
  }
  shared.hosts = {"localhost", "127.0.0.1", "[::1]"};
  shared.hosts.insert(shared.hosts.end(), shared.options.allowed_hosts.begin(), shared.options.allowed_hosts.end());
  for (unsigned i = 0; i < std::max(1u, shared.options.threads); ++i)
    impl->loops.push_back(std::make_shared<ServerLoop>(shared.options.limits));
  shared.stream_loop = impl->loops[0];
  shared.options.limits.connections = connections_for(shared.options.limits);
  impl->door = std::make_shared<ServerLoop>(shared.options.limits);
  if (auto listening = impl->listen(*endpoint, address); !listening) return listening;
  impl_ = std::move(impl);
  for (auto& loop : impl_->loops) loop->run_in_thread();
  if (shared.options.opening) shared.options.opening(impl_->loops[0]);
  impl_->door->run_in_thread();
  impl_->door->post([impl = impl_.get()] { impl->accept(); });
  return {};
}

void Server::stop() {
  if (!impl_) return;
  for (const auto& loop : impl_->loops)
    ensure(!loop->is_this_thread() && !impl_->door->is_this_thread(), "a server cannot be stopped from its own thread", "api/http/server.cpp");
  impl_->door->post([impl = impl_.get()] {
    error_code ec;
    impl->acceptor->close(ec);
  });
  const auto grace = impl_->shared->options.limits.stop_grace;
  impl_->door->stop(grace);
  impl_->door->join();
  // Streams live on the first loop and may still be handed over by the others: it stops last.
  for (auto i = impl_->loops.size(); i-- > 0;) {
    impl_->loops[i]->stop(grace);
    impl_->loops[i]->join();
  }
  impl_->acceptor.reset();
  impl_->shared->handler = nullptr;
  impl_.reset();
}

std::uint16_t Server::port() const { return impl_ ? impl_->port : std::uint16_t{0}; }

std::shared_ptr<Loop> Server::loop() const {
  ensure(impl_ != nullptr, "the server was not started", "api/http/server.cpp");
  return impl_->loops[0];
}

Status Server::reload_certificate() {
  ensure(impl_ != nullptr, "the server was not started", "api/http/server.cpp");
  auto& shared = *impl_->shared;
  if (!shared.options.tls)
    return fail(Errc::unsupported, "This server speaks plain HTTP: it has no certificate to read again.");
  auto loaded = load_tls(*shared.options.tls);
  if (!loaded) return fail(loaded.error());
  shared.tls.set(std::move(*loaded));
  return {};
}

std::optional<Micros> Server::certificate_ends() const {
  const auto tls = impl_ ? impl_->shared->tls.get() : nullptr;
  return tls ? std::optional(tls->ends()) : std::nullopt;
}

std::function<std::optional<Micros>()> Server::certificate_watch() const {
  ensure(impl_ != nullptr, "the server was not started", "api/http/server.cpp");
  return [weak = std::weak_ptr(impl_->shared)]() -> std::optional<Micros> {
    const auto shared = weak.lock();
    const auto tls = shared ? shared->tls.get() : nullptr;
    return tls ? std::optional(tls->ends()) : std::nullopt;
  };
}

ServerStats Server::stats() const {
  if (!impl_) return {};
  const auto& s = *impl_->shared;
  return {s.accepted, s.turned_away, s.requests, s.refused, s.timeouts, s.open, s.streams};
}

}  // namespace heliograph::http
