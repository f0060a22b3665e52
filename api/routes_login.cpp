// Getting in: the first owner, logins, and tokens that are refreshed. What a proof is worth is found out beside the serving threads
// (api/proof.hpp); what follows is decided in actors/core/people.
#include "api/proof.hpp"
#include "api/session_answer.hpp"

namespace heliograph::api {
namespace {

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
    login.tenant = home_tenant(), login.user = owner.user, login.peer = request.peer, login.password_fits = true, login.held_against = sealed, login.refresh_digest = fresh.digest();
    login.agent = std::string(request.header("User-Agent").value_or("")).substr(0, 200);
    const auto seen = std::make_shared<std::optional<SeenSession>>();
    answer_people(service, home_tenant(), responder, [owner, sealed, login, fresh, seen](People& all, Micros at, Journal& journal) -> Status {
      if (all.has_owner()) return fail(Errc::conflict, "This house has an owner: log in.");
      const Principal self{PrincipalKind::system, {}};
      if (all.tenant(home_tenant()) == nullptr)
        if (auto done = all.configure_tenant({"Home", "EUR", "UTC", 400}, self, at, journal); !done) return done;
      if (auto done = all.save_user(home_tenant(), owner, self, false, at, journal); !done) return done;
      if (auto done = all.set_password(home_tenant(), owner.user, sealed, {}, {PrincipalKind::user, owner.user.text}, at, journal); !done) return done;
      auto in = all.log_in(login, fresh.id, at, journal);
      if (!in) return fail(in.error());
      if (in->session) *seen = see(all, fresh.id);
      return {};
    }, [&service, request, fresh, seen, with_cookie] {
      if (!*seen) return not_proved({});  // made, and kept out for what failed from this address before
      return session_response(service, request, fresh, **seen, {.cookie = with_cookie, .status = 201});
    }, Reserve::use);
  };
  if (!service.door->slow_lane().offer(work)) too_busy(responder);
}

/// The tenant whose turn notes a login: of a tenant that is not there, the house itself.
TenantId noting(Service& service, const TenantId& tenant) {
  return service.engine.people().read([&](const People& all) { return all.tenant(tenant) != nullptr ? tenant : home_tenant(); });
}

/// A login as the one who wants it would have it.
struct Wish {
  Proof proof;
  std::string device;  // empty: none that is known
  bool remember = false, with_cookie = false;
};

void let_in(Service& service, const http::Request& request, const http::Responder& responder, const Wish& wish) {
  Login login = look_at(service, wish.proof, request);
  const NewSession fresh;
  login.known_device = !wish.device.empty(), login.remember = wish.remember, login.refresh_digest = fresh.digest();
  const auto answer = std::make_shared<LoginAnswer>();
  const auto seen = std::make_shared<SeenSession>();
  answer_people(service, noting(service, wish.proof.tenant), responder, [login, fresh, answer, seen](People& all, Micros at, Journal& journal) -> Status {
    auto in = all.log_in(login, fresh.id, at, journal);
    if (!in) return fail(in.error());
    *answer = *in;
    if (answer->session) *seen = see(all, fresh.id);
    return {};
  }, [&service, request, fresh, wish, answer, seen] {
    return answer->session ? session_response(service, request, fresh, *seen, {.cookie = wish.with_cookie, .device = wish.device}) : not_proved(*answer);
  }, Reserve::use);
}

/// Nobody has this name: the same work and the same answers, but no turn may rest on it, for the log is not for strangers to fill.
void turn_away(Service& service, const http::Request& request, const http::Responder& responder, const Proof& proof) {
  const Login login = look_at(service, proof, request);
  const auto answer = std::make_shared<LoginAnswer>();
  service.engine.request_people(noting(service, proof.tenant), [&service, login, answer](People& all, Micros at, Journal& journal) -> Status {
    if (answer->wait = service.door->stranger_locked_for(login.tenant, login.user, at); answer->wait > 0) return answer->why = LoginRefusal::locked, Status{};
    auto in = all.log_in(login, {}, at, journal);
    if (!in) return fail(in.error());
    *answer = *in;
    if (answer->why == LoginRefusal::wrong) service.door->note_stranger(login.tenant, login.user, at);
    return {};
  }, [&service, responder, login, answer](const Result<SiteReply>& noted) {
    if (!noted && noted.error().code != Errc::full) return static_cast<void>(responder.send(http::problem_response(noted.error())));
    if (!noted) service.door->note_stranger(login.tenant, login.user, service.engine.clock().now());  // no room to write it down
    responder.send(not_proved(*answer));
  });
}

