#include "actors/notify/schedule.hpp"

#include <algorithm>
#include <array>

namespace heliograph::notify {
namespace {

constexpr Micros s = second_us, min = minute_us, h = hour_us;

// Standard Webhooks' list. Receivers may count on it, so it is not shortened.
constexpr std::array webhook_pauses = {5 * s, 5 * min, 30 * min, 2 * h, 5 * h, 10 * h, 14 * h, 20 * h, 24 * h};
// Greylisting lets pass after five minutes or so; what is older than a day is read in the house itself.
constexpr std::array mail_pauses = {5 * min, 10 * min, 20 * min, 40 * min, 80 * min, 3 * h, 6 * h, 12 * h};
// A text message is for now. Each try costs, and an hour later the mail has told it.
constexpr std::array sms_pauses = {30 * s, 2 * min, 5 * min, 15 * min, 30 * min};
constexpr std::array slack_pauses = {5 * s, 30 * s, 2 * min, 10 * min, 30 * min, 1 * h, 2 * h};
// PagerDuty asks for growing pauses of minutes.
constexpr std::array pagerduty_pauses = {1 * min, 2 * min, 5 * min, 10 * min, 20 * min, 40 * min, 1 * h, 2 * h, 4 * h};

// No answer may put a notice off for longer than the longest pause of ours.
constexpr Micros asked_pause_max = 24 * h;

}  // namespace

std::span<const Micros> pauses(ChannelKind kind) {
  switch (kind) {
    case ChannelKind::mail: return mail_pauses;
    case ChannelKind::sms: return sms_pauses;
    case ChannelKind::slack: return slack_pauses;
    case ChannelKind::pagerduty: return pagerduty_pauses;
    case ChannelKind::webhook: return webhook_pauses;
  }
  broken_invariant("a channel kind has pauses", "pauses");
}

std::optional<Micros> next_try(ChannelKind kind, const Notice& notice, const Delivery& last, int tries, Micros now,
                               double jitter) {
  ensure(tries >= 1, "a try was made", "next_try");
  if (last.outcome != Delivery::Outcome::later) return std::nullopt;
  const auto list = pauses(kind);
  if (static_cast<std::size_t>(tries) > list.size()) return std::nullopt;
  const Micros pause = list[static_cast<std::size_t>(tries) - 1];
  const double share = std::clamp(jitter, 0.0, 1.0) / 5;
  Micros at = now + pause + static_cast<Micros>(static_cast<double>(pause) * share);
  if (last.not_before) at = std::max(at, std::min(*last.not_before, now + asked_pause_max));
  if (is_expired(notice, at)) return std::nullopt;
  return at;
}

}  // namespace heliograph::notify
