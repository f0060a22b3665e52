// Facts about people as messages of log.proto and back. Only events/codec.cpp includes this.
#pragma once

#include "events/messages.hpp"

namespace heliograph {

template <class Ids, class Message>
void pack_sites(const Ids& sites, Message& m) {
  for (const SiteId& site : sites) m.add_sites(site.text);
}
template <class Message>
std::vector<SiteId> unpack_sites(const Message& m) {
  std::vector<SiteId> sites;
  for (const std::string& site : m.sites()) sites.push_back({site});
  return sites;
}

inline log::TenantConfigured pack(const TenantConfigured& e) {
  log::TenantConfigured m;
  m.set_name(e.name);
  m.set_currency(e.currency);
  m.set_time_zone(e.time_zone);
  m.set_retention_days(e.retention_days);
  return m;
}
inline bool unpack(const log::TenantConfigured& m, TenantConfigured& e) {
  e = {m.name(), m.currency(), m.time_zone(), m.retention_days()};
  return true;
}

inline log::UserSaved pack(const UserSaved& e) {
  log::UserSaved m;
  m.set_user(e.user.text);
  m.set_name(e.name);
  m.set_mail(e.mail);
  m.set_role(static_cast<std::uint32_t>(e.role));
  pack_sites(e.sites, m);
  m.set_disabled(e.disabled);
  return m;
}
inline bool unpack(const log::UserSaved& m, UserSaved& e) {
  e = {{m.user()}, m.name(), m.mail(), Role::viewer, unpack_sites(m), m.disabled()};
  return take(m.role(), Role::owner, e.role);
}

inline log::UserRemoved pack(const UserRemoved& e) {
  log::UserRemoved m;
  m.set_user(e.user.text);
  return m;
}
inline bool unpack(const log::UserRemoved& m, UserRemoved& e) {
  e.user.text = m.user();
  return true;
}

inline log::InvitationMade pack(const InvitationMade& e) {
  log::InvitationMade m;
  m.set_user(e.user.text);
  m.set_token_digest(e.token_digest);
  m.set_expires_at_us(e.expires_at);
  return m;
}
inline bool unpack(const log::InvitationMade& m, InvitationMade& e) {
  e = {{m.user()}, m.token_digest(), m.expires_at_us()};
  return true;
}

inline log::PasswordSet pack(const PasswordSet& e) {
  log::PasswordSet m;
  m.set_user(e.user.text);
  m.set_sealed(e.sealed);
  return m;
}
inline bool unpack(const log::PasswordSet& m, PasswordSet& e) {
  e = {{m.user()}, m.sealed()};
  return true;
}

inline log::TotpEnrolled pack(const TotpEnrolled& e) {
  log::TotpEnrolled m;
  m.set_user(e.user.text);
  m.set_sealed(e.sealed);
  for (const std::string& code : e.backup_codes) m.add_backup_codes(code);
  return m;
}
inline bool unpack(const log::TotpEnrolled& m, TotpEnrolled& e) {
  e = {{m.user()}, m.sealed(), {m.backup_codes().begin(), m.backup_codes().end()}};
  return true;
}

inline log::TotpRemoved pack(const TotpRemoved& e) {
  log::TotpRemoved m;
  m.set_user(e.user.text);
  return m;
}
inline bool unpack(const log::TotpRemoved& m, TotpRemoved& e) {
  e.user.text = m.user();
  return true;
}

inline log::SecondFactorUsed pack(const SecondFactorUsed& e) {
  log::SecondFactorUsed m;
  m.set_user(e.user.text);
  m.set_step(e.step);
  m.set_backup_code(e.backup_code);
  return m;
}
inline bool unpack(const log::SecondFactorUsed& m, SecondFactorUsed& e) {
  e = {{m.user()}, m.step(), m.backup_code()};
  return true;
}

inline log::SessionBegan pack(const SessionBegan& e) {
  log::SessionBegan m;
  m.set_session(e.session.text);
  m.set_user(e.user.text);
  m.set_refresh_digest(e.refresh_digest);
  m.set_peer(e.peer);
  m.set_agent(e.agent);
  m.set_expires_at_us(e.expires_at);
  m.set_second_factor(e.second_factor);
  m.set_remembered(e.remembered);
  return m;
}
inline bool unpack(const log::SessionBegan& m, SessionBegan& e) {
  e = {{m.session()}, {m.user()}, m.refresh_digest(), m.peer(), m.agent(), m.expires_at_us(), m.second_factor(), m.remembered()};
  return true;
}

inline log::SessionRefreshed pack(const SessionRefreshed& e) {
  log::SessionRefreshed m;
  m.set_session(e.session.text);
  m.set_refresh_digest(e.refresh_digest);
  return m;
}
inline bool unpack(const log::SessionRefreshed& m, SessionRefreshed& e) {
  e = {{m.session()}, m.refresh_digest()};
  return true;
}

inline log::SessionSteppedUp pack(const SessionSteppedUp& e) {
  log::SessionSteppedUp m;
  m.set_session(e.session.text);
  m.set_until_us(e.until);
  return m;
}
inline bool unpack(const log::SessionSteppedUp& m, SessionSteppedUp& e) {
  e = {{m.session()}, m.until_us()};
  return true;
}

inline log::SessionEnded pack(const SessionEnded& e) {
  log::SessionEnded m;
  m.set_session(e.session.text);
  m.set_user(e.user.text);
  m.set_why(static_cast<std::uint32_t>(e.why));
  return m;
}
inline bool unpack(const log::SessionEnded& m, SessionEnded& e) {
  e.session.text = m.session(), e.user.text = m.user();
  return take(m.why(), SessionEnd::second_factor_changed, e.why);
}

inline log::LoginFailed pack(const LoginFailed& e) {
  log::LoginFailed m;
  m.set_user(e.user.text);
  m.set_peer(e.peer);
  m.set_why(static_cast<std::uint32_t>(e.why));
  return m;
}
inline bool unpack(const log::LoginFailed& m, LoginFailed& e) {
  e.user.text = m.user(), e.peer = m.peer();
  return take(m.why(), LoginFailure::locked, e.why);
}

inline log::ApiKeyMade pack(const ApiKeyMade& e) {
  log::ApiKeyMade m;
  m.set_key(e.key.text);
  m.set_user(e.user.text);
  m.set_name(e.name);
  m.set_digest(e.digest);
  for (const Permission each : e.may) m.add_may(static_cast<std::uint32_t>(each));
  pack_sites(e.sites, m);
  m.set_expires_at_us(e.expires_at);
  return m;
}
inline bool unpack(const log::ApiKeyMade& m, ApiKeyMade& e) {
  e = {{m.key()}, {m.user()}, m.name(), m.digest(), {}, unpack_sites(m), m.expires_at_us()};
  for (const std::uint32_t each : m.may())
    if (!take(each, Permission::manage_tenants, e.may.emplace_back())) return false;
  return true;
}

inline log::ApiKeyRevoked pack(const ApiKeyRevoked& e) {
  log::ApiKeyRevoked m;
  m.set_key(e.key.text);
  return m;
}
inline bool unpack(const log::ApiKeyRevoked& m, ApiKeyRevoked& e) {
  e.key.text = m.key();
  return true;
}

inline log::AccessRefused pack(const AccessRefused& e) {
  log::AccessRefused m;
  m.set_operation(e.operation);
  m.set_needed(e.needed);
  m.set_peer(e.peer);
  return m;
}
inline bool unpack(const log::AccessRefused& m, AccessRefused& e) {
  e = {m.operation(), m.needed(), m.peer()};
  return true;
}

}  // namespace heliograph
