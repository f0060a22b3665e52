#include "sim/dry_run_store.hpp"

#include <simdjson.h>

#include <algorithm>

#include "projections/series_until.hpp"

namespace heliograph {
namespace {

/// The first problem speaks; the others are counted.
template <class Problem>
tl::unexpected<Error> first_of(const std::vector<Problem>& problems, const std::string& under) {
  std::string sentence = problems.front().sentence;
  if (problems.size() > 1) sentence += " (and " + std::to_string(problems.size() - 1) + " more)";
  return fail(Errc::invalid, std::move(sentence), under + problems.front().pointer);
}

Status read_field(std::string_view key, simdjson::dom::element value, DryRunRequest& out) {
  if (key == "from" || key == "to") {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) return fail(Errc::invalid, "A time is a text in quotes.", "/" + std::string(key));
    auto time = parse_time(text);
    if (!time) return fail(Errc::invalid, time.error().sentence, "/" + std::string(key));
    (key == "from" ? out.from : out.to) = *time;
    return {};
  }
  if (key == "rules") {
    ParsedRules rules = parse_rules(simdjson::minify(value));
    if (!rules.problems.empty()) return first_of(rules.problems, "/rules");
    out.rules = std::move(rules.rules);
    return {};
  }
  if (key == "scenario") {
    ParsedScenario scenario = parse_scenario(simdjson::minify(value));
    if (!scenario.scenario) return first_of(scenario.problems, "/scenario");
    out.scenario = std::move(*scenario.scenario);
    return {};
  }
  return fail(Errc::invalid, "Unknown field: a dry run takes from, to, rules and scenario.", "/" + std::string(key));
}

}  // namespace

Result<DryRunRequest> parse_dry_run_request(const SiteKey& site, std::string_view json) {
  DryRunRequest out;
  out.site = site;
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(simdjson::padded_string(json)).get(object) != simdjson::SUCCESS)
    return fail(Errc::invalid, "The request must be one JSON object, like {\"rules\": [ ... ], \"scenario\": { ... }}.");
  for (const auto [key, value] : object)
    if (auto done = read_field(key, value, out); !done) return fail(done.error());
  return out;
}

Result<DryRunReport> dry_run_on(Store& store, const DryRunRequest& request, const std::function<bool(const DryRunProgress&)>& progress) {
  const Position end = store.log().durable();
  const auto views = store.views().snapshot();
  const auto series = series_until(*views, store.log(), end);
  if (!series) return fail(series.error());
  DryRunInput input;
  input.site = request.site;
  input.series = series->get();
  input.log_end = end;
  input.rules = request.rules;
  input.scenario = request.scenario;
  input.limits = request.limits;
  // The host's flags say what may be sent. A dry run sends nothing: with it rules are tried before the flags are turned on.
  input.limits.control = input.limits.automation = true;
  input.progress = progress;
  auto done = store.log().scan(1, end, Part::decisions, [&](const RecordPtr& record) {
    if (record->envelope.site == request.site) input.decisions.push_back(record);
    return true;
  });
  if (!done) return fail(done.error());
  std::optional<Micros> first, last;
  for (const DeviceId& device : (*series)->devices(request.site)) {
    const auto extent = (*series)->extent(request.site, device);
    if (!extent) continue;
    first = first ? std::min(*first, extent->first) : extent->first;
    last = std::max(last.value_or(extent->last), extent->last + (*series)->hold(request.site, device));
  }
  if (!first) return fail(Errc::not_found, "The site \"" + request.site.site.text + "\" has no readings: import history or connect a device first.");
  input.from = request.from.value_or(*first);
  input.to = request.to.value_or(*last);
  return dry_run(input);
}

}  // namespace heliograph
