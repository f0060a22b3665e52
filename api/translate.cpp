#include "api/translate.hpp"

#include <algorithm>
#include <charconv>

#include "api/http/conditions.hpp"
#include "api/metrics.hpp"

namespace heliograph::api {
namespace {

template <class Problem>
http::Response problems_of(const std::vector<Problem>& found) {
  http::Problem problem{422, "invalid", "", found.size() == 1 ? found.front().sentence
                                                              : std::to_string(found.size()) + " things are wrong: see errors."};
  constexpr std::size_t shown = 100;
  for (std::size_t i = 0; i < std::min(found.size(), shown); ++i) problem.errors.push_back({"#" + found[i].pointer, found[i].sentence});
  return http::problem_response(problem);
}

/// A question to the views, timed: how long it waited for its turn, and how long it took.
void ask_timed(const Service& service, std::function<void(const Views&)> ask) {
  const Clock& clock = service.engine.clock();
  service.engine.query([ask = std::move(ask), metrics = service.metrics, &clock, asked = clock.monotonic()](const Views& views) {
    const Micros begun = clock.monotonic();
    ask(views);
    if (!metrics) return;
    metrics->view_waits.add(begun - asked);
    metrics->view_runs.add(clock.monotonic() - begun);
  });
}

}  // namespace

Result<SiteScope> site_of(const http::Request& request) { return access_of(request).site(request.param("site")); }

std::optional<Micros> time_param(const http::Request& request, std::string_view name) {
  const auto text = request.query_value(name);
  if (!text) return std::nullopt;
  auto time = parse_time(*text);
  return time ? std::optional(*time) : std::nullopt;
}

std::optional<std::uint64_t> number_param(const http::Request& request, std::string_view name) {
  const auto text = request.query_value(name);
  std::uint64_t value = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), value).ec != std::errc{}) return std::nullopt;
  return value;
}

Digest fingerprint(const http::Request& request) {
  return sha256({http::name(request.method), "\n", request.path, "\n", request.body});
}

Expected expected_of(const http::Request& request, Expected::Kind unsaid) {
  const auto match = http::tags_of(request, "If-Match");
  if (!match) return {http::tags_of(request, "If-None-Match") ? Expected::Kind::absent : unsaid};
  if (match->any) return {Expected::Kind::existing};
  Expected expected{Expected::Kind::versions};
  for (const std::string& tag : match->tags) {
    Position version = 0;  // what follows it is about what nobody replaces: a stop
    const auto [end, ec] = std::from_chars(tag.data(), tag.data() + tag.size(), version);
    if (ec == std::errc{} && (end == tag.data() + tag.size() || *end == '-')) expected.versions.push_back(version);
  }
  return expected;
}

http::Response refused_turn(const Error& error) {
  if (error.pointer == "/idempotency-key") return http::problem_response(http::Problem{422, "idempotency-key-reused", {}, error.sentence});
  if (error.pointer == "/if-match" && error.code == Errc::conflict) return http::problem_response(http::Problem{412, "precondition-failed", {}, error.sentence, {{"header/If-Match", error.sentence}}});
  if (error.pointer == "/if-match") return http::problem_response(http::Problem{428, "precondition-required", {}, error.sentence, {{"header/If-Match", error.sentence}}});
  if (error.code == Errc::invalid) return problems(std::vector<DocumentProblem>{{error.pointer, error.sentence}});
  return http::problem_response(error);
}

Body::Body(const http::Request& request, const http::Responder& responder, std::string what, bool may_be_empty)
    : responder_(responder), body_(parse_document(may_be_empty && request.body.empty() ? "{}" : request.body)) {
  if (body_.root) fields_.emplace(*body_.root, root_, std::move(what), found_);
  else responder.send(problems(body_.problems));
}

SiteBody::SiteBody(const http::Request& request, const http::Responder& responder, std::string what, bool may_be_empty)
    : Body(request, responder, std::move(what), may_be_empty), who_(access_of(request).who()) {
  auto site = site_of(request);
  if (site) {
    site_ = std::move(*site);
  } else {
    fields_.reset();
    responder.send(site.error());
  }
}

