// The views as somebody may see them. A question about a site needs its SiteScope, one about a tenant its Access, and only the door
// makes those: whoever forgets to ask for whom it is has nothing to ask with.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "api/access.hpp"
#include "projections/projector.hpp"

namespace heliograph::api {

/// One site. Lives as long as the question.
class SiteViews {
 public:
  SiteViews(const Views& views, SiteScope site) : views_(views), site_(std::move(site)) {}

  const SiteId& id() const { return site_.key().site; }
  const SiteScope& scope() const { return site_; }
  /// Whether anybody configured it, or anything was heard from it.
  bool is_there() const { return settings() != nullptr || now() != nullptr; }
  /// Everything up to here is in the answers.
  Position applied() const { return views_.applied(); }

  // nullptr: never said.
  const SiteConfigured* settings() const { return views_.devices.site(key()); }
  RecordPtr settings_record() const { return views_.devices.site_record(key()); }
  RecordPtr preferences() const { return views_.devices.preferences(key()); }
  RecordPtr stop() const { return views_.devices.stop(key()); }
  RecordPtr clock_suspected() const { return views_.devices.clock_suspected(key()); }
  std::vector<const DeviceRegistered*> devices() const { return views_.devices.devices(key()); }
  const DeviceRegistered* device(const DeviceId& device) const { return views_.devices.device(key(), device); }
  RecordPtr device_record(const DeviceId& device) const { return views_.devices.device_record(key(), device); }
  std::vector<RecordPtr> rules() const { return views_.rules.rules(key()); }
  RecordPtr rule(const RuleId& rule) const { return views_.rules.rule(key(), rule); }
  std::vector<PendingAction> pending() const { return views_.pending.of(key()); }
  std::vector<AlertEntry> alerts() const { return views_.alerts.of(key()); }
  const SiteNow* now() const { return views_.site_now.site(key()); }
  /// UTC unless it was configured.
  Zone zone() const;

  std::optional<SeriesProjection::Extent> extent(const DeviceId& device) const { return views_.series->extent(key(), device); }
  Result<Blocks> blocks(const DeviceId& device, Micros from, Micros to, std::span<const Metric> wanted) const { return views_.series->blocks(key(), device, from, to, wanted); }
  Status rollups(const DeviceId& device, Metric metric, Micros from, Micros to, Step step, const Zone& zone, const RollupSink& sink) const { return views_.series->rollups(key(), device, metric, from, to, step, zone, sink); }
  std::string_view word(std::int64_t index) const { return views_.series->word(key(), index); }

  Result<std::vector<RecordPtr>> audit(const AuditQuestion& question) const { return audit_page(views_.audit, views_.store, views_.log, key(), question); }
  Result<std::vector<RecordPtr>> story(const CommandId& command) const { return command_story(views_.audit, views_.store, views_.log, key(), command); }

 private:
  const SiteKey& key() const { return site_.key(); }
  const Views& views_;
  SiteScope site_;
};

/// Everything that somebody reaches. Lives as long as the question.
class AccessViews {
 public:
  AccessViews(const Views& views, const Access& access) : views_(views), access_(access) {}

  /// Configured ones, by id.
  std::vector<SiteViews> sites() const;
  /// What is not theirs is not there, in the same words. Errors: not_found.
  Result<RecordPtr> at(Position position) const;
  Result<std::vector<Why>> why(Position position) const;
  /// What belongs to the tenant and to no site. Errors: refused (not for them).
  Result<std::vector<RecordPtr>> people_audit(const AuditQuestion& question) const;

 private:
  const Views& views_;
  const Access& access_;
};

}  // namespace heliograph::api
