// People: who may do what, logins that are locked out, sessions that end, keys that never grow. Each call is one turn.
#include "actors/core/people.hpp"

#include <catch2/catch.hpp>

#include "actors/core/strangers.hpp"
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
  /// As a proof is looked at: against the password and the second factor of now.
  void hold_against(Login& login) const {
    const User* user = people.user(tenant, login.user);
    if (user == nullptr) return;
    if (login.held_against.empty()) login.held_against = user->sealed_password;
    if (login.seed_held_against.empty() && user->totp) login.seed_held_against = user->totp->sealed;
  }
  LoginAnswer log_in(Login login) {
    login.tenant = tenant;
    if (login.peer.empty()) login.peer = office;
    hold_against(login);
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
    TotpEnrolled enrolled{{user}, "sealed seed " + std::to_string(++names), std::vector<std::string>(10, std::string(32, 'x'))};
    REQUIRE(turn([&](Micros t) { return people.enrol_totp(tenant, enrolled, 100, {}, {PrincipalKind::user, user}, t, journal); }));
  }
  bool raised(const std::string& alert) const {
    return std::any_of(journal.records().begin(), journal.records().end(), [&](const RecordPtr& each) {
      const auto* event = std::get_if<AlertRaised>(&each->event());
      return event != nullptr && event->alert == alert;
    });
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
        CHECK(same->devices_from == user->devices_from);
        CHECK(same->alerts == user->alerts);
        CHECK(other->locked_for(tenant, user->about.user, std::string(office), false, at) == people.locked_for(tenant, user->about.user, std::string(office), false, at));
        const auto theirs = people.sessions(tenant, user->about.user), same_sessions = other->sessions(tenant, user->about.user);
        REQUIRE(theirs.size() == same_sessions.size());
        for (std::size_t i = 0; i < theirs.size(); ++i) {
          CHECK(theirs[i]->about == same_sessions[i]->about);
          CHECK(theirs[i]->used == same_sessions[i]->used);
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

TEST_CASE("an invitation opens what it was made for, and only while its maker may make it") {
  House h;
  const auto invite = [&](const std::string& user, const std::string& by) {
    return h.turn([&](Micros t) { return h.people.invite(h.tenant, {user}, "token of " + user, {PrincipalKind::user, by}, t, h.journal); });
  };
  const auto join = [&](const std::string& user) { return h.turn([&](Micros t) { return h.people.join(h.tenant, {user}, "token of " + user, "sealed", t, h.journal); }); };
  REQUIRE(h.add("ada", Role::admin));
  REQUIRE(h.add("zoe", Role::viewer, {}, "ada"));
  REQUIRE(invite("zoe", "ada"));
  REQUIRE(h.change("zoe", Role::owner));
  CHECK_FALSE(join("zoe"));  // ada would be owner
  REQUIRE(h.add("vera", Role::viewer, {}, "ada"));
  REQUIRE(invite("vera", "ada"));
  UserSaved renamed = h.people.user(h.tenant, {"vera"})->about;
  renamed.name = "Vera";
  REQUIRE(h.turn([&](Micros t) { return h.people.save_user(h.tenant, renamed, {PrincipalKind::user, "anna"}, false, t, h.journal); }));
  h.check_recovery();
  CHECK(join("vera"));  // another name is nothing to that
  REQUIRE(h.add("adam", Role::admin, {}, "ada"));
  REQUIRE(invite("adam", "ada"));
  REQUIRE(h.change("ada", Role::admin, true));
  CHECK_FALSE(join("adam"));
  REQUIRE(h.change("ada", Role::viewer, false));
  CHECK_FALSE(join("adam"));
  REQUIRE(h.change("ada", Role::admin, false));
  CHECK(join("adam"));
}

TEST_CASE("an owner who never joined, or reaches some sites only, is not the one who may stay alone") {
  House h;
  REQUIRE(h.turn([&](Micros t) { return h.people.save_user(h.tenant, {{"oscar"}, "Oscar", "", Role::owner, {}, false}, {PrincipalKind::user, "anna"}, true, t, h.journal); }));
  const auto remove_anna = [&] { return h.turn([&](Micros t) { return h.people.remove_user(h.tenant, {"anna"}, {PrincipalKind::user, "anna"}, t, h.journal); }); };
  CHECK_FALSE(remove_anna());
  CHECK_FALSE(h.change("anna", Role::admin));
  UserSaved narrow = h.people.user(h.tenant, {"anna"})->about;
  narrow.sites = {{"barn"}};
  CHECK_FALSE(h.turn([&](Micros t) { return h.people.save_user(h.tenant, narrow, {PrincipalKind::user, "anna"}, false, t, h.journal); }));
  REQUIRE(h.add("otto", Role::owner, {{"barn"}}));
  CHECK_FALSE(remove_anna());
  REQUIRE(h.password("oscar"));
  CHECK(remove_anna());
  h.check_recovery();
}

TEST_CASE("who reaches some sites has no say in what concerns all of the tenant") {
  House h;
  REQUIRE(h.add("otto", Role::owner, {{"barn"}}));
  const auto otto = h.standing(*h.log_in("otto").session), anna = h.standing(*h.log_in("anna").session);
  REQUIRE(otto);
  for (const Permission each : {Permission::manage_tenant, Permission::manage_tenants, Permission::host}) {
    CHECK_FALSE(otto->may.has(each));
    CHECK(anna->may.has(each));
  }
  CHECK(otto->may.has(Permission::manage_people));
}

TEST_CASE("who commanded something may still do so as long as they are there, and may") {
  House h;
  const SiteKey villa_here{h.tenant, {"villa"}}, barn{h.tenant, {"barn"}};
  const auto still = [&](const std::string& user, const SiteKey& site) { return h.people.may_command_still(site, {PrincipalKind::user, user}, h.at); };
  CHECK(People().may_command_still(barn, {PrincipalKind::user, "anybody"}, h.at));  // nobody is known there
  CHECK_FALSE(still("op", villa_here));
  REQUIRE(h.add("op", Role::operate, {{"villa"}}));
  CHECK(still("op", villa_here));
  CHECK_FALSE(still("op", barn));
  REQUIRE(h.change("op", Role::operate, true));
  CHECK_FALSE(still("op", villa_here));
  REQUIRE(h.change("op", Role::viewer, false));
  CHECK_FALSE(still("op", villa_here));
  CHECK_FALSE(h.people.may_command_still(villa_here, {PrincipalKind::apikey, "gone"}, h.at));
  CHECK(h.people.may_command_still(villa_here, {PrincipalKind::rule, "guard"}, h.at));
}

TEST_CASE("a login opens a session, what it may is looked up each time") {
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

TEST_CASE("J9: a refresh token is used once, any older one ends the session, however often it was turned since", "[reliability]") {
  for (const int turns : {1, 2, 7}) {
    House h;
    const SessionId s = *h.log_in("anna").session, other = *h.log_in("anna").session;
    const std::string first = h.people.session(s)->about.refresh_digest;
    for (int i = 0; i < turns; ++i) REQUIRE(h.refresh(s, i == 0 ? first : "turn " + std::to_string(i - 1), "turn " + std::to_string(i)));
    h.check_recovery();
    CHECK(h.standing(s));
    CHECK_FALSE(h.refresh(s, first, "thief"));
    CHECK_FALSE(h.standing(s));
    CHECK(h.standing(other));  // another session is another family
    const auto turn = h.journal.turn();
    REQUIRE(turn.size() == 2);
    CHECK(std::get<SessionEnded>(turn[0]->event()).why == SessionEnd::token_reused);
    CHECK(std::get<AlertRaised>(turn[1]->event()).alert == "token-reused/anna");
    CHECK(std::get<AlertRaised>(turn[1]->event()).severity == Severity::critical);
    CHECK_FALSE(h.refresh(s, "turn " + std::to_string(turns - 1), "x"));
    CHECK_FALSE(h.refresh(s, first, "x"));
    h.check_recovery();
    REQUIRE(h.log_in("anna").session);
    CHECK(h.people.user(h.tenant, {"anna"})->alerts.empty());
    h.check_recovery();
  }
}

TEST_CASE("J9: of two uses at once exactly one wins", "[reliability]") {
  House h;
  const SessionId s = *h.log_in("anna").session;
  const std::string digest = h.people.session(s)->about.refresh_digest;
  // Turns come one after the other, whoever asks at once.
  const bool one = h.refresh(s, digest, "one").has_value(), two = h.refresh(s, digest, "two").has_value();
  CHECK(one != two);
  CHECK_FALSE(h.standing(s));
}

TEST_CASE("a login that was proved against an old password or an old second factor begins nothing") {
  House h;
  Login login;
  login.user = {"anna"}, login.password_fits = true, login.held_against = h.people.user(h.tenant, {"anna"})->sealed_password;
  const SessionId s = *h.log_in(login).session;
  REQUIRE(h.turn([&](Micros t) { return h.people.set_password(h.tenant, {"anna"}, "sealed otherwise", s, {PrincipalKind::user, "anna"}, t, h.journal); }));
  CHECK_FALSE(h.log_in(login).session);
  CHECK_FALSE(h.turn([&](Micros t) { return h.people.step_up(s, login, t, h.journal); })->session);
  CHECK_FALSE(h.standing(s)->stepped_up);
  login.held_against.clear();
  CHECK(h.log_in(login).session);
  h.enrol("anna");
  login.code_given = true, login.step = 200, login.backup_code = 0, login.held_against.clear();
  login.seed_held_against = "the seed before";
  CHECK(h.log_in(login).why == LoginRefusal::wrong);
  login.seed_held_against.clear();
  CHECK(h.log_in(login).session);
  h.check_recovery();
}

TEST_CASE("J10: a session ends after 30 minutes of idleness, after 12 hours whatever happens, a remembered one after 30 days and without a fresh proof", "[reliability]") {
  House h;
  const auto session = [&](bool remember) {
    Login login;
    login.user = {"anna"}, login.password_fits = true, login.remember = remember;
    return *h.log_in(login).session;
  };
  const SessionId idle = session(false), busy = session(false), remembered = session(true);
  const Micros began = h.people.session(idle)->used;
  const auto refreshed = [&](const SessionId& id) { return h.refresh(id, h.people.session(id)->about.refresh_digest, "next").has_value(); };
  CHECK(h.people.standing(idle, began + session_idle));
  CHECK_FALSE(h.people.standing(idle, began + session_idle + minute_us));
  for (h.at = began + 29 * minute_us; h.at < began + session_life - minute_us; h.at += 29 * minute_us) REQUIRE(refreshed(busy));
  CHECK_FALSE(refreshed(idle));
  CHECK(h.people.standing(busy, began + session_life - second_us));
  CHECK_FALSE(h.people.standing(busy, began + session_life + second_us));
  CHECK(h.people.standing(remembered, began + remembered_life - minute_us));
  CHECK_FALSE(h.people.standing(remembered, began + remembered_life + second_us));
  h.at = began + session_life + minute_us;
  CHECK_FALSE(refreshed(busy));
  CHECK(refreshed(remembered));
  Login proof;
  proof.tenant = h.tenant, proof.user = {"anna"}, proof.password_fits = true, proof.peer = office;
  h.hold_against(proof);
  CHECK_FALSE(h.turn([&](Micros t) { return h.people.step_up(remembered, proof, t, h.journal); }));
}

TEST_CASE("J8: role, sites, disabling, removal, password and second factor end the sessions of that person, and of nobody else", "[reliability]") {
  House h;
  const auto ends = [&](const std::string& what, auto change) {
    INFO(what);
    const std::string user = "ben-" + std::to_string(++h.names);
    REQUIRE(h.add(user, Role::operate, {{"villa"}}));
    REQUIRE(h.add("other-" + user, Role::operate));
    const SessionId theirs = *h.log_in(user).session, others = *h.log_in("other-" + user).session;
    REQUIRE(h.standing(theirs));
    REQUIRE(h.turn([&](Micros t) { return change(UserId{user}, h.people.user(h.tenant, {user})->about, t); }));
    CHECK_FALSE(h.standing(theirs));
    CHECK(h.standing(others));
    h.check_recovery();
  };
  const Principal by{PrincipalKind::user, "anna"};
  ends("role", [&](const UserId&, UserSaved about, Micros t) { return about.role = Role::viewer, h.people.save_user(h.tenant, about, by, false, t, h.journal); });
  ends("sites", [&](const UserId&, UserSaved about, Micros t) { return about.sites = {{"barn"}}, h.people.save_user(h.tenant, about, by, false, t, h.journal); });
  ends("disabled", [&](const UserId&, UserSaved about, Micros t) { return about.disabled = true, h.people.save_user(h.tenant, about, by, false, t, h.journal); });
  ends("removed", [&](const UserId& id, const UserSaved&, Micros t) { return h.people.remove_user(h.tenant, id, by, t, h.journal); });
  ends("password", [&](const UserId& id, const UserSaved&, Micros t) { return h.people.set_password(h.tenant, id, "another", {}, by, t, h.journal); });
  ends("logged out by somebody", [&](const UserId& id, const UserSaved&, Micros t) { return h.people.end_sessions_of(h.tenant, id, by, t, h.journal); });
  ends("second factor", [&](const UserId& id, const UserSaved&, Micros t) {
    return h.people.enrol_totp(h.tenant, {id, "seed", std::vector<std::string>(10, std::string(32, 'x'))}, 1, {}, {PrincipalKind::user, id.text}, t, h.journal);
  });
}

TEST_CASE("nobody logs out, or revokes a key of, somebody who may more than they or works at sites that they do not reach") {
  House h;
  REQUIRE(h.add("otto", Role::owner));
  REQUIRE(h.add("ben", Role::admin, {{"villa"}}));
  REQUIRE(h.add("carl", Role::admin));
  REQUIRE(h.add("vera", Role::viewer, {{"villa"}}));
  REQUIRE(h.add("wim", Role::viewer, {{"barn"}}));
  const auto key_of = [&](const std::string& user) {
    const ApiKeyId id{"k" + std::to_string(++h.names)};
    const User* maker = h.people.user(h.tenant, {user});
    const Standing who{h.tenant, {PrincipalKind::user, user}, may(maker->about.role, h.tenant), maker->about.sites, {}, true};
    REQUIRE(h.turn([&](Micros t) { return h.people.make_key(h.tenant, {id, {user}, "a machine", std::string(32, 'd'), {Permission::see}, maker->about.sites, 0}, who, t, h.journal); }));
    return id;
  };
  const auto ends = [&](const std::string& by, const std::string& whom) { return h.turn([&](Micros t) { return h.people.end_sessions_of(h.tenant, {whom}, {PrincipalKind::user, by}, t, h.journal); }).has_value(); };
  const auto revokes = [&](const std::string& by, const std::string& whom) {
    const ApiKeyId key = key_of(whom);
    return h.turn([&](Micros t) { return h.people.revoke_key(h.tenant, key, {PrincipalKind::user, by}, t, h.journal); });
  };
  struct Row {
    const char *by, *whom;
    bool may;
  };
  for (const Row& row : std::vector<Row>{{"carl", "anna", false}, {"carl", "ben", true}, {"ben", "carl", false}, {"ben", "vera", true}, {"ben", "wim", false}, {"vera", "ben", false}, {"anna", "otto", true},
                                         {"carl", "carl", true}}) {
    INFO(row.by << " and " << row.whom);
    const auto session = h.log_in(row.whom).session;
    REQUIRE(session);
    CHECK(ends(row.by, row.whom) == row.may);
    CHECK(h.standing(*session).has_value() != row.may);
    const auto revoked = revokes(row.by, row.whom);
    CHECK(revoked.has_value() == row.may);
    if (std::string(row.by) == "vera") CHECK(revoked.error().code == Errc::not_found);  // who looks after nobody learns nothing
  }
  CHECK(revokes("vera", "vera"));
  h.check_recovery();
}

TEST_CASE("a device is known until the password changes or the user logs out everywhere, also one without sessions") {
  House h;
  const auto from = [&] { return h.people.user(h.tenant, {"anna"})->devices_from; };
  const Position first = from();
  CHECK(first > 0);
  REQUIRE(h.log_in("anna").session);
  CHECK(from() == first);
  REQUIRE(h.turn([&](Micros t) { return h.people.log_out_everywhere(h.tenant, {"anna"}, {PrincipalKind::user, "anna"}, t, h.journal); }));
  const Position second = from();
  CHECK(second > first);
  CHECK(h.people.sessions(h.tenant, {"anna"}).empty());
  h.check_recovery();
  REQUIRE(h.turn([&](Micros t) { return h.people.end_sessions_of(h.tenant, {"anna"}, {PrincipalKind::user, "anna"}, t, h.journal); }));
  const Position third = from();
  CHECK(third > second);
  REQUIRE(h.password("anna"));
  CHECK(from() > third);
  h.check_recovery();
}

TEST_CASE("L2: a name that nobody has is slowed as one that somebody has, try for try", "[reliability]") {
  House h;
  Strangers strangers;
  const Digest name = sha256({"local/nobody"});
  int locked = 0;
  for (int i = 0; i < 40; ++i) {
    const Micros known = h.people.locked_for(h.tenant, {"anna"}, "192.168.7." + std::to_string(i), false, h.at), unknown = strangers.locked_for(name, h.at);
    CHECK(known == unknown);
    h.at += known;
    Login login;
    login.user = {"anna"}, login.peer = "10." + std::to_string(i) + ".0.1";  // from everywhere, so that no address is slowed
    REQUIRE(h.log_in(login).why == LoginRefusal::wrong);
    strangers.failed(name, h.at);
    locked += known > 0;
    h.at += second_us;
  }
  CHECK(locked > 10);
}

TEST_CASE("names that nobody has are kept in bounded memory, and the one tried longest ago is forgotten first") {
  Strangers strangers;
  const auto name = [](std::size_t i) { return sha256({std::to_string(i)}); };
  for (int i = 0; i < 5; ++i) strangers.failed(name(0), 1 + i);
  for (std::size_t i = 1; i < Strangers::kept_max; ++i) strangers.failed(name(i), second_us);
  CHECK(strangers.locked_for(name(0), 10) > 0);
  CHECK(strangers.size() == Strangers::kept_max);
  strangers.failed(name(Strangers::kept_max), second_us);
  CHECK(strangers.size() == Strangers::kept_max);
  CHECK(strangers.locked_for(name(0), 10) == 0);
  strangers.failed(name(0), second_us + failures_window);
  CHECK(strangers.size() == 1);  // the others are older than anything that counts
}

TEST_CASE("L1: wrong passwords lock the user, the address and its network, longer each time, a known device gets in", "[reliability]") {
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
  CHECK(h.raised("password-guessed/anna"));
  CHECK(h.people.user(h.tenant, {"anna"})->alerts.size() == 1);
  h.check_recovery();
  CHECK(h.log_in(known).session);
  CHECK(wait() == 0);  // who got in is forgiven
  CHECK(h.people.user(h.tenant, {"anna"})->alerts.empty());
  h.check_recovery();

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

TEST_CASE("L3: a code opens once, an older one not after it, L4: guesses are counted over a day, L6: backup codes once each", "[reliability]") {
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
    const auto of_a_day = std::count_if(h.journal.records().begin(), h.journal.records().end(), [&](const RecordPtr& each) {
      const auto* failed = std::get_if<LoginFailed>(&each->event());
      return failed != nullptr && failed->why == LoginFailure::second_factor && each->envelope.occurred_at > h.at - day_us;
    });
    CHECK(of_a_day <= 20);  // 20 guesses x 3 codes of 10^6: 6 in 100,000 a day
  }
  login.step = 500, login.known_device = true, login.peer = "198.51.100.1";
  CHECK(h.log_in(login).why == LoginRefusal::locked);  // too many codes for a day, from wherever
  CHECK(h.raised("code-guessed/anna"));
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
  h.hold_against(login);
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
  h.at += day_us;
  REQUIRE(invite("vera", "anna"));
  const SessionId open = *h.log_in("vera").session;
  CHECK_FALSE(join("anna", "token of vera"));
  h.at += 14 * minute_us;
  REQUIRE(join("vera", "token of vera"));
  CHECK_FALSE(h.standing(open));
  REQUIRE(invite("vera", "anna"));
  h.at += 16 * minute_us;  // who has a password already has a quarter of an hour for another
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
