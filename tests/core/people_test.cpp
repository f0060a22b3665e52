// People: who may do what, logins that are locked out, sessions that end, keys that never grow. Each call is one turn.
#include "actors/core/people.hpp"

#include <catch2/catch.hpp>

#include "tests/support/core_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

constexpr std::string_view office = "10.0.0.7";

struct House {
  TenantId tenant = home_tenant();
  People people;
  ListJournal journal{{home_tenant(), {}}};
  Micros at = monday_noon;
  int names = 0;

  template <class F>
  auto turn(const F& decide) {
    at = journal.begin(at);
    return decide(at);
  }
  House() {
    CHECK(turn([&](Micros t) { return people.save_user(tenant, {{"anna"}, "Anna", "anna@example.org", Role::owner, {}, false}, {}, true, t, journal); }));
    CHECK(password("anna"));
  }
  bool password(const std::string& user) {
    return turn([&](Micros t) { return people.set_password(tenant, {user}, "sealed " + user, {}, {PrincipalKind::user, user}, t, journal); }).has_value();
  }
  Status add(const std::string& user, Role role, std::vector<SiteId> sites = {}, const std::string& by = "anna") {
    auto done = turn([&](Micros t) { return people.save_user(tenant, {{user}, user, "", role, std::move(sites), false}, {PrincipalKind::user, by}, true, t, journal); });
    if (done) password(user);
    return done;
  }
  Status change(const std::string& user, Role role, bool disabled = false, const std::string& by = "anna") {
    UserSaved about = people.user(tenant, {user})->about;
    about.role = role, about.disabled = disabled;
    return turn([&](Micros t) { return people.save_user(tenant, about, {PrincipalKind::user, by}, false, t, journal); });
  }
  LoginAnswer log_in(Login login) {
    login.tenant = tenant;
    if (login.peer.empty()) login.peer = office;
    if (login.refresh_digest.empty()) login.refresh_digest = "digest " + std::to_string(names);
    const auto answer = turn([&](Micros t) { return people.log_in(login, {"s" + std::to_string(++names)}, t, journal); });
    REQUIRE(answer);
    return *answer;
  }
  LoginAnswer log_in(const std::string& user, bool fits = true) {
    Login login;
    login.user = {user}, login.password_fits = fits;
    return log_in(login);
  }
  Result<SessionId> refresh(const SessionId& session, const std::string& digest, const std::string& next) {
    return turn([&](Micros t) { return people.refresh(session, digest, next, t, journal); });
  }
  void enrol(const std::string& user) {
    TotpEnrolled enrolled{{user}, "sealed seed", std::vector<std::string>(10, std::string(32, 'x'))};
    REQUIRE(turn([&](Micros t) { return people.enrol_totp(tenant, enrolled, 100, {}, {PrincipalKind::user, user}, t, journal); }));
  }
  std::optional<Standing> standing(const SessionId& session) const { return people.standing(session, at); }
  /// What a start would make of the log, and of what a snapshot keeps of it.
  void check_recovery() const {
    People whole, from_kept;
    for (const RecordPtr& record : journal.records()) whole.evolve(record);
    for (const RecordPtr& record : people.kept()) from_kept.evolve(record);
    for (const People* other : {&whole, &from_kept}) {
      CHECK(other->kept() == people.kept());
      CHECK(other->users(tenant).size() == people.users(tenant).size());
      for (const User* user : people.users(tenant)) {
        const User* same = other->user(tenant, user->about.user);
        REQUIRE(same != nullptr);
        CHECK(same->about == user->about);
        CHECK(same->sealed_password == user->sealed_password);
        CHECK(same->totp == user->totp);
        CHECK(same->step_used == user->step_used);
        CHECK(same->backup_used == user->backup_used);
        CHECK(same->invitation == user->invitation);
        CHECK(other->locked_for(tenant, user->about.user, std::string(office), false, at) == people.locked_for(tenant, user->about.user, std::string(office), false, at));
        const auto theirs = people.sessions(tenant, user->about.user), same_sessions = other->sessions(tenant, user->about.user);
        REQUIRE(theirs.size() == same_sessions.size());
        for (std::size_t i = 0; i < theirs.size(); ++i) {
          CHECK(theirs[i]->about == same_sessions[i]->about);
          CHECK(theirs[i]->used == same_sessions[i]->used);
          CHECK(theirs[i]->digest_before == same_sessions[i]->digest_before);
          CHECK(theirs[i]->stepped_up_until == same_sessions[i]->stepped_up_until);
        }
      }
      CHECK(other->keys(tenant).size() == people.keys(tenant).size());
    }
  }
};

}  // namespace

