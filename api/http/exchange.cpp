#include "api/http/exchange.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "api/http/request_stats.hpp"
#include "events/result.hpp"

namespace heliograph::http {
namespace {

constexpr std::size_t path_kept = 120, agent_kept = 160;

bool is_hex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }
bool is_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

/// 16 random bytes, drawn in bundles.
std::array<unsigned char, 16> draw() {
  static thread_local std::array<unsigned char, 1024> pool;
  static thread_local std::size_t left = 0;
  std::array<unsigned char, 16> out;
  if (left == 0) {
    ensure(::RAND_bytes(pool.data(), static_cast<int>(pool.size())) == 1, "the system has random bytes", "api/http/exchange.cpp");
    left = pool.size();
  }
  left -= out.size();
  std::copy_n(pool.begin() + static_cast<std::ptrdiff_t>(left), out.size(), out.begin());
  return out;
}

}  // namespace

/// 00-<32 hex>-<16 hex>-<2 hex>. A later version may say more after a dash; "ff" is none, and ids of zeros are none.
std::optional<std::string> parse_traceparent(std::string_view header) {
  if (header.size() < 55 || header[2] != '-' || header[35] != '-' || header[52] != '-') return std::nullopt;
  const std::string_view version = header.substr(0, 2), trace = header.substr(3, 32), parent = header.substr(36, 16), flags = header.substr(53, 2);
  if (!is_hex(version) || !is_hex(trace) || !is_hex(parent) || !is_hex(flags) || version == "ff" || is_zero(trace) || is_zero(parent)) return std::nullopt;
  if (header.size() > 55 && (version == "00" || header[55] != '-')) return std::nullopt;
  return std::string(trace);
}

Exchange::Exchange(std::shared_ptr<RequestStats> stats) : stats_(std::move(stats)) { name_it(); }

Exchange::Exchange(const Request& request, std::shared_ptr<RequestStats> stats)
    : stats_(std::move(stats)), method_(name(request.method)), path_(request.path, 0, path_kept), peer_(request.peer) {
  name_it();
  const std::string* sent = nullptr;
  int times = 0;
  for (const auto& [key, value] : request.headers) {
    if (same_ignoring_case(key, "traceparent")) sent = &value, ++times;
    if (same_ignoring_case(key, "User-Agent")) agent_.assign(value, 0, agent_kept);
  }
  if (times != 1) return;  // two of them: nobody knows which trace it is
  if (auto trace = parse_traceparent(*sent)) trace_ = std::move(*trace), traced_ = true;
}

Exchange::~Exchange() {
  if (stats_ && row_ != 0 && status_ == 0) stats_->left(row_);
}

void Exchange::name_it() {
  static constexpr char digits[] = "0123456789abcdef";
  auto bytes = draw();
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);  // RFC 9562: version 4
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  trace_.reserve(32), id_.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const char digit : {digits[bytes[i] >> 4], digits[bytes[i] & 15]}) trace_ += digit, id_ += digit;
    if (i == 3 || i == 5 || i == 7 || i == 9) id_ += '-';
  }
}

void Exchange::routed(std::size_t row, std::string_view route, Pairs ids) {
  row_ = row;
  route_ = route;
  path_.clear();
  ids_ = std::move(ids);
  if (stats_) stats_->began(row_);
}

void Exchange::admitted(const Request& request) {
  peer_ = request.peer;
  if (request.caller) who_ = request.caller->name();
}

void Exchange::answered(int status, std::size_t body_bytes) {
  if (status_ != 0) return;
  status_ = status;
  body_bytes_ = body_bytes;
  took_ = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began_);
  if (!stats_) return;
  stats_->count(row_, status, took_, body_bytes);
  if (row_ != 0) stats_->left(row_);
}

}  // namespace heliograph::http
