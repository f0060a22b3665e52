#include "sim/ledger.hpp"

namespace heliograph {

std::int64_t rounded_quotient(Wide value, Wide divisor) {
  const Wide half = divisor / 2;
  return static_cast<std::int64_t>((value < 0 ? value - half : value + half) / divisor);
}

void Account::add(Micros span, std::int64_t import_wus, std::int64_t export_wus, const std::optional<Prices>& prices) {
  known_ += span;
  import_ += import_wus;
  export_ += export_wus;
  if (!prices) {
    unpriced_ += span;
    return;
  }
  cost_ += static_cast<Wide>(import_wus) * prices->import_pico - static_cast<Wide>(export_wus) * prices->feed_in_pico;
}

std::int64_t Account::cost_micro() const {
  // 1 kWh = 3.6 * 10^12 W * us, and a micro is a million picos.
  return rounded_quotient(cost_, static_cast<Wide>(3'600'000'000'000) * 1'000'000);
}

}  // namespace heliograph
