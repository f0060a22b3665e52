// What people hear of without asking: when an alert is raised, that it stays quiet about what it has said, and when it ends.
#include "actors/core/alerts.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/support/core_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

/// A house that has been awake for a while; every device was just heard.
struct Awake : Story {
  Awake() {
    site.woke(at);
    hear();
  }
  void hear(std::int64_t soc = 700) {
    read({{"battery", Metric::soc_permille, soc}});
    read({{"grid", Metric::grid_w, 100}});
    read({{"miner-1", Metric::switch_on, 0}});
  }
  bool open(const std::string& alert) const {
    const auto& alerts = site.alerts();
    return std::any_of(alerts.begin(), alerts.end(), [&](const OpenAlert& each) { return each.alert == alert; });
  }
  std::size_t raised(const std::string& alert) const {
    std::size_t n = 0;
    for (const RecordPtr& record : journal.records())
      if (!record->is_readings())
        if (const auto* event = std::get_if<AlertRaised>(&record->event())) n += event->alert == alert;
    return n;
  }
  /// Minutes in which the others go on reporting.
  void minutes(int n, std::int64_t soc = 700) {
    for (int i = 0; i < n; ++i) {
      live_until(at + minute_us);
      read({{"battery", Metric::soc_permille, soc + i % 2}});
      read({{"grid", Metric::grid_w, 100}});
    }
  }
};

}  // namespace

TEST_CASE("a device that falls silent raises one alert, which ends when it was heard for a while") {
  Awake house;
  house.minutes(5);
  CHECK_FALSE(house.open("device-offline/miner-1"));
  house.minutes(2);
  CHECK(house.open("device-offline/miner-1"));
  const AlertRaised* raised = house.last<AlertRaised>();
  REQUIRE(raised != nullptr);
  CHECK(raised->severity == Severity::warning);
  house.minutes(30);
  CHECK(house.raised("device-offline/miner-1") == 1);

  house.read({{"miner-1", Metric::switch_on, 0}});
  house.minutes(1);
  CHECK(house.open("device-offline/miner-1"));  // once heard is not back
  house.read({{"miner-1", Metric::switch_on, 0}});
  house.minutes(3);
  CHECK_FALSE(house.open("device-offline/miner-1"));
  CHECK(house.count<AlertCleared>() == 1);
}

TEST_CASE("a link that comes and goes is one alert, not many") {
  Awake house;
  house.minutes(8);
  for (int i = 0; i < 10; ++i) {
    house.read({{"miner-1", Metric::switch_on, 0}});
    house.minutes(1);
    house.minutes(7);
  }
  CHECK(house.raised("device-offline/miner-1") <= 11);
  CHECK(house.count<AlertRaised>() - house.count<AlertCleared>() == 1);
}

TEST_CASE("when most devices fall silent together it is our own connection (H42)") {
  Awake house;
  for (int i = 0; i < 5; ++i) house.add(plug("plug-" + std::to_string(i)));
  for (int i = 0; i < 5; ++i) house.read({{"plug-" + std::to_string(i), Metric::switch_on, 0}});
  house.minutes(10);
  CHECK(house.open("connection"));
  CHECK_FALSE(house.open("device-offline/plug-1"));
  CHECK(house.count<AlertRaised>() == 1);
}

TEST_CASE("after a start nobody is late before there was time to report") {
  Awake house;
  house.minutes(1);
  house.pass(3 * hour_us);
  house.site.woke(house.at);
  house.live_until(house.at + 4 * minute_us);
  CHECK(house.count<AlertRaised>() == 0);
  house.live_until(house.at + 3 * minute_us);
  CHECK(house.count<AlertRaised>() > 0);
}

TEST_CASE("a low charge warns at the preference and at the floor, and ends well above") {
  Awake house;
  house.minutes(2, 298);
  CHECK(house.open("soc-low/battery"));
  CHECK_FALSE(house.open("soc-floor/battery"));
  house.minutes(3, 199);
  CHECK(house.open("soc-floor/battery"));
  house.minutes(6, 320);
  CHECK_FALSE(house.open("soc-floor/battery"));
  CHECK(house.open("soc-low/battery"));  // 32 %: not well above 30 %
  house.minutes(6, 340);
  CHECK_FALSE(house.open("soc-low/battery"));
  CHECK(house.raised("soc-low/battery") == 1);
}

