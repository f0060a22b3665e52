// Sites and their devices: what there is, what it measures now, what it measured.
#include "api/http/conditions.hpp"
#include "api/translate.hpp"
#include "events/event_json.hpp"

namespace heliograph::api {
namespace {

void write_site(JsonWriter& json, const SiteViews& site) {
  json.begin_object().field("site", site.id().text).key("settings");
  const SiteConfigured* settings = site.settings();
  if (settings == nullptr) json.null();
  else write_event(json, *settings);
  json.key("stopped");
  const RecordPtr stop = site.stop();
  json.boolean(stop != nullptr);
  if (stop != nullptr) json.key("stop").raw(to_json(*stop));
  const RecordPtr clock = site.clock_suspected();
  json.field("clock_suspect", clock != nullptr);
  if (clock != nullptr) json.key("clock").raw(to_json(*clock));
  json.end_object();
}

http::Response list_sites(const AccessViews& views) {
  JsonWriter json;
  json.begin_object().key("sites").begin_array();
  for (const SiteViews& site : views.sites()) write_site(json, site);
  json.end_array().end_object();
  return http::json_response(json.take());
}

/// Its version is that of the settings, and of the stop or the doubt that it shows.
http::Response show_site(const SiteViews& site, const http::Request& request) {
  JsonWriter json;
  write_site(json, site);
  const RecordPtr settings = site.settings_record();
  std::string tag = std::to_string(settings ? settings->envelope.position : 0);
  for (const RecordPtr& also : {site.stop(), site.clock_suspected()})
    if (also) tag += "-" + std::to_string(also->envelope.position);
  return http::with_tag(http::json_response(json.take()), request, tag);
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
  answer_turn(service, body.site(), Configure{settings, body.who(), expected_of(request, Expected::Kind::unsaid)}, responder, position_response);
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
  answer_turn(service, body.site(), RegisterDevice{device, body.who(), expected_of(request, Expected::Kind::unsaid)}, responder, position_response);
}

http::Response list_devices(const SiteViews& site, const http::Request&) {
  JsonWriter json;
  json.begin_object().key("devices").begin_array();
  for (const DeviceRegistered* device : site.devices()) write_event(json, *device);
  json.end_array().end_object();
  return http::json_response(json.take());
}

http::Response show_device(const SiteViews& site, const http::Request& request) {
  const DeviceId id{std::string(request.param("device"))};
  const RecordPtr said = site.device_record(id);
  if (!said) return http::problem_response(404, "not-found", "There is no device \"" + id.text + "\" at this site.");
  JsonWriter json;
  write_event(json, said->event());
  return http::with_tag(http::json_response(json.take()), request, std::to_string(said->envelope.position));
}

http::Response latest(const SiteViews& site, const http::Request& request, Micros now) {
  const auto wanted = request.query_value("device");
  const auto metrics = metrics_of(request);
  if (!metrics) return http::problem_response(metrics.error());
  JsonWriter json;
  json.begin_object().field("site", site.id().text).key("at").time(now).field("position", site.applied());
  json.key("devices").begin_object();
  const SiteNow* site_now = site.now();
  constexpr std::size_t device_bytes = 100, metric_bytes = 90;  // about
  if (site_now != nullptr && !wanted) json.expect(site_now->devices().size() * (device_bytes + metric_bytes * std::min<std::size_t>(metrics->size(), 10)));
  for (DeviceIndex i = 0; site_now != nullptr && i < site_now->devices().size(); ++i) {
    const SiteNow::Device& device = site_now->devices()[i];
    if (device.seen_at == 0 || (wanted && device.id.text != *wanted)) continue;
    const DeviceRegistered* about = site.device(device.id);
    const Micros freshness = about != nullptr ? about->freshness : DeviceRegistered{}.freshness;
    json.key(device.id.text).begin_object().key("seen_at").time(device.seen_at).field("fresh", now - device.seen_at <= freshness);
    json.key("metrics").begin_object();
    for (const Metric metric : *metrics) {
      const Latest& value = site_now->latest(i, metric);
      if (!value.known()) continue;
      json.key(info(metric).api_name).begin_object().key("value");
      info(metric).kind == Kind::text ? json.string(site_now->word(value.value)) : json.metric(metric, value.value);
      json.key("at").time(value.at).field("position", value.position).end_object();
    }
    json.end_object().end_object();
  }
  json.end_object().end_object();
  return http::json_response(json.take());
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
         answer_for(service, std::move(request), responder, [](const AccessViews& views, const http::Request&) { return list_sites(views); });
       }},
      {.path = "/api/v1/sites/{site}", .operation_id = "getSite", .summary = "One site: its settings and whether it is stopped", .tag = "sites", .needs = "see",
       .parameters = {site_parameter(), if_none_match()}, .replies = versioned("The site", "Site"),
       .handler = site_route(show_site)},
      {.method = Method::put, .path = "/api/v1/sites/{site}", .operation_id = "configureSite", .summary = "Create a site or replace its settings", .tag = "sites", .needs = "configure",
       .parameters = with_conditions({site_parameter()}), .body = json_body("SiteSettings", "The settings; what is left out gets its default"),
       .replies = {ok("Durable at this position", "PositionAnswer")}, .mutates = true,
       .handler = [&service](http::Request&& request, http::Responder responder) { configure(service, std::move(request), responder); }},
      {.path = "/api/v1/sites/{site}/devices", .operation_id = "listDevices", .summary = "The site's registered devices", .tag = "devices", .needs = "see",
       .parameters = {site_parameter()}, .replies = {ok("The devices", "DeviceList")}, .handler = site_route(list_devices)},
      {.path = "/api/v1/sites/{site}/devices/{device}", .operation_id = "getDevice", .summary = "One device; its ETag is its version", .tag = "devices", .needs = "see",
       .parameters = {site_parameter(), device, if_none_match()}, .replies = versioned("The device", "DeviceShown"), .handler = site_route(show_device)},
      {.method = Method::put, .path = "/api/v1/sites/{site}/devices/{device}", .operation_id = "registerDevice",
       .summary = "Register a device or replace what is known of it", .tag = "devices", .needs = "configure", .parameters = with_conditions({site_parameter(), device}),
       .body = json_body("Device", "What the device is and may be told"), .replies = {ok("Durable at this position", "PositionAnswer")}, .mutates = true,
       .handler = [&service](http::Request&& request, http::Responder responder) { register_device(service, std::move(request), responder); }},
      {.path = "/api/v1/sites/{site}/latest", .operation_id = "latest", .summary = "The latest usable reading of every metric of every device", .tag = "telemetry", .needs = "see",
       .parameters = {site_parameter(), {"device", In::query, http::Kind::id, false, "Only this device"}, metric_parameter(false)}, .replies = {ok("Latest readings", "Latest")},
       .handler = site_route([&service](const SiteViews& site, const http::Request& request) {
         return latest(site, request, service.engine.clock().now());
       })},
  };
}

}  // namespace heliograph::api
