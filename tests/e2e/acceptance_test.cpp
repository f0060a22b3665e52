// The whole path on a real year, through the shipped binary: import, dry run, miner guard, export, rebuild, why.
#include <rapidjson/document.h>
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "actors/clock.hpp"
#include "tests/e2e/process.hpp"
#include "tests/support/http_client.hpp"

using namespace heliograph;
using namespace heliograph::e2e;
using test::HttpClient;

namespace {

std::string shared(const std::string& path) {
  const char* set = std::getenv("HELIOGRAPH_SHARED");
  return (set ? std::string(set) : std::string(HELIOGRAPH_SOURCE_DIR) + "/../shared") + "/data/" + path;
}

const std::string enphase = "household/nl_enphase_hourly_2022-10_2023-09.csv.gz";
const std::string prices = "prices/nl_epex_hourly_2022-2023.csv.gz";

rapidjson::Document json(const std::string& text) {
  rapidjson::Document document;
  document.Parse(text.c_str());
  INFO(text.substr(0, 400));
  REQUIRE_FALSE(document.HasParseError());
  REQUIRE(document.IsObject());
  return document;
}

bool year_is_here() {
  for (const std::string& file : {enphase, prices, std::string("reference/annual_kpi.csv")})
    if (!std::filesystem::exists(shared(file))) {
      WARN("skipped: " << shared(file) << " is not here (set HELIOGRAPH_SHARED to the folder that holds data/)");
      return false;
    }
  return true;
}

void import_year(const std::string& data) {
  for (const auto& [map, file] : {std::pair{"nl_enphase", enphase}, std::pair{"nl_epex", prices}}) {
    const Ended ended = run({binary(), "import", "--json", "--data", data, "--site", "home", "--map", map, shared(file)});
    INFO(ended.err);
    REQUIRE(ended.exit == 0);
    const auto report = json(ended.out);
    const std::uint64_t rows = report["rows_read"].GetUint64();
    CHECK(rows == report["rows_kept"].GetUint64() + report["rows_dropped"].GetUint64());
    if (std::string(map) != "nl_enphase") continue;
    CHECK(rows == 8496);
    for (const auto& [column, sum] : {std::pair{"pv_wh", 5718752.0}, {"load_wh", 5080770.0}, {"export_wh", 3481625.0}, {"import_wh", 2843643.0}}) {
      bool found = false;
      for (const auto& each : report["columns"].GetArray())
        if (std::string(each["column"].GetString()) == column) found = each["sum"].GetDouble() == sum && each["stored_sum"].GetDouble() == sum;
      INFO(column);
      CHECK(found);
    }
  }
}

/// One row of the reference by column name.
std::vector<std::pair<std::string, std::string>> reference(const std::string& tariff) {
  std::istringstream lines(read_file(shared("reference/annual_kpi.csv")));
  std::string header, line;
  std::getline(lines, header);
  const auto split = [](const std::string& text) {
    std::vector<std::string> out;
    std::istringstream in(text);
    for (std::string cell; std::getline(in, cell, ',');) out.push_back(cell);
    return out;
  };
  const auto names = split(header);
  while (std::getline(lines, line)) {
    const auto cells = split(line);
    if (cells.size() < 2 || cells[1] != tariff) continue;
    std::vector<std::pair<std::string, std::string>> row;
    for (std::size_t i = 0; i < cells.size(); ++i) row.emplace_back(names[i], cells[i]);
    return row;
  }
  FAIL("the reference has no row for " << tariff);
  return {};
}

void agrees(const rapidjson::Value& account, const char* name, const std::vector<std::pair<std::string, std::string>>& row, const std::string& column) {
  const auto cell = std::find_if(row.begin(), row.end(), [&](const auto& each) { return each.first == column; });
  REQUIRE(cell != row.end());
  const double expected = std::strtod(cell->second.c_str(), nullptr);
  REQUIRE(account.HasMember(name));
  INFO(column << " " << account[name].GetDouble() << ", expected " << expected);
  CHECK(std::abs(account[name].GetDouble() - expected) <= std::abs(expected) * 1e-3);
}

std::string scenario(const std::string& tariff, const std::string& devices = "") {
  return R"({"battery":{"capacity_kwh":10,"power_kw":5,"efficiency":0.95,"self_discharge_per_h":0,"min_soc_percent":10,"max_soc_percent":100,)"
         R"("start_soc_percent":10,"strategy":"self_consumption"},)" + devices + R"("tariff":")" + tariff + "\"}";
}