TEST_CASE("roles: each may what it says, nobody in a tenant of their own may what is the house's") {
  using P = Permission;
  const TenantId home = home_tenant(), other{"north"};
  const auto table = [&](Role role) {
    std::string out;
    for (const P each : may(role, home).list()) out += std::string(name(each)) + " ";
    return out;
  };
  CHECK(table(Role::viewer) == "see own_account ");
  CHECK(table(Role::node_user) == "see operate own_account ");
  CHECK(table(Role::operate) == "see operate write_readings audit own_account ");
  CHECK(table(Role::auditor) == "see audit see_people own_account host ");
  CHECK(table(Role::admin) == "see operate write_readings configure lift audit see_people manage_people own_account host ");
  CHECK(table(Role::owner) == "see operate write_readings configure lift audit see_people manage_people own_account manage_tenant host manage_tenants ");
  for (const Role role : {Role::viewer, Role::node_user, Role::operate, Role::auditor, Role::admin, Role::owner}) {
    CHECK_FALSE(may(role, other).has(P::host));
    CHECK_FALSE(may(role, other).has(P::manage_tenants));
  }
  CHECK_FALSE(may_of_keys().has(P::own_account));
  CHECK_FALSE(may_of_keys().has(P::manage_people));
  CHECK_FALSE(may_of_keys().has(P::lift));
}

TEST_CASE("nobody gives, takes or changes a role that may more than their own, and the last owner stays") {
  House h;
  REQUIRE(h.add("ben", Role::admin));
  REQUIRE(h.add("vera", Role::viewer));
  CHECK_FALSE(h.add("eve", Role::owner, {}, "ben"));
  CHECK_FALSE(h.change("ben", Role::owner, false, "ben"));
  CHECK_FALSE(h.change("anna", Role::viewer, false, "ben"));
  CHECK_FALSE(h.add("eve", Role::viewer, {}, "vera"));
  CHECK(h.add("carl", Role::operate, {}, "ben"));
  CHECK_FALSE(h.change("anna", Role::admin));
  CHECK_FALSE(h.change("anna", Role::owner, true));
  CHECK_FALSE(h.turn([&](Micros t) { return h.people.remove_user(h.tenant, {"anna"}, {PrincipalKind::user, "anna"}, t, h.journal); }));
  CHECK_FALSE(h.turn([&](Micros t) { return h.people.remove_user(h.tenant, {"anna"}, {PrincipalKind::user, "ben"}, t, h.journal); }));
  REQUIRE(h.add("otto", Role::owner));
  CHECK(h.change("anna", Role::admin, false, "otto"));
  CHECK_FALSE(h.add("anna", Role::viewer));  // there is one
  CHECK_FALSE(h.add("nobody", Role::node_user));
  CHECK(h.add("nora", Role::node_user, {{"ranch"}}, "otto"));
  h.check_recovery();
}

