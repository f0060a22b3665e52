// The Responder: one answer, whoever gives it and from whichever thread.
#include <atomic>
#include <optional>

#include "api/http/coding.hpp"
#include "api/http/loop.hpp"
#include "api/http/problem.hpp"
#include "api/http/websocket.hpp"

namespace heliograph::http {
namespace {

class EndedStream final : public Stream {
 public:
  void push(SharedText, bool) override {}
  void flush() override {}
  void close() override {}
  void abort() override {}
  bool closed() const override { return true; }
  std::size_t queued_bytes() const override { return 0; }
  std::size_t queued_count() const override { return 0; }
  std::uint64_t written_bytes() const override { return 0; }
  void watch(std::function<void()>, std::function<void()> ended) override {
    if (ended) ended();
  }
};

class EndedSocket final : public Socket {
 public:
  void send(const SocketMessage&, bool) override {}
  void flush() override {}
  void close(Close, std::string) override {}
  void abort() override {}
  bool closed() const override { return true; }
  std::size_t queued_bytes() const override { return 0; }
  std::size_t queued_count() const override { return 0; }
};

}  // namespace

SocketHandle ended_socket() { return std::make_shared<EndedSocket>(); }
SocketHandle Answer::open_socket(Headers, std::string, SocketWatch) { return ended_socket(); }

StreamHandle ended_stream() { return std::make_shared<EndedStream>(); }

struct Responder::State {
  State(std::shared_ptr<Answer> to, std::shared_ptr<Exchange> of) : answer(std::move(to)), exchange(std::move(of)) {}
  ~State() {
    if (!answered.exchange(true))
      send(problem_response(500, "no-answer", "The server lost this request; try it again."));
  }
  void send(Response response) {
    response.headers.insert(response.headers.end(), extra.begin(), extra.end());
    if (coding) pack(response, *coding);
    answer->send(std::move(response));
  }
  std::shared_ptr<Answer> answer;
  std::shared_ptr<Exchange> exchange;
  std::atomic<bool> answered{false};
  // Complete before the request is passed on.
  Headers extra;
  std::optional<Coding> coding;  // nothing: every answer goes as it is
};

Responder::Responder(std::shared_ptr<Answer> answer, std::shared_ptr<Exchange> exchange)
    : state_(std::make_shared<State>(std::move(answer), exchange ? std::move(exchange) : std::make_shared<Exchange>())) {}

Exchange& Responder::exchange() const { return *state_->exchange; }

bool Responder::send(Response response) const {
  if (state_->answered.exchange(true)) return false;
  state_->send(std::move(response));
  return true;
}

bool Responder::send(const Error& error) const { return send(problem_response(error)); }

StreamHandle Responder::open_stream(Headers headers) const {
  if (state_->answered.exchange(true)) return ended_stream();
  headers.insert(headers.end(), state_->extra.begin(), state_->extra.end());
  return state_->answer->open_stream(std::move(headers));
}

SocketHandle Responder::open_socket(const Request& request, SocketWatch watch, Headers headers) const {
  if (auto refusal = refuse_handshake(request)) {
    send(std::move(*refusal));
    return ended_socket();
  }
  if (state_->answered.exchange(true)) return ended_socket();
  headers.insert(headers.end(), state_->extra.begin(), state_->extra.end());
  return state_->answer->open_socket(std::move(headers), accept_key(request.header("Sec-WebSocket-Key").value_or("")),
                                     std::move(watch));
}

void Responder::add_header(std::string name, std::string value) const {
  state_->extra.emplace_back(std::move(name), std::move(value));
}

void Responder::may_pack_for(const Request& request) const { state_->coding = choose_coding(request, {Coding::zstd, Coding::gzip, Coding::identity}); }

}  // namespace heliograph::http
