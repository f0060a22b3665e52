// Commands and the emergency stop. The gate decides (actors/core/safety.cpp); here it is only asked.
#include "api/translate.hpp"
#include "events/event_json.hpp"

namespace heliograph::api {
namespace {

std::optional<Action> parse_action(std::string_view word) {
  if (word == "switch_on" || word == "on" || word == "resume") return Action::switch_on;
  if (word == "switch_off" || word == "off" || word == "pause") return Action::switch_off;
  if (word == "set_power") return Action::set_power;
  return std::nullopt;
}

std::optional<std::string> who(FieldReader& fields) {
  const auto by = fields.text("by");
  if (by && !is_id(*by)) fields.problem("by", "\"by\" names a person: use 1 to 63 of a-z, 0-9 and '-'.");
  return by;
}

http::Response command_response(const SiteReply& reply) {
  if (!reply.command->refusals.empty()) return refused(*reply.command);
  JsonWriter json;
  json.begin_object().field("command", reply.command->command.text).field("state", "dispatched").field("position", reply.command->requested);
  json.field("repeated", reply.repeated).end_object();
  return http::json_response(json.str(), 202);
}

void command(Service& service, http::Request&& request, const http::Responder& responder) {
  SiteBody body(request, responder, "The command");
  if (!body) return;
  FieldReader& fields = body.fields();
  heliograph::Ask ask;
  fields.require("device", "\"device\": \"miner-1\"");
  if (auto device = fields.device("device")) ask.proposal.device = std::move(*device);
  fields.require("action", "\"action\": \"switch_off\"");
  if (const auto word = fields.text("action")) {
    if (const auto action = parse_action(*word)) ask.proposal.action = *action;
    else fields.problem("action", "\"action\" must be switch_on, switch_off or set_power.");
  }
  const auto power = fields.scaled("power_w", 0, -1'000'000'000, 1'000'000'000, "W");
  if (ask.proposal.action == Action::set_power && !power) fields.problem("power_w", "set_power needs \"power_w\": + discharges, - charges.");
  if (ask.proposal.action != Action::set_power && power) fields.problem("power_w", "Only set_power takes \"power_w\": leave it out.");
  ask.proposal.power_w = power.value_or(0);
  ask.reason = fields.text("reason").value_or("");
  ask.proposal.principal = caller(who(fields).value_or(""));
  if (body.refused()) return;
  ask.idempotency_key = request.idempotency_key;
  ask.fingerprint = fingerprint(request);
  answer_turn(service, body.site(), std::move(ask), responder, command_response);
}

template <class Order>
void stop_or_lift(Service& service, http::Request&& request, const http::Responder& responder, bool named) {
  SiteBody body(request, responder, "The body", true);
  if (!body) return;
  FieldReader& fields = body.fields();
  if (named) fields.require("reason", "\"reason\": \"the inverter was checked\""), fields.require("by", "\"by\": \"anna\"");
  const std::string reason = fields.text("reason").value_or("");
  const Principal principal = caller(who(fields).value_or(""));
  // A stop is never refused for its form: whatever could be read of it stands.
  if (named && body.refused()) return;
  answer_turn(service, body.site(), Order{principal, reason}, responder, position_response);
}

http::Response command_story_response(const Views& views, const SiteKey& site, const http::Request& request) {
  auto story = command_story(views.audit, views.store, views.log, site, {std::string(request.param("command"))});
  if (!story) return http::problem_response(story.error());
  if (story->empty()) return http::problem_response(404, "not-found", "There is no command with this id at this site.");
  JsonWriter json;
  json.begin_object().field("command", std::string(request.param("command"))).key("state");
  const std::string& type = story->back()->envelope.type;  // "command.verified"
  json.string(std::string_view(type).substr(type.find('.') + 1)).key("events").begin_array();
  for (const RecordPtr& record : *story) write_record(json, *record);
  json.end_array().end_object();
  return http::json_response(json.str());
}

http::Response pending(const Views& views, const SiteKey& site, const http::Request&) {
  JsonWriter json;
  json.begin_object().key("pending").begin_array();
  for (const PendingAction& p : views.pending.of(site)) {
    json.begin_object().field("command", p.command.text).field("device", p.device.text).field("action", std::string(name(p.action)));
    if (p.action == Action::set_power) json.field("power_w", p.power_w);
    json.field("state", std::string(name(p.stage))).field("who", to_string(p.who)).field("position", p.requested);
    json.key("since").time(p.since).field("reason", p.reason).end_object();
  }
  json.end_array().end_object();
  return http::json_response(json.str());
}

}  // namespace

std::vector<http::Route> command_routes(Service& service) {
  using http::Method;
  const http::Parameter id{"command", http::In::path, http::Kind::id, true, "The command's id", {}, {}, {}, false, "c-4711"};
  const auto for_site = [&service](auto ask) {
    return [&service, ask](http::Request&& request, http::Responder responder) { answer_for_site(service, std::move(request), responder, ask); };
  };
  return {
      {.method = Method::post, .path = "/api/v1/sites/{site}/commands", .operation_id = "command", .summary = "Ask for a command; safety decides", .tag = "commands",
       .description = "202: durable and handed to the device; a reading will confirm it. 409 or 422: refused, with every reason.",
       .parameters = {site_parameter()}, .body = json_body("Command", "What to do"),
       .replies = {{202, "Dispatched", "CommandAnswer"}}, .mutates = true, .needs_idempotency_key = true,
       .handler = [&service](http::Request&& request, http::Responder responder) { command(service, std::move(request), responder); }},
      {.path = "/api/v1/sites/{site}/commands/{command}", .operation_id = "getCommand", .summary = "Everything on record about one command", .tag = "commands",
       .parameters = {site_parameter(), id}, .replies = {ok("Its events in order", "CommandStory")}, .handler = for_site(command_story_response)},
      {.path = "/api/v1/sites/{site}/pending", .operation_id = "pendingActions", .summary = "Commands that have not ended", .tag = "commands",
       .parameters = {site_parameter()}, .replies = {ok("Pending actions", "PendingList")}, .handler = for_site(pending)},
      {.method = Method::post, .path = "/api/v1/sites/{site}/stop", .operation_id = "engageStop", .summary = "Emergency stop: no automation, nothing energises", .tag = "safety",
       .parameters = {site_parameter()},
       .body = http::RequestBody{{"application/json"}, "StopReason", "Who and why; may be empty", false},
       .replies = {ok("Durable at this position", "PositionAnswer")}, .mutates = true,
       .handler = [&service](http::Request&& r, http::Responder responder) { stop_or_lift<EngageStop>(service, std::move(r), responder, false); }},
      {.method = Method::post, .path = "/api/v1/sites/{site}/stop/lift", .operation_id = "liftStop", .summary = "Lift the stop; needs a named person and a reason", .tag = "safety",
       .parameters = {site_parameter()}, .body = json_body("LiftReason", "Who and why"),
       .replies = {ok("Durable at this position", "PositionAnswer")}, .mutates = true,
       .handler = [&service](http::Request&& r, http::Responder responder) { stop_or_lift<LiftStop>(service, std::move(r), responder, true); }},
  };
}

}  // namespace heliograph::api