TEST_CASE("who looks after some sites looks after nobody beyond them, not even themselves") {
  House h;
  REQUIRE(h.add("ben", Role::admin, {{"villa"}}));
  CHECK_FALSE(h.add("eve", Role::viewer, {}, "ben"));
  CHECK_FALSE(h.add("eve", Role::viewer, {{"barn"}}, "ben"));
  CHECK(h.add("eve", Role::viewer, {{"villa"}}, "ben"));
  UserSaved wider = h.people.user(h.tenant, {"ben"})->about;
  wider.sites.clear();
  CHECK_FALSE(h.turn([&](Micros t) { return h.people.save_user(h.tenant, wider, {PrincipalKind::user, "ben"}, false, t, h.journal); }));
  REQUIRE(h.add("carl", Role::admin));
  CHECK_FALSE(h.turn([&](Micros t) { return h.people.invite(h.tenant, {"carl"}, "token", {PrincipalKind::user, "ben"}, t, h.journal); }));
}

TEST_CASE("a login opens a session; what it may is looked up each time") {
  House h;
  REQUIRE(h.add("vera", Role::viewer, {{"villa"}}));
  const LoginAnswer in = h.log_in("vera");
  REQUIRE(in.session);
  const auto standing = h.standing(*in.session);
  REQUIRE(standing);
  CHECK(to_string(standing->principal) == "user:vera");
  CHECK(standing->may == may(Role::viewer, h.tenant));
  CHECK(standing->sites == std::vector<SiteId>{{"villa"}});
  CHECK_FALSE(standing->stepped_up);
  CHECK_FALSE(h.log_in("vera", false).session);
  CHECK_FALSE(h.log_in("nobody").session);
  REQUIRE(h.change("vera", Role::operate));
  CHECK_FALSE(h.standing(*in.session));  // the role changed: log in again
  const auto again = h.log_in("vera");
  REQUIRE(again.session);
  REQUIRE(h.change("vera", Role::operate, true));
  CHECK_FALSE(h.standing(*again.session));
  CHECK_FALSE(h.log_in("vera").session);
  h.check_recovery();
}

TEST_CASE("sessions end: by time, by idleness, by a password, by somebody, and a name that was typed wrong is not written down") {
  House h;
  const auto session = [&](bool remember = false) {
    Login login;
    login.user = {"anna"}, login.password_fits = true, login.remember = remember;
    return *h.log_in(login).session;
  };
  const SessionId idle = session(), busy = session(), remembered = session(true);
  for (int i = 0; i < 2; ++i) {
    h.at += 20 * minute_us;
    REQUIRE(h.refresh(busy, i == 0 ? h.people.session(busy)->about.refresh_digest : "b0", "b" + std::to_string(i)));
  }
  CHECK_FALSE(h.standing(idle));
  CHECK(h.standing(busy));
  h.at += 2 * day_us;
  CHECK_FALSE(h.standing(busy));
  CHECK(h.standing(remembered));
  h.at += 29 * day_us;
  CHECK_FALSE(h.standing(remembered));

  const SessionId mine = session(), other = session();
  REQUIRE(h.turn([&](Micros t) { return h.people.set_password(h.tenant, {"anna"}, "new", mine, {PrincipalKind::user, "anna"}, t, h.journal); }));
  CHECK(h.standing(mine));
  CHECK_FALSE(h.standing(other));
  REQUIRE(h.turn([&](Micros t) { return h.people.end_session(h.tenant, mine, SessionEnd::logged_out, {PrincipalKind::user, "anna"}, t, h.journal); }));
  CHECK_FALSE(h.standing(mine));
  CHECK_FALSE(h.turn([&](Micros t) { return h.people.end_session(h.tenant, mine, SessionEnd::logged_out, {PrincipalKind::user, "anna"}, t, h.journal); }));
  const SessionId foreign = session();
  CHECK_FALSE(h.turn([&](Micros t) { return h.people.end_session({"north"}, foreign, SessionEnd::ended_by_user, {PrincipalKind::user, "x"}, t, h.journal); }));

  h.log_in("my-secret-password-typed-as-name", false);
  for (const RecordPtr& record : h.journal.records()) CHECK(record->envelope.stream.find("typed-as-name") == std::string::npos);
  CHECK(std::get<LoginFailed>(h.journal.records().back()->event()).user.empty());
  h.check_recovery();
}

