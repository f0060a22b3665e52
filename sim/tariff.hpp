// What a kWh costs and earns: price = spot * factor + fixed, each way. Exact integers; knows no energy and no clock.
// Money in the site's currency: micro = 10^-6, pico = 10^-12 of it, per kWh. A price that is not known is nullopt.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/core/document.hpp"
#include "events/json.hpp"

namespace heliograph {

struct PriceFormula {
  std::int64_t spot_factor_ppm = 0;  // 1'210'000 = spot * 1.21; 0 = a fixed price
  std::int64_t fixed_micro = 0;      // added, per kWh
  bool needs_spot() const { return spot_factor_ppm != 0; }
  bool operator==(const PriceFormula&) const = default;
};

struct Tariff {
  std::string name;  // a preset's name, or what the document calls itself
  PriceFormula import, feed_in;
  bool needs_spot() const { return import.needs_spot() || feed_in.needs_spot(); }
  bool operator==(const Tariff&) const = default;
};

struct Prices {
  std::int64_t import_pico = 0, feed_in_pico = 0;  // per kWh
};
/// Both prices of an interval, or nothing when the tariff needs a spot price and there is none. `spot_micro` is per
/// kWh.
std::optional<Prices> prices_at(const Tariff& tariff, std::optional<std::int64_t> spot_micro);

/// "retail_dynamic": import 1.21 * spot + 0.15, export = spot. "spot_fixed": import = spot, export 0.05.
std::optional<Tariff> tariff_preset(std::string_view name);
std::string_view tariff_preset_names();  // for sentences: "retail_dynamic, spot_fixed"

/// A preset's name (a text) or {"name", "import": {"spot_factor", "fixed"}, "export": {...}}.
std::optional<Tariff> read_tariff(const Document& node, const Place& place, std::vector<DocumentProblem>& problems);
struct ParsedTariff {
  std::optional<Tariff> tariff;  // set when problems is empty
  std::vector<DocumentProblem> problems;
};
ParsedTariff parse_tariff(std::string_view document);
/// The full form, in fixed order: read_tariff(write_tariff(t)) == t.
void write_tariff(JsonWriter& json, const Tariff& tariff);

}  // namespace heliograph
