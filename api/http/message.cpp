#include "api/http/message.hpp"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <utility>

#include "events/result.hpp"

namespace heliograph::http {
namespace beast = boost::beast;
using beast::error_code;

namespace {
std::string_view std_view(beast::string_view view) { return {view.data(), view.size()}; }
}  // namespace

/// Beast's parser, filling a Request from the head and from a body of known length. Chunks go through ChunkReader.
class MessageReader::Body final : public beast::http::basic_parser<true> {
 public:
  Body(Request& into, const Limits& limits) : into_(into) {
    eager(true);
    header_limit(static_cast<std::uint32_t>(limits.head_bytes + 1));
    body_limit(limits.body_bytes);
  }

 private:
  void on_request_impl(beast::http::verb, beast::string_view, beast::string_view target, int, error_code&) override {
    into_.target.assign(target.data(), target.size());
  }
  void on_response_impl(int, beast::string_view, int, error_code&) override {}
  void on_field_impl(beast::http::field, beast::string_view key, beast::string_view value, error_code&) override {
    into_.headers.emplace_back(std_view(key), std_view(value));
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    announced_ = length.value_or(0);
    make_room(64 * 1024);
  }
  std::size_t on_body_impl(beast::string_view piece, error_code&) override {
    if (into_.body.size() + piece.size() > into_.body.capacity()) make_room(4 * (into_.body.size() + piece.size()));
    into_.body.append(piece.data(), piece.size());
    return piece.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code& ec) override {
    ec = beast::http::error::bad_chunk;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, error_code& ec) override {
    ec = beast::http::error::bad_chunk;
    return 0;
  }
  void on_finish_impl(error_code&) override {}

  /// What is announced is not yet sent: it is trusted for a small multiple of what has come.
  void make_room(std::size_t trusted) { into_.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(announced_, trusted))); }

  Request& into_;
  std::uint64_t announced_ = 0;
};

MessageReader::MessageReader(const Limits& limits, const std::vector<std::string>& hosts, std::string own_address, const BodyRuleOf& body_rule)
    : limits_(limits), hosts_(hosts), own_address_(std::move(own_address)), body_rule_(body_rule) {}
MessageReader::~MessageReader() = default;

bool MessageReader::owes_continue() { return std::exchange(owes_continue_, false); }

MessageReader::Step MessageReader::refuse(Refusal refusal) {
  refusal_ = refusal;
  phase_ = Phase::refused;
  body_.reset();
  request_ = {};
  return Step::refused;
}

bool MessageReader::host_is_ours(std::string_view host) const {
  const auto name = host_name(host);
  if (name == own_address_) return true;
  return std::any_of(hosts_.begin(), hosts_.end(), [&](const auto& ours) { return ours == name || ours == "*"; });
}

MessageReader::Step MessageReader::feed(std::string_view bytes, std::size_t& eaten) {
  eaten = 0;
  if (phase_ == Phase::refused) return Step::refused;
  if (phase_ == Phase::body) return read_body(bytes, eaten);
  ensure(phase_ == Phase::head, "a finished request was not taken", "api/http/message.cpp");
  const auto scan = scan_head(bytes, seen_, limits_);
  seen_ = bytes.size();
  switch (scan.kind) {
    case HeadScan::Kind::need_more: return Step::need_more;
    case HeadScan::Kind::refused: return refuse(scan.refusal);
    case HeadScan::Kind::complete: break;
  }
  const auto step = read_whole_head(bytes.substr(0, scan.end), eaten);
  if (step != Step::need_more || eaten == bytes.size()) return step;
  std::size_t of_body = 0;
  const auto after = read_body(bytes.substr(eaten), of_body);
  eaten += of_body;
  return after;
}

MessageReader::Step MessageReader::read_whole_head(std::string_view head, std::size_t& eaten) {
  if (auto refusal = read_head(head, limits_, head_)) return refuse(*refusal);
  if (!host_is_ours(head_.host))
    return refuse({421, "foreign-host", "This server does not answer for that Host: use its own name, or allow it."});
  request_ = {};
  request_.method = head_.method;
  request_.minor_version = head_.minor_version;
  request_.keep_alive = head_.keep_alive;
  if (auto refusal = read_target(head_.path, request_.path, request_.query)) return refuse(*refusal);
  request_.headers.reserve(head_.fields.size());
  body_ = std::make_unique<Body>(request_, limits_);
  error_code ec;
  eaten = body_->put({head.data(), head.size()}, ec);
  if (ec && ec != beast::http::error::need_more)
    return refuse({400, "head", "The request's head is not well-formed HTTP/1.1."});
  // Two readers, one meaning: where they differ somebody is trying something.
  const bool agree = body_->is_header_done() && eaten == head.size() && request_.target == head_.target &&
                     request_.headers.size() == head_.fields.size() &&
                     body_->chunked() == (head_.framing == Framing::chunked) &&
                     body_->content_length().value_or(0) == head_.content_length;
  if (!agree)
    return refuse({400, "framing", "The request's framing can be read in two ways: send it in the plain form."});
  if (body_->is_done()) return complete();
  if (auto refusal = bound_body()) return refuse(*refusal);
  phase_ = Phase::body;
  chunks_ = {};
  owes_continue_ = head_.expects_continue;
  return Step::need_more;
}

/// What is large is taken only by who takes so much, and from whom it takes anything: bodies wait in memory until they are whole.
std::optional<Refusal> MessageReader::bound_body() {
  constexpr std::size_t small = 16 * 1024;
  body_most_ = limits_.body_bytes;
  const bool may_be_large = head_.framing == Framing::chunked || head_.content_length > small;
  if (!body_rule_ || !may_be_large) return std::nullopt;
  const BodyRule rule = body_rule_(request_);
  body_most_ = std::min(body_most_, rule.let_in ? rule.most : small);
  if (head_.content_length <= body_most_) return std::nullopt;
  if (!rule.let_in) return Refusal{401, "credentials", "Log in first (POST /api/v1/auth/login), or send an API key: a body as large as this is taken from nobody else."};
  return Refusal{413, "body-length", "The body is larger than this route takes: send it in smaller parts."};
}

MessageReader::Step MessageReader::complete() {
  phase_ = Phase::complete;
  return Step::complete;
}

MessageReader::Step MessageReader::read_body(std::string_view bytes, std::size_t& eaten) {
  if (bytes.empty()) return Step::need_more;
  owes_continue_ = false;  // it did not wait
  if (head_.framing == Framing::chunked) {
    if (auto refusal = chunks_.feed(bytes, body_most_, eaten, request_.body)) return refuse(*refusal);
    return chunks_.done() ? complete() : Step::need_more;
  }
  error_code ec;
  eaten = body_->put({bytes.data(), bytes.size()}, ec);
  if (ec && ec != beast::http::error::need_more)
    return refuse({400, "body", "The body is not what its head announced."});
  return body_->is_done() ? complete() : Step::need_more;
}

Request MessageReader::take() {
  ensure(phase_ == Phase::complete, "no finished request to take", "api/http/message.cpp");
  body_.reset();
  phase_ = Phase::head;
  seen_ = 0;
  owes_continue_ = false;
  return std::exchange(request_, {});
}

}  // namespace heliograph::http
