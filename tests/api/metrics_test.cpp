// What Prometheus is given: two formats that a strict reader takes without a fault, with everything that was promised, and no user text.
#include <catch2/catch.hpp>

#include "actors/process_log.hpp"
#include "api/exposition.hpp"
#include "api/metrics.hpp"
#include "api/web_server.hpp"
#include "sim/house_adapter.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/exposition_checker.hpp"
#include "tests/support/http_client.hpp"

using namespace heliograph;
using namespace heliograph::api;
using test::read_open_metrics;
using test::read_prometheus;

namespace {

std::string all(const std::vector<std::string>& faults) {
  std::string out;
  for (const std::string& each : faults) out += each + "\n";
  return out;
}

std::string page(Exposition form) {
  Page out(form);
  out.info("build", "Version \"and\" commit", {{"version", "1.0"}, {"commit", "say \"hi\"\\x\n"}});
  out.gauge("log_bytes", "Size, with a \\ and\na line", 7);
  out.counters("commands", "By outcome", {{{{"outcome", "failed"}}, 3}, {{{"outcome", "verified"}}, 9}});
  out.counters_of_time("replay_seconds", "Time", {{{}, 1'500'000}});
  const std::vector<std::int64_t> bounds{500, 1'000'000};
  out.histograms("view_run_seconds", "How long", bounds, {{{{"view", "a"}}, {1, 2, 3}, 12'345'678}, {{{"view", "b"}}, {0, 0, 0}, 0}});
  return out.take();
}

}  // namespace

TEST_CASE("the examples of both formats are without a fault") {
  const auto old = tests::shared_text("protocols/fixtures/web/metrics_prometheus_0.0.4.txt"), open = tests::shared_text("protocols/fixtures/web/metrics_openmetrics_1.0.0.txt");
  if (!old || !open) return;
  CHECK(all(read_prometheus(*old).faults) == "");
  CHECK(all(read_open_metrics(*open).faults) == "");
  CHECK(read_prometheus(*old).samples.at(R"(ecc_device_power_watts{device="say \"hi\"\\x\n",site="home"})") == -5);
}

TEST_CASE("a page is without a fault in both formats, and says the same in both") {
  const auto old = read_prometheus(page(Exposition::prometheus)), open = read_open_metrics(page(Exposition::open_metrics));
  CHECK(all(old.faults) == "");
  CHECK(all(open.faults) == "");
  CHECK(old.samples == open.samples);
  CHECK(old.samples.at(R"(heliograph_view_run_seconds_bucket{view="a",le="0.0005"})") == 1);
  CHECK(old.samples.at(R"(heliograph_view_run_seconds_bucket{view="a",le="+Inf"})") == 6);
  CHECK(old.samples.at(R"(heliograph_view_run_seconds_sum{view="a"})") == 12.345678);
  CHECK(old.samples.at("heliograph_replay_seconds_total") == 1.5);
  CHECK(old.types.at("heliograph_commands_total") == "counter");
  CHECK(open.types.at("heliograph_commands") == "counter");
  CHECK(open.types.at("heliograph_build") == "info");
}

