// What devices measured, over time: raw, thinned, or rolled up; as compact arrays. One series, or several in one answer.
#include <algorithm>
#include <array>
#include <thread>

#include "api/translate.hpp"
#include "projections/lanes.hpp"

namespace heliograph::api {
namespace {

constexpr std::size_t points_max = 100'000, rows_max = 200'000, series_max = 50;  // of one answer, all series together
constexpr std::size_t read_max = 5'000'000;                                       // points that are thinned to fewer
constexpr std::size_t work_to_share = 20'000;                                     // rows: some 4 ms, of which other threads take their part
constexpr std::size_t row_bytes = 16, column_bytes = 8, point_bytes = 24;         // of rollups and of raw points, about

/// What a row of a rollup may say besides where it begins.
enum class RollupColumn : std::uint8_t { to, count, min, max, mean, last, energy_in, energy_out };
constexpr std::array<std::string_view, 8> column_names{"to", "count", "min", "max", "mean", "last", "energy_in_wh", "energy_out_wh"};  // in their order
std::string_view name(RollupColumn column) { return column_names[static_cast<std::size_t>(column)]; }

/// One device's part of the question.
struct SeriesQuestion {
  DeviceId device;
  Micros from = 0, to = 0;
  std::size_t budget = 0;  // 0 = raw
  std::optional<Step> step;
  std::string_view step_word;
  std::vector<RollupColumn> columns;
  Micros measured = 0;       // how much of [from, to) lies within the device's readings
  std::size_t readings = 0;  // about so many lie in it
};

Result<SeriesQuestion> question(const SiteViews& site, const http::Request& request, std::string_view device) {
  SeriesQuestion q;
  q.device.text = std::string(device);
  const auto extent = site.extent(q.device);
  if (!extent) return fail(Errc::not_found, "The device \"" + q.device.text + "\" has no readings at this site.");
  q.from = time_param(request, "from").value_or(extent->first);
  q.to = time_param(request, "to").value_or(std::max(extent->last, q.from) + 1);  // nothing since: an empty answer
  if (q.from >= q.to) return fail(Errc::invalid, "\"from\" must be before \"to\".", "/from");
  q.measured = std::max<Micros>(std::min(q.to, extent->last + 1) - std::max(q.from, extent->first), 0);
  q.readings = static_cast<std::size_t>(static_cast<double>(extent->readings) * static_cast<double>(q.measured) / static_cast<double>(extent->last + 1 - extent->first));
  q.budget = static_cast<std::size_t>(number_param(request, "points").value_or(0));
  if (const auto word = request.query_value("step")) {
    auto step = parse_step(*word);
    if (!step) return fail(step.error());
    q.step = *step, q.step_word = *word;
  }
  const auto asked = request.query_values("column");
  for (std::size_t i = 0; i < column_names.size(); ++i)
    if (asked.empty()) q.columns.push_back(static_cast<RollupColumn>(i));
  for (const std::string_view column : asked)  // the row has let nothing else through
    q.columns.push_back(static_cast<RollupColumn>(std::find(column_names.begin(), column_names.end(), column) - column_names.begin()));
  return q;
}

void write_head(JsonWriter& json, const SeriesQuestion& q, Metric metric) {
  json.begin_object().field("device", q.device.text).field("metric", info(metric).api_name).field("unit", info(metric).unit);
  json.key("from").time(q.from).key("to").time(q.to);
}

Status write_raw(JsonWriter& json, const SiteViews& site, const SeriesQuestion& q, const Blocks& blocks, Metric metric, std::size_t most) {
  auto points = points_of(blocks, metric, q.from, q.to, q.budget == 0 ? most : read_max);
  if (!points) return fail(points.error());
  const std::size_t of = points->size();
  if (q.budget != 0 && of > q.budget) points = lttb(*points, q.budget);
  write_head(json, q, metric);
  json.field("level", points->size() < of ? "lttb" : "raw").field("of", of).field("time_unit", "ms since 1970");
  json.expect(json.view().size() + points->size() * point_bytes);
  json.key("points").begin_array();
  for (const Point& point : *points) {
    json.begin_array().integer(point.at / 1000);
    info(metric).kind == Kind::text ? json.string(site.word(point.value)) : json.metric(metric, point.value);
    json.end_array();
  }
  json.end_array().end_object();
  return {};
}

void write_column(JsonWriter& json, const MetricInfo& about, const Rollup& r, RollupColumn column) {
  constexpr double mj_per_wh = 3'600'000.0;
  constexpr unsigned wh_decimals = 6, mean_decimals = 3;  // those of a mean: besides the metric's own
  switch (column) {
    case RollupColumn::to: json.integer(r.to / 1000); return;
    case RollupColumn::count: json.unsigned_integer(r.count); return;
    case RollupColumn::min: json.metric(about.metric, r.min); return;
    case RollupColumn::max: json.metric(about.metric, r.max); return;
    case RollupColumn::mean: json.rounded(r.mean * about.api_scale, about.api_decimals + mean_decimals); return;
    case RollupColumn::last: json.metric(about.metric, r.last); return;
    case RollupColumn::energy_in: json.rounded(static_cast<double>(r.energy_in_mj) / mj_per_wh, wh_decimals); return;
    case RollupColumn::energy_out: json.rounded(static_cast<double>(r.energy_out_mj) / mj_per_wh, wh_decimals); return;
  }
}

Status write_rolled(JsonWriter& json, const SiteViews& site, const SeriesQuestion& q, Metric metric) {
  const Zone zone = site.zone();
  const MetricInfo& about = info(metric);
  std::vector<RollupColumn> columns = q.columns;
  if (about.kind != Kind::power) std::erase_if(columns, [](RollupColumn column) { return column >= RollupColumn::energy_in; });
  write_head(json, q, metric);
  json.field("level", q.step_word).field("time_zone", zone.name()).field("time_unit", "ms since 1970");
  json.key("columns").begin_array().string("from");
  for (const RollupColumn column : columns) json.string(name(column));
  json.end_array().key("rows").begin_array();
  auto done = site.rollups(q.device, metric, q.from, q.to, *q.step, zone, [&](const Rollup& r) {
    json.begin_array().integer(r.from / 1000);
    for (const RollupColumn column : columns) write_column(json, about, r, column);
    json.end_array();
  });
  json.end_array().end_object();
  return done;
}

/// How many rows a step makes at most; what reaches further is not even read.
std::size_t rows_of(const SeriesQuestion& q) {
  const Micros length = *q.step == Step::minute ? minute_us : *q.step == Step::hour ? hour_us : day_us;
  return static_cast<std::size_t>(q.measured / length) + 2;
}

/// About how much is gone through to answer for one metric, in rows of a rollup.
std::size_t work_of(const SeriesQuestion& q) {
  constexpr std::size_t readings_a_row = 8;  // so many cost as much as one row
  return q.step ? rows_of(q) : q.readings / readings_a_row;
}

/// What is asked of each device, all of it judged before anything is read.
Result<std::vector<SeriesQuestion>> questions(const SiteViews& site, const http::Request& request, std::size_t metrics) {
  std::vector<SeriesQuestion> out;
  const auto devices = request.query_values("device");
  std::size_t rows = 0;
  for (const std::string_view device : devices) {
    auto q = question(site, request, device);
    if (!q) return fail(q.error());
    if (q->step) rows += rows_of(*q) * metrics;
    if (q->budget * metrics * devices.size() > points_max) return fail(Errc::invalid, "At most 100,000 points in one answer, all series together: ask for fewer of each.", "/points");
    if (rows > rows_max) return fail(Errc::invalid, "At most 200,000 rows in one answer, all series together: take a longer step or a shorter period.", "/step");
    out.push_back(std::move(*q));
  }
  return out;
}

/// Each metric of one device.
Status write_device(JsonWriter& json, const SiteViews& site, const SeriesQuestion& q, const std::vector<Metric>& metrics, std::size_t most) {
  Blocks blocks;
  if (!q.step) {
    auto found = site.blocks(q.device, q.from, q.to, metrics);  // one reading of the log for all metrics
    if (!found) return fail(found.error());
    blocks = std::move(*found);
  }
  for (const Metric metric : metrics)
    if (auto done = q.step ? write_rolled(json, site, q, metric) : write_raw(json, site, q, blocks, metric, most); !done) return done;
  return {};
}

/// Every device with every metric. A large answer is written by several threads, each of which has some of the devices.
Result<std::string> write_series(const SiteViews& site, const std::vector<SeriesQuestion>& asked, const std::vector<Metric>& metrics) {
  const std::size_t count = asked.size() * metrics.size();
  std::size_t work = 0, bytes = 0;
  for (const SeriesQuestion& q : asked) {
    work += work_of(q) * metrics.size();
    if (q.step) bytes += rows_of(q) * metrics.size() * (row_bytes + column_bytes * q.columns.size());
  }
  struct Part {
    JsonWriter json;
    Status done;
  };
  std::vector<Part> parts(std::min(asked.size(), lanes_for(work, work_to_share, std::thread::hardware_concurrency())));
  JsonWriter& json = parts.front().json;
  if (count > 1) json.begin_object().key("series").begin_array();
  share(parts.size(), parts, [&](std::size_t i, Part& part) {
    part.json.expect(bytes / parts.size());
    const auto first = asked.begin() + i * asked.size() / parts.size(), end = asked.begin() + (i + 1) * asked.size() / parts.size();
    for (auto q = first; q != end && part.done; ++q) part.done = write_device(part.json, site, *q, metrics, points_max / count);
  });
  for (const Part& part : parts) {
    if (!part.done) return fail(part.done.error());
    if (&part != &parts.front()) json.raw(part.json.view());
  }
  if (count > 1) json.end_array().end_object();
  return json.take();
}

/// Every device asked for with every metric asked for. Alone a series stands as it is, several stand in {"series": [...]}.
http::Response series(const SiteViews& site, const http::Request& request) {
  const auto devices = request.query_values("device"), names = request.query_values("metric");
  for (const char* parameter : {"device", "column"}) {
    auto named = request.query_values(parameter);
    std::sort(named.begin(), named.end());
    if (std::adjacent_find(named.begin(), named.end()) != named.end()) return http::problem_response(Error{Errc::invalid, "A " + std::string(parameter) + " stands there twice: name each once.", "/" + std::string(parameter)});
  }
  const std::size_t count = devices.size() * names.size();
  if (count > series_max) return http::problem_response(Error{Errc::invalid, "At most " + std::to_string(series_max) + " series in one answer: ask for fewer devices or metrics at once.", "/metric"});
  const auto metrics = metrics_of(request);
  if (!metrics) return http::problem_response(metrics.error());
  const auto asked = questions(site, request, metrics->size());
  if (!asked) return http::problem_response(asked.error());
  auto written = write_series(site, *asked, *metrics);
  return written ? http::json_response(std::move(*written)) : http::problem_response(written.error());
}

}  // namespace

std::vector<http::Route> series_routes(Service& service) {
  using http::In;
  return {
      {.path = "/api/v1/sites/{site}/series", .operation_id = "series",
       .summary = "Metrics of devices over time: raw, thinned to a budget of points, or rolled up", .tag = "telemetry", .needs = "see",
       .description = "`device` and `metric` may be repeated: then the answer is {\"series\": [...]}, each device with each metric, at most 50. With `step`, `column` chooses what the rows say. Raw and thinned answers hold 100,000 points in all, rolled up ones 200,000 rows.",
       .parameters = {site_parameter(), {"device", In::query, http::Kind::id, true, "The device", {}, {}, {}, true},
                      metric_parameter(true),
                      {"from", In::query, http::Kind::time, false, "First moment; default the first reading"},
                      {"to", In::query, http::Kind::time, false, "Moment after the last; default after the last reading"},
                      {"points", In::query, http::Kind::integer, false, "At most so many points, chosen by Largest-Triangle-Three-Buckets", 3, 100'000},
                      {"step", In::query, http::Kind::string, false, "Roll up to buckets; days and months are the site's", {}, {}, {"minute", "hour", "day", "month"}},
                      {"column", In::query, http::Kind::string, false, "What the rows of a rollup say besides where they begin; may be repeated; default everything", {}, {}, {column_names.begin(), column_names.end()}, true}},
       .replies = {ok("Compact arrays", "SeriesAnswer")},
       .handler = [&service](http::Request&& request, http::Responder responder) { answer_for_site(service, std::move(request), responder, series); }},
  };
}

}  // namespace heliograph::api
