// Who uses the house how much: for each person and key, logins, failures, refusals, operations and requests, by the hour for 30 days.
// Everything but requests is folded from the log, so it outlives the process; requests are counted since the start.
#pragma once

#include <array>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "actors/requests.hpp"

namespace heliograph::api {

struct UsageCounts {
  std::uint64_t logins = 0, failed_logins = 0, refusals = 0, operations = 0, requests = 0;
  UsageCounts& operator+=(const UsageCounts& other);
};

struct UsageOf {
  std::string principal;  // "user:anna", "apikey:k7"
  UsageCounts day, month;  // of the last 24 hours, and of the last 30 days
  Micros last_at = 0;      // of the last thing on record, or request
};

class UsageBook {
 public:
  static constexpr Micros kept_for = 30 * day_us;
  static constexpr std::size_t kept = 10'000;  // people and keys over all tenants; the others are not told apart any more

  /// Any thread, like all here. Requires: records in order.
  void apply(const Record& record);
  /// `who` as Caller::name says it: "local/user:anna".
  void requested(const std::string& who, Micros at);
  /// Of one tenant, by principal, as hours: the 24 hours end with the hour of `now`.
  std::vector<UsageOf> of(const TenantId& tenant, Micros now) const;

 private:
  struct Account {
    std::map<std::int64_t, UsageCounts> hours;  // by hours since 1970
    Micros last_at = 0;
  };
  // Requests come on several threads, so the accounts lie in shards, each with a lock of its own.
  struct Shard {
    mutable std::mutex mutex;
    std::map<std::string, Account> accounts;  // guarded by mutex; by "tenant/kind:name"
  };
  void count(const std::string& who, Micros at, std::uint64_t UsageCounts::*what);

  std::array<Shard, 8> shards_;
};

}  // namespace heliograph::api
