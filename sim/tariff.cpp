#include "sim/tariff.hpp"

#include "actors/core/field_reader.hpp"

namespace heliograph {
namespace {

constexpr std::int64_t ppm = 1'000'000;

std::int64_t price_pico(const PriceFormula& formula, std::int64_t spot_micro) {
  return spot_micro * formula.spot_factor_ppm + formula.fixed_micro * ppm;
}

PriceFormula read_formula(FieldReader& tariff, std::string_view key, std::vector<DocumentProblem>& problems) {
  tariff.require(key, "{\"spot_factor\": 1.21, \"fixed\": 0.15} or {\"fixed\": 0.30}");
  const auto* node = tariff.find(key);
  if (!node) return {};
  const Place place = tariff.place(key);
  FieldReader fields(*node, place, "A price", problems);
  PriceFormula formula;
  formula.spot_factor_ppm = fields.scaled("spot_factor", 6, -100, 100, "").value_or(0);
  formula.fixed_micro = fields.scaled("fixed", 6, -1000, 1000, "per kWh").value_or(0);
  fields.refuse_others();
  if (node->kind == Document::Kind::object && !fields.find("spot_factor") && !fields.find("fixed"))
    tariff.problem(key, "A price needs \"spot_factor\", \"fixed\" or both; a free kWh is {\"fixed\": 0}.");
  return formula;
}

void write_formula(JsonWriter& json, std::string_view key, const PriceFormula& formula) {
  json.key(key).begin_object();
  json.key("spot_factor").decimal(formula.spot_factor_ppm, 6);
  json.key("fixed").decimal(formula.fixed_micro, 6);
  json.end_object();
}

}  // namespace

std::optional<Prices> prices_at(const Tariff& tariff, std::optional<std::int64_t> spot_micro) {
  // An interval is paid as a whole: with one direction unknown its cost is unknown.
  if (tariff.needs_spot() && !spot_micro) return std::nullopt;
  const std::int64_t spot = spot_micro.value_or(0);
  return Prices{price_pico(tariff.import, spot), price_pico(tariff.feed_in, spot)};
}

std::optional<Tariff> tariff_preset(std::string_view name) {
  if (name == "retail_dynamic") return Tariff{"retail_dynamic", {1'210'000, 150'000}, {ppm, 0}};
  if (name == "spot_fixed") return Tariff{"spot_fixed", {ppm, 0}, {0, 50'000}};
  return std::nullopt;
}

std::string_view tariff_preset_names() { return "retail_dynamic, spot_fixed"; }

std::optional<Tariff> read_tariff(const Document& node, const Place& place, std::vector<DocumentProblem>& problems) {
  if (node.kind == Document::Kind::text) {
    auto preset = tariff_preset(node.string);
    if (!preset)
      problems.push_back({place.pointer(), "There is no tariff " + quoted(node.string) + ": use " +
                                               std::string(tariff_preset_names()) +
                                               ", or write {\"import\": ..., \"export\": ...}."});
    return preset;
  }
  const auto before = problems.size();
  FieldReader fields(node, place, "The tariff", problems);
  Tariff tariff;
  tariff.name = fields.text("name").value_or("custom");
  tariff.import = read_formula(fields, "import", problems);
  tariff.feed_in = read_formula(fields, "export", problems);
  fields.refuse_others();
  if (problems.size() != before) return std::nullopt;
  return tariff;
}

ParsedTariff parse_tariff(std::string_view document) {
  ParsedDocument read = parse_document(document);
  ParsedTariff parsed{std::nullopt, std::move(read.problems)};
  if (read.root) parsed.tariff = read_tariff(*read.root, Place{}, parsed.problems);
  return parsed;
}

void write_tariff(JsonWriter& json, const Tariff& tariff) {
  json.begin_object().field("name", tariff.name);
  write_formula(json, "import", tariff.import);
  write_formula(json, "export", tariff.feed_in);
  json.end_object();
}

}  // namespace heliograph
