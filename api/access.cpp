#include "api/access.hpp"

#include <algorithm>

namespace heliograph::api {

bool Access::reaches(const SiteKey& site) const {
  if (site.tenant != standing_.tenant || site.site.empty()) return false;
  return standing_.sites.empty() || std::find(standing_.sites.begin(), standing_.sites.end(), site.site) != standing_.sites.end();
}

Result<SiteScope> Access::site(std::string_view id) const {
  auto site = SiteId::parse(id);
  if (!site) return fail(site.error());
  SiteKey key{standing_.tenant, std::move(*site)};
  if (!reaches(key)) return fail(Errc::not_found, no_such_site(key.site));
  return SiteScope(std::move(key));
}

const Access& access_of(const http::Request& request) {
  const auto* access = dynamic_cast<const Access*>(request.caller.get());
  ensure(access != nullptr, "a route that asks who it is for needs a permission", request.path.c_str());
  return *access;
}

std::string no_such_site(const SiteId& site) {
  return "There is no site \"" + site.text + "\": configure it first (PUT /api/v1/sites/" + site.text + ").";
}

}  // namespace heliograph::api
