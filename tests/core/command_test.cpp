// The fold of one device's commands: what is in flight, how it ends, what stays reserved.
#include <catch2/catch.hpp>

#include "tests/support/core_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

Envelope envelope(Micros at, Principal who = anna, Position position = 10) {
  Envelope e;
  e.position = position;
  e.occurred_at = e.recorded_at = at;
  e.principal = std::move(who);
  return e;
}

CommandDispatched dispatch(Action action, std::int64_t power_w = 0) {
  return {{"c-1"}, {"d"}, action, power_w, monday_noon + command_expiry, monday_noon + verify_deadline};
}

DeviceState device() {
  DeviceState d;
  d.about = plug("d");
  d.about.can_set_power = true;
  d.registered = true;
  return d;
}

/// What one reading of a copy says.
bool confirms(DeviceState d, Metric metric, std::int64_t value, Micros at) { return observe(d, metric, value, at) == Sight::confirmed; }

}  // namespace

TEST_CASE("people come before automation, automation before agents") {
  CHECK(priority(PrincipalKind::user) == priority(PrincipalKind::apikey));
  CHECK(priority(PrincipalKind::user) > priority(PrincipalKind::rule));
  CHECK(priority(PrincipalKind::rule) == priority(PrincipalKind::schedule));
  CHECK(priority(PrincipalKind::rule) > priority(PrincipalKind::agent));
}

TEST_CASE("only switching off and 0 W do not energise") {
  CHECK(energises(Action::switch_on, 0));
  CHECK_FALSE(energises(Action::switch_off, 0));
  CHECK(energises(Action::set_power, 1));
  CHECK(energises(Action::set_power, -1));
  CHECK_FALSE(energises(Action::set_power, 0));
}

TEST_CASE("a dispatch locks the device, reserves its draw and, from a person, holds automation off") {
  DeviceState d = device();
  evolve(d, envelope(monday_noon), dispatch(Action::switch_on));
  REQUIRE(d.in_flight);
  CHECK(d.in_flight->command.text == "c-1");
  CHECK(d.in_flight->proposal.principal == anna);
  CHECK(d.in_flight->dispatched == 10);
  CHECK(draw_not_shown(d, monday_noon + day_us) == 2000);
  CHECK(d.manual_until == monday_noon + manual_hold);
  CHECK(d.switched == std::deque<Micros>{monday_noon});

  DeviceState by_rule = device();
  evolve(by_rule, envelope(monday_noon, {PrincipalKind::rule, "r"}), dispatch(Action::set_power, -1500));
  CHECK(by_rule.manual_until == 0);
  CHECK(draw_not_shown(by_rule, monday_noon + day_us) == 1500);
  CHECK(by_rule.switched.empty());
  by_rule.in_flight.reset();
  evolve(by_rule, envelope(monday_noon), dispatch(Action::set_power, 1500));
  CHECK(draw_not_shown(by_rule, monday_noon) == 0);
}

