// Energy and money of one way in which a period could have gone. Exact: energies are sums of W * us in 128-bit
// integers, money is their product with pico prices, and each is rounded once, when it is read.
#pragma once

#include <cstdint>
#include <optional>

#include "events/time.hpp"
#include "sim/tariff.hpp"

namespace heliograph {

__extension__ typedef __int128 Wide;  // up to 1.7 * 10^38

/// Nearest, halves away from zero. Requires: divisor > 0.
std::int64_t rounded_quotient(Wide value, Wide divisor);

class Account {
 public:
  /// One stretch of time. `import_wus` and `export_wus` are both >= 0. No prices = counted as energy, not as money.
  void add(Micros span, Wide import_wus, Wide export_wus, const std::optional<Prices>& prices);
  /// Net flow of the stretch: + import / - export.
  void add_net(Micros span, Wide grid_wus, const std::optional<Prices>& prices) {
    add(span, grid_wus > 0 ? grid_wus : 0, grid_wus < 0 ? -grid_wus : 0, prices);
  }
  /// AC side, + discharge / - charge.
  void add_battery(Wide battery_wus) {
    (battery_wus < 0 ? charge_ : discharge_) += battery_wus < 0 ? -battery_wus : battery_wus;
  }

  // In micro-kWh (10^-6 kWh = 3.6 J).
  std::int64_t import_ukwh() const { return in_ukwh(import_); }
  std::int64_t export_ukwh() const { return in_ukwh(export_); }
  std::int64_t charge_ukwh() const { return in_ukwh(charge_); }
  std::int64_t discharge_ukwh() const { return in_ukwh(discharge_); }
  /// Import cost minus export income, in micro currency units. Of the priced time only.
  std::int64_t cost_micro() const;

  /// False when the figures are beyond any site (10 MW for a century at 1000 per kWh still count): then they mean
  /// nothing.
  bool countable() const { return countable_; }

  Micros known() const { return known_; }        // time that is in the energies
  Micros unpriced() const { return unpriced_; }  // part of it that is not in the money

 private:
  static std::int64_t in_ukwh(Wide wus) { return rounded_quotient(wus, 3'600'000); }

  Wide import_ = 0, export_ = 0, charge_ = 0, discharge_ = 0;  // W * us
  Wide cost_ = 0;                                              // W * us * pico per kWh
  Micros known_ = 0, unpriced_ = 0;
  bool countable_ = true;
};

}  // namespace heliograph
