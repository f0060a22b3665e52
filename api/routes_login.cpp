// Getting in and out: the first owner, logins, tokens and their refresh, one's own sessions, password and second factor.
// What a proof is worth is found out beside the serving threads (people::SlowLane); what follows is decided in actors/core/people.
#include <algorithm>

#include "actors/people/totp.hpp"
#include "api/door.hpp"
#include "api/translate.hpp"

namespace heliograph::api {
namespace {

constexpr std::string_view auth_path = "/api/v1/auth";

http::Response locked(Micros wait) {
  http::Problem problem{429, "locked", "Too many tries", "Too many logins have failed: wait, then try again."};
  problem.headers.emplace_back("Retry-After", std::to_string((wait + second_us - 1) / second_us));
  return http::problem_response(problem);
}

http::Response not_proved(const LoginAnswer& answer) {
  if (answer.why == LoginRefusal::locked) return locked(answer.wait);
  http::Problem problem{401, "wrong-credentials", {}, "Name, password or code do not fit."};
  if (answer.why == LoginRefusal::needs_code) problem = {401, "needs-code", "A code is needed", "The password fits. Send it once more with \"code\": the six digits of the app, or a backup code."};
  problem.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"heliograph\"");
  return http::problem_response(problem);
}

std::string about(std::string_view what, const TenantId& tenant, const UserId& user) { return std::string(what) + " " + tenant.text + "/" + user.text; }

// ---- what a proof is worth -------------------------------------------------------------------------------------------

struct Proof {
  TenantId tenant;
  UserId user;
  Secret password;
  std::string code;  // empty = none was given
};

/// Slow: not on a serving thread.
Login look_at(Service& service, const Proof& proof, const http::Request& request) {
  const Door& door = *service.door;
  Login login;
  login.tenant = proof.tenant, login.user = proof.user, login.peer = request.peer;
  login.agent = std::string(request.header("User-Agent").value_or("")).substr(0, 200);
  login.code_given = !proof.code.empty();
  std::string hash;
  std::optional<TotpEnrolled> totp;
  std::int64_t used = 0;
  service.engine.people().read([&](const People& all) {
    const User* user = all.user(proof.tenant, proof.user);
    if (user == nullptr) return;
    if (auto opened = door.secrets().open(user->sealed_password, about("password", proof.tenant, proof.user))) hash = *opened;
    totp = user->totp, used = user->step_used;
  });
  login.password_fits = people::password_fits(proof.password, hash);
  if (!totp || proof.code.empty()) return login;
  if (const auto seed = door.secrets().open(totp->sealed, about("totp", proof.tenant, proof.user))) login.step = people::step_of(*seed, proof.code, service.engine.clock().now(), used);
  const Digest digest = door.secrets().keyed_digest(about("backup", proof.tenant, proof.user), proof.code);
  for (std::size_t i = 0; i < totp->backup_codes.size(); ++i)
    if (same_secret(totp->backup_codes[i], bytes_of(digest))) login.backup_code = static_cast<std::int32_t>(i);
  return login;
}

/// What a browser that has been here brings along, so that nobody can keep it out by failing often (docs/SECURITY.md).
std::string device_token(const Door& door, const TenantId& tenant, const UserId& user) { return people::base64url(bytes_of(door.secrets().keyed_digest("device", about("", tenant, user)))); }

// ---- sessions as answers ---------------------------------------------------------------------------------------------

struct NewSession {
  SessionId id{people::random_id(8)};
  std::string refresh = people::random_token();
  std::string digest() const { return std::string(bytes_of(sha256({refresh}))); }
};

void set_cookie(http::Response& response, const std::string& name, const std::string& value, const std::string& path, Micros life, bool secure) {
  response.headers.emplace_back("Set-Cookie", name + "=" + value + "; Path=" + path + "; Max-Age=" + std::to_string(life / second_us) + "; HttpOnly; SameSite=Strict" + (secure ? "; Secure" : ""));
}

http::Response session_response(Service& service, const http::Request& request, const NewSession& fresh, bool with_cookie, int status) {
  const Door& door = *service.door;
  const Micros now = service.engine.clock().now();
  struct Known {
    Session session;
    UserSaved user;
  };
  const auto known = service.engine.people().read([&](const People& all) -> std::optional<Known> {
    const Session* session = all.session(fresh.id);
    const User* user = session == nullptr ? nullptr : all.user(session->tenant, session->about.user);
    if (user == nullptr) return std::nullopt;
    return Known{*session, user->about};
  });
  if (!known) return not_proved({});  // ended by somebody within this very moment
  const TenantId& tenant = known->session.tenant;
  const std::string token = door.mint().make(fresh.id, known->user.user, now), refresh = fresh.id.text + "." + fresh.refresh;
  JsonWriter json;
  json.begin_object();
  if (!with_cookie) {
    json.field("access_token", token).field("token_type", "Bearer").field("expires_in", people::token_life / second_us).field("refresh_token", refresh);
    json.field("device", device_token(door, tenant, known->user.user));
  }
  json.field("session", fresh.id.text).field("tenant", tenant.text).field("user", known->user.user.text).field("role", std::string(name(known->user.role)));
  json.field("second_factor", known->session.about.second_factor).key("session_ends").time(known->session.about.expires_at).end_object();
  http::Response response = http::json_response(json.str(), status);
  response.headers.emplace_back("Cache-Control", "no-store");
  if (!with_cookie) return response;
  const bool secure = request.secure;
  set_cookie(response, Door::access_cookie(secure), token, "/", people::token_life, secure);
  set_cookie(response, Door::refresh_cookie(secure), refresh, std::string(auth_path), known->session.about.expires_at - now, secure);
  set_cookie(response, "heliograph-device", device_token(door, tenant, known->user.user), std::string(auth_path), 400 * day_us, secure);
  return response;
}

void forget_cookies(http::Response& response, bool secure) {
  set_cookie(response, Door::access_cookie(secure), "", "/", 0, secure);
  set_cookie(response, Door::refresh_cookie(secure), "", std::string(auth_path), 0, secure);
}

// ---- the first owner, and logins -------------------------------------------------------------------------------------

std::optional<std::string> weakness(const Secret& password, const UserSaved& user, bool second_factor) {
  return people::why_refused(password, {user.user.text, user.name, user.mail.substr(0, user.mail.find('@')), "heliograph"}, second_factor);
}

UserSaved read_user(FieldReader& fields, Role role) {
  UserSaved user;
  fields.require("user", "\"user\": \"anna\"");
  const auto id = fields.text("user");
  if (id && is_id(*id)) user.user = {*id};
  else if (id) fields.problem("user", "\"user\" is a short name: 1 to 63 of a-z, 0-9 and '-'.");
  user.name = fields.text("name").value_or(user.user.text);
  user.mail = fields.text("mail").value_or("");
  if (user.name.size() > 200 || user.mail.size() > 254) fields.problem("name", "A name has at most 200 characters, a mail address 254.");
  user.role = role;
  return user;
}

void set_up(Service& service, http::Request&& request, const http::Responder& responder) {
  Body body(request, responder, "The owner");
  if (!body) return;
  FieldReader& fields = body.fields();
  UserSaved owner = read_user(fields, Role::owner);
  fields.require("password", "\"password\": \"four words or more\"");
  auto password = std::make_shared<Secret>(fields.text("password").value_or(""));
  const std::string code = fields.text("setup_code").value_or("");
  const bool with_cookie = fields.truth("cookie").value_or(false);
  if (const auto why = weakness(*password, owner, false); why && !password->empty()) fields.problem("password", *why);
  if (body.refused()) return;
  const auto taken = [&service] { return service.engine.people().read([](const People& all) { return all.has_owner(); }); };
  if (taken()) return static_cast<void>(responder.send(http::problem_response(409, "set-up", "This house has an owner: log in.")));
  if (!service.door->is_at_this_machine(request) && !same_secret(code, service.door->setup_code()))
    return static_cast<void>(responder.send(http::problem_response(403, "setup-code", "From another machine this needs \"setup_code\": it stands in the output of `heliograph serve`.")));
  const auto work = [&service, responder, owner, password, with_cookie, request = std::move(request)] {
    const std::string sealed = service.door->secrets().seal(people::hash_password(*password), about("password", home_tenant(), owner.user));
    const NewSession fresh;
    Login login;
    login.tenant = home_tenant(), login.user = owner.user, login.peer = request.peer, login.password_fits = true, login.refresh_digest = fresh.digest();
    login.agent = std::string(request.header("User-Agent").value_or("")).substr(0, 200);
    answer_people(service, home_tenant(), responder, [owner, sealed, login, fresh](People& all, Micros at, Journal& journal) -> Status {
      if (all.has_owner()) return fail(Errc::conflict, "This house has an owner: log in.");
      const Principal self{PrincipalKind::system, {}};
      if (all.tenant(home_tenant()) == nullptr)
        if (auto done = all.configure_tenant({"Home", "EUR", "UTC", 400}, self, at, journal); !done) return done;
      if (auto done = all.save_user(home_tenant(), owner, self, false, at, journal); !done) return done;
      if (auto done = all.set_password(home_tenant(), owner.user, sealed, {}, {PrincipalKind::user, owner.user.text}, at, journal); !done) return done;
      auto in = all.log_in(login, fresh.id, at, journal);
      return in ? Status{} : fail(in.error());
    }, [&service, request, fresh, with_cookie] { return session_response(service, request, fresh, with_cookie, 201); });
  };
  if (!service.door->slow_lane().offer(work)) too_busy(responder);
}

/// The tenant whose turn notes a login: of a tenant that is not there, the house itself.
TenantId noting(Service& service, const TenantId& tenant) {
  return service.engine.people().read([&](const People& all) { return all.tenant(tenant) != nullptr ? tenant : home_tenant(); });
}

void log_in(Service& service, http::Request&& request, const http::Responder& responder) {
  Body body(request, responder, "The login");
  if (!body) return;
  FieldReader& fields = body.fields();
  fields.require("user", "\"user\": \"anna\"");
  fields.require("password", "\"password\": \"...\"");
  auto proof = std::make_shared<Proof>();
  proof->tenant.text = fields.text("tenant").value_or(home_tenant().text);
  proof->user.text = fields.text("user").value_or("");
  proof->password = Secret(fields.text("password").value_or(""));
  proof->code = fields.text("code").value_or("");
  const bool remember = fields.truth("remember").value_or(false), with_cookie = fields.truth("cookie").value_or(false);
  std::string device = fields.text("device").value_or("");
  if (body.refused()) return;
  if (device.empty()) device = Door::cookie(request, "heliograph-device").value_or("");
  const bool known = is_id(proof->tenant.text) && is_id(proof->user.text) && same_secret(device, device_token(*service.door, proof->tenant, proof->user));
  const Micros wait = service.engine.people().read([&](const People& all) { return all.locked_for(proof->tenant, proof->user, request.peer, known, service.engine.clock().now()); });
  if (wait > 0) return static_cast<void>(responder.send(locked(wait)));  // and no work for a guesser
  const auto work = [&service, responder, proof, known, remember, with_cookie, request = std::move(request)] {
    Login login = look_at(service, *proof, request);
    const NewSession fresh;
    login.known_device = known, login.remember = remember, login.refresh_digest = fresh.digest();
    const auto answer = std::make_shared<LoginAnswer>();
    answer_people(service, noting(service, proof->tenant), responder, [login, fresh, answer](People& all, Micros at, Journal& journal) -> Status {
      auto in = all.log_in(login, fresh.id, at, journal);
      if (!in) return fail(in.error());
      *answer = *in;
      return {};
    }, [&service, request, fresh, with_cookie, answer] { return answer->session ? session_response(service, request, fresh, with_cookie, 200) : not_proved(*answer); });
  };
  if (!service.door->slow_lane().offer(work)) too_busy(responder);
}

void refresh(Service& service, http::Request&& request, const http::Responder& responder) {
  Body body(request, responder, "The body", true);
  if (!body) return;
  std::string token = body.fields().text("refresh_token").value_or("");
  if (body.refused()) return;
  const bool with_cookie = token.empty();
  if (with_cookie) token = Door::cookie(request, Door::refresh_cookie(request.secure)).value_or("");
  const auto dot = token.find('.');
  const auto over = [] { return http::problem_response(401, "session-over", "The session is over: log in again."); };
  if (dot == std::string::npos) return static_cast<void>(responder.send(over()));
  NewSession next;
  next.id.text = token.substr(0, dot);
  const auto tenant = service.engine.people().read([&](const People& all) {
    const Session* session = all.session(next.id);
    return session == nullptr ? std::optional<TenantId>{} : session->tenant;
  });
  if (!tenant) return static_cast<void>(responder.send(over()));
  const auto fits = std::make_shared<bool>(false);
  answer_people(service, *tenant, responder, [next, fits, digest = std::string(bytes_of(sha256({token.substr(dot + 1)})))](People& all, Micros at, Journal& journal) -> Status {
    auto done = all.refresh(next.id, digest, next.digest(), at, journal);
    *fits = done.has_value();
    return done || done.error().code == Errc::refused ? Status{} : fail(done.error());
  }, [&service, request = std::move(request), next, with_cookie, fits, over] { return *fits ? session_response(service, request, next, with_cookie, 200) : over(); });
}

// ---- what somebody does about themselves -----------------------------------------------------------------------------

void me(Service& service, const http::Request& request, const http::Responder& responder) {
  const Access& access = access_of(request);
  const Standing& standing = access.standing();
  JsonWriter json;
  json.begin_object().field("principal", to_string(standing.principal)).field("tenant", standing.tenant.text).key("may").begin_array();
  for (const Permission each : standing.may.list()) json.string(name(each));
  json.end_array().key("sites");
  if (standing.sites.empty()) {
    json.null();
  } else {
    json.begin_array();
    for (const SiteId& site : standing.sites) json.string(site.text);
    json.end_array();
  }
  service.engine.people().read([&](const People& all) {
    const User* user = standing.principal.kind == PrincipalKind::user ? all.user(standing.tenant, access.user()) : nullptr;
    if (user == nullptr) return;
    json.field("user", user->about.user.text).field("name", user->about.name).field("mail", user->about.mail).field("role", std::string(name(user->about.role)));
    json.field("second_factor", user->totp.has_value()).field("session", standing.session.text).field("stepped_up", standing.stepped_up);
    json.field("backup_codes_left", std::count(user->backup_used.begin(), user->backup_used.end(), false));
  });
  json.end_object();
  responder.send(http::json_response(json.str()));
}

/// The caller's own password and code, looked at; `then(login)` runs beside the serving threads.
template <class Then>
void prove_again(Service& service, const http::Request& request, const http::Responder& responder, std::shared_ptr<Proof> proof, Then then) {
  const Access& access = access_of(request);
  proof->tenant = access.tenant(), proof->user = access.user();
  const auto work = [&service, proof, then = std::move(then), request] { then(look_at(service, *proof, request)); };
  if (!service.door->slow_lane().offer(work)) too_busy(responder);
}

std::shared_ptr<Proof> read_proof(FieldReader& fields, const char* password_field) {
  fields.require(password_field, "\"" + std::string(password_field) + "\": \"...\"");
  auto proof = std::make_shared<Proof>();
  proof->password = Secret(fields.text(password_field).value_or(""));
  proof->code = fields.text("code").value_or("");
  return proof;
}

void step_up(Service& service, http::Request&& request, const http::Responder& responder) {
  Body body(request, responder, "The proof");
  if (!body) return;
  auto proof = read_proof(body.fields(), "password");
  if (body.refused()) return;
  prove_again(service, request, responder, proof, [&service, responder, session = access_of(request).standing().session](const Login& login) {
    const auto answer = std::make_shared<LoginAnswer>();
    answer_people(service, login.tenant, responder, [login, session, answer](People& all, Micros at, Journal& journal) -> Status {
      auto up = all.step_up(session, login, at, journal);
      if (!up) return fail(up.error());
      *answer = *up;
      return {};
    }, [answer] {
      if (!answer->session) return not_proved(*answer);
      JsonWriter json;
      json.begin_object().field("stepped_up", true).field("expires_in", step_up_life / second_us).end_object();
      return http::json_response(json.str());
    });
  });
}

void change_password(Service& service, http::Request&& request, const http::Responder& responder) {
  Body body(request, responder, "The change");
  if (!body) return;
  FieldReader& fields = body.fields();
  auto proof = read_proof(fields, "current");
  fields.require("password", "\"password\": \"four words or more\"");
  auto fresh = std::make_shared<Secret>(fields.text("password").value_or(""));
  const Access& access = access_of(request);
  service.engine.people().read([&](const People& all) {
    const User* user = all.user(access.tenant(), access.user());
    if (user == nullptr || fresh->empty()) return;
    if (const auto why = weakness(*fresh, user->about, user->totp.has_value())) fields.problem("password", *why);
  });
  if (body.refused()) return;
  prove_again(service, request, responder, proof, [&service, responder, fresh, session = access.standing().session](const Login& login) {
    const std::string sealed = service.door->secrets().seal(people::hash_password(*fresh), about("password", login.tenant, login.user));
    const auto answer = std::make_shared<LoginAnswer>();
    answer_people(service, login.tenant, responder, [login, sealed, session, answer](People& all, Micros at, Journal& journal) -> Status {
      auto proved = all.prove(login, at, journal);
      if (!proved) return fail(proved.error());
      if (*proved) return *answer = **proved, Status{};
      answer->session = session;
      return all.set_password(login.tenant, login.user, sealed, session, {PrincipalKind::user, login.user.text}, at, journal);
    }, [answer] { return answer->session ? http::Response{204, {}, {}, {}} : not_proved(*answer); });
  });
}

// ---- the second factor

void offer_totp(Service& service, http::Request&& request, const http::Responder& responder) {
  const Access& access = access_of(request);
  const std::string seed = people::random_bytes(people::totp_seed_bytes);
  std::string offer = seed;
  put_be64(offer, ordered_time(service.engine.clock().now() + 15 * minute_us));
  JsonWriter json;
  json.begin_object().field("secret", people::base32(seed)).field("uri", people::otpauth_uri(seed, access.user().text));
  json.field("offer", people::base64url(service.door->secrets().seal(offer, about("totp offer", access.tenant(), access.user())))).end_object();
  responder.send(http::json_response(json.str()));
}

void confirm_totp(Service& service, http::Request&& request, const http::Responder& responder) {
  Body body(request, responder, "The confirmation");
  if (!body) return;
  FieldReader& fields = body.fields();
  fields.require("offer", "\"offer\": as it was answered");
  fields.require("code", "\"code\": \"123456\"");
  const auto text = people::from_base64url(fields.text("offer").value_or(""));
  const std::string code = fields.text("code").value_or("");
  if (body.refused()) return;
  const Access& access = access_of(request);
  const Door& door = *service.door;
  const Micros now = service.engine.clock().now();
  const auto opened = door.secrets().open(text.value_or(""), about("totp offer", access.tenant(), access.user()));
  if (!opened || opened->size() != people::totp_seed_bytes + 8 || from_ordered_time(get_be64(std::string_view(*opened).substr(people::totp_seed_bytes))) <= now)
    return static_cast<void>(responder.send(problems(std::vector<DocumentProblem>{{"/offer", "This offer does not hold, or is older than 15 minutes: ask for a new one (POST /api/v1/auth/totp)."}})));
  const std::string seed = opened->substr(0, people::totp_seed_bytes);
  const auto step = people::step_of(seed, code, now, 0);
  if (!step) return static_cast<void>(responder.send(problems(std::vector<DocumentProblem>{{"/code", "The code does not fit: type the one that the app shows now. Is the telephone's clock right?"}})));
  TotpEnrolled enrolled{access.user(), door.secrets().seal(seed, about("totp", access.tenant(), access.user())), {}};
  const auto codes = std::make_shared<std::vector<std::string>>(people::make_backup_codes());
  for (const std::string& each : *codes) enrolled.backup_codes.emplace_back(bytes_of(door.secrets().keyed_digest(about("backup", access.tenant(), access.user()), each)));
  answer_people(service, access.tenant(), responder, [enrolled, step = *step, standing = access.standing()](People& all, Micros at, Journal& journal) {
    return all.enrol_totp(standing.tenant, enrolled, step, standing.session, standing.principal, at, journal);
  }, [codes] {
    JsonWriter json;
    json.begin_object().key("backup_codes").begin_array();
    for (const std::string& each : *codes) json.string(each);
    json.end_array().end_object();
    return http::json_response(json.str());
  });
}

void remove_totp(Service& service, http::Request&& request, const http::Responder& responder) {
  Body body(request, responder, "The proof");
  if (!body) return;
  auto proof = read_proof(body.fields(), "password");
  const Access& access = access_of(request);
  service.engine.people().read([&](const People& all) {
    const User* user = all.user(access.tenant(), access.user());
    if (user != nullptr && weakness(proof->password, user->about, false))
      body.fields().problem("password", "This password is good only with a second factor: choose a longer one first (POST /api/v1/auth/password).");
  });
  if (body.refused()) return;
  prove_again(service, request, responder, proof, [&service, responder, standing = access.standing()](const Login& login) {
    const auto answer = std::make_shared<LoginAnswer>();
    answer_people(service, login.tenant, responder, [login, standing, answer](People& all, Micros at, Journal& journal) -> Status {
      auto proved = all.prove(login, at, journal);
      if (!proved) return fail(proved.error());
      if (*proved) return *answer = **proved, Status{};
      answer->session = standing.session;
      return all.remove_totp(standing.tenant, login.user, standing.session, standing.principal, at, journal);
    }, [answer] { return answer->session ? http::Response{204, {}, {}, {}} : not_proved(*answer); });
  });
}

// ---- sessions

void list_sessions(Service& service, const http::Request& request, const http::Responder& responder) {
  const Access& access = access_of(request);
  JsonWriter json;
  json.begin_object().key("sessions").begin_array();
  service.engine.people().read([&](const People& all) {
    for (const Session* each : all.sessions(access.tenant(), access.user())) {
      json.begin_object().field("session", each->about.session.text).field("peer", each->about.peer).field("agent", each->about.agent).key("began").time(each->began);
      json.key("used").time(each->used).key("ends").time(each->about.expires_at).field("second_factor", each->about.second_factor).field("remembered", each->about.remembered);
      json.field("this_one", each->about.session == access.standing().session).end_object();
    }
  });
  json.end_array().end_object();
  responder.send(http::json_response(json.str()));
}

void end_session(Service& service, const http::Request& request, const http::Responder& responder, const SessionId& session, SessionEnd why) {
  const Standing standing = access_of(request).standing();
  const bool own = session == standing.session, secure = request.secure;
  answer_people(service, standing.tenant, responder, [standing, session, why](People& all, Micros at, Journal& journal) -> Status {
    const Session* known = all.session(session);
    if (known == nullptr || known->tenant != standing.tenant || known->about.user.text != standing.principal.name)
      return fail(Errc::not_found, "There is no such session: it is over already.");
    return all.end_session(standing.tenant, session, why, standing.principal, at, journal);
  }, [own, secure] {
    http::Response response{204, {}, {}, {}};
    if (own) forget_cookies(response, secure);
    return response;
  });
}

void log_out_everywhere(Service& service, const http::Request& request, const http::Responder& responder) {
  const Standing standing = access_of(request).standing();
  answer_people(service, standing.tenant, responder, [standing](People& all, Micros at, Journal& journal) {
    return all.end_all(standing.tenant, {standing.principal.name}, {}, SessionEnd::ended_by_user, standing.principal, at, journal);
  }, [secure = request.secure] {
    http::Response response{204, {}, {}, {}};
    forget_cookies(response, secure);
    return response;
  });
}

}  // namespace