bool Body::refused() {
  fields_->refuse_others();
  if (!found_.empty()) responder_.send(problems(found_));
  return !found_.empty();
}

http::Response problems(const std::vector<DocumentProblem>& found) { return problems_of(found); }
http::Response problems(const std::vector<RuleProblem>& found) { return problems_of(found); }

void write_refusals(JsonWriter& json, const std::vector<Refusal>& refusals) {
  json.begin_array();
  for (const Refusal& r : refusals) {
    json.begin_object().field("rule", r.rule).field("sentence", r.sentence);
    if (r.limit) json.field("limit", *r.limit);
    if (r.actual) json.field("actual", *r.actual);
    if (!r.unit.empty()) json.field("unit", r.unit);
    if (r.reading != 0) json.field("position", r.reading);
    json.end_object();
  }
  json.end_array();
}

http::Response refused(const CommandAnswer& answer) {
  const Refusal& first = answer.refusals.front();
  http::Problem problem{422, "safety-refused", "Refused by safety", first.sentence};
  if (first.rule == "stop") problem = {409, "emergency-stop", "The emergency stop is engaged", first.sentence};
  if (first.rule == "busy") problem = {409, "device-busy", "The device is busy", first.sentence};
  if (first.rule == "device-offline") problem = {409, "device-offline", "The device is offline", first.sentence};
  if (first.rule == "safe-mode") problem = {409, "safe-mode", "Heliograph runs in safe mode", first.sentence};
  if (first.rule == "control-off") problem = {409, "control-off", "Nothing is commanded from this host", first.sentence};
  if (first.rule == "automation-not-enabled") problem = {409, "automation-not-enabled", "Automation commands nothing on this host", first.sentence};
  if (first.rule == "approval-expired") problem = {410, "approval-expired", "The approval has expired", first.sentence};
  if (first.rule == "approval-code" || first.rule == "approval-closed") problem = {403, "approval-refused", "The approval was not accepted", first.sentence};
  const auto text = [](std::string_view value) {
    JsonWriter json;
    json.string(value);
    return json.take();
  };
  problem.extra.push_back({"command", text(answer.command.text)});
  problem.extra.push_back({"rule", text(first.rule)});
  if (first.limit) problem.extra.push_back({"limit", std::to_string(*first.limit)});
  if (first.actual) problem.extra.push_back({"actual", std::to_string(*first.actual)});
  problem.extra.push_back({"event_seq", std::to_string(answer.decided)});
  JsonWriter json;
  write_refusals(json, answer.refusals);
  problem.extra.push_back({"refusals", json.str()});
  return http::problem_response(problem);
}

void ask_site(Service& service, const SiteScope& site, std::function<void(const SiteViews&)> ask) {
  ask_timed(service, [site, ask = std::move(ask)](const Views& views) { ask(SiteViews(views, site)); });
}

Result<std::vector<Metric>> metrics_of(const http::Request& request) {
  std::vector<Metric> metrics;
  const auto names = request.query_values("metric");
  if (names.empty())
    for (const MetricInfo& each : all_metrics()) metrics.push_back(each.metric);
  for (const std::string_view name : names) {
    const auto found = find_metric(name);
    if (!found) return fail(Errc::invalid, "There is no metric \"" + std::string(name) + "\": see the list in /openapi.json.", "/metric");
    if (std::find(metrics.begin(), metrics.end(), *found) != metrics.end()) return fail(Errc::invalid, "A metric stands there twice: name each once.", "/metric");
    metrics.push_back(*found);
  }
  return metrics;
}

void answer_for_site(Service& service, http::Request&& request, const http::Responder& responder, std::function<http::Response(const SiteViews&, const http::Request&)> ask) {
  const auto site = site_of(request);
  if (!site) return static_cast<void>(responder.send(site.error()));
  ask_site(service, *site, [responder, request = std::move(request), ask = std::move(ask)](const SiteViews& views) {
    responder.send(views.is_there() ? ask(views, request) : http::problem_response(404, "not-found", no_such_site(views.id())));
  });
}