TEST_CASE("the reader sees what is wrong") {
  struct Wrong { const char *old, *with, *fault; };
  const auto planted = [](std::string text, const Wrong& wrong) {
    const auto at = text.find(wrong.old);
    INFO(wrong.old);
    REQUIRE(at != std::string::npos);
    return text.replace(at, std::string(wrong.old).size(), wrong.with);
  };
  const std::vector<Wrong> in_both{
      {"heliograph_log_bytes 7", "heliograph_log-bytes 7", "is no name"},
      {"heliograph_log_bytes 7", "heliograph_log_bytes seven", "is no number"},
      {"heliograph_log_bytes 7", "heliograph_log_bytes", "before the value"},
      {"heliograph_log_bytes 7", "heliograph_log_bytes 7\nheliograph_log_bytes 8", "twice"},
      {"heliograph_log_bytes 7\n", "heliograph_log_bytes 7\n\n", "empty line"},
      {"heliograph_log_bytes 7\n", "heliograph_log_bytes 7\r\n", "carriage return"},
      {"\n# HELP heliograph_log_bytes", "\n# HELP heliograph_log_bytes x\n# HELP heliograph_log_bytes", "twice"},
      {"# TYPE heliograph_log_bytes gauge\n", "", "has no TYPE"},
      {"# TYPE heliograph_log_bytes gauge", "# TYPE heliograph_log_bytes number", "is no type"},
      {"outcome=\"failed\"", "out-come=\"failed\"", "name of a label"},
      {"outcome=\"failed\"", "__name=\"failed\"", "name of a label"},
      {"outcome=\"failed\"", "outcome=\"failed\",outcome=\"x\"", "twice"},
      {"outcome=\"failed\"", "outcome=\"fa\\iled\"", "escapes nothing"},
      {"outcome=\"failed\"", "outcome=\"verified\"", "twice"},
      {"{outcome=\"failed\"} 3", "{outcome=\"failed\"} -3", "below zero"},
      {"heliograph_replay_seconds_total 1.5", "heliograph_replay_seconds_total 1.5\nheliograph_commands_total{outcome=\"late\"} 1", "torn apart"},
      {"{view=\"a\",le=\"1\"} 3", "{view=\"a\",le=\"1\"} 0", "not cumulative"},
      {"{view=\"a\",le=\"+Inf\"} 6", "{view=\"a\",le=\"+Inf\"} 7", "not its _count"},
      {"heliograph_view_run_seconds_bucket{view=\"a\",le=\"+Inf\"} 6\n", "", "+Inf"},
      {"heliograph_view_run_seconds_sum{view=\"a\"} 12.345678\n", "", "no _sum"},
      {"{view=\"a\",le=\"1\"} 3", "{view=\"a\",le=\"0.0001\"} 3", "do not rise"},
      {"_count{view=\"a\"}", "_count{view=\"a\",le=\"1\"}", "where no bucket is"},
  };
  for (const Wrong& wrong : in_both) {
    INFO(wrong.old << " -> " << wrong.with);
    CHECK(all(read_prometheus(planted(page(Exposition::prometheus), wrong)).faults).find(wrong.fault) != std::string::npos);
    CHECK(all(read_open_metrics(planted(page(Exposition::open_metrics), wrong)).faults).find(wrong.fault) != std::string::npos);
  }
  const std::string old = page(Exposition::prometheus), open = page(Exposition::open_metrics);
  for (const Wrong& wrong : {Wrong{"# TYPE heliograph_commands counter", "# TYPE heliograph_commands_total counter", "_total"}, Wrong{"# EOF\n", "", "no # EOF"}, Wrong{"# EOF\n", "# EOF\nheliograph_x 1\n", "follows # EOF"},
                             Wrong{"# UNIT heliograph_log_bytes bytes", "# UNIT heliograph_log_bytes seconds", "is not the end"}, Wrong{"# HELP heliograph_log_bytes", "# NOTE heliograph_log_bytes", "neither HELP"},
                             Wrong{"heliograph_build_info{version=\"1.0\"", "heliograph_build{version=\"1.0\"", "does not fit"}, Wrong{"# TYPE heliograph_build info", "# TYPE heliograph_build_info info", "_info"},
                             Wrong{"heliograph_commands_total{outcome=\"failed\"}", "heliograph_commands{outcome=\"failed\"}", "does not fit"}}) {
    INFO(wrong.old << " -> " << wrong.with);
    CHECK(all(read_open_metrics(planted(open, wrong)).faults).find(wrong.fault) != std::string::npos);
  }
  CHECK(all(read_prometheus(planted(old, {"# TYPE heliograph_commands_total counter", "# TYPE heliograph_commands counter", ""})).faults).find("_total") != std::string::npos);
  CHECK(all(read_prometheus(old.substr(0, old.size() - 1)).faults).find("does not end") != std::string::npos);
  CHECK_FALSE(read_prometheus(open).faults.empty());
  CHECK_FALSE(read_open_metrics(old).faults.empty());
}