std::vector<http::Route> login_routes(Service& service) {
  using http::Method;
  const http::Parameter session{"session", http::In::path, http::Kind::id, true, "The session's id"};
  const auto run = [&service](auto handle) { return [&service, handle](http::Request&& request, http::Responder responder) { handle(service, std::move(request), responder); }; };
  const std::string open(http::everybody);
  return {
      {.path = "/api/v1/setup", .operation_id = "isSetUp", .summary = "Whether this house has an owner", .tag = "people", .needs = open,
       .replies = {ok("Whether", "{\"type\":\"object\",\"required\":[\"owner\"],\"properties\":{\"owner\":{\"type\":\"boolean\"}}}")},
       .handler = [&service](http::Request&&, http::Responder responder) {
         const bool owner = service.door->is_open() || service.engine.people().read([](const People& all) { return all.has_owner(); });
         responder.send(http::json_response(owner ? "{\"owner\":true}" : "{\"owner\":false}"));
       }},
      {.method = Method::post, .path = "/api/v1/setup", .operation_id = "setUp", .summary = "Make the first owner; there is no default account", .tag = "people", .needs = open,
       .description = "From this machine, or with the code that `heliograph serve` prints. 409 when there is an owner.",
       .body = json_body("Setup", "The owner"), .replies = {{201, "Made, and logged in", "Session"}}, .mutates = true, .handler = run(set_up)},
      {.method = Method::post, .path = "/api/v1/auth/login", .operation_id = "logIn", .summary = "Log in", .tag = "people", .needs = open,
       .description = "Machines get tokens; with \"cookie\": true a browser gets cookies instead. 401 `needs-code`: send the same once more with a code. 429: too many tries.",
       .body = json_body("Login", "Name, password and, where there is a second factor, its code"), .replies = {ok("Logged in", "Session")}, .mutates = true, .handler = run(log_in)},
      {.method = Method::post, .path = "/api/v1/auth/refresh", .operation_id = "refreshSession", .summary = "A new access token for a refresh token, which is used up", .tag = "people",
       .needs = open, .description = "A refresh token that comes twice ends its session: two have it.",
       .body = http::RequestBody{{"application/json"}, "Refresh", "The refresh token; empty with a cookie", false}, .replies = {ok("Goes on", "Session")}, .mutates = true, .handler = run(refresh)},
      {.path = "/api/v1/auth/me", .operation_id = "me", .summary = "Who I am and what I may", .tag = "people", .needs = "see", .replies = {ok("Me", "Me")}, .handler = run(me)},
      {.method = Method::post, .path = "/api/v1/auth/step-up", .operation_id = "stepUp", .summary = "Prove once more who you are, for what is dangerous", .tag = "people", .needs = "own_account",
       .body = json_body("StepUp", "Password, and code where there is a second factor"), .replies = {ok("For five minutes", "SteppedUp")}, .mutates = true, .handler = run(step_up)},
      {.method = Method::post, .path = "/api/v1/auth/password", .operation_id = "changePassword", .summary = "Another password; every other session ends", .tag = "people", .needs = "own_account",
       .body = json_body("PasswordChange", "The current one, and the new one"), .replies = {{204, "Changed"}}, .mutates = true, .handler = run(change_password)},
      {.method = Method::post, .path = "/api/v1/auth/totp", .operation_id = "offerTotp", .summary = "A second factor: what the app has to know", .tag = "people", .needs = "own_account", .fresh = true,
       .replies = {ok("Shown once; confirm it with a code", "TotpOffer")}, .mutates = true, .handler = run(offer_totp)},
      {.method = Method::post, .path = "/api/v1/auth/totp/confirm", .operation_id = "confirmTotp", .summary = "The app shows codes that fit: from now on they are needed", .tag = "people",
       .needs = "own_account", .fresh = true, .body = json_body("TotpConfirmation", "The offer and a code"), .replies = {ok("Ten codes for the day when the telephone is gone; shown once", "BackupCodes")},
       .mutates = true, .handler = run(confirm_totp)},
      {.method = Method::post, .path = "/api/v1/auth/totp/remove", .operation_id = "removeTotp", .summary = "Log in without a second factor again", .tag = "people", .needs = "own_account", .fresh = true,
       .body = json_body("StepUp", "Password and code"), .replies = {{204, "Removed"}}, .mutates = true, .handler = run(remove_totp)},
      {.path = "/api/v1/auth/sessions", .operation_id = "listSessions", .summary = "Where I am logged in", .tag = "people", .needs = "own_account", .replies = {ok("My sessions", "SessionList")},
       .handler = run(list_sessions)},
      {.method = Method::del, .path = "/api/v1/auth/sessions/{session}", .operation_id = "endSession", .summary = "Log out there", .tag = "people", .needs = "own_account", .parameters = {session},
       .replies = {{204, "Over"}}, .mutates = true, .handler = run([](Service& s, const http::Request& request, const http::Responder& responder) {
         end_session(s, request, responder, {std::string(request.param("session"))}, SessionEnd::ended_by_user);
       })},
      {.method = Method::post, .path = "/api/v1/auth/logout", .operation_id = "logOut", .summary = "Log out here", .tag = "people", .needs = "own_account", .replies = {{204, "Over"}}, .mutates = true,
       .handler = run([](Service& s, const http::Request& request, const http::Responder& responder) {
         end_session(s, request, responder, access_of(request).standing().session, SessionEnd::logged_out);
       })},
      {.method = Method::post, .path = "/api/v1/auth/logout-everywhere", .operation_id = "logOutEverywhere", .summary = "Log out everywhere, here too", .tag = "people", .needs = "own_account",
       .replies = {{204, "Over"}}, .mutates = true, .handler = run(log_out_everywhere)},
  };
}

}  // namespace heliograph::api
