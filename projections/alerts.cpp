#include "projections/alerts.hpp"

#include <algorithm>
#include <limits>

#include "events/columns.hpp"

namespace heliograph {
namespace {

std::string stored_key(const SiteKey& site, Position raised) {
  std::string key = site.tenant.text + "/" + site.site.text + "/";
  put_be64(key, raised);
  return key;
}

std::string encode(const AlertEntry& e) {
  std::string out;
  put_text(e.alert, out);
  put_varint(static_cast<std::uint64_t>(e.severity), out);
  put_text(e.text, out);
  put_varint(static_cast<std::uint64_t>(e.raised_at), out);
  put_varint(static_cast<std::uint64_t>(e.acknowledged_at), out);
  put_varint(static_cast<std::uint64_t>(e.acknowledged_by.kind), out);
  put_text(e.acknowledged_by.name, out);
  put_varint(static_cast<std::uint64_t>(e.cleared_at), out);
  return out;
}

bool decode(std::string_view bytes, AlertEntry& e) {
  const auto text = [&bytes](std::string& into) {
    auto found = take_text(bytes);
    if (found) into = *found;
    return found.has_value();
  };
  const auto number = [&bytes](std::uint64_t most) -> std::optional<std::uint64_t> {
    auto found = take_varint(bytes);
    return found && *found <= most ? std::optional(*found) : std::nullopt;
  };
  constexpr auto any = static_cast<std::uint64_t>(std::numeric_limits<Micros>::max());
  if (!text(e.alert)) return false;
  const auto severity = number(2);
  if (!severity || !text(e.text)) return false;
  const auto raised = number(any), acknowledged = number(any), kind = number(6);
  if (!raised || !acknowledged || !kind || !text(e.acknowledged_by.name)) return false;
  const auto cleared = number(any);
  if (!cleared || !bytes.empty()) return false;
  e.severity = static_cast<Severity>(*severity), e.raised_at = static_cast<Micros>(*raised), e.acknowledged_at = static_cast<Micros>(*acknowledged);
  e.acknowledged_by.kind = static_cast<PrincipalKind>(*kind), e.cleared_at = static_cast<Micros>(*cleared);
  return true;
}

}  // namespace

Status AlertsView::load(const ViewStore& store) {
  bool good = true;
  auto done = store.scan(name(), "", "", [&](std::string_view key, std::string_view value) {
    const auto tenant = key.find('/'), site = tenant == key.npos ? key.npos : key.find('/', tenant + 1);
    good = site != key.npos && key.size() == site + 1 + 8;
    if (!good) return false;
    const Key at{{{std::string(key.substr(0, tenant))}, {std::string(key.substr(tenant + 1, site - tenant - 1))}}, get_be64(key.substr(site + 1))};
    AlertEntry& entry = entries_[at];
    entry.raised = at.second;
    good = decode(value, entry);
    return good;
  });
  if (done && !good) return fail(Errc::corrupt, "The view alerts is damaged: run `heliograph rebuild --projection alerts`.");
  return done;
}

AlertEntry* AlertsView::open(const SiteKey& site, const std::string& alert) {
  for (auto at = entries_.lower_bound({site, 0}); at != entries_.end() && at->first.first == site; ++at)
    if (at->second.cleared_at == 0 && at->second.alert == alert) {
      changed_.insert(at->first);
      return &at->second;
    }
  return nullptr;
}

void AlertsView::apply(const Record& record) {
  if (record.is_readings()) return;
  const Envelope& envelope = record.envelope;
  if (const auto* raised = std::get_if<AlertRaised>(&record.event())) {
    if (open(envelope.site, raised->alert) != nullptr) return;
    entries_[{envelope.site, envelope.position}] = {raised->alert, raised->severity, raised->text, envelope.position, envelope.occurred_at, 0, {}, 0};
    changed_.insert({envelope.site, envelope.position});
    drop_old(envelope.site);
  } else if (const auto* seen = std::get_if<AlertAcknowledged>(&record.event())) {
    if (AlertEntry* entry = open(envelope.site, seen->alert)) entry->acknowledged_at = envelope.occurred_at, entry->acknowledged_by = envelope.principal;
  } else if (const auto* cleared = std::get_if<AlertCleared>(&record.event())) {
    if (AlertEntry* entry = open(envelope.site, cleared->alert)) entry->cleared_at = envelope.occurred_at;
  }
}

void AlertsView::drop_old(const SiteKey& site) {
  const auto first = entries_.lower_bound({site, 0}), last = entries_.upper_bound({site, std::numeric_limits<Position>::max()});
  if (static_cast<std::size_t>(std::distance(first, last)) <= kept) return;
  const auto over = std::find_if(first, last, [](const auto& each) { return each.second.cleared_at != 0; });
  if (over == last) return;
  changed_.insert(over->first);
  entries_.erase(over);
}

void AlertsView::save(ViewBatch& batch) {
  for (const Key& key : changed_) {
    const auto found = entries_.find(key);
    const std::string stored = stored_key(key.first, key.second);
    found == entries_.end() ? batch.erase(stored) : batch.put(stored, encode(found->second));
  }
  changed_.clear();
}

std::vector<AlertEntry> AlertsView::of(const SiteKey& site) const {
  std::vector<AlertEntry> out;
  for (auto at = entries_.lower_bound({site, 0}); at != entries_.end() && at->first.first == site; ++at) out.push_back(at->second);
  return out;
}

std::size_t AlertsView::open() const {
  return static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), [](const auto& each) { return each.second.cleared_at == 0; }));
}

}  // namespace heliograph
