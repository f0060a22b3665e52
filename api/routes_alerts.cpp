// Alerts: what is wrong now, what was, and who has seen it.
#include "api/translate.hpp"
#include "events/event_json.hpp"

namespace heliograph::api {
namespace {

http::Response list_alerts(const SiteViews& site, const http::Request& request) {
  const auto open = request.query_value("open");
  JsonWriter json;
  json.begin_object().key("alerts").begin_array();
  for (const AlertEntry& entry : site.alerts()) {
    if (open && (*open == "true") != (entry.cleared_at == 0)) continue;
    json.begin_object().field("alert", entry.alert).field("severity", std::string(name(entry.severity))).field("text", entry.text);
    json.field("position", entry.raised).key("raised_at").time(entry.raised_at);
    if (entry.acknowledged_at != 0) json.key("acknowledged_at").time(entry.acknowledged_at).field("acknowledged_by", to_string(entry.acknowledged_by));
    if (entry.cleared_at != 0) json.key("cleared_at").time(entry.cleared_at);
    json.end_object();
  }
  json.end_array().end_object();
  return http::json_response(json.take());
}

void acknowledge(Service& service, http::Request&& request, const http::Responder& responder) {
  SiteBody body(request, responder, "The body");
  if (!body) return;
  FieldReader& fields = body.fields();
  fields.require("alert", "\"alert\": \"device-offline/miner-1\"");
  const auto alert = fields.text("alert");
  if (body.refused()) return;
  answer_turn(service, body.site(), AcknowledgeAlert{alert.value_or(""), body.who()}, responder, position_response);
}

}  // namespace

std::vector<http::Route> alert_routes(Service& service) {
  return {
      {.path = "/api/v1/sites/{site}/alerts", .operation_id = "listAlerts", .summary = "What is wrong, and what was", .tag = "alerts", .needs = "see",
       .description = "By position, oldest first; the newest thousand of a site and all that are open (docs/ALERTS.md).",
       .parameters = {site_parameter(), {"open", http::In::query, http::Kind::boolean, false, "true: only what is open; false: only what is over."}},
       .replies = {ok("Alerts", "AlertList")},
       .handler = [&service](http::Request&& request, http::Responder responder) { answer_for_site(service, std::move(request), responder, list_alerts); }},
      {.method = http::Method::post, .path = "/api/v1/sites/{site}/alerts/acknowledge", .operation_id = "acknowledgeAlert",
       .summary = "Say that somebody has seen it; it stays open until its cause is gone", .tag = "alerts", .needs = "operate",
       .parameters = {site_parameter()}, .body = json_body("AlertSeen", "Which, and who"),
       .replies = {ok("Durable at this position", "PositionAnswer")}, .mutates = true,
       .handler = [&service](http::Request&& request, http::Responder responder) { acknowledge(service, std::move(request), responder); }},
  };
}

}  // namespace heliograph::api
