// Commands and the answers of people to them. The gate decides (actors/core/safety.cpp); here it is only asked.
#include <algorithm>

#include "api/translate.hpp"
#include "events/event_json.hpp"

namespace heliograph::api {
namespace {

constexpr Micros wait_online_max = hour_us;

std::optional<Action> parse_action(std::string_view word) {
  if (word == "switch_on" || word == "on" || word == "resume") return Action::switch_on;
  if (word == "switch_off" || word == "off" || word == "pause") return Action::switch_off;
  if (word == "set_power") return Action::set_power;
  if (word == "set_mode") return Action::set_mode;
  return std::nullopt;
}

}  // namespace

http::Response command_response(const SiteReply& reply) {
  const CommandAnswer& answer = *reply.command;
  if (!answer.refusals.empty()) return refused(answer);
  JsonWriter json;
  json.begin_object().field("command", answer.command.text);
  if (!answer.waiting) {
    json.field("state", "dispatched");
  } else {
    json.field("state", answer.waiting == Waiting::approval ? "awaiting_approval" : "waiting");
    json.field("waits_for", std::string(name(*answer.waiting))).key("until").time(answer.until);
  }
  json.field("position", answer.requested).field("repeated", reply.repeated).end_object();
  return http::json_response(json.take(), 202);
}

namespace {

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
    else fields.problem("action", "\"action\" must be switch_on, switch_off, set_power or set_mode.");
  }
  const auto power = fields.scaled("power_w", 0, -1'000'000'000, 1'000'000'000, "W");
  if (ask.proposal.action == Action::set_power && !power) fields.problem("power_w", "set_power needs \"power_w\": + discharges, - charges.");
  if (ask.proposal.action != Action::set_power && power) fields.problem("power_w", "Only set_power takes \"power_w\": leave it out.");
  ask.proposal.power_w = power.value_or(0);
  const auto mode = fields.text("mode");
  if (ask.proposal.action == Action::set_mode && !mode) fields.problem("mode", "set_mode needs \"mode\": one that the device knows, like \"PASSIVE\".");
  if (ask.proposal.action != Action::set_mode && mode) fields.problem("mode", "Only set_mode takes \"mode\": leave it out.");
  ask.proposal.mode = mode.value_or("");
  ask.reason = fields.text("reason").value_or("");
  ask.proposal.principal = body.who();
  ask.wait_online = fields.duration("wait_online").value_or(0);
  if (ask.wait_online < 0 || ask.wait_online > wait_online_max) fields.problem("wait_online", "A command waits for its device for up to an hour: \"wait_online\": \"PT10M\".");
  if (body.refused()) return;
  ask.idempotency_key = request.idempotency_key;
  ask.fingerprint = fingerprint(request);
  answer_turn(service, body.site(), std::move(ask), responder, command_response);
}

}  // namespace

std::string_view state_of(const std::vector<RecordPtr>& story) {
  std::string_view state = "requested";
  for (const RecordPtr& record : story) {
    const Event& event = record->event();
    if (std::holds_alternative<ApprovalRequested>(event)) state = "awaiting_approval";
    else if (std::holds_alternative<CommandWaiting>(event)) state = "waiting";
    else if (std::holds_alternative<CommandAllowed>(event)) state = "allowed";
    else if (std::holds_alternative<CommandDispatched>(event)) state = "dispatched";
    else if (std::holds_alternative<CommandRefused>(event)) state = "refused";
    else if (std::holds_alternative<CommandCancelled>(event)) state = "cancelled";
    else if (std::holds_alternative<CommandVerified>(event)) state = "verified";
    else if (const auto* failed = std::get_if<CommandFailed>(&event)) state = failed->kind == FailureKind::outcome_unknown ? "outcome_unknown" : "failed";
    else if (std::holds_alternative<CommandRolledBack>(event)) state = "rolled_back";
  }
  return state;
}

