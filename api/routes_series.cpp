// What devices measured, over time: raw, thinned, or rolled up; as compact arrays. One series, or several in one answer.
#include <algorithm>

#include "api/translate.hpp"

namespace heliograph::api {
namespace {

constexpr std::size_t points_max = 100'000, rows_max = 200'000, series_max = 50;  // of one answer, all series together
constexpr std::size_t read_max = 5'000'000;                                       // points that are thinned to fewer

struct SeriesQuestion {
  DeviceId device;
  Metric metric{};
  Micros from = 0, to = 0;
  std::size_t budget = 0;  // 0 = raw
  std::optional<Step> step;
  std::string_view step_word;
};

Result<SeriesQuestion> question(const SiteViews& site, const http::Request& request, std::string_view device, std::string_view metric) {
  SeriesQuestion q;
  q.device.text = std::string(device);
  const auto found = find_metric(metric);
  if (!found) return fail(Errc::invalid, "There is no metric \"" + std::string(metric) + "\": see the list in /openapi.json.", "/metric");
  q.metric = *found;
  const auto extent = site.extent(q.device);
  if (!extent) return fail(Errc::not_found, "The device \"" + q.device.text + "\" has no readings at this site.");
  q.from = time_param(request, "from").value_or(extent->first);
  q.to = time_param(request, "to").value_or(extent->last + 1);
  if (q.from >= q.to) return fail(Errc::invalid, "\"from\" must be before \"to\".", "/from");
  q.budget = static_cast<std::size_t>(number_param(request, "points").value_or(0));
  if (const auto word = request.query_value("step")) {
    auto step = parse_step(*word);
    if (!step) return fail(step.error());
    q.step = *step, q.step_word = *word;
  }
  return q;
}

Status write_raw(JsonWriter& json, const SiteViews& site, const SeriesQuestion& q, std::size_t most) {
  auto points = site.points(q.device, q.metric, q.from, q.to, q.budget == 0 ? most : read_max);
  if (!points) return fail(points.error());
  const std::size_t of = points->size();
  if (q.budget != 0 && of > q.budget) points = lttb(*points, q.budget);
  json.begin_object().field("device", q.device.text).field("metric", std::string(info(q.metric).api_name)).field("unit", std::string(info(q.metric).unit));
  json.key("from").time(q.from).key("to").time(q.to);
  json.field("level", points->size() < of ? "lttb" : "raw").field("of", of).field("time_unit", "ms since 1970");
  json.key("points").begin_array();
  for (const Point& point : *points) {
    json.begin_array().integer(point.at / 1000);
    info(q.metric).kind == Kind::text ? json.string(site.word(point.value)) : json.metric(q.metric, point.value);
    json.end_array();
  }
  json.end_array().end_object();
  return {};
}

Status write_rolled(JsonWriter& json, const SiteViews& site, const SeriesQuestion& q) {
  const Zone zone = site.zone();
  auto rollups = site.rollups(q.device, q.metric, q.from, q.to, *q.step, zone);
  if (!rollups) return fail(rollups.error());
  const MetricInfo& about = info(q.metric);
  const bool energy = about.kind == Kind::power;
  json.begin_object().field("device", q.device.text).field("metric", std::string(about.api_name)).field("unit", std::string(about.unit));
  json.key("from").time(q.from).key("to").time(q.to).field("level", q.step_word).field("time_zone", zone.name()).field("time_unit", "ms since 1970");
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
  return {};
}

/// How many rows a step makes at most; what reaches further is not even read.
std::size_t rows_of(const SeriesQuestion& q) {
  const Micros length = *q.step == Step::minute ? minute_us : *q.step == Step::hour ? hour_us : day_us;
  return static_cast<std::size_t>((q.to - q.from) / length) + 2;
}

/// Every device asked for with every metric asked for. Alone a series stands as it is, several stand in {"series": [...]}.
http::Response series(const SiteViews& site, const http::Request& request) {
  const auto devices = request.query_values("device"), metrics = request.query_values("metric");
  const auto twice = [](std::vector<std::string_view> names) {
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) != names.end();
  };
  if (twice(devices) || twice(metrics)) return http::problem_response(Error{Errc::invalid, "A device or a metric stands there twice: name each once.", "/metric"});
  const std::size_t count = devices.size() * metrics.size();
  std::size_t rows = 0;
  if (count > series_max) return http::problem_response(Error{Errc::invalid, "At most " + std::to_string(series_max) + " series in one answer: ask for fewer devices or metrics at once.", "/metric"});
  JsonWriter json;
  if (count > 1) json.begin_object().key("series").begin_array();
  for (const std::string_view device : devices)
    for (const std::string_view metric : metrics) {
      const auto q = question(site, request, device, metric);
      if (q && q->step) rows += rows_of(*q);
      if (q && q->budget * count > points_max) return http::problem_response(Error{Errc::invalid, "At most 100,000 points in one answer, all series together: ask for fewer of each.", "/points"});
      if (rows > rows_max) return http::problem_response(Error{Errc::invalid, "At most 200,000 rows in one answer, all series together: take a longer step or a shorter period.", "/step"});
      const Status done = !q ? fail(q.error()) : q->step ? write_rolled(json, site, *q) : write_raw(json, site, *q, points_max / count);
      if (!done) return http::problem_response(done.error());
    }
  if (count > 1) json.end_array().end_object();
  return http::json_response(json.str());
}

}  // namespace

std::vector<http::Route> series_routes(Service& service) {
  using http::In;
  return {
      {.path = "/api/v1/sites/{site}/series", .operation_id = "series",
       .summary = "Metrics of devices over time: raw, thinned to a budget of points, or rolled up", .tag = "telemetry", .needs = "see",
       .description = "`device` and `metric` may be repeated: then the answer is {\"series\": [...]}, each device with each metric, at most 50. Raw and thinned answers hold 100,000 points in all, rolled up ones 200,000 rows.",
       .parameters = {site_parameter(), {"device", In::query, http::Kind::id, true, "The device", {}, {}, {}, true},
                      {"metric", In::query, http::Kind::string, true, "A metric such as pv_w or soc_percent", 1, 40, {}, true},
                      {"from", In::query, http::Kind::time, false, "First moment; default the first reading"},
                      {"to", In::query, http::Kind::time, false, "Moment after the last; default after the last reading"},
                      {"points", In::query, http::Kind::integer, false, "At most so many points, chosen by Largest-Triangle-Three-Buckets", 3, 100'000},
                      {"step", In::query, http::Kind::string, false, "Roll up to buckets; days and months are the site's", {}, {}, {"minute", "hour", "day", "month"}}},
       .replies = {ok("Compact arrays", "SeriesAnswer")},
       .handler = [&service](http::Request&& request, http::Responder responder) { answer_for_site(service, std::move(request), responder, series); }},
  };
}

}  // namespace heliograph::api
