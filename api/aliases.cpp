// The paths that older clients know (docs/API.md), from one table: the answer of a route of ours, an answer in the older shape
// {success, data}, or 501 that names the capability that is not built yet.
#include <algorithm>

#include "api/translate.hpp"

namespace heliograph::api {
namespace {

using http::In;
using http::Method;

constexpr std::int64_t hours_max = 24 * 366;
constexpr std::size_t hours_of_devices_max = 100'000;

/// A site where nobody named one: the only one that they reach.
Result<SiteViews> the_site(const AccessViews& views, const http::Request& request) {
  const auto sites = views.sites();
  const auto wanted = request.query_value("site");
  const auto found = std::find_if(sites.begin(), sites.end(), [&](const SiteViews& each) { return !wanted || each.id().text == *wanted; });
  if (found == sites.end()) return fail(Errc::not_found, wanted ? no_such_site({std::string(*wanted)}) : "There is no site yet: configure one first (PUT /api/v1/sites/home).");
  if (!wanted && sites.size() > 1) return fail(Errc::invalid, "There is more than one site: say which, ?site=" + sites.front().id().text + ".", "query/site");
  return *found;
}

/// {"success": true, "data": ...} of what `write` writes, or its problem.
template <class Write>
http::Handler enveloped(Service& service, Write write) {
  return [&service, write](http::Request&& request, http::Responder responder) {
    answer_for(service, std::move(request), responder, [&service, write](const AccessViews& views, const http::Request& asked) {
      auto site = the_site(views, asked);
      if (!site) return http::problem_response(site.error());
      JsonWriter json;
      json.begin_object().field("success", true).key("data");
      const Status done = write(json, *site, asked, service.engine.clock().now());
      if (!done) return http::problem_response(done.error());
      json.end_object();
      return http::json_response(json.take());
    });
  };
}

void write_metrics(JsonWriter& json, const SiteNow& now, DeviceIndex device) {
  for (const MetricInfo& metric : all_metrics()) {
    const Latest& value = now.latest(device, metric.metric);
    if (!value.known()) continue;
    json.key(metric.api_name);
    metric.kind == Kind::text ? json.string(now.word(value.value)) : json.metric(metric.metric, value.value);
  }
}

/// The newest value of each metric of the whole site, as a snapshot.
Status energy_latest(JsonWriter& json, const SiteViews& site, const http::Request&, Micros now) {
  const SiteNow* values = site.now();
  Micros seen = 0;
  json.begin_object().field("site", site.id().text);
  for (const MetricInfo& metric : all_metrics()) {
    if (values == nullptr || metric.kind == Kind::text) continue;
    const Latest value = values->site_metric(metric.metric);
    if (!value.known()) continue;
    seen = std::max(seen, value.at);
    json.key(metric.api_name).metric(metric.metric, value.value);
  }
  json.key("timestamp");
  seen == 0 ? json.null() : json.time(seen);
  if (seen != 0) json.field("age_seconds", (now - seen) / second_us);
  json.end_object();
  return {};
}

Micros hours_back(const http::Request& request) { return static_cast<Micros>(number_param(request, "hours").value_or(24)) * hour_us; }

/// Energy and mean power of each power that the site knows, over the hours asked for. Whole hours, those of UTC.
Status energy_stats(JsonWriter& json, const SiteViews& site, const http::Request& request, Micros now) {
  const Micros from = now - hours_back(request);
  if (static_cast<std::size_t>((now - from) / hour_us) * site.devices().size() > hours_of_devices_max)
    return fail(Errc::invalid, "So many hours of so many devices do not fit into one answer: ask for fewer hours, or for each device (/api/v1/sites/{site}/series).", "query/hours");
  json.begin_object().field("site", site.id().text).key("from").time(from).key("to").time(now).key("devices").begin_object();
  const SiteNow* values = site.now();
  for (DeviceIndex i = 0; values != nullptr && i < values->devices().size(); ++i) {
    const DeviceId& device = values->devices()[i].id;
    json.key(device.text).begin_object();
    for (const MetricInfo& metric : all_metrics()) {
      if (metric.kind != Kind::power || !values->latest(i, metric.metric).known()) continue;
      std::int64_t in = 0, out = 0;
      double sum = 0;
      std::uint64_t count = 0;
      auto done = site.rollups(device, metric.metric, from, now, Step::hour, site.zone(), [&](const Rollup& each) {
        in += each.energy_in_mj, out += each.energy_out_mj, sum += each.mean * static_cast<double>(each.count), count += each.count;
      });
      if (!done) return done;
      if (count == 0) continue;
      json.key(metric.api_name).begin_object().field("readings", count).key("mean_w").number(sum / static_cast<double>(count));
      json.key("energy_in_wh").number(static_cast<double>(in) / 3'600'000.0).key("energy_out_wh").number(static_cast<double>(out) / 3'600'000.0).end_object();
    }
    json.end_object();
  }
  json.end_object().end_object();
  return {};
}

/// The device of this kind that is asked for: by its id or its name, else the first.
Result<const DeviceRegistered*> device_of(const SiteViews& site, DeviceKind kind, std::optional<std::string_view> wanted, const char* what) {
  std::vector<const DeviceRegistered*> fitting;
  for (const DeviceRegistered* device : site.devices()) {
    if (wanted && device->device.text == *wanted) return device;  // an id is nobody else's
    if (wanted ? http::same_ignoring_case(device->name, *wanted) : device->kind == kind) fitting.push_back(device);
  }
  if (wanted && fitting.size() > 1)
    return fail(Errc::conflict, "More than one device is called \"" + std::string(*wanted) + "\": take an id, such as " + fitting.front()->device.text + ".");
  if (!fitting.empty()) return fitting.front();
  return fail(Errc::not_found, wanted ? "There is no device \"" + std::string(*wanted) + "\" at this site." : std::string("This site has no ") + what + ": register one first.");
}

void write_device_now(JsonWriter& json, const SiteViews& site, const DeviceRegistered& device, Micros now) {
  json.begin_object().field("device", device.device.text).field("name", device.name);
  const SiteNow* values = site.now();
  const auto index = values == nullptr ? std::nullopt : values->find(device.device.text);
  const Micros seen = index ? values->devices()[*index].seen_at : 0;
  json.key("timestamp");
  seen == 0 ? json.null() : json.time(seen);
  json.field("fresh", seen != 0 && now - seen <= device.freshness);
  if (index) write_metrics(json, *values, *index);
  json.end_object();
}

Status battery_now(JsonWriter& json, const SiteViews& site, const http::Request& request, Micros now) {
  auto device = device_of(site, DeviceKind::battery, request.query_value("device"), "battery");
  if (!device) return fail(device.error());
  write_device_now(json, site, **device, now);
  return {};
}

Status plugs_now(JsonWriter& json, const SiteViews& site, const http::Request&, Micros now) {
  json.begin_array();
  for (const DeviceRegistered* device : site.devices())
    if (device->kind == DeviceKind::plug) write_device_now(json, site, *device, now);
  json.end_array();
  return {};
}

/// Each metric of the device as [[ms since 1970, value], ...], at most so many points each.
Status write_history(JsonWriter& json, const SiteViews& site, const DeviceRegistered& device, const http::Request& request, Micros now) {
  const Micros from = now - hours_back(request);
  const auto most = static_cast<std::size_t>(number_param(request, "points").value_or(500));
  json.begin_object().field("device", device.device.text).field("name", device.name).key("from").time(from).key("to").time(now).field("time_unit", "ms since 1970");
  json.key("metrics").begin_object();
  const SiteNow* values = site.now();
  const auto index = values == nullptr ? std::nullopt : values->find(device.device.text);
  const auto blocks = site.blocks(device.device, from, now, {});
  if (!blocks) return fail(blocks.error());
  for (const MetricInfo& metric : all_metrics()) {
    if (!index || metric.kind == Kind::text || !values->latest(*index, metric.metric).known()) continue;
    auto points = points_of(*blocks, metric.metric, from, now, 5'000'000);
    if (!points) return fail(points.error());
    if (points->size() > most) points = lttb(*points, most);
    json.key(metric.api_name).begin_array();
    for (const Point& point : *points) json.begin_array().integer(point.at / 1000).metric(metric.metric, point.value).end_array();
    json.end_array();
  }
  json.end_object().end_object();
  return {};
}

Status battery_history(JsonWriter& json, const SiteViews& site, const http::Request& request, Micros now) {
  auto device = device_of(site, DeviceKind::battery, request.query_value("device"), "battery");
  return device ? write_history(json, site, **device, request, now) : fail(device.error());
}

Status plug_history(JsonWriter& json, const SiteViews& site, const http::Request& request, Micros now) {
  auto device = device_of(site, DeviceKind::plug, request.param("name"), "plug");
  return device ? write_history(json, site, **device, request, now) : fail(device.error());
}

/// Commands, newest first, with where each stands.
Status actions(JsonWriter& json, const SiteViews& site, const http::Request& request, Micros) {
  auto asked = site.audit({.before = number_param(request, "before").value_or(0), .limit = static_cast<std::size_t>(number_param(request, "limit").value_or(100)), .type = "command.requested"});
  if (!asked) return fail(asked.error());
  json.begin_array();
  for (const RecordPtr& record : *asked) {
    const auto& command = std::get<CommandRequested>(record->event());
    auto story = site.story(command.command);
    if (!story) return fail(story.error());
    json.begin_object().field("command", command.command.text).field("device", command.device.text).field("action", std::string(name(command.action)));
    json.field("state", state_of(*story)).field("who", to_string(record->envelope.principal)).field("reason", command.reason);
    json.key("timestamp").time(record->envelope.occurred_at).field("position", record->envelope.position).end_object();
  }
  json.end_array();
  return {};
}

/// A switch by name: the same gate, the same record.
http::Handler switch_by_name(Service& service, Action action) {
  return [&service, action](http::Request&& request, http::Responder responder) {
    Body body(request, responder, "The body", true);
    if (!body) return;
    const std::string reason = body.fields().text("reason").value_or("");
    if (body.refused()) return;
    ask_for(service, std::move(request), [&service, action, responder, reason](const AccessViews& views, const http::Request& asked) {
      auto site = the_site(views, asked);
      if (!site) return static_cast<void>(responder.send(site.error()));
      auto device = device_of(*site, DeviceKind::plug, asked.param("name"), "plug");
      if (!device) return static_cast<void>(responder.send(device.error()));
      heliograph::Ask ask;
      ask.proposal.device = (*device)->device;
      ask.proposal.action = action;
      ask.proposal.principal = access_of(asked).who();
      ask.reason = reason;
      ask.idempotency_key = asked.idempotency_key;
      ask.fingerprint = fingerprint(asked);
      answer_turn(service, site->scope(), std::move(ask), responder, command_response);
    });
  };
}

http::Handler not_built_yet(std::string_view capability, std::string_view what) {
  return [capability, what](http::Request&&, http::Responder responder) {
    http::Problem problem{501, "not-built-yet", "Not built yet", std::string(what) + " comes with the capability " + std::string(capability) + ", which this version does not have."};
    problem.extra.emplace_back("capability", "\"" + std::string(capability) + "\"");
    responder.send(http::problem_response(problem));
  };
}

/// An older path for a route of ours: the same row, and so the same answer.
struct Twin { Method method; std::string_view path, of; };
constexpr Twin twins[] = {
    {Method::get, "/auth/me", "me"},
    {Method::post, "/auth/login", "logIn"},
    {Method::post, "/auth/logout", "logOut"},
    {Method::get, "/users", "listUsers"},
    {Method::post, "/users", "addUser"},
    {Method::put, "/users/{user}", "changeUser"},
    {Method::del, "/users/{user}", "removeUser"},
};

/// What has no system behind it yet.
struct Later { Method method; std::string_view path, operation, capability, what; };
constexpr Later later[] = {
    {Method::post, "/energy/collect", "energyCollect", "ING-07", "Collecting on demand"},
    {Method::post, "/agent/ask", "agentAsk", "AGT-01", "Asking an agent"},
    {Method::get, "/agent/{what}", "agent", "AGT-01", "Asking an agent"},
    {Method::get, "/agents/activity", "agentsActivity", "OBS-08", "What agents did"},
    {Method::get, "/agents/stats", "agentsStats", "OBS-08", "Figures of agents"},
    {Method::get, "/conversations", "conversations", "AGT-06", "The history of conversations"},
    {Method::get, "/conversations/{id}", "conversation", "AGT-06", "The history of conversations"},
    {Method::get, "/system/{what}", "systemStats", "HST-01", "Watching this host"},
    {Method::get, "/api/system/stats", "hostStats", "HST-01", "Watching this host"},
    {Method::get, "/api/system/processes", "hostProcesses", "HST-02", "The list of processes"},
    {Method::get, "/api/system/ports", "hostPorts", "HST-03", "The list of ports"},
    {Method::get, "/api/services", "services", "HST-05", "The list of services"},
    {Method::get, "/api/services/", "servicesIndex", "HST-05", "The list of services"},
    {Method::post, "/api/services/{name}/start", "startService", "HST-06", "Starting a service"},
    {Method::post, "/api/services/{name}/stop", "stopService", "HST-06", "Stopping a service"},
    {Method::get, "/api/services/{name}/status", "serviceStatus", "HST-07", "The status of a service"},
    {Method::get, "/api/services/{name}/logs", "serviceLogs", "HST-07", "The log of a service"},
    {Method::get, "/api/knowledge/stats", "knowledgeStats", "KB-03", "The knowledge base"},
    {Method::get, "/api/knowledge/files", "knowledgeFiles", "KB-03", "The knowledge base"},
    {Method::get, "/api/knowledge/files/{id}", "knowledgeFile", "KB-03", "The knowledge base"},
    {Method::get, "/api/knowledge/creators", "knowledgeCreators", "KB-03", "The knowledge base"},
    {Method::get, "/api/knowledge/creators/{id}", "knowledgeCreator", "KB-03", "The knowledge base"},
    {Method::post, "/api/knowledge/scan", "knowledgeScan", "KB-03", "Scanning for knowledge"},
    {Method::get, "/api/knowledge/jobs", "knowledgeJobs", "KB-03", "The knowledge base"},
    {Method::get, "/api/knowledge/search", "knowledgeSearch", "KB-02", "Searching the knowledge base"},
    {Method::get, "/nodes", "nodes", "FLT-12", "The list of nodes"},
    {Method::get, "/nodes/{id}", "node", "FLT-12", "One node"},
    {Method::get, "/nodes/{id}/config", "nodeConfig", "FLT-12", "A node's configuration"},
    {Method::put, "/nodes/{id}/config", "setNodeConfig", "FLT-12", "A node's configuration"},
    {Method::post, "/nodes/{id}/commands", "nodeCommand", "FLT-01", "Commanding a node"},
};

http::Route later_route(const Later& row) {
  http::Route route{.method = row.method, .path = std::string(row.path), .operation_id = std::string(row.operation), .summary = std::string(row.what) + ": not built yet", .tag = "aliases",
                    .needs = row.method == Method::get ? "see" : "operate", .replies = {{501, "Not built yet; `capability` names what is missing", "Problem", "application/problem+json"}},
                    .any_query = true, .handler = not_built_yet(row.capability, row.what)};
  for (const char* part : {"id", "name", "what"})
    if (row.path.find("{" + std::string(part) + "}") != std::string_view::npos) route.parameters.push_back({part, In::path, http::Kind::string, true, "Which", 1, 200});
  route.listed = !row.path.ends_with('/');  // the same with a slash at its end
  if (row.method != Method::get) route.body = http::RequestBody{{"application/json"}, "Anything", "Not read yet", false}, route.mutates = true;
  return route;
}

}  // namespace

std::vector<http::Route> alias_routes(Service& service, const std::vector<http::Route>& table) {
  const http::Parameter site{"site", In::query, http::Kind::id, false, "Which site; not needed where there is one"};
  const http::Parameter hours{"hours", In::query, http::Kind::integer, false, "How far back; 24 by default", 1, hours_max};
  const http::Parameter points{"points", In::query, http::Kind::integer, false, "At most so many points of each metric; 500 by default", 3, 5'000};
  const http::Parameter device{"device", In::query, http::Kind::id, false, "Which battery; not needed where there is one"};
  const http::Parameter plug{"name", In::path, http::Kind::string, true, "The device's name or id", 1, 200};
  std::vector<http::Route> out{
      {.path = "/energy/latest", .operation_id = "energyLatest", .summary = "The newest value of each metric of a site", .tag = "aliases", .needs = "see", .parameters = {site},
       .replies = {ok("A snapshot", "EnergyLatest")}, .handler = enveloped(service, energy_latest)},
      {.path = "/energy/stats", .operation_id = "energyStats", .summary = "Energy by device over the last hours", .tag = "aliases", .needs = "see", .parameters = {site, hours},
       .replies = {ok("Energy", "EnergyStats")}, .handler = enveloped(service, energy_stats)},
      {.path = "/victron/battery/current", .operation_id = "batteryNow", .summary = "The battery's latest readings", .tag = "aliases", .needs = "see", .parameters = {site, device},
       .replies = {ok("The battery", "DeviceNow")}, .handler = enveloped(service, battery_now)},
      {.path = "/victron/battery/history", .operation_id = "batteryHistory", .summary = "The battery's readings over the last hours", .tag = "aliases", .needs = "see",
       .parameters = {site, device, hours, points}, .replies = {ok("Readings", "DeviceHistory")}, .handler = enveloped(service, battery_history)},
      {.path = "/shelly/power/current", .operation_id = "plugsNow", .summary = "Every plug's latest readings", .tag = "aliases", .needs = "see", .parameters = {site},
       .replies = {ok("The plugs", "PlugsNow")}, .handler = enveloped(service, plugs_now)},
      {.path = "/shelly/device/{name}/history", .operation_id = "plugHistory", .summary = "A plug's readings over the last hours", .tag = "aliases", .needs = "see",
       .parameters = {plug, site, hours, points}, .replies = {ok("Readings", "DeviceHistory")}, .handler = enveloped(service, plug_history)},
      {.method = Method::post, .path = "/shelly/device/{name}/on", .operation_id = "plugOn", .summary = "Switch a plug on; safety decides", .tag = "aliases", .needs = "operate", .parameters = {plug, site},
       .body = http::RequestBody{{"application/json"}, "StopReason", "Why; may be empty", false}, .replies = {{202, "Dispatched, or waiting", "CommandAnswer"}}, .mutates = true, .needs_idempotency_key = true, .handler = switch_by_name(service, Action::switch_on)},
      {.method = Method::post, .path = "/shelly/device/{name}/off", .operation_id = "plugOff", .summary = "Switch a plug off; safety decides", .tag = "aliases", .needs = "operate", .parameters = {plug, site},
       .body = http::RequestBody{{"application/json"}, "StopReason", "Why; may be empty", false}, .replies = {{202, "Dispatched, or waiting", "CommandAnswer"}}, .mutates = true, .needs_idempotency_key = true, .handler = switch_by_name(service, Action::switch_off)},
      {.path = "/shelly/actions/history", .operation_id = "actionHistory", .summary = "Commands, newest first, and where each stands", .tag = "aliases", .needs = "see",
       .parameters = {site, limit_parameter(100, 1000), {"before", In::query, http::Kind::integer, false, "Only positions below this", 1}}, .replies = {ok("Commands", "ActionHistory")},
       .handler = enveloped(service, actions)},
  };
  for (const Twin& twin : twins) {
    const auto of = std::find_if(table.begin(), table.end(), [&](const http::Route& each) { return each.operation_id == twin.of && each.method == twin.method; });
    ensure(of != table.end(), "an alias is of a route that there is", "api/aliases.cpp");
    http::Route& route = out.emplace_back(*of);
    route.summary += " (as " + of->path + ")";
    route.path = twin.path, route.operation_id = of->operation_id + "Alias", route.tag = "aliases";
  }
  for (const Later& row : later) out.push_back(later_route(row));
  return out;
}

}  // namespace heliograph::api
