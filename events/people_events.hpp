// Facts about people: tenants, users, how they prove who they are, sessions, keys for machines. They belong to a tenant and to
// no site. What could be used to guess or copy a secret is sealed with a key that is not in the log (actors/people/secrets.hpp);
// digests are of random secrets of 256 bits, which nobody guesses.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "events/ids.hpp"
#include "events/time.hpp"

namespace heliograph {

struct UserTag { static constexpr const char* noun = "user"; };
struct SessionTag { static constexpr const char* noun = "session"; };
struct ApiKeyTag { static constexpr const char* noun = "API key"; };
using UserId = Id<UserTag>;
using SessionId = Id<SessionTag>;
using ApiKeyId = Id<ApiKeyTag>;

/// What a person is in a tenant; what each may do: actors/core/access.hpp.
enum class Role : std::uint8_t { viewer = 0, node_user, operate, auditor, admin, owner };

/// What a request may do. Numbers are stored (API keys name theirs): never renumber.
enum class Permission : std::uint8_t {
  see = 0,         // readings, devices, rules, alerts, commands, the stream, dry runs
  operate,         // ask for commands, answer approvals, stop, acknowledge alerts
  write_readings,  // bring readings in
  configure,       // sites, devices, rules, preferences
  lift,            // lift a stop, trust the clock again
  audit,           // who did what and why; export
  see_people,      // users, sessions and keys of the tenant
  manage_people,   // invite, change and remove them
  own_account,     // one's own password, second factor, sessions and keys: people only
  manage_tenant,   // the tenant's settings
  host,            // figures and errors of the whole process
  manage_tenants,  // make and see tenants
};
inline constexpr std::size_t permissions = 12;

struct TenantConfigured {
  std::string name;
  std::string currency = "EUR";      // ISO 4217: what a site gets that says nothing else
  std::string time_zone = "UTC";     // IANA name: likewise
  std::int32_t retention_days = 400;  // of readings; decisions are kept for ever
  bool operator==(const TenantConfigured&) const = default;
};

struct UserSaved {
  UserId user;
  std::string name, mail;      // as shown; mail may be empty
  Role role = Role::viewer;
  std::vector<SiteId> sites;   // only these; empty = every site of the tenant
  bool disabled = false;
  bool operator==(const UserSaved&) const = default;
};
struct UserRemoved {
  UserId user;
  bool operator==(const UserRemoved&) const = default;
};
/// Somebody may choose a password for this user with a one-time token: joining, or after one was forgotten.
struct InvitationMade {
  UserId user;
  std::string token_digest;  // SHA-256, 32 bytes
  Micros expires_at = 0;
  bool operator==(const InvitationMade&) const = default;
};
/// A new password ends every session and invitation of the user.
struct PasswordSet {
  UserId user;
  std::string sealed;  // the Argon2id string
  bool operator==(const PasswordSet&) const = default;
};
struct TotpEnrolled {
  UserId user;
  std::string sealed;                     // the seed, 20 bytes
  std::vector<std::string> backup_codes;  // a keyed digest of each, 32 bytes
  bool operator==(const TotpEnrolled&) const = default;
};
struct TotpRemoved {
  UserId user;
  bool operator==(const TotpRemoved&) const = default;
};
/// A time step or a backup code was used: neither opens anything again.
struct SecondFactorUsed {
  UserId user;
  std::int64_t step = 0;          // of 30 s since 1970; 0 = it was a backup code
  std::int32_t backup_code = -1;  // its place in TotpEnrolled
  bool operator==(const SecondFactorUsed&) const = default;
};

struct SessionBegan {
  SessionId session;
  UserId user;
  std::string refresh_digest;  // SHA-256, 32 bytes
  std::string peer, agent;     // address and User-Agent, as shown to the user
  Micros expires_at = 0;       // whatever happens
  bool second_factor = false;
  bool remembered = false;     // long, and never stepped up
  bool operator==(const SessionBegan&) const = default;
};
/// The refresh token was used, and is another from now on.
struct SessionRefreshed {
  SessionId session;
  std::string refresh_digest;
  bool operator==(const SessionRefreshed&) const = default;
};
/// The person has proved again who it is, for what is dangerous.
struct SessionSteppedUp {
  SessionId session;
  Micros until = 0;
  bool operator==(const SessionSteppedUp&) const = default;
};
enum class SessionEnd : std::uint8_t { logged_out = 0, ended_by_user, token_reused, password_changed, access_changed, second_factor_changed };
struct SessionEnded {
  SessionId session;  // empty: no session, but every device that the user was known by
  UserId user;
  SessionEnd why = SessionEnd::logged_out;
  bool operator==(const SessionEnded&) const = default;
};

enum class LoginFailure : std::uint8_t { password = 0, second_factor, locked };
/// `user` is empty for a name that nobody has: what was typed there may have been a password.
struct LoginFailed {
  UserId user;
  std::string peer;
  LoginFailure why = LoginFailure::password;
  bool operator==(const LoginFailed&) const = default;
};

struct ApiKeyMade {
  ApiKeyId key;
  UserId user;                          // who made it; it never may more than they may
  std::string name;
  std::string digest;                   // SHA-256 of the secret, 32 bytes
  std::vector<Permission> may;
  std::vector<SiteId> sites;            // only these; empty = every site of its maker
  Micros expires_at = 0;                // 0 = never
  bool operator==(const ApiKeyMade&) const = default;
};
struct ApiKeyRevoked {
  ApiKeyId key;
  bool operator==(const ApiKeyRevoked&) const = default;
};

/// Somebody who is known asked for what they may not. Written at most a few times a minute for each.
struct AccessRefused {
  std::string operation, needed, peer;
  bool operator==(const AccessRefused&) const = default;
};

std::string_view name(Role role);
std::string_view name(Permission permission);
std::string_view name(SessionEnd why);
std::string_view name(LoginFailure why);

}  // namespace heliograph
