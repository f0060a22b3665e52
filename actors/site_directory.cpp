#include "actors/site_directory.hpp"

#include <caf/all.hpp>

namespace heliograph {

SiteKey engine_site() { return {{"local"}, {"heliograph"}}; }

StopFlag SiteDirectory::stop_flag(const SiteKey& site) {
  const std::lock_guard lock(mutex_);
  auto& flag = flags_[site];
  if (!flag) flag = std::make_shared<StopSwitch>();
  return flag;
}

StopFlag SiteDirectory::known_flag(const SiteKey& site) {
  const std::lock_guard lock(mutex_);
  const auto found = flags_.find(site);
  return found == flags_.end() ? nullptr : found->second;
}

std::vector<SiteKey> SiteDirectory::sites() {
  const std::lock_guard lock(mutex_);
  std::vector<SiteKey> out;
  for (const auto& [site, flag] : flags_)
    if (site != engine_site()) out.push_back(site);
  return out;
}

std::vector<SiteKey> SiteDirectory::stop(const Meant& meant) {
  const std::lock_guard lock(mutex_);
  std::vector<SiteKey> out;
  for (const auto& [site, flag] : flags_) {
    if (site == engine_site() || !meant(site)) continue;
    flag->engage();
    out.push_back(site);
  }
  return out;
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

void bring(SiteDirectory& directory, const SupervisorActor& supervisor, const SiteKey& site, SiteCommand command, Reply reply, std::string trace) {
  // In memory first: from here on no energising command reaches a device of this site (H28). If the durable stop fails,
  // the flag stays: an unreadable state counts as stopped.
  const StopFlag flag = directory.known_flag(site);
  if (flag && std::holds_alternative<EngageStop>(command)) flag->engage();
  if (flag && std::holds_alternative<LiftStop>(command)) {
    reply = [flag, asked = flag->asked(), inner = std::make_shared<Reply>(std::move(reply))](Result<SiteReply> result) {
      if (result) flag->lift(asked);
      (*inner)(std::move(result));
    };
  }
  const bool urgent = std::holds_alternative<EngageStop>(command);
  auto message = std::make_shared<SiteRequest>(SiteRequest{std::move(command), std::move(reply), std::move(trace)});
  // Straight to the site; only the supervisor can make one, or is about to bring it back.
  const SiteActor actor = directory.find(site);
  if (actor && urgent) caf::anon_send<caf::message_priority::high>(actor, std::move(message));
  else if (actor) caf::anon_send(actor, std::move(message));
  else caf::anon_send(supervisor, site, std::move(message));
}

}  // namespace heliograph
