// One telemetry message while it is read, and the names that may stand in it. Private to readings_json.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "events/readings.hpp"

namespace heliograph::telemetry {

using std::string_view;

struct Named {
  Metric metric{};
  int power = 0;  // stored = number * 10^power
  bool text = false;
  std::int64_t min = 0, max = 0;
};

/// A metric under its API name, or under its log name in stored units.
Named named(Metric metric, bool stored_unit = false);

/// Every name that a direct line may use: "soc_percent" in %, and "soc_permille" as it stands in the log.
const TextMap<Named>& direct_names();

struct GroupField {
  string_view key;
  Named means;
};
struct Group {
  string_view name;
  std::vector<GroupField> fields;
  const Named* find(string_view key) const {
    for (const auto& f : fields)
      if (f.key.size() == key.size() && std::memcmp(f.key.data(), key.data(), key.size()) == 0) return &f.means;
    return nullptr;
  }
};

/// The groups of an edge node's message (ING-16) and the fields that such nodes are known to add.
struct Groups {
  Group battery{"battery", {{"soc_percent", named(Metric::soc_permille)}, {"voltage", named(Metric::battery_mv)}}};
  Group solar{"solar", {{"power_w", named(Metric::pv_w)}}};
  Group grid{"grid", {{"current_price", named(Metric::import_price_micro)}, {"mode", named(Metric::mode)}}};
  Group optimizer{"optimizer",
                  {{"state", named(Metric::state)}, {"target_soc", named(Metric::target_soc_permille)},
                   {"miner_power_w", named(Metric::power_w)}, {"savings_usd", named(Metric::savings_micro)},
                   {"reason", named(Metric::decision)}, {"latest_decision", named(Metric::decision)},
                   {"daily_savings_pln", named(Metric::savings_micro)}, {"daily_cost_pln", named(Metric::cost_micro)}}};
  const Group* find(string_view key) const {
    for (const Group* g : {&battery, &solar, &grid, &optimizer})
      if (g->name == key) return g;
    return nullptr;
  }
};

enum class CellKind : std::uint8_t { number, word, implausible, unreadable };
struct Cell {
  CellKind kind{};
  std::int64_t value = 0;
  string_view text;  // of the body or of the parser's buffer: lives until the next document
};

/// One message while it is read: nothing reaches the builder before the whole line is known to be good.
struct Line {
  string_view device, timestamp;
  std::array<Cell, metric_slots> cells{};
  std::uint32_t has = 0;
  std::string wrong;  // the sentence, when the line cannot be used

  void clear() { device = timestamp = {}, has = 0, wrong.clear(); }
  void put(Metric metric, Cell cell) {
    cells[static_cast<std::size_t>(metric)] = cell;
    has |= 1u << static_cast<unsigned>(metric);
  }
  bool all_good() const {
    for (std::size_t m = 0; m < metric_slots; ++m)
      if ((has >> m & 1) != 0 && cells[m].kind != CellKind::number && cells[m].kind != CellKind::word) return false;
    return true;
  }
  bool refuse(std::string sentence) {
    if (wrong.empty()) wrong = std::move(sentence);
    return false;
  }
};
static_assert(metric_slots <= 32, "Line::has is a set of metrics");

}  // namespace heliograph::telemetry