TEST_CASE("a sensor that hangs while its battery works is reported after half an hour, and refuses (H5)") {
  Awake house;
  const auto minute = [&](std::int64_t soc, std::int64_t power) {
    house.live_until(house.at + minute_us);
    house.read({{"battery", Metric::soc_permille, soc}, {"battery", Metric::battery_w, power}});
    house.read({{"grid", Metric::grid_w, 0}});
  };
  for (int i = 0; i < 29; ++i) minute(600, 2'000);
  CHECK_FALSE(house.open("stuck/battery"));
  CHECK(house.ask("miner-1", Action::switch_on, 0, {PrincipalKind::apikey, "k"}).back().find("stuck") == std::string::npos);
  for (int i = 0; i < 3; ++i) minute(600, 2'000);
  CHECK(house.open("stuck/battery"));
  house.pass(2 * hour_us);  // whatever the first command did is over
  house.tick();
  house.read({{"battery", Metric::soc_permille, 600}, {"battery", Metric::battery_w, 2'000}});
  CHECK(house.ask("miner-1", Action::switch_on, 0, {PrincipalKind::apikey, "k"}).back().find("stuck") != std::string::npos);
  for (int i = 0; i < 4; ++i) minute(590 - i, 2'000);
  CHECK_FALSE(house.open("stuck/battery"));

  SECTION("a battery that rests stands still, and so does a full one") {
    for (int i = 0; i < 60; ++i) minute(600, 0);
    for (int i = 0; i < 60; ++i) minute(995, -2'000);
    CHECK(house.raised("stuck/battery") == 1);
  }
}

TEST_CASE("the forecast refuses what would reach the floor while it lasts (H1)") {
  Story house;
  DeviceRegistered bank = battery("battery");
  bank.capacity_wh = 10'000;
  house.add(bank);
  DeviceRegistered heater = plug("heater", 4'000);
  heater.lease = hour_us;
  heater.safe_state = SafeState::off;
  house.add(heater);
  // 3 kW now, 4 kW on top, an hour: 7 kWh of 10 is 70 %.
  house.read({{"battery", Metric::soc_permille, 890}, {"battery", Metric::battery_w, 3'000}});
  CHECK(house.ask("heater", Action::switch_on).back() == "refused soc-forecast");
  house.pass(second_us);
  house.read({{"battery", Metric::soc_permille, 901}, {"battery", Metric::battery_w, 3'000}});
  CHECK(house.ask("heater", Action::switch_on).back().starts_with("dispatched"));
}

TEST_CASE("two sources of the charge that disagree are reported, and the lower one counts (H6)") {
  Awake house;
  DeviceRegistered inverter = battery("inverter");
  inverter.kind = DeviceKind::inverter;
  house.add(inverter);
  const auto both = [&](std::int64_t a, std::int64_t b, int minutes) {
    for (int i = 0; i < minutes; ++i) {
      house.live_until(house.at + minute_us);
      house.read({{"battery", Metric::soc_permille, a}, {"inverter", Metric::soc_permille, b}});
    }
  };
  both(450, 550, 3);
  CHECK_FALSE(house.open("disagree"));
  both(450, 551, 3);
  CHECK(house.open("disagree"));
  both(450, 540, 5);
  CHECK(house.open("disagree"));
  both(450, 530, 5);
  CHECK_FALSE(house.open("disagree"));
  both(199, 600, 1);
  CHECK(house.ask("miner-1", Action::switch_on).back().find("soc-floor") != std::string::npos);
}

TEST_CASE("what safety refuses to automation is reported until it goes through, what people ask is their own") {
  Awake house;
  house.minutes(1, 199);
  house.ask("miner-1", Action::switch_on);
  house.live_until(house.at + second_us);
  CHECK_FALSE(house.open("refused/miner-1"));
  house.ask("miner-1", Action::switch_on, 0, {PrincipalKind::schedule, "s"});
  house.live_until(house.at + second_us);  // at once, not at the next minute
  CHECK(house.open("refused/miner-1"));
  house.minutes(1, 900);
  house.ask("miner-1", Action::switch_on, 0, {PrincipalKind::schedule, "s"});
  house.minutes(4, 900);
  CHECK_FALSE(house.open("refused/miner-1"));
}

TEST_CASE("an outcome that nobody knows is reported until a command was confirmed") {
  Awake house;
  house.ask("miner-1", Action::switch_on);
  house.minutes(4);
  CHECK(house.open("failed/miner-1"));
  house.ask("miner-1", Action::switch_off);
  house.pass(10 * second_us);
  house.read({{"miner-1", Metric::switch_on, 0}});
  house.minutes(4);
  CHECK_FALSE(house.open("failed/miner-1"));
}

TEST_CASE("stop and clock are alerts at once, end with their cause, and can be acknowledged by people only") {
  Awake house;
  house.stop();
  house.live_until(house.at + second_us);
  REQUIRE(house.open("stop"));
  CHECK(house.last<AlertRaised>()->severity == Severity::critical);
  const auto turn = [&](const std::string& alert, const Principal& who) { return house.site.acknowledge(alert, who, house.journal.begin(house.at), house.journal); };
  CHECK(turn("stop", {PrincipalKind::agent, "a"}).error().code == Errc::refused);
  CHECK(turn("nothing", anna).error().code == Errc::not_found);
  CHECK(turn("stop", anna));
  CHECK(turn("stop", anna));
  CHECK(house.count<AlertAcknowledged>() == 1);
  CHECK(house.site.alerts().front().acknowledged);
  house.lift();
  house.live_until(house.at + second_us);
  CHECK_FALSE(house.open("stop"));
}

TEST_CASE("open alerts survive a restart, and are not raised again") {
  Awake house;
  house.minutes(8);
  REQUIRE(house.open("device-offline/miner-1"));
  const Site back = rebuilt(house.journal.records());
  CHECK(back.snapshot() == house.site.snapshot());
  house.site = *Site::restore(house.site.snapshot());
  house.site.woke(house.at);
  house.minutes(1);
  CHECK(house.raised("device-offline/miner-1") == 1);
}

TEST_CASE("a site that only thinks about the past raises nothing") {
  Story house;
  house.soc(100);
  house.pass(day_us);
  house.tick();
  CHECK(house.count<AlertRaised>() == 0);
  CHECK_FALSE(house.site.next_due(house.at));
}
