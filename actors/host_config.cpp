#include "actors/host_config.hpp"

#include <algorithm>

#include "actors/core/field_reader.hpp"
#include "actors/notify_config.hpp"

namespace heliograph {
namespace {

using Problems = std::vector<DocumentProblem>;

// Bounds of the document are in its own units: percent with one decimal, W.
constexpr std::int64_t floor_percent_least = soc_floor_least / 10, grid_w_most = nominal_w_max;

void read_limits(FieldReader& config, Problems& problems, HostLimits& limits) {
  const Document* section = config.find("limits");
  if (section == nullptr) return;
  const Place place = config.place("limits");
  FieldReader fields(*section, place, "\"limits\"", problems);
  if (const auto floor = fields.scaled("soc_floor_percent", 1, floor_percent_least, 100, "%")) limits.soc_floor_permille = static_cast<std::int32_t>(*floor);
  limits.grid_import_w_max = fields.scaled("grid_import_w_max", 0, 1, grid_w_most, "W").value_or(limits.grid_import_w_max);
  fields.refuse_others();
}

void read_features(FieldReader& config, Problems& problems, Features& features) {
  const Document* section = config.find("features");
  if (section == nullptr) return;
  const Place place = config.place("features");
  FieldReader fields(*section, place, "\"features\"", problems);
  features.polling = fields.truth("polling").value_or(features.polling);
  features.control = fields.truth("control");
  features.automation = fields.truth("automation");
  fields.refuse_others();
}

/// How the process speaks of itself.
void read_log(FieldReader& config, Problems& problems, process_log::Options& log) {
  const Document* section = config.find("log");
  if (section == nullptr) return;
  const Place place = config.place("log");
  FieldReader fields(*section, place, "\"log\"", problems);
  if (const auto word = fields.text("level")) {
    if (const auto level = process_log::parse_level(*word)) log.level = *level;
    else fields.problem("level", "\"level\" is debug, info, warn or error.");
  }
  if (const auto word = fields.text("form")) {
    if (*word == "json") log.form = process_log::Form::lines;
    else if (*word == "text") log.form = process_log::Form::text;
    else if (*word != "auto") fields.problem("form", "\"form\" is auto, json or text.");
  }
  fields.refuse_others();
}

void read_environment(FieldReader& config, HostLimits& limits) {
  const auto name = config.text("environment");
  if (!name) return;
  if (is_id(*name)) limits.environment = *name;
  else config.problem("environment", "\"environment\" is one word, such as production or test: 1 to 63 of a-z, 0-9 and '-'.");
}

/// A pointer of make_channels, whose options have other names than the document in two places.
std::string pointer_into_notify(std::string pointer) {
  if (pointer.starts_with("/mail/server/")) pointer.erase(5, 7);
  if (pointer.ends_with("/secrets")) pointer.pop_back();
  return "/notify" + pointer;
}

void read_notify_section(FieldReader& root, const ConfigInput& input, const ConfigLayers& layers, Problems& problems, HostConfig& config) {
  const Document* section = root.find("notify");
  if (section == nullptr) return;
  const SecretPlaces places{input.environment, [&](const std::string& pointer) -> std::string {
                              if (layers.origin(pointer).source != ConfigSource::file || input.file_is_private) return {};
                              return "A secret stands in a file that others can read: chmod 600 " + input.file +
                                     " and make it the property of the user that runs Heliograph, or move the secret to a file of its own.";
                            }};
  const std::size_t before = problems.size();
  config.notify = read_notify(*section, root.place("notify"), places, problems);
  if (config.notify->base_url.empty()) config.notify->base_url = config.server.public_url;
  if (problems.size() != before) return;
  if (auto made = notify::make_channels(*config.notify); !made) problems.push_back({pointer_into_notify(made.error().pointer), made.error().sentence});
}

HostConfig read(const ConfigInput& input, const ConfigLayers& layers, Problems& problems) {
  HostConfig config;
  const Place place;
  FieldReader root(layers.root, place, "The configuration", problems);
  config.data = root.text("data").value_or(config.data);
  if (config.data.empty()) root.problem("data", "\"data\" names the data directory, such as /var/lib/heliograph.");
  read_environment(root, config.limits);
  read_limits(root, problems, config.limits);
  read_features(root, problems, config.features);
  read_log(root, problems, config.log);
  config.server = read_server(root, problems);
  config.limits.control = config.features.control.value_or(false);
  config.limits.automation = config.features.automation.value_or(false);
  read_notify_section(root, input, layers, problems, config);
  root.refuse_others();
  return config;
}

}  // namespace

std::string ConfigProblem::text(const std::string& file) const {
  std::string out;
  if (origin.source == ConfigSource::file) out = file + (origin.line != 0 ? ":" + std::to_string(origin.line) : "") + ": ";
  if (!origin.variable.empty()) out = origin.variable + ": ";
  return out + sentence + (pointer.empty() ? "" : " (" + pointer + ")");
}

LoadedConfig load_config(const ConfigInput& input) {
  LoadedConfig out;
  out.layers = lay(input);
  Problems problems = out.layers.problems;
  if (problems.empty()) out.config = read(input, out.layers, problems);
  for (DocumentProblem& problem : problems) out.problems.push_back({std::move(problem.sentence), problem.pointer, out.layers.origin(problem.pointer)});
  std::stable_sort(out.problems.begin(), out.problems.end(), [](const ConfigProblem& a, const ConfigProblem& b) { return a.origin.line < b.origin.line; });
  for (const std::string& sentence : out.layers.unknown_variables) out.problems.push_back({sentence, "", {ConfigSource::environment, 0, {}}});
  return out;
}

HostLimits limits_for_simulated(const HostConfig& config) {
  HostLimits limits = config.limits;
  limits.control = config.features.control.value_or(true);
  limits.automation = config.features.automation.value_or(true);
  return limits;
}

}  // namespace heliograph