const std::string miner_guard =
    R"({"id":"miner-guard","triggers":[{"id":"low","metric":"soc_percent","device":"battery","below":50,"rearm":80},)"
    R"({"id":"high","metric":"soc_percent","device":"battery","above":80,"rearm":50}],)"
    R"("actions":[{"when":["low"],"do":"pause","device":"miner-1"},{"when":["high"],"do":"resume","device":"miner-1"}]})";

}  // namespace

TEST_CASE("a real year gives the reference's energies and costs, twice the same digest") {
  if (!year_is_here()) return;
  const TempDir scratch;
  const std::string data = scratch / "data";
  import_year(data);
  for (const std::string tariff : {"retail_dynamic", "spot_fixed"}) {
    write_file(scratch / "scenario.json", scenario(tariff));
    const SystemClock clock;
    const Micros from = clock.monotonic();
    const Ended first = run({binary(), "replay", "--json", "--data", data, "--site", "home", "--scenario", scratch / "scenario.json"});
    std::printf("%s: a year's dry run took %lld ms, start of the process included\n", tariff.c_str(),
                static_cast<long long>((clock.monotonic() - from) / 1000));
    INFO(first.err);
    REQUIRE(first.exit == 0);
    const auto report = json(first.out);
    const auto row = reference(tariff);
    const auto& accounts = report["energy_and_money"];
    agrees(accounts["no_battery"], "import_kwh", row, "no_battery_import_kwh");
    agrees(accounts["no_battery"], "export_kwh", row, "no_battery_export_kwh");
    agrees(accounts["no_battery"], "cost", row, "no_battery_cost_eur");
    agrees(accounts["no_battery"], "hours", row, "hours");
    for (const char* account : {"self_consumption", "candidate"}) {
      agrees(accounts[account], "import_kwh", row, "self_import_kwh");
      agrees(accounts[account], "export_kwh", row, "self_export_kwh");
      agrees(accounts[account], "cost", row, "self_cost_eur");
      agrees(accounts[account], "battery_charge_kwh", row, "self_charge_kwh");
      agrees(accounts[account], "battery_discharge_kwh", row, "self_discharge_kwh");
    }
    agrees(accounts, "self_consumption_stored_kwh", row, "final_stored_kwh");
    CHECK(accounts["no_battery"]["hours_without_price"].GetDouble() == 2);
    const Ended second = run({binary(), "replay", "--json", "--data", data, "--site", "home", "--scenario", scratch / "scenario.json"});
    CHECK(first.out == second.out);
    CHECK(std::string(report["digest"].GetString()).size() == 64);
  }
}

