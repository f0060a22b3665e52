// One's own account: who I am and what I may, the fresh proof for what is dangerous, password, second factor, and where I am logged in.
#include <algorithm>

#include "actors/people/totp.hpp"
#include "api/proof.hpp"
#include "api/session_answer.hpp"

namespace heliograph::api {
namespace {

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
  responder.send(http::json_response(json.take()));
}

/// The caller's own password and code, looked at; `then(login)` runs beside the serving threads.
template <class Then>
void prove_again(Service& service, const http::Request& request, const http::Responder& responder, std::shared_ptr<Proof> proof, Then then) {
  const Access& access = access_of(request);
  if (!service.door->may_prove(access.standing().session)) return static_cast<void>(responder.send(locked(minute_us)));
  proof->tenant = access.tenant(), proof->user = access.user();
  const auto work = [&service, proof, then = std::move(then), request] { then(look_at(service, *proof, request)); };
  if (!service.door->slow_lane().offer(work)) too_busy(responder);
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
      return http::json_response(json.take());
    }, Reserve::use);
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
  responder.send(http::json_response(json.take()));
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
    return http::json_response(json.take());
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
  responder.send(http::json_response(json.take()));
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
  }, Reserve::use);
}

void log_out_everywhere(Service& service, const http::Request& request, const http::Responder& responder) {
  const Standing standing = access_of(request).standing();
  answer_people(service, standing.tenant, responder, [standing](People& all, Micros at, Journal& journal) {
    return all.log_out_everywhere(standing.tenant, {standing.principal.name}, standing.principal, at, journal);
  }, [secure = request.secure] {
    http::Response response{204, {}, {}, {}};
    forget_cookies(response, secure);
    return response;
  }, Reserve::use);
}

}  // namespace

std::vector<http::Route> account_routes(Service& service) {
  using http::Method;
  const http::Parameter session{"session", http::In::path, http::Kind::id, true, "The session's id"};
  const auto run = [&service](auto handle) { return [&service, handle](http::Request&& request, http::Responder responder) { handle(service, std::move(request), responder); }; };
  return {
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
      {.method = Method::post, .path = "/api/v1/auth/logout-everywhere", .operation_id = "logOutEverywhere", .summary = "Log out everywhere, here too; the devices that were known are strange again", .tag = "people", .needs = "own_account",
       .replies = {{204, "Over"}}, .mutates = true, .handler = run(log_out_everywhere)},
  };
}

}  // namespace heliograph::api
