#include "api/http/transport.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

#include "api/http/loop.hpp"

namespace heliograph::http {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

Wire::Wire(Wire&& other) noexcept
    : socket(std::exchange(other.socket, -1)), ipv6(other.ipv6), tls(std::move(other.tls)), seat(std::move(other.seat)) {}

Wire::~Wire() {
  if (socket >= 0) ::close(socket);
}

struct Transport::Inside {
  explicit Inside(asio::io_context& context) : socket(context) {}
  tcp::socket socket;
  bool ipv6 = false;
};

Transport::Transport(ServerLoop& loop, Wire wire)
    : inside_(std::make_unique<Inside>(loop.context())), tls_(std::move(wire.tls)), seat_(std::move(wire.seat)), socket_(wire.socket) {
  error_code ec;
  inside_->ipv6 = wire.ipv6;
  inside_->socket.assign(wire.ipv6 ? tcp::v6() : tcp::v4(), wire.socket, ec);
  if (ec) {  // no memory: the wire closes it, and the first read says that it is over
    socket_ = -1;
    return;
  }
  wire.socket = -1;
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Transport::~Transport() = default;

void Transport::read(std::shared_ptr<TransportUser> user, char* into, std::size_t room) {
  if (!tls_ || finished_) {
    inside_->socket.async_read_some(asio::buffer(into, room), [user = std::move(user)](error_code ec, std::size_t n) {
      user->on_read(ec ? Flow::over : Flow::moved, n);
    });
    return;
  }
  if (!tls_->may_have_more()) return fetch(std::move(user), into, room);
  // Later, as a socket's own bytes would come: many small records must not become a deep recursion.
  asio::post(inside_->socket.get_executor(), [this, user = std::move(user), into, room]() mutable {
    if (socket_ < 0 || finished_) return user->on_read(socket_ < 0 ? Flow::over : Flow::moved, 0);
    decrypt(std::move(user), into, room);
  });
}

void Transport::fetch(std::shared_ptr<TransportUser> user, char* into, std::size_t room) {
  const auto inbox = tls_->inbox();
  inside_->socket.async_read_some(asio::buffer(inbox.data(), inbox.size()),
                                  [this, user = std::move(user), into, room](error_code ec, std::size_t n) mutable {
                                    // A closed socket's number may be somebody else's already.
                                    if (ec || socket_ < 0) return user->on_read(Flow::over, 0);
                                    if (finished_) return user->on_read(Flow::moved, n);
                                    tls_->arrived(n);
                                    decrypt(std::move(user), into, room);
                                  });
}

void Transport::decrypt(std::shared_ptr<TransportUser> user, char* into, std::size_t room) {
  const auto [flow, n] = tls_->read(into, room);
  if (flow == Flow::wants_input) return fetch(std::move(user), into, room);
  if (flow != Flow::wants_room) return user->on_read(flow, n);
  inside_->socket.async_wait(tcp::socket::wait_write,
                             [this, user = std::move(user), into, room](error_code ec) mutable {
                               if (ec || socket_ < 0) return user->on_read(Flow::over, 0);
                               if (finished_) return user->on_read(Flow::moved, 0);
                               decrypt(std::move(user), into, room);
                             });
}

Moved Transport::write(const Part* parts, std::size_t count) {
  if (socket_ < 0) return {Flow::over, 0};
  if (tls_) return tls_->write(parts, count);
  constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
  ssize_t sent = 0;
  if (count == 1) {
    sent = ::send(socket_, parts[0].data, parts[0].size, flags);
  } else {
    std::array<iovec, 32> vectors;
    const auto most = std::min(count, vectors.size());
    for (std::size_t i = 0; i < most; ++i) vectors[i] = {const_cast<char*>(parts[i].data), parts[i].size};
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = most;
    sent = ::sendmsg(socket_, &message, flags);
  }
  if (sent >= 0) return {Flow::moved, static_cast<std::size_t>(sent)};
  const bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  return {later ? Flow::wants_room : Flow::over, 0};
}

void Transport::when_writable(std::shared_ptr<TransportUser> user) {
  inside_->socket.async_wait(tcp::socket::wait_write,
                             [user = std::move(user)](error_code ec) { user->on_writable(!ec); });
}

void Transport::finish_sending() {
  if (socket_ < 0 || finished_) return;
  finished_ = true;
  if (tls_) tls_->goodbye();
  ::shutdown(socket_, SHUT_WR);
}

void Transport::close(bool all_said) {
  if (socket_ < 0) return;
  if (tls_ && all_said && !finished_) tls_->goodbye();
  socket_ = -1;
  tls_.reset();
  error_code ec;
  inside_->socket.close(ec);
}

Wire Transport::release() {
  error_code ec;
  inside_->socket.release(ec);
  Wire wire(std::exchange(socket_, -1), inside_->ipv6);
  wire.tls = std::move(tls_);
  wire.seat = std::move(seat_);
  return wire;
}

}  // namespace heliograph::http
