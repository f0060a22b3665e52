// How sites come back: snapshot first, then the log after it, folded and not decided again.
#include "actors/site_actor.hpp"

namespace heliograph {
namespace {

using Sites = std::map<SiteKey, RecoveredSite>;

/// A snapshot that cannot be read counts as none: the log says the same, only slower.
Status read_snapshots(const ViewStore& views, Sites& sites) {
  return views.scan(snapshot_view, "", "", [&](std::string_view key, std::string_view value) {
    const auto slash = key.find('/');
    const SiteKey site{{std::string(key.substr(0, slash))}, {std::string(key.substr(slash + 1))}};
    RecoveredSite recovered{Site(site), 0};
    if (value.size() > 8)
      if (auto restored = Site::restore(value.substr(8))) recovered = {std::move(*restored), get_be64(value)};
    sites.insert_or_assign(site, std::move(recovered));
    return true;
  });
}

Status fold_log(const EventLog& log, Sites& sites, const SiteKey* only) {
  // Every site saves an entry before its first fact (spawn_site), so a site that is not among the snapshots has none
  // before the oldest of them.
  Position from = log.durable() + 1;
  for (const auto& [key, site] : sites) from = std::min(from, site.covered + 1);
  if (sites.empty()) from = 1;
  auto done = log.scan(from, log.durable(), Part::all, [&](const RecordPtr& record) {
    const SiteKey& key = record->envelope.site;
    if (key.site.empty() || (only != nullptr && key != *only)) return true;
    const auto found = sites.try_emplace(key, RecoveredSite{Site(key), 0}).first;
    if (record->envelope.position > found->second.covered) found->second.site.evolve(record);
    return true;
  });
  if (!done) return done;
  for (auto& [key, site] : sites) {
    site.site.settle();
    site.covered = log.durable();
  }
  return {};
}

}  // namespace

Result<Sites> recover_sites(const EventLog& log, const ViewStore& views) {
  Sites sites;
  if (auto done = read_snapshots(views, sites); !done) return fail(done.error());
  if (auto done = fold_log(log, sites, nullptr); !done) return fail(done.error());
  return sites;
}

Result<RecoveredSite> recover_site(const EventLog& log, const ViewStore& views, const SiteKey& key) {
  Sites all, sites;
  if (auto done = read_snapshots(views, all); !done) return fail(done.error());
  if (const auto found = all.find(key); found != all.end()) sites.insert(std::move(*found));
  if (auto done = fold_log(log, sites, &key); !done) return fail(done.error());
  return std::move(sites.try_emplace(key, RecoveredSite{Site(key), log.durable()}).first->second);
}

}  // namespace heliograph
