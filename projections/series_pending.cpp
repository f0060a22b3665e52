#include "projections/series_pending.hpp"

namespace heliograph {

void PendingView::hand_over(ViewBatch& batch) {
  handed_over_ = std::move(changes_);
  changes_.clear();
  for (const auto& [key, value] : handed_over_) batch.changes[key] = value;
}

void PendingView::forget() {
  changes_.clear();
  handed_over_.clear();
}

const std::optional<std::string>* PendingView::changed(const std::string& key) const {
  for (const Changes* changes : {&changes_, &handed_over_})
    if (const auto found = changes->find(key); found != changes->end()) return &found->second;
  return nullptr;
}

Result<std::optional<std::string>> PendingView::get(const std::string& key) const {
  if (const auto* value = changed(key)) return *value;
  return store_.get(view_, key);
}

Result<PendingView::Entries> PendingView::range(const std::string& from, const std::string& to) const {
  Entries found;
  const auto status = store_.scan(view_, from, to, [&found](std::string_view key, std::string_view value) {
    found.emplace_hint(found.end(), key, value);
    return true;
  });
  if (!status) return fail(status.error());
  for (const Changes* changes : {&handed_over_, &changes_})
    for (auto change = changes->lower_bound(from); change != changes->end() && change->first < to; ++change) {
      if (change->second) found.insert_or_assign(change->first, *change->second);
      else found.erase(change->first);
    }
  return found;
}

Result<std::optional<PendingView::Entries::value_type>> PendingView::first(const std::string& from, const std::string& to) const {
  std::optional<Entries::value_type> found;
  const auto status = store_.scan(view_, from, to, [&](std::string_view key, std::string_view value) {
    if (changed(std::string(key)) != nullptr) return true;
    found.emplace(key, value);
    return false;
  });
  if (!status) return fail(status.error());
  for (const Changes* changes : {&handed_over_, &changes_})
    for (auto change = changes->lower_bound(from); change != changes->end() && change->first < (found ? found->first : to); ++change) {
      const auto* newest = changed(change->first);
      if (!*newest) continue;
      found.emplace(change->first, **newest);
      break;
    }
  return found;
}

Result<std::optional<PendingView::Entries::value_type>> PendingView::last(const std::string& from,
                                                                         const std::string& to) const {
  std::optional<Entries::value_type> found;
  const auto status = store_.scan_back(view_, from, to, [&](std::string_view key, std::string_view value) {
    if (changed(std::string(key)) != nullptr) return true;
    found.emplace(key, value);
    return false;
  });
  if (!status) return fail(status.error());
  for (const Changes* changes : {&handed_over_, &changes_})
    for (auto change = changes->lower_bound(to); change != changes->begin();) {
      --change;
      if (change->first < from || (found && change->first < found->first)) break;
      const auto* newest = changed(change->first);
      if (!*newest) continue;
      found.emplace(change->first, **newest);
      break;
    }
  return found;
}

}  // namespace heliograph
