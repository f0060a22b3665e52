#include "actors/notify/http_delivery.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace heliograph::notify {
namespace {

using Outcome = Delivery::Outcome;

Delivery made(Outcome outcome, std::string detail) { return {outcome, std::move(detail), std::nullopt, {}}; }

/// "Wed, 21 Oct 2026 07:28:00 GMT", the form that RFC 9110 tells senders to use.
std::optional<Micros> http_date(const std::string& text) {
  static constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  char month_text[4] = {};
  int day = 0, year = 0, hour = 0, minute = 0, second = 0, end = 0;
  const int found = std::sscanf(text.c_str(), "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &day, month_text,
                                &year, &hour, &minute, &second, &end);
  if (found != 6 || static_cast<std::size_t>(end) != text.size()) return std::nullopt;
  for (std::size_t month = 0; month < months.size(); ++month) {
    if (std::string_view(months[month]) != month_text) continue;
    char iso[48];
    std::snprintf(iso, sizeof iso, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, static_cast<int>(month) + 1, day, hour,
                  minute, second);
    const auto at = parse_time(iso);  // refuses what is no date
    return at ? std::optional(*at) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

Delivery delivered(std::string reference) {
  return {Outcome::delivered, "Delivered.", std::nullopt, std::move(reference)};
}
Delivery refused(std::string detail) { return made(Outcome::refused, std::move(detail)); }
Delivery disabled(std::string detail) { return made(Outcome::disabled, std::move(detail)); }
Delivery later(std::string detail) { return made(Outcome::later, std::move(detail)); }
Delivery expired() { return refused("The approval has expired: nothing was sent."); }

Delivery not_answered(const HttpAnswer& answer) {
  // A name may stand for another address an hour later; a URL that is none stays one.
  return answer.exchange == Exchange::wrong_address ? disabled(answer.detail) : later(answer.detail);
}

Delivery answered_later(const std::string& service, const HttpAnswer& answer, Micros now) {
  Delivery delivery = later(service + " answered " + std::to_string(answer.status) + ": it is tried again.");
  if (answer.retry_after) delivery.not_before = retry_moment(*answer.retry_after, now);
  return delivery;
}

std::optional<Micros> retry_moment(std::string_view value, Micros now) {
  std::int32_t seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error == std::errc() && end == value.data() + value.size())
    return seconds >= 0 ? std::optional(now + seconds * second_us) : std::nullopt;
  return http_date(std::string(value));
}

}  // namespace heliograph::notify
