#include "api/session_answer.hpp"

namespace heliograph::api {
namespace {

constexpr std::string_view auth_path = "/api/v1/auth";

void set_cookie(http::Response& response, const std::string& name, const std::string& value, const std::string& path, Micros life, bool secure) {
  response.headers.emplace_back("Set-Cookie", name + "=" + value + "; Path=" + path + "; Max-Age=" + std::to_string(life / second_us) + "; HttpOnly; SameSite=Strict" + (secure ? "; Secure" : ""));
}

}  // namespace

SeenSession see(const People& all, const SessionId& id) {
  const Session* session = all.session(id);
  const User* user = session == nullptr ? nullptr : all.user(session->tenant, session->about.user);
  ensure(user != nullptr, "a session that a turn has just left is there", "api/session_answer.cpp");
  return {session->tenant, user->about, session->about.expires_at, session->about.second_factor, user->devices_from};
}

http::Response session_response(Service& service, const http::Request& request, const NewSession& fresh, const SeenSession& seen, const SessionForm& form) {
  const Door& door = *service.door;
  const Micros now = service.engine.clock().now();
  const UserId& user = seen.user.user;
  const std::string token = door.mint().make(fresh.id, user, now), refresh = people::refresh_token(door.secrets(), fresh.id, fresh.random);
  const std::string device = !form.names_device ? "" : !form.device.empty() ? form.device : people::device_token(door.secrets(), seen.tenant, user, seen.devices_from);
  JsonWriter json;
  json.begin_object();
  if (!form.cookie) {
    json.field("access_token", token).field("token_type", "Bearer").field("expires_in", people::token_life / second_us).field("refresh_token", refresh);
    if (!device.empty()) json.field("device", device);
  }
  json.field("session", fresh.id.text).field("tenant", seen.tenant.text).field("user", user.text).field("role", std::string(name(seen.user.role)));
  json.field("second_factor", seen.second_factor).key("session_ends").time(seen.expires_at).end_object();
  http::Response response = http::json_response(json.take(), form.status);
  response.headers.emplace_back("Cache-Control", "no-store");
  if (!form.cookie) return response;
  const bool secure = request.secure;
  set_cookie(response, Door::access_cookie(secure), token, "/", people::token_life, secure);
  set_cookie(response, Door::refresh_cookie(secure), refresh, std::string(auth_path), seen.expires_at - now, secure);
  if (!device.empty()) set_cookie(response, device_cookie, device, std::string(auth_path), 400 * day_us, secure);
  return response;
}

void forget_cookies(http::Response& response, bool secure) {
  set_cookie(response, Door::access_cookie(secure), "", "/", 0, secure);
  set_cookie(response, Door::refresh_cookie(secure), "", std::string(auth_path), 0, secure);
}

bool is_known_device(Service& service, const TenantId& tenant, const UserId& user, std::string_view device) {
  if (device.empty()) return false;
  const auto from = service.engine.people().read([&](const People& all) {
    const User* known = all.user(tenant, user);
    return known == nullptr ? std::optional<Position>{} : known->devices_from;
  });
  return from && people::is_device_token(service.door->secrets(), tenant, user, *from, device);
}

}  // namespace heliograph::api
