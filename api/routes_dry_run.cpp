// Dry runs: a question to recorded history. One POST; with `Accept: text/event-stream` it answers with progress first.
// The run has a thread of its own and ends when the client goes.
#include <thread>

#include "api/door.hpp"
#include "api/metrics.hpp"
#include "api/translate.hpp"
#include "events/event_json.hpp"

namespace heliograph::api {
namespace {

constexpr int at_once_max = 2;  // the machine may have two cores, and the house has to go on

/// A place among the dry runs of the process, held until this goes.
class Place {
 public:
  /// Nothing when all are taken.
  static std::shared_ptr<Place> take(std::shared_ptr<DryRuns> runs) {
    int taken = runs->under_way;
    while (taken < at_once_max)
      if (runs->under_way.compare_exchange_weak(taken, taken + 1)) return std::shared_ptr<Place>(new Place(std::move(runs)));
    return nullptr;
  }
  ~Place() {
    --runs_->under_way;
    runs_->under_way.notify_all();
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  bool is_over() const { return runs_->over; }

 private:
  explicit Place(std::shared_ptr<DryRuns> runs) : runs_(std::move(runs)) {}
  std::shared_ptr<DryRuns> runs_;
};

std::string current_rules(const SiteViews& site) {
  JsonWriter json;
  json.begin_array();
  for (const RecordPtr& record : site.rules()) {
    const auto& saved = std::get<RuleSaved>(record->event());
    if (saved.enabled) json.raw(saved.document);
  }
  json.end_array();
  return json.take();
}

/// Both give their place back before they answer: who has an answer and asks again at once finds it free. From then on they touch nothing
/// but the answer.
void run_streamed(const DryRun& dry_run, DryRunOrder order, const http::Responder& responder, std::shared_ptr<Place> place) {
  const auto cancelled = std::make_shared<std::atomic<bool>>(false);
  http::StreamHandle stream = responder.open_stream({{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}});
  stream->watch([] {}, [cancelled] { *cancelled = true; });
  std::uint64_t step = 0, told = 0;
  order.cancelled = cancelled.get();
  order.progress = [&](std::uint64_t done, std::uint64_t total) {
    if (place->is_over()) *cancelled = true;
    const std::uint64_t percent = total == 0 ? 0 : done * 100 / total;
    if (percent == told && step != 0) return;
    told = percent;
    stream->push(http::sse_frame(++step, "progress", "{\"percent\":" + std::to_string(percent) + "}"));
  };
  auto report = dry_run(order);
  place.reset();
  if (report) stream->push(http::sse_frame(++step, "report", report->report));
  else stream->push(http::sse_frame(++step, "problem", http::problem_response(report.error()).body));
  stream->close();
}

void run_plain(const DryRun& dry_run, DryRunOrder order, const http::Responder& responder, std::shared_ptr<Place> place) {
  std::atomic<bool> cancelled = false;
  order.cancelled = &cancelled;
  order.progress = [&](std::uint64_t, std::uint64_t) { cancelled = place->is_over(); };
  auto report = dry_run(order);
  place.reset();
  if (report) responder.send(http::json_response(std::move(report->report)));
  else responder.send(report.error());
}

void start(Service& service, http::Request&& request, const http::Responder& responder) {
  auto site = site_of(request);
  if (!site) return static_cast<void>(responder.send(site.error()));
  if (!service.dry_run) return static_cast<void>(responder.send(Error{Errc::unsupported, "This process cannot run dry runs: use the whole binary.", {}}));
  auto place = Place::take(service.dry_runs);
  if (!place) {
    http::Problem busy{503, "busy", "Too many dry runs", "Two dry runs are under way: ask again when one has ended."};
    busy.headers.push_back({"Retry-After", "2"});
    return static_cast<void>(responder.send(http::problem_response(busy)));
  }
  const bool streamed = request.header("accept").value_or("").find("text/event-stream") != std::string_view::npos;
  const http::Responder watched = streamed ? service.door->watched(request, responder) : responder;  // a stream ends with its login
  ask_site(service, *site, [&service, place = std::move(place), body = std::move(request.body), streamed, responder = watched](const SiteViews& views) mutable {
    DryRunOrder order{views.scope().key(), body, current_rules(views), {}, nullptr};
    // Detached on purpose: it holds copies only and the engine's store, and ends with its client or its work; the server's
    // stop ends it, and waits until every place is free.
    const DryRun counted = [dry_run = service.dry_run, metrics = service.metrics, &clock = service.engine.clock()](const DryRunOrder& asked) {
      const Micros begun = clock.monotonic();
      auto answer = dry_run(asked);
      if (answer && metrics) ++metrics->replays, metrics->replayed_readings += answer->readings, metrics->replay_micros += static_cast<std::uint64_t>(clock.monotonic() - begun);
      return answer;
    };
    std::thread([dry_run = counted, order = std::move(order), streamed, responder, place = std::move(place)]() mutable {
      streamed ? run_streamed(dry_run, std::move(order), responder, std::move(place)) : run_plain(dry_run, std::move(order), responder, std::move(place));
    }).detach();
  });
}

}  // namespace

std::vector<http::Route> dry_run_routes(Service& service) {
  return {{.method = http::Method::post, .path = "/api/v1/sites/{site}/dry-runs", .operation_id = "dryRun",
           .summary = "Run the site's history against other rules; nothing is sent", .tag = "dry runs", .needs = "see",
           .description = "With Accept: text/event-stream the answer is a stream of `progress` events and one `report`.",
           .parameters = {site_parameter()}, .body = json_body("DryRunRequest", "Period, rules and scenario; everything may be left out"),
           .replies = {ok("The report", "DryRunReport"), {200, "The report", "", "text/event-stream"}}, .mutates = false,
           .handler = [&service](http::Request&& request, http::Responder responder) {
             start(service, std::move(request), responder);
           }}};
}

}  // namespace heliograph::api
