#include "api/scoped_views.hpp"

namespace heliograph::api {

Zone SiteViews::zone() const {
  const SiteConfigured* about = settings();
  const auto zone = Zone::find(about == nullptr ? "UTC" : about->time_zone);
  return zone ? *zone : Zone::utc();
}

std::vector<SiteViews> AccessViews::sites() const {
  std::vector<SiteViews> out;
  for (const SiteKey& key : views_.devices.sites())
    if (access_.reaches(key) && views_.devices.site(key) != nullptr) out.emplace_back(views_, *access_.site(key.site.text));
  return out;
}

Result<RecordPtr> AccessViews::at(Position position) const {
  auto record = views_.log.at(position);
  if (!record && record.error().code != Errc::not_found) return record;
  const auto theirs = [&](const SiteKey& site) { return site.site.empty() ? site.tenant == access_.tenant() && access_.sees_people() : access_.reaches(site); };
  if (!record || !theirs((*record)->envelope.site)) return fail(Errc::not_found, "There is nothing at position " + std::to_string(position) + ".");
  return record;
}

Result<std::vector<Why>> AccessViews::why(Position position) const {
  if (auto record = at(position); !record) return fail(record.error());
  return heliograph::why(views_.log, position);
}

Result<std::vector<RecordPtr>> AccessViews::people_audit(const AuditQuestion& question) const {
  if (!access_.sees_people()) return fail(Errc::refused, "What people did is for those who look after every site of the tenant: ask one of them.");
  return audit_page(views_.audit, views_.store, views_.log, SiteKey{access_.tenant(), {}}, question);
}

}  // namespace heliograph::api
