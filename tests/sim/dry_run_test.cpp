// What a dry run says about small synthetic pasts: differences, books, refusals, gaps, and that it reaches no device.
#include "sim/dry_run.hpp"

#include <catch2/catch.hpp>
#include <type_traits>

#include "actors/device_port.hpp"
#include "sim/house.hpp"
#include "tests/sim/past_fixture.hpp"

using namespace heliograph;
using namespace heliograph::tests;

namespace {

constexpr std::string_view guard = R"({"id": "guard",
  "triggers": [{"id": "low", "metric": "soc_percent", "device": "battery", "below": 50, "rearm": 80},
               {"id": "high", "metric": "soc_percent", "device": "battery", "above": 80, "rearm": 50}],
  "actions": [{"when": ["low"], "do": "pause", "device": "miner-1"}, {"when": ["high"], "do": "resume", "device": "miner-1"}]})";

Scenario scenario_of(std::string_view json) {
  auto parsed = parse_scenario(json);
  for (const auto& problem : parsed.problems) UNSCOPED_INFO(problem.pointer << ": " << problem.sentence);
  REQUIRE(parsed.scenario);
  return *parsed.scenario;
}

DryRunReport run(const DryRunInput& input) {
  auto report = dry_run(input);
  if (!report) UNSCOPED_INFO(report.error().sentence);
  REQUIRE(report);
  return *report;
}

struct HouseYear {
  MemorySeries series;
  Facts facts;
  double stored_wh_at_start = 0;
};

/// A simulated house lives its days, its commands are in the record, and its readings in the series.
HouseYear house_days(int days, const std::function<void(House&, Facts&, Micros)>& meanwhile = {}) {
  HouseYear past;
  HouseOptions options;
  options.seed = 11;
  options.start = test_start;
  options.sample = 5 * minute_us;
  House house(options);
  past.stored_wh_at_start = house.stored_wh();
  SiteConfigured site;
  past.facts.add(test_start - day_us, site);
  for (const auto& device : house.registrations()) past.facts.add(test_start - day_us, device);
  for (Micros t = test_start; t < test_start + days * day_us; t += options.sample) {
    if (meanwhile) meanwhile(house, past.facts, t);
    for (const HouseSample& s : house.step(t)) {
      past.series.row("battery", s.at, {{Metric::battery_w, s.battery_w}, {Metric::soc_permille, s.soc_permille}});
      past.series.row("grid", s.at, {{Metric::grid_w, s.grid_w}});
      past.series.row("house", s.at, {{Metric::load_w, s.load_w}});
      past.series.row("miner-1", s.at,
                      {{Metric::power_w, s.plugs[0].power_w}, {Metric::switch_on, s.plugs[0].on ? 1 : 0}});
      past.series.row("pv", s.at, {{Metric::pv_w, s.pv_w}});
      if (s.spot_price_micro) past.series.row("spot", s.at, {{Metric::spot_price_micro, *s.spot_price_micro}});
    }
  }
  past.series.hold("spot", hour_us);
  return past;
}

constexpr std::string_view same_battery =
    R"({"battery": {"capacity_kwh": 10, "power_kw": 5, "efficiency": 0.95}, "tariff": "retail_dynamic"})";

std::int64_t apart(std::int64_t a, std::int64_t b) { return a > b ? a - b : b - a; }

}  // namespace

TEST_CASE("without a difference the candidate is what happened") {
  const auto past = house_days(3);
  auto input = input_over(past.series, past.facts, {}, 3 * day_us);
  input.scenario = scenario_of(same_battery);
  const auto report = run(input);
  CHECK_FALSE(report.first_difference);
  CHECK(report.candidate.value()->import_ukwh() == report.what_happened.value()->import_ukwh());
  CHECK(report.candidate.value()->export_ukwh() == report.what_happened.value()->export_ukwh());
  CHECK(report.candidate.value()->cost_micro() == report.what_happened.value()->cost_micro());
  CHECK_FALSE(report.stored_wh);
  CHECK(report.would_send == 0);
}

