#include "actors/host_config.hpp"

#include "actors/core/field_reader.hpp"
#include "actors/notify_config.hpp"

namespace heliograph {
namespace {

// Bounds of the document are in its own units: percent with one decimal, W.
constexpr std::int64_t floor_percent_least = soc_floor_least / 10, grid_w_most = nominal_w_max;

void read_limits(FieldReader& config, std::vector<DocumentProblem>& problems, HostLimits& limits) {
  const Document* section = config.find("limits");
  if (section == nullptr) return;
  const Place place = config.place("limits");
  FieldReader fields(*section, place, "\"limits\"", problems);
  if (const auto floor = fields.scaled("soc_floor_percent", 1, floor_percent_least, 100, "%")) limits.soc_floor_permille = static_cast<std::int32_t>(*floor);
  limits.grid_import_w_max = fields.scaled("grid_import_w_max", 0, 1, grid_w_most, "W").value_or(limits.grid_import_w_max);
  fields.refuse_others();
}

void read_environment(FieldReader& config, HostLimits& limits) {
  const auto name = config.text("environment");
  if (!name) return;
  if (is_id(*name)) limits.environment = *name;
  else config.problem("environment", "\"environment\" is one word, such as production or test: 1 to 63 of a-z, 0-9 and '-'.");
}

}  // namespace

Result<HostConfig> parse_host_config(std::string_view text) {
  HostConfig config;
  ParsedDocument document = parse_document(text);
  std::vector<DocumentProblem> problems = std::move(document.problems);
  if (document.root) {
    const Place root;
    FieldReader fields(*document.root, root, "The configuration", problems);
    config.data = fields.text("data");
    config.listen = fields.text("listen");
    read_environment(fields, config.limits);
    read_limits(fields, problems, config.limits);
    if (const Document* section = fields.find("notify")) config.notify = read_notify(*section, fields.place("notify"), problems);
    fields.refuse_others();
  }
  if (problems.empty()) return config;
  std::string sentence = problems.front().sentence;
  if (problems.size() > 1) sentence += " (and " + std::to_string(problems.size() - 1) + " more)";
  return fail(Errc::invalid, std::move(sentence), problems.front().pointer);
}

}  // namespace heliograph
