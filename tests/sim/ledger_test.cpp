// Energy and money are exact sums, rounded once.
#include "sim/ledger.hpp"

#include <catch2/catch.hpp>

using namespace heliograph;

TEST_CASE("energy is exact and rounded once") {
  Account account;
  // A third of a watt-microsecond at a time would be lost in floating point; here it is not even a fraction.
  for (int i = 0; i < 3'600; ++i) account.add(second_us, 1'000 * second_us, 1 * second_us, std::nullopt);
  CHECK(account.import_ukwh() == 1'000'000);
  CHECK(account.export_ukwh() == 1'000);
  CHECK(account.known() == hour_us);
  CHECK(account.unpriced() == hour_us);
  CHECK(account.cost_micro() == 0);
}

TEST_CASE("money is import times its price minus export times its own") {
  Account account;
  account.add(hour_us, 2'000 * hour_us, 0, Prices{300'887'000'000, 124'700'000'000});
  account.add(hour_us, 0, 1'000 * hour_us, Prices{300'887'000'000, -500'000'000'000});
  CHECK(account.cost_micro() == 601'774 + 500'000);  // a negative price makes export cost money
  CHECK(account.unpriced() == 0);
}

TEST_CASE("net flow is split by direction, a battery's by charge and discharge") {
  Account account;
  account.add_net(hour_us, -1'500 * hour_us, std::nullopt);
  account.add_net(hour_us, 500 * hour_us, std::nullopt);
  account.add_battery(-250 * hour_us);
  account.add_battery(125 * hour_us);
  CHECK(account.import_ukwh() == 500'000);
  CHECK(account.export_ukwh() == 1'500'000);
  CHECK(account.charge_ukwh() == 250'000);
  CHECK(account.discharge_ukwh() == 125'000);
}

TEST_CASE("rounding is to the nearest, halves away from zero") {
  CHECK(rounded_quotient(5, 2) == 3);
  CHECK(rounded_quotient(-5, 2) == -3);
  CHECK(rounded_quotient(4, 3) == 1);
  CHECK(rounded_quotient(-4, 3) == -1);
  CHECK(rounded_quotient(0, 7) == 0);
}

TEST_CASE("ten megawatts for a century at a thousand per kWh still fit, and what does not says so") {
  Account account;
  const Prices dear{1'000'000'000'000'000, 0};
  for (int day = 0; day < 36'500; ++day) account.add(day_us, static_cast<Wide>(10'000'000) * day_us, 0, dear);
  CHECK(account.countable());
  CHECK(account.import_ukwh() == 36'500ll * 24 * 10'000 * 1'000'000);
  CHECK(account.cost_micro() == 36'500ll * 24 * 10'000 * 1'000 * 1'000'000);
  const Prices absurd{200'000'000'000'000'000, -200'000'000'000'000'000};
  for (int day = 0; day < 36'500; ++day)
    account.add(day_us, static_cast<Wide>(1'000'000'000) * day_us, static_cast<Wide>(1'000'000'000) * day_us, absurd);
  CHECK_FALSE(account.countable());
}
