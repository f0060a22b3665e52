// What people set: rules, the site, its devices, their wishes. Facts of theirs, checked before they become one.
#include <algorithm>

#include "actors/core/preferences.hpp"
#include "actors/core/rule_check.hpp"
#include "actors/core/site.hpp"

namespace heliograph {

Position Site::version(const std::string& of) const {
  constexpr std::string_view rule = "rule/";
  if (of.starts_with(rule)) {
    const RuleEntry* entry = rules_.find({of.substr(rule.size())});
    return entry == nullptr ? 0 : entry->saved_at;
  }
  const auto found = versions_.find(of);
  return found == versions_.end() ? 0 : found->second;
}

Status Site::expect(const std::string& of, const Expected& expected) const {
  return expected.fits(version(of), of == "settings" || of == "preferences");
}

Status Site::prefer(const PreferencesSet& wishes, const Principal& principal, Micros at, Journal& journal) {
  const auto problems = check_preferences(wishes, settings_, limits_);
  if (!problems.empty()) return fail(Errc::invalid, problems.front().sentence, problems.front().pointer);
  return note(draft("site-" + key_.site.text, principal, 0, {}, at, wishes), journal);
}

Result<RecordPtr> Site::save_rule(const Rule& rule, const Principal& principal, Micros at, Journal& journal,
                                  std::string idempotency_key, const Digest& fingerprint) {
  Version version = 1;
  for (const RuleEntry& entry : rules_.rules())
    if (entry.rule.id == rule.id) version = entry.version + 1;
  for (const RuleEntry& entry : rules_.rules())
    if (rule.enabled && !entry.removed && entry.rule.enabled && entry.rule.id != rule.id)
      if (const auto against = contradiction(rule, entry.rule)) return fail(Errc::conflict, *against, "/triggers");
  Draft facts = draft("rule-" + rule.id.text, principal, 0, journal.new_chain(), at,
                      RuleSaved{rule.id, version, rule.enabled, canonical_json(rule)});
  facts.idempotency_key = std::move(idempotency_key);
  facts.fingerprint = fingerprint;
  auto record = journal.append(std::move(facts));
  if (record) fold((*record)->envelope, (*record)->event());
  return record;
}

Status Site::remove_rule(const RuleId& rule, const Principal& principal, Micros at, Journal& journal) {
  const RuleEntry* entry = rules_.find(rule);
  if (entry == nullptr) return fail(Errc::not_found, "There is no rule \"" + rule.text + "\" at this site.");
  auto done = append(draft("rule-" + rule.text, principal, entry->saved_at, {}, at, RuleRemoved{rule}), journal);
  return done ? Status{} : fail(done.error());
}

Status Site::check_settings(const SiteConfigured& settings) const {
  const std::int32_t least = strictest_floor({}, limits_);
  if (settings.soc_floor_permille < least || settings.soc_floor_permille > 1000)
    return fail(Errc::invalid, "The floor of the state of charge must be between " + std::to_string(least / 10) + " and 100 %.", "/soc_floor_percent");
  if (auto zone = Zone::find(settings.time_zone); !zone) return fail(zone.error());
  if (settings.grid_import_w_max < 0) return fail(Errc::invalid, "The limit of grid draw cannot be negative.", "/grid_import_w_max");
  return {};
}

Status Site::configure(const SiteConfigured& settings, const Principal& principal, Micros at, Journal& journal) {
  if (auto fit = check_settings(settings); !fit) return fit;
  auto done = append(draft("site-" + key_.site.text, principal, 0, {}, at, settings), journal);
  return done ? Status{} : fail(done.error());
}

Status Site::register_device(const DeviceRegistered& device, const Principal& principal, Micros at, Journal& journal) {
  if (device.hold <= 0 || device.freshness <= 0)
    return fail(Errc::invalid, "A device needs a hold and a freshness above zero.", "/hold");
  if (device.nominal_w < 0 || device.nominal_w > nominal_w_max)
    return fail(Errc::invalid, "The nominal power of a device lies between 0 W and 1 GW.", "/nominal_w");
  if (device.min_on < 0 || device.min_off < 0)
    return fail(Errc::invalid, "The shortest times on and off cannot be negative.", device.min_on < 0 ? "/min_on" : "/min_off");
  if (device.lease != 0 && (device.lease < 30 * second_us || device.lease > day_us))
    return fail(Errc::invalid, "A lease lies between 30 s and 24 h: it is the device's own timer.", "/lease");
  if (device.settle < 0 || device.settle >= verify_deadline)
    return fail(Errc::invalid, "The time in which readings may lag behind lies between 0 and 90 s.", "/settle");
  for (std::size_t i = 0; i < device.modes.size(); ++i) {
    const DeviceMode& mode = device.modes[i];
    if (mode.mode.empty() || mode.mode.size() > 40) return fail(Errc::invalid, "A mode has a name of 1 to 40 characters, as the device's readings say it.", "/modes");
    if (mode.draw_w < 0 || mode.draw_w > nominal_w_max) return fail(Errc::invalid, "What a device draws in a mode lies between 0 W and 1 GW.", "/modes");
    if (find_mode(device, mode.mode) != &mode) return fail(Errc::invalid, "The mode \"" + mode.mode + "\" stands there twice.", "/modes");
  }
  if (device.modes.size() > 16) return fail(Errc::invalid, "A device has at most 16 modes.", "/modes");
  if (device.capacity_wh < 0) return fail(Errc::invalid, "The capacity of a battery cannot be negative.", "/capacity_wh");
  auto done = append(draft("device-" + device.device.text, principal, 0, {}, at, device), journal);
  return done ? Status{} : fail(done.error());
}

}  // namespace heliograph
