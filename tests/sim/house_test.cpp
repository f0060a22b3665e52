// The simulated house: same seed same bytes, energy balanced in whole watts, devices that protect themselves.
#include "sim/house.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "events/digest.hpp"

using namespace heliograph;

namespace {

HouseOptions options(std::uint64_t seed) {
  HouseOptions o;
  o.seed = seed;
  o.start = from_civil(2023, 1, 1);
  return o;
}

std::string digest_of(House& house, Micros to) {
  Hasher hasher;
  house.step(to, [&](const HouseSample& s) {
    const std::int64_t row[] = {
        s.at, s.pv_w, s.load_w, s.grid_w, s.battery_w, s.soc_permille, s.spot_price_micro.value_or(missing)};
    hasher.add({reinterpret_cast<const char*>(row), sizeof row});
  });
  return hex(bytes_of(hasher.finish()));
}

CommandDispatched command(const char* id, const char* device, Action action, std::int64_t power_w = 0) {
  CommandDispatched c;
  c.command = CommandId{id};
  c.device = DeviceId{device};
  c.action = action;
  c.power_w = power_w;
  return c;
}

using Answer = SimulatedAnswer::Kind;

}  // namespace

TEST_CASE("the same seed is the same house, another seed another") {
  const Micros to = from_civil(2023, 2, 1);
  House one(options(7)), same(options(7)), other(options(8));
  const auto digest = digest_of(one, to);
  CHECK(digest == digest_of(same, to));
  CHECK(digest != digest_of(other, to));
}

TEST_CASE("how often a house is asked changes nothing") {
  const Micros start = from_civil(2023, 1, 1), to = start + 3 * day_us;
  House at_once(options(7)), often(options(7));
  const auto whole = at_once.step(to);
  std::vector<HouseSample> pieces;
  for (Micros t = start; t <= to; t += 7 * minute_us + 13)
    for (auto& s : often.step(t)) pieces.push_back(std::move(s));
  for (auto& s : often.step(to)) pieces.push_back(std::move(s));
  CHECK(whole.size() == 3 * 96 + 1);
  CHECK(whole == pieces);
}

TEST_CASE("weather and prices do not depend on how finely time is sampled") {
  auto fine = options(7);
  fine.sample = minute_us;
  House coarse_house(options(7)), fine_house(fine);
  const Micros to = from_civil(2023, 1, 2);
  const auto coarse_samples = coarse_house.step(to), fine_samples = fine_house.step(to);
  for (std::size_t i = 0; i < coarse_samples.size(); ++i) {
    CHECK(coarse_samples[i].pv_w == fine_samples[15 * i].pv_w);
    CHECK(coarse_samples[i].spot_price_micro == fine_samples[15 * i].spot_price_micro);
  }
}

