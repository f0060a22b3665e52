#include "actors/site_directory.hpp"

namespace heliograph {

StopFlag SiteDirectory::stop_flag(const SiteKey& site) {
  const std::lock_guard lock(mutex_);
  auto& flag = flags_[site];
  if (!flag) flag = std::make_shared<StopSwitch>();
  return flag;
}

void SiteDirectory::place(const SiteKey& site, SiteActor actor) {
  const std::lock_guard lock(mutex_);
  actors_[site] = std::move(actor);
}

void SiteDirectory::remove(const SiteKey& site) {
  const std::lock_guard lock(mutex_);
  actors_.erase(site);
}

SiteActor SiteDirectory::find(const SiteKey& site) {
  const std::lock_guard lock(mutex_);
  const auto found = actors_.find(site);
  return found == actors_.end() ? SiteActor() : found->second;
}

}  // namespace heliograph
