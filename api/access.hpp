// Who asks, and what they reach. Only the door makes one (api/door.hpp), after it has seen a token or a key that holds; nothing of a
// tenant or site is read or told without one, so a route that forgets to ask who it is for does not compile.
#pragma once

#include "actors/core/people.hpp"
#include "actors/notifier.hpp"
#include "api/http/types.hpp"

namespace heliograph::api {

/// One site that somebody reaches.
class SiteScope {
 public:
  const SiteKey& key() const { return key_; }
  /// Of a question that was put to a person outside: the link or the code that led to it is the proof.
  static SiteScope of(const PutQuestion& put) { return SiteScope(put.question.site); }

 private:
  friend class Access;
  explicit SiteScope(SiteKey key) : key_(std::move(key)) {}
  SiteKey key_;
};

class Access final : public http::Caller {
 public:
  const TenantId& tenant() const { return standing_.tenant; }
  /// "local/user:anna"
  std::string name() const override { return standing_.tenant.text + "/" + to_string(standing_.principal); }
  const Principal& who() const { return standing_.principal; }
  const Standing& standing() const { return standing_; }
  /// The person; requires: it is one (the permission own_account).
  UserId user() const { return {standing_.principal.name}; }
  bool may(Permission permission) const { return standing_.may.has(permission); }
  bool reaches(const SiteKey& site) const;
  /// Every site of the tenant, those of tomorrow too.
  bool reaches_all() const { return standing_.sites.empty(); }
  /// What belongs to the tenant and to no site: for those who may see people, wherever they work.
  bool sees_people() const { return may(Permission::see_people) && reaches_all(); }
  /// What they do not reach is, for them, not there.
  Result<SiteScope> site(std::string_view id) const;

 private:
  friend class Door;
  explicit Access(Standing standing) : standing_(std::move(standing)) {}
  Standing standing_;
};

/// Requires: the route needs a permission, so the door has let somebody in.
const Access& access_of(const http::Request& request);

/// The words of every answer about a site that is not there, or not for who asks.
std::string no_such_site(const SiteId& site);

}  // namespace heliograph::api