namespace {

/// Where a command stands after a yes or no. `repeated`: that changed nothing, for it had gone on before; the same answer as the first time
/// then, or that it came too late, or that the other was said.
http::Response settled(const SiteViews& site, const CommandId& command, bool granted, bool repeated) {
  auto story = site.story(command);
  if (!story) return http::problem_response(story.error());
  if (story->empty()) return http::problem_response(404, "not-found", "There is no command with this id at this site.");
  for (const RecordPtr& record : *story)
    if (const auto* cancelled = std::get_if<CommandCancelled>(&record->event()); cancelled != nullptr && cancelled->why != Cancelled::denied)
      return http::problem_response({410, "approval-expired", "The approval has expired", "The command was cancelled before somebody said yes: ask again."});
  const bool asked = std::any_of(story->begin(), story->end(), [](const RecordPtr& r) { return std::holds_alternative<ApprovalRequested>(r->event()); });
  if (!asked) return http::problem_response({409, "no-approval", "Nothing to approve", "This command needs no approval."});
  const std::string state(state_of(*story));
  // The site knows more than the log: what it has just decided, a stop for instance, is being written.
  if (state == "awaiting_approval")
    return http::problem_response({409, "just-settled", "Just settled", "The command was settled at this very moment, and not by this answer: read it again."});
  const auto contradicts = [&](const RecordPtr& r) {
    const auto* decided = std::get_if<ApprovalDecided>(&r->event());
    return decided != nullptr && decided->granted != granted;
  };
  if (std::any_of(story->begin(), story->end(), contradicts))
    return http::problem_response({409, "answered-otherwise", "Answered otherwise", std::string("Somebody has ") + (granted ? "denied" : "approved") + " this command before (it is " + state + "): " +
                                       (granted ? "ask for it again." : "cancel it if it still waits, or command the opposite.")});
  JsonWriter json;
  json.begin_object().field("command", command.text).field("state", state).field("position", story->front()->envelope.position);
  json.field("repeated", repeated).end_object();
  return http::json_response(json.take(), 200);
}

/// Proofs of mail and SMS belong to their own doors.
void approve(Service& service, http::Request&& request, const http::Responder& responder, bool granted) {
  SiteBody body(request, responder, "The answer", true);
  if (!body) return;
  if (body.refused()) return;
  const ApprovalAnswer answer{{std::string(request.param("command"))}, granted, ApprovalChannel::api, body.who(), true};
  service.engine.request(body.site().key(), Approve{answer}, [&service, responder, granted, site = body.site(), command = answer.command](const Result<SiteReply>& reply) {
    if (reply && reply->command && !reply->command->refusals.empty()) {
      responder.send(refused(*reply->command));
      return;
    }
    if (!reply && reply.error().code != Errc::not_found) {
      responder.send(http::problem_response(reply.error()));
      return;
    }
    ask_site(service, site, [responder, command, granted, repeated = !reply](const SiteViews& views) { responder.send(settled(views, command, granted, repeated)); });
  });
}

void cancel(Service& service, http::Request&& request, const http::Responder& responder) {
  SiteBody body(request, responder, "The body", true);
  if (!body) return;
  if (body.refused()) return;
  answer_turn(service, body.site(), CancelCommand{{std::string(request.param("command"))}, body.who()}, responder, position_response);
}

http::Response command_story_response(const SiteViews& site, const http::Request& request) {
  auto story = site.story({std::string(request.param("command"))});
  if (!story) return http::problem_response(story.error());
  if (story->empty()) return http::problem_response(404, "not-found", "There is no command with this id at this site.");
  JsonWriter json;
  json.begin_object().field("command", std::string(request.param("command"))).key("state");
  json.string(state_of(*story)).key("events").begin_array();
  for (const RecordPtr& record : *story) write_record(json, *record);
  json.end_array().end_object();
  return http::json_response(json.take());
}

/// The same once more, as a new command of whoever asks, or why not.
Result<heliograph::Ask> once_more(const SiteViews& site, const CommandId& command) {
  auto story = site.story(command);
  if (!story) return fail(story.error());
  if (story->empty()) return fail(Errc::not_found, "There is no command with this id at this site.");
  const std::string_view state = state_of(*story);
  if (state == "verified") return fail(Errc::conflict, "This command was done: ask for a new one if it is to be done again.");
  if (state != "refused" && state != "cancelled" && state != "failed" && state != "outcome_unknown" && state != "rolled_back")
    return fail(Errc::conflict, "This command is still under way (" + std::string(state) + "): wait for its end, or cancel it.");
  heliograph::Ask ask;
  for (const RecordPtr& record : *story)
    if (const auto* asked = std::get_if<CommandRequested>(&record->event())) {
      ask.proposal = {asked->device, asked->action, asked->power_w, {}, Purpose::ordinary, command, asked->mode};
      ask.correlation = record->envelope.correlation;
    }
  return ask;
}

void retry(Service& service, http::Request&& request, const http::Responder& responder) {
  SiteBody body(request, responder, "The body", true);
  if (!body) return;
  const std::string reason = body.fields().text("reason").value_or("Once more.");
  if (body.refused()) return;
  ask_site(service, body.site(), [&service, responder, principal = body.who(), reason, request = std::move(request)](const SiteViews& site) {
    auto ask = once_more(site, {std::string(request.param("command"))});
    if (!ask) {
      responder.send(ask.error());
      return;
    }
    ask->proposal.principal = principal;
    ask->reason = reason;
    ask->idempotency_key = request.idempotency_key;
    ask->fingerprint = fingerprint(request);
    answer_turn(service, site.scope(), std::move(*ask), responder, command_response);
  });
}

http::Response pending(const SiteViews& site, const http::Request&) {
  JsonWriter json;
  json.begin_object().key("pending").begin_array();
  for (const PendingAction& p : site.pending()) {
    json.begin_object().field("command", p.command.text).field("device", p.device.text).field("action", std::string(name(p.action)));
    if (p.action == Action::set_mode) json.field("mode", p.mode);
    if (!is_switch(p.action)) json.field("power_w", p.power_w);
    json.field("state", std::string(name(p.stage))).field("who", to_string(p.who)).field("position", p.requested);
    json.key("since").time(p.since).field("reason", p.reason);
    if (p.until != 0) json.key("until").time(p.until);
    if (!p.sentence.empty()) json.field("sentence", p.sentence);
    json.end_object();
  }
  json.end_array().end_object();
  return http::json_response(json.take());
}

}  // namespace

