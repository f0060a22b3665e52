// How often somebody may ask. Each caller has a budget of each kind that refills evenly (GCRA): whoever comes steadily is never
// refused, and a burst may spend what was saved. Any thread. Not of the log: what is owed outlives a start in a file of its own
// (api/spent_budgets.hpp).
#pragma once

#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/http/router.hpp"
#include "events/result.hpp"
#include "events/time.hpp"

namespace heliograph::api {

struct Budget {
  std::string name;  // as Route::budget says it
  unsigned quota = 0;  // requests in a window; 0 = no end
  Micros window = minute_us;
  bool of_person = false;  // whoever makes keys has no more of it
};

/// Who counts as one: an IPv4 address, or the /64 of an IPv6 address, for somebody with a network of their own has 2^64 addresses in it.
std::string network_of(const std::string& address);

class RateLimits {
 public:
  /// `now`: a clock that never steps.
  RateLimits(std::vector<Budget> budgets, std::function<Micros()> now);

  struct Left {
    bool may = true;
    unsigned requests = 0;
    Micros more_in = 0;  // until there is more than this
  };
  /// Requires: there is such a budget.
  Left spend(std::string_view budget, const std::string& caller, bool is_known = false);
  /// For RouterOptions::meter: by person or key, or by address (a /64 of IPv6) for who is nobody.
  std::optional<http::Problem> meter(const http::Route& route, const http::Request& request, const http::Responder& responder);
  std::size_t callers() const;

  /// Who owes more than a second, and until when by the wall clock, which says `wall` now: text for take_over().
  std::string owed(Micros wall) const;
  /// What owed() said in an earlier process, less what has been paid back since. Nobody owes more than a window, however the wall
  /// clock was set. Error corrupt: nothing was taken over.
  Status take_over(std::string_view text, Micros wall);

 private:
  const Budget& budget_of(std::string_view name) const;
  Left spend(const Budget& budget, const std::string& caller, bool is_known);
  void forget_the_rested(Micros now);
  std::vector<Budget> budgets_;
  std::function<Micros()> now_;
  mutable std::mutex mutex_;
  // When the caller's budget is whole again.
  std::unordered_map<std::string, Micros> known_, strangers_;  // guarded by mutex_
  std::optional<Micros> swept_at_;                   // guarded by mutex_
};

/// Which route draws on what, where it is not the default.
void set_budgets(std::vector<http::Route>& table);
/// `a_minute`: of everything that has no budget of its own; 0 = no end.
std::vector<Budget> budgets(unsigned a_minute);

}  // namespace heliograph::api
