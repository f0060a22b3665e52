#include "sim/ledger.hpp"

namespace heliograph {

std::int64_t rounded_quotient(Wide value, Wide divisor) {
  const Wide half = divisor / 2;
  return static_cast<std::int64_t>((value < 0 ? value - half : value + half) / divisor);
}

void Account::add(Micros span, Wide import_wus, Wide export_wus, const std::optional<Prices>& prices) {
  // Prices are below 10^18 pico: within these bounds no product and no sum overflows, nor does any figure that is read.
  constexpr Wide energy_max = static_cast<Wide>(10'000'000'000) * 10'000'000'000;
  constexpr Wide sum_max = energy_max * 100'000, cost_max = energy_max * 330'000'000'000'000'000;
  if (import_wus > energy_max || export_wus > energy_max || import_ > sum_max || export_ > sum_max) countable_ = false;
  if (!countable_) return;
  known_ += span;
  import_ += import_wus;
  export_ += export_wus;
  if (!prices) {
    unpriced_ += span;
    return;
  }
  cost_ += import_wus * prices->import_pico - export_wus * prices->feed_in_pico;
  if (cost_ > cost_max || cost_ < -cost_max) countable_ = false;
}

std::int64_t Account::cost_micro() const {
  // 1 kWh = 3.6 * 10^12 W * us, and a micro is a million picos.
  return rounded_quotient(cost_, static_cast<Wide>(3'600'000'000'000) * 1'000'000);
}

}  // namespace heliograph