std::vector<http::Route> command_routes(Service& service) {
  using http::Method;
  const http::Parameter id{"command", http::In::path, http::Kind::id, true, "The command's id", {}, {}, {}, false, "c-4711"};
  const http::RequestBody optional_body{{"application/json"}, "Nothing", "May be empty", false};
  const auto for_site = [&service](auto ask) {
    return [&service, ask](http::Request&& request, http::Responder responder) { answer_for_site(service, std::move(request), responder, ask); };
  };
  return {
      {.method = Method::post, .path = "/api/v1/sites/{site}/commands", .operation_id = "command", .summary = "Ask for a command; safety decides", .tag = "commands", .needs = "operate",
       .description = "202: durable, and handed to the device (a reading will confirm it) or waiting for a person's yes, the device or its turn. 409 or 422: refused, with every reason.",
       .parameters = {site_parameter()}, .body = json_body("Command", "What to do"),
       .replies = {{202, "Dispatched, or waiting", "CommandAnswer"}}, .mutates = true, .needs_idempotency_key = true,
       .handler = [&service](http::Request&& request, http::Responder responder) { command(service, std::move(request), responder); }},
      {.path = "/api/v1/sites/{site}/commands/{command}", .operation_id = "getCommand", .summary = "Everything on record about one command", .tag = "commands", .needs = "see",
       .parameters = {site_parameter(), id}, .replies = {ok("Its events in order", "CommandStory")}, .handler = for_site(command_story_response)},
      {.path = "/api/v1/sites/{site}/pending", .operation_id = "pendingActions", .summary = "Commands that have not ended", .tag = "commands", .needs = "see",
       .parameters = {site_parameter()}, .replies = {ok("Pending actions", "PendingList")}, .handler = for_site(pending)},
      {.method = Method::post, .path = "/api/v1/sites/{site}/commands/{command}/approve", .operation_id = "approveCommand",
       .summary = "Say yes to a command that waits for it", .tag = "commands", .needs = "operate",
       .description = "It is judged again and sent. A second yes answers as the first; 409 when somebody said no before, 410 when it came too late.",
       .parameters = {site_parameter(), id}, .body = optional_body, .replies = {ok("Where the command stands", "CommandAnswer")}, .mutates = true,
       .handler = [&service](http::Request&& request, http::Responder responder) { approve(service, std::move(request), responder, true); }},
      {.method = Method::post, .path = "/api/v1/sites/{site}/commands/{command}/deny", .operation_id = "denyCommand",
       .summary = "Say no to a command that waits for a yes", .tag = "commands", .needs = "operate",
       .description = "A second no answers as the first; 409 when somebody said yes before, 410 when it came too late.", .parameters = {site_parameter(), id}, .body = optional_body,
       .replies = {ok("Where the command stands", "CommandAnswer")}, .mutates = true,
       .handler = [&service](http::Request&& request, http::Responder responder) { approve(service, std::move(request), responder, false); }},
      {.method = Method::post, .path = "/api/v1/sites/{site}/commands/{command}/cancel", .operation_id = "cancelCommand",
       .summary = "Take back a command that waits", .tag = "commands", .needs = "operate", .parameters = {site_parameter(), id}, .body = optional_body,
       .replies = {ok("Durable at this position", "PositionAnswer")}, .mutates = true,
       .handler = [&service](http::Request&& request, http::Responder responder) { cancel(service, std::move(request), responder); }},
      {.method = Method::post, .path = "/api/v1/sites/{site}/commands/{command}/retry", .operation_id = "retryCommand",
       .summary = "Ask once more for a command that came to nothing", .tag = "commands", .needs = "operate",
       .description = "For one that was refused, cancelled, failed, rolled back or of unknown outcome: a new command through the gate, about the old one. 409: still under way, or done.",
       .parameters = {site_parameter(), id}, .body = http::RequestBody{{"application/json"}, "StopReason", "Why; may be empty", false},
       .replies = {{202, "Dispatched, or waiting", "CommandAnswer"}}, .mutates = true, .needs_idempotency_key = true,
       .handler = [&service](http::Request&& request, http::Responder responder) { retry(service, std::move(request), responder); }},
  };
}

}  // namespace heliograph::api
