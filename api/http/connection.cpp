// One keep-alive connection: reads into a fixed buffer, dispatches one request at a time, writes answers in the order
// of the requests. Runs on its loop's thread only; nothing here blocks or waits.
#include <algorithm>
#include <array>
#include <cstring>
#include <exception>

#include "api/http/loop.hpp"
#include "api/http/message.hpp"
#include "api/http/problem.hpp"
#include "api/http/send_queue.hpp"
#include "api/http/writer.hpp"

namespace heliograph::http {
namespace {

constexpr std::size_t inbox_bytes = 16 * 1024;
constexpr std::size_t inbox_bytes_max =
    256 * 1024;  // while a large body comes in: a read costs as much as copying 20 kB
constexpr std::size_t pause_at_bytes = 256 * 1024;  // answers waiting: take no further pipelined request
constexpr std::size_t copy_below_bytes = 16 * 1024;
constexpr std::size_t body_window_bytes = 32 * 1024;

class Connection final : public Served,
                         public Asker,
                         public TransportUser,
                         public std::enable_shared_from_this<Connection> {
 public:
  Connection(ServerLoop& loop, std::shared_ptr<ServerShared> shared, Wire wire, std::string peer,
             std::string own_address, bool reserved)
      : loop_(loop),
        shared_(std::move(shared)),
        limits_(shared_->options.limits),
        transport_(loop, std::move(wire)),
        peer_(std::move(peer)),
        reserved_(reserved),
        reader_(limits_, shared_->hosts, std::move(own_address), shared_->options.body_rule),
        inbox_size_(least_inbox()),
        inbox_(std::make_unique<char[]>(inbox_size_)) {}
  ~Connection() override { shared_->open.fetch_sub(1, std::memory_order_relaxed); }

  void begin();
  void answer(std::uint64_t request, Response response) override;
  void hand_over(std::uint64_t request, const Takeover& takeover) override;

  void on_sweep() override;
  void stop_soon() override;
  void abort() override { close(); }
  bool give_way() override;
  void on_read(Flow flow, std::size_t n) override;
  void on_writable(bool open) override;

 private:
  enum class Wait : std::uint8_t { none, first, idle, head, body, write, linger };

  std::size_t least_inbox() const { return std::max(inbox_bytes, limits_.head_bytes + 1024); }
  void fit_inbox();
  void pump();
  void take_requests();
  void dispatch(Request request);
  void append(Response response);
  Exchange& exchange();
  void tell(int status, std::size_t body_bytes);
  void append_takeover(const Takeover& takeover);
  void turn_away();
  void refuse(const Refusal& refusal);
  bool flush();
  void read_more();
  void linger();
  void release_to_stream();
  void close();
  void wait_for(Wait wait);

  ServerLoop& loop_;
  std::shared_ptr<ServerShared> shared_;
  const Limits& limits_;
  Transport transport_;
  std::string peer_;
  const bool reserved_;
  MessageReader reader_;
  std::shared_ptr<Exchange> exchange_;  // of the request that is being answered
  SendQueue outbox_;
  std::size_t inbox_size_;
  std::unique_ptr<char[]> inbox_;
  std::size_t begin_ = 0, end_ = 0;
  std::size_t window_ = 0;    // body bytes since the deadline was set
  std::size_t lingered_ = 0;  // bytes thrown away
  std::uint64_t request_ = 0;
  std::uint64_t deadline_ = 0;
  std::uint64_t asked_by_ = 0;            // a reserved connection's one deadline
  std::shared_ptr<SocketStream> stream_;  // takes the socket over once the outbox is empty
  Wait wait_ = Wait::none;
  bool head_only_ = false, keep_alive_ = true, served_one_ = false;
  bool awaiting_ = false, dispatching_ = false, reading_ = false, writing_ = false;
  bool closing_ = false, lingering_ = false, closed_ = false;
};

void Connection::begin() {
  loop_.add(shared_from_this());
  if (loop_.stopping())
    close();
  else
    read_more();
}

bool Connection::give_way() {
  if (awaiting_) return false;
  shared_->turned_away.fetch_add(1, std::memory_order_relaxed);
  close();
  return true;
}

void Connection::turn_away() {
  shared_->turned_away.fetch_add(1, std::memory_order_relaxed);
  Problem full{503, "too-many-connections", {}, "The server has all the connections it takes: try again in a moment."};
  full.headers.emplace_back("Retry-After", "5");
  keep_alive_ = false;
  head_only_ = false;
  append(problem_response(full));
}

void Connection::wait_for(Wait wait) {
  if (wait == wait_ && wait != Wait::write && wait != Wait::body) return;  // a deadline is not put off by single bytes
  if (wait == Wait::body && wait_ == Wait::body && window_ < body_window_bytes) return;
  wait_ = wait;
  window_ = 0;
  const bool asks = wait == Wait::first || wait == Wait::head || wait == Wait::body;
  if (reserved_ && asks) {
    if (asked_by_ == 0) asked_by_ = loop_.sweep_after(limits_.reserved_timeout);
    deadline_ = asked_by_;
    return;
  }
  switch (wait) {
    case Wait::none: return;
    case Wait::first:
    case Wait::head: deadline_ = loop_.sweep_after(limits_.head_timeout); return;
    case Wait::idle: deadline_ = loop_.sweep_after(limits_.idle_timeout); return;
    case Wait::body: deadline_ = loop_.sweep_after(limits_.body_timeout); return;
    case Wait::write: deadline_ = loop_.sweep_after(limits_.write_timeout); return;
    case Wait::linger: deadline_ = loop_.sweep_after(limits_.linger_timeout); return;
  }
}

void Connection::on_sweep() {
  if (wait_ == Wait::none || loop_.sweep() < deadline_) return;
  if (reserved_ && wait_ != Wait::write && wait_ != Wait::linger) {
    turn_away();
    pump();
    return;
  }
  switch (wait_) {
    case Wait::head:
    case Wait::body:
      shared_->timeouts.fetch_add(1, std::memory_order_relaxed);
      refuse({408, "timeout", "The request did not arrive in time: send it again on a new connection."});
      pump();
      return;
    case Wait::write:
      shared_->timeouts.fetch_add(1, std::memory_order_relaxed);
      close();
      return;
    default: close(); return;  // nothing was asked, or everything was answered
  }
}

void Connection::stop_soon() {
  if (awaiting_ || writing_ || lingering_)
    closing_ = closing_ || !awaiting_;
  else
    close();
}

void Connection::pump() {
  for (bool again = true; again;) {
    take_requests();
    again = outbox_.bytes() >= pause_at_bytes;
    if (!flush()) return;
  }
  if (stream_)
    release_to_stream();
  else if (closing_)
    linger();
  else if (!awaiting_)
    read_more();
}

void Connection::take_requests() {
  while (!closed_ && !awaiting_ && !closing_ && !stream_ && outbox_.bytes() < pause_at_bytes) {
    if (begin_ == end_) return;
    std::size_t eaten = 0;
    const auto step = reader_.feed({inbox_.get() + begin_, end_ - begin_}, eaten);
    begin_ += eaten;
    if (begin_ == end_) begin_ = end_ = 0;
    if (step == MessageReader::Step::refused) return refuse(reader_.refusal());
    if (step == MessageReader::Step::need_more) {
      if (reader_.owes_continue()) outbox_.append("HTTP/1.1 100 Continue\r\n\r\n");
      return;
    }
    dispatch(reader_.take());
  }
}

void Connection::dispatch(Request request) {
  shared_->requests.fetch_add(1, std::memory_order_relaxed);
  request.peer = peer_;
  request.secure = transport_.secure();
  if (reserved_ && !(shared_->options.urgent && shared_->options.urgent(request))) return turn_away();
  head_only_ = request.method == Method::head;
  keep_alive_ = request.keep_alive && !reserved_;
  served_one_ = true;
  awaiting_ = true;
  wait_for(Wait::none);
  exchange_ = std::make_shared<Exchange>(request, shared_->options.stats);
  Responder responder(pending_answer(shared_from_this(), loop_.shared_from_this(), shared_, ++request_), exchange_);
  dispatching_ = true;
  try {
    shared_->handler(std::move(request), std::move(responder));
  } catch (const std::exception&) {
    // The Responder died with the handler and has answered 500; the server goes on.
  }
  dispatching_ = false;
}

void Connection::answer(std::uint64_t request, Response response) {
  if (closed_ || !awaiting_ || request != request_) return;
  awaiting_ = false;
  append(std::move(response));
  if (!dispatching_) pump();
}

/// What is answered without a request has an id, too.
Exchange& Connection::exchange() {
  if (!exchange_) exchange_ = std::make_shared<Exchange>(shared_->options.stats);
  return *exchange_;
}

void Connection::tell(int status, std::size_t body_bytes) {
  exchange().answered(status, body_bytes);
  if (shared_->options.answered) shared_->options.answered(*exchange_);
  exchange_.reset();
}

void Connection::append(Response response) {
  if (loop_.stopping()) keep_alive_ = false;
  name_instance(response, exchange().id());
  auto& text = outbox_.open_text();
  const auto before = text.size();
  append_head(text, response, keep_alive_, transport_.secure());
  const bool with_body = !head_only_ && may_have_body(response.status);
  const int status = response.status;
  const std::size_t body_bytes = !with_body ? 0 : response.shared_body ? response.shared_body->size() : response.body.size();
  const bool copied = with_body && !response.shared_body && response.body.size() < copy_below_bytes;
  if (copied) text += response.body;
  outbox_.appended(text.size() - before);
  if (with_body && !copied)
    outbox_.push(response.shared_body ? std::move(response.shared_body)
                                      : std::make_shared<const std::string>(std::move(response.body)));
  if (!keep_alive_) closing_ = true;
  tell(status, body_bytes);
}

void Connection::refuse(const Refusal& refusal) {
  shared_->refused.fetch_add(1, std::memory_order_relaxed);
  keep_alive_ = false;
  head_only_ = false;
  append(problem_response(problem_of(refusal)));
}

/// Sends what the kernel takes now. False when the rest must wait, or the connection is over.
bool Connection::flush() {
  if (closed_ || writing_) return false;
  while (!outbox_.empty()) {
    std::array<Part, 16> parts;
    const auto n = outbox_.gather(parts.data(), parts.size());
    const auto [flow, sent] = transport_.write(parts.data(), n);
    if (flow == Flow::moved) {
      outbox_.consume(sent);
      continue;
    }
    if (flow == Flow::wants_room) {
      writing_ = true;
      wait_for(Wait::write);
      transport_.when_writable(shared_from_this());
    } else {
      close();
    }
    return false;
  }
  return true;
}

void Connection::on_writable(bool open) {
  writing_ = false;
  if (closed_) return;
  if (!open) return close();
  wait_ = Wait::none;
  pump();
}

/// The inbox grows with what a body has brought, not with what it announces, and shrinks when the body is done.
void Connection::fit_inbox() {
  const std::size_t wanted =
      reader_.in_body() ? std::clamp(reader_.body_bytes(), least_inbox(), inbox_bytes_max) : least_inbox();
  const std::size_t held = end_ - begin_;
  const bool fits = reader_.in_body() ? wanted < 2 * inbox_size_ : wanted == inbox_size_;
  if (fits || held >= wanted) return;
  auto fitting = std::make_unique_for_overwrite<char[]>(wanted);
  std::memcpy(fitting.get(), inbox_.get() + begin_, held);
  inbox_ = std::move(fitting);
  inbox_size_ = wanted;
  begin_ = 0;
  end_ = held;
}

void Connection::read_more() {
  if (reading_ || closed_) return;
  fit_inbox();
  if (begin_ > 0 && end_ == inbox_size_) {
    std::memmove(inbox_.get(), inbox_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  ensure(end_ < inbox_size_, "the reader left a full buffer", "api/http/connection.cpp");
  if (reader_.in_body())
    wait_for(Wait::body);
  else if (!reader_.idle())
    wait_for(Wait::head);
  else
    wait_for(served_one_ ? Wait::idle : Wait::first);
  reading_ = true;
  transport_.read(shared_from_this(), inbox_.get() + end_, inbox_size_ - end_);
}

void Connection::on_read(Flow flow, std::size_t n) {
  reading_ = false;
  if (closed_) return;
  // Nothing is read while an answer is due, so an end here leaves nobody without one.
  if (flow == Flow::over) return close();
  if (flow == Flow::not_tls) {
    transport_.go_plain();
    refuse({400, "plain-http", "This port speaks HTTPS only: ask again with https:// in front."});
    return pump();
  }
  if (lingering_) {
    lingered_ += n;
    if (lingered_ > limits_.linger_bytes) return close();
    return linger();
  }
  end_ += n;
  window_ += n;
  pump();
}

/// Everything is said. What still comes in is thrown away for a while: closing at once would let the kernel take back
/// the answer from a client that is still sending.
void Connection::linger() {
  if (!lingering_) {
    lingering_ = true;
    transport_.finish_sending();
    wait_for(Wait::linger);
  }
  if (reading_) return;
  reading_ = true;
  transport_.read(shared_from_this(), inbox_.get(), inbox_size_);
}

void Connection::hand_over(std::uint64_t request, const Takeover& takeover) {
  if (closed_ || !awaiting_ || request != request_) return takeover.stream->abort();
  awaiting_ = false;
  const bool nobody = head_only_ || loop_.stopping();
  if (nobody && takeover.accept)
    append(problem_response(503, "stopping", "The server stops: connect again in a moment."));
  else
    append_takeover(takeover);
  if (nobody) {
    closing_ = true;
    takeover.stream->abort();
  } else {
    stream_ = takeover.stream;
  }
  if (!dispatching_) pump();
}

void Connection::append_takeover(const Takeover& takeover) {
  auto& text = outbox_.open_text();
  const auto before = text.size();
  Headers headers = takeover.headers;
  headers.emplace_back("X-Request-Id", exchange().id());
  if (takeover.accept)
    append_switch_head(text, headers, *takeover.accept, transport_.secure());
  else
    append_stream_head(text, headers, transport_.secure());
  outbox_.appended(text.size() - before);
  tell(takeover.accept ? 101 : 200, 0);
}

void Connection::release_to_stream() {
  auto held = std::make_shared<Wire>(transport_.release());
  auto stream = std::exchange(stream_, nullptr);
  closed_ = true;
  auto& home = *shared_->stream_loop;
  auto attach = [held, stream, early = std::string(inbox_.get() + begin_, end_ - begin_)] {
    stream->attach(std::move(*held), early);
  };
  if (home.is_this_thread())
    attach();
  else
    home.post(std::move(attach));
  loop_.remove(*this);
}

void Connection::close() {
  if (closed_) return;
  closed_ = true;
  if (stream_) std::exchange(stream_, nullptr)->abort();
  transport_.close(outbox_.empty());
  loop_.remove(*this);
}

}  // namespace

std::shared_ptr<Served> serve_connection(ServerLoop& loop, std::shared_ptr<ServerShared> shared, Wire wire,
                                         std::string peer, std::string own_address, bool reserved) {
  if (const auto tls = shared->tls.get()) wire.tls = tls->begin(wire.socket);
  auto connection = std::make_shared<Connection>(loop, std::move(shared), std::move(wire), std::move(peer),
                                                 std::move(own_address), reserved);
  connection->begin();
  return connection;
}

}  // namespace heliograph::http
