// The people and keys of a tenant, for those who look after them; and tenants, for the owner of the house.
#include "actors/people/bearer.hpp"
#include "api/http/conditions.hpp"
#include "api/proof.hpp"
#include "api/translate.hpp"
#include "events/event_json.hpp"
#include "projections/audit.hpp"

namespace heliograph::api {
namespace {

constexpr Permission every_permission[] = {Permission::see, Permission::operate, Permission::write_readings, Permission::configure, Permission::audit, Permission::host};
constexpr Role every_role[] = {Role::viewer, Role::node_user, Role::operate, Role::auditor, Role::admin, Role::owner};

std::vector<SiteId> read_sites(FieldReader& fields) {
  std::vector<SiteId> out;
  const Document* found = fields.find("sites");
  if (found == nullptr || found->kind == Document::Kind::null) return out;
  const bool list = found->kind == Document::Kind::array;
  for (const Document& each : found->items)
    if (is_id(each.string)) out.push_back({each.string});
  if (!list || out.size() != found->items.size() || out.empty()) fields.problem("sites", "\"sites\" lists ids of sites, or is null for every site of the tenant.");
  return out;
}

void write_sites(JsonWriter& json, const std::vector<SiteId>& sites) {
  json.key("sites");
  if (sites.empty()) return json.null(), void();
  json.begin_array();
  for (const SiteId& each : sites) json.string(each.text);
  json.end_array();
}

// ---- users

void write_user(JsonWriter& json, const User& user) {
  json.begin_object().field("user", user.about.user.text).field("name", user.about.name).field("mail", user.about.mail).field("role", std::string(name(user.about.role)));
  write_sites(json, user.about.sites);
  json.field("disabled", user.about.disabled).field("has_password", !user.sealed_password.empty()).field("second_factor", user.totp.has_value());
  json.field("invited", user.invitation.has_value()).end_object();
}

void list_users(Service& service, const http::Request& request, const http::Responder& responder) {
  JsonWriter json;
  json.begin_object().key("users").begin_array();
  service.engine.people().read([&](const People& all) {
    for (const User* user : all.users(access_of(request).tenant())) write_user(json, *user);
  });
  json.end_array().end_object();
  responder.send(http::json_response(json.take()));
}

struct ShownUser {
  std::string json, tag;  // the version, and what nobody replaces
};
std::optional<ShownUser> shown_user(Service& service, const TenantId& tenant, const UserId& id) {
  return service.engine.people().read([&](const People& all) -> std::optional<ShownUser> {
    const User* user = all.user(tenant, id);
    if (user == nullptr) return std::nullopt;
    JsonWriter json;
    write_user(json, *user);
    return ShownUser{json.take(), std::to_string(user->version) + "-" + (user->sealed_password.empty() ? "" : "p") + (user->totp ? "t" : "") + (user->invitation ? "i" : "")};
  });
}

http::Response no_user(const UserId& id) { return http::problem_response(404, "not-found", "There is no user \"" + id.text + "\"."); }

void show_user(Service& service, const http::Request& request, const http::Responder& responder) {
  const UserId id{std::string(request.param("user"))};
  auto shown = shown_user(service, access_of(request).tenant(), id);
  responder.send(shown ? http::with_tag(http::json_response(std::move(shown->json)), request, shown->tag) : no_user(id));
}

UserSaved read_user(FieldReader& fields, std::optional<std::string> id) {
  UserSaved user;
  if (!id) {
    fields.require("user", "\"user\": \"ben\"");
    id = fields.text("user");
  }
  if (id && is_id(*id)) user.user = {*id};
  else fields.problem("user", "\"user\" is a short name: 1 to 63 of a-z, 0-9 and '-'.");
  user.name = fields.text("name").value_or(user.user.text);
  user.mail = fields.text("mail").value_or("");
  if (user.name.size() > 200 || user.mail.size() > 254) fields.problem("name", "A name has at most 200 characters, a mail address 254.");
  fields.require("role", "\"role\": \"viewer\"");
  user.role = fields.choice("role", every_role).value_or(Role::viewer);
  user.sites = read_sites(fields);
  return user;
}

/// Shown once: whoever has it may choose the password of this user.
http::Response invitation_response(Service& service, const TenantId& tenant, const UserId& user, const std::string& token) {
  const Micros until = service.engine.people().read([&](const People& all) {
    const User* invited = all.user(tenant, user);
    return invited != nullptr && invited->invitation ? invited->invitation->expires_at : 0;
  });
  JsonWriter json;
  json.begin_object().field("tenant", tenant.text).field("user", user.text).field("token", token);
  json.field("expires_in", std::max<Micros>(0, until - service.engine.clock().now()) / second_us).end_object();
  http::Response response = http::json_response(json.take(), 201);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

void add_user(Service& service, http::Request&& request, const http::Responder& responder) {
  Body body(request, responder, "The user");
  if (!body) return;
  const UserSaved user = read_user(body.fields(), std::nullopt);
  if (body.refused()) return;
  const std::string token = people::random_token();
  answer_people(service, access_of(request).tenant(), responder, [user, token, standing = access_of(request).standing()](People& all, Micros at, Journal& journal) {
    if (auto done = all.save_user(standing.tenant, user, standing.principal, true, at, journal); !done) return done;
    return all.invite(standing.tenant, user.user, std::string(bytes_of(sha256({token}))), standing.principal, at, journal);
  }, [&service, tenant = access_of(request).tenant(), user, token] { return invitation_response(service, tenant, user.user, token); });
}

void change_user(Service& service, http::Request&& request, const http::Responder& responder) {
  Body body(request, responder, "The user");
  if (!body) return;
  UserSaved user = read_user(body.fields(), std::string(request.param("user")));
  user.disabled = body.fields().truth("disabled").value_or(false);
  if (body.refused()) return;
  // Clients of the older path know no versions.
  const Expected expected = expected_of(request, request.path.starts_with("/api/v1/") ? Expected::Kind::unsaid : Expected::Kind::whatever);
  answer_people(service, access_of(request).tenant(), responder, [user, expected, standing = access_of(request).standing()](People& all, Micros at, Journal& journal) -> Status {
    const User* known = all.user(standing.tenant, user.user);
    if (known == nullptr) return fail(Errc::not_found, "There is no user \"" + user.user.text + "\".");
    if (auto fits = expected.fits(known->version); !fits) return fits;
    return all.save_user(standing.tenant, user, standing.principal, false, at, journal);
  }, [&service, tenant = access_of(request).tenant(), id = user.user] {
    auto shown = shown_user(service, tenant, id);  // without a tag: it may by now be somebody else's version
    return shown ? http::json_response(std::move(shown->json)) : no_user(id);
  });
}

http::Response no_content() { return {204, {}, {}, {}}; }

void remove_user(Service& service, http::Request&& request, const http::Responder& responder) {
  const Expected expected = expected_of(request, Expected::Kind::whatever);
  answer_people(service, access_of(request).tenant(), responder, [user = UserId{std::string(request.param("user"))}, expected, standing = access_of(request).standing()](People& all, Micros at, Journal& journal) {
    if (const User* known = all.user(standing.tenant, user))
      if (auto fits = expected.fits(known->version); !fits) return fits;
    return all.remove_user(standing.tenant, user, standing.principal, at, journal);
  }, no_content);
}

void invite(Service& service, http::Request&& request, const http::Responder& responder) {
  const UserId user{std::string(request.param("user"))};
  const std::string token = people::random_token();
  answer_people(service, access_of(request).tenant(), responder, [user, token, standing = access_of(request).standing()](People& all, Micros at, Journal& journal) {
    return all.invite(standing.tenant, user, std::string(bytes_of(sha256({token}))), standing.principal, at, journal);
  }, [&service, tenant = access_of(request).tenant(), user, token] { return invitation_response(service, tenant, user, token); });
}

void end_sessions(Service& service, http::Request&& request, const http::Responder& responder) {
  answer_people(service, access_of(request).tenant(), responder, [user = UserId{std::string(request.param("user"))}, standing = access_of(request).standing()](People& all, Micros at, Journal& journal) {
    return all.end_sessions_of(standing.tenant, user, standing.principal, at, journal);
  }, no_content, Reserve::use);
}

void join(Service& service, http::Request&& request, const http::Responder& responder) {
  Body body(request, responder, "The answer to the invitation");
  if (!body) return;
  FieldReader& fields = body.fields();
  const TenantId tenant{fields.text("tenant").value_or(home_tenant().text)};
  fields.require("user", "\"user\": \"ben\"");
  const UserId user{fields.text("user").value_or("")};
  fields.require("token", "\"token\": as it stands in the invitation");
  const std::string digest(bytes_of(sha256({fields.text("token").value_or("")})));
  fields.require("password", "\"password\": \"four words or more\"");
  auto password = std::make_shared<Secret>(fields.text("password").value_or(""));
  // The invitation first: without one there is no work, and nothing to learn.
  bool second_factor = false;
  std::optional<UserSaved> invitee;
  const Micros now = service.engine.clock().now();
  const bool invited = service.engine.people().read([&](const People& all) {
    const User* known = all.user(tenant, user);
    second_factor = known != nullptr && known->totp.has_value();
    if (known != nullptr) invitee = known->about;
    return known != nullptr && known->invitation && known->invitation->token_digest == digest && now < known->invitation->expires_at;
  });
  if (!invited) {
    if (!body.refused()) responder.send(http::problem_response(404, "not-found", "This invitation does not hold: it was used, is over, or was never made. Ask for a new one."));
    return;
  }
  if (const auto why = weakness(*password, *invitee, second_factor); why && !password->empty()) fields.problem("password", *why);
  if (body.refused()) return;
  const bool there = is_id(tenant.text) && service.engine.people().read([&](const People& all) { return all.tenant(tenant) != nullptr; });
  const auto work = [&service, responder, tenant, user, digest, password, there] {
    const std::string sealed = service.door->secrets().seal(people::hash_password(*password), about("password", tenant, user));
    answer_people(service, there ? tenant : home_tenant(), responder, [tenant, user, digest, sealed](People& all, Micros at, Journal& journal) {
      return all.join(tenant, user, digest, sealed, at, journal);
    }, no_content);
  };
  if (!service.door->slow_lane().offer(work)) too_busy(responder);
}

// ---- keys

void list_keys(Service& service, const http::Request& request, const http::Responder& responder) {
  const Access& access = access_of(request);
  JsonWriter json;
  json.begin_object().key("keys").begin_array();
  service.engine.people().read([&](const People& all) {
    for (const ApiKey* key : all.keys(access.tenant())) {
      if (!access.may(Permission::see_people) && key->about.user != access.user()) continue;
      json.begin_object().field("key", key->about.key.text).field("name", key->about.name).field("user", key->about.user.text).key("may").begin_array();
      for (const Permission each : key->about.may) json.string(name(each));
      json.end_array();
      write_sites(json, key->about.sites);
      json.key("made").time(key->made->envelope.recorded_at).key("expires_at");
      key->about.expires_at == 0 ? json.null() : json.time(key->about.expires_at);
      json.end_object();
    }
  });
  json.end_array().end_object();
  responder.send(http::json_response(json.take()));
}

void make_key(Service& service, http::Request&& request, const http::Responder& responder) {
  Body body(request, responder, "The key");
  if (!body) return;
  FieldReader& fields = body.fields();
  ApiKeyMade made;
  made.key = {people::random_id(6)}, made.user = access_of(request).user();
  fields.require("name", "\"name\": \"the meter in the barn\"");
  made.name = fields.text("name").value_or("");
  if (made.name.size() > 120) fields.problem("name", "A name has at most 120 characters.");
  fields.require("may", "\"may\": [\"see\"]");
  if (const Document* may = fields.find("may")) {
    for (const Document& each : may->items)
      for (const Permission permission : every_permission)
        if (name(permission) == each.string) made.may.push_back(permission);
    if (may->kind != Document::Kind::array || made.may.size() != may->items.size())
      fields.problem("may", "\"may\" lists what the key is for: see, operate, write_readings, configure, audit, host.");
  }
  made.sites = read_sites(fields);
  if (const auto text = fields.text("expires_at")) {
    if (const auto time = parse_time(*text)) made.expires_at = *time;
    else fields.problem("expires_at", "\"expires_at\" is a time such as 2027-01-01T00:00:00Z; leave it out for a key that lasts.");
  }
  if (body.refused()) return;
  const std::string secret = people::random_token();
  made.digest = std::string(bytes_of(sha256({secret})));
  answer_people(service, access_of(request).tenant(), responder, [made, standing = access_of(request).standing()](People& all, Micros at, Journal& journal) {
    return all.make_key(standing.tenant, made, standing, at, journal);
  }, [made, secret] {
    JsonWriter json;
    json.begin_object().field("key", made.key.text).field("name", made.name).field("secret", people::api_key(made.key, secret)).end_object();
    http::Response response = http::json_response(json.take(), 201);
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
  });
}

void revoke_key(Service& service, http::Request&& request, const http::Responder& responder) {
  const ApiKeyId key{std::string(request.param("key"))};
  answer_people(service, access_of(request).tenant(), responder, [key, standing = access_of(request).standing()](People& all, Micros at, Journal& journal) {
    return all.revoke_key(standing.tenant, key, standing.principal, at, journal);
  }, no_content);
}

// ---- tenants

void write_tenant(JsonWriter& json, const TenantId& id, const TenantConfigured& tenant) {
  json.begin_object().field("tenant", id.text).field("name", tenant.name).field("currency", tenant.currency).field("time_zone", tenant.time_zone);
  json.field("retention_days", tenant.retention_days).end_object();
}

TenantConfigured read_tenant(FieldReader& fields) {
  TenantConfigured tenant;
  fields.require("name", "\"name\": \"The Smiths\"");
  tenant.name = fields.text("name").value_or("");
  tenant.currency = fields.text("currency").value_or("EUR");
  tenant.time_zone = fields.text("time_zone").value_or("UTC");
  tenant.retention_days = static_cast<std::int32_t>(fields.scaled("retention_days", 0, 1, 36'500, "days").value_or(400));
  if (tenant.name.empty() || tenant.name.size() > 200) fields.problem("name", "A tenant's name has 1 to 200 characters.");
  if (tenant.currency.size() != 3) fields.problem("currency", "\"currency\" is an ISO 4217 code such as EUR.");
  if (!Zone::find(tenant.time_zone)) fields.problem("time_zone", "\"time_zone\" is an IANA name such as Europe/Amsterdam.");
  return tenant;
}

std::string tenant_json(const People& all, const TenantId& id) {
  JsonWriter json;
  write_tenant(json, id, all.tenant(id) != nullptr ? *all.tenant(id) : TenantConfigured{});
  return json.take();
}

void show_tenant(Service& service, const http::Request& request, const http::Responder& responder) {
  const TenantId& id = access_of(request).tenant();
  auto [json, version] = service.engine.people().read([&](const People& all) { return std::pair(tenant_json(all, id), all.version_of(id)); });
  responder.send(http::with_tag(http::json_response(std::move(json)), request, std::to_string(version)));
}

void configure_tenant(Service& service, http::Request&& request, const http::Responder& responder) {
  Body body(request, responder, "The settings");
  if (!body) return;
  const TenantConfigured settings = read_tenant(body.fields());
  if (body.refused()) return;
  const TenantId id = access_of(request).tenant();
  const Expected expected = expected_of(request, Expected::Kind::unsaid);
  answer_people(service, id, responder, [id, settings, expected, by = access_of(request).who()](People& all, Micros at, Journal& journal) {
    if (auto fits = expected.fits(all.version_of(id), true); !fits) return fits;
    return all.configure_tenant(settings, by, at, journal);
  }, [&service, id] { return http::json_response(service.engine.people().read([&](const People& all) { return tenant_json(all, id); })); });
}

void list_tenants(Service& service, const http::Request&, const http::Responder& responder) {
  JsonWriter json;
  json.begin_object().key("tenants").begin_array();
  service.engine.people().read([&](const People& all) {
    for (const TenantId& id : all.tenants()) write_tenant(json, id, *all.tenant(id));
  });
  json.end_array().end_object();
  responder.send(http::json_response(json.take()));
}

void add_tenant(Service& service, http::Request&& request, const http::Responder& responder) {
  Body body(request, responder, "The tenant");
  if (!body) return;
  FieldReader& fields = body.fields();
  fields.require("tenant", "\"tenant\": \"smiths\"");
  const TenantId id{fields.text("tenant").value_or("")};
  if (!is_id(id.text)) fields.problem("tenant", "\"tenant\" is a short name: 1 to 63 of a-z, 0-9 and '-'.");
  fields.require("owner", "\"owner\": \"eve\"");
  const UserId owner{fields.text("owner").value_or("")};
  if (!is_id(owner.text)) fields.problem("owner", "\"owner\" is a short name: 1 to 63 of a-z, 0-9 and '-'.");
  const TenantConfigured settings = read_tenant(fields);
  if (body.refused()) return;
  const std::string token = people::random_token();
  // In the new tenant's own story it is the house that made it.
  answer_people(service, id, responder, [id, owner, settings, token, by = Principal{PrincipalKind::system, "house"}](People& all, Micros at, Journal& journal) -> Status {
    if (all.tenant(id) != nullptr) return fail(Errc::conflict, "There is a tenant \"" + id.text + "\" already: take another name.", "/tenant");
    if (auto done = all.configure_tenant(settings, by, at, journal); !done) return done;
    if (auto done = all.save_user(id, {owner, owner.text, "", Role::owner, {}, false}, by, true, at, journal); !done) return done;
    return all.invite(id, owner, std::string(bytes_of(sha256({token}))), by, at, journal);
  }, [&service, id, owner, token] { return invitation_response(service, id, owner, token); });
}

/// What people did and what was refused them: everything of the tenant that belongs to no site.
void people_audit(Service& service, http::Request&& request, const http::Responder& responder) {
  answer_for(service, std::move(request), responder, [](const AccessViews& views, const http::Request& asked) {
    return audit_response([&](const AuditQuestion& question) { return views.people_audit(question); }, asked);
  });
}

}  // namespace

std::vector<http::Route> people_routes(Service& service) {
  using http::Method;
  const http::Parameter user{"user", http::In::path, http::Kind::id, true, "The user's short name"}, key{"key", http::In::path, http::Kind::id, true, "The key's id"};
  const auto run = [&service](auto handle) { return [&service, handle](http::Request&& request, http::Responder responder) { handle(service, std::move(request), responder); }; };
  return {
      {.path = "/api/v1/users", .operation_id = "listUsers", .summary = "The people of this tenant", .tag = "people", .needs = "see_people", .replies = {ok("The users", "UserList")}, .handler = run(list_users)},
      {.method = Method::post, .path = "/api/v1/users", .operation_id = "addUser", .summary = "Add somebody; they choose their password with the token in the answer", .tag = "people",
       .needs = "manage_people", .fresh = true, .body = json_body("User", "Who, and what they are"), .replies = {{201, "Added and invited; the token is shown once", "Invitation"}}, .mutates = true,
       .handler = run(add_user)},
      {.path = "/api/v1/users/{user}", .operation_id = "getUser", .summary = "One of the people of this tenant; their ETag is their version", .tag = "people", .needs = "see_people",
       .parameters = {user, if_none_match()}, .replies = versioned("The user", "UserShown"), .handler = run(show_user)},
      {.method = Method::put, .path = "/api/v1/users/{user}", .operation_id = "changeUser", .summary = "Another role, other sites, disabled or not; their sessions end", .tag = "people",
       .needs = "manage_people", .fresh = true, .parameters = with_conditions({user}), .body = json_body("UserChange", "All of it: what is left out has its default"),
       .replies = {ok("As it is now", "UserShown")},
       .mutates = true, .handler = run(change_user)},
      {.method = Method::del, .path = "/api/v1/users/{user}", .operation_id = "removeUser", .summary = "Remove somebody; what they did stays on record", .tag = "people", .needs = "manage_people",
       .fresh = true, .parameters = with_conditions({user}), .replies = {{204, "Removed"}}, .mutates = true, .handler = run(remove_user)},
      {.method = Method::post, .path = "/api/v1/users/{user}/invite", .operation_id = "inviteUser", .summary = "Let somebody choose a new password", .tag = "people", .needs = "manage_people", .fresh = true,
       .parameters = {user}, .replies = {{201, "The token is shown once", "Invitation"}}, .mutates = true, .handler = run(invite)},
      {.method = Method::del, .path = "/api/v1/users/{user}/sessions", .operation_id = "endSessionsOfUser", .summary = "Log somebody out everywhere", .tag = "people", .needs = "manage_people", .fresh = true,
       .parameters = {user}, .replies = {{204, "Over"}}, .mutates = true, .handler = run(end_sessions)},
      {.method = Method::post, .path = "/api/v1/auth/join", .operation_id = "join", .summary = "Choose a password with the token of an invitation", .tag = "people", .needs = std::string(http::everybody),
       .body = json_body("Join", "The token and the password"), .replies = {{204, "Chosen: log in"}}, .mutates = true, .handler = run(join)},
      {.path = "/api/v1/keys", .operation_id = "listKeys", .summary = "API keys: mine, or all for who looks after people", .tag = "people", .needs = "own_account", .replies = {ok("The keys, without their secrets", "KeyList")},
       .handler = run(list_keys)},
      {.method = Method::post, .path = "/api/v1/keys", .operation_id = "makeKey", .summary = "An API key for a machine", .tag = "people", .needs = "own_account", .fresh = true,
       .description = "It may no more than you may, never looks after people and never makes keys. Its secret is shown once: send it as `Authorization: Bearer hg_...`.",
       .body = json_body("Key", "What it is for"), .replies = {{201, "The secret is shown once", "KeyMade"}}, .mutates = true, .handler = run(make_key)},
      {.method = Method::del, .path = "/api/v1/keys/{key}", .operation_id = "revokeKey", .summary = "Revoke a key: it holds no more from now on", .tag = "people", .needs = "own_account", .parameters = {key},
       .replies = {{204, "Revoked"}}, .mutates = true, .handler = run(revoke_key)},
      {.path = "/api/v1/audit", .operation_id = "peopleAudit", .summary = "What people did: logins, changes, what was refused; newest first", .tag = "audit", .needs = "see_people",
       .parameters = audit_parameters(), .replies = {ok("A page", "EventPage")}, .handler = run(people_audit)},
      {.path = "/api/v1/tenant", .operation_id = "getTenant", .summary = "My tenant's settings", .tag = "people", .needs = "see", .parameters = {if_none_match()}, .replies = versioned("The settings", "Tenant"),
       .handler = run(show_tenant)},
      {.method = Method::put, .path = "/api/v1/tenant", .operation_id = "configureTenant", .summary = "Change my tenant's settings", .tag = "people", .needs = "manage_tenant",
       .parameters = with_conditions({}), .body = json_body("TenantSettings", "All of them"), .replies = {ok("As they are now", "Tenant")}, .mutates = true, .handler = run(configure_tenant)},
      {.path = "/api/v1/tenants", .operation_id = "listTenants", .summary = "Every tenant of this house", .tag = "people", .needs = "manage_tenants", .replies = {ok("The tenants", "TenantList")},
       .handler = run(list_tenants)},
      {.method = Method::post, .path = "/api/v1/tenants", .operation_id = "addTenant", .summary = "Make a tenant, and invite its owner", .tag = "people", .needs = "manage_tenants", .fresh = true,
       .body = json_body("NewTenant", "The tenant and its owner"), .replies = {{201, "The owner's token is shown once", "Invitation"}}, .mutates = true, .handler = run(add_tenant)},
  };
}

}  // namespace heliograph::api