void ask_for(Service& service, http::Request&& request, std::function<void(const AccessViews&, const http::Request&)> ask) {
  ask_timed(service, [request = std::move(request), ask = std::move(ask)](const Views& views) { ask(AccessViews(views, access_of(request)), request); });
}

void answer_for(Service& service, http::Request&& request, const http::Responder& responder, std::function<http::Response(const AccessViews&, const http::Request&)> ask) {
  ask_for(service, std::move(request), [responder, ask = std::move(ask)](const AccessViews& views, const http::Request& asked) { responder.send(ask(views, asked)); });
}

void answer_from_views(Service& service, const http::Responder& responder, Ask ask) {
  ask_timed(service, [responder, ask = std::move(ask)](const Views& views) { responder.send(ask(views)); });
}

void answer_turn(Service& service, const SiteScope& site, SiteCommand command, const http::Responder& responder,
                 std::function<http::Response(const SiteReply&)> then) {
  service.engine.request(site.key(), std::move(command), [responder, then = std::move(then)](Result<SiteReply> reply) {
    responder.send(reply ? then(*reply) : refused_turn(reply.error()));
  }, responder.exchange().sent_trace());
}

void answer_people(Service& service, const TenantId& tenant, const http::Responder& responder, std::function<Status(People&, Micros, Journal&)> decide,
                   std::function<http::Response()> then, Reserve reserve) {
  service.engine.request_people(tenant, std::move(decide), [responder, then = std::move(then)](const Result<SiteReply>& reply) {
    responder.send(reply ? then() : refused_turn(reply.error()));
  }, reserve, responder.exchange().sent_trace());
}

void too_busy(const http::Responder& responder) {
  http::Problem problem{503, "busy", {}, "Too many logins at once: try again in a second."};
  problem.headers.emplace_back("Retry-After", "1");
  responder.send(http::problem_response(problem));
}

http::Response position_response(const SiteReply& reply) {
  JsonWriter json;
  json.begin_object().field("position", reply.last).end_object();
  return http::json_response(json.take());
}

http::Parameter site_parameter() {
  return {"site", http::In::path, http::Kind::id, true, "The site's id", {}, {}, {}, false, "home"};
}

http::Parameter metric_parameter(bool required) {
  return {"metric", http::In::query, http::Kind::string, required, required ? "A metric such as pv_w or soc_percent" : "Only this metric, such as pv_w; may be repeated", 1, 40, {}, true};
}

std::vector<http::Parameter> with_conditions(std::vector<http::Parameter> parameters) {
  using http::In;
  parameters.push_back({"If-Match", In::header, http::Kind::string, false, "The ETag of the version that this replaces, or * for whatever it is now", 1, 400});
  parameters.push_back({"If-None-Match", In::header, http::Kind::string, false, "* = only if it is not there yet", {}, {}, {"*"}});
  return parameters;
}

http::Parameter limit_parameter(std::int64_t fallback, std::int64_t most) {
  return {"limit", http::In::query, http::Kind::integer, false, "How many at most; " + std::to_string(fallback) + " by default", 1, most};
}

http::Parameter if_none_match() { return {"If-None-Match", http::In::header, http::Kind::string, false, "The ETag of the version that is there already", 1, 400}; }

std::vector<http::Reply> versioned(std::string description, std::string schema) {
  return {{200, std::move(description), std::move(schema), "application/json", {"ETag"}}, {304, "What is there already is this", {}, "application/json", {"ETag"}}};
}

http::Reply ok(std::string description, std::string schema) { return {200, std::move(description), std::move(schema)}; }

http::RequestBody json_body(std::string schema, std::string description) {
  return {{"application/json"}, std::move(schema), std::move(description)};
}

}  // namespace heliograph::api
