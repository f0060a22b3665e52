// What people may decide; how the facts fold is in people_fold.cpp.
#include "actors/core/people.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace heliograph {
namespace {

template <class Event>
std::string stream_of(const Event& event) {
  if constexpr (std::is_same_v<Event, SessionEnded>) return event.session.empty() ? "user-" + event.user.text : "session-" + event.session.text;
  else if constexpr (requires { event.session; }) return "session-" + event.session.text;
  else if constexpr (requires { event.key; }) return "key-" + event.key.text;
  else if constexpr (requires { event.alert; }) return "user-" + event.alert.substr(event.alert.find('/') + 1);
  else if constexpr (requires { event.user; }) return event.user.empty() ? "logins-failed" : "user-" + event.user.text;
  else return "tenant-settings";
}

tl::unexpected<Error> no_user(const UserId& user) { return fail(Errc::not_found, "There is no user \"" + user.text + "\"."); }

/// "192.168.1.7" -> "192.168.1."; an IPv6 address -> its first 64 bits. Who has one address there has many.
std::string network_of(const std::string& peer) {
  if (peer.find(':') == std::string::npos) return peer.substr(0, peer.rfind('.') + 1);
  std::array<char, 16> bytes{};
  return ::inet_pton(AF_INET6, peer.c_str(), bytes.data()) == 1 ? std::string(bytes.data(), 8) : peer;
}

/// The password was changed while an old one was being looked at.
bool is_outdated(const Login& login, const User& user) { return login.held_against != user.sealed_password; }

bool is_within(const std::vector<SiteId>& sites, const std::vector<SiteId>& reach) {
  if (reach.empty()) return true;
  return !sites.empty() && std::all_of(sites.begin(), sites.end(), [&](const SiteId& each) { return std::find(reach.begin(), reach.end(), each) != reach.end(); });
}

/// Who looks after some sites looks after nobody beyond them, not even themselves.
bool reaches(const People& people, const TenantId& tenant, const Principal& by, const UserSaved& whom) {
  const User* self = by.kind == PrincipalKind::user ? people.user(tenant, {by.name}) : nullptr;
  return self == nullptr || is_within(whom.sites, self->about.sites);
}
constexpr Micros reset_life = 15 * minute_us;  // of an invitation to choose another password: it opens an account that is in use
constexpr const char* beyond_reach = "Nobody looks after users of sites that they do not reach themselves: ask somebody who does.";
constexpr const char* last_owner = "This is the last owner who can log in and reaches every site: make another one first, and let them join.";

}  // namespace

Micros lock_after(std::size_t failures, std::size_t most, Micros last, Micros at) {
  if (failures < most) return 0;
  const std::size_t beyond = std::min<std::size_t>(failures - most, 20);
  return std::max<Micros>(0, last + std::min(longest_lock, second_us << beyond) - at);
}

template <class E>
Status People::say(Journal& journal, E event, const Principal& by, Micros at) {
  Draft draft;
  draft.stream = stream_of(event);
  draft.occurred_at = at;
  draft.principal = by;
  draft.correlation = journal.new_chain();
  draft.body = Event(std::move(event));
  auto record = journal.append(std::move(draft));
  if (!record) return fail(record.error());
  evolve(*record);
  return {};
}

Result<User*> People::find_user(const TenantId& tenant, const UserId& user) {
  const auto found = users_.find({tenant, user});
  if (found == users_.end()) return no_user(user);
  return &found->second;
}

/// Whether nobody who may everything, everywhere, could log in any more without them. An owner who was invited and never joined is no such one.
bool People::is_last_owner(const TenantId& tenant, const User& user) const {
  const auto opens = [](const User& each) { return each.about.role == Role::owner && each.about.sites.empty() && each.can_log_in(); };
  return opens(user) && std::count_if(users_.begin(), users_.end(), [&](const auto& each) { return each.first.first == tenant && opens(each.second); }) == 1;
}

