#include "actors/core/access.hpp"

namespace heliograph {

std::vector<Permission> May::list() const {
  std::vector<Permission> out;
  for (std::size_t i = 0; i < permissions; ++i)
    if (bits_.test(i)) out.push_back(static_cast<Permission>(i));
  return out;
}

May may(Role role, const TenantId& tenant) {
  using P = Permission;
  May out{P::see, P::own_account};
  switch (role) {
    case Role::owner:
      out.add(P::manage_tenant);
      if (tenant == home_tenant()) out.add(P::manage_tenants);
      [[fallthrough]];
    case Role::admin:
      for (const P each : {P::operate, P::write_readings, P::configure, P::lift, P::manage_people}) out.add(each);
      [[fallthrough]];
    case Role::auditor:
      for (const P each : {P::audit, P::see_people}) out.add(each);
      if (tenant == home_tenant()) out.add(P::host);
      break;
    case Role::operate:
      for (const P each : {P::operate, P::write_readings, P::audit}) out.add(each);
      break;
    case Role::node_user: out.add(P::operate); break;
    case Role::viewer: break;
  }
  return out;
}

May may(Role role, const TenantId& tenant, const std::vector<SiteId>& sites) {
  const May all = may(role, tenant);
  return sites.empty() ? all : all - May{Permission::manage_tenant, Permission::host, Permission::manage_tenants};
}

May may_of_keys() {
  using P = Permission;
  return {P::see, P::operate, P::write_readings, P::configure, P::audit, P::host};
}

}  // namespace heliograph