TEST_CASE("a refresh token is used once; used twice it ends the session (J9)") {
  House h;
  const SessionId s = *h.log_in("anna").session;
  const std::string first = h.people.session(s)->about.refresh_digest;
  REQUIRE(h.refresh(s, first, "second"));
  h.check_recovery();
  CHECK_FALSE(h.refresh(s, "guess", "x"));
  CHECK(h.standing(s));
  REQUIRE(h.refresh(s, "second", "third"));
  CHECK_FALSE(h.refresh(s, first, "x"));  // long gone: a guess like any other
  CHECK(h.standing(s));
  CHECK_FALSE(h.refresh(s, "second", "x"));  // the one before: two have it
  CHECK_FALSE(h.standing(s));
  CHECK(std::get<SessionEnded>(h.journal.records().back()->event()).why == SessionEnd::token_reused);
  CHECK_FALSE(h.refresh(s, "third", "x"));
  h.check_recovery();
}

TEST_CASE("wrong passwords lock the user, the address and its network, longer each time; a known device gets in (L1)") {
  House h;
  const auto wait = [&] { return h.people.locked_for(h.tenant, {"anna"}, "192.168.1.9", false, h.at); };
  for (int i = 0; i < 4; ++i) h.log_in("anna", false);
  CHECK(wait() == 0);
  h.log_in("anna", false);
  CHECK(wait() == second_us);
  const std::size_t before = h.journal.records().size();
  CHECK(h.log_in("anna").why == LoginRefusal::locked);  // though it fits
  CHECK(h.journal.records().size() == before);         // nothing new to say: the log is not for guessers to fill
  Login known;
  known.user = {"anna"}, known.password_fits = true, known.known_device = true, known.peer = "192.168.1.9";
  h.check_recovery();
  for (const Micros expected : {2, 4, 8, 16, 32, 64, 128, 256, 512, 900}) {
    h.at += wait();
    h.log_in("anna", false);
    if (wait() == 0) break;  // the first ones are older than the window by now
    CHECK(wait() <= expected * second_us);
  }
  h.at += 20 * minute_us;
  for (int i = 0; i < 7; ++i) h.at += wait(), h.log_in("anna", false);
  CHECK(wait() > 0);
  CHECK(h.log_in(known).session);
  CHECK(wait() == 0);  // who got in is forgiven

  House many;
  for (int i = 0; i < 20; ++i) many.log_in("user-" + std::to_string(i), false);
  CHECK(many.people.locked_for(many.tenant, {"anna"}, std::string(office), false, many.at) > 0);
  CHECK(many.people.locked_for(many.tenant, {"anna"}, "192.168.1.9", false, many.at) == 0);
  House spread;
  for (int i = 0; i < 100; ++i) {
    Login login;
    login.user = {"user-" + std::to_string(i)}, login.peer = "203.0.113." + std::to_string(i);
    spread.log_in(login);
  }
  CHECK(spread.people.locked_for(spread.tenant, {"anna"}, "203.0.113.200", false, spread.at) > 0);
  CHECK(spread.people.locked_for(spread.tenant, {"anna"}, "203.0.114.200", false, spread.at) == 0);
  spread.check_recovery();
}