/// Whether they may manage somebody of this role.
bool People::manages(const TenantId& tenant, const Principal& by, Role role) const {
  const May they = may_of(tenant, by);
  return they.has(Permission::manage_people) && they.all_of(may(role, tenant));
}

May People::may_of(const TenantId& tenant, const Principal& by) const {
  if (by.kind == PrincipalKind::user)
    if (const User* user = this->user(tenant, {by.name}); user != nullptr && !user->about.disabled) return may(user->about.role, tenant);
  // Whoever sets this house up, and the owner of the home tenant when it makes another one, acts as the system.
  return by.kind == PrincipalKind::system ? may(Role::owner, home_tenant()) : May{};
}

// ---- tenants and users

Status People::configure_tenant(const TenantConfigured& settings, const Principal& by, Micros at, Journal& journal) {
  if (settings.retention_days < 1 || settings.retention_days > 36'500)
    return fail(Errc::invalid, "Readings are kept for 1 to 36500 days.", "/retention_days");
  return say(journal, settings, by, at);
}

Status People::save_user(const TenantId& tenant, const UserSaved& about, const Principal& by, bool must_be_new, Micros at, Journal& journal) {
  const User* known = user(tenant, about.user);
  if (must_be_new && known != nullptr) return fail(Errc::conflict, "There is a user \"" + about.user.text + "\" already: take another name.", "/user");
  if (known == nullptr && users(tenant).size() >= users_of_tenant_max) return fail(Errc::refused, "The tenant has as many users as it can have.");
  if (!manages(tenant, by, about.role) || (known != nullptr && !manages(tenant, by, known->about.role)))
    return fail(Errc::refused, "Nobody gives, takes or changes a role that may more than their own: ask an owner.", "/role");
  if (!reaches(*this, tenant, by, about) || (known != nullptr && !reaches(*this, tenant, by, known->about))) return fail(Errc::refused, beyond_reach, "/sites");
  if (about.role == Role::node_user && about.sites.empty()) return fail(Errc::invalid, "A node_user belongs to sites: name them under \"sites\".", "/sites");
  if (known != nullptr && known->about == about) return {};
  if (known != nullptr && (about.role != Role::owner || about.disabled || !about.sites.empty()) && is_last_owner(tenant, *known)) return fail(Errc::refused, last_owner, "/role");
  const bool reach_changes = known != nullptr && (known->about.role != about.role || known->about.sites != about.sites || about.disabled);
  if (auto done = say(journal, about, by, at); !done) return done;
  return reach_changes ? end_all(tenant, about.user, {}, SessionEnd::access_changed, by, at, journal) : Status{};
}

Status People::remove_user(const TenantId& tenant, const UserId& id, const Principal& by, Micros at, Journal& journal) {
  const auto user = find_user(tenant, id);
  if (!user) return fail(user.error());
  const UserSaved& about = (*user)->about;
  if (!manages(tenant, by, about.role)) return fail(Errc::refused, "Nobody removes a user who may more than they: ask an owner.");
  if (!reaches(*this, tenant, by, about)) return fail(Errc::refused, beyond_reach);
  if (is_last_owner(tenant, **user)) return fail(Errc::refused, last_owner);
  if (auto done = end_all(tenant, id, {}, SessionEnd::access_changed, by, at, journal); !done) return done;
  if (auto done = clear_alerts(**user, by, at, journal); !done) return done;
  return say(journal, UserRemoved{id}, by, at);
}

Status People::invite(const TenantId& tenant, const UserId& id, std::string token_digest, const Principal& by, Micros at, Journal& journal) {
  const auto user = find_user(tenant, id);
  if (!user) return fail(user.error());
  if (!manages(tenant, by, (*user)->about.role)) return fail(Errc::refused, "Nobody lets in a user who may more than they: ask an owner.");
  if (!reaches(*this, tenant, by, (*user)->about)) return fail(Errc::refused, beyond_reach);
  const Micros life = (*user)->sealed_password.empty() ? invitation_life : reset_life;
  return say(journal, InvitationMade{id, std::move(token_digest), at + life}, by, at);
}

Status People::join(const TenantId& tenant, const UserId& id, const std::string& token_digest, std::string sealed, Micros at, Journal& journal) {
  const User* user = this->user(tenant, id);
  const auto* invitation = user != nullptr && user->invitation ? &*user->invitation : nullptr;
  const auto may_still_invite = [&] { return manages(tenant, user->invited_by, user->about.role) && reaches(*this, tenant, user->invited_by, user->about); };
  if (invitation == nullptr || invitation->token_digest != token_digest || at >= invitation->expires_at || user->about.disabled || !may_still_invite())
    return fail(Errc::not_found, "This invitation does not hold: it was used, is over, or was never made. Ask for a new one.", "/token");
  return set_password(tenant, id, std::move(sealed), {}, {PrincipalKind::user, id.text}, at, journal);
}

Status People::set_password(const TenantId& tenant, const UserId& id, std::string sealed, const SessionId& keep, const Principal& by, Micros at, Journal& journal) {
  if (const auto user = find_user(tenant, id); !user) return fail(user.error());
  if (auto done = say(journal, PasswordSet{id, std::move(sealed)}, by, at); !done) return done;
  return end_all(tenant, id, keep, SessionEnd::password_changed, by, at, journal);
}

Status People::enrol_totp(const TenantId& tenant, TotpEnrolled enrolled, std::int64_t step, const SessionId& keep, const Principal& by, Micros at, Journal& journal) {
  const UserId id = enrolled.user;
  if (const auto user = find_user(tenant, id); !user) return fail(user.error());
  if (auto done = say(journal, std::move(enrolled), by, at); !done) return done;
  if (auto done = say(journal, SecondFactorUsed{id, step, -1}, by, at); !done) return done;
  return end_all(tenant, id, keep, SessionEnd::second_factor_changed, by, at, journal);
}

Status People::remove_totp(const TenantId& tenant, const UserId& id, const SessionId& keep, const Principal& by, Micros at, Journal& journal) {
  const auto user = find_user(tenant, id);
  if (!user) return fail(user.error());
  if (!(*user)->totp) return fail(Errc::not_found, "There is no second factor to take away.");
  if (auto done = say(journal, TotpRemoved{id}, by, at); !done) return done;
  return end_all(tenant, id, keep, SessionEnd::second_factor_changed, by, at, journal);
}

// ---- logins and sessions

Micros People::locked_for(const TenantId& tenant, const UserId& user, const std::string& peer, bool known_device, Micros at) const {
  struct Count {
    std::size_t failures = 0;
    Micros last = 0;
    void add(Micros when) { ++failures, last = std::max(last, when); }
  };
  Count of_user, of_peer, of_network;
  std::vector<Micros> codes;  // wrong ones of the last day, oldest first
  for (const RecordPtr& record : failures_) {
    const auto& failed = std::get<LoginFailed>(record->event());
    const Micros when = record->envelope.occurred_at;
    const bool theirs = !user.empty() && failed.user == user && record->envelope.site.tenant == tenant;
    if (theirs && failed.why == LoginFailure::second_factor && when > at - day_us) codes.push_back(when);
    if (when <= at - failures_window) continue;
    if (theirs) of_user.add(when);
    if (failed.peer == peer) of_peer.add(when);
    if (network_of(failed.peer) == network_of(peer)) of_network.add(when);
  }
  Micros wait = lock_after(of_peer.failures, failures_of_peer_max, of_peer.last, at);
  // Somebody else's failures, elsewhere, do not keep out who has been here before.
  if (!known_device) wait = std::max({wait, lock_after(of_user.failures, failures_of_user_max, of_user.last, at), lock_after(of_network.failures, failures_of_network_max, of_network.last, at)});
  if (codes.size() >= codes_a_day_max) wait = std::max(wait, codes[codes.size() - codes_a_day_max] + day_us - at);
  return wait;
}

Status People::note_failure(const Login& login, LoginFailure why, Micros at, Journal& journal) {
  constexpr std::ptrdiff_t strangers_a_minute_max = 120;  // failures of names that nobody has: guessing names fills no log
  const bool known = user(login.tenant, login.user) != nullptr;
  const auto last_minute = std::count_if(failures_.begin(), failures_.end(), [at](const RecordPtr& each) { return each->envelope.occurred_at > at - minute_us; });
  if (!known && last_minute >= strangers_a_minute_max) return {};
  const UserId who = known ? login.user : UserId{};
  if (auto done = say(journal, LoginFailed{who, login.peer, why}, known ? Principal{PrincipalKind::user, who.text} : Principal{}, at); !done || !known) return done;
  const auto theirs = [&](Micros after, bool codes) {
    return static_cast<std::size_t>(std::count_if(failures_.begin(), failures_.end(), [&](const RecordPtr& each) {
      const auto& failed = std::get<LoginFailed>(each->event());
      return failed.user == who && each->envelope.site.tenant == login.tenant && each->envelope.occurred_at > after && (!codes || failed.why == LoginFailure::second_factor);
    }));
  };
  if (theirs(at - failures_window, false) >= failures_of_user_max)
    if (auto done = raise(login.tenant, who, "password-guessed", Severity::warning, "Somebody fails to log in as " + who.text + " again and again, last from " + login.peer + ".", at, journal); !done)
      return done;
  if (theirs(at - day_us, true) < codes_a_day_max) return {};
  return raise(login.tenant, who, "code-guessed", Severity::critical,
               "Somebody knows the password of " + who.text + " and guesses codes, last from " + login.peer + ": choose another password.", at, journal);
}

/// Once, until the user has logged in again.
Status People::raise(const TenantId& tenant, const UserId& id, std::string_view about, Severity severity, std::string text, Micros at, Journal& journal) {
  std::string alert = std::string(about) + "/" + id.text;
  const User* user = this->user(tenant, id);
  if (user == nullptr || user->alerts.contains(alert)) return {};
  return say(journal, AlertRaised{std::move(alert), severity, std::move(text)}, {PrincipalKind::system, {}}, at);
}

Status People::clear_alerts(const User& user, const Principal& by, Micros at, Journal& journal) {
  for (const std::string& alert : std::vector<std::string>(user.alerts.begin(), user.alerts.end()))
    if (auto done = say(journal, AlertCleared{alert}, by, at); !done) return done;
  return {};
}

/// Nothing when a code is not needed or was used up now; else how the proof falls short.
Result<std::optional<LoginRefusal>> People::use_code(const Login& login, const User& user, Micros at, Journal& journal) {
  using Answer = std::optional<LoginRefusal>;
  if (!user.totp) return Answer{};
  if (!login.code_given) return Answer{LoginRefusal::needs_code};
  const bool same_seed = login.seed_held_against == user.totp->sealed;
  const bool code = same_seed && login.step && *login.step > user.step_used;
  const auto place = same_seed && login.backup_code ? static_cast<std::size_t>(*login.backup_code) : user.backup_used.size();
  const bool backup = place < user.backup_used.size() && !user.backup_used[place];
  if (!code && !backup) {
    if (auto done = note_failure(login, LoginFailure::second_factor, at, journal); !done) return fail(done.error());
    return Answer{LoginRefusal::wrong};
  }
  const SecondFactorUsed used{login.user, code ? *login.step : 0, code ? -1 : *login.backup_code};
  if (auto done = say(journal, used, {PrincipalKind::user, login.user.text}, at); !done) return fail(done.error());
  return Answer{};
}

Result<LoginAnswer> People::log_in(const Login& login, const SessionId& fresh, Micros at, Journal& journal) {
  if (const Micros wait = locked_for(login.tenant, login.user, login.peer, login.known_device, at); wait > 0)
    return LoginAnswer{{}, LoginRefusal::locked, wait};
  const User* user = this->user(login.tenant, login.user);
  if (user == nullptr || !user->can_log_in() || !login.password_fits || is_outdated(login, *user)) {
    if (auto done = note_failure(login, LoginFailure::password, at, journal); !done) return fail(done.error());
    return LoginAnswer{};
  }
  const auto short_of = use_code(login, *user, at, journal);
  if (!short_of) return fail(short_of.error());
  if (*short_of) return LoginAnswer{{}, **short_of, 0};
  const Principal self{PrincipalKind::user, login.user.text};
  auto open = sessions(login.tenant, login.user);
  std::sort(open.begin(), open.end(), [](const Session* a, const Session* b) { return a->used < b->used; });
  for (std::size_t i = 0; i + sessions_of_user_max <= open.size(); ++i)
    if (auto done = end_session(login.tenant, SessionId(open[i]->about.session), SessionEnd::ended_by_user, self, at, journal); !done) return fail(done.error());
  SessionBegan began{fresh, login.user, login.refresh_digest, login.peer, login.agent, at + (login.remember ? remembered_life : session_life), user->totp.has_value(), login.remember};
  if (auto done = say(journal, std::move(began), self, at); !done) return fail(done.error());
  if (auto done = clear_alerts(*user, self, at, journal); !done) return fail(done.error());
  return LoginAnswer{fresh, LoginRefusal::wrong, 0};
}

Result<SessionId> People::refresh(const SessionId& id, const std::string& digest, std::string next, Micros at, Journal& journal) {
  const auto over = [] { return fail(Errc::refused, "The session is over: log in again."); };
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return over();
  const Session& session = found->second;
  const Principal self{PrincipalKind::user, session.about.user.text};
  if (digest != session.about.refresh_digest) {
    // Two have the same token, and one of them is not the user. Neither goes on.
    const TenantId tenant = session.tenant;
    const UserId user = session.about.user;
    if (auto done = end_session(tenant, id, SessionEnd::token_reused, self, at, journal); !done) return fail(done.error());
    auto told = raise(tenant, user, "token-reused", Severity::critical,
                      "A token of " + user.text + " came twice, so somebody else may have it: the session was ended. Is the computer clean that it was used on?", at, journal);
    return told ? over() : fail(told.error());
  }
  if (!standing(id, at)) return over();
  if (auto done = say(journal, SessionRefreshed{id, std::move(next)}, self, at); !done) return fail(done.error());
  return id;
}

Result<std::optional<LoginAnswer>> People::prove(const Login& proof, Micros at, Journal& journal) {
  using Answer = std::optional<LoginAnswer>;
  const User* user = this->user(proof.tenant, proof.user);
  if (user == nullptr) return Answer{LoginAnswer{}};
  if (const Micros wait = locked_for(proof.tenant, proof.user, proof.peer, true, at); wait > 0) return Answer{LoginAnswer{{}, LoginRefusal::locked, wait}};
  if (!proof.password_fits || is_outdated(proof, *user)) {
    if (auto done = note_failure(proof, LoginFailure::password, at, journal); !done) return fail(done.error());
    return Answer{LoginAnswer{}};
  }
  const auto short_of = use_code(proof, *user, at, journal);
  if (!short_of) return fail(short_of.error());
  return *short_of ? Answer{LoginAnswer{{}, **short_of, 0}} : Answer{};
}

Result<LoginAnswer> People::step_up(const SessionId& id, const Login& proof, Micros at, Journal& journal) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return fail(Errc::refused, "The session is over: log in again.");
  if (found->second.about.remembered)
    return fail(Errc::refused, "A session that is remembered for long does nothing dangerous: log in again without \"remember\".");
  const auto short_of = prove(proof, at, journal);
  if (!short_of) return fail(short_of.error());
  if (*short_of) return **short_of;
  if (auto done = say(journal, SessionSteppedUp{id, at + step_up_life}, {PrincipalKind::user, proof.user.text}, at); !done) return fail(done.error());
  return LoginAnswer{id, LoginRefusal::wrong, 0};
}