TEST_CASE("who asks chooses the format by what they prefer") {
  const auto is_open = [](std::string_view accept) { return chosen_by(accept) == Exposition::open_metrics; };
  CHECK_FALSE(is_open(""));
  CHECK_FALSE(is_open("*/*"));
  CHECK_FALSE(is_open("text/plain"));
  CHECK_FALSE(is_open("text/html,application/xhtml+xml,*/*;q=0.8"));
  CHECK(is_open("application/openmetrics-text"));
  CHECK(is_open("application/openmetrics-text; version=1.0.0; charset=utf-8"));
  CHECK(is_open("Application/OpenMetrics-Text;version=\"1.0.0\";q=0.5, text/plain;version=0.0.4;q=0.3, */*;q=0.1"));  // Prometheus itself
  CHECK_FALSE(is_open("application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"));
  CHECK_FALSE(is_open("application/openmetrics-text;q=0.3,text/plain;q=0.5"));
  CHECK_FALSE(is_open("application/openmetrics-text;q=0.5,text/plain;q=0.5"));  // no preference
  CHECK_FALSE(is_open("application/openmetrics-text;q=0,*/*"));
  CHECK_FALSE(is_open("application/openmetrics-text;q=2"));
  CHECK_FALSE(is_open("application/openmetrics-text;q=nan"));
  CHECK(is_open("text/plain;q=0.2, application/*"));
  CHECK_FALSE(is_open(",,;;=,q=1"));
}

TEST_CASE("the living page is without a fault, has everything that was promised, and names routes and no paths") {
  const auto store = open_memory_store();
  const SystemClock clock;
  auto engine = Engine::start(*store, clock, {.version = "9.9", .commit = "abc"});
  REQUIRE(engine);
  Service service{**engine, "9.9", "abc"};
  service.config.public_metrics = true;
  auto web = WebServer::start(**engine, "127.0.0.1:0", std::move(service));
  REQUIRE(web);
  const SiteKey home{home_tenant(), {"home"}};
  REQUIRE(simulate_house(**engine, home, 1));
  {
    test::HttpClient client((*web)->port());
    CHECK(client.request("GET", "/api/v1/sites/home/latest?canary").status == 401);
    CHECK(client.request("GET", "/canary").status == 404);
    CHECK(client.request("GET", "/health").status == 200);
    process_log::write(process_log::Level::warn, "test", "canary");
    REQUIRE((*engine)->request_and_wait(home, RecordFact{"site-home", NotificationRaised{"x", "y"}, {}, {}}));
    const auto asked = client.request("GET", "/metrics");
    CHECK(asked.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
    const auto old = read_prometheus(client.request("GET", "/metrics").body);
    const auto reply = client.request("GET", "/metrics", {}, {{"Accept", "application/openmetrics-text; version=1.0.0"}});
    CHECK(reply.header("Content-Type") == "application/openmetrics-text; version=1.0.0; charset=utf-8");
    CHECK(reply.header("Vary") == "Accept");
    const auto open = read_open_metrics(reply.body);
    CHECK(all(old.faults) == "");
    CHECK(all(open.faults) == "");
    CHECK(reply.body.find("canary") == std::string::npos);
    for (const char* promised : {"log_commit_seconds", "log_bytes", "projection_lag_events", "polls", "last_poll_age_seconds", "command_dispatch_seconds", "command_confirm_seconds", "commands", "safety_refusals",
                                 "approvals", "rule_evaluations", "replayed_readings", "replay_seconds", "sse_clients", "queue_drops", "build", "view_wait_seconds", "mishaps", "http_streams"}) {
      INFO(promised);
      CHECK(open.types.contains("heliograph_" + std::string(promised)));
    }
    CHECK(old.samples.at(R"(heliograph_build_info{version="9.9",commit="abc"})") == 1);
    CHECK(old.samples.at(R"(http_server_request_duration_seconds_count{http_request_method="GET",http_route="/api/v1/sites/{site}/latest",http_response_status_code="401"})") == 1);
    CHECK(old.samples.at(R"(http_server_request_duration_seconds_count{http_request_method="_OTHER",http_route="",http_response_status_code="404"})") == 1);
    CHECK(old.samples.at(R"(http_server_active_requests{http_request_method="GET",http_route="/metrics"})") == 1);  // this one
    CHECK(old.samples.at("heliograph_view_run_seconds_count") >= 1);
    CHECK(old.samples.at("heliograph_log_commit_seconds_count") >= 1);
    CHECK(old.samples.at(R"(heliograph_mishaps_total{component="test",level="warn"})") >= 1);
  }
  (*web)->stop();
  REQUIRE((*engine)->stop());
}
