#include "api/request_log.hpp"

#include <algorithm>
#include <array>

#include "actors/process_log.hpp"

namespace heliograph::api {
namespace {

using process_log::Level;

/// Who runs the machine wants to see these; that something is not there, or is not valid, is between the server and its caller.
bool is_turned_away(int status) {
  static constexpr std::array statuses{401, 403, 408, 413, 414, 421, 429, 431};
  return std::find(statuses.begin(), statuses.end(), status) != statuses.end();
}

Level level_of(const http::Exchange& exchange) {
  if (exchange.status() == 501 || exchange.status() == 505) return Level::info;  // said so by the table; a client of another HTTP: neither has failed here
  if (exchange.status() == 503) return Level::warn;  // it has said itself that it is busy, or full
  if (exchange.status() >= 500) return Level::error;
  const bool never_read = exchange.route().empty() && exchange.path().empty();
  return is_turned_away(exchange.status()) || (never_read && exchange.status() >= 400) ? Level::info : Level::debug;
}

std::string_view sentence_of(Level level) {
  if (level == Level::error) return "A request failed.";
  if (level == Level::warn) return "A request was put off.";
  return level == Level::info ? "A request was turned away." : "A request was answered.";
}

}  // namespace

void log_request(const http::Exchange& exchange) {
  const Level level = level_of(exchange);
  if (level < Level::warn && !process_log::says(level)) return;
  process_log::Fields fields{{"request", exchange.id()}, {"trace", exchange.trace()}, {"method", exchange.method()}};
  if (!exchange.route().empty()) fields.emplace_back("route", exchange.route());
  else if (!exchange.path().empty()) fields.emplace_back("path", exchange.path());
  for (const auto& [key, value] : exchange.ids()) fields.emplace_back(key, value);
  fields.emplace_back("status", exchange.status());
  fields.emplace_back("took_us", exchange.took().count());
  fields.emplace_back("body_bytes", exchange.body_bytes());
  if (!exchange.who().empty()) fields.emplace_back("who", exchange.who());
  if (!exchange.peer().empty()) fields.emplace_back("peer", exchange.peer());
  if (!exchange.agent().empty()) fields.emplace_back("agent", exchange.agent());
  // Everybody's mishaps are read by who looks after the machine: who asked is in the log alone.
  const std::size_t about_whom = 3 + (exchange.route().empty() ? 0 : 1);
  process_log::write(level, "http", sentence_of(level), fields, process_log::Fields(fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(std::min(about_whom, fields.size()))));
}

}  // namespace heliograph::api