TEST_CASE("only the command in flight can end, and each end leaves what it must") {
  DeviceState d = device();
  observe(d, Metric::switch_on, false, monday_noon - minute_us);
  evolve(d, envelope(monday_noon), dispatch(Action::switch_on));
  evolve(d, envelope(monday_noon), CommandVerified{{"c-other"}, 12});
  evolve(d, envelope(monday_noon), CommandFailed{{"c-other"}, FailureKind::device_error, ""});
  REQUIRE(d.in_flight);

  SECTION("verified: the draw stays reserved from then on") {
    evolve(d, envelope(monday_noon + second_us), CommandVerified{{"c-1"}, 12});
    CHECK_FALSE(d.in_flight);
    CHECK(draw_not_shown(d, monday_noon + second_us) == 2000);
    CHECK(draw_not_shown(d, monday_noon + second_us + 1) == 0);
  }
  SECTION("verified, and switched off again: until that has ended it may draw what it drew") {
    evolve(d, envelope(monday_noon + second_us), CommandVerified{{"c-1"}, 12});
    CommandDispatched off = dispatch(Action::switch_off);
    off.command.text = "c-2";
    evolve(d, envelope(monday_noon + 2 * second_us), off);
    CHECK(draw_not_shown(d, monday_noon) == 2000);
    SECTION("refused by the device: nothing has changed") {
      evolve(d, envelope(monday_noon + 3 * second_us), CommandFailed{{"c-2"}, FailureKind::device_error, ""});
      CHECK(draw_not_shown(d, monday_noon) == 2000);
    }
    SECTION("verified: it draws nothing") {
      evolve(d, envelope(monday_noon + 3 * second_us), CommandVerified{{"c-2"}, 13});
      CHECK(draw_not_shown(d, monday_noon) == 0);
    }
  }
  SECTION("unknown: it may be on, so its draw stays and its state is not known") {
    evolve(d, envelope(monday_noon + verify_deadline), CommandFailed{{"c-1"}, FailureKind::outcome_unknown, ""});
    CHECK_FALSE(d.in_flight);
    CHECK(draw_not_shown(d, monday_noon + verify_deadline) == 2000);
    CHECK_FALSE(d.on.has_value());
  }
  SECTION("not sent, or refused by the device: nothing happened") {
    evolve(d, envelope(monday_noon), CommandFailed{{"c-1"}, FailureKind::not_sent, ""});
    CHECK_FALSE(d.in_flight);
    CHECK(draw_not_shown(d, monday_noon) == 0);
    CHECK(d.on == false);
  }
}

TEST_CASE("a reading confirms only when it is newer than the dispatch and shows what was wanted") {
  DeviceState d = device();
  CHECK_FALSE(confirms(d, Metric::switch_on, 1, monday_noon));
  evolve(d, envelope(monday_noon), dispatch(Action::switch_on));
  CHECK_FALSE(confirms(d, Metric::switch_on, 1, monday_noon));
  CHECK_FALSE(confirms(d, Metric::switch_on, 0, monday_noon + 1));
  CHECK_FALSE(confirms(d, Metric::battery_w, 1, monday_noon + 1));
  CHECK(confirms(d, Metric::switch_on, 1, monday_noon + 1));

  d.in_flight.reset();
  evolve(d, envelope(monday_noon), dispatch(Action::set_power, -2000));
  CHECK(confirms(d, Metric::battery_w, -2200, monday_noon + 1));
  CHECK_FALSE(confirms(d, Metric::battery_w, -2201, monday_noon + 1));
  CHECK_FALSE(confirms(d, Metric::battery_w, 2000, monday_noon + 1));
  CHECK_FALSE(confirms(d, Metric::switch_on, 1, monday_noon + 1));
  d.in_flight.reset();
  evolve(d, envelope(monday_noon), dispatch(Action::set_power, 0));
  CHECK(confirms(d, Metric::battery_w, 50, monday_noon + 1));
  CHECK_FALSE(confirms(d, Metric::battery_w, 51, monday_noon + 1));
}

TEST_CASE("the switch's own reading says since when it is as it is") {
  DeviceState d = device();
  observe(d, Metric::switch_on, true, 100);
  CHECK(d.changed_at == 0);  // on since when is not known
  observe(d, Metric::switch_on, true, 200);
  CHECK(d.changed_at == 0);
  observe(d, Metric::switch_on, false, 300);
  CHECK(d.changed_at == 300);
  CHECK(d.on == false);
  d.on.reset();  // an unknown outcome: the next reading may be its change
  observe(d, Metric::switch_on, false, 400);
  CHECK(d.changed_at == 400);
}

TEST_CASE("no more dispatches are remembered than the limit needs") {
  DeviceState d = device();
  for (int i = 0; i < 40; ++i) {
    d.in_flight.reset();
    evolve(d, envelope(monday_noon + i), dispatch(Action::switch_on));
  }
  CHECK(d.switched.size() == switches_per_hour_max);
  CHECK(d.switched.back() == monday_noon + 39);
}
