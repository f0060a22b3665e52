#include "api/metrics.hpp"

#include <algorithm>

namespace heliograph::api {
namespace {

/// Writes families in the text format: one HELP and TYPE line, then the samples.
class Page {
 public:
  void family(const std::string& name, const char* type, const char* help) {
    name_ = "heliograph_" + name;
    text_ += "# HELP " + name_ + " " + help + "\n# TYPE " + name_ + " " + type + "\n";
  }
  void sample(std::uint64_t value, const std::string& labels = {}, const char* suffix = "") { line(std::to_string(value), labels, suffix); }
  void seconds(std::uint64_t micros, const char* suffix) {
    std::string digits = std::to_string(micros % 1'000'000);
    line(std::to_string(micros / 1'000'000) + "." + std::string(6 - digits.size(), '0') + digits, {}, suffix);
  }
  void gauge(const char* name, const char* help, std::uint64_t value) {
    family(name, "gauge", help);
    sample(value);
  }
  void counter(const char* name, const char* help, std::uint64_t value) {
    family(name, "counter", help);
    sample(value);
  }
  void counters(const char* name, const char* help, const char* label, const std::map<std::string, std::uint64_t>& values) {
    family(name, "counter", help);
    for (const auto& [key, value] : values) sample(value, std::string(label) + "=\"" + key + "\"");
  }
  std::string take() { return std::move(text_); }

 private:
  void line(const std::string& value, const std::string& labels, const char* suffix) {
    text_ += name_ + suffix + (labels.empty() ? "" : "{" + labels + "}") + " " + value + "\n";
  }
  std::string text_, name_;
};

void commit_histogram(Page& page, const WriterStats& stats) {
  static constexpr std::array<const char*, WriterStats::bounds.size()> labels{"0.0001", "0.0002", "0.0005", "0.001", "0.002",
                                                                              "0.005", "0.01", "0.05", "0.2", "1"};
  page.family("log_commit_seconds", "histogram", "Time of one synced commit of the log");
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    total += stats.commits[i];
    page.sample(total, std::string("le=\"") + labels[i] + "\"", "_bucket");
  }
  total += stats.commits.back();
  page.sample(total, "le=\"+Inf\"", "_bucket");
  page.seconds(stats.micros, "_sum");
  page.sample(total, {}, "_count");
}

void histogram(Page& page, const char* name, const char* help, const Spread& spread) {
  static constexpr std::array<const char*, Spread::bounds.size()> labels{"0.001", "0.005", "0.02", "0.1", "0.5", "1", "5", "15", "30", "90", "300", "3600"};
  page.family(name, "histogram", help);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) page.sample(total += spread.counts[i], std::string("le=\"") + labels[i] + "\"", "_bucket");
  total += spread.counts.back();
  page.sample(total, "le=\"+Inf\"", "_bucket");
  page.seconds(spread.micros, "_sum");
  page.sample(total, {}, "_count");
}

constexpr std::size_t under_way_max = 10'000;

}  // namespace

void Spread::add(Micros took) {
  took = std::max<Micros>(took, 0);
  ++counts[static_cast<std::size_t>(std::lower_bound(bounds.begin(), bounds.end(), took) - bounds.begin())];
  micros += static_cast<std::uint64_t>(took);
}

/// By the log's own stamps: what a person or a device had to wait for, and not how busy we were.
void Metrics::time(const Envelope& envelope, const Event& event) {
  const auto key = [&](const auto& e) { return envelope.site.tenant.text + "/" + envelope.site.site.text + "/" + e.command.text; };
  const auto known = [&](const auto& e) { return under_way_.find(key(e)); };
  const Micros at = envelope.recorded_at;
  if (const auto* asked = std::get_if<CommandRequested>(&event)) {
    if (under_way_.size() >= under_way_max) under_way_.erase(under_way_.begin());
    under_way_[key(*asked)].requested = at;
  } else if (const auto* invited = std::get_if<ApprovalRequested>(&event)) {
    if (const auto of = known(*invited); of != under_way_.end()) of->second.invited = at;
  } else if (const auto* said = std::get_if<ApprovalDecided>(&event)) {
    if (const auto of = known(*said); of != under_way_.end() && of->second.invited != 0) answered_.add(at - of->second.invited);
  } else if (const auto* sent = std::get_if<CommandDispatched>(&event)) {
    if (const auto of = known(*sent); of != under_way_.end() && of->second.dispatched == 0) of->second.dispatched = at, decided_.add(at - of->second.requested);
  } else if (const auto* verified = std::get_if<CommandVerified>(&event)) {
    if (const auto of = known(*verified); of != under_way_.end()) confirmed_.add(at - of->second.dispatched), under_way_.erase(of);
  } else if (const auto* refused = std::get_if<CommandRefused>(&event)) {
    under_way_.erase(key(*refused));
  } else if (const auto* cancelled = std::get_if<CommandCancelled>(&event)) {
    under_way_.erase(key(*cancelled));
  } else if (const auto* failed = std::get_if<CommandFailed>(&event)) {
    under_way_.erase(key(*failed));
  }
}

