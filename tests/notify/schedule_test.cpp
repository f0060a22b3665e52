// When a notice is tried again: the published lists, jitter that is given in, waits that were asked for, and nothing
// after an approval has expired.
#include "actors/notify/schedule.hpp"

#include <catch2/catch.hpp>

#include "actors/notify/http_delivery.hpp"

using namespace heliograph;
using namespace heliograph::notify;

namespace {

constexpr Micros now = 1'748'858'400 * second_us;  // 2025-06-02T10:00:00Z
const Delivery again = later("x");

Notice approval_until(Micros expires_at) {
  Notice notice;
  notice.kind = NoticeKind::approval;
  notice.approval.emplace().expires_at = expires_at;
  return notice;
}

}  // namespace

TEST_CASE("a webhook is tried at the moments that Standard Webhooks names, then given up") {
  const Micros list[] = {5 * second_us, 5 * minute_us, 30 * minute_us, 2 * hour_us, 5 * hour_us,
                         10 * hour_us,  14 * hour_us,  20 * hour_us,   24 * hour_us};
  for (int tries = 1; tries <= 9; ++tries)
    CHECK(next_try(ChannelKind::webhook, {}, again, tries, now, 0) == now + list[tries - 1]);
  CHECK_FALSE(next_try(ChannelKind::webhook, {}, again, 10, now, 0));
}

TEST_CASE("every list grows and ends") {
  for (const ChannelKind kind :
       {ChannelKind::mail, ChannelKind::sms, ChannelKind::slack, ChannelKind::pagerduty, ChannelKind::webhook}) {
    CAPTURE(name(kind));
    Micros before = 0;
    for (const Micros pause : pauses(kind)) {
      CHECK(pause > before);
      before = pause;
    }
    const int all = static_cast<int>(pauses(kind).size());
    CHECK(next_try(kind, {}, again, all, now, 0.5));
    CHECK_FALSE(next_try(kind, {}, again, all + 1, now, 0.5));
  }
  CHECK(pauses(ChannelKind::mail).front() == 5 * minute_us);
}

TEST_CASE("jitter puts off by at most a fifth and never brings forward") {
  CHECK(next_try(ChannelKind::mail, {}, again, 1, now, 0.0) == now + 5 * minute_us);
  CHECK(next_try(ChannelKind::mail, {}, again, 1, now, 0.5) == now + 5 * minute_us + 30 * second_us);
  CHECK(next_try(ChannelKind::mail, {}, again, 1, now, 7.0) == now + 6 * minute_us);
  CHECK(next_try(ChannelKind::mail, {}, again, 1, now, -7.0) == now + 5 * minute_us);
}

TEST_CASE("a wait that was asked for is kept, but not for more than a day") {
  Delivery asked = again;
  asked.not_before = now + 90 * second_us;
  CHECK(next_try(ChannelKind::slack, {}, asked, 1, now, 0) == now + 90 * second_us);
  CHECK(next_try(ChannelKind::slack, {}, asked, 3, now, 0) == now + 2 * minute_us);
  asked.not_before = now + 400 * day_us;
  CHECK(next_try(ChannelKind::slack, {}, asked, 1, now, 0) == now + day_us);
  asked.not_before = 0;
  CHECK(next_try(ChannelKind::slack, {}, asked, 1, now, 0) == now + 5 * second_us);
}

TEST_CASE("an outcome that is final is not tried again") {
  CHECK_FALSE(next_try(ChannelKind::mail, {}, refused("x"), 1, now, 0));
  CHECK_FALSE(next_try(ChannelKind::mail, {}, disabled("x"), 1, now, 0));
  CHECK_FALSE(next_try(ChannelKind::mail, {}, delivered("x"), 1, now, 0));
}

TEST_CASE("nothing is tried at or after the moment at which an approval expires") {
  const Micros next = now + 30 * second_us;
  CHECK(next_try(ChannelKind::sms, approval_until(next + 1), again, 1, now, 0) == next);
  CHECK_FALSE(next_try(ChannelKind::sms, approval_until(next), again, 1, now, 0));
  CHECK(is_expired(approval_until(now), now));
  CHECK_FALSE(is_expired(approval_until(now + 1), now));
  CHECK_FALSE(is_expired(Notice{}, now));
}

TEST_CASE("Retry-After is seconds or a date, anything else is nothing") {
  CHECK(retry_moment("0", now) == now);
  CHECK(retry_moment("120", now) == now + 120 * second_us);
  CHECK(retry_moment("Mon, 02 Jun 2025 10:02:00 GMT", now) == now + 2 * minute_us);
  for (const char* odd : {"", "-1", "12x", "1e9", "99999999999999999999", "Mon, 02 Jun 2025 10:02:00 CET",
                          "Mon, 32 Jun 2025 10:02:00 GMT", "Mon, 02 Foo 2025 10:02:00 GMT", "soon", " 5"}) {
    CAPTURE(odd);
    CHECK_FALSE(retry_moment(odd, now));
  }
}
