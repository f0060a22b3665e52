// The page for Prometheus: every family that the process has, in one place. Names and units are promises (docs/OBSERVABILITY.md).
#include <algorithm>

#include "actors/process_log.hpp"
#include "actors/mishaps.hpp"
#include "api/metrics.hpp"

namespace heliograph::api {
namespace {

std::vector<Page::Sample> by(std::string_view label, const std::map<std::string, std::uint64_t>& values) {
  std::vector<Page::Sample> out;
  for (const auto& [key, value] : values) out.push_back({{{label, key}}, value});
  return out;
}

Page::Histogram histogram(const Spread& spread) { return {{}, {spread.counts.begin(), spread.counts.end()}, spread.micros}; }
Page::Histogram histogram(Labels labels, const http::DurationCounts& took) { return {std::move(labels), {took.counts.begin(), took.counts.end()}, took.micros}; }

void write_store(Page& page, const Engine& engine, Store& store, const Views& views) {
  const WriterStats& writer = engine.writer_stats();
  Page::Histogram commits{{}, {}, writer.micros};
  for (const auto& bucket : writer.commits) commits.counts.push_back(bucket);
  page.histograms("log_commit_seconds", "Time of one synced commit of the log", WriterStats::bounds, {std::move(commits)});
  page.gauge("log_position", "Last durable position of the log", store.log().durable());
  page.gauge("log_bytes", "Size of the data directory", store.bytes());
  page.gauge("disk_free_bytes", "Free space of its file system", store.free_bytes());
  page.gauge("log_writable", "1 while the log takes writes", store.log().writable() ? 1 : 0);
  page.gauge("projection_lag_events", "Positions that the views have not folded yet", store.log().durable() - std::min(store.log().durable(), views.applied()));
}

void write_house(Page& page, const Engine& engine, const Views& views) {
  page.gauge("safe_mode", "1 while commands are refused until an ordered stop and start", engine.safe_mode() ? 1 : 0);
  std::uint64_t doubted = 0;
  for (const SiteKey& site : views.devices.sites()) doubted += views.devices.clock_suspected(site) != nullptr;
  page.gauge("clock_suspect_sites", "Sites whose clock jumped and that nobody has trusted since", doubted);
  page.gauge("alerts_open", "Alerts that are raised and not cleared", views.alerts.open());
  page.gauge("pending_actions", "Commands that have not ended", views.pending.count());
  const HouseStats& stats = engine.house_stats();
  page.counter("turns", "Turns of sites since the start", stats.turns);
  page.counter("rule_evaluations", "Triggers of rules that were held against a value or the time", stats.rule_evaluations);
}

/// By kind of source: there are as many devices as people have, but few kinds.
void write_polls(Page& page, const Engine& engine) {
  struct Kind { std::uint64_t succeeded = 0, failed = 0, age = 0, sources = 0; };
  std::map<std::string, Kind> kinds;
  const Micros now = engine.clock().now();
  for (const SourceState& source : engine.house_stats().sources()) {
    Kind& kind = kinds[source.kind];
    kind.succeeded += source.succeeded, kind.failed += source.failed, ++kind.sources;
    kind.age = std::max(kind.age, static_cast<std::uint64_t>(std::max<Micros>(now - (source.succeeded_at == 0 ? source.since : source.succeeded_at), 0)));
  }
  std::vector<Page::Sample> polls, ages, sources;
  for (const auto& [name, kind] : kinds) {
    polls.push_back({{{"kind", name}, {"outcome", "failed"}}, kind.failed});
    polls.push_back({{{"kind", name}, {"outcome", "succeeded"}}, kind.succeeded});
    ages.push_back({{{"kind", name}}, kind.age});
    sources.push_back({{{"kind", name}}, kind.sources});
  }
  page.counters("polls", "Questions to devices, accounts and houses for their readings", polls);
  page.gauges_of_time("last_poll_age_seconds", "Since the source of this kind that was silent longest has answered", ages);
  page.gauges("sources", "What is asked for readings", sources);
}

void write_server(Page& page, const Service& service) {
  if (service.server != nullptr) {
    const http::ServerStats server = service.server->stats();
    page.counter("http_requests", "Requests that were read whole", server.requests);
    page.counter("http_refused", "Requests refused by the strict layer", server.refused);
    page.counter("http_turned_away", "Connections for which there was no room", server.turned_away);
    page.gauge("http_connections", "Open connections", server.open);
    page.gauge("http_streams", "Open streams and sockets", server.streams);
    if (const auto ends = service.server->certificate_ends()) page.gauges_of_time("certificate_end_time_seconds", "When the certificate ends, as Unix time", {{{}, static_cast<std::uint64_t>(std::max<Micros>(*ends, 0))}});
  }
  if (service.hub == nullptr) return;
  const http::SseStats sse = service.hub->stats();
  page.gauge("sse_clients", "Subscribers of the stream", sse.subscribers);
  page.counters("queue_drops", "What a full queue cost: frames that are read again from the log, subscribers cut, lines of the process's log", {
      {{{"queue", "process_log"}}, process_log::dropped()}, {{{"queue", "stream_cut"}}, sse.stuck}, {{{"queue", "stream_from_log"}}, sse.fell_behind}});
}

/// As OpenTelemetry's semantic conventions name them, so that dashboards made for those fit.
void write_requests(Page& page, const http::RequestStats& stats) {
  std::vector<Page::Histogram> durations;
  std::vector<Page::Sample> under_way, bytes;
  for (const http::RequestStats::Row& row : stats.rows()) {
    const Labels route{{"http_request_method", row.method}, {"http_route", row.route}};
    under_way.push_back({route, row.under_way});
    std::uint64_t sum = 0;
    for (const http::RequestStats::Cell& cell : row.cells) {
      Labels labels = route;
      labels.emplace_back("http_response_status_code", std::to_string(cell.status));
      durations.push_back(histogram(std::move(labels), cell.took));
      sum += cell.body_bytes;
    }
    bytes.push_back({route, sum});
  }
  page.prefix("");
  page.histograms("http_server_request_duration_seconds", "From the end of a request to its answer, or to the start of its stream", http::DurationCounts::bounds, durations);
  page.gauges("http_server_active_requests", "Requests that are being answered", under_way);
  page.counters("http_server_response_body_bytes", "Bodies of answers", bytes);
  page.prefix("heliograph_");
}

void write_mishaps(Page& page) {
  std::vector<Page::Sample> samples;
  for (const auto& [what, count] : recent_mishaps().totals()) samples.push_back({{{"component", what.second}, {"level", std::string(process_log::name(what.first))}}, count});
  page.counters("mishaps", "Records of the process's log at warn and above", samples);
}

}  // namespace

void Metrics::write_counts(Page& page) const {
  const std::lock_guard lock(mutex_);
  page.counter("readings", "Readings recorded since the start", readings_);
  page.counter("suspect_values", "Values recorded as not usable since the start", suspects_);
  page.counters("events", "Decisions recorded since the start", by("type", events_));
  page.counters("safety_refusals", "Reasons of refused commands", by("rule", refusals_));
  page.counters("commands", "Commands that have ended", by("outcome", commands_));
  page.counters("command_failures", "Commands that ended in failure", by("kind", failures_));
  page.counters("approvals", "Questions to people that were answered, or ran out", by("result", approvals_));
  page.histograms("command_dispatch_seconds", "From the request of a command to its dispatch, what it waited for included", Spread::bounds, {histogram(decided_)});
  page.histograms("command_confirm_seconds", "From the dispatch of a command to the reading that confirms it", Spread::bounds, {histogram(confirmed_)});
  page.histograms("approval_answer_seconds", "From the question to the yes or no of a person", Spread::bounds, {histogram(answered_)});
  page.counters("rule_firings", "Triggers that became true", by("outcome", firings_));
}

std::string Metrics::text(const Service& service, const Views& views, Exposition form) const {
  Page page(form);
  page.info("build", "Version and commit of this binary", {{"version", service.version}, {"commit", service.commit}});
  write_house(page, service.engine, views);
  write_store(page, service.engine, service.engine.store(), views);
  write_polls(page, service.engine);
  write_counts(page);
  page.counter("replays", "Dry runs that came to their end", replays);
  page.counter("replayed_readings", "Readings of history that dry runs went through", replayed_readings);
  page.counters_of_time("replay_seconds", "Time that dry runs took", {{{}, replay_micros}});
  page.histograms("view_wait_seconds", "How long a question to the views waits for its turn", http::DurationCounts::bounds, {histogram({}, view_waits.now())});
  page.histograms("view_run_seconds", "How long a question to the views takes", http::DurationCounts::bounds, {histogram({}, view_runs.now())});
  write_server(page, service);
  if (service.requests) write_requests(page, *service.requests);
  write_mishaps(page);
  return page.take();
}

}  // namespace heliograph::api