Status People::end_session(const TenantId& tenant, const SessionId& id, SessionEnd why, const Principal& by, Micros at, Journal& journal) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || found->second.tenant != tenant) return fail(Errc::not_found, "There is no such session: it is over already.");
  return say(journal, SessionEnded{id, found->second.about.user, why}, by, at);
}

Status People::end_all(const TenantId& tenant, const UserId& user, const SessionId& keep, SessionEnd why, const Principal& by, Micros at, Journal& journal) {
  std::vector<SessionId> over;
  for (const Session* session : sessions(tenant, user))
    if (session->about.session != keep) over.push_back(session->about.session);
  for (const SessionId& id : over)
    if (auto done = end_session(tenant, id, why, by, at, journal); !done) return done;
  return {};
}

Status People::log_out_everywhere(const TenantId& tenant, const UserId& id, const Principal& by, Micros at, Journal& journal) {
  if (const auto user = find_user(tenant, id); !user) return fail(user.error());
  if (auto done = end_all(tenant, id, {}, SessionEnd::ended_by_user, by, at, journal); !done) return done;
  return say(journal, SessionEnded{{}, id, SessionEnd::ended_by_user}, by, at);
}

Status People::end_sessions_of(const TenantId& tenant, const UserId& id, const Principal& by, Micros at, Journal& journal) {
  const auto user = find_user(tenant, id);
  if (!user) return fail(user.error());
  if (!manages(tenant, by, (*user)->about.role)) return fail(Errc::refused, "Nobody logs out a user who may more than they: ask an owner.");
  if (!reaches(*this, tenant, by, (*user)->about)) return fail(Errc::refused, beyond_reach);
  return log_out_everywhere(tenant, id, by, at, journal);
}