void log_in(Service& service, http::Request&& request, const http::Responder& responder) {
  Body body(request, responder, "The login");
  if (!body) return;
  FieldReader& fields = body.fields();
  fields.require("user", "\"user\": \"anna\"");
  fields.require("password", "\"password\": \"...\"");
  Wish wish;
  Proof& proof = wish.proof;
  proof.tenant.text = fields.text("tenant").value_or(home_tenant().text);
  proof.user.text = fields.text("user").value_or("");
  proof.password = Secret(fields.text("password").value_or(""));
  proof.code = fields.text("code").value_or("");
  wish.remember = fields.truth("remember").value_or(false), wish.with_cookie = fields.truth("cookie").value_or(false);
  wish.device = fields.text("device").value_or("");
  if (body.refused()) return;
  if (wish.device.empty()) wish.device = Door::cookie(request, device_cookie).value_or("");
  if (!is_known_device(service, proof.tenant, proof.user, wish.device)) wish.device.clear();
  const Micros now = service.engine.clock().now();
  bool somebody = false;
  Micros wait = service.engine.people().read([&](const People& all) {
    somebody = all.user(proof.tenant, proof.user) != nullptr;
    return all.locked_for(proof.tenant, proof.user, request.peer, !wish.device.empty(), now);
  });
  if (!somebody) wait = std::max(wait, service.door->stranger_locked_for(proof.tenant, proof.user, now));
  if (wait > 0) return static_cast<void>(responder.send(locked(wait)));  // and no work for a guesser
  const auto work = [&service, responder, wish = std::make_shared<Wish>(std::move(wish)), somebody, request = std::move(request)] {
    somebody ? let_in(service, request, responder, *wish) : turn_away(service, request, responder, wish->proof);
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
  const auto over = [] {
    http::Problem problem{401, "session-over", {}, "The session is over: log in again."};
    problem.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"heliograph\", error=\"invalid_token\"");
    return http::problem_response(problem);
  };
  const auto shown = people::read_refresh_token(service.door->secrets(), token);
  if (!shown) return static_cast<void>(responder.send(over()));
  bool newest = false;
  const auto tenant = service.engine.people().read([&](const People& all) {
    const Session* session = all.session(shown->session);
    newest = session != nullptr && session->about.refresh_digest == shown->digest;
    return session == nullptr ? std::optional<TenantId>{} : session->tenant;
  });
  if (!tenant) return static_cast<void>(responder.send(over()));
  // Each refresh is an entry in the log. One that came before is not a refresh but a theft: that goes on record whatever has been.
  if (newest && !service.door->may_refresh(shown->session)) {
    http::Problem problem{429, "too-many-refreshes", "Too many refreshes", "This session was refreshed ten times within a minute: use the token that it has."};
    problem.headers.emplace_back("Retry-After", "60");
    return static_cast<void>(responder.send(http::problem_response(problem)));
  }
  NewSession next;
  next.id = shown->session;
  const auto seen = std::make_shared<std::optional<SeenSession>>();
  answer_people(service, *tenant, responder, [next, seen, digest = shown->digest](People& all, Micros at, Journal& journal) -> Status {
    auto done = all.refresh(next.id, digest, next.digest(), at, journal);
    if (done) *seen = see(all, next.id);
    return done || done.error().code == Errc::refused ? Status{} : fail(done.error());
  }, [&service, request = std::move(request), next, with_cookie, seen, over] {
    return *seen ? session_response(service, request, next, **seen, {.cookie = with_cookie, .names_device = false}) : over();
  }, newest ? Reserve::keep : Reserve::use);
}

}  // namespace

std::vector<http::Route> login_routes(Service& service) {
  using http::Method;
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
  };
}

}  // namespace heliograph::api
