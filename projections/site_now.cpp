#include "projections/site_now.hpp"

#include <algorithm>

namespace heliograph {

DeviceIndex SiteNow::index_of(std::string_view device) {
  if (const auto known = find(device)) return *known;
  const auto index = static_cast<DeviceIndex>(devices_.size());
  devices_.push_back(Device{DeviceId{std::string(device)}, {}, 0});
  index_.emplace(device, index);
  return index;
}

std::optional<DeviceIndex> SiteNow::find(std::string_view device) const {
  const auto found = index_.find(device);
  if (found == index_.end()) return std::nullopt;
  return found->second;
}

Latest SiteNow::site_metric(Metric metric) const {
  const auto better = [metric](const Latest& a, const Latest& b) {
    if (metric == Metric::soc_permille && a.value != b.value) return a.value < b.value;
    return a.at > b.at;
  };
  Latest best;
  for (const Device& device : devices_) {
    const Latest& candidate = device.latest[static_cast<std::size_t>(metric)];
    if (candidate.known() && (!best.known() || better(candidate, best))) best = candidate;
  }
  return best;
}

std::int64_t SiteNow::intern(std::string_view word) {
  if (const auto found = word_index_.find(word); found != word_index_.end()) return found->second;
  const auto index = static_cast<std::int64_t>(words_.size());
  words_.emplace_back(word);
  word_index_.emplace(word, index);
  return index;
}

std::string_view SiteNow::word(std::int64_t index) const {
  if (index < 0 || index >= static_cast<std::int64_t>(words_.size())) return {};
  return words_[static_cast<std::size_t>(index)];
}

void fold(SiteNow& now, const ReadingBatch& batch, Position base) {
  const auto devices = now.indices_of(batch.devices);
  std::vector<std::int64_t> words;
  words.reserve(batch.words.size());
  for (const std::string& word : batch.words) words.push_back(now.intern(word));
  std::array<bool, metric_slots> text{};
  for (const Column& column : batch.columns)
    text[static_cast<std::size_t>(column.metric)] = info(column.metric).kind == Kind::text;
  for (std::size_t row = 0; row < batch.size(); ++row) {  // row by row: what is known of a device lies together
    for (const Column& column : batch.columns) {
      std::int64_t value = column.values[row];
      if (value == missing) continue;
      if (text[static_cast<std::size_t>(column.metric)]) value = words[static_cast<std::size_t>(value)];
      now.fold(devices[batch.device_of[row]], column.metric, value, batch.at[row], base + row);
    }
  }
}

}  // namespace heliograph
