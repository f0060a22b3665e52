#include "projections/catalog.hpp"

#include "events/codec.hpp"

namespace heliograph {
namespace {

std::string prefix(const SiteKey& site) { return site.tenant.text + "/" + site.site.text + "/"; }
constexpr std::string_view settings_key = "settings", wishes_key = "preferences", stop_key = "stop", clock_key = "clock", device_prefix = "device/";

}  // namespace

Status Catalog::load(const ViewStore& store) {
  Status result;
  auto done = store.scan(name(), "", "", [&](std::string_view key, std::string_view value) {
    auto record = value.size() < 8 ? Result<Record>(fail(Errc::corrupt, "cut")) : decode_record(value.substr(8), get_be64(value));
    if (!record || record->is_readings()) {
      result = fail(Errc::corrupt, "The view " + std::string(name()) + " is damaged: run `heliograph rebuild --projection " + std::string(name()) + "`.");
      return false;
    }
    entries_[std::string(key)] = std::make_shared<const Record>(std::move(*record));
    return true;
  });
  return done ? result : done;
}

void Catalog::apply(const Record& record) {
  if (record.is_readings()) return;
  const Change what = change(record.envelope, record.event());
  if (what.key.empty()) return;
  std::string key = prefix(record.envelope.site) + what.key;
  if (what.erase) {
    entries_.erase(key);
    unsaved_.erase(std::move(key));
    return;
  }
  std::string bytes;
  put_be64(bytes, record.envelope.position);
  bytes += encode_record(record);
  entries_[key] = std::make_shared<const Record>(record);
  unsaved_.put(std::move(key), std::move(bytes));
}

void Catalog::save(ViewBatch& batch) {
  batch.changes.merge(unsaved_.changes);
  unsaved_.changes.clear();
}

// ---- devices -----------------------------------------------------------------------------------------------------

Catalog::Change DevicesView::change(const Envelope&, const Event& event) const {
  if (std::holds_alternative<SiteConfigured>(event)) return {std::string(settings_key)};
  if (std::holds_alternative<PreferencesSet>(event)) return {std::string(wishes_key)};
  if (std::holds_alternative<StopEngaged>(event)) return {std::string(stop_key)};
  if (std::holds_alternative<StopLifted>(event)) return {std::string(stop_key), true};
  if (std::holds_alternative<ClockSuspected>(event)) return {std::string(clock_key)};
  if (std::holds_alternative<ClockTrusted>(event)) return {std::string(clock_key), true};
  if (const auto* device = std::get_if<DeviceRegistered>(&event)) return {std::string(device_prefix) + device->device.text};
  return {};
}

std::vector<SiteKey> DevicesView::sites() const {
  std::vector<SiteKey> out;
  for (const auto& [key, record] : entries_)
    if (out.empty() || out.back() != record->envelope.site) out.push_back(record->envelope.site);
  return out;
}

RecordPtr DevicesView::find(const SiteKey& site, std::string_view rest) const {
  const auto found = entries_.find(prefix(site) + std::string(rest));
  return found == entries_.end() ? nullptr : found->second;
}

RecordPtr DevicesView::site_record(const SiteKey& key) const { return find(key, settings_key); }
RecordPtr DevicesView::preferences(const SiteKey& key) const { return find(key, wishes_key); }
RecordPtr DevicesView::stop(const SiteKey& key) const { return find(key, stop_key); }
RecordPtr DevicesView::clock_suspected(const SiteKey& key) const { return find(key, clock_key); }
RecordPtr DevicesView::device_record(const SiteKey& key, const DeviceId& device) const { return find(key, std::string(device_prefix) + device.text); }

const SiteConfigured* DevicesView::site(const SiteKey& key) const {
  const RecordPtr said = site_record(key);
  return said ? &std::get<SiteConfigured>(said->event()) : nullptr;
}

const DeviceRegistered* DevicesView::device(const SiteKey& key, const DeviceId& device) const {
  const RecordPtr said = device_record(key, device);
  return said ? &std::get<DeviceRegistered>(said->event()) : nullptr;
}

std::vector<const DeviceRegistered*> DevicesView::devices(const SiteKey& key) const {
  std::vector<const DeviceRegistered*> out;
  const std::string from = prefix(key) + std::string(device_prefix);
  for (auto at = entries_.lower_bound(from); at != entries_.end() && at->first.starts_with(from); ++at)
    out.push_back(&std::get<DeviceRegistered>(at->second->event()));
  return out;
}

// ---- rules ---------------------------------------------------------------------------------------------------------

Catalog::Change RulesView::change(const Envelope&, const Event& event) const {
  if (const auto* saved = std::get_if<RuleSaved>(&event)) return {saved->rule.text};
  if (const auto* removed = std::get_if<RuleRemoved>(&event)) return {removed->rule.text, true};
  return {};
}

std::vector<RecordPtr> RulesView::rules(const SiteKey& key) const {
  std::vector<RecordPtr> out;
  const std::string from = prefix(key);
  for (auto at = entries_.lower_bound(from); at != entries_.end() && at->first.starts_with(from); ++at) out.push_back(at->second);
  return out;
}

RecordPtr RulesView::rule(const SiteKey& key, const RuleId& rule) const {
  const auto found = entries_.find(prefix(key) + rule.text);
  return found == entries_.end() ? nullptr : found->second;
}

}  // namespace heliograph