TEST_CASE("the model error of a perfect model is small and never called zero when it is unknown") {
  const auto past = house_days(10);
  auto input = input_over(past.series, past.facts, {}, 10 * day_us);
  input.scenario = scenario_of(same_battery);
  const auto report = run(input);
  REQUIRE(report.model_error);
  const ModelError& error = *report.model_error.value();
  CHECK(error.metered.import_ukwh() > 10'000'000);
  // The house works in whole watts and its state of charge is read in permille.
  CHECK(apart(error.metered.import_ukwh(), error.simulated.import_ukwh()) * 200 < error.metered.import_ukwh());
  CHECK(apart(error.metered.export_ukwh(), error.simulated.export_ukwh()) * 200 < error.metered.import_ukwh());

  input.scenario = scenario_of(R"({"tariff": "retail_dynamic"})");
  const auto unknown = run(input);
  REQUIRE_FALSE(unknown.model_error);
  CHECK(unknown.model_error.why().find("describe it under \"battery\"") != std::string::npos);
  CHECK(to_json(unknown).find("\"model_error\":null,\"model_error_unavailable\":\"the record has a battery") !=
        std::string::npos);
  CHECK(to_text(unknown).find("Model error: unavailable (the record has a battery") != std::string::npos);
}

TEST_CASE("from the first difference on the battery lives its own life") {
  const auto past = house_days(6);
  auto input = input_over(past.series, past.facts, {rule_of(guard)}, 6 * day_us);
  input.scenario = scenario_of(same_battery);
  const auto report = run(input);
  REQUIRE(report.would_send > 0);
  REQUIRE(report.first_difference);
  // The house's miner runs all the time in the record; the first pause is the first difference.
  CHECK(report.commands.front().action == Action::switch_off);
  CHECK(*report.first_difference == report.commands.front().at);
  CHECK_FALSE(report.commands.front().readings.front().simulated);
  REQUIRE(report.commands.size() > 1);
  CHECK(report.commands.back().readings.front().simulated);
  CHECK(report.commands.back().readings.front().position > 0);
  REQUIRE(report.stored_wh);
  CHECK(report.candidate.value()->import_ukwh() < report.what_happened.value()->import_ukwh());
  // The other books do not know about the candidate.
  input.rules = std::vector<Rule>{};
  const auto nothing = run(input);
  CHECK(nothing.self_consumption.value()->import_ukwh() == report.self_consumption.value()->import_ukwh());
  CHECK(nothing.what_happened.value()->import_ukwh() == report.what_happened.value()->import_ukwh());
}

TEST_CASE("commands that the record has too are followed, not simulated") {
  // A rule pauses the miner at noon of the second day; the engine sent it a second after the reading.
  const Micros noon = test_start + day_us + 12 * hour_us;
  const auto past = house_days(4, [&](House& house, Facts& facts, Micros t) {
    if (t != noon + 5 * minute_us) return;
    CommandDispatched off;
    off.command = CommandId{"c-1"};
    off.device = DeviceId{"miner-1"};
    off.action = Action::switch_off;
    CHECK(house.apply(off, noon + second_us).kind == SimulatedAnswer::Kind::done);
    facts.add(noon + second_us, off, {PrincipalKind::rule, "noon"});
  });
  const Rule at_noon = rule_of(
      R"({"id": "noon", "triggers": [{"id": "t", "at": "12:00"}], "actions": [{"do": "pause", "device": "miner-1"}]})");
  auto input = input_over(past.series, past.facts, {at_noon}, 4 * day_us);
  input.from = test_start + day_us;
  input.scenario = scenario_of(same_battery);
  const auto same = run(input);
  CHECK_FALSE(same.first_difference);
  CHECK(same.would_send == 1);  // on the following days it is so already
  CHECK(same.firings.at("noon").at("already_so") == 2);
  CHECK(same.candidate.value()->import_ukwh() == same.what_happened.value()->import_ukwh());
  REQUIRE(same.model_error);
  CHECK(same.model_error.value()->commands_recorded == 1);

  input.rules = std::vector<Rule>{};  // nobody pauses it: it goes on running from then on
  const auto without = run(input);
  CHECK(without.first_difference == noon + second_us);
  CHECK(without.candidate.value()->import_ukwh() > without.what_happened.value()->import_ukwh());
}