TEST_CASE("a second factor: needed, each step and backup code once, guesses counted over a day (L3, L4, L6)") {
  House h;
  h.enrol("anna");
  Login login;
  login.user = {"anna"}, login.password_fits = true;
  CHECK(h.log_in(login).why == LoginRefusal::needs_code);
  login.code_given = true;
  CHECK_FALSE(h.log_in(login).session);
  login.step = 100;  // used at enrolment
  CHECK_FALSE(h.log_in(login).session);
  login.step = 101;
  const auto in = h.log_in(login);
  REQUIRE(in.session);
  CHECK(h.people.session(*in.session)->about.second_factor);
  CHECK_FALSE(h.log_in(login).session);
  login.step = 100;
  CHECK_FALSE(h.log_in(login).session);
  login.step.reset();
  login.backup_code = 3;
  CHECK(h.log_in(login).session);
  CHECK_FALSE(h.log_in(login).session);
  login.backup_code = 10;
  CHECK_FALSE(h.log_in(login).session);
  h.check_recovery();

  login.backup_code.reset();
  for (int i = 0; i < 30; ++i) {
    h.at += std::max(h.people.locked_for(h.tenant, {"anna"}, std::string(office), false, h.at), minute_us);
    h.log_in(login);
  }
  login.step = 500, login.known_device = true, login.peer = "198.51.100.1";
  CHECK(h.log_in(login).why == LoginRefusal::locked);  // too many codes for a day, from wherever
  h.at += day_us;
  CHECK(h.log_in(login).session);
  REQUIRE(h.turn([&](Micros t) { return h.people.remove_totp(h.tenant, {"anna"}, {}, {PrincipalKind::user, "anna"}, t, h.journal); }));
  CHECK(h.people.sessions(h.tenant, {"anna"}).empty());
  CHECK(h.log_in("anna").session);
  h.check_recovery();
}

TEST_CASE("stepping up: with the whole proof, for five minutes, and not for a session that is remembered") {
  House h;
  Login login;
  login.user = {"anna"}, login.password_fits = true, login.tenant = h.tenant, login.peer = office;
  const SessionId s = *h.log_in(login).session;
  const auto up = [&](const Login& proof, const SessionId& session) { return h.turn([&](Micros t) { return h.people.step_up(session, proof, t, h.journal); }); };
  Login wrong = login;
  wrong.password_fits = false;
  CHECK_FALSE(up(wrong, s)->session);
  REQUIRE(up(login, s)->session);
  CHECK(h.standing(s)->stepped_up);
  h.check_recovery();
  h.at += step_up_life;
  CHECK_FALSE(h.standing(s)->stepped_up);
  Login remembered = login;
  remembered.remember = true;
  const SessionId kept = *h.log_in(remembered).session;
  CHECK_FALSE(up(login, kept));
}

TEST_CASE("invitations: once, for three days, and not for who may more") {
  House h;
  const auto invite = [&](const std::string& user, const std::string& by) {
    return h.turn([&](Micros t) { return h.people.invite(h.tenant, {user}, "token of " + user, {PrincipalKind::user, by}, t, h.journal); });
  };
  const auto join = [&](const std::string& user, const std::string& token) { return h.turn([&](Micros t) { return h.people.join(h.tenant, {user}, token, "sealed", t, h.journal); }); };
  REQUIRE(h.add("ben", Role::admin));
  REQUIRE(h.turn([&](Micros t) { return h.people.save_user(h.tenant, {{"vera"}, "Vera", "", Role::viewer, {}, false}, {PrincipalKind::user, "ben"}, true, t, h.journal); }));
  CHECK_FALSE(h.log_in("vera").session);  // no password yet, whatever fits
  CHECK_FALSE(invite("anna", "ben"));
  REQUIRE(invite("vera", "ben"));
  h.check_recovery();
  CHECK_FALSE(join("vera", "another token"));
  CHECK_FALSE(join("ben", "token of vera"));
  REQUIRE(join("vera", "token of vera"));
  CHECK_FALSE(join("vera", "token of vera"));
  CHECK(h.log_in("vera").session);
  REQUIRE(invite("vera", "anna"));
  h.at += invitation_life;
  CHECK_FALSE(join("vera", "token of vera"));
  h.check_recovery();
}

