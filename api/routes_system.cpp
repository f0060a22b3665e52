// About the process: alive, ready, its figures.
#include "api/door.hpp"
#include "api/metrics.hpp"
#include "api/translate.hpp"

namespace heliograph::api {
namespace {

http::Response health(const Service& service) {
  JsonWriter json;
  const HostLimits& limits = service.engine.limits();
  json.begin_object().field("status", "ok").field("safe_mode", service.engine.safe_mode());
  json.key("features").begin_object().field("polling", service.engine.polling()).field("control", limits.control).field("automation", limits.automation).end_object();
  json.field("version", service.version).field("commit", service.commit).end_object();
  return http::json_response(json.take());
}

/// Ready = the log takes writes and the views answer. The page that asks is answered by the views themselves. How far the log is and how
/// much room there is concerns only who looks after the machine.
http::Response readiness(const Service& service, const Views& views, bool with_details) {
  Store& store = service.engine.store();
  const Status writable = store.log().writable();
  JsonWriter json;
  json.begin_object().field("status", writable ? "ready" : "not ready").field("safe_mode", service.engine.safe_mode());
  if (with_details) {
    json.key("checks").begin_object();
    json.key("log").begin_object().field("ok", writable.has_value()).field("position", store.log().durable());
    if (!writable) json.field("detail", writable.error().sentence);
    json.end_object().key("views").begin_object().field("ok", true).field("lag", store.log().durable() - std::min(store.log().durable(), views.applied())).end_object();
    json.key("disk").begin_object().field("ok", writable.has_value()).field("free_bytes", store.free_bytes()).field("log_bytes", store.bytes()).end_object();
    json.end_object();
  }
  json.end_object();
  return http::json_response(json.take(), writable ? 200 : 503);
}

}  // namespace

std::vector<http::Route> system_routes(Service& service) {
  return {
      {.path = "/health", .operation_id = "health", .summary = "The process is alive", .tag = "system", .needs = std::string(http::everybody), .replies = {ok("Alive", "Health")},
       .handler = [&service](http::Request&&, http::Responder responder) { responder.send(health(service)); }},
      {.path = "/readiness", .operation_id = "readiness", .summary = "The log takes writes and the views answer", .tag = "system", .needs = std::string(http::everybody),
       .replies = {ok("Ready", "Readiness"), {503, "Not ready", "Readiness"}},
       .handler = [&service](http::Request&& request, http::Responder responder) {
         const auto who = service.door->who_asks(request);
         answer_from_views(service, responder, [&service, with_details = who && who->may(Permission::host)](const Views& views) { return readiness(service, views, with_details); });
       }},
      {.path = "/metrics", .operation_id = "metrics", .summary = "Figures for Prometheus", .tag = "system", .needs = "host",
       .replies = {{200, "Text format 0.0.4, or OpenMetrics 1.0 for who prefers application/openmetrics-text", "", "text/plain"}},
       .handler = [&service](http::Request&& request, http::Responder responder) {
         answer_from_views(service, responder, [&service, form = chosen_by(request.header("Accept").value_or(""))](const Views& views) {
           http::Response response = http::text_response(200, std::string(content_type(form)), service.metrics->text(service, views, form));
           response.headers.emplace_back("Vary", "Accept");
           return response;
         });
       }},
  };
}

}  // namespace heliograph::api
