// Rules: read, save, remove. A rule is checked whole before it is saved; saving makes a new version.
#include "api/http/conditions.hpp"
#include "api/translate.hpp"
#include "events/event_json.hpp"

namespace heliograph::api {
namespace {

void write_rule(JsonWriter& json, const Record& saved) {
  json.begin_object().field("position", saved.envelope.position).key("saved_at").time(saved.envelope.occurred_at);
  json.field("saved_by", to_string(saved.envelope.principal)).key("rule");
  write_event(json, saved.event());
  json.end_object();
}

http::Response list_rules(const SiteViews& site, const http::Request&) {
  JsonWriter json;
  json.begin_object().key("rules").begin_array();
  for (const RecordPtr& record : site.rules()) write_rule(json, *record);
  json.end_array().end_object();
  return http::json_response(json.take());
}

http::Response rule_now(const SiteViews& site, const http::Request& request) {
  const RuleId id{std::string(request.param("rule"))};
  const RecordPtr saved = site.rule(id);
  if (!saved) return http::problem_response(404, "not-found", "There is no rule \"" + id.text + "\" at this site.");
  JsonWriter json;
  write_rule(json, *saved);
  return http::with_tag(http::json_response(json.take()), request, std::to_string(saved->envelope.position));
}

void save_rule(Service& service, http::Request&& request, const http::Responder& responder) {
  auto site = site_of(request);
  if (!site) return static_cast<void>(responder.send(site.error()));
  ParsedRule parsed = parse_rule(request.body);
  if (!parsed.rule) return static_cast<void>(responder.send(problems(parsed.problems)));
  const std::string id = parsed.rule->id.text;
  answer_turn(service, *site, SaveRule{std::move(*parsed.rule), access_of(request).who(), request.idempotency_key, fingerprint(request), expected_of(request, Expected::Kind::whatever)}, responder,
              [id](const SiteReply& reply) {
                JsonWriter json;
                json.begin_object().field("rule", id).field("position", reply.last).field("repeated", reply.repeated).end_object();
                return http::json_response(json.take(), reply.repeated ? 200 : 201);
              });
}

void remove_rule(Service& service, http::Request&& request, const http::Responder& responder) {
  auto site = site_of(request);
  if (!site) return static_cast<void>(responder.send(site.error()));
  answer_turn(service, *site, RemoveRule{{std::string(request.param("rule"))}, access_of(request).who(), expected_of(request, Expected::Kind::whatever)}, responder, position_response);
}

}  // namespace

std::vector<http::Route> rule_routes(Service& service) {
  using http::Method;
  const http::Parameter rule{"rule", http::In::path, http::Kind::id, true, "The rule's id", {}, {}, {}, false, "miner-guard"};
  return {
      {.path = "/api/v1/sites/{site}/rules", .operation_id = "listRules", .summary = "The site's rules as they stand", .tag = "rules", .needs = "see",
       .parameters = {site_parameter()}, .replies = {ok("The rules", "RuleList")},
       .handler = [&service](http::Request&& request, http::Responder responder) { answer_for_site(service, std::move(request), responder, list_rules); }},
      {.path = "/api/v1/sites/{site}/rules/{rule}", .operation_id = "getRule", .summary = "One rule as it stands; its ETag is its version", .tag = "rules", .needs = "see",
       .parameters = {site_parameter(), rule, if_none_match()}, .replies = versioned("The rule", "RuleNow"),
       .handler = [&service](http::Request&& request, http::Responder responder) { answer_for_site(service, std::move(request), responder, rule_now); }},
      {.method = Method::post, .path = "/api/v1/sites/{site}/rules", .operation_id = "saveRule", .summary = "Save a rule: new, or a new version", .tag = "rules", .needs = "configure",
       .parameters = with_conditions({site_parameter()}),
       .body = http::RequestBody{{"application/json", "application/yaml"}, "Rule", "A rule document (docs/RULES.md); dry-run it first"},
       .replies = {{201, "Saved", "RuleSaved"}, ok("The same request was answered before", "RuleSaved")}, .mutates = true, .needs_idempotency_key = true,
       .handler = [&service](http::Request&& request, http::Responder responder) { save_rule(service, std::move(request), responder); }},
      {.method = Method::del, .path = "/api/v1/sites/{site}/rules/{rule}", .operation_id = "removeRule", .summary = "Remove a rule; its history stays", .tag = "rules", .needs = "configure",
       .parameters = with_conditions({site_parameter(), rule}), .replies = {ok("Durable at this position", "PositionAnswer")}, .mutates = true,
       .handler = [&service](http::Request&& request, http::Responder responder) { remove_rule(service, std::move(request), responder); }},
  };
}

}  // namespace heliograph::api
