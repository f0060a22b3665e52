#include "projections/site_view.hpp"

#include "events/columns.hpp"
#include "projections/known_at_drop.hpp"

namespace heliograph {
namespace {

constexpr char word_mark = '#';  // no id starts with it

std::string key_of(const SiteKey& site, std::string_view rest) {
  return site.tenant.text + "/" + site.site.text + "/" + std::string(rest);
}

std::string encode(const SiteNow::Device& device) {
  std::string out;
  for (std::size_t m = 1; m < metric_slots; ++m) {
    const Latest& latest = device.latest[m];
    if (!latest.known()) continue;
    put_varint(m, out);
    put_varint(zigzag(latest.value), out);
    put_varint(zigzag(latest.at), out);
    put_varint(latest.position, out);
  }
  return out;
}

tl::unexpected<Error> damaged() {
  return fail(Errc::corrupt, "The view site_now is damaged: run `heliograph rebuild --projection site_now`.");
}

Status decode(std::string_view bytes, SiteNow& now, DeviceIndex device) {
  while (!bytes.empty()) {
    const auto metric = take_varint(bytes), value = metric ? take_varint(bytes) : metric, at = value ? take_varint(bytes) : value,
               position = at ? take_varint(bytes) : at;
    if (!position || *metric == 0 || *metric >= metric_slots) return damaged();
    now.fold(device, static_cast<Metric>(*metric), unzigzag(*value), unzigzag(*at), *position);
  }
  return {};
}

}  // namespace

Status SiteNowView::load(const ViewStore& store) {
  const auto checkpoint = store.checkpoint(name());
  if (!checkpoint) return fail(checkpoint.error());
  Status result;
  auto done = store.scan(name(), "", "", [&](std::string_view key, std::string_view value) {
    result = load_entry(key, value, true);
    return result.has_value();
  });
  if (!done || !result) return done ? result : done;
  return *checkpoint == 0 ? load_drops() : Status{};
}

Status SiteNowView::load_entry(std::string_view key, std::string_view value, bool is_saved) {
  const auto first = key.find('/'), second = key.find('/', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos || second + 1 == key.size()) return damaged();
  const SiteKey site{{std::string(key.substr(0, first))}, {std::string(key.substr(first + 1, second - first - 1))}};
  const std::string_view rest = key.substr(second + 1);
  Entry& entry = sites_[site];
  if (rest.front() == word_mark) {  // words come first and in order: '#' sorts before ids, numbers are big-endian
    entry.now.intern(value);
    if (is_saved) entry.words_saved = entry.now.words();
    return {};
  }
  // Indices follow the order of the keys, which the view must not depend on: only ids are stored.
  const DeviceIndex device = entry.now.index_of(rest);
  if (!is_saved) {
    entry.changed.resize(std::max<std::size_t>(entry.changed.size(), device + 1));
    entry.changed[device] = true;
  }
  return decode(value, entry.now, device);
}

/// Folded from the beginning, the log says nothing of readings that were dropped: what was known where they end does.
Status SiteNowView::load_drops() {
  for (const EventLog::Drop& drop : log_.drops()) {
    auto done = known_at_drop(log_, drop.site, name(), [this](std::string_view key, std::string_view value) { return load_entry(key, value, false); });
    if (!done) return done;
  }
  return {};
}

void SiteNowView::apply(const Record& record) {
  if (!record.is_readings()) return;
  Entry& entry = sites_[record.envelope.site];
  fold(entry.now, record.readings(), record.envelope.position);
  for (const DeviceIndex device : entry.now.indices_of(record.readings().devices)) {
    if (device >= entry.changed.size()) entry.changed.resize(device + 1);
    entry.changed[device] = true;
  }
}

void SiteNowView::save(ViewBatch& batch) {
  for (auto& [site, entry] : sites_) {
    for (; entry.words_saved < entry.now.words(); ++entry.words_saved) {
      std::string key = key_of(site, std::string(1, word_mark));
      put_be64(key, entry.words_saved);
      batch.put(std::move(key), std::string(entry.now.word(static_cast<std::int64_t>(entry.words_saved))));
    }
    for (DeviceIndex device = 0; device < entry.changed.size(); ++device)
      if (entry.changed[device]) batch.put(key_of(site, entry.now.devices()[device].id.text), encode(entry.now.devices()[device]));
    entry.changed.clear();
  }
}

const SiteNow* SiteNowView::site(const SiteKey& key) const {
  const auto found = sites_.find(key);
  return found == sites_.end() ? nullptr : &found->second.now;
}

}  // namespace heliograph