TEST_CASE("keys: only what keys can hold and their maker may, and never more than their maker may today") {
  House h;
  REQUIRE(h.add("otto", Role::operate, {{"villa"}, {"barn"}}));
  const auto make = [&](const std::string& by, std::vector<Permission> may, std::vector<SiteId> sites = {}, Micros expires = 0) {
    const ApiKeyId id{"k" + std::to_string(++h.names)};
    const Standing who{h.tenant, {PrincipalKind::user, by}, heliograph::may(h.people.user(h.tenant, {by})->about.role, h.tenant), h.people.user(h.tenant, {by})->about.sites, {}, true};
    auto done = h.turn([&](Micros t) { return h.people.make_key(h.tenant, {id, {by}, "a machine", std::string(32, 'd'), std::move(may), std::move(sites), expires}, who, t, h.journal); });
    return done ? std::optional(id) : std::nullopt;
  };
  CHECK_FALSE(make("otto", {}));
  CHECK_FALSE(make("otto", {Permission::configure}, {{"villa"}}));
  CHECK_FALSE(make("anna", {Permission::manage_people}));
  CHECK_FALSE(make("anna", {Permission::own_account}));
  CHECK_FALSE(make("otto", {Permission::see}));                 // every site, and otto has two
  CHECK_FALSE(make("otto", {Permission::see}, {{"ranch"}}));
  CHECK_FALSE(make("anna", {Permission::see}, {}, h.at - 1));
  const auto key = make("otto", {Permission::see, Permission::operate}, {{"villa"}}, h.at + hour_us);
  REQUIRE(key);
  const auto standing = h.people.standing(*key, h.at);
  REQUIRE(standing);
  CHECK(standing->may == May{Permission::see, Permission::operate});
  CHECK(standing->principal == Principal{PrincipalKind::apikey, key->text});
  CHECK_FALSE(h.people.standing(*key, h.at + hour_us));
  REQUIRE(h.change("otto", Role::viewer));
  CHECK(h.people.standing(*key, h.at)->may == May{Permission::see});
  UserSaved moved = h.people.user(h.tenant, {"otto"})->about;
  moved.sites = {{"barn"}};
  REQUIRE(h.turn([&](Micros t) { return h.people.save_user(h.tenant, moved, {PrincipalKind::user, "anna"}, false, t, h.journal); }));
  CHECK_FALSE(h.people.standing(*key, h.at));
  h.check_recovery();
  REQUIRE(h.turn([&](Micros t) { return h.people.remove_user(h.tenant, {"otto"}, {PrincipalKind::user, "anna"}, t, h.journal); }));
  CHECK(h.people.key(*key) == nullptr);
  const auto mine = make("anna", {Permission::host});
  REQUIRE(mine);
  CHECK_FALSE(h.turn([&](Micros t) { return h.people.revoke_key({"north"}, *mine, {}, t, h.journal); }));
  CHECK(h.turn([&](Micros t) { return h.people.revoke_key(h.tenant, *mine, {PrincipalKind::user, "anna"}, t, h.journal); }));
  CHECK_FALSE(h.people.standing(*mine, h.at));
  h.check_recovery();
}

TEST_CASE("tenants do not share users, failures or sessions, and the same name is two people") {
  House h;
  ListJournal north({{"north"}, {}});
  const Micros t = north.begin(h.at);
  REQUIRE(h.people.save_user({"north"}, {{"anna"}, "Another Anna", "", Role::viewer, {}, false}, {PrincipalKind::system, "anna"}, true, t, north));
  CHECK(h.people.user({"north"}, {"anna"})->about.role == Role::viewer);
  CHECK(h.people.user(h.tenant, {"anna"})->about.role == Role::owner);
  for (int i = 0; i < 5; ++i) {
    Login login;
    login.tenant = {"north"}, login.user = {"anna"}, login.peer = "10.1." + std::to_string(i) + ".1";
    REQUIRE(h.people.log_in(login, {"x"}, t, north));
  }
  CHECK(h.people.locked_for({"north"}, {"anna"}, "10.9.9.9", false, t) > 0);
  CHECK(h.people.locked_for(h.tenant, {"anna"}, "10.9.9.9", false, t) == 0);
  CHECK(h.people.users({"north"}).size() == 1);
}
