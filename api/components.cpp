#include "api/components.hpp"

#include <algorithm>

#include "actors/certificate_watch.hpp"
#include "actors/disk_watch.hpp"

namespace heliograph::api {
namespace {

constexpr std::uint64_t lag_max = 1'000'000;  // positions: what the views fold in a third of a second
constexpr std::int64_t late_after = 3, silent_after = 10;  // questions that were not answered

std::string plural(std::uint64_t n, const char* one) { return std::to_string(n) + " " + one + (n == 1 ? "" : "s"); }

Component log_component(Store& store) {
  const Status writable = store.log().writable();
  if (!writable) return {"log", Health::failed, writable.error().sentence};
  return {"log", Health::ok, "It takes writes; " + std::to_string(store.bytes() >> 20) + " MB on disk."};
}

Component views_component(Store& store, const Views& views) {
  const std::uint64_t lag = store.log().durable() - std::min(store.log().durable(), views.applied());
  return {"views", lag > lag_max ? Health::degraded : Health::ok, lag == 0 ? "They show everything that is on record." : "They have still to fold " + plural(lag, "position") + "."};
}

Component clock_component(const Views& views, const TenantId& tenant) {
  std::string sites;
  std::uint64_t others = 0;
  for (const SiteKey& site : views.devices.sites()) {
    if (views.devices.clock_suspected(site) == nullptr) continue;
    if (site.tenant == tenant) sites += (sites.empty() ? "" : ", ") + site.site.text;
    else ++others;
  }
  if (sites.empty() && others == 0) return {"clock", Health::ok, "Nothing is said against it."};
  if (others > 0) sites += (sites.empty() ? "" : " and ") + plural(others, "site") + " of other tenants";
  return {"clock", Health::degraded, "It jumped, and nobody has trusted it since at: " + sites + ". Schedules wait there."};
}

Component safe_mode_component(const Engine& engine) {
  if (engine.safe_mode()) return {"safe-mode", Health::degraded, "On: it ended five times within ten minutes, and commands are refused until an ordered stop and start."};
  return {"safe-mode", Health::ok, "Off."};
}

void add_sources(const Service& service, const TenantId& tenant, std::vector<Component>& out) {
  std::uint64_t others = 0, unwell = 0;
  const Micros now = service.engine.clock().now();
  for (const SourceState& source : service.engine.house_stats().sources()) {
    Component one = source_component(source, now);
    if (source.site.tenant == tenant || source.site == engine_site()) {
      out.push_back(std::move(one));
    } else {
      ++others;
      unwell += one.health != Health::ok;
    }
  }
  if (others > 0) out.push_back({"sources-of-other-tenants", unwell > 0 ? Health::degraded : Health::ok, std::to_string(unwell) + " of " + plural(others, "source") + " of other tenants do not answer as they should."});
}

/// Devices that are silent are alerts already; here they are counted.
void add_sites(const Views& views, const TenantId& tenant, std::vector<Component>& out) {
  for (const SiteKey& site : views.devices.sites()) {
    if (site.tenant != tenant || site == engine_site()) continue;
    std::uint64_t silent = 0;
    for (const AlertEntry& alert : views.alerts.of(site)) silent += alert.cleared_at == 0 && alert.alert.starts_with("device-offline/");
    const std::uint64_t devices = views.devices.devices(site).size();
    const bool stopped = views.devices.stop(site) != nullptr;
    Component one{"site/" + site.site.text, silent > 0 || stopped ? Health::degraded : Health::ok, plural(devices, "device") + ", " + (silent == 0 ? "none silent" : std::to_string(silent) + " silent") + "."};
    if (stopped) one.sentence += " The emergency stop is engaged.";
    if (devices > 0 && silent == devices) one.health = Health::failed;
    out.push_back(std::move(one));
  }
}

}  // namespace

std::string_view name(Health health) { return health == Health::ok ? "ok" : health == Health::degraded ? "degraded" : "failed"; }

/// By its own interval: a source that is asked once an hour is not late after a minute.
Component source_component(const SourceState& source, Micros now) {
  Component out{"source/" + source.site.site.text + "/" + source.kind, Health::ok, {}};
  const Micros silent = now - (source.succeeded_at == 0 ? source.since : source.succeeded_at);
  const Micros patience = std::max<Micros>(source.interval, second_us);
  if (silent > silent_after * patience && source.failed_in_row > 0) out.health = Health::failed;
  else if (silent > late_after * patience || source.failed_in_row > 0) out.health = Health::degraded;
  const std::uint64_t asked = source.succeeded + source.failed;
  out.sentence = source.succeeded_at == 0 ? "It has never answered" : "It answered " + std::to_string(std::max<Micros>(silent, 0) / second_us) + " s ago";
  out.sentence += "; " + std::to_string(source.succeeded) + " of " + plural(asked, "question") + " since the start.";
  if (!source.last_error.empty()) out.sentence += " " + source.last_error;
  return out;
}

Component disk_component(std::uint64_t free_bytes) {
  const std::string room = std::to_string(free_bytes >> 20) + " MB are free.";
  if (free_bytes < disk_low_bytes / 2) return {"disk", Health::failed, room + " The log takes nothing but stops: delete what is not needed."};
  if (free_bytes < disk_low_bytes) return {"disk", Health::degraded, room + " At " + std::to_string(disk_low_bytes >> 21) + " MB the log takes nothing but stops."};
  return {"disk", Health::ok, room};
}

Component certificate_component(std::optional<Micros> ends, Micros now) {
  if (!ends) return {"certificate", Health::ok, "None: this server speaks plain HTTP, on this machine or behind a proxy."};
  return {"certificate", *ends <= now ? Health::failed : *ends - now < certificate_notice ? Health::degraded : Health::ok, certificate_sentence(*ends, now)};
}

Component channel_component(const ChannelState& channel) {
  Component out{"channel/" + std::string(notify::name(channel.kind)), Health::ok, {}};
  if (channel.last_at == 0) out.sentence = "Configured; nothing was to be delivered since the start.";
  else out.sentence = std::to_string(channel.delivered) + " of " + std::to_string(channel.delivered + channel.failed) + " tries" + " delivered.";
  if (!channel.last_error.empty()) out.health = channel.delivered == 0 ? Health::failed : Health::degraded, out.sentence += " " + channel.last_error;
  return out;
}

std::vector<Component> components(const Service& service, const Views& views, const TenantId& tenant) {
  Store& store = service.engine.store();
  std::vector<Component> out{log_component(store), views_component(store, views), disk_component(store.free_bytes()), clock_component(views, tenant), safe_mode_component(service.engine)};
  out.push_back(certificate_component(service.server == nullptr ? std::nullopt : service.server->certificate_ends(), service.engine.clock().now()));
  if (service.notifier == nullptr) out.push_back({"channels", Health::ok, "None: nobody is told of alerts (docs/NOTIFICATIONS.md)."});
  else
    for (const ChannelState& channel : service.notifier->channels()) out.push_back(channel_component(channel));
  add_sources(service, tenant, out);
  add_sites(views, tenant, out);
  return out;
}

Health worst(const std::vector<Component>& all) {
  Health out = Health::ok;
  for (const Component& each : all) out = std::max(out, each.health);
  return out;
}

}  // namespace heliograph::api
