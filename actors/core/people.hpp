// People as the log says: tenants, users, sessions, keys. Like a site it decides and folds, and knows no thread, clock, disk or
// secret: whether a password or a code fits is found out before (actors/people), what follows from it is decided here.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "actors/core/access.hpp"
#include "actors/core/journal.hpp"

namespace heliograph {

// Lock-out, as in docs/SECURITY.md.
inline constexpr Micros failures_window = 15 * minute_us;
inline constexpr std::size_t failures_of_user_max = 5, failures_of_peer_max = 20;
inline constexpr Micros longest_lock = 15 * minute_us;
inline constexpr std::size_t failures_of_network_max = 100, failures_kept = 10'000;
inline constexpr std::size_t codes_a_day_max = 20;  // wrong ones, of a user
/// 1, 2, 4 ... 900 s since the last failure, from the one that is too many; 0 = not locked.
Micros lock_after(std::size_t failures, std::size_t most, Micros last, Micros at);
inline constexpr Micros session_idle = 30 * minute_us;  // without a refresh; remembered ones do not tire
inline constexpr Micros session_life = 12 * hour_us, remembered_life = 30 * day_us, step_up_life = 5 * minute_us, invitation_life = 3 * day_us;
inline constexpr std::size_t sessions_of_user_max = 50, keys_of_user_max = 50, users_of_tenant_max = 10'000;

/// The records that something still rests on: folded again in order, they give the same. That is how people are kept over a start.
class Kept {
 public:
  void add(RecordPtr record) { records_.push_back(std::move(record)); }
  /// In place of the last of its type.
  void newest(RecordPtr record);
  template <class Unwanted>
  void drop(const Unwanted& unwanted) { std::erase_if(records_, [&](const RecordPtr& each) { return unwanted(each->event()); }); }
  const std::vector<RecordPtr>& records() const { return records_; }

 private:
  std::vector<RecordPtr> records_;
};

struct User {
  TenantId tenant;
  UserSaved about;
  Position version = 0;  // of `about`
  std::string sealed_password;
  std::optional<TotpEnrolled> totp;
  std::int64_t step_used = 0;
  std::vector<bool> backup_used;
  std::optional<InvitationMade> invitation;
  Principal invited_by;
  Position devices_from = 0;     // devices that were known before are strange again
  std::set<std::string> alerts;  // open ones about this account; over with the next login
  Kept kept;
  bool can_log_in() const { return !about.disabled && !sealed_password.empty(); }
  void forget_invitation();
};

struct Session {
  SessionBegan about;
  TenantId tenant;
  Kept kept;
  Micros began = 0, used = 0;
  Micros stepped_up_until = 0;
};

struct ApiKey {
  ApiKeyMade about;
  TenantId tenant;
  RecordPtr made;
};

/// Who asks, and what they may: the answer to a token or key that holds. Everything that a request may reach follows from it.
struct Standing {
  TenantId tenant;
  Principal principal;
  May may;
  std::vector<SiteId> sites;  // empty = every site of the tenant
  SessionId session;          // of a person
  bool stepped_up = false;
  UserId person = {};         // who it is, or who made the key
};

/// What a login has shown.
struct Login {
  TenantId tenant;
  UserId user;
  std::string peer, agent;
  bool known_device = false;   // has been logged in from: nobody else can lock it out
  bool password_fits = false;
  std::string held_against = {};       // the sealed password that it fits: by the time of the turn another may count
  bool code_given = false;
  std::string seed_held_against = {};  // the second factor as it was then, likewise
  std::optional<std::int64_t> step;       // the code's, if it fits and is new
  std::optional<std::int32_t> backup_code;  // its place, if it fits
  bool remember = false;
  std::string refresh_digest;
};

enum class LoginRefusal : std::uint8_t { wrong, needs_code, locked };
struct LoginAnswer {
  std::optional<SessionId> session;
  LoginRefusal why = LoginRefusal::wrong;
  Micros wait = 0;  // locked: try again after
};

class People {
 public:
  /// Facts that are not about people change nothing.
  void evolve(const RecordPtr& record);
  /// Every record that still matters, in order: all that a start has to fold.
  std::vector<RecordPtr> kept() const;

  // ---- what is so
  const TenantConfigured* tenant(const TenantId& tenant) const;
  Position version_of(const TenantId& tenant) const;  // of its settings; 0 = never set
  std::vector<TenantId> tenants() const;
  bool has_owner() const;  // of the home tenant
  const User* user(const TenantId& tenant, const UserId& user) const;
  std::vector<const User*> users(const TenantId& tenant) const;
  const Session* session(const SessionId& session) const;
  std::vector<const Session*> sessions(const TenantId& tenant, const UserId& user) const;
  const ApiKey* key(const ApiKeyId& key) const;
  std::vector<const ApiKey*> keys(const TenantId& tenant) const;
  /// Nothing when the session or key does not hold any more.
  std::optional<Standing> standing(const SessionId& session, Micros at) const;
  std::optional<Standing> standing(const ApiKeyId& key, Micros at) const;
  /// Whether whoever commanded something here may do so still. Rules, agents and devices are no people: they may; and so may everybody
  /// where nobody is known.
  bool may_command_still(const SiteKey& site, const Principal& who, Micros at) const;
  /// How long a login from there is refused before anything is looked at; 0 = not.
  Micros locked_for(const TenantId& tenant, const UserId& user, const std::string& peer, bool known_device, Micros at) const;

