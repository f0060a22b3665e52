// The Dutch reference year as the import leaves it: hourly means of one house, hourly prices of its country.
#pragma once

#include <optional>

#include "sim/dry_run.hpp"
#include "tests/sim/memory_series.hpp"

namespace heliograph::tests {

struct ReferenceYear {
  MemorySeries series;
  Micros from = 0, to = 0;
};
/// Nothing (after a WARN) where the shared data is absent.
std::optional<ReferenceYear> reference_year();

inline const SiteKey reference_site{{"local"}, {"home"}};

}  // namespace heliograph::tests