TEST_CASE("the site's own rules and the model error find the recorded commands again") {
  const Micros noon = test_start + day_us + 12 * hour_us;
  auto past = house_days(3, [&](House& house, Facts& facts, Micros t) {
    if (t != noon + 5 * minute_us) return;
    CommandDispatched off;
    off.command = CommandId{"c-1"};
    off.device = DeviceId{"miner-1"};
    off.action = Action::switch_off;
    house.apply(off, noon + second_us);
    facts.add(noon + second_us, off, {PrincipalKind::rule, "noon"});
  });
  const Rule at_noon = rule_of(
      R"({"id": "noon", "triggers": [{"id": "t", "at": "12:00"}], "actions": [{"do": "pause", "device": "miner-1"}]})");
  past.facts.add(test_start + day_us, RuleSaved{at_noon.id, 1, true, canonical_json(at_noon)});
  auto input = input_over(past.series, past.facts, {}, 3 * day_us);
  input.rules.reset();
  input.from = test_start + 6 * hour_us;
  input.scenario = scenario_of(same_battery);
  const auto report = run(input);
  CHECK(report.own_rules);
  CHECK(report.rules.size() == 1);
  REQUIRE(report.model_error);
  CHECK(report.model_error.value()->commands_recorded == 1);
  CHECK(report.model_error.value()->commands_matched == 1);
  // Tried from the begin of the period the rule pauses a day earlier than it really did.
  CHECK(report.first_difference == test_start + 12 * hour_us);
}

TEST_CASE("people's commands and the emergency stop happen again in a dry run") {
  auto past = house_days(2);
  const Micros morning = test_start + 8 * hour_us;
  CommandRequested off;
  off.command = CommandId{"c-9"};
  off.device = DeviceId{"miner-1"};
  off.action = Action::switch_off;
  off.reason = "Too loud.";
  past.facts.add(morning, off);
  past.facts.add(test_start + 20 * hour_us, StopEngaged{"smoke"});
  const Rule evening = rule_of(
      R"({"id": "evening", "triggers": [{"id": "t", "at": "21:00"}], "actions": [{"do": "resume", "device": "miner-1"}]})");
  const Rule early = rule_of(
      R"({"id": "early", "triggers": [{"id": "t", "at": "08:30"}], "actions": [{"do": "resume", "device": "miner-1"}]})");
  auto input = input_over(past.series, past.facts, {evening, early}, day_us);
  input.scenario = scenario_of(same_battery);
  const auto report = run(input);
  REQUIRE(report.commands.size() == 2);
  CHECK(report.commands[0].principal == Principal{PrincipalKind::user, "anna"});
  CHECK(report.commands[0].would_send);
  CHECK(report.commands[0].reason == "Too loud.");
  CHECK_FALSE(report.commands[1].would_send);  // a person's hold keeps automation off
  CHECK(report.commands[1].refusals.front().rule == "manual-hold");
  CHECK(report.firings.at("evening").at("automation_off") == 1);  // stopped
}

TEST_CASE("rules with `for` wait in virtual time, between readings, too") {
  MemorySeries series;
  for (int i = 0; i < 60; ++i)
    series.row("battery", test_start + i * 10 * minute_us, {{Metric::soc_permille, i < 20 ? 600 : 400}});
  Facts facts;
  facts.add(test_start, SiteConfigured{});
  facts.add(test_start, registered("battery", DeviceKind::battery));
  Rule rule = rule_of(
      R"({"id": "slow", "triggers": [{"id": "low", "metric": "soc_percent", "device": "battery", "below": 50, "for": "PT17M"}],
                          "actions": [{"do": "pause", "device": "miner-1"}]})");
  auto input = input_over(series, facts, {rule}, day_us);
  input.scenario = scenario_of(R"({"devices": [{"id": "miner-1", "nominal_w": 1000, "start": "on"}]})");
  // The newest reading is older than the device's freshness when the timer rings.
  const auto stale = run(input);
  CHECK(stale.firings.at("slow").at("condition_not_met") == 1);
  CHECK(stale.would_send == 0);
  auto fresh = registered("battery", DeviceKind::battery);
  fresh.freshness = 15 * minute_us;
  facts.add(test_start, fresh);
  input.decisions = facts.records();
  const auto report = run(input);
  REQUIRE(report.would_send == 1);
  CHECK(report.commands[0].at == test_start + 217 * minute_us);
}

