// What is so: the facts about people folded, and asked for.
#include <algorithm>

#include "actors/core/people.hpp"

namespace heliograph {

void Kept::newest(RecordPtr record) {
  const std::size_t type = record->event().index();
  drop([type](const Event& event) { return event.index() == type; });
  add(std::move(record));
}

void People::evolve(const RecordPtr& record) {
  if (record->is_readings() || !record->envelope.site.site.empty()) return;
  std::visit([&](const auto& event) { fold(record, event); }, record->event());
}

std::vector<RecordPtr> People::kept() const {
  std::vector<RecordPtr> all(failures_.begin(), failures_.end());
  const auto add = [&](const Kept& kept) { all.insert(all.end(), kept.records().begin(), kept.records().end()); };
  for (const auto& [id, tenant] : tenants_) all.push_back(tenant.record);
  for (const auto& [id, user] : users_) add(user.kept);
  for (const auto& [id, session] : sessions_) add(session.kept);
  for (const auto& [id, key] : keys_) all.push_back(key.made);
  std::sort(all.begin(), all.end(), [](const RecordPtr& a, const RecordPtr& b) { return a->envelope.position < b->envelope.position; });
  return all;
}

// ---- folding

/// What is kept of somebody may begin with their password: who they are was said again later.
User& People::user_of(const RecordPtr& record, const UserId& id) {
  User& user = users_[{record->envelope.site.tenant, id}];
  user.tenant = record->envelope.site.tenant;
  return user;
}

void User::forget_invitation() {
  invitation.reset();
  kept.drop([](const Event& each) { return std::holds_alternative<InvitationMade>(each); });
}

void People::fold(const RecordPtr& record, const TenantConfigured& event) { tenants_[record->envelope.site.tenant] = {event, record}; }

void People::fold(const RecordPtr& record, const UserSaved& event) {
  User& user = user_of(record, event.user);
  // Who was invited as one thing does not come in as another.
  if (user.about.role != event.role || user.about.sites != event.sites || user.about.disabled != event.disabled) user.forget_invitation();
  user.about = event;
  user.version = record->envelope.position;
  user.kept.newest(record);
}

void People::fold(const RecordPtr& record, const UserRemoved& event) {
  users_.erase({record->envelope.site.tenant, event.user});
  std::erase_if(keys_, [&](const auto& each) { return each.second.tenant == record->envelope.site.tenant && each.second.about.user == event.user; });
}

void People::fold(const RecordPtr& record, const InvitationMade& event) {
  User& user = user_of(record, event.user);
  user.invitation = event;
  user.invited_by = record->envelope.principal;
  user.kept.newest(record);
}

void People::fold(const RecordPtr& record, const PasswordSet& event) {
  User& user = user_of(record, event.user);
  user.sealed_password = event.sealed;
  user.devices_from = std::max(user.devices_from, record->envelope.position);
  user.forget_invitation();
  user.kept.newest(record);
}

void People::fold(const RecordPtr& record, const TotpEnrolled& event) {
  User& user = user_of(record, event.user);
  user.totp = event;
  user.step_used = 0;
  user.backup_used.assign(event.backup_codes.size(), false);
  user.kept.drop([](const Event& each) { return std::holds_alternative<SecondFactorUsed>(each); });
  user.kept.newest(record);
}

void People::fold(const RecordPtr& record, const TotpRemoved& event) {
  User& user = user_of(record, event.user);
  user.totp.reset();
  user.step_used = 0;
  user.backup_used.clear();
  user.kept.drop([](const Event& each) { return std::holds_alternative<SecondFactorUsed>(each) || std::holds_alternative<TotpEnrolled>(each); });
}

void People::fold(const RecordPtr& record, const SecondFactorUsed& event) {
  User& user = user_of(record, event.user);
  if (event.backup_code < 0) {
    user.step_used = std::max(user.step_used, event.step);
    user.kept.drop([](const Event& each) {
      const auto* used = std::get_if<SecondFactorUsed>(&each);
      return used != nullptr && used->backup_code < 0;
    });
  } else if (const auto place = static_cast<std::size_t>(event.backup_code); place < user.backup_used.size()) {
    user.backup_used[place] = true;
  }
  user.kept.add(record);
}

void People::fold(const RecordPtr& record, const SessionBegan& event) {
  const Micros at = record->envelope.occurred_at;
  const TenantId& tenant = record->envelope.site.tenant;
  std::erase_if(sessions_, [at](const auto& each) { return each.second.about.expires_at <= at; });
  std::erase_if(failures_, [&](const RecordPtr& each) {  // who got in is forgiven, but for codes: those are counted over a day
    const auto& failed = std::get<LoginFailed>(each->event());
    return each->envelope.site.tenant == tenant && failed.user == event.user && failed.why != LoginFailure::second_factor;
  });
  Session& session = sessions_[event.session];
  session = {event, tenant, {}, at, at, 0};
  session.kept.add(record);
}

void People::fold(const RecordPtr& record, const SessionRefreshed& event) {
  const auto found = sessions_.find(event.session);
  if (found == sessions_.end()) return;
  Session& session = found->second;
  session.about.refresh_digest = event.refresh_digest;
  session.used = record->envelope.occurred_at;
  session.kept.newest(record);
}

void People::fold(const RecordPtr& record, const SessionSteppedUp& event) {
  const auto found = sessions_.find(event.session);
  if (found == sessions_.end()) return;
  found->second.stepped_up_until = event.until;
  found->second.kept.newest(record);
}

void People::fold(const RecordPtr& record, const SessionEnded& event) {
  sessions_.erase(event.session);
  if (!event.session.empty()) return;
  User& user = user_of(record, event.user);
  user.devices_from = std::max(user.devices_from, record->envelope.position);
  user.kept.newest(record);
}

/// "token-reused/anna": whose account it is about stands behind the stroke.
void People::fold(const RecordPtr& record, const AlertRaised& event) {
  User& user = user_of(record, {event.alert.substr(event.alert.find('/') + 1)});
  user.alerts.insert(event.alert);
  user.kept.add(record);
}

void People::fold(const RecordPtr& record, const AlertCleared& event) {
  User& user = user_of(record, {event.alert.substr(event.alert.find('/') + 1)});
  user.alerts.erase(event.alert);
  user.kept.drop([&](const Event& each) {
    const auto* raised = std::get_if<AlertRaised>(&each);
    return raised != nullptr && raised->alert == event.alert;
  });
}

void People::fold(const RecordPtr& record, const LoginFailed&) {
  while (!failures_.empty() && (failures_.front()->envelope.occurred_at <= record->envelope.occurred_at - day_us || failures_.size() >= failures_kept)) failures_.pop_front();
  failures_.push_back(record);
}

void People::fold(const RecordPtr& record, const ApiKeyMade& event) { keys_[event.key] = {event, record->envelope.site.tenant, record}; }

void People::fold(const RecordPtr&, const ApiKeyRevoked& event) { keys_.erase(event.key); }

// ---- asking

const TenantConfigured* People::tenant(const TenantId& tenant) const {
  const auto found = tenants_.find(tenant);
  return found == tenants_.end() ? nullptr : &found->second.about;
}

Position People::version_of(const TenantId& tenant) const {
  const auto found = tenants_.find(tenant);
  return found == tenants_.end() ? 0 : found->second.record->envelope.position;
}

std::vector<TenantId> People::tenants() const {
  std::vector<TenantId> out;
  for (const auto& [id, tenant] : tenants_) out.push_back(id);
  return out;
}

bool People::has_owner() const {
  return std::any_of(users_.begin(), users_.end(), [](const auto& each) { return each.first.first == home_tenant() && each.second.about.role == Role::owner && !each.second.about.disabled; });
}

const User* People::user(const TenantId& tenant, const UserId& user) const {
  const auto found = users_.find({tenant, user});
  return found == users_.end() ? nullptr : &found->second;
}

std::vector<const User*> People::users(const TenantId& tenant) const {
  std::vector<const User*> out;
  for (auto it = users_.lower_bound({tenant, {}}); it != users_.end() && it->first.first == tenant; ++it) out.push_back(&it->second);
  return out;
}

const Session* People::session(const SessionId& session) const {
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? nullptr : &found->second;
}

std::vector<const Session*> People::sessions(const TenantId& tenant, const UserId& user) const {
  std::vector<const Session*> out;
  for (const auto& [id, session] : sessions_)
    if (session.tenant == tenant && session.about.user == user) out.push_back(&session);
  return out;
}

const ApiKey* People::key(const ApiKeyId& key) const {
  const auto found = keys_.find(key);
  return found == keys_.end() ? nullptr : &found->second;
}

std::vector<const ApiKey*> People::keys(const TenantId& tenant) const {
  std::vector<const ApiKey*> out;
  for (const auto& [id, key] : keys_)
    if (key.tenant == tenant) out.push_back(&key);
  return out;
}

std::optional<Standing> People::standing(const SessionId& id, Micros at) const {
  const Session* session = this->session(id);
  if (session == nullptr || at >= session->about.expires_at) return std::nullopt;
  if (!session->about.remembered && at - session->used > session_idle) return std::nullopt;
  const User* user = this->user(session->tenant, session->about.user);
  if (user == nullptr || user->about.disabled) return std::nullopt;
  return Standing{session->tenant, {PrincipalKind::user, user->about.user.text}, may(user->about.role, session->tenant, user->about.sites), user->about.sites, id, at < session->stepped_up_until, user->about.user};
}

bool People::may_command_still(const SiteKey& site, const Principal& who, Micros at) const {
  const auto reaches = [&](const std::vector<SiteId>& sites) { return sites.empty() || std::find(sites.begin(), sites.end(), site.site) != sites.end(); };
  if (who.kind == PrincipalKind::apikey) {
    const auto key = standing(ApiKeyId{who.name}, at);
    return key && key->tenant == site.tenant && key->may.has(Permission::operate) && reaches(key->sites);
  }
  if (who.kind != PrincipalKind::user || users(site.tenant).empty()) return true;
  const User* user = this->user(site.tenant, {who.name});
  return user != nullptr && !user->about.disabled && may(user->about.role, site.tenant).has(Permission::operate) && reaches(user->about.sites);
}

std::optional<Standing> People::standing(const ApiKeyId& id, Micros at) const {
  const ApiKey* key = this->key(id);
  if (key == nullptr || (key->about.expires_at != 0 && at >= key->about.expires_at)) return std::nullopt;
  const User* maker = user(key->tenant, key->about.user);
  if (maker == nullptr || maker->about.disabled) return std::nullopt;
  May asked;
  for (const Permission each : key->about.may) asked.add(each);
  std::vector<SiteId> sites = key->about.sites.empty() ? maker->about.sites : key->about.sites;
  if (!key->about.sites.empty() && !maker->about.sites.empty()) {
    std::erase_if(sites, [&](const SiteId& each) { return std::find(maker->about.sites.begin(), maker->about.sites.end(), each) == maker->about.sites.end(); });
    if (sites.empty()) return std::nullopt;  // none is left: not the same as all
  }
  return Standing{key->tenant, {PrincipalKind::apikey, id.text}, asked & may(maker->about.role, key->tenant, sites) & may_of_keys(), std::move(sites), {}, false, maker->about.user};
}

}  // namespace heliograph
