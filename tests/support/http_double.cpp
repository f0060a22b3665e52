#include "tests/support/http_double.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace heliograph::testing {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

Asked read_request(const http::request<http::string_body>& request) {
  Asked asked{std::string(request.method_string()), std::string(request.target()), request.body(), {}};
  for (const auto& field : request) {
    std::string name(field.name_string());
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    asked.headers[name] = std::string(field.value());
  }
  return asked;
}

template <class Stream>
void play(Stream& stream, const Script& script, tcp::socket& socket) {
  error_code error;
  if (script.then == Script::Then::repeat) {
    asio::write(stream, asio::buffer(script.head), error);
    while (!error) asio::write(stream, asio::buffer(script.bytes), error);
    return;
  }
  asio::write(stream, asio::buffer(script.bytes), error);
  if (script.then == Script::Then::stall) {
    char c;
    while (!error) stream.read_some(asio::buffer(&c, 1), error);
  }
  if (script.then == Script::Then::reset) socket.set_option(asio::socket_base::linger(true, 0), error);
}

}  // namespace

Script answer(int status, const std::string& body, const std::string& headers) {
  return {"HTTP/1.1 " + std::to_string(status) + " Scripted\r\n" + headers +
              "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
          Script::Then::close,
          {}};
}

struct HttpDouble::State {
  asio::io_context io;
  tcp::acceptor acceptor{io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  std::optional<asio::ssl::context> tls;
  std::vector<Script> scripts;
  mutable std::mutex mutex;
  mutable std::condition_variable came;
  std::vector<Asked> asked;  // guarded by mutex
  int connections = 0;       // guarded by mutex
  bool stopping = false;     // guarded by mutex
  std::thread thread;

  template <class Stream>
  void serve(Stream& stream, tcp::socket& socket, const Script& script) {
    boost::beast::flat_buffer buffer;
    http::request<http::string_body> request;
    error_code error;
    http::read(stream, buffer, request, error);
    if (error) return;
    {
      const std::lock_guard lock(mutex);
      asked.push_back(read_request(request));
    }
    came.notify_all();
    play(stream, script, socket);
  }

  void run() {
    for (std::size_t turn = 0;; ++turn) {
      tcp::socket socket(io);
      error_code error;
      acceptor.accept(socket, error);
      {
        const std::lock_guard lock(mutex);
        if (stopping || error) return;
        ++connections;
      }
      const Script& script = scripts[std::min(turn, scripts.size() - 1)];
      if (!tls) {
        serve(socket, socket, script);
        continue;
      }
      asio::ssl::stream<tcp::socket&> stream(socket, *tls);
      stream.handshake(asio::ssl::stream_base::server, error);
      if (error) continue;
      serve(stream, socket, script);
      if (script.then == Script::Then::close) stream.shutdown(error);
    }
  }
};

HttpDouble::HttpDouble(std::vector<Script> scripts, const ServerCertificate* certificate)
    : state_(std::make_unique<State>()) {
  state_->scripts = std::move(scripts);
  if (certificate) {
    state_->tls.emplace(asio::ssl::context::tls_server);
    state_->tls->use_certificate_chain_file(certificate->certificate_file);
    state_->tls->use_private_key_file(certificate->key_file, asio::ssl::context::pem);
  }
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

HttpDouble::~HttpDouble() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  // A connection of our own ends the accept that it waits in.
  error_code error;
  tcp::socket knock(state_->io);
  knock.connect(state_->acceptor.local_endpoint(), error);
  state_->thread.join();
}

std::uint16_t HttpDouble::port() const { return state_->acceptor.local_endpoint().port(); }

std::vector<Asked> HttpDouble::asked() const {
  const std::lock_guard lock(state_->mutex);
  return state_->asked;
}

bool HttpDouble::wait_for(std::size_t requests) const {
  std::unique_lock lock(state_->mutex);
  return state_->came.wait_for(lock, std::chrono::minutes(1), [&] { return state_->asked.size() >= requests; });
}

int HttpDouble::connections() const {
  const std::lock_guard lock(state_->mutex);
  return state_->connections;
}

std::uint16_t closed_port() {
  asio::io_context io;
  return tcp::acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)).local_endpoint().port();
}

}  // namespace heliograph::testing