TEST_CASE("a battery under rules does what it is told within its limits, and only then") {
  MemorySeries series;
  for (int i = 0; i < 2 * 288; ++i)
    series.row("house", test_start + i * 5 * minute_us, {{Metric::load_w, 2'000}, {Metric::pv_w, 0}});
  Facts facts;
  facts.add(test_start - 1, SiteConfigured{});
  const Rule charge = rule_of(
      R"({"id": "night", "triggers": [{"id": "t", "at": "02:00"}], "actions": [{"do": "set_power", "device": "battery", "power_w": -3000}]})");
  const Rule rest = rule_of(
      R"({"id": "rest", "triggers": [{"id": "t", "at": "03:00"}], "actions": [{"do": "set_power", "device": "battery", "power_w": 0}]})");
  const Rule use = rule_of(
      R"({"id": "use", "triggers": [{"id": "t", "at": "18:00"}], "actions": [{"do": "set_power", "device": "battery", "power_w": 2000}]})");
  auto input = input_over(series, facts, {charge, rest, use}, 2 * day_us);
  input.scenario = scenario_of(
      R"({"battery": {"capacity_kwh": 10, "power_kw": 5, "efficiency": 1, "start_soc_percent": 40, "strategy": "rules"}})");
  const auto report = run(input);
  const Account& books = *report.candidate.value();
  CHECK(books.charge_ukwh() == 6'000'000);     // an hour at 3 kW, twice
  CHECK(books.discharge_ukwh() == 9'000'000);  // from 70 % down to its minimum of 10 %, then from 40 %
  CHECK(report.would_send == 6);
  input.scenario.battery->strategy = BatteryStrategy::idle;
  const auto idle = run(input);
  CHECK(idle.would_send == 0);
  CHECK(idle.would_refuse == 6);
  CHECK(idle.commands[0].refusals.front().rule == "capability");
  CHECK(idle.candidate.value()->import_ukwh() == 96'000'000);
}

TEST_CASE("a rule that sets a mode is tried: recorded modes are read, what is set is shown, and its energy is in no figure") {
  MemorySeries series;
  series.add_word("of another device");  // numbers in the series are not those of the site
  const std::int64_t eco = series.add_word("ECO"), passive = series.add_word("PASSIVE");
  for (int i = 0; i < 288; ++i) {
    const Micros at = test_start + i * 5 * minute_us;
    series.row("battery", at, {{Metric::soc_permille, i < 144 ? 900 : 400}});
    series.row("node", at, {{Metric::mode, i < 200 ? eco : passive}});
  }
  Facts facts;
  facts.add(test_start - 1, SiteConfigured{});
  facts.add(test_start - 1, registered("battery", DeviceKind::battery));
  auto node = registered("node", DeviceKind::node);
  node.modes = {{"PASSIVE", 0}, {"ECO", 900}};
  facts.add(test_start - 1, node);
  const auto low = [](const std::string& mode) {
    return rule_of(R"({"id": "low", "triggers": [{"id": "low", "metric": "soc_percent", "device": "battery", "below": 50}],
      "actions": [{"do": "set_mode", "device": "node", "mode": ")" + mode + "\"}]}");
  };
  const auto report = run(input_over(series, facts, {low("PASSIVE")}, day_us));
  REQUIRE(report.would_send == 1);
  CHECK(report.commands[0].mode == "PASSIVE");
  CHECK(report.commands[0].power_w == 0);
  CHECK(report.commands[0].at == test_start + 144 * 5 * minute_us);
  CHECK(report.first_difference == report.commands[0].at);
  CHECK(to_json(report).find(R"("mode":"PASSIVE")") != std::string::npos);
  CHECK(to_text(report).find("set_mode") != std::string::npos);
  CHECK(to_json(report).find("mode-not-simulated") != std::string::npos);

  const auto quiet = run(input_over(series, facts, {low("ECO")}, day_us));
  CHECK(quiet.would_send == 0);
  CHECK(quiet.firings.at("low").at("already_so") == 1);
  CHECK(to_json(quiet).find("mode-not-simulated") == std::string::npos);

  const auto wrong = run(input_over(series, facts, {low("TURBO")}, day_us));
  REQUIRE(wrong.would_refuse >= 1);
  CHECK(wrong.would_send == 0);
  CHECK(wrong.commands[0].refusals.front().rule == "capability");
}

TEST_CASE("the grid limit holds for the simulated grid, with its figures in the refusal") {
  MemorySeries series;
  for (int i = 0; i < 288; ++i) {
    const Micros at = test_start + i * 5 * minute_us;
    series.row(
        "house", at,
        {{Metric::load_w, 2'000}, {Metric::pv_w, 0}, {Metric::grid_import_w, 2'000}, {Metric::grid_export_w, 0}});
    series.row("thermometer", at, {{Metric::temperature_mc, i < 144 ? 5'000 : 25'000}});
  }
  SiteConfigured site;
  site.grid_import_w_max = 4'500;
  Facts facts;
  facts.add(test_start - 1, site);
  const Rule both = rule_of(
      R"({"id": "both", "triggers": [{"id": "hot", "metric": "temperature_c", "device": "thermometer", "above": 20}],
      "actions": [{"do": "resume", "device": "a"}, {"do": "resume", "device": "b"}]})");
  auto input = input_over(series, facts, {both}, day_us);
  input.scenario = scenario_of(R"({"devices": [{"id": "a", "nominal_w": 1500}, {"id": "b", "nominal_w": 1500}]})");
  const auto report = run(input);
  CHECK(report.would_send == 1);
  REQUIRE(report.would_refuse > 0);
  const DryRunCommand& refused = report.commands[1];
  CHECK(refused.device.text == "b");
  REQUIRE_FALSE(refused.refusals.empty());
  CHECK(refused.refusals[0].rule == "grid-limit");
  CHECK(refused.refusals[0].limit == 4'500);
  CHECK(refused.refusals[0].actual == 5'000);  // 2000 metered + 1500 in flight + 1500 asked
  REQUIRE(refused.refusals[0].seen);
  CHECK(refused.refusals[0].seen->simulated);  // the grid as it would be, after a reading of the house
  CHECK(refused.refusals[0].seen->position > 0);
  CHECK(report.candidate.value()->import_ukwh() == 48'000'000 + 12 * 1'500'000);
}

TEST_CASE("what is not in the record is unavailable, with its reason, and never zero") {
  MemorySeries series;
  series.row("battery", test_start, {{Metric::soc_permille, 400}});
  const auto report = run(input_over(series, Facts{}, {}, day_us));
  CHECK_FALSE(report.what_happened);
  CHECK_FALSE(report.no_battery);
  CHECK_FALSE(report.candidate);
  CHECK_FALSE(report.tariff);
  const auto json = to_json(report);
  for (const char* key :
       {"what_happened", "no_battery", "self_consumption", "candidate", "tariff", "candidate_stored_kwh"})
    CHECK(json.find("\"" + std::string(key) + "\":null,\"" + key + "_unavailable\":\"") != std::string::npos);
  CHECK(to_text(report).find("what happened     unavailable (there is no meter in the record") != std::string::npos);
  // Half a meter is no meter.
  MemorySeries half;
  half.row("meter", test_start, {{Metric::grid_import_w, 400}});
  CHECK_FALSE(run(input_over(half, Facts{}, {}, day_us)).what_happened);
}

TEST_CASE("a gap stays a gap: its time is in no figure, and the report says so") {
  MemorySeries series;
  for (int i = 0; i < 24; ++i)
    if (i < 5 || i > 8) series.row("house", test_start + i * hour_us, {{Metric::load_w, 1'000}, {Metric::pv_w, 0}});
  series.hold("house", hour_us);
  auto input = input_over(series, Facts{}, {}, day_us);
  input.scenario = scenario_of(
      R"({"tariff": {"import": {"fixed": 0.25}, "export": {"fixed": 0}}, "battery": {"capacity_kwh": 5, "power_kw": 2}})");
  const auto report = run(input);
  CHECK(report.no_battery.value()->import_ukwh() == 20'000'000);
  CHECK(report.no_battery.value()->known() == 20 * hour_us);
  CHECK(report.no_battery.value()->cost_micro() == 5'000'000);
  REQUIRE(report.gaps.size() == 1);
  CHECK(report.gaps[0].from == test_start + 5 * hour_us);
  CHECK(report.gaps[0].to == test_start + 9 * hour_us);
  CHECK(to_json(report).find("\"hours_in_gaps\":4,\"gap_count\":1") != std::string::npos);
}

TEST_CASE("imported history is used at the time when it was true, and the report says that this is so") {
  MemorySeries series;
  series.row("house", test_start + hour_us, {{Metric::load_w, 100}, {Metric::pv_w, 0}});
  Facts facts;
  HistoryImported import;
  import.file = "year.csv";
  import.rows_kept = 1;
  facts.add(test_start + 300 * day_us, import);
  facts.add(test_start + 300 * day_us, SiteConfigured{});
  facts.add(test_start + 300 * day_us, registered("house", DeviceKind::meter));
  const auto report = run(input_over(series, facts, {}, day_us));
  std::vector<std::string> codes;
  for (const auto& caveat : report.caveats) codes.push_back(caveat.code);
  CHECK(std::find(codes.begin(), codes.end(), "imported-history") != codes.end());
  CHECK(std::find(codes.begin(), codes.end(), "settings-from-later") != codes.end());
  CHECK(std::find(codes.begin(), codes.end(), "devices-from-later") != codes.end());
  CHECK(report.no_battery.value()->import_ukwh() == 25'000);
}

TEST_CASE("a dry run refuses what it cannot run, with one sentence and a pointer") {
  MemorySeries series;
  series.row("house", test_start, {{Metric::load_w, 100}, {Metric::pv_w, 0}, {Metric::soc_permille, 500}});
  series.row("car", test_start, {{Metric::soc_permille, 500}});
  const auto error = [&](DryRunInput input) {
    const auto report = dry_run(input);
    REQUIRE_FALSE(report);
    return report.error();
  };
  auto input = input_over(series, Facts{}, {}, day_us);
  auto backwards = input;
  backwards.to = backwards.from;
  CHECK(error(backwards).pointer == "/to");
  auto empty = input;
  empty.from += day_us;
  empty.to += day_us;
  CHECK(error(empty).code == Errc::not_found);
  auto priced = input;
  priced.scenario = scenario_of(R"({"prices": "house"})");
  CHECK(error(priced).pointer == "/prices");
  auto two_batteries = input;
  two_batteries.scenario = scenario_of(R"({"battery": {"capacity_kwh": 5, "power_kw": 2}})");
  CHECK(error(two_batteries).pointer == "/battery");
  auto unpriced = input;
  unpriced.scenario = scenario_of(R"({"tariff": "spot_fixed"})");
  const auto report = run(unpriced);
  CHECK(report.tariff.why() == "the tariff needs spot prices and the record has none: import a price series");
}

TEST_CASE("a dry run reports its progress and can be cancelled") {
  const auto past = house_days(40);
  auto input = input_over(past.series, past.facts, {rule_of(guard)}, 40 * day_us);
  input.scenario = scenario_of(same_battery);
  double last = 0;
  int calls = 0;
  input.progress = [&](const DryRunProgress& progress) {
    CHECK(progress.share >= last);
    last = progress.share;
    return ++calls > 0;
  };
  run(input);
  CHECK(calls >= 3);
  CHECK(last == 1);
  input.progress = [](const DryRunProgress&) { return false; };
  const auto cancelled = dry_run(input);
  REQUIRE_FALSE(cancelled);
  CHECK(cancelled.error().code == Errc::closed);
}

namespace {

/// Stands where a real site has its hardware.
class CountingPort : public DevicePort {
 public:
  void send(const CommandDispatched&, Answer answer) override {
    ++sends;
    answer({});
  }
  int sends = 0;
};

}  // namespace

TEST_CASE("a dry run reaches no device: thousands of commands decided, none sent") {
  CountingPort port;  // alive in the same process, and still out of reach
  MemorySeries series;
  for (int i = 0; i < 20'000; ++i)
    series.row("battery", test_start + i * 10 * minute_us, {{Metric::soc_permille, i % 2 == 0 ? 900 : 300}});
  Facts facts;
  facts.add(test_start - 1, SiteConfigured{});
  facts.add(test_start - 1, registered("battery", DeviceKind::battery));
  facts.add(test_start - 1, registered("miner-1", DeviceKind::plug, 1'000));
  const auto report = run(input_over(series, facts, {rule_of(guard)}, 20'000 * 10 * minute_us));
  INFO(to_text(report, 6));
  CHECK(report.would_send > 10'000);
  CHECK(port.sends == 0);
  // By type: nothing that a dry run takes or gives can hold a port.
  static_assert(!std::is_constructible_v<DryRunInput, CountingPort&>);
  static_assert(!std::is_invocable_v<decltype(&dry_run), const DryRunInput&, DevicePort&>);
}

TEST_CASE("a dry run is bound by the limits of the host, as the live engine is") {
  const auto past = house_days(2);
  auto input = input_over(past.series, past.facts, {rule_of(R"({"id":"on","triggers":[{"id":"t","metric":"soc_percent","device":"battery","above":0}],
    "actions":[{"do":"switch_on","device":"boiler"}]})")}, 2 * day_us);
  const auto free = run(input);
  input.limits.soc_floor_permille = 1000;
  const auto bound = run(input);
  CHECK(free.would_send > 0);
  CHECK(bound.would_send == 0);
}