TEST_CASE("the miner guard on a real year lists every pause, resume and refusal with its reason") {
  if (!year_is_here()) return;
  const TempDir scratch;
  import_year(scratch / "data");
  write_file(scratch / "rule.json", miner_guard);
  // A day of rest after each pause, so that some resumes come too early.
  write_file(scratch / "scenario.json", scenario("retail_dynamic", R"("devices":[{"id":"miner-1","nominal_w":1500,"start":"off","min_off":"PT24H"}],)"));
  const Ended ended = run({binary(), "replay", "--json", "--data", scratch / "data", "--site", "home", "--rules", scratch / "rule.json", "--scenario",
                           scratch / "scenario.json"});
  INFO(ended.err);
  REQUIRE(ended.exit == 0);
  const auto report = json(ended.out);
  const auto& decisions = report["decisions"];
  std::uint64_t sent = 0, refused = 0, pauses = 0, resumes = 0;
  for (const auto& command : decisions["commands"].GetArray()) {
    const std::string reason = command["reason"].GetString();
    const bool pause = command["action"] == "switch_off";
    INFO(command["at"].GetString() << " " << reason);
    CHECK(reason.find("Rule \"miner-guard\": soc_percent of battery is ") == 0);
    CHECK(reason.find(pause ? "below 50 %" : "above 80 %") != std::string::npos);
    CHECK(command["readings"].Size() > 0);
    if (command["would_send"].GetBool()) {
      ++(pause ? pauses : resumes);
      ++sent;
      continue;
    }
    ++refused;
    REQUIRE(command["refusals"].Size() == 1);
    const auto& refusal = command["refusals"][0];
    CHECK(refusal["rule"] == "min-off");
    CHECK(refusal["limit"].GetInt64() == 86'400);
    CHECK(refusal["actual"].GetInt64() < 86'400);
  }
  CHECK(sent == decisions["would_send"].GetUint64());
  CHECK(refused == decisions["would_refuse"].GetUint64());
  CHECK(pauses > 50);
  CHECK(resumes > 50);
  CHECK(refused > 0);
  CHECK(resumes >= pauses);  // it starts off
  CHECK(resumes - pauses <= 1);
}

TEST_CASE("an export is proved offline, a changed one is not, rebuilt views equal the log") {
  if (!year_is_here()) return;
  const TempDir scratch;
  const std::string data = scratch / "data";
  import_year(data);
  for (const std::string format : {"cloudevents", "ndjson", "csv"}) {
    const std::string file = scratch / ("audit." + format);
    REQUIRE(run({binary(), "export", "--data", data, "--format", format, "--out", file}).exit == 0);
    const Ended good = run({binary(), "verify", "--export", file});
    INFO(format << " " << good.out << good.err);
    CHECK(good.exit == 0);
    CHECK(good.out.rfind("OK: ", 0) == 0);
    std::string bytes = read_file(file);
    const auto at = bytes.find("nl_enphase");
    REQUIRE(at != std::string::npos);
    bytes[at] = 'N';
    write_file(file, bytes);
    const Ended bad = run({binary(), "verify", "--export", file});
    CHECK(bad.exit == 1);
    CHECK(bad.out.find("NOT OK") != std::string::npos);
  }
  REQUIRE(run({binary(), "rebuild", "--data", data}).exit == 0);
  const Ended verdict = run({binary(), "verify", "--data", data});
  INFO(verdict.out);
  CHECK(verdict.exit == 0);
  CHECK(verdict.out.rfind("OK: ", 0) == 0);  // chains and views
}

TEST_CASE("why walks from a command that was sent down to the reading that caused it") {
  const TempDir scratch;
  Server device({witness(), scratch / "witness"});
  Server server({killed_house(), scratch / "data", std::to_string(device.port())});
  REQUIRE(server.port() != 0);
  HttpClient client(server.port()), stream(server.port());
  const std::string home = "/api/v1/sites/home";
  const std::vector<std::pair<std::string, std::string>> type{{"Content-Type", "application/json"}, {"Idempotency-Key", "guard"}};
  REQUIRE(client.request("PUT", home, "{}", type).status == 200);
  REQUIRE(client.request("PUT", home + "/devices/plug-0", R"({"kind":"plug","can_switch":true,"nominal_w":1500})", type).status == 200);
  REQUIRE(client.request("POST", home + "/rules",
                         R"({"id":"guard","triggers":[{"id":"low","metric":"soc_percent","device":"battery","below":50,"rearm":80}],)"
                         R"("actions":[{"do":"pause","device":"plug-0"}]})", type).status == 201);
  stream.send("GET /api/v1/stream?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  REQUIRE(stream.read_stream_head().status == 200);
  const SystemClock clock;
  for (const char* soc : {"61.5", "47.5"})
    REQUIRE(client.request("POST", home + "/readings", R"({"device":"battery","timestamp":")" + format_time(clock.now()) + R"(","soc_percent":)" + soc + "}",
                           {{"Content-Type", "application/json"}}).status == 200);
  std::string dispatched;
  for (bool answered = false; !answered;) {
    const auto event = stream.read_event();
    REQUIRE(event);
    if (event->event == "command.dispatched") dispatched = event->id;
    answered = event->event == "command.answered";
  }
  const auto reply = client.request("GET", "/api/v1/positions/" + dispatched + "/why");
  INFO(reply.body);
  REQUIRE(reply.status == 200);
  const auto answer = json(reply.body);
  bool reading = false, rule = false, requested = false;
  for (const auto& step : answer["why"].GetArray()) {
    const auto& event = step["event"];
    requested = requested || event["type"] == "command.requested";
    rule = rule || (step["role"] == "rule as it was" && event["type"] == "rule.saved");
    reading = reading || (event["type"] == "readings.recorded" && event["device"] == "battery" && event["values"]["soc_percent"].GetDouble() == 47.5);
  }
  CHECK(requested);
  CHECK(rule);
  CHECK(reading);
  CHECK(read_file(scratch / "witness").find(" switch_off\n") != std::string::npos);
}
