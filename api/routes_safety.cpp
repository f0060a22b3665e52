// What keeps a house safe: the emergency stop, and people's wishes. The core decides (actors/core); here it is only asked.
#include <memory>

#include "actors/core/rule_fields.hpp"
#include "actors/stop_order.hpp"
#include "api/http/conditions.hpp"
#include "api/translate.hpp"
#include "events/event_json.hpp"

namespace heliograph::api {
namespace {

void lift(Service& service, http::Request&& request, const http::Responder& responder) {
  SiteBody body(request, responder, "The body", true);
  if (!body) return;
  FieldReader& fields = body.fields();
  fields.require("reason", "\"reason\": \"the inverter was checked\"");
  const std::string reason = fields.text("reason").value_or("");
  if (body.refused()) return;
  answer_turn(service, body.site(), LiftStop{body.who(), reason}, responder, position_response);
}

/// The flags are set, in memory, before anything is read, written or waited for. 200: on record. 202: stopped, but the log has not
/// answered (yet), so a restart would not know.
void stop(Service& service, const http::Request& request, const http::Responder& responder, const std::optional<SiteKey>& only) {
  const auto order = std::make_shared<StopOrder>(service.engine, [only, access = access_of(request)](const SiteKey& site) { return access.reaches(site) && (!only || site == *only); });
  if (only && order->state().stopped.empty()) {
    responder.send(http::problem_response(404, "not-found", "There is no site \"" + only->site.text + "\": nothing was stopped."));
    return;
  }
  std::string reason;
  const ParsedDocument body = read_json(request.body.empty() ? "{}" : request.body);
  std::vector<DocumentProblem> ignored;  // a stop is never refused for its form
  if (body.root) {
    const Place root;
    FieldReader fields(*body.root, root, "The body", ignored);
    reason = fields.text("reason").value_or("");
  }
  const auto answer = [order, responder] {
    const StopOrder::State state = order->state();
    responder.send(http::json_response(to_json(state), state.in_memory_only.empty() ? 200 : 202));
  };
  // Who answers first wins: the record, or the end of patience.
  if (service.server != nullptr) service.server->loop()->after(std::chrono::milliseconds(stop_answer_wait / 1000), answer);
  order->record(access_of(request).who(), reason, answer, responder.exchange().sent_trace());
}

void stop_site(Service& service, http::Request&& request, const http::Responder& responder) {
  auto site = site_of(request);
  if (site) stop(service, request, responder, site->key());
  else responder.send(http::problem_response(site.error()));
}

/// A person has looked at the clock: schedules go on from now.
void trust_clock(Service& service, http::Request&& request, const http::Responder& responder) {
  SiteBody body(request, responder, "The body", true);
  if (!body || body.refused()) return;
  answer_turn(service, body.site(), TrustClock{body.who()}, responder, [](const SiteReply& reply) {
    if (reply.last != 0) return position_response(reply);
    return http::problem_response({409, "clock-trusted", "The clock is trusted", "Nothing is said against the clock of this site: there is nothing to trust again."});
  });
}

// ---- preferences ------------------------------------------------------------------------------------------------------

/// {"from": "HH:MM", "to": "HH:MM"} or null.
void read_window(FieldReader& fields, const char* key, DayWindow& window) {
  const Document* found = fields.find(key);
  if (found == nullptr) return;
  window = {};
  if (found->kind == Document::Kind::null) return;
  std::optional<int> from, to;
  for (const DocumentField& field : found->fields) {
    if (field.key == "from") from = minute_of_day(field.value, false);
    else if (field.key == "to") to = minute_of_day(field.value, true);
    else fields.problem(key, "A window has \"from\" and \"to\" and nothing else.");
  }
  if (from && to) window = {*from, *to};
  else fields.problem(key, std::string("\"") + key + "\" is null, or an object such as {\"from\": \"22:00\", \"to\": \"06:00\"}.");
}

void read_percent(FieldReader& fields, const char* key, std::int32_t& permille) {
  if (const auto value = fields.scaled(key, 1, 0, 100, "%")) permille = static_cast<std::int32_t>(*value);
}

void put_preferences(Service& service, http::Request&& request, const http::Responder& responder) {
  SiteBody body(request, responder, "The preferences");
  if (!body) return;
  FieldReader& fields = body.fields();
  PreferencesSet wishes;  // what is left out has its default: the document is the whole of them
  read_percent(fields, "min_soc_percent", wishes.min_soc_permille);
  read_percent(fields, "target_soc_percent", wishes.target_soc_permille);
  read_percent(fields, "pause_below_percent", wishes.pause_below_permille);
  read_percent(fields, "resume_above_percent", wishes.resume_above_permille);
  if (const Document* limit = fields.find("grid_import_w_max"); limit != nullptr && limit->kind != Document::Kind::null)
    wishes.grid_import_w_max = fields.scaled("grid_import_w_max", 0, 1, 1'000'000'000, "W").value_or(0);
  read_window(fields, "solar_hours", wishes.solar_hours);
  read_window(fields, "rest_hours", wishes.rest_hours);
  read_window(fields, "quiet_hours", wishes.quiet_hours);
  wishes.auto_pause = fields.truth("auto_pause").value_or(wishes.auto_pause);
  wishes.confirmation = fields.choice("confirmation", {Confirmation::always, Confirmation::sometimes, Confirmation::never}).value_or(wishes.confirmation);
  wishes.mail = fields.text("mail").value_or("");
  wishes.sms = fields.text("sms").value_or("");
  wishes.critical_only = fields.truth("critical_only").value_or(false);
  if (body.refused()) return;
  answer_turn(service, body.site(), Prefer{wishes, body.who(), expected_of(request, Expected::Kind::unsaid)}, responder, position_response);
}

void reset_preferences(Service& service, http::Request&& request, const http::Responder& responder) {
  auto site = site_of(request);
  if (!site) {
    responder.send(http::problem_response(site.error()));
    return;
  }
  answer_turn(service, *site, Prefer{PreferencesSet{}, access_of(request).who(), expected_of(request, Expected::Kind::whatever)}, responder, position_response);
}

http::Response preferences(const SiteViews& site, const http::Request& request) {
  const RecordPtr set = site.preferences();
  JsonWriter json;
  write_event(json, set ? set->event() : Event(PreferencesSet{}));
  return http::with_tag(http::json_response(json.take()), request, std::to_string(set ? set->envelope.position : 0));
}

}  // namespace

std::vector<http::Route> safety_routes(Service& service) {
  using http::Method;
  return {
      {.method = Method::post, .path = "/api/v1/stop", .operation_id = "stopEverything", .summary = "Emergency stop of every site", .tag = "safety", .needs = "operate",
       .description = "In memory first, then durable. Sites that could not be written down are stopped all the same, and named.",
       .body = http::RequestBody{{"application/json"}, "StopReason", "Why; may be empty", false},
       .replies = {ok("Stopped, and on record", "StopAnswer"), {202, "Stopped, but not on record (yet)", "StopAnswer"}}, .mutates = true, .urgent = true,
       .handler = [&service](http::Request&& r, http::Responder responder) { stop(service, r, responder, std::nullopt); }},
      {.method = Method::post, .path = "/api/v1/sites/{site}/stop", .operation_id = "engageStop", .summary = "Emergency stop: no automation, nothing energises", .tag = "safety", .needs = "operate",
       .parameters = {site_parameter()},
       .body = http::RequestBody{{"application/json"}, "StopReason", "Why; may be empty", false},
       .replies = {ok("Stopped, and on record", "StopAnswer"), {202, "Stopped, but not on record (yet)", "StopAnswer"}}, .mutates = true, .urgent = true,
       .handler = [&service](http::Request&& r, http::Responder responder) { stop_site(service, std::move(r), responder); }},
      {.method = Method::post, .path = "/api/v1/sites/{site}/stop/lift", .operation_id = "liftStop", .summary = "Lift the stop; needs a reason, and who lifts it has just proved again who they are", .tag = "safety", .needs = "lift", .fresh = true,
       .parameters = {site_parameter()}, .body = json_body("LiftReason", "Why"),
       .replies = {ok("Durable at this position", "PositionAnswer")}, .mutates = true,
       .handler = [&service](http::Request&& r, http::Responder responder) { lift(service, std::move(r), responder); }},
      {.method = Method::post, .path = "/api/v1/sites/{site}/clock/trust", .operation_id = "trustClock", .summary = "A person has looked: the clock is right again", .tag = "safety", .needs = "lift", .fresh = true,
       .description = "A wall clock that jumps by more than a minute makes what waits void and schedules pause. 409: nothing is said against it.",
       .parameters = {site_parameter()}, .body = http::RequestBody{{"application/json"}, "Nothing", "May be empty", false},
       .replies = {ok("Durable at this position", "PositionAnswer")}, .mutates = true,
       .handler = [&service](http::Request&& r, http::Responder responder) { trust_clock(service, std::move(r), responder); }},
      {.path = "/api/v1/sites/{site}/preferences", .operation_id = "getPreferences", .summary = "What people want of this site", .tag = "preferences", .needs = "see",
       .parameters = {site_parameter(), if_none_match()}, .replies = versioned("The preferences", "Preferences"),
       .handler = [&service](http::Request&& r, http::Responder responder) { answer_for_site(service, std::move(r), responder, preferences); }},
      {.method = Method::put, .path = "/api/v1/sites/{site}/preferences", .operation_id = "setPreferences",
       .summary = "Set all preferences; what is left out has its default", .tag = "preferences", .needs = "configure", .parameters = with_conditions({site_parameter()}),
       .body = json_body("Preferences", "What automation may do, and where news go"), .replies = {ok("Durable at this position", "PositionAnswer")}, .mutates = true,
       .handler = [&service](http::Request&& r, http::Responder responder) { put_preferences(service, std::move(r), responder); }},
      {.method = Method::del, .path = "/api/v1/sites/{site}/preferences", .operation_id = "resetPreferences", .summary = "Back to the defaults", .tag = "preferences", .needs = "configure",
       .parameters = with_conditions({site_parameter()}), .replies = {ok("Durable at this position", "PositionAnswer")}, .mutates = true,
       .handler = [&service](http::Request&& r, http::Responder responder) { reset_preferences(service, std::move(r), responder); }},
  };
}

}  // namespace heliograph::api
