// The stream's two sources, made the same: news as it becomes durable, and pages of the log for those who resume or
// fall behind. One record is one frame; its id is the last position that it covers.
#pragma once

#include "api/access.hpp"
#include "api/service.hpp"

namespace heliograph::api {

/// `people`: what belongs to a tenant and no site, for those who may see people.
enum Topic : std::uint32_t { telemetry = 1, decisions = 2, people_topic = 4 };

/// Frames of a site that the filter's owner counts as this number.
class Gateway {
 public:
  explicit Gateway(const EventLog& log) : log_(log) {}
  /// Numbers sites and tenants for the hub's filters (any thread). Requires: there is such a site, for a number is for ever.
  std::uint32_t site_number(const SiteKey& site);
  std::uint32_t tenant_number(const TenantId& tenant) { return site_number({tenant, {}}); }
  /// What somebody may follow: never more than they reach.
  http::SseFilter filter_for(const Access& access, std::uint32_t topics);
  http::SseFrame frame(const Record& record);
  /// The same without its text: whether somebody wants it is known before it is rendered.
  http::SseFrame outline(const Record& record);
  Result<http::CatchUpPage> page(const http::CatchUpRequest& request);

 private:
  void leave_out_dropped(const http::CatchUpRequest& request, http::CatchUpPage& page);
  const EventLog& log_;
  std::mutex mutex_;
  std::map<SiteKey, std::uint32_t> numbers_;  // guarded by mutex_
};

/// GET /api/v1/stream and its mirror, /api/v1/socket
std::vector<http::Route> stream_routes(Service& service, std::shared_ptr<Gateway> gateway);

}  // namespace heliograph::api
