#include "projections/series_pending.hpp"

namespace heliograph {

void PendingView::hand_over(ViewBatch& batch) {
  handed_over_ = std::move(changes_);
  changes_.clear();
  for (const auto& [key, value] : handed_over_) batch.put(key, value);
}

void PendingView::forget() {
  changes_.clear();
  handed_over_.clear();
}

Result<std::optional<std::string>> PendingView::get(const std::string& key) const {
  for (const Entries* entries : {&changes_, &handed_over_})
    if (const auto found = entries->find(key); found != entries->end()) return std::optional(found->second);
  return store_.get(view_, key);
}

Result<PendingView::Entries> PendingView::range(const std::string& from, const std::string& to) const {
  Entries found;
  const auto status = store_.scan(view_, from, to, [&found](std::string_view key, std::string_view value) {
    found.emplace_hint(found.end(), key, value);
    return true;
  });
  if (!status) return fail(status.error());
  for (const Entries* entries : {&handed_over_, &changes_})
    for (auto entry = entries->lower_bound(from); entry != entries->end() && entry->first < to; ++entry)
      found.insert_or_assign(entry->first, entry->second);
  return found;
}

Result<std::optional<PendingView::Entries::value_type>> PendingView::last(const std::string& from,
                                                                         const std::string& to) const {
  std::map<std::string, std::string> found;  // the last of each layer; an upper layer replaces the same key
  const auto status = store_.scan_back(view_, from, to, [&found](std::string_view key, std::string_view value) {
    found.emplace(key, value);
    return false;
  });
  if (!status) return fail(status.error());
  for (const Entries* entries : {&handed_over_, &changes_}) {
    const auto end = entries->lower_bound(to);
    if (end == entries->begin() || std::prev(end)->first < from) continue;
    found.insert_or_assign(std::prev(end)->first, std::prev(end)->second);
  }
  if (found.empty()) return std::optional<Entries::value_type>();
  return std::optional<Entries::value_type>(*found.rbegin());
}

}  // namespace heliograph