// ---- keys, and what was refused

Status People::make_key(const TenantId& tenant, const ApiKeyMade& made, const Standing& by, Micros at, Journal& journal) {
  May asked;
  for (const Permission each : made.may) asked.add(each);
  if (asked.none()) return fail(Errc::invalid, "A key that may nothing is no use: name permissions under \"may\".", "/may");
  if (!(may_of_keys() & by.may).all_of(asked)) return fail(Errc::refused, "A key gets only what keys can hold and you may yourself.", "/may");
  if (!is_within(made.sites, by.sites)) return fail(Errc::refused, "A key reaches only sites that you reach yourself: name them under \"sites\".", "/sites");
  if (made.expires_at != 0 && made.expires_at <= at) return fail(Errc::invalid, "\"expires_at\" is over already: take a time to come.", "/expires_at");
  const auto theirs = std::count_if(keys_.begin(), keys_.end(), [&](const auto& each) { return each.second.tenant == tenant && each.second.about.user == made.user; });
  if (static_cast<std::size_t>(theirs) >= keys_of_user_max) return fail(Errc::refused, "You have 50 keys: revoke one that is not used any more.");
  return say(journal, made, by.principal, at);
}

Status People::revoke_key(const TenantId& tenant, const ApiKeyId& id, const Principal& by, Micros at, Journal& journal) {
  const ApiKey* key = this->key(id);
  const bool own = key != nullptr && by.kind == PrincipalKind::user && by.name == key->about.user.text;
  if (key == nullptr || key->tenant != tenant || (!own && !may_of(tenant, by).has(Permission::manage_people)))
    return fail(Errc::not_found, "There is no such key: it was revoked already, or never made.");
  if (const User* maker = user(tenant, key->about.user); maker != nullptr && !own) {
    if (!manages(tenant, by, maker->about.role)) return fail(Errc::refused, "Nobody revokes a key of a user who may more than they: ask an owner.");
    if (!reaches(*this, tenant, by, maker->about)) return fail(Errc::refused, beyond_reach);
  }
  return say(journal, ApiKeyRevoked{id}, by, at);
}

Status People::refused_access(AccessRefused what, const Principal& who, Micros at, Journal& journal) { return say(journal, std::move(what), who, at); }

}  // namespace heliograph
