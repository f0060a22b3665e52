#include "api/gateway.hpp"

#include "api/door.hpp"
#include "api/translate.hpp"
#include "events/event_json.hpp"

namespace heliograph::api {
namespace {

/// "telemetry,decisions" -> bits; 0 for an unknown word.
std::uint32_t parse_topics(std::string_view words) {
  std::uint32_t bits = 0;
  while (!words.empty()) {
    const auto end = words.find(',');
    const std::string_view word = words.substr(0, end);
    if (word == "telemetry") bits |= telemetry;
    else if (word == "decisions") bits |= decisions | people_topic;
    else return 0;
    words = end == std::string_view::npos ? std::string_view() : words.substr(end + 1);
  }
  return bits;
}

std::uint32_t topic_of(const Record& record) {
  if (record.is_readings()) return telemetry;
  return record.envelope.site.site.empty() ? people_topic : decisions;
}

void render(http::SseFrame& frame, const Record& record) { frame.text = http::sse_frame(frame.position, record.envelope.type, to_json(record)); }

}  // namespace

std::uint32_t Gateway::site_number(const SiteKey& site) {
  const std::lock_guard lock(mutex_);
  return numbers_.try_emplace(site, static_cast<std::uint32_t>(numbers_.size() + 1)).first->second;
}

http::SseFilter Gateway::filter_for(const Access& access, std::uint32_t topics) {
  http::SseFilter filter;
  filter.topics = topics;
  if (!access.sees_people()) filter.topics &= ~static_cast<std::uint32_t>(people_topic);
  filter.group = tenant_number(access.tenant());
  for (const SiteId& site : access.standing().sites) filter.sites.push_back(site_number({access.tenant(), site}));
  return filter;
}

http::SseFrame Gateway::frame(const Record& record) {
  http::SseFrame out = outline(record);
  render(out, record);
  return out;
}

http::SseFrame Gateway::outline(const Record& record) {
  http::SseFrame out;
  out.position = record.last();
  out.topics = topic_of(record);
  out.group = tenant_number(record.envelope.site.tenant);
  out.site = site_number(record.envelope.site);
  out.must_deliver = !record.is_readings();
  return out;
}

Result<http::CatchUpPage> Gateway::page(const http::CatchUpRequest& request) {
  http::CatchUpPage page;
  page.through = request.after;
  const Position head = log_.durable();
  if (request.after > head) {  // of another log, or of this one before an older copy of it was put back
    page.through = head;
    return page;
  }
  std::size_t bytes = 0;
  auto done = log_.scan(request.after + 1, head, Part::all, [&](const RecordPtr& record) {
    http::SseFrame made = outline(*record);
    const bool wanted = request.filter.matches(made);
    if (wanted && record->is_readings() && !request.telemetry) {
      if (page.skipped_from == 0) page.skipped_from = record->envelope.position;
      page.skipped_to = record->last();
    } else if (wanted) {
      render(made, *record);
      bytes += made.text->size();
      page.frames.push_back(std::move(made));
    }
    page.through = record->last();
    return bytes < request.max_bytes;
  });
  if (!done) return fail(done.error());
  // A scan that was not cut short has looked at everything, also where nothing was left to read.
  if (bytes < request.max_bytes) page.through = std::max(page.through, head);
  leave_out_dropped(request, page);
  return page;
}

/// What is no longer kept is left out as what a slow client misses is: said.
void Gateway::leave_out_dropped(const http::CatchUpRequest& request, http::CatchUpPage& page) {
  for (const EventLog::Drop& drop : log_.drops()) {
    const Position to = std::min(drop.before - 1, page.through);
    if (to <= request.after) continue;
    http::SseFrame gone;
    gone.topics = telemetry;
    gone.group = tenant_number(drop.site.tenant);
    gone.site = site_number(drop.site);
    if (!request.filter.matches(gone)) continue;
    page.skipped_from = request.after + 1;
    page.skipped_to = std::max(page.skipped_to, to);
  }
}

std::vector<http::Parameter> stream_parameters() {
  using http::In;
  return {{"after", In::query, http::Kind::integer, false, "Resume after this position", 0},
          {"topics", In::query, http::Kind::string, false, "telemetry, decisions or both, with a comma between", 1, 40},
          {"site", In::query, http::Kind::id, false, "Only this site"}};
}

http::Handler follow(Service& service, std::shared_ptr<Gateway> gateway, void (http::SseHub::*subscribe)(const http::Request&, http::SseFilter, const http::Responder&)) {
  return [&service, gateway, subscribe](http::Request&& request, http::Responder responder) {
    std::uint32_t topics = telemetry | decisions | people_topic;
    if (const auto words = request.query_value("topics")) topics = parse_topics(*words);
    if (topics == 0) return static_cast<void>(responder.send(Error{Errc::invalid, "\"topics\" takes telemetry and decisions.", "query/topics"}));
    const Access& access = access_of(request);
    http::SseFilter filter = gateway->filter_for(access, topics);
    const auto id = request.query_value("site");
    if (!id) return (service.hub->*subscribe)(request, filter, service.door->watched(request, std::move(responder)));
    const auto site = access.site(*id);
    if (!site) return static_cast<void>(responder.send(site.error()));
    // Numbers are for ever, so asking makes none: only a site that there is can be followed.
    ask_site(service, *site, [&service, gateway, subscribe, filter, request = std::move(request), responder](const SiteViews& views) {
      if (!views.is_there()) return static_cast<void>(responder.send(http::problem_response(404, "not-found", no_such_site(views.id()))));
      http::SseFilter only = filter;
      only.sites = {gateway->site_number(views.scope().key())};
      (service.hub->*subscribe)(request, only, service.door->watched(request, responder));
    });
  };
}

std::vector<http::Route> stream_routes(Service& service, std::shared_ptr<Gateway> gateway) {
  std::vector<http::Route> routes{{.path = "/api/v1/stream", .operation_id = "stream", .summary = "Everything that becomes durable, as server-sent events", .tag = "stream", .needs = "see",
           .description = "The id of an event is its position; Last-Event-ID (or ?after=) resumes without gap or repeat. Decisions are never dropped; "
                          "telemetry may be, and then a `gap` event says which positions.",
           .parameters = stream_parameters(), .replies = {{200, "The stream", "", "text/event-stream"}}, .budget = "", .handler = follow(service, gateway, &http::SseHub::subscribe)},
          {.path = "/api/v1/socket", .operation_id = "socket", .summary = "The same stream over a WebSocket", .tag = "stream", .needs = "see",
           .description = "Each event is one text message: {\"id\": position, \"event\": \"readings\", \"data\": {...}}; the first says where the log is. Closed with 4401 when the login "
                          "behind it ends, 1001 when the server stops; ?after= the last id resumes.",
           .parameters = stream_parameters(), .replies = {{101, "The socket"}, {426, "This is no WebSocket handshake", "Problem", "application/problem+json"}}, .socket = true, .budget = "", .handler = follow(service, gateway, &http::SseHub::subscribe_socket)}};
  // What older clients call it (docs/API.md).
  const http::Route socket = routes.back();
  for (const auto& [path, operation] : {std::pair{"/ws", "socketAlias"}, std::pair{"/api/system/ws", "systemSocketAlias"}, std::pair{"/api/services/ws", "servicesSocketAlias"}}) {
    routes.push_back(socket);
    routes.back().path = path, routes.back().operation_id = operation, routes.back().tag = "aliases";
  }
  return routes;
}

}  // namespace heliograph::api
