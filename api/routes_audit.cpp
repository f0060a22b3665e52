// The record: what was decided, by whom, and why, down to the readings.
#include "api/translate.hpp"
#include "events/event_json.hpp"

namespace heliograph::api {
namespace {

/// One reading of a batch as an object.
void write_reading(JsonWriter& json, const Record& record, Position position) {
  const ReadingBatch& batch = record.readings();
  const auto row = static_cast<std::size_t>(position - record.envelope.position);
  json.begin_object().field("position", position).field("type", record.envelope.type).field("site", record.envelope.site.site.text);
  json.field("device", batch.devices[batch.device_of[row]].text).key("at").time(batch.at[row]);
  json.key("recorded_at").time(record.envelope.recorded_at).field("historic", batch.historic).key("values").begin_object();
  for (const Column& column : batch.columns) {
    const std::int64_t value = column.values[row];
    if (value == missing) continue;
    json.key(info(column.metric).api_name);
    info(column.metric).kind == Kind::text ? json.string(batch.words[static_cast<std::size_t>(value)]) : json.metric(column.metric, value);
  }
  json.end_object().end_object();
}

void write_at(JsonWriter& json, const Record& record, Position position) {
  record.is_readings() ? write_reading(json, record, position) : write_record(json, record);
}

http::Response record_at(const AccessViews& views, Position position) {
  auto record = views.at(position);
  if (!record) return http::problem_response(record.error());
  JsonWriter json;
  write_at(json, **record, position);
  return http::json_response(json.take());
}

http::Response why_at(const AccessViews& views, Position position) {
  auto chain = views.why(position);
  if (!chain) return http::problem_response(chain.error());
  JsonWriter json;
  json.begin_object().field("position", position).key("why").begin_array();
  for (const Why& step : *chain) {
    json.begin_object().field("role", step.role).field("depth", step.depth).key("event");
    write_at(json, *step.record, step.position);
    json.end_object();
  }
  json.end_array().end_object();
  return http::json_response(json.take());
}

template <class F>
http::Handler at_position(Service& service, F answer) {
  return [&service, answer](http::Request&& request, http::Responder responder) {
    answer_for(service, std::move(request), responder, [answer](const AccessViews& views, const http::Request& asked) {
      return answer(views, std::stoull(std::string(asked.param("position"))));  // the router checked that it is a number
    });
  };
}

}  // namespace

http::Response audit_response(const AuditPage& page_of, const http::Request& request) {
  AuditQuestion question;
  question.before = number_param(request, "before").value_or(0);
  question.after = number_param(request, "after");
  question.limit = static_cast<std::size_t>(number_param(request, "limit").value_or(50));
  question.type = request.query_value("type").value_or("");
  auto page = page_of(question);
  if (!page) return http::problem_response(page.error());
  JsonWriter json;
  json.begin_object().key("items").begin_array();
  for (const RecordPtr& record : *page) write_record(json, *record);
  json.end_array().key("next");
  const bool more = page->size() == question.limit;
  more ? json.unsigned_integer(page->back()->envelope.position) : json.null();
  json.end_object();
  http::Response response = http::json_response(json.take());
  if (!more) return response;
  std::string next = request.path + (question.after ? "?after=" : "?before=") + std::to_string(page->back()->envelope.position) + "&limit=" + std::to_string(question.limit);
  if (question.after && question.before != 0) next += "&before=" + std::to_string(question.before);
  if (!question.type.empty()) next += "&type=" + question.type;
  response.headers.push_back({"Link", "<" + next + ">; rel=\"next\""});
  return response;
}

std::vector<http::Parameter> audit_parameters() {
  using http::In;
  return {limit_parameter(50, 1000), {"before", In::query, http::Kind::integer, false, "Only positions below this: `next` of the page before", 1},
          {"after", In::query, http::Kind::integer, false, "Only positions above this, oldest first: for whoever follows what comes. The last one seen; 0 begins at the beginning", 0, 999'999'999'999'999'999},
          {"type", In::query, http::Kind::string, false, "Only types that begin so: command. or rule.fired", 0, 60}};
}

std::vector<http::Route> audit_routes(Service& service) {
  using http::In;
  const http::Parameter position{"position", In::path, http::Kind::integer, true, "A position of the log", 1, 999'999'999'999'999'999};
  auto of_site = audit_parameters();
  of_site.insert(of_site.begin(), site_parameter());
  return {
      {.path = "/api/v1/sites/{site}/audit", .operation_id = "audit", .summary = "Decisions, newest first", .tag = "audit", .needs = "audit",
       .parameters = of_site,
       .replies = {{200, "A page of events", "EventPage", "application/json", {"Link"}}},
       .handler = [&service](http::Request&& request, http::Responder responder) {
         answer_for_site(service, std::move(request), responder, [](const SiteViews& site, const http::Request& asked) {
           return audit_response([&](const AuditQuestion& question) { return site.audit(question); }, asked);
         });
       }},
      {.path = "/api/v1/positions/{position}", .operation_id = "eventAt", .summary = "The event or reading at a position", .tag = "audit", .needs = "see",
       .parameters = {position}, .replies = {ok("It", "Event")}, .handler = at_position(service, record_at)},
      {.path = "/api/v1/positions/{position}/why", .operation_id = "why", .summary = "The chain of causes of a position, down to the readings", .tag = "audit", .needs = "see",
       .parameters = {position}, .replies = {ok("The chain, nearest cause first", "WhyAnswer")}, .handler = at_position(service, why_at)},
  };
}

}  // namespace heliograph::api
