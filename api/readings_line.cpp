#include "api/readings_line.hpp"

#include <cmath>

namespace heliograph::telemetry {

Named named(Metric metric, bool stored_unit) {
  const MetricInfo& about = info(metric);
  const int power = stored_unit ? 0 : static_cast<int>(std::lround(-std::log10(about.api_scale)));
  return {metric, power, about.kind == Kind::text, about.min, about.max};
}

const TextMap<Named>& direct_names() {
  static const TextMap<Named> names = [] {
    TextMap<Named> all;
    for (const auto& m : all_metrics()) {
      all.emplace(m.api_name, named(m.metric));
      if (m.name != m.api_name) all.emplace(m.name, named(m.metric, true));
    }
    return all;
  }();
  return names;
}

}  // namespace heliograph::telemetry
