// How the process is, for whoever looks after the machine: its parts, its mishaps of the day, its requests, who uses it, its versions.
#include "actors/mishaps.hpp"
#include "api/components.hpp"
#include "api/metrics.hpp"
#include "api/translate.hpp"
#include "api/usage.hpp"
#include "api/version_figures.hpp"

namespace heliograph::api {
namespace {

http::Response component_list(const Service& service, const Views& views, const TenantId& tenant) {
  const std::vector<Component> all = components(service, views, tenant);
  JsonWriter json;
  json.begin_object().field("state", std::string(name(worst(all)))).key("at").time(service.engine.clock().now()).key("components").begin_array();
  for (const Component& each : all) json.begin_object().field("component", each.name).field("state", std::string(name(each.health))).field("sentence", each.sentence).end_object();
  json.end_array().end_object();
  return http::json_response(json.take());
}

http::Response mishap_list(Micros now) {
  JsonWriter json;
  json.begin_object().field("kept_for", "PT24H").field("dropped_lines", process_log::dropped()).key("errors").begin_array();
  for (const Mishap& each : recent_mishaps().since_yesterday(now)) {
    json.begin_object().field("level", std::string(process_log::name(each.level))).field("component", each.component).field("message", each.message);
    if (!each.latest.empty()) json.field("latest", each.latest);
    json.field("count", each.count).key("first_at").time(each.first_at).key("last_at").time(each.last_at).end_object();
  }
  json.end_array().end_object();
  return http::json_response(json.take());
}

// ---- requests -------------------------------------------------------------------------------------------------------

/// Microseconds as seconds; null above what is counted, and where nothing was.
void write_seconds(JsonWriter& json, const char* key, std::int64_t micros) {
  json.key(key);
  if (micros < 0) json.null();
  else json.decimal(micros, 6);
}

void write_durations(JsonWriter& json, const http::DurationCounts& took) {
  json.field("count", took.count());
  json.key("seconds_total").decimal(static_cast<std::int64_t>(took.micros), 6);
  write_seconds(json, "p50", took.quantile(0.5));
  write_seconds(json, "p95", took.quantile(0.95));
  write_seconds(json, "p99", took.quantile(0.99));
}

/// What is not built yet says so (501), and did not fail.
bool is_failure(int status) { return status >= 500 && status != 501; }

void write_row(JsonWriter& json, const http::RequestStats::Row& row) {
  http::DurationCounts all;
  std::map<int, std::uint64_t> classes;
  std::uint64_t bytes = 0, failed = 0;
  for (const http::RequestStats::Cell& cell : row.cells) {
    all += cell.took, classes[cell.status / 100] += cell.took.count(), bytes += cell.body_bytes;
    if (is_failure(cell.status)) failed += cell.took.count();
  }
  json.begin_object().field("method", row.method).key("route");
  if (row.route.empty()) json.null();
  else json.string(row.route);
  json.field("under_way", row.under_way).field("errors", failed).field("body_bytes", bytes);
  json.key("by_status").begin_object();
  for (const auto& [number, count] : classes)
    if (count > 0) json.field((number == 0 ? std::string("other") : std::to_string(number) + "xx"), count);
  json.end_object();
  write_durations(json, all);
  json.end_object();
}

http::Response request_list(const Service& service) {
  JsonWriter json;
  json.begin_object().key("requests").begin_array();
  if (service.requests)
    for (const http::RequestStats::Row& row : service.requests->rows()) write_row(json, row);
  json.end_array();
  if (service.server != nullptr) {
    const http::ServerStats server = service.server->stats();
    json.key("connections").begin_object().field("open", server.open).field("streams", server.streams).field("accepted", server.accepted).field("turned_away", server.turned_away);
    json.field("refused", server.refused).field("timeouts", server.timeouts).field("subscribers", service.hub == nullptr ? 0 : service.hub->stats().subscribers).end_object();
  }
  json.key("views").begin_object().key("wait").begin_object();
  write_durations(json, service.metrics->view_waits.now());
  json.end_object().key("run").begin_object();
  write_durations(json, service.metrics->view_runs.now());
  json.end_object().end_object();
  Store& store = service.engine.store();
  json.key("store").begin_object().field("log_bytes", store.bytes()).field("free_bytes", store.free_bytes()).field("position", store.log().durable()).end_object();
  json.end_object();
  return http::json_response(json.take());
}

// ---- people and versions ----------------------------------------------------------------------------------------------

void write_counts(JsonWriter& json, const char* key, const UsageCounts& counts) {
  json.key(key).begin_object().field("logins", counts.logins).field("failed_logins", counts.failed_logins).field("refusals", counts.refusals);
  json.field("operations", counts.operations).field("requests", counts.requests).end_object();
}

/// Who may not see people sees themselves.
http::Response usage_list(const Service& service, const Access& access) {
  const std::string self = to_string(access.who());
  JsonWriter json;
  json.begin_object().key("usage").begin_array();
  for (const UsageOf& each : service.usage->of(access.tenant(), service.engine.clock().now())) {
    if (!access.sees_people() && each.principal != self) continue;
    json.begin_object().field("principal", each.principal).key("last_at").time(each.last_at);
    write_counts(json, "last_24_hours", each.day);
    write_counts(json, "last_30_days", each.month);
    json.end_object();
  }
  json.end_array().end_object();
  return http::json_response(json.take());
}

void write_mean(JsonWriter& json, const char* key, std::uint64_t micros, std::uint64_t of) { write_seconds(json, key, of == 0 ? -1 : static_cast<std::int64_t>(micros / of)); }

void write_share(JsonWriter& json, const char* key, std::uint64_t part, std::uint64_t of) {
  json.key(key);
  if (of == 0) json.null();
  else json.number(static_cast<double>(part) / static_cast<double>(of));
}

void write_version(JsonWriter& json, const VersionFigures& of) {
  json.begin_object().key("version");
  if (of.version.empty()) json.null();
  else json.string(of.version);
  json.key("first_at").time(of.first_at).key("last_at").time(of.last_at).field("starts", of.starts).field("unclean_starts", of.unclean_starts);
  json.key("commands").begin_object().field("verified", of.verified).field("failed", of.failed).field("unknown", of.unknown).field("refused", of.refused).field("cancelled", of.cancelled);
  write_share(json, "success", of.verified, of.verified + of.failed + of.unknown);
  write_mean(json, "mean_dispatch_seconds", of.dispatch_micros, of.dispatched);
  write_mean(json, "mean_confirm_seconds", of.confirm_micros, of.verified);
  json.end_object().field("safety_blocks", of.safety_blocks);
  json.key("approvals").begin_object().field("answered", of.answered);
  write_mean(json, "mean_answer_seconds", of.answer_micros, of.answered);
  json.end_object().field("rule_firings", of.firings);
  json.key("rule_firings_per_day");
  if (of.ran == 0) json.null();
  else json.number(static_cast<double>(of.firings) * static_cast<double>(day_us) / static_cast<double>(of.ran));
  json.field("alerts", of.alerts).key("ran_seconds").decimal(of.ran, 6);
  write_share(json, "automation_uptime", static_cast<std::uint64_t>(of.automated), static_cast<std::uint64_t>(of.ran));
  json.end_object();
}

/// What the log does not say is of this process, and so of the version that runs.
void write_process(JsonWriter& json, const Service& service) {
  std::uint64_t asked = 0, answered = 0, requests = 0, errors = 0;
  for (const SourceState& source : service.engine.house_stats().sources()) asked += source.succeeded + source.failed, answered += source.succeeded;
  for (const http::RequestStats::Row& row : service.requests->rows())
    for (const http::RequestStats::Cell& cell : row.cells) requests += cell.took.count(), errors += is_failure(cell.status) ? cell.took.count() : 0;
  json.begin_object().field("version", service.version).field("commit", service.commit).field("polls", asked);
  write_share(json, "poll_success", answered, asked);
  json.field("requests", requests);
  write_share(json, "error_rate", errors, requests);
  json.field("rule_evaluations", service.engine.house_stats().rule_evaluations.load()).end_object();
}

http::Response figure_list(const Service& service) {
  JsonWriter json;
  json.begin_object().key("versions").begin_array();
  for (const VersionFigures& each : service.versions->all()) write_version(json, each);
  json.end_array().key("process");
  write_process(json, service);
  json.end_object();
  return http::json_response(json.take());
}

}  // namespace

std::vector<http::Route> status_routes(Service& service) {
  return {
      {.path = "/api/v1/system/components", .operation_id = "components", .summary = "How each part is, in a word and a sentence", .tag = "system", .needs = "host", .replies = {ok("The parts", "ComponentList")},
       .handler = [&service](http::Request&& request, http::Responder responder) {
         answer_from_views(service, responder, [&service, tenant = access_of(request).tenant()](const Views& views) { return component_list(service, views, tenant); });
       }},
      {.path = "/api/v1/system/errors", .operation_id = "recentErrors", .summary = "What went wrong in this process within 24 hours", .tag = "system", .needs = "host",
       .description = "Each distinct mishap once, with how often. Kept in memory: it begins anew with the process.", .replies = {ok("The latest first", "RecentErrors")},
       .handler = [&service](http::Request&&, http::Responder responder) { responder.send(mishap_list(service.engine.clock().now())); }},
      {.path = "/api/v1/system/requests", .operation_id = "requestStatistics", .summary = "Requests by route since the start, with times in seconds", .tag = "system", .needs = "host", .replies = {ok("By route", "RequestStatistics")},
       .handler = [&service](http::Request&&, http::Responder responder) { responder.send(request_list(service)); }},
      {.path = "/api/v1/system/usage", .operation_id = "userActivity", .summary = "What people and keys of the tenant did within 24 hours and 30 days", .tag = "system", .needs = "audit",
       .description = "From the log; requests since the start of the process. Who may not see people sees themselves.", .replies = {ok("By principal", "UsageList")},
       .handler = [&service](http::Request&& request, http::Responder responder) { responder.send(usage_list(service, access_of(request))); }},
      {.path = "/api/v1/system/figures", .operation_id = "versionFigures", .summary = "How each version has done, and how this process does", .tag = "system", .needs = "host",
       .description = "From the log, since 30 days before the start of the process; shares from 0 to 1, null where nothing was counted.", .replies = {ok("By version", "VersionFigures")},
       .handler = [&service](http::Request&&, http::Responder responder) { responder.send(figure_list(service)); }},
  };
}

}  // namespace heliograph::api