  // ---- what is decided; the journal is of the tenant's turn. Errors are for the person who asks.
  Status configure_tenant(const TenantConfigured& settings, const Principal& by, Micros at, Journal& journal);
  /// Makes or changes a user. Taking away a right ends the sessions that had it. The last owner stays.
  Status save_user(const TenantId& tenant, const UserSaved& about, const Principal& by, bool must_be_new, Micros at, Journal& journal);
  Status remove_user(const TenantId& tenant, const UserId& user, const Principal& by, Micros at, Journal& journal);
  Status invite(const TenantId& tenant, const UserId& user, std::string token_digest, const Principal& by, Micros at, Journal& journal);
  /// By the token of an invitation. Errors: not_found for one that is not, was used or has expired.
  Status join(const TenantId& tenant, const UserId& user, const std::string& token_digest, std::string sealed, Micros at, Journal& journal);
  /// `keep`: the session that asked.
  Status set_password(const TenantId& tenant, const UserId& user, std::string sealed, const SessionId& keep, const Principal& by, Micros at, Journal& journal);
  Status enrol_totp(const TenantId& tenant, TotpEnrolled enrolled, std::int64_t step, const SessionId& keep, const Principal& by, Micros at, Journal& journal);
  Status remove_totp(const TenantId& tenant, const UserId& user, const SessionId& keep, const Principal& by, Micros at, Journal& journal);
  Result<LoginAnswer> log_in(const Login& login, const SessionId& fresh, Micros at, Journal& journal);
  /// The refresh token with this digest is used up, and `next` takes its place. Requires: the token was made here for this session;
  /// so if it is not the newest, it was used before, however long ago: two have it, and the session ends.
  Result<SessionId> refresh(const SessionId& session, const std::string& digest, std::string next, Micros at, Journal& journal);
  /// Whether a person who is logged in has proved again who they are: nothing when so, else how it falls short.
  Result<std::optional<LoginAnswer>> prove(const Login& proof, Micros at, Journal& journal);
  /// The session holds what is dangerous for a while. Errors: refused for one that is over or is remembered for long.
  Result<LoginAnswer> step_up(const SessionId& session, const Login& proof, Micros at, Journal& journal);
  Status end_session(const TenantId& tenant, const SessionId& session, SessionEnd why, const Principal& by, Micros at, Journal& journal);
  Status end_all(const TenantId& tenant, const UserId& user, const SessionId& keep, SessionEnd why, const Principal& by, Micros at, Journal& journal);
  /// Every session, and every device that the user was known by.
  Status log_out_everywhere(const TenantId& tenant, const UserId& user, const Principal& by, Micros at, Journal& journal);
  /// The same, by somebody who looks after this user.
  Status end_sessions_of(const TenantId& tenant, const UserId& user, const Principal& by, Micros at, Journal& journal);
  Status make_key(const TenantId& tenant, const ApiKeyMade& made, const Standing& by, Micros at, Journal& journal);
  /// One's own, or of somebody whom they look after.
  Status revoke_key(const TenantId& tenant, const ApiKeyId& key, const Principal& by, Micros at, Journal& journal);
  Status refused_access(AccessRefused what, const Principal& who, Micros at, Journal& journal);

 private:
  using UserKey = std::pair<TenantId, UserId>;
  Result<User*> find_user(const TenantId& tenant, const UserId& user);
  template <class E>
  Status say(Journal& journal, E event, const Principal& by, Micros at);
  bool manages(const TenantId& tenant, const Principal& by, Role role) const;
  May may_of(const TenantId& tenant, const Principal& by) const;
  Status note_failure(const Login& login, LoginFailure why, Micros at, Journal& journal);
  Status raise(const TenantId& tenant, const UserId& user, std::string_view about, Severity severity, std::string text, Micros at, Journal& journal);
  Status clear_alerts(const User& user, const Principal& by, Micros at, Journal& journal);
  Result<std::optional<LoginRefusal>> use_code(const Login& login, const User& user, Micros at, Journal& journal);
  bool is_last_owner(const TenantId& tenant, const User& user) const;
  User& user_of(const RecordPtr& record, const UserId& id);
  template <class E>
  void fold(const RecordPtr&, const E&) {}  // not about people
  void fold(const RecordPtr& record, const TenantConfigured& event);
  void fold(const RecordPtr& record, const UserSaved& event);
  void fold(const RecordPtr& record, const UserRemoved& event);
  void fold(const RecordPtr& record, const InvitationMade& event);
  void fold(const RecordPtr& record, const PasswordSet& event);
  void fold(const RecordPtr& record, const TotpEnrolled& event);
  void fold(const RecordPtr& record, const TotpRemoved& event);
  void fold(const RecordPtr& record, const SecondFactorUsed& event);
  void fold(const RecordPtr& record, const SessionBegan& event);
  void fold(const RecordPtr& record, const SessionRefreshed& event);
  void fold(const RecordPtr& record, const SessionSteppedUp& event);
  void fold(const RecordPtr& record, const SessionEnded& event);
  void fold(const RecordPtr& record, const LoginFailed& event);
  void fold(const RecordPtr& record, const AlertRaised& event);
  void fold(const RecordPtr& record, const AlertCleared& event);
  void fold(const RecordPtr& record, const ApiKeyMade& event);
  void fold(const RecordPtr& record, const ApiKeyRevoked& event);

  struct Tenant {
    TenantConfigured about;
    RecordPtr record;
  };
  std::map<TenantId, Tenant> tenants_;
  std::map<UserKey, User> users_;
  std::map<SessionId, Session> sessions_;
  std::map<ApiKeyId, ApiKey> keys_;
  std::deque<RecordPtr> failures_;  // login.failed of the last day, at most failures_kept
};

}  // namespace heliograph
