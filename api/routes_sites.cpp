// Sites and their devices: what there is, what it measures now, what it measured.
#include "api/translate.hpp"
#include "events/event_json.hpp"

namespace heliograph::api {
namespace {

constexpr std::size_t points_max = 100'000;  // of one answer

void write_site(JsonWriter& json, const Views& views, const SiteKey& site) {
  json.begin_object().field("site", site.site.text).key("settings");
  const SiteConfigured* settings = views.devices.site(site);
  if (settings == nullptr) json.null();
  else write_event(json, *settings);
  json.key("stopped");
  const RecordPtr stop = views.devices.stop(site);
  json.boolean(stop != nullptr);
  if (stop != nullptr) json.key("stop").raw(to_json(*stop));
  const RecordPtr clock = views.devices.clock_suspected(site);
  json.field("clock_suspect", clock != nullptr);
  if (clock != nullptr) json.key("clock").raw(to_json(*clock));
  json.end_object();
}

http::Response list_sites(const Views& views, const Access& access) {
  JsonWriter json;
  json.begin_object().key("sites").begin_array();
  for (const SiteKey& site : views.devices.sites())
    if (access.reaches(site) && views.devices.site(site) != nullptr) write_site(json, views, site);
  json.end_array().end_object();
  return http::json_response(json.str());
}

void configure(Service& service, http::Request&& request, const http::Responder& responder) {
  SiteBody body(request, responder, "The settings");
  if (!body) return;
  FieldReader& fields = body.fields();
  SiteConfigured settings;
  settings.name = fields.text("name").value_or(body.site().key().site.text);
  settings.time_zone = fields.text("time_zone").value_or("UTC");
  settings.currency = fields.text("currency").value_or("EUR");
  if (const auto floor = fields.scaled("soc_floor_percent", 1, 20, 100, "%")) settings.soc_floor_permille = static_cast<std::int32_t>(*floor);
  settings.grid_import_w_max = fields.scaled("grid_import_w_max", 0, 0, 1'000'000'000, "W").value_or(0);
  settings.automation = fields.truth("automation").value_or(true);
  if (body.refused()) return;
  answer_turn(service, body.site(), Configure{settings, body.who()}, responder, position_response);
}

/// {"PASSIVE": 0, "MAX": 3000}: what it draws in each, W.
std::vector<DeviceMode> modes(FieldReader& fields) {
  std::vector<DeviceMode> out;
  const Document* found = fields.find("modes");
  if (found == nullptr) return out;
  if (found->kind != Document::Kind::object) fields.problem("modes", "\"modes\" names each mode with the most that the device draws in it: {\"PASSIVE\": 0, \"MAX\": 3000}.");
  for (const DocumentField& each : found->fields) {
    if (each.value.kind != Document::Kind::integer) fields.problem("modes", "What the device draws in the mode " + quoted(each.key) + " is a whole number of watts, 0 or more.");
    out.push_back({each.key, each.value.integer});
  }
  return out;
}

void register_device(Service& service, http::Request&& request, const http::Responder& responder) {
  SiteBody body(request, responder, "The device");
  if (!body) return;
  FieldReader& fields = body.fields();
  DeviceRegistered device;
  device.device.text = std::string(request.param("device"));
  device.name = fields.text("name").value_or(device.device.text);
  device.kind = fields.choice("kind", {DeviceKind::meter, DeviceKind::inverter, DeviceKind::battery, DeviceKind::plug, DeviceKind::node, DeviceKind::price}).value_or(device.kind);
  device.can_switch = fields.truth("can_switch").value_or(false);
  device.can_set_power = fields.truth("can_set_power").value_or(false);
  device.nominal_w = fields.scaled("nominal_w", 0, 0, 1'000'000'000, "W").value_or(0);
  device.min_on = fields.duration("min_on").value_or(0);
  device.min_off = fields.duration("min_off").value_or(0);
  device.hold = fields.duration("hold").value_or(device.hold);
  device.freshness = fields.duration("freshness").value_or(device.freshness);
  device.safe_state = fields.choice("safe_state", {SafeState::off, SafeState::on, SafeState::as_it_is}).value_or(device.safe_state);
  device.lease = fields.duration("lease").value_or(0);
  device.settle = fields.duration("settle").value_or(0);
  device.needs_approval = fields.truth("needs_approval").value_or(false);
  device.capacity_wh = fields.scaled("capacity_wh", 0, 0, 1'000'000'000, "Wh").value_or(0);
  device.hardware = fields.text("hardware").value_or("");
  device.environment = fields.text("environment").value_or("");
  device.modes = modes(fields);
  if (body.refused()) return;
  answer_turn(service, body.site(), RegisterDevice{device, body.who()}, responder, position_response);
}

http::Response list_devices(const Views& views, const SiteKey& site, const http::Request&) {
  JsonWriter json;
  json.begin_object().key("devices").begin_array();
  for (const DeviceRegistered* device : views.devices.devices(site)) write_event(json, *device);
  json.end_array().end_object();
  return http::json_response(json.str());
}

http::Response latest(const Views& views, const SiteKey& site, const http::Request& request, Micros now) {
  const auto wanted = request.query_value("device");
  JsonWriter json;
  json.begin_object().field("site", site.site.text).key("at").time(now).field("position", views.applied());
  json.key("devices").begin_object();
  const SiteNow* site_now = views.site_now.site(site);
  for (DeviceIndex i = 0; site_now != nullptr && i < site_now->devices().size(); ++i) {
    const SiteNow::Device& device = site_now->devices()[i];
    if (device.seen_at == 0 || (wanted && device.id.text != *wanted)) continue;
    const DeviceRegistered* about = views.devices.device(site, device.id);
    const Micros freshness = about != nullptr ? about->freshness : DeviceRegistered{}.freshness;
    json.key(device.id.text).begin_object().key("seen_at").time(device.seen_at).field("fresh", now - device.seen_at <= freshness);
    json.key("metrics").begin_object();
    for (const MetricInfo& metric : all_metrics()) {
      const Latest& value = site_now->latest(i, metric.metric);
      if (!value.known()) continue;
      json.key(metric.api_name).begin_object().key("value");
      metric.kind == Kind::text ? json.string(site_now->word(value.value)) : json.metric(metric.metric, value.value);
      json.key("at").time(value.at).field("position", value.position).end_object();
    }
    json.end_object().end_object();
  }
  json.end_object().end_object();
  return http::json_response(json.str());
}

// ---- series ---------------------------------------------------------------------------------------------------------

struct SeriesQuestion {
  DeviceId device;
  Metric metric{};
  Micros from = 0, to = 0;
  std::size_t budget = 0;  // 0 = raw
  std::optional<Step> step;
};

Result<SeriesQuestion> question(const Views& views, const SiteKey& site, const http::Request& request) {
  SeriesQuestion q;
  q.device.text = std::string(*request.query_value("device"));
  const auto metric = find_metric(*request.query_value("metric"));
  if (!metric) return fail(Errc::invalid, "There is no metric \"" + std::string(*request.query_value("metric")) + "\": see the list in /openapi.json.", "/metric");
  q.metric = *metric;
  const auto extent = views.series->extent(site, q.device);
  if (!extent) return fail(Errc::not_found, "The device \"" + q.device.text + "\" has no readings at this site.");
  q.from = time_param(request, "from").value_or(extent->first);
  q.to = time_param(request, "to").value_or(extent->last + 1);
  if (q.from >= q.to) return fail(Errc::invalid, "\"from\" must be before \"to\".", "/from");
  q.budget = static_cast<std::size_t>(number_param(request, "points").value_or(0));
  if (const auto word = request.query_value("step")) {
    auto step = parse_step(*word);
    if (!step) return fail(step.error());
    q.step = *step;
  }
  return q;
}

http::Response raw_series(const Views& views, const SiteKey& site, const SeriesQuestion& q) {
  auto points = views.series->points(site, q.device, q.metric, q.from, q.to, q.budget == 0 ? points_max : 5'000'000);
  if (!points) return http::problem_response(points.error());
  const std::size_t of = points->size();
  if (q.budget != 0 && of > q.budget) points = lttb(*points, q.budget);
  JsonWriter json;
  json.begin_object().field("device", q.device.text).field("metric", std::string(info(q.metric).api_name)).field("unit", std::string(info(q.metric).unit));
  json.key("from").time(q.from).key("to").time(q.to);
  json.field("level", points->size() < of ? "lttb" : "raw").field("of", of).field("time_unit", "ms since 1970");
  json.key("points").begin_array();
  for (const Point& point : *points) {
    json.begin_array().integer(point.at / 1000);
    info(q.metric).kind == Kind::text ? json.string(views.series->word(site, point.value)) : json.metric(q.metric, point.value);
    json.end_array();
  }
  json.end_array().end_object();
  return http::json_response(json.str());
}

http::Response rolled_series(const Views& views, const SiteKey& site, const SeriesQuestion& q, std::string_view step_word) {
  const SiteConfigured* settings = views.devices.site(site);
  auto zone = Zone::find(settings == nullptr ? "UTC" : settings->time_zone);
  if (!zone) return http::problem_response(zone.error());
  auto rollups = views.series->rollups(site, q.device, q.metric, q.from, q.to, *q.step, *zone);
  if (!rollups) return http::problem_response(rollups.error());
  const MetricInfo& about = info(q.metric);
  const bool energy = about.kind == Kind::power;
  JsonWriter json;
  json.begin_object().field("device", q.device.text).field("metric", std::string(about.api_name)).field("unit", std::string(about.unit));
  json.key("from").time(q.from).key("to").time(q.to).field("level", step_word).field("time_zone", zone->name()).field("time_unit", "ms since 1970");
  json.key("columns").begin_array();
  for (const char* column : {"from", "to", "count", "min", "max", "mean", "last"}) json.string(column);
  if (energy) json.string("energy_in_wh").string("energy_out_wh");
  json.end_array().key("rows").begin_array();
  for (const Rollup& r : *rollups) {
    json.begin_array().integer(r.from / 1000).integer(r.to / 1000).unsigned_integer(r.count);
    json.metric(q.metric, r.min).metric(q.metric, r.max).number(r.mean * about.api_scale).metric(q.metric, r.last);
    if (energy) json.number(static_cast<double>(r.energy_in_mj) / 3'600'000.0).number(static_cast<double>(r.energy_out_mj) / 3'600'000.0);
    json.end_array();
  }
  json.end_array().end_object();
  return http::json_response(json.str());
}

http::Response series(const Views& views, const SiteKey& site, const http::Request& request) {
  auto q = question(views, site, request);
  if (!q) return http::problem_response(q.error());
  return q->step ? rolled_series(views, site, *q, *request.query_value("step")) : raw_series(views, site, *q);
}

}  // namespace

std::vector<http::Route> site_routes(Service& service) {
  using http::In;
  using http::Method;
  const http::Parameter device{"device", In::path, http::Kind::id, true, "The device's id", {}, {}, {}, false, "miner-1"};
  const auto site_route = [&](auto ask) {
    return [&service, ask](http::Request&& request, http::Responder responder) { answer_for_site(service, std::move(request), responder, ask); };
  };
  return {
      {.path = "/api/v1/sites", .operation_id = "listSites", .summary = "Every configured site", .tag = "sites", .needs = "see",
       .replies = {ok("The sites", "SiteList")},
       .handler = [&service](http::Request&& request, http::Responder responder) {
         answer_from_views(service, responder, [access = access_of(request)](const Views& views) { return list_sites(views, access); });
       }},
      {.path = "/api/v1/sites/{site}", .operation_id = "getSite", .summary = "One site: its settings and whether it is stopped", .tag = "sites", .needs = "see",
       .parameters = {site_parameter()}, .replies = {ok("The site", "Site")},
       .handler = site_route([](const Views& views, const SiteKey& site, const http::Request&) {
         JsonWriter json;
         write_site(json, views, site);
         return http::json_response(json.str());
       })},
      {.method = Method::put, .path = "/api/v1/sites/{site}", .operation_id = "configureSite", .summary = "Create a site or replace its settings", .tag = "sites", .needs = "configure",
       .parameters = {site_parameter()}, .body = json_body("SiteSettings", "The settings; what is left out gets its default"),
       .replies = {ok("Durable at this position", "PositionAnswer")}, .mutates = true,
       .handler = [&service](http::Request&& request, http::Responder responder) { configure(service, std::move(request), responder); }},
      {.path = "/api/v1/sites/{site}/devices", .operation_id = "listDevices", .summary = "The site's registered devices", .tag = "devices", .needs = "see",
       .parameters = {site_parameter()}, .replies = {ok("The devices", "DeviceList")}, .handler = site_route(list_devices)},
      {.method = Method::put, .path = "/api/v1/sites/{site}/devices/{device}", .operation_id = "registerDevice",
       .summary = "Register a device or replace what is known of it", .tag = "devices", .needs = "configure", .parameters = {site_parameter(), device},
       .body = json_body("Device", "What the device is and may be told"), .replies = {ok("Durable at this position", "PositionAnswer")}, .mutates = true,
       .handler = [&service](http::Request&& request, http::Responder responder) { register_device(service, std::move(request), responder); }},
      {.path = "/api/v1/sites/{site}/latest", .operation_id = "latest", .summary = "The latest usable reading of every metric of every device", .tag = "telemetry", .needs = "see",
       .parameters = {site_parameter(), {"device", In::query, http::Kind::id, false, "Only this device"}}, .replies = {ok("Latest readings", "Latest")},
       .handler = site_route([&service](const Views& views, const SiteKey& site, const http::Request& request) {
         return latest(views, site, request, service.engine.clock().now());
       })},
      {.path = "/api/v1/sites/{site}/series", .operation_id = "series",
       .summary = "One metric of one device over time: raw, thinned to a budget of points, or rolled up", .tag = "telemetry", .needs = "see",
       .parameters = {site_parameter(), {"device", In::query, http::Kind::id, true, "The device"},
                      {"metric", In::query, http::Kind::string, true, "A metric such as pv_w or soc_percent", 1, 40},
                      {"from", In::query, http::Kind::time, false, "First moment; default the first reading"},
                      {"to", In::query, http::Kind::time, false, "Moment after the last; default after the last reading"},
                      {"points", In::query, http::Kind::integer, false, "At most so many points, chosen by Largest-Triangle-Three-Buckets", 3, 100'000},
                      {"step", In::query, http::Kind::string, false, "Roll up to buckets; days and months are the site's", {}, {}, {"minute", "hour", "day", "month"}}},
       .replies = {ok("Compact arrays", "Series")}, .handler = site_route(series)},
  };
}

}  // namespace heliograph::api
