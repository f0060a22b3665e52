// The truth table in docs/SAFETY.md is what the code says: each cell is asked of `check`. HELIOGRAPH_WRITE_DOCS=1 writes it anew
// after a change that was meant.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>

#include "tests/support/core_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

const Principal guard{PrincipalKind::rule, "guard"};

struct Column {
  const char* head;
  const char* device;
  Action action;
  std::int64_t power_w;
};
const std::vector<Column> columns = {{"switch on", "miner-1", Action::switch_on, 0},
                                     {"discharge", "battery", Action::set_power, 2'000},
                                     {"charge", "battery", Action::set_power, -2'000},
                                     {"switch off", "miner-1", Action::switch_off, 0},
                                     {"set 0 W", "battery", Action::set_power, 0}};

struct Row {
  std::string when;
  std::function<void(Story&)> arrange;
};

/// Everything well: charge 60 %, devices heard, nothing on its way.
void calm(Story& story, std::int64_t soc = 600) {
  story.read({{"battery", Metric::soc_permille, soc}, {"battery", Metric::battery_w, 0}});
  story.read({{"grid", Metric::grid_w, 0}});
  story.read({{"miner-1", Metric::switch_on, 0}});
  story.pass(second_us);
}

void flags(Story& story, bool control, bool automation) {
  HostLimits limits;
  limits.control = control, limits.automation = automation;
  story.site.set_limits(limits);
}

std::vector<Row> situations() {
  std::vector<Row> out;
  const auto with_charge = [&](const char* when, std::int64_t soc) { out.push_back({when, [soc](Story& s) { calm(s, soc); }}); };
  with_charge("charge 20.0 %: at the floor", 200);
  with_charge("20.1 %", 201);
  with_charge("30.0 %: `min_soc_percent`", 300);
  with_charge("30.1 %", 301);
  with_charge("49.9 %", 499);
  with_charge("50.0 %: `pause_below_percent`", 500);
  with_charge("79.9 %", 799);
  with_charge("80.0 %: `target_soc_percent`", 800);
  out.push_back({"the charge was never read", [](Story& s) {
                   s.read({{"grid", Metric::grid_w, 0}});
                   s.read({{"miner-1", Metric::switch_on, 0}});
                   s.pass(second_us);
                 }});
  out.push_back({"everything was read 5 min and 1 µs ago", [](Story& s) { calm(s), s.pass(5 * minute_us - second_us + 1); }});
  out.push_back({"only the battery is silent so long", [](Story& s) {
                   calm(s);
                   s.pass(5 * minute_us - second_us + 1);
                   s.read({{"grid", Metric::grid_w, 0}});
                   s.read({{"miner-1", Metric::switch_on, 0}});
                 }});
  out.push_back({"the newest charge is not plausible", [](Story& s) {
                   calm(s);
                   ReadingBuilder builder;
                   builder.row("battery", s.at);
                   builder.set(Metric::battery_w, 0);
                   builder.suspect(Metric::soc_permille, Quality::unreadable, "85%");
                   s.take(builder.take());
                 }});
  out.push_back({"the charge stands still while 2 kW flow", [](Story& s) {
                   for (int i = 0; i <= 31; ++i) s.read({{"battery", Metric::soc_permille, 600}, {"battery", Metric::battery_w, 2'000}}), s.pass(minute_us);
                   s.read({{"grid", Metric::grid_w, 0}});
                   s.read({{"miner-1", Metric::switch_on, 0}});
                   s.pass(second_us);
                 }});
  out.push_back({"the site draws 4 kW of the 5 kW that it may", [](Story& s) {
                   s.settings.grid_import_w_max = 5'000;
                   s.configure(s.settings);
                   calm(s);
                   s.read({{"grid", Metric::grid_w, 4'000}});
                 }});
  out.push_back({"a command is on its way to each device", [](Story& s) {
                   calm(s);
                   s.ask("miner-1", Action::switch_off), s.ask("battery", Action::set_power, 0);
                 }});
  out.push_back({"a person commanded both an hour ago less 1 s", [](Story& s) {
                   calm(s);
                   s.ask("miner-1", Action::switch_off), s.ask("battery", Action::set_power, 0);
                   s.live_until(s.at + hour_us - second_us);
                   calm(s);
                   s.at -= second_us;
                 }});
  out.push_back({"the device belongs to another environment", [](Story& s) {
                   for (DeviceRegistered about : {plug("miner-1"), battery("battery")}) about.environment = "test", s.add(about);
                   calm(s);
                 }});
  out.push_back({"rest hours", [](Story& s) {
                   PreferencesSet wishes;
                   wishes.rest_hours = {11 * 60, 13 * 60};
                   s.prefer(wishes);
                   calm(s);
                 }});
  out.push_back({"solar hours without surplus", [](Story& s) {
                   PreferencesSet wishes;
                   wishes.solar_hours = {11 * 60, 13 * 60};
                   s.prefer(wishes);
                   calm(s);
                 }});
  out.push_back({"automation is switched off", [](Story& s) {
                   s.settings.automation = false;
                   s.configure(s.settings);
                   calm(s);
                 }});
  out.push_back({"the emergency stop", [](Story& s) { calm(s), s.stop(); }});
  out.push_back({"safe mode", [](Story& s) { calm(s), s.site.set_safe_mode(true); }});
  out.push_back({"the host's flag `control` is off", [](Story& s) { calm(s), flags(s, false, true); }});
  out.push_back({"the host's flag `automation` is off", [](Story& s) { calm(s), flags(s, true, false); }});
  out.push_back({"both flags are off, as in a configuration that says nothing", [](Story& s) { calm(s), flags(s, false, false); }});
  return out;
}

std::string cell(const Story& story, const Column& column, const Principal& who) {
  std::string out;
  for (const Refusal& refusal : check(story.site.view(story.at), {{column.device}, column.action, column.power_w, who}, story.at).refusals)
    out += (out.empty() ? "" : ", ") + refusal.rule;
  return out;
}

/// One entry where people and automation hear the same.
std::string both(const Story& story, const Column& column) {
  const std::string person = cell(story, column, anna), automation = cell(story, column, guard);
  const auto shown = [](const std::string& rules) { return rules.empty() ? std::string("yes") : "no: " + rules; };
  return person == automation ? shown(person) : shown(person) + "; automation " + shown(automation);
}

std::string table() {
  std::string out = "| when |", line = "|---|";
  for (const Column& column : columns) out += " " + std::string(column.head) + " |", line += "---|";
  out += "\n" + line + "\n";
  for (const Row& row : situations()) {
    Story story;
    row.arrange(story);
    out += "| " + row.when + " |";
    for (const Column& column : columns) out += " " + both(story, column) + " |";
    out += "\n";
  }
  return out;
}

}  // namespace

TEST_CASE("the truth table in docs/SAFETY.md is what the code says") {
  const std::string path = std::string(HELIOGRAPH_SOURCE_DIR) + "/docs/SAFETY.md";
  std::stringstream read;
  read << std::ifstream(path).rdbuf();
  std::string text = read.str();
  const std::string open = "<!-- truth table: made by tests/core/truth_table_test.cpp -->\n", close = "<!-- end of the truth table -->";
  const auto begin = text.find(open), end = text.find(close);
  REQUIRE(begin != std::string::npos);
  REQUIRE(end != std::string::npos);
  const std::string made = table(), written = text.substr(begin + open.size(), end - begin - open.size());
  if (std::getenv("HELIOGRAPH_WRITE_DOCS") != nullptr && made != written) {
    text.replace(begin + open.size(), written.size(), made);
    std::ofstream(path) << text;
    return;
  }
  std::istringstream a(made), b(written);
  for (std::string x, y; a || b;) {
    std::getline(a, x), std::getline(b, y);
    CHECK(x == y);
  }
  CHECK(made == written);
  // Every kind of answer stands in it: a table of "yes" would say nothing.
  for (const char* rule : {"soc-floor", "min-soc", "pause-below", "target-soc", "unknown", "stale", "quality", "stuck", "grid-limit", "busy", "manual-hold", "environment",
                           "rest-hours", "solar-hours", "automation-off", "stop", "safe-mode", "control-off", "automation-not-enabled", "device-offline", "yes"}) {
    CAPTURE(rule);
    CHECK(made.find(rule) != std::string::npos);
  }
}
