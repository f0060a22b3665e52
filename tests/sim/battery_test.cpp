// The battery model against analytic cases (shared data/battery_reference) and against its own bounds.
#include "sim/battery.hpp"

#include <simdjson.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "tests/support/shared_data.hpp"

using namespace heliograph;

namespace {

double number(const simdjson::dom::element& object, const char* key) { return double(object[key]); }

BatterySpec spec_of(const simdjson::dom::element& c) {
  return {number(c, "capacity_kwh") * 1000,    number(c, "min_stored_kwh") * 1000,     number(c, "capacity_kwh") * 1000,
          number(c, "charge_limit_kw") * 1000, number(c, "discharge_limit_kw") * 1000, number(c, "eta_charge"),
          number(c, "eta_discharge"),          number(c, "self_discharge_per_h")};
}

const BatterySpec ten_kwh{10'000, 1'000, 10'000, 5'000, 5'000, 0.95, 0.95, 0};

}  // namespace

TEST_CASE("the battery model reproduces every analytic case") {
  const auto text = tests::shared_text("data/battery_reference/analytic_cases.json");
  if (!text) return;
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.parse(*text);
  int steps = 0;
  for (const auto c : root["cases"].get_array()) {
    INFO(std::string_view(c["id"]));
    const double hours = number(c, "dt_h"), start_wh = number(c, "stored_start_kwh") * 1000;
    BatteryModel battery(spec_of(c), start_wh);
    double in_kwh = 0, out_kwh = 0;
    for (const auto step : c["steps"].get_array()) {
      // The file counts charging as positive, the house discharging.
      const double accepted_kw = -battery.step(-number(step, "request_kw") * 1000, hours) / 1000;
      CHECK(std::abs(accepted_kw - number(step, "accepted_kw")) < 1e-6);
      CHECK(std::abs(battery.stored_wh() / 1000 - number(step, "stored_end_kwh")) < 1e-6);
      CHECK(std::abs(static_cast<double>(battery.soc_permille()) / 10 - number(step, "soc_pct")) <= 0.05 + 1e-9);
      (accepted_kw > 0 ? in_kwh : out_kwh) += std::abs(accepted_kw) * hours;
      ++steps;
    }
    CHECK(std::abs(in_kwh - number(c, "ac_in_kwh")) < 1e-6);
    CHECK(std::abs(out_kwh - number(c, "ac_out_kwh")) < 1e-6);
    CHECK(std::abs(start_wh / 1000 + in_kwh - out_kwh - battery.stored_wh() / 1000 - number(c, "loss_kwh")) < 1e-6);
  }
  CHECK(steps == 44);
}

TEST_CASE("a battery keeps within its bounds whatever it is asked") {
  BatteryModel battery(ten_kwh, 4'000);
  for (int i = 0; i < 2'000; ++i) {
    const double request_w = 9'000 * std::sin(0.37 * i) + 4'000 * std::sin(0.011 * i);
    const double offered_w = battery.acceptable_w(request_w, 0.25);
    const double accepted_w = battery.step(request_w, 0.25);
    REQUIRE(offered_w == accepted_w);
    REQUIRE(std::abs(accepted_w) <= 5'000);
    REQUIRE(std::abs(accepted_w) <= std::abs(request_w));
    REQUIRE(accepted_w * request_w >= 0);
    REQUIRE(battery.stored_wh() >= 1'000 - 1e-9);
    REQUIRE(battery.stored_wh() <= 10'000 + 1e-9);
  }
}

TEST_CASE("a battery outside its bounds is brought back by use, never by a jump") {
  BatteryModel low(ten_kwh, 500);
  CHECK(low.step(2'000, 1) == 0);
  CHECK(low.stored_wh() == 500);
  CHECK(low.step(-1'000, 1) == -1'000);
  CHECK(low.stored_wh() == 1'450);
  BatteryModel no_time(ten_kwh, 5'000);
  CHECK(no_time.step(2'000, 0) == 0);
}
