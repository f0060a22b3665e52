// A zone's whole history of offsets is read once and kept as a sorted list, so that a conversion is a search in memory
// that threads may share. After the last change that the system's tzdata writes out (2037) the last offset stands.
#include "events/zone.hpp"

#include <date/tz.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <limits>
#include <vector>

namespace heliograph {

struct Zone::Rules {
  struct Period {
    Micros begin;   // the first moment with this offset; the period ends where the next begins
    Micros offset;  // local minus UTC
  };
  std::string name;
  std::vector<Period> periods;  // the first begins at the start of time
  mutable std::atomic<std::size_t> last_used{0};  // consecutive questions are about the same period

  Micros end_of(std::size_t i) const {
    return i + 1 < periods.size() ? periods[i + 1].begin : std::numeric_limits<Micros>::max();
  }
  std::size_t period_at(Micros at) const {
    const std::size_t guess = last_used.load(std::memory_order_relaxed);
    if (periods[guess].begin <= at && at < end_of(guess)) return guess;
    const auto after = std::upper_bound(periods.begin(), periods.end(), at,
                                        [](Micros moment, const Period& period) { return moment < period.begin; });
    const auto found = static_cast<std::size_t>(after - periods.begin()) - 1;
    last_used.store(found, std::memory_order_relaxed);
    return found;
  }
  /// The moment from which the local clock shows `local` or later: in a gap, the moment of the change.
  Micros first_moment(Micros local) const;
  std::int64_t day_of(Micros at) const;    // days since 1970-01-01
  std::int64_t month_of(Micros at) const;  // months since year 0
};

namespace {

constexpr Micros start_of_time = std::numeric_limits<Micros>::min();
// No offset is larger than this, so the periods that a local time may belong to lie this near.
constexpr Micros offset_max = 26 * hour_us;

Micros floor_to(Micros at, Micros unit) {
  const Micros rest = at % unit;
  return at - (rest < 0 ? rest + unit : rest);
}

std::int64_t month_number(Micros local) {
  const Civil civil = to_civil(local);
  return civil.year * 12 + civil.month - 1;
}
Micros month_begin(std::int64_t month) {
  return from_civil(static_cast<int>(month / 12), static_cast<int>(month % 12) + 1, 1);
}

}  // namespace

Result<Zone> Zone::find(std::string_view name) {
  using std::chrono::seconds;
  const date::time_zone* found = nullptr;
  try {
    found = date::locate_zone(std::string(name));
  } catch (const std::exception&) {  // the library's only way to say "unknown"
    return fail(Errc::invalid, "\"" + std::string(name.substr(0, 80)) +
                                   "\" is not a time zone: use an IANA name like Europe/Amsterdam or UTC.");
  }
  auto rules = std::make_shared<Rules>();
  rules->name = std::string(name);
  const date::sys_seconds end{seconds{from_civil(2262, 1, 1) / second_us}};
  for (date::sys_seconds at{seconds{from_civil(1969, 1, 1) / second_us}}; at < end;) {
    const date::sys_info period = found->get_info(at);
    const Micros offset = period.offset.count() * second_us;
    const Micros begin = rules->periods.empty() ? start_of_time : at.time_since_epoch().count() * second_us;
    if (rules->periods.empty() || rules->periods.back().offset != offset) rules->periods.push_back({begin, offset});
    if (period.end <= at) break;
    at = period.end;
  }
  return Zone(std::move(rules));
}

Zone Zone::utc() {
  static const auto rules = [] {
    auto made = std::make_shared<Rules>();
    made->name = "UTC";
    made->periods.push_back({start_of_time, 0});
    return made;
  }();
  return Zone(rules);
}

const std::string& Zone::name() const { return rules_->name; }

Micros Zone::offset_at(Micros at) const { return rules_->periods[rules_->period_at(at)].offset; }

Zone::Moments Zone::moments_of(Micros local) const {
  Moments moments;
  for (std::size_t i = rules_->period_at(local - offset_max); i < rules_->periods.size(); ++i) {
    const auto& period = rules_->periods[i];
    if (period.begin > local + offset_max) break;
    const Micros at = local - period.offset;
    if (at < period.begin || at >= rules_->end_of(i)) continue;
    (moments.count == 0 ? moments.first : moments.second) = at;
    if (++moments.count == 2) break;
  }
  return moments;
}

Micros Zone::Rules::first_moment(Micros local) const {
  for (std::size_t i = period_at(local - offset_max);; ++i) {
    const Micros at = local - periods[i].offset;
    if (at < end_of(i)) return std::max(at, periods[i].begin);
  }
}

// Days and months are one stretch of time each, numbered by the local calendar: a clock that is put back over midnight
// does not begin the old day again, and a day that a zone skipped is empty.
std::int64_t Zone::Rules::day_of(Micros at) const {
  std::int64_t day = floor_to(at + periods[period_at(at)].offset, day_us) / day_us;
  while (first_moment((day + 1) * day_us) <= at) ++day;
  return day;
}

std::int64_t Zone::Rules::month_of(Micros at) const {
  std::int64_t month = month_number(at + periods[period_at(at)].offset);
  while (first_moment(month_begin(month + 1)) <= at) ++month;
  return month;
}

Micros Zone::first_moment(Micros local) const { return rules_->first_moment(local); }
Micros Zone::day_start(Micros at) const { return rules_->first_moment(rules_->day_of(at) * day_us); }
Micros Zone::next_day_start(Micros at) const { return rules_->first_moment((rules_->day_of(at) + 1) * day_us); }
Micros Zone::month_start(Micros at) const { return rules_->first_moment(month_begin(rules_->month_of(at))); }
Micros Zone::next_month_start(Micros at) const { return rules_->first_moment(month_begin(rules_->month_of(at) + 1)); }

}  // namespace heliograph
