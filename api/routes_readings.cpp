// Telemetry in: JSON or NDJSON, durable before the answer.
#include "api/readings_json.hpp"
#include "api/translate.hpp"

namespace heliograph::api {
namespace {

constexpr Micros ahead_max = minute_us;  // a source clock may be wrong by this much (H16)

/// Rows from the future are no readings; the answer says which.
std::optional<std::string> from_the_future(const ReadingBatch& batch, Micros now) {
  for (std::size_t row = 0; row < batch.size(); ++row)
    if (batch.at[row] > now + ahead_max)
      return "Reading " + std::to_string(row + 1) + " of " + batch.devices[batch.device_of[row]].text + " is of " + format_time(batch.at[row]) +
             ", more than a minute ahead of this machine's clock: set the device's clock.";
  return std::nullopt;
}

struct Summary {
  std::size_t accepted = 0, suspects = 0;
  std::uint64_t rejected = 0;
  std::vector<LineError> errors;
  std::vector<std::string> ignored;
};

http::Response summary_response(const Summary& summary, const SiteReply& reply) {
  JsonWriter json;
  json.begin_object().field("accepted", summary.accepted).field("rejected", summary.rejected).field("suspects", summary.suspects);
  json.field("first_position", reply.first).field("last_position", reply.first + summary.accepted - 1).field("repeated", reply.repeated);
  json.key("errors").begin_array();
  for (const LineError& error : summary.errors) json.begin_object().field("line", error.line).field("detail", error.sentence).end_object();
  json.end_array().key("ignored").begin_array();
  for (const std::string& name : summary.ignored) json.string(name);
  json.end_array().end_object();
  return http::json_response(json.take());
}

void take_readings(Service& service, http::Request&& request, const http::Responder& responder) {
  auto site = site_of(request);
  if (!site) return static_cast<void>(responder.send(site.error()));
  thread_local ReadingsParser parser;  // keeps its buffers from request to request
  const bool lines = request.header("content-type").value_or("").starts_with("application/x-ndjson");
  auto parsed = parser.parse(request.body, lines);
  if (!parsed) return static_cast<void>(responder.send(parsed.error()));
  if (auto future = from_the_future(parsed->batch, service.engine.clock().now()))
    return static_cast<void>(responder.send(Error{Errc::invalid, std::move(*future), {}}));
  Summary summary{parsed->batch.size(), parsed->batch.suspects.size(), parsed->rejected, std::move(parsed->errors), std::move(parsed->ignored)};
  TakeReadings command;
  command.batch = std::make_shared<const ReadingBatch>(std::move(parsed->batch));
  command.principal = access_of(request).who();
  command.idempotency_key = request.idempotency_key;
  if (!request.idempotency_key.empty()) command.fingerprint = fingerprint(request);
  answer_turn(service, *site, std::move(command), responder,
              [summary = std::move(summary)](const SiteReply& reply) { return summary_response(summary, reply); });
}

}  // namespace

std::vector<http::Route> reading_routes(Service& service) {
  return {{.method = http::Method::post, .path = "/api/v1/sites/{site}/readings", .operation_id = "postReadings",
           .summary = "Store readings; answered when they are durable", .tag = "telemetry", .needs = "write_readings",
           .description = "One object, an array, or one object a line (application/x-ndjson). A bad line is reported and does not spoil the others.",
           .parameters = {site_parameter()},
           .body = http::RequestBody{{"application/json", "application/x-ndjson"}, "Readings", "Telemetry of edge nodes, or our metric names", true, http::Limits().body_bytes},
           .replies = {ok("What was stored", "ReadingsAnswer")}, .mutates = true,
           .handler = [&service](http::Request&& request, http::Responder responder) { take_readings(service, std::move(request), responder); }}};
}

}  // namespace heliograph::api