TEST_CASE("energy is balanced in whole watts and the charge follows the power") {
  House house(options(3));
  const auto& spec = house.options().battery;
  const double hours = 0.25;
  double stored_wh = house.stored_wh();
  std::int64_t charged = 0, discharged = 0, pv_max = 0;
  house.step(from_civil(2023, 12, 31), [&](const HouseSample& s) {
    REQUIRE(s.load_w == s.pv_w + s.grid_w + s.battery_w);
    REQUIRE(s.pv_w >= 0);
    REQUIRE(s.load_w >= 0);
    REQUIRE(std::abs(s.battery_w) <= 5'000);
    REQUIRE(std::abs(static_cast<double>(s.soc_permille) - stored_wh / spec.capacity_wh * 1000) <= 0.5 + 1e-6);
    const auto power = static_cast<double>(s.battery_w);
    stored_wh -= (power < 0 ? spec.charge_efficiency * power : power / spec.discharge_efficiency) * hours;
    REQUIRE(stored_wh >= spec.stored_wh_min - 1e-6);
    REQUIRE(stored_wh <= spec.capacity_wh + 1e-6);
    // Self-consumption: the battery never makes grid flow of its own.
    REQUIRE((s.battery_w <= 0 || s.grid_w >= 0));
    REQUIRE((s.battery_w >= 0 || s.grid_w <= 0));
    (s.battery_w < 0 ? charged : discharged) += std::abs(s.battery_w);
    pv_max = std::max(pv_max, s.pv_w);
  });
  CHECK(charged > discharged);
  CHECK(discharged > 0);
  CHECK(pv_max > 4'000);
  CHECK(pv_max <= 7'500);
}

TEST_CASE("a simulated year looks like a year") {
  House house(options(1));
  std::int64_t pv_quarter_w = 0, load_quarter_w = 0, winter = 0, summer = 0, steps = 0, negative_prices = 0, prices = 0;
  house.step(from_civil(2024, 1, 1) - 1, [&](const HouseSample& s) {
    ++steps;
    pv_quarter_w += s.pv_w;
    load_quarter_w += s.load_w - s.plugs[0].power_w - s.plugs[1].power_w;
    const int month = to_civil(s.at).month;
    if (month == 12) winter += s.pv_w;
    if (month == 6) summer += s.pv_w;
    if (to_civil(s.at).hour < 2 || to_civil(s.at).hour > 21) CHECK(s.pv_w == 0);
    if (!s.spot_price_micro) return;
    ++prices;
    negative_prices += *s.spot_price_micro < 0;
  });
  CHECK(steps == 35'040);
  CHECK(prices == 8'760);
  const double pv_kwh = static_cast<double>(pv_quarter_w) / 4'000,
               load_kwh = static_cast<double>(load_quarter_w) / 4'000;
  INFO("pv " << pv_kwh << " kWh, load " << load_kwh << " kWh, " << negative_prices << " negative prices");
  CHECK(pv_kwh > 5'000);  // 7.5 kWp in the Netherlands give 6 to 8 MWh
  CHECK(pv_kwh < 9'000);
  CHECK(load_kwh > 2'500);
  CHECK(load_kwh < 5'500);
  CHECK(summer > 4 * winter);
  CHECK(negative_prices > 20);
  CHECK(negative_prices < 1'200);
}

TEST_CASE("a command takes effect once, however often it arrives") {
  House house(options(5));
  const Micros start = house.options().start;
  house.step(start);
  const auto off = command("c-1", "miner-1", Action::switch_off);
  const auto first = house.apply(off, start + minute_us);
  CHECK(first.kind == Answer::done);
  CHECK(house.apply(off, start + 2 * minute_us) == first);
  const auto after = house.step(start + 15 * minute_us);
  REQUIRE(after.size() == 1);
  CHECK_FALSE(after[0].plugs[0].on);
  CHECK(after[0].plugs[0].power_w == 0);
  CHECK(house.apply(command("c-2", "miner-1", Action::switch_on), start + 20 * minute_us).kind == Answer::done);
  CHECK(house.apply(off, start + 40 * minute_us) == first);  // remembered, not done again
  const auto later = house.step(start + 45 * minute_us);
  CHECK(later.back().plugs[0].on);
  CHECK(house.plugs()[0].switched() == 2);
}

TEST_CASE("a plug protects itself by its minimum times and refuses what it cannot do") {
  House house(options(5));
  const Micros t = house.options().start;
  CHECK(house.apply(command("c-1", "boiler", Action::switch_on), t).kind == Answer::done);
  const auto early = house.apply(command("c-2", "boiler", Action::switch_off), t + 9 * minute_us);
  CHECK(early.kind == Answer::refused);
  CHECK(early.detail == "The plug has not been on long enough.");
  CHECK(house.apply(command("c-3", "boiler", Action::switch_off), t + 10 * minute_us).kind == Answer::done);
  CHECK(house.apply(command("c-4", "boiler", Action::set_power, 100), t + 30 * minute_us).kind == Answer::refused);
  CHECK(house.apply(command("c-5", "toaster", Action::switch_on), t).kind == Answer::failed);
  auto late = command("c-6", "boiler", Action::switch_on);
  late.expires_at = t + 40 * minute_us;
  CHECK(house.apply(late, t + 41 * minute_us).kind == Answer::refused);
  CHECK(house.plugs()[1].switched() == 2);
}

TEST_CASE("a commanded battery power ends by itself") {
  auto o = options(5);
  o.sample = minute_us;
  House house(o);
  const Micros t = o.start;
  CHECK(house.apply(command("c-1", "battery", Action::set_power, -2'000), t).kind == Answer::done);
  CHECK(house.apply(command("c-2", "battery", Action::set_power, 9'000), t).kind == Answer::refused);
  CHECK(house.apply(command("c-3", "battery", Action::switch_on), t).kind == Answer::refused);
  const auto samples = house.step(t + 20 * minute_us);
  for (int i = 0; i < 15; ++i) CHECK(samples[static_cast<std::size_t>(i)].battery_w == -2'000);
  CHECK(samples[15].battery_w > 0);  // night: the house runs on the battery again
}

TEST_CASE("faults hit the same commands in every run") {
  auto o = options(5);
  o.faults = {300, 200, 10 * second_us, 20 * second_us};
  const auto outcomes = [&] {
    House house(o);
    std::vector<SimulatedAnswer> all;
    for (int i = 0; i < 200; ++i) {
      const auto id = "c-" + std::to_string(i);
      const Micros at = o.start + (i + 1) * hour_us;
      all.push_back(
          house.apply(command(id.c_str(), "miner-1", i % 2 == 0 ? Action::switch_off : Action::switch_on), at));
      house.step(at + 30 * minute_us);
    }
    return all;
  };
  const auto first = outcomes();
  CHECK(first == outcomes());
  const auto count = [&](Answer kind) {
    return std::count_if(first.begin(), first.end(), [&](const auto& a) { return a.kind == kind; });
  };
  CHECK(count(Answer::failed) > 40);
  CHECK(count(Answer::failed) < 80);
  CHECK(count(Answer::silent) > 20);
  CHECK(count(Answer::silent) < 60);
  CHECK(count(Answer::done) > 60);
  for (std::size_t i = 0; i < first.size(); ++i) {
    const Micros late = first[i].at - (o.start + static_cast<Micros>(i + 1) * hour_us);
    CHECK(late >= 10 * second_us);
    CHECK(late <= 30 * second_us);
  }
}

TEST_CASE("a late command works when its answer comes, not before") {
  auto o = options(5);
  o.sample = 5 * second_us;
  o.faults.delay = 12 * second_us;
  House house(o);
  CHECK(house.apply(command("c-1", "miner-1", Action::switch_off), o.start).at == o.start + 12 * second_us);
  CHECK(house.apply(command("c-2", "miner-1", Action::switch_on), o.start + second_us).kind == Answer::refused);
  const auto samples = house.step(o.start + 20 * second_us);
  CHECK(samples[2].plugs[0].on);
  CHECK_FALSE(samples[3].plugs[0].on);
}

TEST_CASE("history comes in batches that hold every sample once") {
  House house(options(2));
  std::size_t rows = 0, batches = 0;
  Micros last = 0;
  generate_history(house, from_civil(2023, 1, 11) - 1, 1000, [&](ReadingBatch batch) {
    ++batches;
    CHECK(batch.historic);
    CHECK(batch.suspects.empty());
    CHECK(batch.size() <= 1000);
    CHECK(batch.at.front() >= last);
    last = batch.at.back();
    rows += batch.size();
  });
  CHECK(rows == 10 * 96 * 6 + 10 * 24);  // a price is one row an hour
  CHECK(batches == 7);
  std::vector<std::string> ids;
  for (const auto& device : house.registrations()) ids.push_back(device.device.text);
  CHECK(ids == std::vector<std::string>{"pv", "battery", "grid", "house", "spot", "miner-1", "boiler"});
}
