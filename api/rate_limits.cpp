#include "api/rate_limits.hpp"

#include <algorithm>
#include <charconv>

#include "actors/notify/address.hpp"
#include "api/access.hpp"
#include "events/base64.hpp"
#include "events/digest.hpp"

namespace heliograph::api {
namespace {

constexpr std::size_t callers_max = 100'000;

// The text of what is owed: this line; "known" or "stranger", until when, budget and caller in hex; this line.
constexpr std::string_view owed_begin = "heliograph budgets 1", owed_end = "end";
constexpr Micros owed_least = second_us;  // less is paid back before anybody can come again

/// To the next second: what two clocks say a moment apart must not make another text.
Micros whole_second(Micros at) { return (at + second_us - 1) / second_us * second_us; }

/// A person or a key, or for what is a person's the one who made it; nothing for strangers, and for the visitors of a demo, who are all the same.
std::optional<std::string> known_caller(const Budget& budget, const http::Request& request) {
  const auto* access = dynamic_cast<const Access*>(request.caller.get());
  if (access == nullptr || access->who().kind == PrincipalKind::system) return std::nullopt;
  const bool by_maker = budget.of_person && !access->standing().person.text.empty();
  return access->tenant().text + "/" + to_string(by_maker ? Principal{PrincipalKind::user, access->standing().person.text} : access->who());
}

std::string seconds_up(Micros span) { return std::to_string((span + second_us - 1) / second_us); }

}  // namespace

std::string network_of(const std::string& address) {
  const auto parsed = notify::parse_address(address);
  if (!parsed || parsed->v4) return address;
  return {parsed->bytes.begin(), parsed->bytes.begin() + 8};
}

std::vector<Budget> budgets(unsigned a_minute) {
  return {{"default", a_minute, minute_us},
          {"login", a_minute == 0 ? 0U : 300U, minute_us},      // each costs tens of milliseconds; who guesses is slowed by name long before
          {"costly", a_minute == 0 ? 0U : 60U, minute_us},      // dry runs
          {"approvals", a_minute == 0 ? 0U : 10U, hour_us, true}};  // who says yes more often does not look
}

void set_budgets(std::vector<http::Route>& table) {
  // A stop is never too many; readings and streams have limits of their own kind.
  constexpr std::pair<std::string_view, std::string_view> of_operations[] = {
      {"stopEverything", ""}, {"engageStop", ""}, {"postReadings", ""}, {"health", ""}, {"readiness", ""}, {"metrics", ""},
      {"logIn", "login"}, {"join", "login"}, {"setUp", "login"}, {"refreshSession", "login"}, {"stepUp", "login"}, {"changePassword", "login"},
      {"dryRun", "costly"}, {"approveCommand", "approvals"}};
  for (const auto& [operation, budget] : of_operations) {
    const auto route = std::find_if(table.begin(), table.end(), [of = operation](const http::Route& each) { return each.operation_id == of; });
    ensure(route != table.end(), "a budget is for a route that there is", "api/rate_limits.cpp");
    route->budget = budget;
  }
  for (http::Route& route : table)
    if (route.file) route.budget = {};  // they cost nothing
}

RateLimits::RateLimits(std::vector<Budget> budgets, std::function<Micros()> now) : budgets_(std::move(budgets)), now_(std::move(now)) {}

std::size_t RateLimits::callers() const {
  const std::lock_guard lock(mutex_);
  return known_.size() + strangers_.size();
}

const Budget& RateLimits::budget_of(std::string_view name) const {
  const auto found = std::find_if(budgets_.begin(), budgets_.end(), [&](const Budget& each) { return each.name == name; });
  ensure(found != budgets_.end(), "a route draws on a budget that there is", "api/rate_limits.cpp");
  return *found;
}

RateLimits::Left RateLimits::spend(std::string_view name, const std::string& caller, bool is_known) { return spend(budget_of(name), caller, is_known); }

RateLimits::Left RateLimits::spend(const Budget& budget, const std::string& caller, bool is_known) {
  if (budget.quota == 0) return {true, 0, 0};
  const Micros each = budget.window / budget.quota, now = now_();
  const std::lock_guard lock(mutex_);
  if (known_.size() + strangers_.size() >= callers_max) forget_the_rested(now);
  std::string key = budget.name + " " + caller;
  // So many strangers at once are an attack from everywhere: those who were not here before it share one budget. Whoever is
  // known has their own, whatever strangers do.
  if (!is_known && strangers_.size() >= callers_max && !strangers_.contains(key)) key = budget.name + " others";
  Micros& full_at = is_known ? known_[key] : strangers_[key];
  const Micros then = std::max(full_at, now) + each;
  if (then - now > budget.window) return {false, 0, then - now - budget.window};
  full_at = then;
  const Micros owed = then - now, left = (budget.window - owed) / each;
  return {true, static_cast<unsigned>(left), owed - (budget.window - (left + 1) * each)};
}

void RateLimits::forget_the_rested(Micros now) {
  if (swept_at_ && now - *swept_at_ < second_us) return;  // looking at all of them for each request would itself be an attack
  swept_at_ = now;
  for (auto* each : {&known_, &strangers_}) std::erase_if(*each, [now](const auto& entry) { return entry.second <= now; });
}

std::string RateLimits::owed(Micros wall) const {
  std::string text(owed_begin);
  const std::lock_guard lock(mutex_);
  const Micros now = now_();
  for (const auto& [word, all] : {std::pair("known", &known_), std::pair("stranger", &strangers_)})
    for (const auto& [key, full_at] : *all)
      if (full_at - now >= owed_least) text += std::string("\n") + word + " " + std::to_string(whole_second(wall + full_at - now)) + " " + hex(key);
  return text.append("\n").append(owed_end).append("\n");
}

Status RateLimits::take_over(std::string_view text, Micros wall) {
  const auto damaged = [] { return fail(Errc::corrupt, "What callers have spent of their budgets cannot be read: everybody begins with a full one."); };
  const auto next_line = [&text] {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    return line;
  };
  if (next_line() != owed_begin) return damaged();
  std::unordered_map<std::string, Micros> known, strangers;
  const Micros now = now_();
  std::string_view line = next_line();
  for (; !line.empty() && line != owed_end; line = next_line()) {
    const std::size_t first = line.find(' '), second = line.find(' ', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) return damaged();
    const std::string_view word = line.substr(0, first), number = line.substr(first + 1, second - first - 1);
    Micros until = 0;
    const auto [end, failed] = std::from_chars(number.data(), number.data() + number.size(), until);
    const auto key = from_hex(line.substr(second + 1));
    if ((word != "known" && word != "stranger") || failed != std::errc{} || end != number.data() + number.size() || !key) return damaged();
    const std::string_view name = std::string_view(*key).substr(0, key->find(' '));
    const auto budget = std::find_if(budgets_.begin(), budgets_.end(), [name](const Budget& each) { return each.name == name; });
    if (budget == budgets_.end() || until <= wall) continue;
    (word == "known" ? known : strangers)[*key] = now + std::min(until - wall, budget->window);
  }
  if (line != owed_end) return damaged();
  const std::lock_guard lock(mutex_);
  known_ = std::move(known);
  strangers_ = std::move(strangers);
  return {};
}

std::optional<http::Problem> RateLimits::meter(const http::Route& route, const http::Request& request, const http::Responder& responder) {
  if (route.budget.empty()) return std::nullopt;
  // Who was not let in has not done what the route is for.
  const std::string_view drawn = request.caller == nullptr && route.needs != http::everybody ? "default" : std::string_view(route.budget);
  const Budget& budget = budget_of(drawn);
  if (budget.quota == 0) return std::nullopt;
  const auto known = known_caller(budget, request);
  const Left left = spend(budget, known ? *known : network_of(request.peer), known.has_value());
  const std::string name = "\"" + budget.name + "\"", wait = seconds_up(left.more_in);
  // draft-ietf-httpapi-ratelimit-headers-11
  responder.add_header("RateLimit-Policy", name + ";q=" + std::to_string(budget.quota) + ";w=" + std::to_string(budget.window / second_us));
  responder.add_header("RateLimit", name + ";r=" + std::to_string(left.requests) + ";t=" + wait);
  if (left.may) return std::nullopt;
  http::Problem problem{429, "too-many-requests", "Too many requests", "You have asked more often than " + std::to_string(budget.quota) + " times in " +
                        std::to_string(budget.window / second_us) + " s: wait " + wait + " s."};
  problem.extra.emplace_back("violated-policies", "[" + name + "]");
  problem.headers.emplace_back("Retry-After", wait);
  return problem;
}

}  // namespace heliograph::api