void Metrics::count(const News& news) {
  const std::lock_guard lock(mutex_);
  for (const RecordPtr& record : news.records) {
    if (record->is_readings()) {
      readings_ += record->readings().size();
      suspects_ += record->readings().suspects.size();
      continue;
    }
    ++events_[record->envelope.type];
    time(record->envelope, record->event());
    if (const auto* refused = std::get_if<CommandRefused>(&record->event()))
      for (const Refusal& refusal : refused->refusals) ++refusals_[refusal.rule];
    if (const auto* failed = std::get_if<CommandFailed>(&record->event())) ++failures_[std::string(name(failed->kind))];
    if (const auto* fired = std::get_if<RuleFired>(&record->event())) ++firings_[std::string(name(fired->outcome))];
  }
}

std::map<std::string, std::uint64_t> Metrics::figures(Store& store, const WriterStats& writer) const {
  const auto sum = [](const std::map<std::string, std::uint64_t>& values) {
    std::uint64_t total = 0;
    for (const auto& [key, value] : values) total += value;
    return total;
  };
  std::uint64_t commits = 0;
  for (const auto& bucket : writer.commits) commits += bucket;
  const std::lock_guard lock(mutex_);
  return {{"log-position", store.log().durable()}, {"log-bytes", store.bytes()},     {"log-commits", commits},
          {"log-commit-micros", writer.micros},    {"readings", readings_},          {"suspect-values", suspects_},
          {"decisions", sum(events_)},             {"safety-refusals", sum(refusals_)}, {"command-failures", sum(failures_)},
          {"rule-firings", sum(firings_)}};
}

std::string Metrics::text(const Service& service, const Views& views) const {
  Page page;
  page.family("build_info", "gauge", "Version and commit of this binary");
  page.sample(1, "version=\"" + service.version + "\",commit=\"" + service.commit + "\"");
  Store& store = service.engine.store();
  page.gauge("safe_mode", "1: commands are refused until an ordered stop and start", service.engine.safe_mode() ? 1 : 0);
  std::uint64_t doubted = 0;
  for (const SiteKey& site : views.devices.sites()) doubted += views.devices.clock_suspected(site) != nullptr;
  page.gauge("clock_suspect_sites", "Sites whose clock jumped and that nobody has trusted since", doubted);
  page.gauge("log_position", "Last durable position of the log", store.log().durable());
  page.gauge("log_bytes", "Bytes of the data directory", store.bytes());
  page.gauge("disk_free_bytes", "Free bytes of its file system", store.free_bytes());
  page.gauge("projection_lag_events", "Positions that the views have not folded yet", store.log().durable() - std::min(store.log().durable(), views.applied()));
  page.gauge("alerts_open", "Alerts that are raised and not cleared", views.alerts.open());
  page.gauge("pending_actions", "Commands that have not ended", views.pending.count());
  commit_histogram(page, service.engine.writer_stats());
  {
    const std::lock_guard lock(mutex_);
    page.counter("readings_total", "Readings recorded since the start", readings_);
    page.counter("suspect_values_total", "Values recorded as not usable since the start", suspects_);
    page.counters("events_total", "Decisions recorded since the start", "type", events_);
    page.counters("safety_refusals_total", "Reasons of refused commands", "rule", refusals_);
    page.counters("command_failures_total", "Commands that ended in failure", "kind", failures_);
    histogram(page, "command_dispatch_seconds", "From the request of a command to its dispatch, what it waited for included", decided_);
    histogram(page, "command_confirm_seconds", "From the dispatch of a command to the reading that confirms it", confirmed_);
    histogram(page, "approval_answer_seconds", "From the question to the yes or no of a person", answered_);
    page.counters("rule_firings_total", "Triggers that became true", "outcome", firings_);
  }
  if (service.server != nullptr) {
    const http::ServerStats server = service.server->stats();
    page.counter("http_requests_total", "Requests answered", server.requests);
    page.counter("http_refused_total", "Requests refused by the strict layer", server.refused);
    page.gauge("http_connections", "Open connections", server.open);
  }
  if (service.hub != nullptr) {
    const http::SseStats sse = service.hub->stats();
    page.gauge("sse_clients", "Subscribers of the stream", sse.subscribers);
    page.counter("sse_fell_behind_total", "Times a subscriber had to be fed from the log", sse.fell_behind);
    page.counter("sse_stuck_total", "Subscribers cut because they took nothing", sse.stuck);
  }
  return page.take();
}

}  // namespace heliograph::api
