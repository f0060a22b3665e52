#include "api/http/server.hpp"

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

constexpr std::uint64_t turning_away = 64;  // beyond the limit so many at once still get their 503; then silence

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

std::string as_host(const asio::ip::address& address) {
  return address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
}

}  // namespace

struct Server::Impl {
  std::shared_ptr<ServerShared> shared = std::make_shared<ServerShared>();
  std::vector<std::shared_ptr<ServerLoop>> loops;
  std::optional<tcp::acceptor> acceptor;
  std::uint16_t port = 0;
  std::size_t next_loop = 0;

  Status listen(const tcp::endpoint& endpoint, const std::string& address);
  void accept();
  void serve(ServerLoop& loop, tcp::socket socket);
};

Status Server::Impl::listen(const tcp::endpoint& endpoint, const std::string& address) {
  error_code ec;
  acceptor.emplace(loops[0]->context());
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
  auto& loop = *loops[next_loop++ % loops.size()];
  acceptor->async_accept(loop.context(), [this, &loop](error_code ec, tcp::socket socket) {
    if (!acceptor->is_open() || loops[0]->stopping()) return;
    if (!ec) {
      serve(loop, std::move(socket));
      accept();
    } else {  // mostly: no file handles left. Waiting lets some come back.
      loops[0]->after(std::chrono::milliseconds(50), [this] { accept(); });
    }
  });
}

void Server::Impl::serve(ServerLoop& loop, tcp::socket socket) {
  error_code gone, gone_too, ec;
  const auto remote = socket.remote_endpoint(gone);
  const auto local = socket.local_endpoint(gone_too);
  if (gone || gone_too) return;
  ++shared->accepted;
  const auto open = shared->open.fetch_add(1);
  const bool full = open >= shared->options.limits.connections;
  if (full) ++shared->turned_away;
  if (open >= shared->options.limits.connections + turning_away) {
    --shared->open;
    return;
  }
  const bool ipv6 = local.protocol() == tcp::v6();
  const auto fd = socket.release(ec);
  if (&loop == loops[0].get())
    return serve_connection(loop, shared, fd, ipv6, remote.address().to_string(), as_host(local.address()), full);
  auto held = std::make_shared<HeldSocket>(fd);
  loop.post([&loop, shared = shared, held, ipv6, full, peer = remote.address().to_string(),
             own = as_host(local.address())] { serve_connection(loop, shared, held->take(), ipv6, peer, own, full); });
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
  shared.hosts = {"localhost", "127.0.0.1", "[::1]"};
  shared.hosts.insert(shared.hosts.end(), shared.options.allowed_hosts.begin(), shared.options.allowed_hosts.end());
  for (unsigned i = 0; i < std::max(1u, shared.options.threads); ++i)
    impl->loops.push_back(std::make_shared<ServerLoop>(shared.options.limits));
  shared.stream_loop = impl->loops[0];
  if (auto listening = impl->listen(*endpoint, address); !listening) return listening;
  impl_ = std::move(impl);
  for (auto& loop : impl_->loops) loop->run_in_thread();
  impl_->loops[0]->post([impl = impl_.get()] { impl->accept(); });
  return {};
}

void Server::stop() {
  if (!impl_) return;
  for (const auto& loop : impl_->loops)
    ensure(!loop->is_this_thread(), "a server cannot be stopped from its own thread", "api/http/server.cpp");
  impl_->loops[0]->post([impl = impl_.get()] {
    error_code ec;
    impl->acceptor->close(ec);
  });
  const auto grace = impl_->shared->options.limits.stop_grace;
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

ServerStats Server::stats() const {
  if (!impl_) return {};
  const auto& s = *impl_->shared;
  return {s.accepted, s.turned_away, s.requests, s.refused, s.timeouts, s.open, s.streams};
}

}  // namespace heliograph::http
