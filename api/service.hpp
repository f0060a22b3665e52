// What the routes need: the engine, and what the process gave them. Routes translate; they decide nothing.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/notifier.hpp"
#include "actors/server_config.hpp"
#include "api/http/openapi.hpp"
#include "api/http/request_stats.hpp"
#include "api/http/router.hpp"
#include "api/http/sse.hpp"

namespace heliograph::api {

/// A dry run over the recorded history of a site. Runs on a thread of its own; may take long.
struct DryRunOrder {
  SiteKey site;
  std::string body;        // the request's JSON: from, to, rules, scenario
  std::string rules_json;  // the site's rules as they stand, a JSON array
  Progress progress;
  const std::atomic<bool>* cancelled = nullptr;
};
struct DryRunAnswer {
  std::string report;          // JSON
  std::uint64_t readings = 0;  // of the period
};
/// Errors as for a person.
using DryRun = std::function<Result<DryRunAnswer>(const DryRunOrder&)>;

class Door;
class Metrics;
class RateLimits;
class UsageBook;
class VersionBook;

/// Those of the process.
struct DryRuns {
  std::atomic<int> under_way = 0;
  std::atomic<bool> over = false;  // the server stops: none goes on
};

struct Service {
  Engine& engine;
  std::string version, commit;
  bool read_only = false;  // the demo: nothing may be changed from outside
  DryRun dry_run = {};
  std::shared_ptr<DryRuns> dry_runs = std::make_shared<DryRuns>();
  std::shared_ptr<Metrics> metrics = {};
  std::shared_ptr<http::RequestStats> requests = {};
  std::shared_ptr<UsageBook> usage = {};
  std::shared_ptr<VersionBook> versions = {};
  ServerConfig config = {};  // TLS, proxies, names and origins that are let in besides our own
  Notifier* notifier = nullptr;  // none: nobody is told, and nobody answers by mail or text message
  std::optional<Digest> people_key = {};  // of this installation (DATA/people.key); none: of this run, and no login outlives it
  std::string budget_file = {};  // DATA/budgets: what callers have spent outlives a start; empty = it does not
  // Set when the server runs.
  std::shared_ptr<Door> door = {};
  std::shared_ptr<RateLimits> limits = {};
  http::SseHub* hub = nullptr;
  const http::Server* server = nullptr;
};

std::vector<http::Route> system_routes(Service& service);
std::vector<http::Route> page_routes(Service& service);
std::vector<http::Route> status_routes(Service& service);
std::vector<http::Route> site_routes(Service& service);
std::vector<http::Route> series_routes(Service& service);
std::vector<http::Route> reading_routes(Service& service);
std::vector<http::Route> rule_routes(Service& service);
std::vector<http::Route> command_routes(Service& service);
std::vector<http::Route> safety_routes(Service& service);
std::vector<http::Route> alert_routes(Service& service);
std::vector<http::Route> approval_routes(Service& service);
std::vector<http::Route> audit_routes(Service& service);
std::vector<http::Route> dry_run_routes(Service& service);
std::vector<http::Route> login_routes(Service& service);
std::vector<http::Route> account_routes(Service& service);
std::vector<http::Route> people_routes(Service& service);
/// The paths of older clients (docs/API.md). `table`: the routes whose answers they give.
std::vector<http::Route> alias_routes(Service& service, const std::vector<http::Route>& table);
/// The whole table. The service outlives it.
std::vector<http::Route> all_routes(Service& service);
std::vector<http::NamedSchema> schemas();

}  // namespace heliograph::api
