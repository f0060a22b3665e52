#include "api/usage.hpp"

#include <algorithm>

namespace heliograph::api {
namespace {

std::string name_of(const TenantId& tenant, PrincipalKind kind, const std::string& name) { return tenant.text + "/" + to_string(Principal{kind, name}); }

}  // namespace

UsageCounts& UsageCounts::operator+=(const UsageCounts& other) {
  logins += other.logins, failed_logins += other.failed_logins, refusals += other.refusals, operations += other.operations, requests += other.requests;
  return *this;
}

void UsageBook::count(const std::string& who, Micros at, std::uint64_t UsageCounts::*what) {
  Shard& shard = shards_[std::hash<std::string>{}(who) % shards_.size()];
  const std::lock_guard lock(shard.mutex);
  auto found = shard.accounts.find(who);
  if (found == shard.accounts.end()) {
    if (shard.accounts.size() >= kept / shards_.size()) return;
    found = shard.accounts.try_emplace(who).first;
  }
  Account& account = found->second;
  ++(account.hours[at / hour_us].*what);
  account.last_at = std::max(account.last_at, at);
  while (account.hours.begin()->first < (account.last_at - kept_for) / hour_us) account.hours.erase(account.hours.begin());
}

/// What somebody did is what is on record in their name, but for coming in, which is told apart, and for what was refused.
void UsageBook::apply(const Record& record) {
  if (record.is_readings()) return;
  const Envelope& envelope = record.envelope;
  const TenantId& tenant = envelope.site.tenant;
  const Event& event = record.event();
  if (const auto* began = std::get_if<SessionBegan>(&event)) return count(name_of(tenant, PrincipalKind::user, began->user.text), envelope.recorded_at, &UsageCounts::logins);
  if (const auto* failed = std::get_if<LoginFailed>(&event))
    return failed->user.text.empty() ? void() : count(name_of(tenant, PrincipalKind::user, failed->user.text), envelope.recorded_at, &UsageCounts::failed_logins);
  const Principal& by = envelope.principal;
  if (by.kind != PrincipalKind::user && by.kind != PrincipalKind::apikey) return;
  if (std::holds_alternative<SessionRefreshed>(event)) return;  // a browser's own doing
  count(name_of(tenant, by.kind, by.name), envelope.recorded_at, std::holds_alternative<AccessRefused>(event) ? &UsageCounts::refusals : &UsageCounts::operations);
}

void UsageBook::requested(const std::string& who, Micros at) { count(who, at, &UsageCounts::requests); }

std::vector<UsageOf> UsageBook::of(const TenantId& tenant, Micros now) const {
  std::vector<UsageOf> out;
  const std::string mark = tenant.text + "/";
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (auto each = shard.accounts.lower_bound(mark); each != shard.accounts.end() && each->first.starts_with(mark); ++each) {
      UsageOf one{each->first.substr(mark.size()), {}, {}, each->second.last_at};
      for (const auto& [hour, counts] : each->second.hours) {
        if (hour > (now - day_us) / hour_us) one.day += counts;
        if (hour > (now - kept_for) / hour_us) one.month += counts;
      }
      out.push_back(std::move(one));
    }
  }
  std::sort(out.begin(), out.end(), [](const UsageOf& a, const UsageOf& b) { return a.principal < b.principal; });
  return out;
}

}  // namespace heliograph::api
