// Who may do what: permissions of roles, and the reach (tenant, sites) of whoever asks. Pure.
#pragma once

#include <bitset>
#include <initializer_list>
#include <vector>

#include "events/people_events.hpp"

namespace heliograph {

/// A set of permissions.
class May {
 public:
  May() = default;
  May(std::initializer_list<Permission> all) {
    for (const Permission each : all) add(each);
  }
  void add(Permission permission) { bits_.set(static_cast<std::size_t>(permission)); }
  bool has(Permission permission) const { return bits_.test(static_cast<std::size_t>(permission)); }
  bool all_of(const May& other) const { return (bits_ & other.bits_) == other.bits_; }
  bool none() const { return bits_.none(); }
  May operator&(const May& other) const {
    May out;
    out.bits_ = bits_ & other.bits_;
    return out;
  }
  May operator-(const May& other) const {
    May out;
    out.bits_ = bits_ & ~other.bits_;
    return out;
  }
  std::vector<Permission> list() const;
  bool operator==(const May&) const = default;

 private:
  std::bitset<permissions> bits_;
};

/// What people of this role may in their tenant. What concerns the whole process belongs to the tenant whose house it is.
May may(Role role, const TenantId& tenant);
/// The same for who reaches these sites (empty: all): what concerns all of the tenant or the process is for who reaches all of it.
May may(Role role, const TenantId& tenant, const std::vector<SiteId>& sites);
/// What a key for machines can hold at all: it never mints keys, and never is a person.
May may_of_keys();

/// The tenant of this installation's own house: the first one, of whoever set it up.
inline const TenantId& home_tenant() {
  static const TenantId home{"local"};
  return home;
}

}  // namespace heliograph
